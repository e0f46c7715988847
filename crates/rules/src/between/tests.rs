//! Times of day: how they are written, and whether an arrival is within them.

use proptest::prelude::*;

use super::*;
use crate::testing::{Before, central, hours, is_heard, rules, to_me};
use crate::{Clock, DaysError, PlaceError, Rules};

#[test]
fn a_stretch_over_midnight_ends_before_its_second_time() {
    let rules = rules(vec![to_me(hours("22:00-06:00"))]);
    for (time, expected) in [("21:59", false), ("22:00", true), ("05:59", true), ("06:00", false)] {
        let time = format!("2026-03-01T{time}:00Z");
        assert_eq!(is_heard(&rules, &time, &Before::default()), expected, "{time}");
    }
}

#[test]
fn without_a_place_the_sun_rises_at_six_and_sets_at_eighteen() {
    let rules = rules(vec![to_me(hours("sunrise-sunset"))]);
    for (time, expected) in [("05:59", false), ("06:00", true), ("17:59", true), ("18:00", false)] {
        let time = format!("2026-03-01T{time}:00Z");
        assert_eq!(is_heard(&rules, &time, &Before::default()), expected, "{time}");
    }
}

#[test]
fn only_what_moves_with_the_sun_needs_a_place() {
    for (between, expected) in [
        ("22:00-06:00", false),
        ("sunset-06:00", true),
        ("22:00-sunrise", true),
        ("sunset-sunrise", true),
    ] {
        assert_eq!(between.parse::<Between>().unwrap().needs_place(), expected, "{between}");
    }
}

#[test]
fn a_fault_in_the_configuration_shows_what_to_write() {
    for (error, example) in [
        (BetweenError::Form.to_string(), "22:00-06:00"),
        (BetweenError::Empty.to_string(), "00:00-24:00"),
        (DaysError.to_string(), "mon-fri"),
        (PlaceError.to_string(), "52.52, 13.40"),
    ] {
        assert!(error.contains(example), "{error}");
    }
}

#[test]
fn the_time_of_day_is_that_of_the_zone_also_when_clocks_change() {
    let clock = Clock { zone: central(), place: None };
    let rules = Rules { clock, ..rules(vec![to_me(hours("02:00-03:00"))]) };
    let heard = |time: &str| is_heard(&rules, time, &Before::default());
    // Winter: 02:30 is 01:30 UTC; summer: 00:30 UTC.
    assert!(heard("2026-01-10T01:30:00Z") && !heard("2026-01-10T00:30:00Z"));
    assert!(heard("2026-07-10T00:30:00Z") && !heard("2026-07-10T01:30:00Z"));
    // On 29 March the hour from 02:00 does not exist, on 25 October it comes twice.
    assert!(!heard("2026-03-29T00:59:00Z") && !heard("2026-03-29T01:00:00Z"));
    assert!(heard("2026-10-25T00:30:00Z") && heard("2026-10-25T01:30:00Z"));
}

#[test]
fn the_night_is_as_long_as_the_sun_is_down() {
    let berlin = Clock { zone: central(), place: Some("52.52, 13.40".parse().unwrap()) };
    let heard = |clock: &Clock, between: &str, time: &str| {
        let rules = Rules { clock: clock.clone(), ..rules(vec![to_me(hours(between))]) };
        is_heard(&rules, time, &Before::default())
    };
    for (between, time, expected) in [
        // The sun sets at 15:54 in December and at 21:33 in June, in local time.
        ("sunset-sunrise", "2026-12-21T15:10:00Z", true),
        ("sunset-sunrise", "2026-12-21T14:30:00Z", false),
        ("sunset-sunrise", "2026-06-21T19:00:00Z", false),
        ("sunset-sunrise", "2026-06-21T20:00:00Z", true),
        ("sunset-sunrise", "2026-06-22T02:30:00Z", true),
        ("sunset-sunrise", "2026-06-22T03:00:00Z", false),
        ("sunset+1:00-sunrise-1:00", "2026-06-21T20:00:00Z", false),
        ("sunset+1:00-sunrise-1:00", "2026-06-22T02:30:00Z", false),
        ("sunrise-12:00", "2026-12-21T07:30:00Z", true),
        ("sunrise-12:00", "2026-12-21T07:00:00Z", false),
    ] {
        assert_eq!(heard(&berlin, between, time), expected, "{between} {time}");
    }
    let tromso = Clock { zone: central(), place: Some("69.65, 18.96".parse().unwrap()) };
    for (between, time, expected) in [
        ("sunset-sunrise", "2026-06-21T23:00:00Z", false),
        ("sunrise-sunset", "2026-06-21T23:00:00Z", true),
        ("sunset-sunrise", "2026-12-21T11:00:00Z", true),
        ("sunrise-sunset", "2026-12-21T11:00:00Z", false),
        ("sunset-23:00", "2026-12-21T13:00:00Z", true),
        ("sunset-23:00", "2026-12-21T22:30:00Z", false),
        ("sunset-23:00", "2026-06-21T20:30:00Z", false),
        ("sunset-23:00", "2026-12-21T10:00:00Z", false),
        ("sunrise-08:00", "2026-06-21T05:00:00Z", true),
        ("sunrise-08:00", "2026-06-21T07:00:00Z", false),
        ("sunrise-08:00", "2026-12-21T06:00:00Z", false),
        ("20:00-sunset", "2026-06-21T19:00:00Z", true),
        ("20:00-sunset", "2026-06-21T17:00:00Z", false),
        ("20:00-sunset", "2026-12-21T20:00:00Z", false),
        ("22:00-sunrise", "2026-12-21T05:00:00Z", true),
        ("22:00-sunrise", "2026-06-21T21:00:00Z", false),
    ] {
        assert_eq!(heard(&tromso, between, time), expected, "{between} {time}");
    }
}

#[test]
fn stretches_of_the_day_are_read_and_written() {
    for (text, written) in [
        (" 7:30 - 8:05 ", "07:30-08:05"),
        ("00:00-24:00", "00:00-24:00"),
        ("sunset-sunrise", "sunset-sunrise"),
        ("sunset-1:00-sunrise+0:30", "sunset-1:00-sunrise+0:30"),
        ("sunset - 1:00 - 6:00", "sunset-1:00-06:00"),
        ("22:00-sunrise-0:05", "22:00-sunrise-0:05"),
        ("sunset-6:00", "sunset-06:00"),
    ] {
        assert_eq!(text.parse::<Between>().unwrap().to_string(), written, "{text}");
    }
    for wrong in [
        "",
        "22:00",
        "22-06",
        "25:00-06:00",
        "24:00-06:00",
        "22:60-06:00",
        "a:b-c:d",
        "+1:00-2:00",
        "24:01-1:00",
        "sunset",
        "sunset+13:00-sunrise",
        "6:00+1:00-8:00",
        "noon-sunset",
    ] {
        assert_eq!(wrong.parse::<Between>(), Err(BetweenError::Form), "{wrong}");
    }
    for empty in ["06:00-06:00", "sunset-sunset"] {
        assert_eq!(empty.parse::<Between>(), Err(BetweenError::Empty), "{empty}");
    }
}

proptest! {
    #[test]
    fn a_written_stretch_reads_the_same(start in 0_u16..1440, end in 0_u16..=1440) {
        let text = format!("{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60);
        match text.parse::<Between>() {
            Ok(between) => prop_assert_eq!(between.to_string(), text),
            Err(error) => prop_assert!(start == end && error == BetweenError::Empty, "{text}: {error}"),
        }
    }

    #[test]
    fn anything_is_read_or_refused(text in ".{0,20}") {
        let _ = text.parse::<Between>();
    }
}
