//! Every language has every text, with the same arguments, and the program uses them all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;

/// The files of a language, by its place in [`Language::ALL`].
fn files(language: usize) -> Vec<&'static str> {
    let pages = COLLECTIONS.iter().flat_map(|it| it.files[language]);
    pages.chain(SET_UP_FILES[language]).copied().collect()
}

/// The keys of a language, each with the names of its arguments.
fn keys(files: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys = BTreeMap::new();
    for file in files {
        let mut key = String::new();
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            let begins = line.starts_with(|letter: char| letter.is_ascii_lowercase());
            if let Some((name, _)) = line.split_once(" =").filter(|_| begins) {
                name.clone_into(&mut key);
                let is_new = keys.insert(key.clone(), BTreeSet::new()).is_none();
                assert!(is_new, "{key} is there twice");
            }
            let names = line
                .split('$')
                .skip(1)
                .map(|rest| rest.chars().take_while(char::is_ascii_lowercase).collect::<String>());
            if let Some(arguments) = keys.get_mut(&key) {
                arguments.extend(names);
            }
        }
    }
    keys
}

#[test]
fn every_language_has_every_text_with_the_same_arguments() {
    assert_eq!(Language::ALL[ENGLISH], Language::English);
    let english = keys(&files(ENGLISH));
    assert!(english.len() > 50);
    for (at, language) in Language::ALL.iter().enumerate() {
        let own = keys(&files(at));
        for (key, arguments) in &english {
            assert_eq!(own.get(key), Some(arguments), "{language:?}: {key}");
        }
        assert_eq!(own.len(), english.len(), "{language:?} has texts that English lacks");
        for (key, arguments) in &own {
            for number in [0, 1, 2, 5, 21] {
                let value = |name: &String| match name.as_str() {
                    "count" => Argument::Number(number),
                    _ => Argument::Words("…"),
                };
                let values: Vec<(&str, Argument<'_>)> =
                    arguments.iter().map(|name| (name.as_str(), value(name))).collect();
                let text = format(*language, key, &values).unwrap();
                assert!(!text.is_empty() && !text.contains('{'), "{language:?}: {key}: {text}");
                assert_eq!(text.trim(), text, "{language:?}: {key}");
            }
        }
    }
}

#[test]
fn a_decimal_number_has_the_mark_of_its_language() {
    for (language, expected) in [
        (Language::English, ["0.0", "1.4", "1234.5"]),
        (Language::Chinese, ["0.0", "1.4", "1234.5"]),
        (Language::German, ["0,0", "1,4", "1234,5"]),
        (Language::French, ["0,0", "1,4", "1234,5"]),
    ] {
        let texts = Texts::of(language);
        assert_eq!([0, 14, 12_345].map(|tenths| texts.tenths(tenths)), expected);
    }
}

#[test]
fn every_file_is_parsed_without_a_fault() {
    for file in (0..LANGUAGES).flat_map(files) {
        let resource = FluentResource::try_new((*file).to_owned());
        assert!(resource.is_ok(), "{:?}", resource.err().map(|(_, faults)| faults));
    }
}

/// The Rust sources, templates and scripts of all crates.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|it| it == "rs" || it == "html" || it == "js") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The sources of all crates.
fn all_sources() -> String {
    let mut source = String::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap() {
        for folder in ["src", "templates", "assets"] {
            let folder = entry.as_ref().unwrap().path().join(folder);
            if folder.is_dir() {
                sources(&folder, &mut source);
            }
        }
    }
    source
}

#[test]
fn every_text_is_used_and_every_used_text_exists() {
    let source = all_sources();
    let english = keys(&files(ENGLISH));
    let computed = ["event-", "month-", "suppressed-", "weekday-"];
    let quoted: BTreeSet<&str> = source.split('"').collect();
    for key in english.keys().filter(|key| !computed.iter().any(|it| key.starts_with(it))) {
        assert!(quoted.contains(key.as_str()), "{key} is not used");
    }
    let begins: BTreeSet<&str> = english.keys().filter_map(|key| key.split('-').next()).collect();
    for call in ["text(\"", ".count(\"", ".with(\"", "not_found(\""] {
        for rest in source.split(call).skip(1) {
            let key = rest.split('"').next().unwrap();
            let is_key = key.split_once('-').is_some_and(|(begin, _)| begins.contains(begin));
            assert!(!is_key || english.contains_key(key), "{key} is not in texts/en");
        }
    }
}

/// The tags of a text, sorted.
fn tags(text: &str) -> Vec<&str> {
    let parts = text.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
    let mut tags: Vec<&str> = parts.map(|(tag, _)| tag).collect();
    tags.sort_unstable();
    tags
}

#[test]
fn a_text_has_the_same_tags_in_every_language_and_is_written_as_html() {
    let source = all_sources();
    // Each call up to the end of its expression, by its key.
    let mut calls: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, rest) in source.split("text(\"").skip(1).filter_map(|it| it.split_once("\")")) {
        let expression = rest.split(['}', ';', '%']).next().unwrap();
        calls.entry(key).or_default().push(expression);
    }
    for key in keys(&files(ENGLISH)).keys() {
        let english = Texts::of(Language::English).text(key);
        for language in Language::ALL {
            let own = Texts::of(*language).text(key);
            assert_eq!(tags(&own), tags(&english), "{language:?}: {key}");
        }
        for expression in calls.get(key.as_str()).into_iter().flatten() {
            let is_html = expression.contains(".html()");
            assert_eq!(is_html, english.contains('<'), "{key}: {expression}");
        }
    }
}

#[test]
fn every_file_of_a_language_is_part_of_the_program() {
    for (at, language) in Language::ALL.iter().enumerate() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("texts").join(language.as_str());
        let mut listed: BTreeSet<&str> = files(at).into_iter().collect();
        listed.extend(sentences::FILES[at]);
        let entries: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
        assert_eq!(entries.len(), listed.len(), "{language:?}");
        for entry in entries {
            let path = entry.unwrap().path();
            let content = std::fs::read_to_string(&path).unwrap();
            assert!(listed.contains(content.as_str()), "{} is not listed", path.display());
        }
    }
}

#[test]
fn events_and_days_have_names() {
    for language in Language::ALL {
        let texts = Texts::of(*language);
        for event in Event::ALL {
            assert_eq!(texts.event(*event).is_none(), *event == Event::Other, "{event:?}");
            assert!(texts.event(*event).is_none_or(|name| !name.starts_with("event-")));
        }
        for month in 1..=12 {
            let day = texts.short_day(4, month);
            assert!(day.contains('4') && !day.contains("month"), "{day}");
        }
        for weekday in 1..=7 {
            assert!(!texts.weekday(weekday).starts_with("weekday"));
        }
    }
    let english = Texts::of(Language::English);
    for event in Event::ALL {
        assert_eq!(english.event(*event).as_deref(), event.title(), "rules and programs use it");
    }
    assert_eq!(Texts::of(Language::German).event_inside(Event::Vehicle).unwrap(), "Fahrzeug");
    assert_eq!(english.event_inside(Event::Line).unwrap(), "line crossed");
    assert_eq!(english.short_day(24, 11), "24 Nov");
}

#[test]
fn a_file_of_sentences_is_read_as_gettext_writes_it() {
    let file = "# About it.\nmsgid \"\"\nmsgstr \"\"\n\"Language: de\\n\"\n\n#: a.rs\nmsgid \"Say \\\"it\\\".\"\n\
        msgstr \"Sagen \"\n\"Sie \\\\ es.\"\n\nmsgid \"b\"\nmsgstr \"B\\nb\"\n";
    let pairs = sentences::pairs(file);
    let expected = [("Say \"it\".", "Sagen Sie \\ es."), ("b", "B\nb")];
    assert_eq!(pairs, expected.map(|(english, own)| (english.to_owned(), own.to_owned())));
}

#[test]
fn a_sentence_without_a_translation_is_english() {
    for language in Language::ALL {
        assert_eq!(Texts::of(*language).sentence("Nobody wrote this."), "Nobody wrote this.");
    }
    assert_eq!(Texts::of(Language::English).sentences().count(), 0);
}

/// What a text shows as code.
fn codes(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The names of a sentence's values.
fn values(sentence: &str) -> BTreeSet<String> {
    let name = |part| match part {
        messages::Part::Value { name, .. } => Some(name),
        messages::Part::Words(_) => None,
    };
    messages::parts(sentence).into_iter().filter_map(name).collect()
}

#[test]
fn a_message_is_translated_with_its_values() {
    let german = |english: &str| Texts::of(Language::German).message(english);
    let refused = "It tried to log in as \"{user}\"; no device has this user. Correct it in the device, or add it to the configuration.";
    for user in ["cam7", "", "a. b", "{user}", "\"; no device has this user.", "Webhook 1"] {
        let own = german(&refused.replace("{user}", user)).unwrap();
        assert!(
            own.starts_with(&format!("Das Gerät wollte sich als „{user}“ anmelden; ")),
            "{own}"
        );
    }
    // Several sentences, the last of which stand for themselves, and a value that is translated itself.
    let three = "It sends mail to port 21, which is the port for uploads (FTP). Tipoff received it all the same. \
        Set the port to 2525 in the device, on its page for mail (SMTP).";
    assert_eq!(
        german(three).unwrap(),
        "Das Gerät sendet E-Mails an Port 21; das ist der Port für Uploads (FTP). Tipoff hat es trotzdem empfangen. \
         Stellen Sie im Gerät den Port auf 2525, auf seiner Seite für E-Mail (SMTP)."
    );
    let chinese = Texts::of(Language::Chinese).message(three).unwrap();
    assert!(chinese.contains("上传（FTP）。Tipoff 仍然接收了它。请在"), "{chinese}");
    assert_eq!(
        german("The camera refused a change: it answers 503").unwrap(),
        "Die Kamera hat eine Änderung abgelehnt: sie antwortet mit 503"
    );
    assert_eq!(
        german("The camera refused a change: Invalid Operation").unwrap(),
        "Die Kamera hat eine Änderung abgelehnt: Invalid Operation"
    );
    // What nobody translated, and what a device added.
    assert_eq!(german("Nobody wrote this."), None);
    assert_eq!(german("Tipoff received it all the same. Nobody wrote this."), None);
    assert_eq!(german(&"Tipoff received it all the same. ".repeat(40)), None);
    assert_eq!(german(""), None);
    assert_eq!(Texts::of(Language::English).message("Tipoff received it all the same."), None);
}

#[test]
fn braces_around_other_things_than_names_are_words() {
    for sentence in ["mqtt = { topic = \"a\" }", "{\"CAM\":1}", "{}", "a {", "{0}", "{A}", "}{"] {
        assert_eq!(messages::parts(sentence), [messages::Part::Words(sentence.to_owned())]);
    }
    let value =
        |name: &str, is_message| messages::Part::Value { name: name.to_owned(), is_message };
    assert_eq!(messages::parts("{a}"), [value("a", false)]);
    let words = messages::Part::Words(" { ".to_owned());
    assert_eq!(messages::parts("{a_b} { {-c}"), [value("a_b", false), words, value("c", true)]);
}

#[test]
fn a_sentence_is_translated_once_into_every_language_with_the_same_code() {
    let all: Vec<String> = Texts::of(Language::German).sentences().collect();
    let all: BTreeSet<&str> = all.iter().map(String::as_str).collect();
    for (at, language) in Language::ALL.iter().enumerate().filter(|(at, _)| *at != ENGLISH) {
        let pairs: Vec<_> =
            sentences::FILES[at].iter().flat_map(|it| sentences::pairs(it)).collect();
        let own: BTreeSet<&str> = pairs.iter().map(|(english, _)| english.as_str()).collect();
        assert_eq!(own.symmetric_difference(&all).collect::<Vec<_>>(), [] as [&&str; 0]);
        assert_eq!(pairs.len(), own.len(), "{language:?} has a sentence twice");
        for (english, translation) in &pairs {
            assert_eq!(codes(translation), codes(english), "{language:?}: {english}");
            assert_eq!(values(translation), values(english), "{language:?}: {english}");
            assert_eq!(translation.trim(), translation, "{language:?}: {english}");
            assert!(!translation.is_empty(), "{language:?}: {english}");
        }
    }
}
