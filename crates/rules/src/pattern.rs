//! What a subject or a text must hold.

use std::fmt;
use std::str::FromStr;

use regex_lite::{Regex, RegexBuilder};

use crate::Glob;

/// A regular expression takes no more memory than this, in bytes.
const REGEX_BYTES_MAX: usize = 1_000_000;

/// A pattern of words: a glob of the whole text, or `/…/`, a regular expression that is found
/// somewhere in it. Neither minds upper and lower case.
#[derive(Clone, Debug)]
pub struct Pattern {
    written: String,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Glob(Glob),
    Regex(Regex),
}

impl Pattern {
    /// Whether a text fits.
    pub fn fits(&self, text: &str) -> bool {
        match &self.kind {
            Kind::Glob(glob) => glob.fits_whole(text.trim()),
            Kind::Regex(regex) => regex.is_match(text),
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Pattern {}

impl FromStr for Pattern {
    type Err = regex_lite::Error;

    fn from_str(text: &str) -> Result<Self, regex_lite::Error> {
        let inner = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        let kind = match inner {
            Some(regex) => Kind::Regex(
                RegexBuilder::new(regex)
                    .case_insensitive(true)
                    .size_limit(REGEX_BYTES_MAX)
                    .build()?,
            ),
            None => Kind::Glob(Glob::new(text)),
        };
        Ok(Self { written: text.to_owned(), kind })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_of_all_and_expressions_of_some() {
        for (pattern, text, expected) in [
            ("*person*", "A PERSON was seen", true),
            ("person", "A person", false),
            ("person", " Person\n", true),
            ("*line*", "first\nsecond line\nthird", true),
            ("/line \\d+$/", "Crossed LINE 12", true),
            ("/line \\d+$/", "line 12 crossed", false),
            ("/^$/", "", true),
            ("/", "/", true),
            ("//", "anything", true),
        ] {
            let pattern: Pattern = pattern.parse().unwrap();
            assert_eq!(pattern.fits(text), expected, "{pattern} {text}");
        }
        assert!("/(/".parse::<Pattern>().is_err());
    }

    #[test]
    fn patterns_are_equal_as_they_are_written() {
        let pattern = |text: &str| text.parse::<Pattern>().unwrap();
        assert_eq!(pattern("/a/"), pattern("/a/"));
        assert_ne!(pattern("/a/"), pattern("/A/"));
        assert_eq!(pattern("/a/").to_string(), "/a/");
    }
}
