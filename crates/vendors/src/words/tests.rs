//! What subjects say. A row of a file in `subjects` is an event and a subject; each file begins with where its
//! subjects come from.

use super::*;

fn check(rows: &str) {
    let mut wrong = Vec::new();
    for row in rows.lines().map(str::trim).filter(|row| !row.starts_with('#')) {
        let (expected, text) = row.split_once(' ').unwrap();
        let found = subject(text.trim()).unwrap_or_default();
        if found.as_str() != expected {
            wrong.push(format!("{} instead of {expected}: {}", found.as_str(), text.trim()));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_fault_is_no_test_and_a_self_test_is_none_either() {
    check(include_str!("subjects/self-tests.txt"));
}

#[test]
fn a_test_is_a_whole_phrase() {
    check(include_str!("subjects/tests.txt"));
}

#[test]
fn names_of_cameras_make_no_event() {
    check(include_str!("subjects/names.txt"));
}

#[test]
fn an_end_needs_what_has_ended() {
    check(include_str!("subjects/ends.txt"));
}

#[test]
fn a_fault_needs_more_than_a_disk() {
    check(include_str!("subjects/faults.txt"));
}

#[test]
fn motion_is_read_in_all_languages() {
    check(include_str!("subjects/motion.txt"));
}

#[test]
fn persons_vehicles_and_animals_are_read_in_all_languages() {
    check(include_str!("subjects/persons-vehicles-animals.txt"));
}

#[test]
fn bells_lines_zones_and_the_rest_are_read_in_all_languages() {
    check(include_str!("subjects/other-events.txt"));
}

#[test]
fn other_mails_are_no_event() {
    check(include_str!("subjects/no-event.txt"));
}

#[test]
fn every_line_of_the_vocabulary_is_understood() {
    for line in vocabulary::lines() {
        let (_, _, words) = vocabulary::entry(line).unwrap_or_else(|| panic!("{line}"));
        let has_stray = words.split(',').any(|it| it.trim().is_empty() || it.trim().contains("  "));
        let is_folded = phrase::segments(&words.replace('*', "").replace(',', " "), false)
            .iter()
            .flat_map(|segment| &segment.words)
            .all(|word| words.contains(&word.text));
        assert!(!has_stray && is_folded, "{line}");
    }
}

#[test]
fn anything_may_stand_in_a_subject() {
    for text in [
        "", " ", ":", "\"", "\"\"", "''", "'", "[", "]", "[]", "@", "a@b", "-", " - ", "、", "で",
        "来自",
    ] {
        assert_eq!(subject(text), None, "{text}");
        assert_eq!(field(text), None, "{text}");
    }
}
