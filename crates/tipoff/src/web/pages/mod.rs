//! What people see. Pages only show: whatever changes something is asked of the API by the script,
//! so that programs can do all that people can.

mod accounts;
mod add_device;
mod audit;
mod audit_sentences;
mod bar_chart;
mod channels;
mod devices;
mod feed;
mod incident;
mod overview;
mod sessions;
mod settings;
mod share;
mod shares;
mod timeline;

use axum::Router;
use axum::routing::{MethodRouter, get};

use super::AppState;
use super::page_table::{PAGES, PageEntry, PageName};

/// The pages behind the login.
pub(super) fn router() -> Router<AppState> {
    let add =
        |router: Router<AppState>, entry: &PageEntry| router.route(entry.path, handler(entry.page));
    PAGES.iter().fold(Router::new(), add)
}

fn handler(page: PageName) -> MethodRouter<AppState> {
    match page {
        PageName::Timeline => get(timeline::timeline),
        PageName::Incident => get(incident::incident),
        PageName::Devices => get(devices::list),
        PageName::AddDevice => get(add_device::add),
        PageName::Device => get(devices::one),
        PageName::DeviceSetup => get(add_device::setup),
        PageName::Sessions => get(sessions::list),
        PageName::Session => get(sessions::one),
        PageName::Channels => get(channels::list),
        PageName::Overview => get(overview::overview),
        PageName::Settings => get(settings::settings),
        PageName::Shares => get(shares::shares),
        PageName::Audit => get(audit::audit),
    }
}

/// The pages that a link opens without a login.
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
