//! The texts that people read, in every language: alerts, pages, and the set-up on the command line.
//!
//! A text has a key, and stands under it in `texts/LANGUAGE/*.ftl` (Fluent, projectfluent.org). English has every text;
//! tests fail if another language lacks one, or uses other arguments. Sentences whose English stands where it is used, such as
//! the descriptions of settings, are in `texts/LANGUAGE/*.po` ([`Texts::sentence`]). No I/O: the files are part of the program, and a
//! language is parsed when it is used for the first time. Never holds what a device said.

use std::fmt;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use tipoff_model::{Event, Language};
use unic_langid::LanguageIdentifier;

mod messages;
mod sentences;
#[cfg(test)]
mod tests;

/// The files with these names, of one language or of each, in the order of [`Language::ALL`].
macro_rules! files {
    ($language:literal: $($name:literal),+) => {
        &[$(include_str!(concat!("../texts/", $language, "/", $name, ".ftl"))),+]
    };
    ($($name:literal),+) => {
        [
            files!("de": $($name),+),
            files!("en": $($name),+),
            files!("es": $($name),+),
            files!("fr": $($name),+),
            files!("nl": $($name),+),
            files!("zh": $($name),+),
        ]
    };
}

/// The place of English in [`Language::ALL`].
const ENGLISH: usize = 1;
/// Number of languages.
const LANGUAGES: usize = Language::ALL.len();

/// Texts that are parsed together, in every language.
struct Collection {
    files: [&'static [&'static str]; LANGUAGES],
    /// The parsed texts of each language.
    bundles: [OnceLock<FluentBundle<FluentResource>>; LANGUAGES],
}

impl Collection {
    const fn new(files: [&'static [&'static str]; LANGUAGES]) -> Self {
        Self { files, bundles: [const { OnceLock::new() }; LANGUAGES] }
    }

    /// The parsed texts of a language.
    fn bundle(&self, language: Language) -> Option<&FluentBundle<FluentResource>> {
        let at = position(language)?;
        let (cell, files) = (self.bundles.get(at)?, self.files.get(at)?);
        Some(cell.get_or_init(|| parse(language, files)))
    }
}

/// The beginning of the keys of the set-up and of the program's start. These texts are read once, so each is parsed alone and
/// nothing is kept in memory.
const SET_UP: &str = "init-";
/// Their files.
const SET_UP_FILES: [&[&str]; LANGUAGES] = files!("init");

/// The texts of alerts and those of pages, which take memory only when somebody reads one. A key is in one collection.
static COLLECTIONS: [Collection; 2] = [
    Collection::new(files!("action", "alert", "date", "event")),
    Collection::new(files!(
        "audit",
        "channel",
        "device",
        "incident",
        "layout",
        "night",
        "overview",
        "problem",
        "problem_channel",
        "problem_device",
        "problem_incident",
        "push",
        "review",
        "routing",
        "script",
        "session",
        "settings",
        "setup",
        "suppressed",
        "timeline"
    )),
];

/// The texts of one language. Cheap to copy.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Texts(Language);

/// A value in a text.
#[derive(Clone, Copy, Debug)]
pub enum Argument<'a> {
    /// Words, such as a name. They are not interpreted.
    Words(&'a str),
    /// A number, by which a text may choose singular or plural.
    Number(u64),
}

impl Texts {
    /// The texts of this language.
    pub const fn of(language: Language) -> Self {
        Self(language)
    }

    /// The language.
    pub const fn language(self) -> Language {
        self.0
    }

    /// A text without arguments. The key itself if there is no such text, which tests exclude.
    pub fn text(self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A text with a number `$count`, in singular or plural.
    pub fn count(self, key: &str, count: u64) -> String {
        self.with(key, &[("count", Argument::Number(count))])
    }

    /// A text with arguments.
    pub fn with(self, key: &str, arguments: &[(&str, Argument<'_>)]) -> String {
        let own = format(self.0, key, arguments);
        let english = || format(Language::English, key, arguments);
        own.or_else(english).unwrap_or_else(|| key.to_owned())
    }

    /// What happened, in words. `None` if it is not known.
    pub fn event(self, event: Event) -> Option<String> {
        (event != Event::Other).then(|| self.text(&format!("event-{}", event.as_str())))
    }

    /// What happened, inside a sentence or behind another word: in lower case, where the language has it for nouns.
    pub fn event_inside(self, event: Event) -> Option<String> {
        let name = self.event(event)?;
        Some(if self.0 == Language::German { name } else { name.to_lowercase() })
    }

    /// `24 Nov`. The month counts from 1.
    pub fn short_day(self, day: u64, month: u64) -> String {
        let month = self.text(&format!("month-short-{month}"));
        self.with("day-short", &[("day", day.into()), ("month", (&*month).into())])
    }

    /// `24 November`, with `year` if it is given: `24 November 2026`. The month counts from 1.
    pub fn long_day(self, day: u64, month: u64, year: Option<i64>) -> String {
        let month = self.text(&format!("month-{month}"));
        let (day, month): (Argument<'_>, Argument<'_>) = (day.into(), (&*month).into());
        match year.map(|year| year.to_string()) {
            Some(year) => self
                .with("day-of-year", &[("day", day), ("month", month), ("year", (&*year).into())]),
            None => self.with("day-long", &[("day", day), ("month", month)]),
        }
    }

    /// A sentence whose English stands elsewhere in the program, such as the description of a setting. The English if it is not
    /// translated, which tests exclude.
    pub fn sentence(self, english: &str) -> &str {
        let own = sentences::of(self.0).and_then(|own| own.sentences.get(english));
        own.map_or(english, |it| it.as_str())
    }

    /// The translation of a message that the program wrote in English, with values in it, such as the hint of a session. `None`
    /// if it has none, as what a device or the system said, and for English.
    pub fn message(self, english: &str) -> Option<String> {
        messages::translate(sentences::of(self.0)?, english)
    }

    /// The English of all sentences that this language translates, with `{name}` for values; none for English.
    pub fn sentences(self) -> impl Iterator<Item = String> {
        let own = sentences::files(self.0).iter().flat_map(|file| sentences::pairs(file));
        own.map(|(english, _)| english)
    }

    /// The texts whose keys begin with this, for what formats them itself: arguments are written as `{$name}`.
    pub fn unformatted(self, beginning: &str) -> Vec<(String, String)> {
        let english = COLLECTIONS.iter().filter_map(|it| it.files.get(ENGLISH)).copied().flatten();
        let keys = english.flat_map(|file| file.lines()).filter_map(|line| line.split_once(" ="));
        keys.filter(|(key, _)| key.starts_with(beginning))
            .map(|(key, _)| (key.to_owned(), self.text(key)))
            .collect()
    }

    /// A number of tenths as a decimal number: `1.4`.
    pub fn tenths(self, tenths: u64) -> String {
        let arguments = [("whole", (tenths / 10).into()), ("tenth", (tenths % 10).into())];
        self.with("number-tenths", &arguments)
    }

    /// The name of a day of the week; Monday is 1.
    pub fn weekday(self, number: u64) -> String {
        self.text(&format!("weekday-{number}"))
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Texts").field(&self.0).finish()
    }
}

impl<'a> From<&'a str> for Argument<'a> {
    fn from(words: &'a str) -> Self {
        Self::Words(words)
    }
}

impl<'a> From<&'a String> for Argument<'a> {
    fn from(words: &'a String) -> Self {
        Self::Words(words)
    }
}

impl From<u64> for Argument<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// The text of one language. `None` if it has no such text.
fn format(language: Language, key: &str, arguments: &[(&str, Argument<'_>)]) -> Option<String> {
    if key.starts_with(SET_UP) {
        let text =
            SET_UP_FILES.get(position(language)?)?.iter().find_map(|file| alone(file, key))?;
        return write(&parse(language, &[text]), key, arguments);
    }
    let mut bundles = COLLECTIONS.iter().filter_map(|collection| collection.bundle(language));
    bundles.find_map(|bundle| write(bundle, key, arguments))
}

/// The text with this key in a file, with its key.
fn alone<'a>(file: &'a str, key: &str) -> Option<&'a str> {
    let at = file.match_indices(key).map(|(at, _)| at).find(|at| {
        let (before, after) = (file.get(..*at), file.get(at + key.len()..));
        before.is_some_and(|it| it.is_empty() || it.ends_with('\n'))
            && after.is_some_and(|it| it.starts_with(" ="))
    })?;
    let text = file.get(at..)?;
    let is_next = |end: &usize| text.get(end + 1..).is_some_and(|it| !it.starts_with([' ', '}']));
    let end = text.match_indices('\n').map(|(end, _)| end).find(is_next);
    text.get(..end.unwrap_or(text.len()))
}

/// Writes a text with its arguments.
fn write(
    bundle: &FluentBundle<FluentResource>,
    key: &str,
    arguments: &[(&str, Argument<'_>)],
) -> Option<String> {
    let pattern = bundle.get_message(key)?.value()?;
    let mut values = FluentArgs::with_capacity(arguments.len());
    for (name, argument) in arguments {
        values.set(
            *name,
            match argument {
                Argument::Words(words) => FluentValue::String((*words).into()),
                Argument::Number(number) => FluentValue::from(*number),
            },
        );
    }
    let mut faults = Vec::new();
    Some(bundle.format_pattern(pattern, Some(&values), &mut faults).into_owned())
}

/// The place of a language in [`Language::ALL`].
fn position(language: Language) -> Option<usize> {
    Language::ALL.iter().position(|it| *it == language)
}

/// Parses the files of a language. A faulty text is left out; tests find it.
fn parse(language: Language, files: &[&str]) -> FluentBundle<FluentResource> {
    let id: LanguageIdentifier = language.as_str().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Marks of direction around arguments would be characters that services count and show.
    bundle.set_use_isolating(false);
    for file in files {
        let resource = FluentResource::try_new((*file).to_owned());
        let resource = resource.unwrap_or_else(|(whole, _)| whole);
        bundle.add_resource_overriding(resource);
    }
    bundle
}
