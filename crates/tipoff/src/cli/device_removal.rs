//! `tipoff devices remove`: removes a device, with or without its incidents, as its page in the dashboard does.

use std::path::Path;

use serde::Serialize;
use tipoff_model::{ArrivalId, Timestamp};
use tipoff_spool::{DeviceLine, Spool};

use super::json::{DeviceJson, print_json};
use crate::audit::{self, AuditAction};
use crate::config::Config;
use crate::media::{renditions, thumbnails};
use crate::receive::DeviceDirectory;
use crate::web;

/// How many incidents were removed with a device.
#[derive(Clone, Copy, Default, Serialize)]
struct Removed {
    /// Those that were removed.
    incidents_removed: usize,
    /// Those that were kept: locked ones, and those with which a summary of other alerts is still to be sent.
    incidents_kept: usize,
}

/// The device for programs, with what was removed of its incidents if that was asked for.
#[derive(Serialize)]
struct RemovedJson {
    #[serde(flatten)]
    device: DeviceJson,
    #[serde(flatten)]
    removed: Option<Removed>,
}

/// Removes a device, and its incidents if they are wanted away.
pub(super) async fn run(
    spool: &dyn Spool,
    config: Config,
    (known, with_incidents): (&DeviceLine, bool),
    now: Timestamp,
    as_json: bool,
) -> anyhow::Result<()> {
    let data_dir = config.data_dir.clone();
    let directory = DeviceDirectory::new(config.access, config.devices);
    let allowed = web::require_removable(&directory, known);
    allowed.map_err(|refusal| anyhow::anyhow!(refusal.detail().to_owned()))?;
    let mut removed = None;
    // A recorder with channels is refused below, before anything of it is gone.
    if with_incidents && spool.device_usage(known.id).await?.channels == 0 {
        removed = Some(remove_incidents(spool, known, &data_dir).await?);
    }
    let done = web::remove_device(spool, known).await;
    done.map_err(|refusal| anyhow::anyhow!(refusal.detail().to_owned()))?;
    let detail = match removed {
        None => "its incidents are kept".to_owned(),
        Some(Removed { incidents_removed, incidents_kept }) => {
            format!("with {incidents_removed} incidents, {incidents_kept} kept")
        }
    };
    let (actor, object) = (audit::command_line(), web::audited_device(known));
    audit::note(spool, audit::entry(now, actor, AuditAction::DeviceRemove, object, &*detail)).await;
    if as_json {
        return print_json(&RemovedJson { device: DeviceJson::from(known), removed });
    }
    match removed {
        None => println!("{:?} is removed. Its incidents are kept.", known.name),
        Some(_) => println!("{:?} is removed {detail}.", known.name),
    }
    println!("If it sends again, it is listed again.");
    Ok(())
}

/// Removes the incidents of a device, with what was cached of them.
async fn remove_incidents(
    spool: &dyn Spool,
    known: &DeviceLine,
    data_dir: &Path,
) -> anyhow::Result<Removed> {
    let (mut removed, mut before) = (Removed::default(), None);
    loop {
        let (ids, behind) = web::next_of_device(spool, known.id, before).await?;
        let removal = spool.remove_incidents(ids).await?;
        forget(data_dir, &removal.arrivals);
        removed.incidents_removed += removal.removed.len();
        removed.incidents_kept += removal.locked.len() + removal.summary_pending.len();
        before = behind;
        if before.is_none() {
            return Ok(removed);
        }
    }
}

/// Removes the thumbnails and converted videos of arrivals. A running program finds them gone.
fn forget(data_dir: &Path, arrivals: &[ArrivalId]) {
    thumbnails::forget_in(&data_dir.join(thumbnails::FOLDER), arrivals);
    renditions::forget_in(&data_dir.join(renditions::FOLDER), arrivals);
}
