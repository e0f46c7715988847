//! Templates in a channel's settings, in the language of Jinja. They are checked with an example when the
//! configuration is read. A value of an alert never changes the structure of the address or header that contains it.
//! Steps and length are limited: a template may contain a loop.

use std::io::{self, Write};

use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, UndefinedBehavior};
use tipoff_model::{TEMPLATE_STEPS_MAX, TemplateValues};

use crate::words;

/// The beginnings and ends of expressions, statements and comments.
const TAGS: [(&str, &str); 3] = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];
/// Limit of one value in an address or a header, in UTF-16 units: each has up to 9 bytes in an address, of
/// which servers and proxies take 8 KB.
const VALUE_UTF16_MAX: usize = 300;
/// Limit of a whole text, in bytes.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// Where a template is used. It decides how values are escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In an address. Every character but letters, digits and `-._~` is percent-encoded (RFC 3986,
    /// section 2.3), even where the template says `safe` or `urlencode`.
    Address,
    /// In the value of a header. Values are put on one line.
    Header,
    /// In a body. Values are not changed.
    Body,
}

/// A template that renders with the example.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    source: String,
    place: Place,
}

impl Template {
    /// Checks `source` with the example, or returns what is wrong with it.
    pub(crate) fn new(source: &str, place: Place) -> Result<Self, String> {
        let template = Self { source: source.to_owned(), place };
        template.render(&TemplateValues::sample())?;
        Ok(template)
    }

    /// Writes the values into the template.
    ///
    /// # Errors
    /// The template works with the example and not with these values: too many steps, too long, or a filter that
    /// refuses a value.
    pub(crate) fn render(&self, values: &TemplateValues<'_>) -> Result<String, String> {
        let place = self.place;
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(TEMPLATE_STEPS_MAX));
        environment.set_formatter(move |out, _, value| write_value(out, value, place));
        if place == Place::Address {
            // The formatter encodes already.
            environment.add_filter("urlencode", |value: Value| value);
        }
        let template = environment.template_from_str(&self.source).map_err(|it| in_words(&it))?;
        let mut text = Bounded(Vec::new());
        let rendered = template.render_captured_to(Serde(values), &mut text).map(drop);
        rendered.map_err(|it| in_words(&it))?;
        String::from_utf8(text.0).map_err(|it| it.to_string())
    }
}

/// Whether `text` contains a template's tags.
pub(crate) fn is_template(text: &str) -> bool {
    TAGS.iter().any(|(begin, _)| text.contains(begin))
}

/// The parts of a template that do not depend on an alert.
pub(crate) fn literals(source: &str) -> Vec<&str> {
    let mut literals = Vec::new();
    let mut rest = source;
    let first = |text: &str| {
        let found = TAGS.iter().filter_map(|(begin, end)| Some((text.find(begin)?, *end)));
        found.min()
    };
    while let Some((at, end)) = first(rest) {
        let (literal, tag) = rest.split_at(at);
        literals.push(literal);
        rest = tag.split_once(end).map_or("", |(_, behind)| behind);
    }
    literals.push(rest);
    literals
}

/// Writes a value as its place requires.
fn write_value(out: &mut Output<'_>, value: &Value, place: Place) -> Result<(), Error> {
    let text = match value.kind() {
        // `true` and `false`, as in JSON; Jinja writes `True` and `False`.
        ValueKind::Bool => value.is_true().to_string(),
        _ => value.to_string(),
    };
    let written = match place {
        Place::Address => encoded(&words::cut(&text, VALUE_UTF16_MAX)),
        Place::Header => words::excerpt(&words::clean(&text), VALUE_UTF16_MAX),
        Place::Body => text,
    };
    out.write_str(&written).map_err(Error::from)
}

/// Percent-encoding (RFC 3986, section 2.1).
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// An error with its line. For an unknown name, all known names.
fn in_words(error: &Error) -> String {
    let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    let kind = match error.kind() {
        ErrorKind::WriteFailure => format!("the text is longer than {TEXT_BYTES_MAX} bytes"),
        kind => kind.to_string(),
    };
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    let names = match error.kind() {
        ErrorKind::UndefinedError => format!("; there are {}", names().join(", ")),
        _ => String::new(),
    };
    format!("{line}{kind}{detail}{names}")
}

/// The names of all values.
fn names() -> Vec<String> {
    let sample = Value::from(Serde(TemplateValues::sample()));
    sample.try_iter().into_iter().flatten().map(|name| name.to_string()).collect()
}

/// A buffer of at most [`TEXT_BYTES_MAX`] bytes.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > TEXT_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(source: &str, place: Place, device: &str) -> Result<String, String> {
        let values = TemplateValues { device, ..TemplateValues::sample() };
        Template::new(source, place)?.render(&values)
    }

    #[test]
    fn values_are_written_as_their_place_needs_them() {
        use Place::{Address, Body, Header};
        let long = "x".repeat(500);
        let cut = "x".repeat(VALUE_UTF16_MAX - 1);
        for (source, place, device, expected) in [
            ("?a={{ device }}", Address, "a b/ü&#", "?a=a%20b%2F%C3%BC%26%23"),
            ("{{ device | urlencode }}", Address, "a b", "a%20b"),
            ("{{ device | safe }}", Address, "/", "%2F"),
            ("{{ device }}", Address, long.as_str(), &format!("{cut}%E2%80%A6")),
            ("{{ device }}", Header, "a\r\nX: b\0\tc", "a X: b c"),
            ("{{ device }}", Header, &long, &format!("{cut}…")),
            ("{{ device }}", Body, "a\r\n\"b\" <c>", "a\r\n\"b\" <c>"),
            ("{{ device | tojson }}", Body, "a\n\"b\"", r#""a\n\"b\"""#),
            ("a={{ device | urlencode }}", Body, "a b&c", "a=a%20b%26c"),
            ("{{ torn }} {{ not torn }}", Body, "", "false true"),
            ("{% if torn %}1{% else %}0{% endif %}", Address, "", "0"),
        ] {
            assert_eq!(render(source, place, device).unwrap(), expected, "{source}");
        }
    }

    #[test]
    fn faults_name_their_line_and_what_there_is() {
        for (source, expected) in [
            ("{{ devise }}", "line 1: undefined value: `devise` is undefined; there are date, dev"),
            ("fine\n{% if %}", "line 2: syntax error: "),
            ("{{ device | shout }}", "line 1: unknown filter: filter shout is unknown"),
            (
                "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
                "line 1: engine ran out of fuel",
            ),
            (
                "{% for i in range(100) %}{{ 'x' * 20000 }}{% endfor %}",
                "the text is longer than 1048576 bytes",
            ),
        ] {
            let error = render(source, Place::Body, "").unwrap_err();
            assert!(error.contains(expected), "{source}: {error}");
        }
    }

    #[test]
    fn literals_are_what_stands_outside_of_tags() {
        for (source, expected) in [
            ("plain", &["plain"][..]),
            ("a{{ x }}b{% if y %}c{# {{ #}d", &["a", "b", "c", "d"]),
            ("a{{ x", &["a", ""]),
            ("", &[""]),
        ] {
            assert_eq!(literals(source), expected, "{source}");
        }
    }
}
