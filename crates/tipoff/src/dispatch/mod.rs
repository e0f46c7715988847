//! From the spool to the services: a task for each channel, so that none waits for another.
//!
//! Nothing is kept here that a restart would lose: what is due is read from the spool.

mod attempt;
mod backoff;
mod desks;
mod files;
mod pace;
mod schedule;
mod status;
#[cfg(test)]
mod tests;
mod trial;
mod videos;
mod waker;

use std::sync::Arc;

use tipoff_spool::Spool;

use crate::news::News;
use crate::observe::Metrics;
use crate::web::Links;
pub(crate) use desks::Dispatch;
pub(crate) use status::{ChannelState, ChannelStatus};
pub(crate) use trial::send_test;
pub(crate) use videos::{Videos, video_source};
pub(crate) use waker::Waker;

/// What all channels share.
pub(crate) struct Common {
    pub(crate) spool: Arc<dyn Spool>,
    pub(crate) links: Links,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) videos: Videos,
    pub(crate) news: News,
}
