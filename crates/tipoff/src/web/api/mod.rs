//! The API under `/api/v1`: one file a topic, with the handlers and the JSON types of its calls.
//!
//! The pages' script uses the same calls, so programs can do all that people can. Each handler is registered by its line
//! in [`routes`](super::routes), and describes itself with `#[utoipa::path]`. What several pages also show is in a
//! function here that the page calls; JSON keys and paths are covered by docs/compatibility.md and only grow.

pub(super) mod added_channels;
pub(super) mod added_modes;
pub(super) mod added_routes;
pub(super) mod audit;
pub(super) mod camera_setup;
pub(super) mod channel_transfer;
pub(super) mod channels;
pub(super) mod device_logins;
pub(super) mod device_removal;
pub(super) mod device_schedule;
pub(super) mod devices;
pub(super) mod event_stream;
pub(super) mod files;
pub(super) mod home_state;
pub(super) mod incident_sets;
pub(super) mod incidents;
pub(super) mod push;
pub(super) mod review;
pub(super) mod sessions;
pub(super) mod shares;
pub(super) mod snapshots;
pub(super) mod telegram_setup;
pub(super) mod tokens;
pub(super) mod totp;
pub(super) mod users;
