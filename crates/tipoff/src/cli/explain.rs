//! `tipoff check --explain`: what the rules would do with each device, and why.
//!
//! Nothing has arrived, so the rules judge the device alone, as far as they can without a mail's
//! content. Works without a spool, and beside a running server.

use tipoff_model::{Device, Timestamp};
use tipoff_spool::DeviceFilter;

use super::moment::{self, Moment};
use super::{Ending, block_on};
use crate::config::Config;

/// Discovered devices that are explained. Devices beyond these are left out.
const DEVICES_MAX: u32 = 1000;

/// Says for each device what would happen.
pub(super) fn check(config: &Config, moment: &Moment, now: Timestamp) -> Ending {
    block_on(explain(config, moment, now))??;
    Ok(())
}

async fn explain(config: &Config, moment: &Moment, now: Timestamp) -> anyhow::Result<()> {
    let rules = &config.rules;
    let spool = moment::open_spool(config).await?;
    let at = moment.time(&rules.clock, now)?;
    let past = moment.past(rules, at, spool.as_deref()).await?;
    moment::print_moment(rules, &past, at);
    if let Some(spool) = &spool
        && let Some(until) = spool.muted_until().await?.filter(|until| *until > at)
    {
        println!("Everything is muted until {}.", moment::local(&rules.clock, until));
    }
    let mut devices: Vec<Device> =
        config.devices.iter().map(|device| named(&device.name)).collect();
    if let Some(spool) = &spool {
        // A configured device that has sent something is in both lists.
        let heard = spool.devices(&DeviceFilter::default(), DEVICES_MAX).await?;
        let known: Vec<String> = devices.iter().map(|device| device.name.clone()).collect();
        let others = heard.iter().filter(|line| !known.contains(&line.name));
        devices.extend(others.map(|line| Device { key: line.key.clone(), ..named(&line.name) }));
    }
    // A name that no configuration has: only routes for all devices match it.
    devices.push(named("any other device"));
    for device in &devices {
        println!("{}", device.name);
        if rules.channels.is_empty() {
            println!("  -> nobody: no channel is configured");
        } else if rules.routes.is_empty() {
            println!("  -> {}", rules.channels.join(", "));
        }
        for judged in rules.foresee(device, at, &past) {
            println!("  {}: {}", judged.route.name, judged.verdict);
        }
    }
    Ok(())
}

/// A device that has nothing but a name, by which routes match it.
fn named(name: &str) -> Device {
    Device { key: name.to_owned(), name: name.to_owned(), ..Device::default() }
}
