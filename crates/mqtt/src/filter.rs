//! Topic filters (MQTT 3.1.1, section 4.7).

use std::fmt;

/// Longest topic (section 1.5.3).
const TOPIC_BYTES_MAX: usize = 65_535;

/// A filter of topics: `+` stands for one level, `#` at the end for all further ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicFilter(String);

impl TopicFilter {
    /// Reads a filter.
    ///
    /// # Errors
    /// Why it is none, for the owner.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > TOPIC_BYTES_MAX || text.contains('\0') {
            return Err("a topic has 1 to 65535 bytes".to_owned());
        }
        let mut levels = text.split('/').peekable();
        while let Some(level) = levels.next() {
            if level.contains('#') && (level != "#" || levels.peek().is_some()) {
                return Err("`#` stands alone after the last `/`".to_owned());
            }
            if level.contains('+') && level != "+" {
                return Err("`+` stands alone between two `/`".to_owned());
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The filter as the broker gets it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a message of this topic is for it. Wildcards at the beginning do not include `$` topics (section 4.7.2).
    pub fn fits(&self, topic: &str) -> bool {
        if topic.starts_with('$') && self.0.starts_with(['#', '+']) {
            return false;
        }
        let (mut filter, mut levels) = (self.0.split('/'), topic.split('/'));
        loop {
            match (filter.next(), levels.next()) {
                (Some("#"), _) => return true,
                (Some("+"), Some(_)) => {}
                (Some(wanted), Some(level)) if wanted == level => {}
                (None, None) => return true,
                _ => return false,
            }
        }
    }
}

impl fmt::Display for TopicFilter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_fit_as_the_standard_says() {
        for (filter, topic, expected) in [
            ("cameras/yard/#", "cameras/yard/status/alarm", true),
            ("cameras/yard/#", "cameras/yard", true),
            ("cameras/yard/#", "cameras/yards", false),
            ("cameras/+/alarm", "cameras/yard/alarm", true),
            ("cameras/+/alarm", "cameras/alarm", false),
            ("cameras/+", "cameras/", true),
            ("cameras/+", "cameras/a/b", false),
            ("a/b", "a/b", true),
            ("a/b", "a", false),
            ("#", "a/b", true),
            ("#", "$SYS/load", false),
            ("$SYS/#", "$SYS/load", true),
        ] {
            assert_eq!(TopicFilter::new(filter).unwrap().fits(topic), expected, "{filter} {topic}");
        }
    }

    #[test]
    fn a_wrong_wildcard_is_a_fault() {
        for wrong in ["", "a#", "a/#/b", "a/b+", "+a", "#/", "a\0"] {
            assert!(TopicFilter::new(wrong).is_err(), "{wrong}");
        }
        let long = "x".repeat(TOPIC_BYTES_MAX);
        assert!(TopicFilter::new(&long).is_ok());
        assert!(TopicFilter::new(&format!("{long}x")).is_err());
    }
}
