//! The languages that people read Tipoff in.

/// A language of pages, alerts and the set-up on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Deutsch.
    German,
    /// English, and the language of every text that another one lacks.
    #[default]
    English,
    /// Español.
    Spanish,
    /// Français.
    French,
    /// Nederlands.
    Dutch,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// Every language, by the names that they have themselves.
    pub const ALL: &[Self] =
        &[Self::German, Self::English, Self::Spanish, Self::French, Self::Dutch, Self::Chinese];

    /// The code in the configuration and in HTML (ISO 639-1).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::English => "en",
            Self::Spanish => "es",
            Self::French => "fr",
            Self::Dutch => "nl",
            Self::Chinese => "zh",
        }
    }

    /// The language of this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|language| language.as_str() == code)
    }

    /// The name that it has itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::German => "Deutsch",
            Self::English => "English",
            Self::Spanish => "Español",
            Self::French => "Français",
            Self::Dutch => "Nederlands",
            Self::Chinese => "简体中文",
        }
    }

    /// The language that somebody prefers, by a list such as `de-CH,de;q=0.9,en;q=0.8` (RFC 9110, section 12.5.4). `None` if
    /// the list has none of ours.
    pub fn preferred(list: &str) -> Option<Self> {
        let mut best: Option<(Self, u32)> = None;
        for range in list.split(',').take(RANGES_MAX) {
            let mut parts = range.split(';').map(str::trim);
            let code = parts.next().unwrap_or_default().split(['-', '_']).next();
            let Some(language) = code.and_then(|it| Self::from_code(&it.to_ascii_lowercase()))
            else {
                continue;
            };
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1000, thousandths);
            if weight > best.map_or(0, |(_, best)| best) {
                best = Some((language, weight));
            }
        }
        best.map(|(language, _)| language)
    }
}

/// Number of languages in a list that are looked at.
const RANGES_MAX: usize = 20;

/// A weight from `0` to `1` with up to three digits behind the dot (RFC 9110, section 12.4.2), in thousandths. Anything
/// else is 0.
fn thousandths(weight: &str) -> u32 {
    let (whole, digits) = weight.split_once('.').unwrap_or((weight, ""));
    let digits: String = format!("{digits}000").chars().take(3).collect();
    match (whole, digits.parse::<u32>()) {
        ("0", Ok(part)) => part,
        ("1", Ok(0)) => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_name_languages() {
        for language in Language::ALL {
            assert_eq!(Language::from_code(language.as_str()), Some(*language));
        }
        assert_eq!(Language::from_code("tlh"), None);
    }

    #[test]
    fn the_preferred_language_is_the_one_with_the_highest_weight() {
        for (list, language) in [
            ("de-CH,de;q=0.9,en;q=0.8", Some(Language::German)),
            ("pl,en-US;q=0.7,fr;q=0.8", Some(Language::French)),
            ("zh-Hans-CN", Some(Language::Chinese)),
            ("fr;q=0,nl;q=0.1", Some(Language::Dutch)),
            ("ES", Some(Language::Spanish)),
            ("de_DE.UTF-8", Some(Language::German)),
            ("en;q=0.5, de;q=0.50", Some(Language::English)),
            ("*", None),
            ("", None),
            ("de;q=2", None),
            ("de;q=-1;q=x", None),
        ] {
            assert_eq!(Language::preferred(list), language, "{list}");
        }
    }
}
