//! A mail as the vendors' files look at it.

use tipoff_model::Content;

/// The words of a mail and the names of its files.
#[derive(Clone, Copy, Debug)]
pub struct Mail<'a> {
    /// The subject.
    pub subject: &'a str,
    /// The text.
    pub text: &'a str,
    content: &'a Content,
}

impl<'a> Mail<'a> {
    pub(crate) fn of(content: &'a Content) -> Self {
        Self { subject: &content.subject, text: &content.text, content }
    }

    /// The names of the files, in order.
    pub(crate) fn file_names(&self) -> impl Iterator<Item = &'a str> {
        self.content.media.iter().map(|media| media.name.as_str())
    }

    /// The value of a line `KEY: value` of the text, whatever its case and indentation. Some text
    /// is joined by commas instead of lines.
    pub(crate) fn field(&self, key: &str) -> Option<&'a str> {
        self.text.split(['\n', ',']).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.trim().eq_ignore_ascii_case(key).then(|| value.trim())
        })
    }

    /// Whether the text holds these words, whatever their case.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.text.to_ascii_lowercase().contains(&words.to_ascii_lowercase())
    }
}
