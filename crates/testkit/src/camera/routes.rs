//! Which part of a camera answers a request, and which login it needs.

use std::sync::atomic::Ordering;

use super::http::{Reply, Request};
use super::server::Action;
use super::stream::StreamKind;
use super::{State, Vendor, dahua, hikvision, onvif, reolink};
use crate::standin::lock;

/// Checks the login. `Err`: the answer, and the reason if a login was sent.
pub(super) fn login(state: &State, request: &Request) -> Result<(), (Reply, Option<String>)> {
    let has_login_in_address =
        state.options.vendor == Vendor::Reolink && request.path().starts_with("/cgi-bin/");
    let is_soap = onvif::is_for(state, request) && !onvif::needs_http_login(state);
    if has_login_in_address || is_soap {
        return Ok(());
    }
    let account = lock(&state.account).clone();
    lock(&state.logins).check(&account, request)
}

/// Answers a request with a login that fits.
pub(super) async fn answer(state: &State, request: &Request) -> Action {
    if request.path() == "/snap.jpg" {
        return picture(state).into();
    }
    if onvif::is_for(state, request) {
        return onvif::answer(state, request).await.into();
    }
    match state.options.vendor {
        Vendor::Hikvision => hikvision::answer(state, request).await,
        Vendor::Dahua => dahua::answer(state, request),
        Vendor::Reolink => reolink::answer(state, request).await,
        Vendor::Axis => axis(state, request).into(),
        Vendor::Plain => Reply::not_found().into(),
    }
}

/// VAPIX: the picture of the only camera.
fn axis(state: &State, request: &Request) -> Reply {
    let camera = request.parameter("camera").unwrap_or_else(|| "1".to_owned());
    match (request.path(), camera.as_str()) {
        ("/axis-cgi/jpg/image.cgi", "1") => picture(state),
        ("/axis-cgi/jpg/image.cgi", _) => Reply::bad_request("no such camera"),
        _ => Reply::not_found(),
    }
}

/// The picture as it is now.
pub(super) fn picture(state: &State) -> Reply {
    state.picture_requests.fetch_add(1, Ordering::Relaxed);
    Reply::jpeg(lock(&state.picture).to_vec())
}

/// The answer to one stream too many.
pub(super) fn busy(kind: StreamKind) -> Reply {
    match kind {
        StreamKind::Hikvision => hikvision::status(503, "/", 2, "Device Busy", "deviceBusy"),
        StreamKind::Dahua => Reply::text(503, "Error\r\nToo many connections!\r\n"),
    }
}
