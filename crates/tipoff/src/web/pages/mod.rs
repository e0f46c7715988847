//! The pages: one file each, with the handler and the fields of its template in `crates/tipoff/templates`.
//!
//! Pages only show. Their forms are sent to the API by the script (`assets/app.js`), so that programs can do all that
//! people can. Each handler is registered by its line in [`routes`](super::routes).

pub(super) mod add_device;
pub(super) mod audit;
pub(super) mod camera_setup;
pub(super) mod channel_form;
pub(super) mod channel_transfer;
pub(super) mod channels;
pub(super) mod devices;
pub(super) mod feed;
pub(super) mod incident;
pub(super) mod modes;
pub(super) mod overview;
pub(super) mod reach;
pub(super) mod review;
pub(super) mod routing;
pub(super) mod sessions;
pub(super) mod settings;
pub(super) mod share;
pub(super) mod shares;
pub(super) mod timeline;
