//! The household as channels see it that stay in touch with their service.

use std::time::{Duration, SystemTime};

use tipoff_channels::{BoxFuture, Household, Standing};
use tipoff_model::Timestamp;
use tipoff_spool::{DeviceFilter, SpoolError};
use tokio::sync::broadcast;

use super::Common;
use crate::news::Item;

/// How often it is looked at when nothing is told: a mode may begin by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How many devices a service is told of before they have sent something.
const DEVICES_MAX: u32 = 500;

impl Household for Common {
    fn standing(&self, known: Option<Standing>) -> BoxFuture<'_, Standing> {
        Box::pin(async move {
            let mut news = self.news.subscribe();
            loop {
                match look(self).await {
                    Ok(standing) if known.as_ref() != Some(&standing) => return standing,
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "How the house stands is not known."),
                }
                let _ = tokio::time::timeout(LOOK_AGAIN, changed(&mut news)).await;
            }
        })
    }

    fn choose_mode(&self, mode: String) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move { self.modes.choose(mode).await.map_err(|error| error.to_string()) })
    }
}

/// Waits for something that may change how it stands.
async fn changed(news: &mut broadcast::Receiver<Item>) {
    loop {
        match news.recv().await {
            // A device that is new is announced with its first alert, and seen here a little later.
            Ok(Item::House | Item::Device | Item::Config) => return,
            // What was missed may have been such.
            Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            Ok(_) => {}
        }
    }
}

async fn look(common: &Common) -> Result<Standing, SpoolError> {
    let devices = common.spool.devices(&DeviceFilter::default(), DEVICES_MAX).await?;
    let mut devices: Vec<_> = devices.into_iter().map(|line| (line.id, line.name)).collect();
    devices.sort();
    Ok(Standing {
        mode: common.modes.current(Timestamp::from(SystemTime::now())).await?,
        modes: common.modes.all(),
        devices,
    })
}
