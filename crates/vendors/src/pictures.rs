//! Where a device has a picture of this moment: path and query by the rules of its vendor.

use tipoff_model::{Camera, percent_encoded};

use crate::{VENDORS, Vendor};

/// What a device without a channel is asked for.
const FIRST_CHANNEL: u32 = 1;
/// Placeholders of secrets.
const SECRETS: [&str; 2] = ["{user}", "{password}"];

/// A login that a vendor wants in the address.
#[derive(Clone, Copy)]
pub struct PictureLogin<'a> {
    /// The user.
    pub user: &'a str,
    /// The password.
    pub password: &'a str,
}

/// The paths at which a device may have a picture, the best first, percent-encoded. A device whose vendor is not known is
/// asked for those of all vendors, but for those with a login in them: it may be anybody's.
pub fn picture_targets(
    vendor: Option<&str>,
    camera: Option<&Camera>,
    login: Option<PictureLogin<'_>>,
) -> Vec<String> {
    let known = vendor.and_then(|name| VENDORS.iter().find(|vendor| vendor.name == name));
    let known = known.filter(|vendor| !vendor.pictures.is_empty());
    let of = |vendor: &'static Vendor| vendor.pictures.iter().copied();
    let patterns: Vec<&str> = match known {
        Some(vendor) => of(vendor).collect(),
        None => {
            let is_public = |pattern: &&str| !SECRETS.iter().any(|secret| pattern.contains(secret));
            VENDORS.iter().flat_map(of).filter(is_public).collect()
        }
    };
    patterns.into_iter().filter_map(|pattern| filled(pattern, camera, login)).collect()
}

/// A pattern with its values; `None` if one is not known.
fn filled(
    pattern: &str,
    camera: Option<&Camera>,
    login: Option<PictureLogin<'_>>,
) -> Option<String> {
    let number = camera.and_then(|camera| camera.number.as_deref());
    let channel = number.and_then(|number| number.parse().ok()).unwrap_or(FIRST_CHANNEL);
    let name = camera.and_then(|camera| camera.name.as_deref());
    let mut target = pattern.to_owned();
    let values = [
        ("{channel}", Some(channel.to_string())),
        ("{index}", Some(channel.saturating_sub(1).to_string())),
        ("{name}", name.map(percent_encoded)),
        ("{user}", login.map(|login| percent_encoded(login.user))),
        ("{password}", login.map(|login| percent_encoded(login.password))),
    ];
    for (place, value) in values {
        if target.contains(place) {
            target = target.replace(place, &value?);
        }
    }
    Some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: PictureLogin<'_> = PictureLogin { user: "admin", password: "a&b c" };

    fn camera(number: &str, name: &str) -> Camera {
        Camera { number: Some(number.to_owned()), name: Some(name.to_owned()) }
    }

    #[test]
    fn a_vendor_is_asked_at_its_own_addresses() {
        let targets = |vendor, camera: Option<&Camera>| {
            picture_targets(Some(vendor), camera, Some(LOGIN)).remove(0)
        };
        let hikvision = "/ISAPI/Streaming/channels/101/picture?snapShotImageType=JPEG";
        assert_eq!(targets("Hikvision", None), hikvision);
        let second = camera("2", "Yard");
        assert_eq!(
            targets("Hikvision", Some(&second)),
            hikvision.replace("channels/101", "channels/201")
        );
        assert_eq!(targets("Dahua", Some(&second)), "/cgi-bin/snapshot.cgi?channel=2");
        assert_eq!(
            targets("Frigate", Some(&camera("", "back yard"))),
            "/api/back%20yard/latest.jpg?h=720"
        );
        assert_eq!(
            targets("Reolink", Some(&second)),
            "/cgi-bin/api.cgi?cmd=Snap&channel=1&rs=tipoff&user=admin&password=a%26b%20c"
        );
    }

    #[test]
    fn a_stranger_is_never_told_a_password() {
        for vendor in [None, Some("APC"), Some("no such vendor")] {
            let targets = picture_targets(vendor, None, Some(LOGIN));
            assert!(targets.len() > 8, "{targets:?}");
            assert!(!targets.iter().any(|target| target.contains("admin")), "{targets:?}");
        }
        assert!(picture_targets(Some("Reolink"), None, None).is_empty());
    }

    #[test]
    fn every_pattern_is_a_path_whose_places_are_known() {
        for pattern in VENDORS.iter().flat_map(|vendor| vendor.pictures) {
            let filled = filled(pattern, Some(&camera("3", "x")), Some(LOGIN)).unwrap();
            assert!(filled.starts_with('/') && !filled.contains(['{', '}', ' ']), "{pattern}");
        }
    }
}
