//! The paths that some devices push to by themselves: they are given an address and a port, and no path.

/// The beginnings of these paths, without the first slash, in lower case.
const FIXED: &[&str] = &[
    // Dahua: EventHttpUpload and PictureHttpUpload send their signs of life here whatever their path is.
    "eventhttpupload/",
    "picturehttpupload/",
    // Dahua's traffic cameras (ITSAPI).
    "notificationinfo/",
    // Uniview.
    "lapi/v1.0/system/event/notification/",
];

/// Whether devices push alarms to this path, given without its first slash, whoever they push to.
pub fn is_alarm_path(path: &str) -> bool {
    let begins = |fixed: &&str| {
        path.get(..fixed.len()).is_some_and(|start| start.eq_ignore_ascii_case(fixed))
    };
    FIXED.iter().any(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_paths_are_known_in_any_case() {
        for path in [
            "EventHttpUpload/keepalive",
            "PictureHttpUpload/keepalive",
            "NotificationInfo/TollgateInfo",
            "LAPI/V1.0/System/Event/Notification/Structure",
            "lapi/v1.0/system/event/notification/Alarm",
        ] {
            assert!(is_alarm_path(path), "{path}");
        }
        for path in ["", "events", "EventHttpUpload", "LAPI/V1.0/System", "é/"] {
            assert!(!is_alarm_path(path), "{path}");
        }
    }
}
