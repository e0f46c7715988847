//! The language of the reader of a page, and the texts of pages in it.
//!
//! The language is in a cookie that the settings' page sets; without one the browser's list counts (`Accept-Language`), then
//! `language` of the configuration. It is found once for each request: templates and handlers ask [`text`] for a text, so that
//! none has to pass the language on. Without a request, and for programs that name no language, texts are English.

use std::convert::Infallible;
use std::fmt;

use askama::filters::{Html, Safe, escape};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use tipoff_language::{Argument, Texts};
use tipoff_model::Language;

use super::local_path::is_api;
use super::{AppState, cookie_header};

/// The cookie's name, which the script sets.
const COOKIE: &str = "language";

tokio::task_local! {
    /// The language of the request that is being answered.
    static LANGUAGE: Language;
}

/// Answers a request in the language of its reader.
pub(super) async fn answer(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let asked = ChosenLanguage::from_request_parts(&mut parts, &state).await;
    let Ok(ChosenLanguage(chosen)) = asked;
    let listed = || {
        let lists = parts.headers.get_all(header::ACCEPT_LANGUAGE).iter();
        lists.filter_map(|list| list.to_str().ok()).find_map(Language::preferred)
    };
    let language = chosen.or_else(listed).unwrap_or_else(|| {
        // Programs compare what the API says.
        match is_api(parts.uri.path()) {
            true => Language::English,
            false => state.modes.rules.now().language,
        }
    });
    LANGUAGE.scope(language, next.run(Request::from_parts(parts, body))).await
}

/// The language that the reader chose. `None` if it is the browser's.
pub(super) struct ChosenLanguage(pub(super) Option<Language>);

impl FromRequestParts<AppState> for ChosenLanguage {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        _: &AppState,
    ) -> Result<Self, Infallible> {
        Ok(Self(cookie_header::of_request(parts, COOKIE).and_then(Language::from_code)))
    }
}

/// The texts in the reader's language.
pub(crate) fn texts() -> Texts {
    Texts::of(LANGUAGE.try_with(|language| *language).unwrap_or_default())
}

/// The language's code, for `lang` of a page.
pub(crate) fn code() -> &'static str {
    texts().language().as_str()
}

/// The texts of the scripts, as JSON: those whose keys begin with `script-`.
pub(crate) fn of_scripts() -> String {
    let texts = texts().unformatted("script-").into_iter();
    let texts = texts.map(|(key, text)| (key, serde_json::Value::from(text)));
    serde_json::Value::Object(texts.collect()).to_string()
}

/// A sentence whose English stands in the program, such as the description of a setting: `texts/LANGUAGE/*.po`.
pub(crate) fn sentence(english: &str) -> &str {
    texts().sentence(english)
}

/// A message that the program wrote in English, with values in it, such as the hint of a session: `texts/LANGUAGE/*.po`.
pub(crate) fn message(english: &str) -> Message {
    let translated = texts().message(english);
    let is_foreign = translated.is_none() && texts().language() != Language::English;
    Message { text: translated.unwrap_or_else(|| english.to_owned()), is_foreign }
}

/// A message in the reader's language, or in English if it has no translation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    text: String,
    /// Whether it is English, and the reader's language is another.
    is_foreign: bool,
}

impl Message {
    /// The attribute `lang` of the element that shows it, with a blank before it; empty if it needs none.
    pub(crate) const fn lang(&self) -> Safe<&'static str> {
        Safe(if self.is_foreign { " lang=\"en\"" } else { "" })
    }

    /// It, and another one behind it.
    pub(crate) fn and(self, other: Self) -> Self {
        let gap = if self.text.ends_with('。') { "" } else { " " };
        Self {
            text: format!("{self}{gap}{other}"),
            is_foreign: self.is_foreign && other.is_foreign,
        }
    }

    /// It as a sentence that has no end yet.
    pub(crate) fn with_end(mut self) -> Self {
        let is_chinese = !self.is_foreign && texts().language() == Language::Chinese;
        self.text.push(if is_chinese { '。' } else { '.' });
        self
    }
}

impl From<Text<'_>> for Message {
    fn from(text: Text<'_>) -> Self {
        Self { text: text.to_string(), is_foreign: false }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The text of a page that stands under this key in `crates/language/texts`.
pub(crate) fn text(key: &str) -> Text<'_> {
    Text { key, arguments: Vec::new() }
}

/// A text of a page, with its arguments. It is written in the reader's language.
pub(crate) struct Text<'a> {
    key: &'a str,
    arguments: Vec<(&'static str, Value)>,
}

impl From<Text<'_>> for String {
    fn from(text: Text<'_>) -> Self {
        text.to_string()
    }
}

/// The value of an argument.
enum Value {
    Words(String),
    Number(u64),
}

impl Text<'_> {
    /// Adds words, such as a name.
    pub(crate) fn words(mut self, name: &'static str, words: impl fmt::Display) -> Self {
        self.arguments.push((name, Value::Words(words.to_string())));
        self
    }

    /// Adds the number `$count`, by which the text chooses singular or plural.
    pub(crate) fn count(mut self, number: impl Count) -> Self {
        self.arguments.push(("count", Value::Number(number.number())));
        self
    }

    /// The text with its tags: it may contain HTML, and its words are escaped.
    pub(crate) fn html(mut self) -> Safe<String> {
        for (_, value) in &mut self.arguments {
            if let Value::Words(words) = value {
                *words = escaped(words);
            }
        }
        Safe(self.to_string())
    }
}

/// A sentence as HTML, in which what stands between backticks is code.
pub(crate) fn with_code(sentence: &str) -> Safe<String> {
    let mut parts = sentence.split('`').map(escaped);
    let mut html = parts.next().unwrap_or_default();
    while let Some(part) = parts.next() {
        match parts.next() {
            Some(behind) => html.push_str(&format!("<code>{part}</code>{behind}")),
            None => html.push_str(&format!("`{part}")),
        }
    }
    Safe(html)
}

/// Words as HTML shows them.
fn escaped(words: &str) -> String {
    let Ok(escaped) = escape(words, Html);
    escaped.to_string()
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments = self.arguments.iter().map(|(name, value)| match value {
            Value::Words(words) => (*name, Argument::Words(words)),
            Value::Number(number) => (*name, Argument::Number(*number)),
        });
        formatter.write_str(&texts().with(self.key, &arguments.collect::<Vec<_>>()))
    }
}

/// A number of things.
pub(crate) trait Count {
    /// The number.
    fn number(&self) -> u64;
}

impl Count for u64 {
    fn number(&self) -> u64 {
        *self
    }
}

impl Count for u32 {
    fn number(&self) -> u64 {
        u64::from(*self)
    }
}

impl Count for usize {
    fn number(&self) -> u64 {
        u64::try_from(*self).unwrap_or(u64::MAX)
    }
}

impl<T: Count> Count for &T {
    fn number(&self) -> u64 {
        (*self).number()
    }
}

#[cfg(test)]
pub(super) mod tests;
