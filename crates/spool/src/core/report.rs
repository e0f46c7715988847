//! When a scheduled report is stored, who is alerted of it, and which pictures it shows. Pure.

use tipoff_model::{AlertKind, ArrivalId, Due, Timestamp};

use crate::NewReport;

/// Why a report on a muted device alerts nobody, as the incident stores it.
const MUTED: &str = "muted";

/// A stored report on the same device.
#[derive(Debug)]
pub(crate) struct StoredReport {
    /// The report's configured name.
    pub(crate) name: String,
    /// When it was stored.
    pub(crate) at: Timestamp,
}

/// Whether the report is already stored: one of its name was, since it was due. The schedule may ask again after a new
/// start.
pub(crate) fn is_stored(new: &NewReport, stored: &[StoredReport]) -> bool {
    stored.iter().any(|report| report.name == new.name && report.at >= new.due_at)
}

/// Why nobody is alerted of a report. `None` if its channels are.
pub(crate) fn suppressed_reason(is_muted: bool) -> Option<&'static str> {
    is_muted.then_some(MUTED)
}

/// The deliveries of a report, due at once: one for each of its channels, none while alerts are muted.
pub(crate) fn due(new: &NewReport, is_muted: bool) -> Vec<Due> {
    let channels = if is_muted { &[] } else { new.channels.as_slice() };
    let due = |channel: &String| Due {
        channel: channel.clone(),
        kind: AlertKind::Report,
        due_at: new.at,
        route: None,
        of_address: false,
    };
    channels.iter().map(due).collect()
}

/// The pictures of a report: the first and the last of its period, or the only one.
pub(crate) fn shots(first: Option<ArrivalId>, last: Option<ArrivalId>) -> Vec<ArrivalId> {
    let last = last.filter(|last| first != Some(*last));
    first.into_iter().chain(last).collect()
}

#[cfg(test)]
mod tests {
    use tipoff_model::DeviceId;

    use super::*;

    fn report() -> NewReport {
        NewReport {
            name: "daily".to_owned(),
            device: DeviceId(1),
            due_at: Timestamp(100),
            at: Timestamp(105),
            subject: String::new(),
            text: String::new(),
            shots: Vec::new(),
            channels: vec!["phone".to_owned(), "hook".to_owned()],
        }
    }

    #[test]
    fn a_report_is_stored_once_for_each_time_that_it_is_due() {
        let is_stored = |name: &str, at| {
            is_stored(&report(), &[StoredReport { name: name.to_owned(), at: Timestamp(at) }])
        };
        assert!(is_stored("daily", 100) && is_stored("daily", 105));
        assert!(!is_stored("daily", 99), "the one before");
        assert!(!is_stored("weekly", 100), "another report");
    }

    #[test]
    fn each_channel_is_alerted_at_once() {
        let due = due(&report(), false);
        let channels: Vec<&str> = due.iter().map(|due| due.channel.as_str()).collect();
        assert_eq!(channels, ["phone", "hook"]);
        assert!(
            due.iter().all(|due| due.kind == AlertKind::Report && due.due_at == Timestamp(105))
        );
        assert!(due.iter().all(|due| due.route.is_none() && !due.of_address));
        assert_eq!(suppressed_reason(false), None);
    }

    #[test]
    fn a_muted_report_is_stored_and_alerts_nobody() {
        assert!(due(&report(), true).is_empty());
        assert_eq!(suppressed_reason(true), Some("muted"));
    }

    #[test]
    fn a_report_shows_the_first_and_the_last_picture() {
        let [first, last] = [Some(ArrivalId(1)), Some(ArrivalId(9))];
        assert_eq!(shots(first, last), [ArrivalId(1), ArrivalId(9)]);
        assert_eq!(shots(first, first), [ArrivalId(1)]);
        assert!(shots(None, None).is_empty());
    }
}
