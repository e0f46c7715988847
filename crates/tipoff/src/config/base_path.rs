//! The path below which a reverse proxy serves the dashboard.

use url::Url;

/// Maximum length in bytes. Home Assistant's ingress has about 70.
const BYTES_MAX: usize = 200;

/// A path such as `/tipoff`, without a slash at the end; empty at the root.
///
/// It becomes part of pages, redirects and cookies, and a header may contain it. So only paths that every browser reads in
/// the same way are accepted: single slashes, letters, digits, `-`, `_`, `.` and `~`, and no step that begins with a dot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BasePath(String);

impl BasePath {
    /// Reads a path, with or without a slash at the end. `None` if it is not a plain one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let path = text.strip_suffix('/').unwrap_or(text);
        if path.is_empty() {
            return Some(Self::default());
        }
        let steps = path.strip_prefix('/')?;
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        let is_step =
            |step: &str| !step.is_empty() && !step.starts_with('.') && step.bytes().all(is_plain);
        let is_path = path.len() <= BYTES_MAX && steps.split('/').all(is_step);
        is_path.then(|| Self(path.to_owned()))
    }

    /// The path of a URL. `None` if it is not a plain one, or if anything follows it.
    pub(crate) fn of_url(url: &Url) -> Option<Self> {
        let is_last = url.query().is_none() && url.fragment().is_none();
        if is_last { Self::parse(url.path()) } else { None }
    }

    /// Its first step; empty at the root.
    pub(crate) fn first_step(&self) -> &str {
        self.0.split('/').nth(1).unwrap_or_default()
    }

    /// As it is written before a path that begins with a slash.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_plain() {
        for (text, expected) in [
            ("", Some("")),
            ("/", Some("")),
            ("/tipoff", Some("/tipoff")),
            ("/tipoff/", Some("/tipoff")),
            ("/api/hassio_ingress/aB3-_x", Some("/api/hassio_ingress/aB3-_x")),
            ("/~anna/tipoff.1", Some("/~anna/tipoff.1")),
            ("tipoff", None),
            ("//evil.example", None),
            ("//", None),
            ("/\\evil.example", None),
            ("\\\\evil.example", None),
            ("/a//b", None),
            ("/a/../b", None),
            ("/.well-known", None),
            ("/a, /b", None),
            ("/a b", None),
            ("/a?b", None),
            ("/a#b", None),
            ("/a;b", None),
            ("/%2e%2e", None),
            ("/é", None),
            ("/a\"><script>", None),
            ("https://evil.example", None),
        ] {
            let path = BasePath::parse(text);
            assert_eq!(path.as_ref().map(BasePath::as_str), expected, "{text:?}");
        }
        let longest = format!("/{}", "x".repeat(BYTES_MAX - 1));
        assert!(BasePath::parse(&longest).is_some());
        assert_eq!(BasePath::parse(&format!("{longest}x")), None);
    }

    #[test]
    fn the_base_path_of_a_url_is_its_path() {
        for (url, expected) in [
            ("https://example.org", Some("")),
            ("https://example.org/", Some("")),
            ("http://example.org:8080/tipoff/", Some("/tipoff")),
            ("https://example.org/a/b", Some("/a/b")),
            ("https://example.org?x", None),
            ("https://example.org/a#b", None),
            ("https://example.org//a", None),
            ("https://example.org/a%20b", None),
        ] {
            let path = BasePath::of_url(&url.parse().unwrap());
            assert_eq!(path.as_ref().map(BasePath::as_str), expected, "{url}");
        }
    }
}
