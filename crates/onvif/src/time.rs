//! Times and durations as ONVIF writes them (XML Schema `dateTime` and `duration`).

use std::time::Duration;

use jiff::civil::DateTime;
use tipoff_model::Timestamp;

/// The longest duration that is believed.
const DURATION_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A time such as `2026-10-05T14:03:20.5Z`. Without a zone it is UTC.
pub(crate) fn parse_time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp::from_ms(time.as_millisecond()));
    }
    utc(text.parse().ok()?)
}

/// This date and time in UTC.
pub(crate) fn utc(time: DateTime) -> Option<Timestamp> {
    let time = jiff::tz::Offset::UTC.to_timestamp(time).ok()?;
    Some(Timestamp::from_ms(time.as_millisecond()))
}

/// A time in UTC with seconds, as `Created` needs it.
pub(crate) fn written(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(time.as_ms()).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A duration such as `PT1M30S`. Months and years have no length and are refused.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('P')?;
    let mut seconds = 0.0_f64;
    let mut in_time = false;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            in_time = true;
            rest = after;
            continue;
        }
        let end = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let (number, unit) = rest.split_at_checked(end)?;
        let number: f64 = number.parse().ok()?;
        let (letter, after) = unit.split_at_checked(1)?;
        seconds += number
            * match (letter, in_time) {
                ("D", false) => 86_400.0,
                ("H", true) => 3_600.0,
                ("M", true) => 60.0,
                ("S", true) => 1.0,
                _ => return None,
            };
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).ok().map(|duration| duration.min(DURATION_MAX))
}

/// A duration in whole seconds.
pub(crate) fn written_duration(duration: Duration) -> String {
    format!("PT{}S", duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_a_zone() {
        for (text, expected) in [
            ("2026-10-05T14:03:20Z", Some("2026-10-05T14:03:20Z")),
            ("2026-10-05T14:03:20.750+02:00", Some("2026-10-05T12:03:20Z")),
            ("2026-10-05T14:03:20", Some("2026-10-05T14:03:20Z")),
            ("1970-01-01T00:00:00Z", Some("1970-01-01T00:00:00Z")),
            ("2026-13-05T14:03:20Z", None),
            ("now", None),
            ("", None),
        ] {
            assert_eq!(parse_time(text).map(written).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn durations_are_read_and_bounded() {
        for (text, seconds) in [
            ("PT10M", Some(600)),
            ("PT1H0M5S", Some(3_605)),
            ("P1DT1S", Some(86_401)),
            ("PT0.5S", Some(0)),
            ("P99999999999D", Some(DURATION_MAX.as_secs())),
            ("P1M", None),
            ("PT5", None),
            ("PTxS", None),
            ("-PT5S", None),
            ("10", None),
        ] {
            assert_eq!(parse_duration(text).map(|it| it.as_secs()), seconds, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_time_or_none(text in ".{0,30}", duration in "P[0-9.TDHMSé]{0,20}") {
            let _ = (parse_time(&text), parse_duration(&duration), parse_duration(&text));
        }
    }
}
