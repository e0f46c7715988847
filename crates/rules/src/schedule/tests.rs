//! The hours of devices.

use tipoff_model::{Device, Envelope, Facts, NotifiedChannel, Protocol};

use super::*;
use crate::Rules;
use crate::testing::{Before, at, device, facts, hours, names, plan_after, rules, told};

#[test]
fn a_schedule_suppresses_first_alerts_at_other_times_and_names_itself() {
    let peer = [192, 0, 2, 1].into();
    let envelope = Envelope::asked(Protocol::Smtp, peer, false);
    let yard =
        || Conditions { device_keys: vec!["added/yard".to_owned()], ..Conditions::default() };
    let schedule = |conditions: Conditions, never| Schedule { conditions, never };
    let night = Conditions { between: hours("22:00-06:00").between, ..yard() };
    let weekend = Conditions { days: Some("sat-sun".parse().unwrap()), ..yard() };
    let door = Conditions { devices: vec!["Door".to_owned()], ..Conditions::default() };
    let device = Device { key: "added/yard".to_owned(), ..device() };
    // 2 March is a Monday.
    for (schedules, now, expected) in [
        (vec![], "2026-03-02T12:00:00Z", None),
        (vec![schedule(door, true)], "2026-03-02T12:00:00Z", None),
        (vec![schedule(yard(), true)], "2026-03-02T12:00:00Z", Some("never alerted")),
        (
            vec![schedule(night.clone(), false)],
            "2026-03-02T12:00:00Z",
            Some("22:00-06:00 only, it was 12:00"),
        ),
        (vec![schedule(night.clone(), false)], "2026-03-02T23:00:00Z", None),
        (
            vec![schedule(night.clone(), false), schedule(weekend.clone(), false)],
            "2026-03-01T12:00:00Z",
            None,
        ),
        (
            vec![schedule(night, false), schedule(weekend, false)],
            "2026-03-02T12:00:00Z",
            Some("22:00-06:00 only"),
        ),
    ] {
        let rules = Rules { schedules, ..rules(Vec::new()) };
        let facts = Facts { envelope: Some(&envelope), ..facts(&device, at(now)) };
        let plan = |facts: &Facts<'_>, notified: &[NotifiedChannel]| {
            plan_after(&rules, facts, notified, &Before::default())
        };
        let first = plan(&facts, &[]);
        match expected {
            None => assert_eq!(names(&first), ["me", "hook"], "{now}"),
            Some(words) => {
                let reason = first.suppressed_reason.unwrap();
                assert!(reason.starts_with("this device's schedule: "), "{reason}");
                assert!(reason.contains(words) && first.due.is_empty(), "{reason}");
            }
        }
        assert_eq!(plan(&facts, &told(&["me", "hook"])).due.len(), 2, "follow-ups");
        let of_tipoff = Facts { envelope: None, ..facts };
        assert_eq!(plan(&of_tipoff, &[]).due.len(), 2, "an inactive device is reported");
    }
}
