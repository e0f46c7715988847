//! The query in the address of the review: the period, what it is narrowed to, and the order.
//!
//! Incidents are listed by event, the most important event first, so that a person is never behind two hundred cats.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Deserialize;
use tipoff_model::{DeviceId, Event, IncidentId, Timestamp};
use tipoff_spool::{HourCount, IncidentFilter, IncidentLine, Period, Reader, Spool};

use super::incident_query::blank;
use super::problem::Problem;
use super::reader_clock::ReaderClock;
use super::reader_language::text;
use super::review_period::ReviewPeriod;

/// Incidents on a page.
pub(super) const REVIEW_PAGE: u32 = 24;
/// An hour of the strip.
const HOUR: Duration = Duration::from_secs(3600);

/// The query of the page's address. A blank value means that it is not given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReviewQuery {
    /// The date at which the night or day begins: `2026-11-24`.
    #[serde(deserialize_with = "blank")]
    day: Option<String>,
    /// `night` or `day`.
    #[serde(deserialize_with = "blank")]
    part: Option<String>,
    /// Only this hour, counted from the beginning of the period.
    #[serde(deserialize_with = "blank")]
    hour: Option<u32>,
    /// Only this device.
    #[serde(deserialize_with = "blank")]
    device: Option<i64>,
    /// Only this event.
    #[serde(deserialize_with = "blank")]
    event: Option<String>,
    /// `unseen`, `all` or `starred`.
    #[serde(deserialize_with = "blank")]
    show: Option<String>,
    /// `time` for the newest first.
    #[serde(deserialize_with = "blank")]
    order: Option<String>,
    /// Where the page before ended: its last event and incident.
    #[serde(deserialize_with = "blank")]
    at: Option<String>,
    #[serde(deserialize_with = "blank")]
    before: Option<i64>,
    /// A day of the month that the calendar shows.
    #[serde(deserialize_with = "blank")]
    month: Option<String>,
}

/// Which incidents are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Show {
    /// Those that the reader has not seen.
    Unseen,
    All,
    /// Those that the reader starred.
    Starred,
}

impl Show {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Unseen => "unseen",
            Self::All => "all",
            Self::Starred => "starred",
        }
    }
}

/// A checked query.
#[derive(Clone, Debug)]
pub(super) struct ReviewView {
    pub(super) period: ReviewPeriod,
    /// When the period begins and ends.
    pub(super) bounds: (Timestamp, Timestamp),
    pub(super) hour: Option<u32>,
    pub(super) device: Option<DeviceId>,
    pub(super) event: Option<Event>,
    /// `None`: what is unseen, if anything is.
    pub(super) show: Option<Show>,
    pub(super) is_by_time: bool,
    /// The last event and incident of the page before.
    pub(super) after: Option<(Event, IncidentId)>,
    pub(super) month: Option<jiff::civil::Date>,
}

fn event(name: &str) -> Result<Event, Problem> {
    Event::from_name(name).ok_or_else(|| Problem::bad(text("problem-incident-event")))
}

impl ReviewQuery {
    /// The error names the part that is wrong.
    pub(super) fn view(&self, clock: &ReaderClock) -> Result<ReviewView, Problem> {
        let period = ReviewPeriod::parse(self.day.as_deref(), self.part.as_deref(), clock)?;
        let show = match self.show.as_deref() {
            None => None,
            Some("unseen") => Some(Show::Unseen),
            Some("all") => Some(Show::All),
            Some("starred") => Some(Show::Starred),
            Some(_) => return Err(Problem::bad(text("problem-incident-show"))),
        };
        let is_by_time = match self.order.as_deref() {
            None | Some("importance") => false,
            Some("time") => true,
            Some(_) => return Err(Problem::bad(text("problem-incident-order"))),
        };
        let month = self.month.as_deref().map(str::parse).transpose();
        let at = self.at.as_deref().map(event).transpose()?;
        Ok(ReviewView {
            period,
            bounds: period.bounds(clock)?,
            hour: self.hour,
            device: self.device.map(DeviceId),
            event: self.event.as_deref().map(event).transpose()?,
            show,
            is_by_time,
            after: self.before.map(|id| (at.unwrap_or_default(), IncidentId(id))),
            month: month.map_err(|_| Problem::bad(text("problem-incident-month")))?,
        })
    }
}

impl ReviewView {
    /// The query of its address.
    pub(super) fn to_address(&self) -> String {
        let mut address = format!("day={}&part={}", self.period.date, self.period.part.as_str());
        let pairs = [
            ("hour", self.hour.map(|hour| hour.to_string())),
            ("device", self.device.map(|device| device.to_string())),
            ("event", self.event.map(|event| event.as_str().to_owned())),
            ("show", self.show.map(|show| show.as_str().to_owned())),
            ("order", self.is_by_time.then(|| "time".to_owned())),
            ("at", self.after.map(|(event, _)| event.as_str().to_owned())),
            ("before", self.after.map(|(_, id)| id.to_string())),
            ("month", self.month.map(|month| month.to_string())),
        ];
        for (name, value) in pairs {
            if let Some(value) = value {
                let _ = write!(address, "&{name}={value}");
            }
        }
        address
    }

    /// A link to the first page of the same with a change.
    pub(super) fn link(&self, change: impl FnOnce(&mut Self)) -> String {
        let mut view = Self { after: None, month: None, ..self.clone() };
        change(&mut view);
        format!("review?{}", view.to_address())
    }

    /// The whole period.
    pub(super) fn period(&self) -> Period {
        let (from, until) = self.bounds;
        Period { from, until, device: None, event: None }
    }

    /// The period with its filters: hour, device and event.
    pub(super) fn narrowed(&self) -> Period {
        let (mut from, mut until) = self.bounds;
        if let Some(hour) = self.hour {
            let begin = from.after(HOUR.saturating_mul(hour));
            (from, until) = (begin.min(until), begin.after(HOUR).min(until));
        }
        Period { from, until, device: self.device, event: self.event }
    }

    /// Whether these incidents are among those that it is narrowed to.
    pub(super) fn has(&self, count: &HourCount) -> bool {
        self.hour.is_none_or(|hour| hour == count.hour)
            && self.device.is_none_or(|device| device == count.device)
            && self.event.is_none_or(|event| event == count.event)
    }

    /// The filter of the incidents that are shown.
    fn filter(&self, reader: Option<&Reader>) -> IncidentFilter {
        let Period { from, until, device, event } = self.narrowed();
        let reader_if = |show| reader.filter(|_| self.show == Some(show)).cloned();
        IncidentFilter {
            from: Some(from),
            until: Some(until),
            device,
            event,
            unseen_by: reader_if(Show::Unseen),
            starred_by: reader_if(Show::Starred),
            ..IncidentFilter::default()
        }
    }

    /// The events that are listed one after the other; by time all at once.
    fn groups(&self) -> Vec<Option<Event>> {
        if self.is_by_time || self.event.is_some() {
            return vec![self.event];
        }
        let mut events = Event::ALL.to_vec();
        events.sort_by_key(|event| std::cmp::Reverse(rank(*event)));
        events.into_iter().map(Some).collect()
    }

    /// One page of incidents, and whether more follow. `counts` tells which events the period has, if it is known of all.
    pub(super) async fn read(
        &self,
        spool: &dyn Spool,
        reader: Option<&Reader>,
        counts: Option<&[HourCount]>,
    ) -> Result<(Vec<IncidentLine>, bool), Problem> {
        let has_any = |event: Option<Event>| match (event, counts) {
            (Some(event), Some(counts)) => counts.iter().any(|count| {
                let is_shown = self.show != Some(Show::Unseen) || count.unseen > 0;
                count.event == event && self.has(count) && is_shown
            }),
            (None, Some(counts)) if self.show == Some(Show::Unseen) => {
                counts.iter().any(|count| self.has(count) && count.unseen > 0)
            }
            _ => true,
        };
        let (mut lines, limit) = (Vec::new(), REVIEW_PAGE as usize + 1);
        for group in self.groups().into_iter().filter(|group| has_any(*group)) {
            let before = match (self.after, group) {
                (Some((last, _)), Some(event)) if rank(event) > rank(last) => continue,
                (Some((last, _)), Some(event)) if rank(event) < rank(last) => None,
                (after, _) => after.map(|(_, id)| id),
            };
            let filter = IncidentFilter { before, event: group, ..self.filter(reader) };
            let left = u32::try_from(limit.saturating_sub(lines.len())).unwrap_or(0);
            lines.extend(spool.incidents(&filter, left).await?);
            if lines.len() >= limit {
                break;
            }
        }
        let has_more = lines.len() >= limit;
        lines.truncate(REVIEW_PAGE as usize);
        Ok((lines, has_more))
    }

    /// The incidents before and after one in the order of the review.
    pub(super) async fn neighbours(
        &self,
        spool: &dyn Spool,
        reader: Option<&Reader>,
        of: &IncidentLine,
    ) -> Result<(Option<i64>, Option<i64>), Problem> {
        let groups = self.groups();
        let is_own = |group: &Option<Event>| group.is_none_or(|event| event == of.event);
        let own = groups.iter().position(is_own).unwrap_or(0);
        let first = async |filter: IncidentFilter| -> Result<Option<i64>, Problem> {
            let lines = spool.incidents(&filter, 1).await?;
            Ok(lines.first().map(|line| line.id.0))
        };
        let filter =
            |group: &Option<Event>| IncidentFilter { event: *group, ..self.filter(reader) };
        let (mut previous, mut next) = (None, None);
        for (index, group) in groups.iter().enumerate().skip(own) {
            let before = (index == own).then_some(of.id);
            next = first(IncidentFilter { before, ..filter(group) }).await?;
            if next.is_some() {
                break;
            }
        }
        for (index, group) in groups.iter().enumerate().take(own + 1).rev() {
            // From the last one of the group on, the other way round.
            let after = Some(if index == own { of.id } else { IncidentId(0) });
            // It was seen on the way.
            let unseen_by = None;
            previous = first(IncidentFilter { after, unseen_by, ..filter(group) }).await?;
            if previous.is_some() {
                break;
            }
        }
        Ok((previous, next))
    }
}

/// The place of an event in the review: no two have the same.
pub(super) fn rank(event: Event) -> (u8, &'static str) {
    (event.importance(), event.as_str())
}

#[cfg(test)]
mod tests {
    use axum::extract::Query;

    use super::*;

    fn clock() -> ReaderClock {
        ReaderClock::new(Some("UTC"), Timestamp::from_ms(1_795_000_000_000))
    }

    fn view(address: &str) -> Result<ReviewView, Problem> {
        let uri = format!("http://x/review?{address}").parse().unwrap();
        let Query(query) = Query::<ReviewQuery>::try_from_uri(&uri).unwrap();
        query.view(&clock())
    }

    #[test]
    fn an_address_leads_back_to_itself() {
        let address = "day=2026-11-24&part=night&hour=3&device=5&event=person&show=all&order=time\
                       &at=motion&before=17&month=2026-10-01";
        assert_eq!(view(address).unwrap().to_address(), address);
        let link = view(address).unwrap().link(|view| view.hour = None);
        assert_eq!(
            link,
            "review?day=2026-11-24&part=night&device=5&event=person&show=all&order=time"
        );
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for address in
            ["day=x", "part=x", "event=x", "show=x", "order=x", "at=x", "month=x", "day=9999-12-31"]
        {
            assert!(view(address).is_err(), "{address}");
        }
        assert!(view("hour=&device=&event=&show=&order=&before=").is_ok());
    }

    #[test]
    fn an_hour_is_within_its_period() {
        let bounds = |address: &str| {
            let Period { from, until, .. } = view(address).unwrap().narrowed();
            until.since(from).as_secs()
        };
        assert_eq!(bounds("day=2026-11-24&part=night"), 14 * 3600);
        assert_eq!(bounds("day=2026-11-24&part=night&hour=13"), 3600);
        assert_eq!(bounds("day=2026-11-24&part=night&hour=14"), 0);
        assert_eq!(bounds("day=2026-11-24&part=night&hour=4294967295"), 0);
    }

    #[test]
    fn persons_and_rings_come_before_motion() {
        let groups = view("").unwrap().groups();
        let place = |event| groups.iter().position(|group| *group == Some(event)).unwrap();
        let order = [Event::Fire, Event::Person, Event::Doorbell, Event::Motion, Event::Periodic];
        assert!(order.map(place).is_sorted());
        assert_eq!(groups.len(), Event::ALL.len());
        assert_eq!(view("order=time").unwrap().groups(), [None]);
    }
}
