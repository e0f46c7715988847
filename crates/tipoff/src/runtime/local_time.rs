//! Local times in alerts and answers, in words of their language.

use jiff::ZonedDateTime;
use tipoff_language::Texts;

/// `03:12`.
pub(crate) fn minute(time: &ZonedDateTime) -> String {
    time.strftime("%H:%M").to_string()
}

/// `24 Nov, 03:12`.
pub(crate) fn day_and_minute(time: &ZonedDateTime, texts: Texts) -> String {
    let number = |number: i8| u64::try_from(number).unwrap_or_default();
    let day = texts.short_day(number(time.day()), number(time.month()));
    let minute = minute(time);
    texts.with("alert-late-day", &[("day", (&day).into()), ("time", (&minute).into())])
}

/// `Monday`.
pub(crate) fn weekday(time: &ZonedDateTime, texts: Texts) -> String {
    texts.weekday(u64::try_from(time.weekday().to_monday_one_offset()).unwrap_or_default())
}
