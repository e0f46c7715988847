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

/// The segments of a phrase, parted by `|`; a word of a name in `(…)`, a gap `_`, a tag behind `#`.
fn parted(text: &str, names: bool) -> String {
    let word = |word: &phrase::Word| {
        let text = if word.text == phrase::GAP { "_" } else { word.text.as_str() };
        if word.named { format!("({text})") } else { text.to_owned() }
    };
    let segment = |segment: &Segment| {
        let words: Vec<String> = segment.words.iter().map(word).collect();
        format!("{}{}", if segment.tag { "#" } else { "" }, words.join(" "))
    };
    phrase::segments(text, names).iter().map(segment).collect::<Vec<_>>().join(" | ")
}

#[test]
fn a_phrase_is_parted_at_marks_between_words_and_not_at_those_within() {
    for (text, expected) in [
        ("Motion: yard", "motion | yard"),
        ("a:b", "a | b"),
        ("10:27", "10 27"),
        ("Channel 1: motion", "channel 1 | motion"),
        ("a - b", "a | b"),
        ("a-b", "a b"),
        ("a -b", "a b"),
        ("a. b", "a | b"),
        ("a.b", "a b"),
        ("1. b", "1 b"),
        ("a/b", "a b"),
        ("a /b", "a | b"),
        ("a (b) c", "a | b | c"),
        ("a, b", "a , b"),
        ("1,5", "1 5"),
        ("[Motion] yard", "#motion | yard"),
        ("e\u{301}te", "ete"),
    ] {
        assert_eq!(parted(text, false), expected, "{text}");
    }
}

#[test]
fn a_count_of_zero_belongs_to_what_is_counted() {
    for (text, expected) in [
        ("errors: 0", "errors 0"),
        ("errors: 0, b", "errors 0 , b"),
        ("errors: 05", "errors | 05"),
        ("errors: 0.5", "errors | 0 5"),
        ("a: b", "a | b"),
        ("a; 0", "a | 0"),
    ] {
        assert_eq!(parted(text, false), expected, "{text}");
    }
}

#[test]
fn what_stands_in_quotes_is_a_name_and_an_apostrophe_is_no_quote() {
    for quoted in [
        "\"b c\"",
        "“b c”",
        "“b c\"",
        "„b c“",
        "‚b c‘",
        "«b c»",
        "»b c«",
        "‘b c’",
        "`b c'",
        "'b c'",
        "「b」",
        "『b』",
        "《b》",
        "<b c>",
    ] {
        assert_eq!(parted(&format!("a {quoted} d"), false), "a (_) d", "{quoted}");
    }
    for (text, expected) in [
        ("a \"b\"d", "a (_) d"),
        ("ab\"c\"", "ab (_)"),
        ("a 'don't go' b", "a (_) b"),
        ("dogs' and cats' room", "dogs and cats room"),
        ("a \" b", "a b"),
    ] {
        assert_eq!(parted(text, false), expected, "{text}");
    }
}

#[test]
fn an_address_is_a_name() {
    for (text, expected) in [
        ("a@b.c d", "(_) d"),
        ("(a@b.c) d", "(_) | d"),
        ("at http://x/y d", "at (_) d"),
        ("a@-b c", "a b c"),
        ("@a@b.c", "a b c"),
    ] {
        assert_eq!(parted(text, false), expected, "{text}");
    }
}

#[test]
fn a_name_goes_from_its_preposition_to_the_next_mark() {
    for (text, expected) in [
        ("motion on gate left: b", "motion on (gate) (left) | b"),
        ("motion @ yard", "motion @ (yard)"),
        ("at home, motion", "at (home) , motion"),
        ("at least one", "at least one"),
        ("on gate all x", "on (gate) (all) (x)"),
    ] {
        assert_eq!(parted(text, true), expected, "{text}");
    }
    assert_eq!(parted("motion on gate", false), "motion on gate");
}

#[test]
fn words_are_compared_without_accents_and_width() {
    for (text, expected) in [
        ("École Straße Łódź", "ecole strasse lodz"),
        ("ＭＯＴＩＯＮ", "motion"),
        ("à Paris", "à paris"),
        ("voilà", "voila"),
        ("àb", "ab"),
    ] {
        assert_eq!(parted(text, false), expected, "{text}");
    }
    assert_eq!(words("A, \"b\" c"), ["a", "c"]);
}

#[test]
fn a_star_stands_for_at_least_one_letter_before_an_end() {
    use word_set::fits;
    assert!(fits("*fehler", "netzfehler") && !fits("*fehler", "fehler"));
    assert!(fits("bewegung*", "bewegung") && fits("bewegung*", "bewegungen"));
    assert!(fits("motion", "motion") && !fits("motion", "motions"));
}

#[test]
fn a_number_has_digits_and_at_most_a_letter_or_a_small_word() {
    for (word, expected) in [
        ("2", true),
        ("a1", true),
        ("camera1", true),
        ("x", false),
        ("camera", false),
        ("yard1", false),
    ] {
        assert_eq!(small_words::is_number(word), expected, "{word}");
    }
}

#[test]
fn names_hold_events_only_where_they_are_said_to_have_happened() {
    check(
        "other Mail from Person
        other Mail from Dog alarm
        other Mail from garage disk error
        other Mail from 移动侦测
        vehicle Car detected
        person 移动侦测人形
        motion 人物で動体検知
        motion 来自人形的移动侦测
        motion End of street motion
        motion Motion alarm: cleared yard
        other Garden: cleared
        end Alarm: cleared
        end 网络已恢复
        end Motion detection has finished
        end Alarm stop, Garage
        end Alarm stop on Garage
        end End of person",
    );
}
