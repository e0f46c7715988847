//! Daily reports (`[[report]]`): what each device sent, delivered at a time of day.
//!
//! When a report is due is decided by `tipoff_rules`, the numbers come from the spool, and a report is stored there as
//! an incident without arrivals: so it is delivered, retried and shown like any alert. The spool sends each report
//! once, also over restarts.

use crate::runtime::local_time::{minute, weekday};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tipoff_language::Texts;

use jiff::ZonedDateTime;
use tipoff_model::{Event, Timestamp};
use tipoff_rules::{Report, Rules};
use tipoff_spool::{NewReport, Spool, SpoolError, Tally};

use crate::nodes::Leases;
use crate::runtime::clock::Clock;
use crate::runtime::events::{EventBus, LiveEvent};
use crate::runtime::live_rules::LiveRules;
use crate::runtime::notifier::ChannelNotifier;
use crate::runtime::shutdown::{Phase, Shutdown};
use crate::runtime::supervise::Supervisor;

/// Pause between two checks for due reports. A report may be this late.
const CHECK_EVERY: Duration = Duration::from_secs(20);
/// A report that was due longer ago than this, while Tipoff did not run, is dropped.
const LATE_MAX: Duration = Duration::from_secs(12 * 3600);
/// Devices of a report at most: more than anybody reads.
const DEVICES_MAX: u32 = 200;

/// Sends reports when they are due.
#[derive(Clone)]
pub(crate) struct Reports {
    pub(crate) spool: Arc<dyn Spool>,
    /// One node sends them.
    pub(crate) leases: Leases,
    /// The configured reports, and the time zone.
    pub(crate) rules: Arc<LiveRules>,
    pub(crate) notifier: ChannelNotifier,
    pub(crate) events: EventBus,
    pub(crate) clock: Clock,
}

impl Reports {
    /// Starts its task.
    pub(crate) fn start(self, supervisor: &Supervisor) {
        supervisor.spawn_part("reports", move |shutdown| {
            let reports = self.clone();
            async move {
                let run = || reports.clone().run(shutdown.clone());
                reports.leases.while_held("reports", shutdown.clone(), run).await;
            }
        });
    }

    /// Runs until shutdown. The spool knows which reports were sent; `sent` only saves reading it again.
    async fn run(self, mut shutdown: Shutdown) {
        let mut sent = HashMap::new();
        loop {
            self.send_due(self.clock.now(), &mut sent).await;
            tokio::select! {
                () = tokio::time::sleep(CHECK_EVERY) => {}
                () = shutdown.reached(Phase::Ending) => return,
            }
        }
    }

    /// Sends the reports that are due at `now` and not in `sent`. One that fails is tried again at the next check.
    async fn send_due(&self, now: Timestamp, sent: &mut HashMap<String, Timestamp>) {
        let rules = self.rules.now();
        for report in &rules.reports {
            let Some((from, until)) = report.stretch(now, &rules.clock) else {
                continue;
            };
            if now.since(until) > LATE_MAX || sent.get(&report.name) == Some(&until) {
                continue;
            }
            match self.send(report, &rules, (from, until), now).await {
                Ok(()) => {
                    sent.insert(report.name.clone(), until);
                }
                Err(error) => {
                    tracing::warn!(report = report.name, %error, "A report could not be stored; trying again.");
                }
            }
        }
    }

    /// Stores one report: a notification for each device that sent something from `from` until `until`.
    async fn send(
        &self,
        report: &Report,
        rules: &Rules,
        (from, until): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<(), SpoolError> {
        let texts = Texts::of(rules.language);
        for tally in self.spool.tally(from, until, DEVICES_MAX).await? {
            let groups = rules.groups.get(&tally.name).map(Vec::as_slice).unwrap_or_default();
            if !report.covers(&tally.name, groups) {
                continue;
            }
            let new = NewReport {
                name: report.name.clone(),
                device: tally.device,
                due_at: until,
                at: now,
                subject: texts.text("report-title"),
                text: words(&tally, from, &rules.clock, texts),
                shots: tally.shots,
                channels: report.channels.clone(),
            };
            let channels = self.spool.report(new).await?;
            self.notifier.wake(&channels);
            if !channels.is_empty() {
                self.events.publish(LiveEvent::Device);
            }
        }
        Ok(())
    }
}

/// The text of a device's report: the number of incidents, how many of each kind, and when the first and the last
/// began. Times are local.
fn words(tally: &Tally, from: Timestamp, clock: &tipoff_rules::Clock, texts: Texts) -> String {
    let local = |at: Timestamp, word: &dyn Fn(&ZonedDateTime) -> String| {
        clock.local(at).map_or_else(String::new, |at| word(&at))
    };
    let count: u64 = tally.events.iter().map(|(_, count)| count).sum();
    let (day, time) = (local(from, &|at| weekday(at, texts)), local(from, &minute));
    let since = [("count", count.into()), ("weekday", (&day).into()), ("time", (&time).into())];
    let mut lines = vec![texts.with("report-since", &since)];
    if !matches!(tally.events.as_slice(), [(Event::Other, _)]) {
        lines.extend(tally.events.iter().map(|(event, count)| {
            let what = texts.event(*event).unwrap_or_else(|| texts.text("report-other"));
            texts.with("report-event", &[("event", (&what).into()), ("count", (*count).into())])
        }));
    }
    let (first, last) = (local(tally.first_at, &minute), local(tally.last_at, &minute));
    lines.push(match count {
        1 => texts.with("report-at", &[("time", (&first).into())]),
        _ => {
            let times = [("first", (&first).into()), ("last", (&last).into())];
            texts.with("report-first-and-last", &times)
        }
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use tipoff_model::{AlertKind, DeviceId, Language};

    use super::*;
    use crate::testing::{MOTION, TestServer};

    const CONFIG: &str = "\
        time_zone = \"UTC\"\n\
        [[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n\
        [[channel]]\nname = \"other\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n\
        [[device]]\nname = \"Yard\"\nmatch = { from = \"yard@*\" }\n\
        [[device]]\nname = \"Printer\"\nmatch = { from = \"printer@*\" }\n\
        [[report]]\nname = \"evening\"\nat = \"20:00\"\ndevices = [\"Yard\"]\nchannels = [\"hook\"]\n";

    fn reports(server: &TestServer) -> Reports {
        Reports {
            spool: Arc::clone(&server.spool),
            leases: Leases::of(&server.spool, "", &Clock::system()),
            rules: Arc::clone(&server.rules),
            notifier: server.notifier.clone(),
            events: server.events.clone(),
            clock: Clock::system(),
        }
    }

    /// The next time that it is twenty o'clock.
    fn evening(clock: &tipoff_rules::Clock) -> Timestamp {
        let started = Clock::system().now();
        let now = clock.local(started).unwrap();
        let evening = now.date().at(20, 0, 0, 0).to_zoned_datetime(TimeZone::UTC).unwrap();
        let evening = Timestamp::from_ms(evening.timestamp().as_millisecond());
        let day = Duration::from_secs(24 * 3600);
        if evening <= started { evening.after(day) } else { evening }
    }

    #[tokio::test]
    async fn a_report_is_sent_when_it_is_due_and_once_over_restarts() {
        let server = TestServer::new(CONFIG);
        let evening = evening(&server.rules.now().clock);
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        let reports = || reports(&server);
        server.mail("yard@example.com", MOTION).await;
        server.mail("printer@example.com", MOTION).await;
        let mut sent = HashMap::new();
        reports().send_due(evening.before(minutes(1)), &mut sent).await;
        assert_eq!(server.subjects().await, ["Motion", "Motion"], "it is not due yet");
        for at in [evening.after(minutes(1)), evening.after(minutes(5))] {
            reports().send_due(at, &mut sent).await;
            reports().send_due(at, &mut HashMap::new()).await;
            assert_eq!(server.subjects().await, ["Report", "Motion", "Motion"]);
        }
        let due = server.spool.due("hook", evening.after(minutes(9)), 9, &[]).await.unwrap();
        let reports_due = due.deliveries.iter().filter(|it| it.alert.kind == AlertKind::Report);
        let reports_due: Vec<_> = reports_due.collect();
        assert_eq!(reports_due.len(), 1);
        assert!(reports_due[0].alert.text.starts_with("1 incident since "), "{reports_due:?}");
        let other = server.spool.due("other", evening.after(minutes(9)), 9, &[]).await.unwrap();
        assert!(other.deliveries.iter().all(|it| it.alert.kind != AlertKind::Report));
    }

    #[tokio::test]
    async fn a_report_that_is_half_a_day_late_is_dropped() {
        let server = TestServer::new(CONFIG);
        let evening = evening(&server.rules.now().clock);
        server.mail("yard@example.com", MOTION).await;
        let reports = reports(&server);
        reports
            .send_due(evening.after(LATE_MAX + Duration::from_secs(60)), &mut HashMap::new())
            .await;
        assert_eq!(server.subjects().await, ["Motion"]);
        reports.send_due(evening.after(LATE_MAX), &mut HashMap::new()).await;
        assert_eq!(server.subjects().await, ["Report", "Motion"]);
    }

    #[test]
    fn a_report_reads_well() {
        let at = |text: &str| {
            let at: jiff::Timestamp = text.parse().unwrap();
            Timestamp::from_ms(at.as_millisecond())
        };
        let clock =
            tipoff_rules::Clock { zone: TimeZone::get("Europe/Berlin").unwrap(), place: None };
        let tally = Tally {
            device: DeviceId(1),
            name: "Yard".to_owned(),
            events: vec![(Event::Motion, 8), (Event::Person, 3), (Event::Other, 1)],
            first_at: at("2026-11-25T06:12Z"),
            last_at: at("2026-11-25T18:44Z"),
            shots: Vec::new(),
        };
        let from = at("2026-11-24T19:00Z");
        let english = Texts::default();
        assert_eq!(
            words(&tally, from, &clock, english),
            "12 incidents since Tuesday 20:00\nMotion: 8\nPerson: 3\nOther: 1\n\
             The first at 07:12, the last at 19:44"
        );
        let one = Tally { events: vec![(Event::Other, 1)], ..tally };
        assert_eq!(words(&one, from, &clock, english), "1 incident since Tuesday 20:00\nAt 07:12");
        assert_eq!(
            words(&one, from, &clock, Texts::of(Language::German)),
            "1 Vorfall seit Dienstag, 20:00\nUm 07:12"
        );
    }
}
