//! Who is alerted of an arrival, and when. Pure.

use tipoff_model::{AlertKind, Facts, NotifiedChannel, Past, Plan, Planner, Timestamp};

/// What is known of the incident that an arrival joins. Empty for a new one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct IncidentAlerts {
    /// The channels that have a first alert of it, with the routes of these alerts.
    pub(crate) notified: Vec<NotifiedChannel>,
    /// Whether somebody marked it as not interesting.
    pub(crate) is_dismissed: bool,
}

/// The deliveries that an arrival makes due, none of them before `ready_at`. [`Plan::suppressed_reason`] is the one
/// of the incident: `None` as soon as one of its arrivals is alerted. A dismissed incident is sent to archives only.
pub(crate) fn decide(
    planner: &dyn Planner,
    facts: &Facts<'_>,
    incident: &IncidentAlerts,
    past: &Past,
    ready_at: Timestamp,
) -> Plan {
    let mut plan = planner.plan(facts, &incident.notified, past);
    if incident.is_dismissed {
        plan.due.retain(|due| planner.is_archive(&due.channel));
    }
    let is_alerted = plan.due.iter().any(|due| due.kind != AlertKind::Summary);
    if is_alerted || !incident.notified.is_empty() {
        plan.suppressed_reason = None;
    }
    for due in &mut plan.due {
        due.due_at = due.due_at.max(ready_at);
    }
    plan
}

/// When an arrival may be alerted. A mail that continues a torn one takes over its alert: it is not alerted later
/// than that was to be.
pub(crate) fn ready_at(of_arrival: Timestamp, of_torn_mail: Option<Timestamp>) -> Timestamp {
    of_torn_mail.map_or(of_arrival, |at| at.min(of_arrival))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::NOW;
    use tipoff_model::{Content, Device, Due, IncidentClass, OpenIncident};

    /// Rules with a fixed plan; "hook" is an archive.
    struct Fixed(Plan);

    impl Planner for Fixed {
        fn is_silent(&self, _: &Facts<'_>) -> bool {
            false
        }

        fn class(&self, _: &Facts<'_>) -> IncidentClass {
            IncidentClass::Alarm
        }

        fn joins(&self, _: &Facts<'_>, _: &OpenIncident) -> bool {
            false
        }

        fn is_archive(&self, channel: &str) -> bool {
            channel == "hook"
        }

        fn plan(&self, _: &Facts<'_>, _: &[NotifiedChannel], _: &Past) -> Plan {
            self.0.clone()
        }
    }

    fn due(channel: &str, kind: AlertKind) -> Due {
        Due { channel: channel.to_owned(), kind, due_at: NOW, route: None, of_address: false }
    }

    fn decided(due: &[Due], incident: &IncidentAlerts, ready_at: Timestamp) -> Plan {
        let planner =
            Fixed(Plan { due: due.to_vec(), suppressed_reason: Some("too much".to_owned()) });
        let (device, content) = (Device::default(), Content::default());
        let facts = Facts::of(&device, Timestamp::default(), &content);
        decide(&planner, &facts, incident, &Past::default(), ready_at)
    }

    fn seconds(seconds: u64) -> Timestamp {
        NOW.after(std::time::Duration::from_secs(seconds))
    }

    #[test]
    fn a_reason_is_kept_until_one_arrival_of_the_incident_is_alerted() {
        let (first, summary) = (due("phone", AlertKind::First), due("phone", AlertKind::Summary));
        let notified = IncidentAlerts {
            notified: vec![NotifiedChannel { channel: "phone".to_owned(), route: None }],
            is_dismissed: false,
        };
        let new = IncidentAlerts::default();
        for (due, incident, has_reason) in [
            (vec![], &new, true),
            (vec![summary.clone()], &new, true),
            (vec![summary.clone(), first.clone()], &new, false),
            (vec![first], &new, false),
            (vec![], &notified, false),
            (vec![summary], &notified, false),
        ] {
            let plan = decided(&due, incident, NOW);
            assert_eq!(plan.suppressed_reason.is_some(), has_reason, "{due:?}");
            assert_eq!(plan.due, due);
        }
    }

    #[test]
    fn a_dismissed_incident_is_sent_to_archives_only() {
        let both = [due("phone", AlertKind::First), due("hook", AlertKind::First)];
        let dismissed = IncidentAlerts { is_dismissed: true, ..IncidentAlerts::default() };
        assert_eq!(decided(&both, &dismissed, NOW).due, both[1..]);
        assert_eq!(decided(&both, &IncidentAlerts::default(), NOW).due, both);
        assert_eq!(decided(&both[..1], &dismissed, NOW).suppressed_reason.unwrap(), "too much");
    }

    #[test]
    fn nothing_is_due_before_the_arrival_is_ready() {
        let due = [due("phone", AlertKind::First)];
        let at = |ready_at| decided(&due, &IncidentAlerts::default(), ready_at).due[0].due_at;
        assert_eq!(at(seconds(9)), seconds(9));
        assert_eq!(at(NOW.before(std::time::Duration::from_secs(9))), NOW);
    }

    #[test]
    fn a_mail_that_continues_a_torn_one_is_not_alerted_later_than_that() {
        assert_eq!(ready_at(seconds(5), None), seconds(5));
        assert_eq!(ready_at(seconds(5), Some(seconds(3))), seconds(3));
        assert_eq!(ready_at(seconds(5), Some(seconds(9))), seconds(5));
    }
}
