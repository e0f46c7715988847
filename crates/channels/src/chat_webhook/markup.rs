//! Alerts in the markup of chat services: pictures as links, words that mention nobody, addresses that stay what they
//! are. What a camera writes is text and never markup.

use tipoff_model::Alert;

use crate::buttons::{self, Link};
use crate::message_plan::{self, Role};
use crate::{Limits, Message, words};

/// Zero-width space: separates characters that would be markup together.
const NOTHING: char = '\u{200b}';
/// Characters that would end an address or mention somebody, with their percent-encoding.
const UNSAFE_IN_ADDRESS: &[(char, &str)] =
    &[('<', "%3C"), ('>', "%3E"), ('|', "%7C"), ('@', "%40"), ('(', "%28"), (')', "%29")];

/// A message for a service that accepts no files.
pub(crate) struct LinkedMessage<'a> {
    /// Title and text, with a line for each file that cannot be shown.
    pub(crate) words: Message,
    /// Pictures that are shown by their link.
    pub(crate) pictures: Vec<LinkedPicture<'a>>,
}

/// A picture that the service or the reader's app fetches.
pub(crate) struct LinkedPicture<'a> {
    /// The file's name.
    pub(crate) name: &'a str,
    /// Where it is.
    pub(crate) url: &'a str,
}

/// Splits a message into pictures whose addresses `is_good` accepts, and text. All other files become lines of text.
pub(crate) fn linked<'a>(
    message: &'a Message,
    alert: &Alert,
    limits: &Limits,
    is_good: fn(&str) -> bool,
) -> LinkedMessage<'a> {
    let (mut pictures, mut files) = (Vec::new(), Vec::new());
    for file in &message.files {
        let url = file.stored().and_then(|stored| stored.url.as_deref());
        match url.filter(|url| file.role == Role::Picture && is_good(url)) {
            Some(url) => pictures.push(LinkedPicture { name: file.name(), url }),
            None => files.push(file.clone()),
        }
    }
    let none_left = files.is_empty();
    let words = Message { files, ..message.clone() };
    let words = if none_left {
        words
    } else {
        let why = format!("{} takes no files", limits.service);
        message_plan::without_files(&words, alert, limits.text_utf16_max, &why)
    };
    LinkedMessage { words, pictures }
}

/// How a service writes Markdown.
pub(crate) struct Markdown {
    /// The mark before and after bold text.
    pub(crate) bold: &'static str,
    /// Room for the links of actions below the text, in UTF-16 units.
    pub(crate) links_utf16_max: usize,
    /// Writes a text so that it is shown as it is and mentions nobody.
    pub(crate) plain: fn(&str) -> String,
}

impl Markdown {
    /// Title, text and the links of actions. The title is bold, and leads to the incident if its address is known.
    pub(super) fn text(&self, message: &Message, alert: &Alert, links: &[Link<'_>]) -> String {
        let (bold, plain) = (self.bold, self.plain);
        let title = match (plain(&message.title), &alert.link) {
            (title, _) if title.is_empty() => title,
            (title, Some(link)) => format!("{bold}[{title}]({}){bold}", safe_address(link)),
            (title, None) => format!("{bold}{title}{bold}"),
        };
        let text = words::below(&title, "\n", &plain(&message.text));
        match buttons::line(links, self.links_utf16_max, |link| self.link(link)) {
            links if links.is_empty() => text,
            links => format!("{text}\n{links}"),
        }
    }

    fn link(&self, link: &Link<'_>) -> String {
        format!("[{}]({})", (self.plain)(link.label), safe_address(link.url))
    }
}

/// `text` with each address written by `address`, and every other character by `sign`.
pub(crate) fn spelled(
    text: &str,
    address: impl Fn(&str) -> String,
    sign: impl Fn(char, &mut String),
) -> String {
    let mut spelled = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        if word.starts_with("http://") || word.starts_with("https://") {
            let (word, space) = word.split_at(word.trim_end().len());
            spelled.push_str(&address(&safe_address(word)));
            spelled.push_str(space);
        } else {
            word.chars().for_each(|character| sign(character, &mut spelled));
        }
    }
    spelled
}

/// The same address, without characters that would end it or mention somebody.
pub(crate) fn safe_address(address: &str) -> String {
    UNSAFE_IN_ADDRESS.iter().fold(address.to_owned(), |it, (sign, code)| it.replace(*sign, code))
}

/// Writes a character so that what follows does not complete it: `@all` mentions everybody, this does not.
pub(crate) fn push_parted(sign: char, out: &mut String) {
    out.push(sign);
    out.push(NOTHING);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stay_and_cannot_call() {
        let spell = |text| {
            spelled(text, |it| format!("[{it}]"), |sign, out| out.extend(sign.to_uppercase()))
        };
        assert_eq!(spell("open http://h/a_b\nnow"), "OPEN [http://h/a_b]\nNOW");
        assert_eq!(spell("https://h/<!all>|@all()"), "[https://h/%3C!all%3E%7C%40all%28%29]");
        assert_eq!(spell(""), "");
    }
}
