//! The address of a webhook, whose path and query may contain values of the alert. Whatever a device sends, the
//! request goes to the same scheme, login, host and port, and to a path with the same number of segments.

use std::borrow::Cow;

use reqwest::Url;
use tipoff_model::TemplateValues;

use crate::http::{self, Secrets};
use crate::template::{self, Place, Template};

/// Characters that end the host and port of an http address (WHATWG URL, "authority state").
const AUTHORITY_END: [char; 4] = ['/', '\\', '?', '#'];

/// An address that works with the example.
pub(super) enum Address {
    /// The same for every alert.
    Fixed(Url),
    /// Depends on the alert, except for the scheme, login, host and port in `base`.
    Template { template: Template, base: Url },
}

impl Address {
    /// Reads `url`, and adds the secrets in it to `secrets`.
    ///
    /// # Errors
    /// What is wrong with the address or the template.
    pub(super) fn read(text: &str, secrets: &mut Secrets) -> Result<Self, String> {
        if !template::is_template(text) {
            let url = http::address(text)?;
            secrets.add_url(&url);
            return Ok(Self::Fixed(url));
        }
        let text = text.trim();
        let (authority, rest) = split(text);
        if template::is_template(authority) || rest.is_empty() {
            let error = "must begin with scheme, host, port and a slash, without a template: values of an \
                         alert may only stand behind them";
            return Err(error.to_owned());
        }
        let base = http::address(authority)?;
        secrets.add_url(&base);
        let ends = |sign: char| matches!(sign, '/' | '?' | '&' | '=' | '#');
        let parts = template::literals(rest).into_iter().flat_map(|literal| literal.split(ends));
        parts.for_each(|part| secrets.add_value(part));
        let template = Template::new(text, Place::Address)?;
        let address = template.render(&TemplateValues::sample())?;
        if matches!(without_dot_segments(&address), Cow::Owned(_)) {
            return Err("must not have \".\" or \"..\" between slashes".to_owned());
        }
        let address = Self::Template { template, base };
        address.url(&TemplateValues::sample())?;
        Ok(address)
    }

    /// The address for an alert.
    ///
    /// # Errors
    /// The template fails with these values, although it works with the example: a filter refuses a value, for
    /// one.
    pub(super) fn url(&self, values: &TemplateValues<'_>) -> Result<Url, String> {
        let (template, base) = match self {
            Self::Fixed(url) => return Ok(url.clone()),
            Self::Template { template, base } => (template, base),
        };
        let url = http::address(&without_dot_segments(&template.render(values)?))?;
        let place = |url: &Url| {
            let login = (url.username().to_owned(), url.password().map(str::to_owned));
            (url.origin(), login)
        };
        if place(&url) != place(base) {
            return Err("leads to another server than it begins with".to_owned());
        }
        Ok(url)
    }
}

/// Splits an address into scheme, login, host and port, and the rest.
fn split(text: &str) -> (&str, &str) {
    let begin = text.find("://").map_or(0, |at| at + "://".len());
    let end = text.get(begin..).and_then(|rest| rest.find(AUTHORITY_END));
    text.split_at(end.map_or(text.len(), |end| begin + end))
}

/// The address with underscores in place of the dots of `.` and `..` segments. A device could have such a name,
/// and the segment would lead to another folder (WHATWG URL, "path state": `%2e` is a dot, too).
fn without_dot_segments(address: &str) -> Cow<'_, str> {
    let (authority, rest) = split(address);
    let path_end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (path, behind) = rest.split_at(path_end);
    let is_dots = |segment: &str| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        segment == "." || segment == ".."
    };
    if !path.split(['/', '\\']).any(is_dots) {
        return Cow::Borrowed(address);
    }
    let kept = path.split(['/', '\\']).map(|segment| match is_dots(segment) {
        true => segment.to_ascii_lowercase().replace("%2e", ".").replace('.', "_"),
        false => segment.to_owned(),
    });
    Cow::Owned(format!("{authority}{}{behind}", kept.collect::<Vec<_>>().join("/")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Address, String> {
        Address::read(text, &mut Secrets::default())
    }

    #[test]
    fn host_and_port_are_written_out() {
        for (text, right) in [
            ("http://h:51828/?accessoryId=front&state={{ torn }}", true),
            ("http://h/{{ device }}/x", true),
            ("http://me:pass@h/{% if torn %}off{% else %}on{% endif %}", true),
            ("http://h?x={{ device }}", true),
            ("http://{{ device }}/", false),
            ("http://h:{{ files }}/", false),
            ("http://h{{ device }}", false),
            ("http://{{ device }}@h/", false),
            ("{{ link }}", false),
            ("ftp://h/{{ device }}", false),
            ("http://h/../{{ device }}", false),
            ("http://h/%2E/{{ device }}", false),
            ("http://h/{{ devise }}", false),
        ] {
            assert_eq!(read(text).is_ok(), right, "{text}");
        }
        for text in
            ["http://{{ device }}/", "http://h{{torn}}/", "http://{{ device }}@h/x", "{{ link }}"]
        {
            let error = read(text).err().unwrap();
            assert!(error.starts_with("must begin with scheme, host, port"), "{text}: {error}");
        }
    }

    #[test]
    fn a_device_called_dots_stays_in_its_folder() {
        let address = read("http://h/a/{{ device }}/c?d={{ device }}").unwrap();
        for (device, expected) in [
            ("..", "http://h/a/__/c?d=.."),
            (".", "http://h/a/_/c?d=."),
            ("", "http://h/a//c?d="),
            ("...", "http://h/a/.../c?d=..."),
            ("%2e%2e", "http://h/a/%252e%252e/c?d=%252e%252e"),
        ] {
            let values = TemplateValues { device, ..TemplateValues::sample() };
            assert_eq!(address.url(&values).unwrap().as_str(), expected);
        }
        let address = read("http://h/a/.{{ device }}").unwrap();
        let values = TemplateValues { device: ".", ..TemplateValues::sample() };
        assert_eq!(address.url(&values).unwrap().as_str(), "http://h/a/__");
    }

    proptest! {
        #[test]
        fn no_value_changes_where_a_request_goes(device in "\\PC{0,20}|[./\\\\%2eE@:?#&=\t\r\n ]{0,9}") {
            let address = read("http://h:81/a/{{ device }}/c?d={{ device }}&e=f").unwrap();
            let values = TemplateValues { device: &device, ..TemplateValues::sample() };
            let url = address.url(&values).unwrap();
            prop_assert_eq!((url.host_str(), url.port()), (Some("h"), Some(81)));
            let segments: Vec<&str> = url.path_segments().unwrap().collect();
            prop_assert_eq!((segments.len(), segments[0], segments[2]), (3, "a", "c"));
            let pairs: Vec<_> = url.query_pairs().into_owned().collect();
            let expected = [("d".to_owned(), device.clone()), ("e".to_owned(), "f".to_owned())];
            prop_assert_eq!(pairs, expected);
            prop_assert!(url.fragment().is_none());
        }
    }
}
