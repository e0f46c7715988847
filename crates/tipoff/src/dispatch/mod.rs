//! From the spool to the services: a task for each channel, so that none waits for another.
//!
//! Nothing is kept here that a restart would lose: what is due is read from the spool.

mod attempt;
mod backoff;
mod files;
mod pace;
mod schedule;
mod videos;

use std::collections::HashMap;
use std::sync::Arc;

use tipoff_spool::Spool;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use crate::config::ChannelConfig;
use crate::observe::Metrics;
use crate::shutdown::Shutdown;
use crate::web::Links;
use pace::Pacer;
pub(crate) use videos::Videos;

/// Wakes the channels that have something to do.
#[derive(Clone, Default)]
pub(crate) struct Waker(Arc<HashMap<String, Arc<Notify>>>);

impl Waker {
    /// For these channels.
    pub(crate) fn new(channels: &[ChannelConfig]) -> Self {
        let wakers = channels.iter().map(|channel| (channel.name.clone(), Arc::default()));
        Self(Arc::new(wakers.collect()))
    }

    /// Something has become due for these channels.
    pub(crate) fn wake(&self, channels: &[String]) {
        for channel in channels {
            if let Some(notify) = self.0.get(channel) {
                notify.notify_one();
            }
        }
    }

    fn of(&self, channel: &str) -> Arc<Notify> {
        self.0.get(channel).cloned().unwrap_or_default()
    }
}

/// What all channels share.
pub(crate) struct Common {
    pub(crate) spool: Arc<dyn Spool>,
    pub(crate) links: Links,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) videos: Videos,
}

/// Starts a task for each channel.
pub(crate) fn start(
    channels: Vec<ChannelConfig>,
    common: Common,
    waker: &Waker,
    tasks: &TaskTracker,
    shutdown: &Shutdown,
) {
    let common = Arc::new(common);
    let pacer = Arc::new(Pacer::default());
    for config in channels {
        let schedule = schedule::Schedule::new(schedule::Parts {
            notify: waker.of(&config.name),
            name: config.name,
            channel: config.channel.into(),
            expire: config.expire,
            pacer: Arc::clone(&pacer),
            common: Arc::clone(&common),
        });
        tasks.spawn(schedule.run(shutdown.clone()));
    }
}
