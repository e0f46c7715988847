//! What people see. Pages only show: whatever changes something is asked of the API by the script,
//! so that programs can do all that people can.

mod accounts;
mod add_device;
mod audit;
mod audit_sentences;
mod channels;
mod devices;
mod feed;
mod incident;
mod overview;
mod sessions;
mod settings;
mod share;
mod timeline;

use axum::Router;
use axum::routing::get;

use super::AppState;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(timeline::timeline))
        .route("/devices", get(devices::list))
        .route("/devices/add", get(add_device::add))
        .route("/devices/{id}", get(devices::one))
        .route("/devices/{id}/setup", get(add_device::setup))
        .route("/incidents/{id}", get(incident::incident))
        .route("/sessions", get(sessions::list))
        .route("/sessions/{id}", get(sessions::one))
        .route("/channels", get(channels::list))
        .route("/overview", get(overview::overview))
        .route("/audit", get(audit::audit))
        .route("/shares", get(audit::shares))
        .route("/settings", get(settings::settings))
}

/// What a link without a login opens.
pub(super) fn shared() -> Router<AppState> {
    Router::new()
        .route("/feed/{token}/incidents.atom", get(feed::feed))
        .route("/share/{incident}/{expires}/{signature}", get(share::share))
        .route("/share/{incident}/{expires}/{signature}/{arrival}/{file}", get(share::file))
        .route(
            "/share/{incident}/{expires}/{signature}/{arrival}/{file}/rendition",
            get(share::rendition),
        )
}

/// One choice of a form.
struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

/// A short word on a coloured ground.
struct Mark {
    text: String,
    /// The class: `ok`, `wait`, `bad` or none.
    look: &'static str,
    /// The same in words, for those who do not see the colour.
    says: String,
}
