//! `tipoff devices`: the devices that are known, their names and mutes, and new ones with their login.
//!
//! Works beside a running server, which reads a change within seconds. The rules (names, users, how long a mute may
//! last) are those of the API: both call `web`.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use tipoff_model::{DeviceId, Timestamp};
use tipoff_spool::{DeviceDetail, DeviceFilter, DeviceLine, Spool};

use super::arguments::count;
use super::failure::BadUsage;
use super::json::{DeviceJson, print_json};
use super::moment::local_time;
use super::{Ending, Failure, block_on, device_removal};
use crate::audit::{self, AuditAction};
use crate::config::{self, Config};
use crate::receive::DeviceDirectory;
use crate::runtime::clock::Clock;
use crate::web::{self, DeviceEdit};

/// Devices that have a word of a name in theirs.
const ALIKE_MAX: u32 = 500;

/// The actions on devices.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
    /// For programs: JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The devices, those seen last first
    List {
        /// Only those with this in their name, user or address
        #[arg(long, default_value = "", hide_default_value = true)]
        text: String,
        /// How many
        #[arg(long, default_value_t = 100, value_parser = count)]
        limit: u32,
    },
    /// One device: where it was seen, and what is set for it
    Show {
        /// Its name or number
        device: String,
    },
    /// Give a device another name
    Rename {
        /// Its name or number
        device: String,
        /// The new name; "" for the one that it reports
        name: String,
    },
    /// Send no alerts of a device for a while; what arrives is stored
    Mute {
        /// Its name or number
        device: String,
        /// How long, such as "30 min" or "8 h"
        #[arg(long = "for", value_name = "TIME", default_value = "1 h")]
        time: String,
    },
    /// Send the alerts of a device again
    Unmute {
        /// Its name or number
        device: String,
    },
    /// Remove a device: its settings and its login. Its incidents are kept
    ///
    /// If it sends again, it is discovered again.
    Remove {
        /// Its name or number
        device: String,
        /// Remove its incidents, too, with their files. Locked ones are kept
        #[arg(long)]
        incidents: bool,
    },
    /// Add a device, and print the login to type into it
    Add {
        /// Its name in alerts
        name: String,
    },
}

/// Runs one action. Exit code 1 if there is no such device, or the change is refused.
pub(super) fn run(args: &Args, config: Config, clock: &Clock) -> Ending {
    block_on(act(args, config, clock.now()))?.map_err(Failure::Failed)
}

async fn act(args: &Args, config: Config, now: Timestamp) -> anyhow::Result<()> {
    let spool = tipoff_spool::open_beside(&config.spool(), Arc::new(config.rules.clone())).await?;
    let spool = &*spool;
    let edit = match &args.action {
        Action::List { text, limit } => return list(spool, text, *limit, args.json).await,
        Action::Add { name } => return add(spool, config, name, now, args.json).await,
        Action::Remove { device, incidents } => {
            let known = resolve(spool, device).await?;
            return device_removal::run(spool, config, (&known, *incidents), now, args.json).await;
        }
        Action::Show { device } => {
            let line = resolve(spool, device).await?;
            return show(spool, line.id, args.json).await;
        }
        Action::Rename { device, name } => {
            (device, DeviceEdit { name: Some(name.clone()), ..DeviceEdit::default() })
        }
        Action::Mute { device, time } => {
            let time = config::duration(time);
            let time = time.map_err(|reason| BadUsage(format!("--for: {reason}")))?;
            if time > web::MUTE_MAX {
                return Err(BadUsage("--for: at most 366 days".to_owned()).into());
            }
            (device, muted(time.as_secs()))
        }
        Action::Unmute { device } => (device, muted(0)),
    };
    let (device, edit) = edit;
    let known = resolve(spool, device).await?;
    let detail = web::described_edit(&edit);
    let directory = DeviceDirectory::new(config.access, config.devices);
    let edited = web::edit_device(spool, &directory, &known, edit, now).await;
    edited.map_err(|refusal| anyhow::anyhow!(refusal.detail().to_owned()))?;
    let (actor, object) = (audit::command_line(), web::audited_device(&known));
    let entry = audit::entry(now, actor, AuditAction::DeviceChange, object, detail);
    audit::note(spool, entry).await;
    if args.json {
        return show(spool, known.id, true).await;
    }
    let changed = spool.device(known.id).await?.context("the device was removed meanwhile")?;
    match (&args.action, changed.line.muted_until.filter(|until| *until > now)) {
        (Action::Rename { .. }, _) => println!("The device is called {:?} now.", changed.line.name),
        (_, Some(until)) => {
            println!("{:?} is muted until {}.", changed.line.name, local_time(until));
        }
        (_, None) => println!("{:?} is not muted.", changed.line.name),
    }
    Ok(())
}

fn muted(seconds: u64) -> DeviceEdit {
    DeviceEdit { muted_for_s: Some(seconds), ..DeviceEdit::default() }
}

/// The device of this number, else of this name in any case. The error lists names that are near.
pub(super) async fn resolve(spool: &dyn Spool, device: &str) -> anyhow::Result<DeviceLine> {
    let device = device.trim();
    if let Ok(number) = device.parse()
        && let Some(found) = spool.device(DeviceId(number)).await?
    {
        return Ok(found.line);
    }
    let filter = DeviceFilter { text: device.to_owned(), offset: 0 };
    let near = spool.devices(&filter, ALIKE_MAX).await?;
    let is_named = |line: &&DeviceLine| line.name.to_lowercase() == device.to_lowercase();
    let found: Vec<&DeviceLine> = near.iter().filter(is_named).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] if near.is_empty() => {
            bail!("there is no device {device:?}: `tipoff devices list` lists them")
        }
        [] => {
            let names: Vec<String> =
                near.iter().take(5).map(|it| format!("{:?}", it.name)).collect();
            bail!("there is no device {device:?}; near are {}", names.join(", "))
        }
        several => {
            let numbers: Vec<String> = several.iter().map(|it| it.id.0.to_string()).collect();
            bail!("{device:?} is the name of the devices {}: name a number", numbers.join(", "))
        }
    }
}

/// A table, or JSON.
async fn list(spool: &dyn Spool, text: &str, limit: u32, as_json: bool) -> anyhow::Result<()> {
    let filter = DeviceFilter { text: text.to_owned(), offset: 0 };
    let lines = spool.devices(&filter, limit).await?;
    if as_json {
        return print_json(&lines.iter().map(DeviceJson::from).collect::<Vec<_>>());
    }
    if lines.is_empty() {
        println!("There are no such devices. A device is known from its first arrival on.");
        return Ok(());
    }
    println!("{:>6}  {:<30}  {:<13}  {:<19}  VENDOR", "NUMBER", "NAME", "FROM", "LAST ARRIVAL");
    for line in &lines {
        let name: String = line.name.chars().take(30).collect();
        println!(
            "{:>6}  {name:<30}  {:<13}  {:<19}  {}",
            line.id.0,
            web::device_origin(line),
            line.last_at.map_or_else(|| "never".to_owned(), local_time),
            line.vendor.as_deref().unwrap_or("-"),
        );
    }
    Ok(())
}

async fn show(spool: &dyn Spool, id: DeviceId, as_json: bool) -> anyhow::Result<()> {
    let detail = spool.device(id).await?.context("the device was removed meanwhile")?;
    if as_json {
        return print_json(&DeviceJson::from(&detail));
    }
    print_detail(&detail);
    Ok(())
}

fn print_detail(detail: &DeviceDetail) {
    let line = &detail.line;
    println!("Device {}: {}", line.id.0, line.name);
    let field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            println!("  {name:<14} {value}");
        }
    };
    field("from", Some(web::device_origin(line).to_owned()));
    field("vendor", line.vendor.clone());
    field("recorder", line.recorder.clone());
    field("user", line.user.clone());
    field("last arrival", Some(line.last_at.map_or_else(|| "never".to_owned(), local_time)));
    field("muted until", line.muted_until.map(local_time));
    field("inactive after", line.silent_after.map(|after| format!("{} s", after.as_secs())));
    for seen in &detail.sightings {
        let at = local_time(seen.last_at);
        field("seen at", Some(format!("{} by {}, last {at}", seen.place, seen.protocol.as_str())));
    }
    for name in &detail.merged {
        field("also known as", Some(name.clone()));
    }
}

/// Adds a device and prints its login: the only time that the password is shown.
async fn add(
    spool: &dyn Spool,
    config: Config,
    name: &str,
    now: Timestamp,
    as_json: bool,
) -> anyhow::Result<()> {
    let directory = DeviceDirectory::new(config.access, config.devices);
    let added = web::add_device(spool, &directory, name).await;
    let added = added.map_err(|refusal| anyhow::anyhow!(refusal.detail().to_owned()))?;
    let detail = format!("user {}", added.user);
    let entry =
        audit::entry(now, audit::command_line(), AuditAction::DeviceAdd, &*added.name, detail);
    audit::note(spool, entry).await;
    if as_json {
        return print_json(&added);
    }
    println!("{:?} is added as device {}. Type into it:", added.name, added.id);
    println!("  user      {}", added.user);
    println!("  password  {}", added.password);
    println!("A running Tipoff knows the login within seconds. The password is not shown again.");
    Ok(())
}
