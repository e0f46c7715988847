//! What everybody needs who asks a camera.

use url::Url;

/// Where cameras have their ONVIF device service (ONVIF Core Specification, section 5.1.2).
pub(super) const DEVICE_SERVICE: &str = "/onvif/device_service";

/// Path and query of an address.
pub(super) fn target_of(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// Random bytes. A number that was used before costs one answer, of strict cameras only.
pub(super) fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    let _ = getrandom::fill(&mut bytes);
    bytes
}
