//! Patterns of addresses, folders and words: `*` is any text, `?` any one character. Case is ignored.

use std::fmt;

/// A pattern of a mail address, or of the part before its `@`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Vec<char>);

impl Glob {
    /// A pattern with this text. Every text is a pattern.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.to_lowercase().chars().collect())
    }

    /// Whether an address matches. A pattern without `@` is matched with the part before it, because people remember
    /// only that part of what they typed into a camera.
    pub fn fits(&self, address: &str) -> bool {
        let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
        self.fits_whole(if self.0.contains(&'@') { address } else { local })
    }

    /// Whether the whole text matches.
    pub fn fits_whole(&self, text: &str) -> bool {
        let text: Vec<char> = text.to_lowercase().chars().collect();
        fits(&self.0, &text)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|character| write!(f, "{character}"))
    }
}

/// Matches a text with a pattern. Goes back to the latest `*` only, so the time is at most the product of the lengths.
fn fits(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(character) = text.get(read) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at + 1, read));
                at += 1;
            }
            Some(expected) if *expected == '?' || expected == character => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((after, from)) = star else {
                    return false;
                };
                star = Some((after, from + 1));
                (at, read) = (after, from + 1);
            }
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|left| *left == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, address, expected) in [
            ("cam1@*", "cam1@example.org", true),
            ("cam1@*", "CAM1@", true),
            ("Cam1@*", "cam1@x", true),
            ("cam1@*", "cam11@x", false),
            ("cam?@*", "cam1@x", true),
            ("cam?@*", "cam@x", false),
            ("cam1", "cam1@x", true),
            ("cam1", "cam1", true),
            ("*yard*", "front-yard-2@x", true),
            ("*yard*", "front@yard", false),
            ("*@yard", "front@yard", true),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1b2b3", false),
        ] {
            assert_eq!(Glob::new(pattern).fits(address), expected, "{pattern} {address}");
        }
    }

    #[test]
    fn a_pattern_is_written_in_lower_case() {
        assert_eq!(Glob::new("Cam?@*").to_string(), "cam?@*");
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = Glob::new(&"*a".repeat(1_000));
        assert!(!pattern.fits(&"a".repeat(999)));
        assert!(!pattern.fits(&format!("{}b", "a".repeat(5_000))));
    }
}
