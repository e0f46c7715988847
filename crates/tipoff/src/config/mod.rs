//! The configuration: one TOML file, each value checked before anything starts.
//!
//! All faults are reported at once, each at its place. No report contains a secret.
//!
//! One file a section (`smtp.rs`, `route.rs`, …) reads its keys with the helpers of `section.rs` and `values.rs`;
//! `load.rs` reads all sections and checks across them; `reference.rs` derives the documentation from the same keys.

mod access;
pub(crate) mod added;
pub(crate) mod added_document;
mod alarm;
mod base_path;
mod book;
mod camera;
mod channel;
mod checks;
mod device;
mod exposure;
mod fault;
mod ftp;
mod http;
mod key;
mod listener;
mod load;
mod mask;
mod media_store;
mod mqtt;
mod overrides;
mod public_address;
mod reading;
mod reference;
mod report;
mod retention;
mod route;
mod rules;
mod schedule;
mod schema;
mod secret;
mod section;
mod smtp;
mod spool;
mod state;
mod suggest;
#[cfg(test)]
mod tests;
mod text;
mod units;
mod values;
mod video;

pub(crate) use access::{Access, Networks};
pub(crate) use alarm::AlarmListeners;
pub(crate) use base_path::BasePath;
pub(crate) use camera::{PictureSource, PullConfig, PullKind};
pub(crate) use channel::ChannelConfig;
pub(crate) use device::DeviceConfig;
pub(crate) use fault::{FaultDetail, Faults};
pub(crate) use ftp::{ActiveAddresses, Ftp};
pub(crate) use http::{HostName, Http, Proxies, ProxyRole, SECRET_HEADER};
pub(crate) use listener::Listener;
pub(crate) use load::Config;
pub(crate) use mqtt::{BrokerConfig, MqttSource};
pub(crate) use public_address::PublicAddress;
pub(crate) use reading::Overrides;
pub(crate) use reference::{example, reference};
pub(crate) use retention::Retention;
pub(crate) use schema::schema;
pub(crate) use secret::Secret;
pub(crate) use smtp::{Certificate, Smtp, SmtpListener};
pub(crate) use spool::SpoolSettings;
pub(crate) use state::{ConfigFault, ConfigState};
pub(crate) use suggest::nearest;
pub(crate) use text::{ConfigText, LOCAL_FILE, SYSTEM_FILE, find};
pub(crate) use units::duration;
pub(crate) use video::Video;
