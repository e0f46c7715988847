//! The calendar of the review: a month, with a dot at each date that has incidents.

use jiff::ToSpan;
use jiff::civil::Date;

use super::super::super::AppState;
use super::super::super::problem::Problem;
use super::super::super::reader_clock::{ReaderClock, date_in_words, month_in_words};
use super::super::super::reader_language::texts;
use super::super::super::review_period::{Part, ReviewPeriod, weeks};
use super::super::super::review_query::ReviewView;

/// A month.
pub(super) struct Calendar {
    /// `November 2026`
    pub(super) month: String,
    pub(super) earlier: Option<String>,
    pub(super) later: Option<String>,
    /// The days of a week from Monday: the name, and the short name.
    pub(super) weekdays: Vec<(String, String)>,
    pub(super) weeks: Vec<Vec<Option<Day>>>,
    /// Whether it is shown at once.
    pub(super) is_open: bool,
}

/// A date, with its day and the night that begins then.
pub(super) struct Day {
    pub(super) number: i8,
    /// `Thursday, 26 November`
    pub(super) label: String,
    pub(super) link: String,
    pub(super) has_incidents: bool,
    pub(super) is_chosen: bool,
}

impl Calendar {
    /// The month of the period, or the one that was asked for.
    pub(super) async fn read(
        state: &AppState,
        view: &ReviewView,
        clock: &ReaderClock,
    ) -> Result<Self, Problem> {
        let month = view.month.unwrap_or(view.period.date).first_of_month();
        let weeks = weeks(month);
        let dates: Vec<Date> = weeks.iter().flatten().flatten().copied().collect();
        let period = |date: &Date| {
            let day = ReviewPeriod { date: *date, part: Part::Day }.bounds(clock)?;
            let night = ReviewPeriod { date: *date, part: Part::Night }.bounds(clock)?;
            Ok((day.0, night.1))
        };
        let periods = dates.iter().map(period).collect::<Result<Vec<_>, Problem>>()?;
        let found = state.spool.has_incidents(periods).await?;
        let has = |date: Date| {
            dates.iter().zip(&found).any(|(known, has_incidents)| *known == date && *has_incidents)
        };
        let day = |date: Date| Day {
            number: date.day(),
            label: date_in_words(date, true, false),
            link: view.link(|view| {
                view.period.date = date;
                view.hour = None;
            }),
            has_incidents: has(date),
            is_chosen: date == view.period.date,
        };
        let other = |months: i32| {
            let month = month.checked_add(months.months()).ok()?;
            Some(view.link(|view| view.month = Some(month)))
        };
        let (today, _) = clock.day_and_hour(clock.now());
        Ok(Self {
            month: month_in_words(month),
            earlier: other(-1),
            later: other(1).filter(|_| month < today.first_of_month()),
            weekdays: (1..=7)
                .map(|day| (texts().weekday(day), texts().text(&format!("weekday-short-{day}"))))
                .collect(),
            weeks: weeks
                .into_iter()
                .map(|week| week.into_iter().map(|date| date.map(day)).collect())
                .collect(),
            is_open: view.month.is_some(),
        })
    }
}
