//! Addresses that cameras answer with. Cameras behind NAT or with a second network name a host that cannot be reached,
//! others `0.0.0.0`: the host is always the one that the camera was asked at. So no camera can have a login sent elsewhere.

/// Length of an address in bytes.
const ADDRESS_BYTES_MAX: usize = 2_048;

/// The parts of an address.
struct Parts<'a> {
    scheme: &'a str,
    host: &'a str,
    /// Digits.
    port: Option<&'a str>,
    /// Path, query and fragment.
    rest: &'a str,
}

impl<'a> Parts<'a> {
    fn of(address: &'a str) -> Option<Self> {
        let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_plain || address.len() > ADDRESS_BYTES_MAX {
            return None;
        }
        let (scheme, after) = address.split_once("://")?;
        if scheme.is_empty() || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let end = after.find(['/', '?', '#', '\\']).unwrap_or(after.len());
        let (authority, rest) = after.split_at_checked(end)?;
        let host_and_port = authority.rsplit('@').next()?;
        let (host, port) = match host_and_port.strip_prefix('[') {
            Some(after) => {
                let (inner, port) = after.split_once(']')?;
                let host = host_and_port.get(..inner.len() + 2)?;
                (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
            }
            None => match host_and_port.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (host_and_port, None),
            },
        };
        let port = port.filter(|port| !port.is_empty());
        if host.is_empty() || port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return None;
        }
        Some(Self { scheme, host, port, rest })
    }

    fn default_port(&self) -> Option<&'static str> {
        match self.scheme.to_ascii_lowercase().as_str() {
            "http" => Some("80"),
            "https" => Some("443"),
            "rtsp" => Some("554"),
            _ => None,
        }
    }
}

/// An address that a camera answered, at the host of `camera`, the address at which it was asked. Another port is kept:
/// services may have one of their own. A foreign host without a port gets the camera's port, if the schemes are the same:
/// behind a forwarded port cameras name their inner address. A user in the address is left out. `None` if it is no address.
pub fn repaired(answered: &str, camera: &str) -> Option<String> {
    let asked = Parts::of(camera)?;
    if answered.starts_with('/') && !answered.starts_with("//") {
        let is_plain = answered.bytes().all(|byte| byte.is_ascii_graphic());
        let fits = is_plain && answered.len() <= ADDRESS_BYTES_MAX;
        return fits.then(|| written(&asked, asked.port, answered));
    }
    let parts = Parts::of(answered)?;
    let is_foreign = !parts.host.eq_ignore_ascii_case(asked.host);
    let has_same_scheme = parts.scheme.eq_ignore_ascii_case(asked.scheme);
    let port = match parts.port.filter(|port| *port != "0") {
        None if is_foreign && has_same_scheme => asked.port,
        port => port,
    };
    Some(written(&Parts { host: asked.host, ..parts }, port, parts.rest))
}

fn written(parts: &Parts<'_>, port: Option<&str>, rest: &str) -> String {
    let scheme = parts.scheme.to_ascii_lowercase();
    let port = port.filter(|port| Some(*port) != parts.default_port());
    let colon = if port.is_some() { ":" } else { "" };
    format!("{scheme}://{}{colon}{}{rest}", parts.host, port.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_the_cameras_and_a_port_its_own() {
        let plain = "http://192.168.1.64/onvif/device_service";
        let forwarded = "http://home.example:8080/onvif/device_service";
        for (camera, answered, expected) in [
            (plain, "http://192.168.1.64/onvif/e", "http://192.168.1.64/onvif/e"),
            (plain, "http://192.168.1.64:8000/e", "http://192.168.1.64:8000/e"),
            (plain, "http://192.168.1.64:80/e", "http://192.168.1.64/e"),
            (plain, "http://0.0.0.0/e?a=1#b", "http://192.168.1.64/e?a=1#b"),
            (plain, "http://10.0.0.5:2020/e", "http://192.168.1.64:2020/e"),
            (plain, "HTTP://CAM.LOCAL:0/e", "http://192.168.1.64/e"),
            (plain, "rtsp://10.0.0.5:554/live", "rtsp://192.168.1.64/live"),
            (plain, "rtsp://10.0.0.5/live", "rtsp://192.168.1.64/live"),
            (plain, "https://10.0.0.5/e", "https://192.168.1.64/e"),
            (plain, "http://admin:secret@evil.example/e", "http://192.168.1.64/e"),
            (plain, "http://192.168.1.64@evil.example/e", "http://192.168.1.64/e"),
            (plain, "http://[fe80::1]:81/e", "http://192.168.1.64:81/e"),
            (plain, "/onvif/e", "http://192.168.1.64/onvif/e"),
            (forwarded, "http://192.168.1.64/e", "http://home.example:8080/e"),
            (forwarded, "http://192.168.1.64:81/e", "http://home.example:81/e"),
            (forwarded, "http://home.example/e", "http://home.example/e"),
            (forwarded, "rtsp://192.168.1.64/live", "rtsp://home.example/live"),
            (forwarded, "http://192.168.1.64", "http://home.example:8080"),
            ("http://[fd00::2]:8899/d", "http://[fd00::1]/e", "http://[fd00::2]:8899/e"),
        ] {
            assert_eq!(repaired(answered, camera).as_deref(), Some(expected), "{answered}");
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        let long = format!("http://a/{}", "x".repeat(ADDRESS_BYTES_MAX));
        for answered in [
            "",
            "a",
            "http://",
            "http:///e",
            "http://a:x/e",
            "http://a:70000/",
            "//evil.example/e",
            "http://a/\r\nX: y",
            "http://a/b c",
            "javascript:alert(1)",
            "http://[::1/e",
            &long,
        ] {
            assert_eq!(repaired(answered, "http://192.168.1.64/"), None, "{answered}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_address_leads_to_another_host(answered in "(http|rtsp)://[a-z@:\\[\\]./?#\\\\0-9%]{0,40}") {
            if let Some(address) = repaired(&answered, "http://camera.example/") {
                let after = address.split_once("://").unwrap().1;
                proptest::prop_assert!(after.starts_with("camera.example"));
                let next = after.as_bytes().get("camera.example".len());
                proptest::prop_assert!(next.is_none_or(|it| b":/?#\\".contains(it)), "{address}");
            }
        }
    }
}
