//! Patterns of a subject or text: a glob, or a regular expression between slashes.

use std::fmt;
use std::str::FromStr;

use regex_lite::{Regex, RegexBuilder};

use crate::Glob;

/// Limit of the memory of a regular expression in bytes. A larger one is an error of the configuration.
const REGEX_BYTES_MAX: usize = 1_000_000;

/// A pattern of words: a glob that matches the whole text, or `/…/`, a regular expression that matches a part of it.
/// Both ignore case.
#[derive(Clone, Debug)]
pub struct Pattern {
    written: String,
    kind: PatternKind,
}

#[derive(Clone, Debug)]
enum PatternKind {
    Glob(Glob),
    Regex(Regex),
}

impl Pattern {
    /// Whether a text matches.
    pub fn fits(&self, text: &str) -> bool {
        match &self.kind {
            PatternKind::Glob(glob) => glob.fits_whole(text.trim()),
            PatternKind::Regex(regex) => regex.is_match(text),
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
            Some(regex) => PatternKind::Regex(
                RegexBuilder::new(regex)
                    .case_insensitive(true)
                    .size_limit(REGEX_BYTES_MAX)
                    .build()?,
            ),
            None => PatternKind::Glob(Glob::new(text)),
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
