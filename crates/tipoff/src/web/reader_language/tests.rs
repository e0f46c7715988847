//! Pages write texts in the reader's language, and templates have no words of their own.

use std::collections::BTreeSet;
use std::path::Path;

use tipoff_vendors::guide::{self, FieldEntry};

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
fn a_message_is_translated_and_is_marked_as_english_where_it_is_not() {
    let known = "The disk of this machine is full: make room, or keep less (`[retention]`).";
    let lang = |it: &Message| it.lang().0;
    let english = message("Of an older version.");
    assert_eq!((english.to_string().as_str(), lang(&english)), ("Of an older version.", ""));
    read_in(Language::German, || {
        let full = message(known);
        assert!(
            full.to_string().starts_with("Der Datenträger dieses Rechners ist voll: "),
            "{full}"
        );
        assert_eq!(lang(&full), "");
        let older = message("Of an older version");
        assert_eq!(
            (older.with_end().to_string().as_str(), lang(&message("x"))),
            ("Of an older version.", " lang=\"en\"")
        );
        assert_eq!(lang(&full.clone().and(message("x"))), "");
        assert_eq!(message("not used").with_end().to_string(), "nicht benutzt.");
    });
    read_in(Language::Chinese, || {
        let both = message("not used").with_end().and(message(known)).to_string();
        assert!(both.starts_with("未使用。这台机器的磁盘已满："), "{both}");
    });
}

#[test]
fn scripts_get_their_texts_with_the_places_of_arguments() {
    let texts: serde_json::Value = read_in(Language::French, of_scripts).parse().unwrap();
    assert_eq!(texts["script-download"], "Télécharger {$name}");
    assert!(texts.as_object().unwrap().keys().all(|key| key.starts_with("script-")));
}

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
        if !name.ends_with(".html") {
            continue;
        }
        let words = words(&std::fs::read_to_string(&path).unwrap());
        if !words.is_empty() {
            found.push(format!("{name}: {words:?}"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The guides' notes, and what they name in our words. Names of menus and fields are the devices' own.
fn of_guides() -> impl Iterator<Item = String> {
    let guides = guide::vendor_guides().into_iter().map(|it| it.guide).chain([&guide::OTHER]);
    let sentences = guides.flat_map(|guide| {
        let pages = [&guide.mail, &guide.ftp, &guide.alarm].into_iter().flatten();
        let of_pages = pages.flat_map(|page| {
            let words = page.fields.iter().filter_map(|field| match field.entry {
                FieldEntry::Words(words) => Some(words),
                FieldEntry::Choice(_) | FieldEntry::Value(_) => None,
            });
            words.chain(page.notes.iter().copied())
        });
        of_pages.chain(guide.notes.iter().copied())
    });
    // `URL` is the same in every language.
    let labels = guide::usual_labels().filter(|it| *it != it.to_uppercase());
    sentences.chain(labels).map(str::to_owned)
}

/// The sources whose strings of several words are messages, from the folder of all crates.
const MESSAGES: &[&str] = &[
    "camera/src/error.rs",
    "tipoff/src/cameras/pull/device.rs",
    "tipoff/src/cameras/pull/error.rs",
    "tipoff/src/cameras/pull/onvif.rs",
    "tipoff/src/cameras/pull/questions.rs",
    "tipoff/src/cameras/setup.rs",
    "tipoff/src/net/tls_fault.rs",
    "tipoff/src/receive/transcript/advice.rs",
    "tipoff/src/receive/transcript/command_refusal.rs",
    "tipoff/src/receive/transcript/problem.rs",
    "tipoff/src/receive/wrong_port.rs",
    "vendors/src/setup.rs",
    "vendors/src/setup/dahua.rs",
    "vendors/src/setup/hikvision.rs",
    "vendors/src/setup/hikvision/documents.rs",
    "vendors/src/setup/reolink.rs",
    "vendors/src/setup/session.rs",
];

/// Messages of one word.
const SHORT: &[&str] = &["intrusion", "motion", "none", "off", "on", "tampering"];

/// Strings of these sources that pages show in other words or not at all: what joins messages, lines of transcripts, and what
/// cameras say.
const NOT_SHOWN: &[&str] = &[
    "Embedded Net DVR",
    "GET {target} ({about})",
    "IP Camera(",
    "IP Dome(",
    "Login to ",
    "Tipoff ends the connection.",
    "Tipoff ends the subscription.",
    "address: {0}",
    "no type",
    "several cameras are being set up: try again in a minute",
    "the camera's settings have changed meanwhile: look at the changes again",
    "{:?} {changes:?} {goal:?}",
    "{fact} {RECEIVED} {advice}",
    "{fact} {advice}",
    "{waited} {right}",
];

/// The strings of a source as the program has them, without its tests and comments.
fn strings(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n");
    let (mut strings, mut letters) = (Vec::new(), code.chars().peekable());
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        if letter != '"' || before == '\'' {
            before = letter;
            continue;
        }
        let mut string = String::new();
        while let Some(letter) = letters.next().filter(|it| *it != '"') {
            match letter {
                '\\' => match letters.next() {
                    // A line that goes on, and its indentation.
                    Some('\n') => while letters.next_if(|it| it.is_whitespace()).is_some() {},
                    escaped => string.extend(escaped),
                },
                letter => string.push(letter),
            }
        }
        before = '"';
        strings.push(string);
    }
    strings
}

/// The messages of [`MESSAGES`].
fn messages() -> impl Iterator<Item = String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    MESSAGES.iter().flat_map(move |file| {
        // Its other strings are details for logs.
        let are_hints = file.ends_with("tls_fault.rs");
        let is_message = move |it: &String| {
            let is_hint = it.starts_with(char::is_uppercase);
            it.trim().contains(' ') && !it.starts_with('<') && (is_hint || !are_hints)
        };
        let found = strings(&std::fs::read_to_string(crates.join(file)).unwrap());
        found.into_iter().filter(is_message).collect::<Vec<_>>()
    })
}

#[test]
fn every_sentence_that_stands_in_the_program_is_translated_and_no_other() {
    let short = SHORT.iter().map(|it| (*it).to_owned());
    let mut expected: BTreeSet<String> =
        channel_fields::sentences().chain(of_guides()).chain(messages()).chain(short).collect();
    assert!(NOT_SHOWN.iter().all(|it| expected.remove(*it)), "an exception is not there any more");
    for language in Language::ALL.iter().filter(|it| **it != Language::English) {
        let own: BTreeSet<String> = Texts::of(*language).sentences().collect();
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
