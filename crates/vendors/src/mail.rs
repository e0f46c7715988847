//! A mail as the vendors' files read it: its subject, its lines and its `KEY: value` fields. The limits here bound
//! the time that any vendor can spend on a mail.

use tipoff_model::Content;

/// Bytes of a text in which vendors and fields are recognised. Real alarm mails are far shorter.
pub(crate) const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Longest key in bytes. A colon behind more text ends no key.
const KEY_BYTES_MAX: usize = 48;
/// Bytes of a subject that are read.
const SUBJECT_BYTES_MAX: usize = 1024;

/// The words of a mail and the names of its files.
#[derive(Clone, Debug)]
pub struct MailView<'a> {
    /// The beginning of the subject.
    pub subject: &'a str,
    /// The beginning of the text.
    pub text: &'a str,
    /// The same in lower case (ASCII only).
    lower: String,
    /// The `KEY: value` lines of the text: every vendor asks for some of them.
    fields: Vec<(&'a str, &'a str)>,
    content: &'a Content,
}

impl<'a> MailView<'a> {
    /// The view of a stored mail.
    pub(crate) fn of(content: &'a Content) -> Self {
        let text = head(&content.text, HEAD_BYTES_MAX);
        let subject = head(&content.subject, SUBJECT_BYTES_MAX).trim();
        let fields = lines(text).filter_map(key_and_value).collect();
        Self { subject, text, lower: text.to_ascii_lowercase(), fields, content }
    }

    /// The names of the files, in order.
    pub(crate) fn file_names(&self) -> impl Iterator<Item = &'a str> {
        self.content.media.iter().map(|media| media.name.as_str())
    }

    /// The whole text.
    pub(crate) fn whole_text(&self) -> &'a str {
        &self.content.text
    }

    /// The value of the first line `KEY: value` of the text, in any case and indentation.
    pub(crate) fn field(&self, key: &str) -> Option<&'a str> {
        let found = self.fields.iter().find(|(found, _)| found.eq_ignore_ascii_case(key));
        found.map(|(_, value)| *value)
    }

    /// The same, if the value is not empty.
    pub(crate) fn filled(&self, key: &str) -> Option<&'a str> {
        self.field(key).filter(|value| !value.is_empty())
    }

    /// The first value that is not empty of a field whose key begins so. `beginning` is in lower case.
    pub(crate) fn filled_by(&self, beginning: &str) -> Option<&'a str> {
        let begins = |key: &str| key.to_ascii_lowercase().starts_with(beginning);
        let found = self.fields.iter().find(|(key, value)| !value.is_empty() && begins(key));
        found.map(|(_, value)| *value)
    }

    /// Whether the text contains these words, which are in lower case.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.lower.contains(words)
    }
}

/// The lines of a text, trimmed. Some texts arrive on one line, because something flattened them: Reolink's fields
/// are then joined by commas, Swann's by slashes.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| {
        let by_slashes = line.contains("AlarmType:") && line.contains(" / ");
        let separator = if by_slashes { " / " } else { ", Alarm " };
        Joined { rest: Some(line), separator }.map(str::trim)
    })
}

/// The fields of a line that are joined by a separator. The word of the separator belongs to the field behind it.
struct Joined<'a> {
    rest: Option<&'a str>,
    separator: &'static str,
}

impl<'a> Iterator for Joined<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let line = self.rest.take()?;
        let Some((at, _)) = line.match_indices(self.separator).find(|(at, _)| *at > 0) else {
            return Some(line);
        };
        let (field, rest) = line.split_at_checked(at)?;
        self.rest = Some(rest.trim_start_matches([',', ' ', '/']));
        Some(field)
    }
}

/// The two sides of `KEY: value`, trimmed. A key may contain the form of a time, with colons in brackets, as Dahua
/// writes it: `Alarm Start Time(D/M/Y H:M:S): 23/12/2021 10:27:46`.
pub(crate) fn key_and_value(line: &str) -> Option<(&str, &str)> {
    let colon = [line.find(':'), line.find('：')].into_iter().flatten().min()?;
    let end = match line.find("):") {
        Some(end) if line.get(..end)?.rfind('(')? < colon && colon < end => end + 1,
        _ => colon,
    };
    let (key, value) = line.split_at_checked(end)?;
    let key = key.trim_start_matches(['•', ' ']).trim();
    let value = value.trim_start_matches([':', '：']).trim();
    (!key.is_empty() && key.len() <= KEY_BYTES_MAX).then_some((key, value))
}

/// The beginning of a text, up to a whole character.
pub(crate) fn head(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_on_one_line_are_parted_and_other_lines_are_not() {
        for (text, expected) in [
            ("Alarm Event: a, Alarm Time: b", &["Alarm Event: a", "Alarm Time: b"][..]),
            ("Event: a / AlarmType: b / c", &["Event: a", "AlarmType: b", "c"]),
            ("Gate / yard: a, Alarm Time: b", &["Gate / yard: a", "Alarm Time: b"]),
            (", Alarm Time: b", &[", Alarm Time: b"]),
            ("AlarmType: a, Alarm Time: b", &["AlarmType: a", "Alarm Time: b"]),
        ] {
            assert_eq!(lines(text).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn a_key_ends_at_its_colon_and_may_hold_the_form_of_a_time() {
        let longest = "k".repeat(KEY_BYTES_MAX);
        for (line, expected) in [
            ("Event: Motion: end", Some(("Event", "Motion: end"))),
            ("• Event ：Motion", Some(("Event", "Motion"))),
            ("Time (D/M/Y H:M:S): 1/2/2026 3:4:5", Some(("Time (D/M/Y H:M:S)", "1/2/2026 3:4:5"))),
            ("Time(H:M:S): 3:4:5", Some(("Time(H:M:S)", "3:4:5"))),
            ("Camera(2): Gate", Some(("Camera(2)", "Gate"))),
            ("Camera: Gate (old): x", Some(("Camera", "Gate (old): x"))),
            (": x", None),
            ("Motion", None),
            (&format!("{longest}: x"), Some((longest.as_str(), "x"))),
            (&format!("{longest}k: x"), None),
        ] {
            assert_eq!(key_and_value(line), expected, "{line}");
        }
    }
}
