//! The filter of incidents in the query of an address: the same for the timeline and the API.

use std::fmt::Write as _;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use tipoff_model::{DeliveryState, DeviceId, Event, IncidentId, Timestamp};
use tipoff_spool::{IncidentFilter, IncidentLine, Reader, Spool};
use utoipa::IntoParams;

use super::problem::Problem;
use super::reader_clock::ReaderClock;
use super::reader_language::text;

/// Incidents on a page.
pub(crate) const PAGE: u32 = 48;
/// Maximum number of incidents in an answer.
const LIMIT_MAX: u32 = 200;
/// Maximum length of a text to search for, in characters.
const TEXT_CHARS_MAX: usize = 200;

/// The query. A blank value means that it is not given, because forms send it so.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct IncidentQuery {
    /// Only this incident, if the rest fits it.
    #[serde(deserialize_with = "blank")]
    pub(crate) only: Option<i64>,
    /// Incidents opened before this one: where the page before ended.
    #[serde(deserialize_with = "blank")]
    pub(crate) before: Option<i64>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 48)]
    #[serde(deserialize_with = "blank")]
    pub(crate) limit: Option<u32>,
    /// The number of a device.
    #[serde(deserialize_with = "blank")]
    pub(crate) device: Option<i64>,
    /// A kind, such as `motion`.
    #[serde(deserialize_with = "blank")]
    pub(crate) event: Option<String>,
    /// The name of a channel with a delivery of the incident.
    #[serde(deserialize_with = "blank")]
    pub(crate) channel: Option<String>,
    /// `pending`, `delivered`, `refused`, `expired` or `withdrawn`: the state of a delivery, to the channel if one
    /// is given.
    #[serde(deserialize_with = "blank")]
    pub(crate) state: Option<String>,
    /// A day in the reader's zone (its cookie, else the server's): `2026-11-24`.
    #[param(value_type = Option<String>, format = Date)]
    #[serde(deserialize_with = "blank")]
    pub(crate) day: Option<String>,
    /// Incidents that began at this time or later, in RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    #[serde(deserialize_with = "blank")]
    pub(crate) from: Option<String>,
    /// Incidents that began before this time, in RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    #[serde(deserialize_with = "blank")]
    pub(crate) until: Option<String>,
    /// Words that it must all contain: subject, text, names of files, sender, device.
    #[param(max_length = 200)]
    #[serde(deserialize_with = "blank")]
    pub(crate) text: Option<String>,
    /// `unseen`, `starred` (your own marks, which a token has not) or `locked`.
    #[serde(deserialize_with = "blank")]
    pub(crate) show: Option<String>,
    /// Whether to include suppressed incidents.
    #[serde(deserialize_with = "blank")]
    pub(crate) silent: Option<bool>,
}

/// A page of incidents.
#[derive(Debug)]
pub(crate) struct IncidentPage {
    /// The newest first.
    pub(crate) lines: Vec<IncidentLine>,
    /// The `before` of the next page. `None` on the last one.
    pub(crate) before: Option<i64>,
    /// If the search ended before all was looked at: how far back it got.
    pub(crate) searched_since: Option<Timestamp>,
}

/// `None` if the value is blank.
pub(crate) fn blank<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}

impl IncidentQuery {
    /// The filter for the spool; the error names the part that is wrong.
    pub(crate) fn filter(
        &self,
        clock: &ReaderClock,
        reader: Option<&Reader>,
    ) -> Result<IncidentFilter, Problem> {
        let mut filter = IncidentFilter {
            only: self.only.map(IncidentId),
            before: self.before.map(IncidentId),
            device: self.device.map(DeviceId),
            channel: self.channel.clone(),
            from: self.from.as_deref().map(time).transpose()?,
            until: self.until.as_deref().map(time).transpose()?,
            silent: self.silent.unwrap_or(false),
            ..IncidentFilter::default()
        };
        if let Some(name) = &self.event {
            let event = Event::from_name(name);
            filter.event = Some(event.ok_or_else(|| Problem::bad(text("problem-incident-event")))?);
        }
        if let Some(name) = &self.state {
            let state = DeliveryState::ALL.iter().find(|state| state.as_str() == name);
            filter.state =
                Some(*state.ok_or_else(|| Problem::bad(text("problem-incident-state")))?);
        }
        if let Some(show) = &self.show {
            let marks =
                || reader.cloned().ok_or_else(|| Problem::bad("show: a token has no marks"));
            match show.as_str() {
                "unseen" => filter.unseen_by = Some(marks()?),
                "starred" => filter.starred_by = Some(marks()?),
                "locked" => filter.locked = true,
                _ => return Err(Problem::bad("show: unseen, starred or locked")),
            }
        }
        if let Some(day) = &self.day {
            let date: Date = day.parse().map_err(|_| Problem::bad(text("problem-incident-day")))?;
            let bounds = clock.bounds(date);
            let (begin, end) =
                bounds.ok_or_else(|| Problem::bad(text("problem-incident-day-far")))?;
            filter.from = Some(filter.from.map_or(begin, |from| from.max(begin)));
            filter.until = Some(filter.until.map_or(end, |until| until.min(end)));
        }
        if let Some(words) = &self.text {
            if words.chars().count() > TEXT_CHARS_MAX {
                return Err(Problem::bad(text("problem-incident-text")));
            }
            filter.text.clone_from(words);
        }
        Ok(filter)
    }

    /// One page of incidents. One incident more than the limit is read, which shows whether there is a next page. A search for
    /// unseen ones ends where it gets long, and the next page goes on there.
    pub(crate) async fn read(
        &self,
        spool: &dyn Spool,
        clock: &ReaderClock,
        reader: Option<&Reader>,
    ) -> Result<IncidentPage, Problem> {
        let (filter, limit) = (self.filter(clock, reader)?, self.limit()?);
        let mut lines = spool.incidents(&filter, limit + 1).await?;
        let has_more = lines.len() > limit as usize;
        lines.truncate(limit as usize);
        let end = match has_more {
            true => None,
            false => spool.search_end(&filter).await?,
        };
        let behind_end = end.map(|(id, _)| id.0.saturating_add(1));
        let before = lines.last().filter(|_| has_more).map(|line| line.id.0).or(behind_end);
        Ok(IncidentPage { lines, before, searched_since: end.map(|(_, began_at)| began_at) })
    }

    /// Number of incidents in the answer; an error if it is out of range.
    pub(crate) fn limit(&self) -> Result<u32, Problem> {
        match self.limit.unwrap_or(PAGE) {
            limit @ 1..=LIMIT_MAX => Ok(limit),
            _ => Err(Problem::bad(text("problem-incident-limit"))),
        }
    }

    /// Whether it is the first page of all incidents.
    pub(crate) fn is_whole_and_new(&self) -> bool {
        !self.is_narrow() && self.only.is_none() && self.before.is_none()
    }

    /// Whether the filter leaves out any incident.
    pub(crate) fn is_narrow(&self) -> bool {
        let given = [
            self.device.is_some(),
            self.event.is_some(),
            self.channel.is_some(),
            self.state.is_some(),
            self.day.is_some(),
            self.from.is_some(),
            self.until.is_some(),
            self.text.is_some(),
            self.show.is_some(),
        ];
        given.contains(&true)
    }

    /// As the query of an address, without the position in the list: `device=3&text=door`.
    pub(crate) fn to_address(&self) -> String {
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let pairs = [
            ("device", number(self.device)),
            ("event", self.event.clone()),
            ("channel", self.channel.clone()),
            ("state", self.state.clone()),
            ("day", self.day.clone()),
            ("from", self.from.clone()),
            ("until", self.until.clone()),
            ("text", self.text.clone()),
            ("show", self.show.clone()),
            ("silent", self.silent.filter(|silent| *silent).map(|_| "true".to_owned())),
        ];
        let mut address = String::new();
        for (name, value) in pairs {
            if let Some(value) = value {
                let separator = if address.is_empty() { "" } else { "&" };
                let _ =
                    write!(address, "{separator}{name}={}", tipoff_model::percent_encoded(&value));
            }
        }
        address
    }
}

/// A time in RFC 3339.
pub(crate) fn time(written: &str) -> Result<Timestamp, Problem> {
    written
        .parse::<jiff::Timestamp>()
        .map(|time| Timestamp::from_ms(time.as_millisecond()))
        .map_err(|_| Problem::bad(text("problem-incident-time")))
}

#[cfg(test)]
mod tests {
    use axum::extract::Query;

    use super::*;

    fn query(address: &str) -> Result<IncidentQuery, String> {
        Query::try_from_uri(&format!("http://x/?{address}").parse().unwrap())
            .map(|Query(query)| query)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_form_sends_blank_is_not_given() {
        let blank = query("device=&event=&channel=&state=&day=&text=&limit=").unwrap();
        assert!(!blank.is_narrow());
        assert_eq!(
            blank.filter(&ReaderClock::new(None, Timestamp::from_ms(0)), None).unwrap(),
            IncidentFilter::default()
        );
        assert_eq!(blank.limit().unwrap(), PAGE);
    }

    #[test]
    fn an_address_leads_back_to_itself() {
        let address = "device=3&event=person&channel=my%20phone&state=refused&day=2026-11-24\
                       &text=a%26b%20%C3%A4&show=locked&silent=true";
        let query = query(address).unwrap();
        assert_eq!(query.to_address(), address);
        let filter =
            query.filter(&ReaderClock::new(Some("UTC"), Timestamp::from_ms(0)), None).unwrap();
        assert!(filter.locked);
        assert_eq!(filter.text, "a&b ä");
        assert_eq!(filter.until.unwrap().since(filter.from.unwrap()).as_secs(), 86_400);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let clock = ReaderClock::new(None, Timestamp::from_ms(0));
        for address in [
            "event=nonsense",
            "state=gone",
            "day=yesterday",
            "from=5",
            "day=-999999-01-01",
            "show=x",
        ] {
            assert!(query(address).unwrap().filter(&clock, None).is_err(), "{address}");
        }
        let reader = Reader::Proxy("anna".to_owned());
        let unseen = query("show=unseen").unwrap();
        assert!(unseen.filter(&clock, None).is_err(), "nobody's marks");
        assert_eq!(unseen.filter(&clock, Some(&reader)).unwrap().unseen_by, Some(reader));
        for address in ["limit=0", "limit=201"] {
            assert!(query(address).unwrap().limit().is_err(), "{address}");
        }
        for address in ["device=x", "limit=-1", "silent=perhaps"] {
            assert!(query(address).is_err(), "{address}");
        }
        let long = format!("text={}", "x".repeat(TEXT_CHARS_MAX + 1));
        assert!(query(&long).unwrap().filter(&clock, None).is_err());
    }
}
