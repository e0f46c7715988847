//! Times for programs: RFC 3339, in UTC.

use tipoff_model::Timestamp;

/// To the millisecond.
pub(crate) fn utc(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.as_ms())
        .map_or_else(|_| "?".to_owned(), |time| time.to_string())
}

/// To the second, for lists that people read, too.
pub(crate) fn utc_second(time: Timestamp) -> String {
    jiff::Timestamp::from_second(time.as_ms().div_euclid(1000))
        .map_or_else(|_| "?".to_owned(), |time| time.to_string())
}
