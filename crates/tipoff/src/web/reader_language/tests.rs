//! Pages write texts in the reader's language, and templates have no words of their own.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::channel_fields;
use super::*;

/// Runs in a request whose reader has this language.
pub(in super::super) fn read_in<T>(language: Language, part: impl FnOnce() -> T) -> T {
    LANGUAGE.sync_scope(language, part)
}

#[test]
fn a_text_is_in_the_readers_language_and_english_without_a_reader() {
    assert_eq!(text("layout-password").to_string(), "Password");
    read_in(Language::German, || {
        assert_eq!(text("layout-password").to_string(), "Passwort");
        assert_eq!(text("ago-minutes").count(5_u64).to_string(), "vor 5 min");
        assert_eq!(code(), "de");
    });
}

#[test]
fn words_in_a_text_with_tags_are_escaped() {
    let written = text("layout-reached-host").words("host", "<b>&\"").html().to_string();
    assert_eq!(written, "It reached <strong>&#60;b&#62;&#38;&#34;</strong>.");
}

#[test]
fn scripts_get_their_texts_with_the_places_of_arguments() {
    let texts: serde_json::Value = read_in(Language::French, of_scripts).parse().unwrap();
    assert_eq!(texts["script-download"], "Télécharger {$name}");
    assert!(texts.as_object().unwrap().keys().all(|key| key.starts_with("script-")));
}

/// Templates whose words are not in the texts yet.
const LATER: &[&str] = &[];

/// Names and signs that are the same in every language.
const NAMES: &[&str] = &["Tipoff", "Telegram", "FTP", "SMTP", "HTTP", "QR", "TLS"];

/// Attributes that people read.
const READ: &[&str] = &[
    "abbr",
    "alt",
    "aria-label",
    "data-busy",
    "data-confirm",
    "data-done",
    "data-off",
    "data-on",
    "placeholder",
    "title",
];

/// The template without what stands between these marks.
fn without(template: &str, begin: &str, end: &str) -> String {
    let mut parts = template.split(begin);
    let mut left = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        left.push_str(part.split_once(end).map_or("", |(_, rest)| rest));
    }
    left
}

/// The words that a reader would see of a template itself.
fn words(template: &str) -> Vec<String> {
    // The attributes of the page's main element.
    let mut text = without(template, "{% block root %}", "{% endblock %}");
    for (begin, end) in
        [("{#", "#}"), ("{%", "%}"), ("{{", "}}"), ("<code", "</code>"), ("<pre", "</pre>")]
    {
        text = without(&text, begin, end);
    }
    let mut read = Vec::new();
    for tag in text.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        for name in READ {
            let value = tag.split(&format!(" {name}=\"")).nth(1);
            read.extend(value.and_then(|value| value.split('"').next()).map(str::to_owned));
        }
    }
    read.push(without(&text, "<", ">"));
    let words = read.iter().flat_map(|text| text.split(|letter: char| !letter.is_alphabetic()));
    let words = words.filter(|word| word.chars().count() > 1 && !NAMES.contains(word));
    words.map(str::to_owned).collect()
}

#[test]
fn templates_have_no_words_of_their_own() {
    assert_eq!(
        words("<a title=\"To it\" href=\"x\">{{ it }} <code>a b</code> words</a>"),
        ["To", "it", "words"]
    );
    let mut found = Vec::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")).unwrap()
    {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".html") || LATER.contains(&name.as_str()) {
            continue;
        }
        let words = words(&std::fs::read_to_string(&path).unwrap());
        if !words.is_empty() {
            found.push(format!("{name}: {words:?}"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_sentence_that_stands_in_the_program_is_translated_and_no_other() {
    let expected: BTreeSet<String> = channel_fields::sentences().collect();
    for language in Language::ALL.iter().filter(|it| **it != Language::English) {
        let own: BTreeSet<String> = Texts::of(*language).sentences().map(str::to_owned).collect();
        let without: Vec<_> = expected.difference(&own).collect();
        assert!(without.is_empty(), "{language:?} lacks {without:#?}");
        let unused: Vec<_> = own.difference(&expected).collect();
        assert!(unused.is_empty(), "{language:?}: {unused:#?}");
    }
}

#[test]
fn code_between_backticks_is_marked_and_everything_is_escaped() {
    for (sentence, html) in [
        ("a `b<c` d", "a <code>b&#60;c</code> d"),
        ("`a` <b> `c`", "<code>a</code> &#60;b&#62; <code>c</code>"),
        ("no end `here", "no end `here"),
        ("nothing", "nothing"),
        ("", ""),
    ] {
        assert_eq!(super::with_code(sentence).0, html);
    }
}
