//! `tipoff check --explain`: what the rules would do with each device, and why.

use tipoff_model::Device;
use tipoff_spool::{DeviceFilter, Devices, Spool};

use super::moment::{self, Moment};
use super::{Ending, block_on};
use crate::config::Config;

/// How many discovered devices are explained.
const DEVICES_MAX: u32 = 1000;

/// Says for each device what would happen.
pub(super) fn check(config: &Config, moment: &Moment) -> Ending {
    block_on(explain(config, moment))??;
    Ok(())
}

async fn explain(config: &Config, moment: &Moment) -> anyhow::Result<()> {
    let rules = &config.rules;
    let spool = moment::open_spool(config)?;
    let now = moment.time(&rules.clock)?;
    let past = moment.past(rules, now, spool.as_ref()).await?;
    moment::print_moment(rules, &past, now);
    if let Some(spool) = &spool
        && let Some(until) = spool.muted_until().await?.filter(|until| *until > now)
    {
        println!("Everything is muted until {}.", moment::local(&rules.clock, until));
    }
    let mut devices: Vec<Device> =
        config.devices.iter().map(|device| named(&device.name)).collect();
    if let Some(spool) = &spool {
        let heard = spool.devices(&DeviceFilter::default(), DEVICES_MAX).await?;
        let known: Vec<String> = devices.iter().map(|device| device.name.clone()).collect();
        devices.extend(
            heard.iter().map(|line| named(&line.name)).filter(|it| !known.contains(&it.name)),
        );
    }
    devices.push(named("any other device"));
    for device in &devices {
        println!("{}", device.name);
        if rules.channels.is_empty() {
            println!("  -> nobody: no channel is configured");
        } else if rules.routes.is_empty() {
            println!("  -> {}", rules.channels.join(", "));
        }
        for judged in rules.foresee(device, now, &past) {
            println!("  {}: {}", judged.route.name, judged.verdict);
        }
    }
    Ok(())
}

fn named(name: &str) -> Device {
    Device { key: name.to_owned(), name: name.to_owned(), ..Device::default() }
}
