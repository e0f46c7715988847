//! The values that all parts of Tipoff share: devices, arrivals, media, alerts, deliveries. No I/O, no clock, no async.
//!
//! GLOSSARY.md has the meaning of each word; the definition of a value says what may be assumed of it.

mod action;
mod alarm;
mod alert;
mod arrival;
mod delivery;
mod device;
mod device_key;
mod document;
mod event;
pub mod file_type;
mod id;
pub mod label;
mod language;
pub mod lines;
mod media;
pub mod meter;
mod past;
mod percent;
mod plain_error;
mod plan;
mod share;
mod template;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod time;
pub mod transfer;

pub use action::{
    ACTION_BYTES_MAX, Action, BUTTON_CHARS_MAX, Button, Effect, MUTE_MINUTES_MAX, MuteFor,
    MuteTarget,
};
pub use alarm::{Alarm, AlarmPhase, AlarmReading, AlarmReply, AlarmRequest, Identity};
pub use alert::{Alert, AlertKind, AlertManner, AlertMedia, Clip, MediaPlace, Priority};
pub use arrival::{Camera, Content, Envelope, LoginProof, Protocol};
pub use delivery::{DeliveryState, Outcome, Receipt, Scope, Verdict};
pub use device::Device;
pub use device_key::DeviceKey;
pub use document::{Document, DocumentForm, Value};
pub use event::Event;
pub use id::{ArrivalId, BlobName, DeliveryId, DeviceId, IncidentId};
pub use language::Language;
pub use media::{Encoding, Media, MediaKind};
pub use past::{ChannelPast, Gathering, Past, PastQuery, RecentAlerts, RecentQuery};
pub use percent::{percent_decoded, percent_encoded};
pub use plain_error::plain_error;
pub use plan::{
    Due, Facts, IncidentClass, NotifiedChannel, OpenIncident, Plan, Planner, RuleSource,
};
pub use share::AddressShare;
pub use template::{TEMPLATE_STEPS_MAX, TemplateValues};
pub use time::Timestamp;
