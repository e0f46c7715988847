//! What people see. Pages only show: whatever changes something is asked of the API by the script,
//! so that programs can do all that people can.

mod devices;
mod incident;
mod timeline;

use axum::Router;
use axum::routing::get;

use super::State;

pub(super) fn router() -> Router<State> {
    Router::new()
        .route("/", get(timeline::timeline))
        .route("/devices", get(devices::list))
        .route("/devices/{id}", get(devices::one))
        .route("/incidents/{id}", get(incident::incident))
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
