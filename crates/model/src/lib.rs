//! The nouns that every room of Tipoff shares. No I/O, no clock, no async: values only.
//!
//! What each word means is told in GLOSSARY.md; what may be assumed of a value is told where it
//! is defined.

mod action;
mod alert;
mod arrival;
mod delivery;
mod device;
mod event;
pub mod file_type;
mod id;
pub mod lines;
mod media;
mod past;
mod plan;
mod share;
mod template;
#[cfg(test)]
mod testing;
mod time;
pub mod transfer;

pub use action::{
    ACTION_BYTES_MAX, Action, BUTTON_CHARS_MAX, Button, Effect, MUTE_MINUTES_MAX, MuteFor,
    MuteTarget,
};
pub use alert::{Alert, AlertKind, AlertManner, AlertMedia, Clip, MediaPlace, Priority};
pub use arrival::{Camera, Content, Envelope, LoginProof, Protocol};
pub use delivery::{DeliveryState, Outcome, Receipt, Scope, Verdict};
pub use device::Device;
pub use event::Event;
pub use id::{ArrivalId, BlobName, DeliveryId, DeviceId, IncidentId};
pub use media::{Encoding, Media, MediaKind};
pub use past::{ChannelPast, Gathering, Past, PastQuery, RecentAlerts, RecentQuery};
pub use plan::{
    Due, Facts, IncidentClass, NotifiedChannel, OpenIncident, Plan, Planner, RuleSource,
};
pub use share::AddressShare;
pub use template::{TEMPLATE_STEPS_MAX, TemplateValues};
pub use time::Timestamp;
