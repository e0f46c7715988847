//! The same words twice: a mail's text as plain text and as HTML, as alternatives or side by side
//! (TrueNAS). One of the two is left: the plain text, unless it says less.

use std::collections::HashSet;

use crate::collect::Text;

/// A plain text of more words is no stub.
const STUB_WORDS_MAX: usize = 60;

/// A plain text of more words is more than a headline of its HTML.
const HEADLINE_WORDS_MAX: usize = 5;

/// Words by which a stub tells that the HTML is to be read, in lower case.
const STUB_MARKS: &[&str] = &[
    "browser",
    "navigateur",
    "navegador",
    "mail program",
    "mail client",
    "mail reader",
    "mail viewer",
    "mail-programm",
    "mailprogramm",
    "mail-client",
    "mailclient",
    "messagerie",
    "programa de correo",
    "cliente de correo",
    "client di posta",
    "posta elettronica",
    "почтов",
    "邮件客户端",
    "メールソフト",
    "not supported",
    "does not support",
    "doesn't support",
    "nicht unterstützt",
    "cannot be displayed",
    "can't be displayed",
    "nicht angezeigt",
    "nicht darstellen",
];

/// As many texts are compared with each other; of more only exact repeats are left out.
const COMPARED_MAX: usize = 32;

/// The texts, in order, without what another says as well.
pub(crate) fn without_repeats(texts: Vec<Text>) -> Vec<String> {
    let texts: Vec<Words> = texts.into_iter().map(Words::of).collect();
    let compared = texts.get(..COMPARED_MAX).unwrap_or(&texts);
    let mut kept: Vec<&str> = Vec::new();
    for text in &texts {
        // Whoever takes the place of another stays.
        let is_replaced = compared.iter().any(|other| other.replaces(text))
            && !(text.text.is_html && compared.iter().any(|other| text.replaces(other)));
        if !is_replaced && !kept.contains(&text.text.text.as_str()) {
            kept.push(&text.text.text);
        }
    }
    kept.into_iter().map(str::to_owned).collect()
}

struct Words {
    text: Text,
    /// In lower case.
    words: Vec<String>,
    /// Without anything between them: mailers break and space texts as they like.
    joined: String,
    /// It is a short plain text that tells to read the HTML.
    is_marked: bool,
}

impl Words {
    fn of(text: Text) -> Self {
        let lower = text.text.to_lowercase();
        let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let words: Vec<String> = words.map(str::to_owned).collect();
        let joined = words.concat();
        let is_marked = !text.is_html
            && words.len() <= STUB_WORDS_MAX
            && (words.iter().any(|word| word == "html" || word == "mime")
                || STUB_MARKS.iter().any(|mark| lower.contains(mark)));
        Self { text, words, joined, is_marked }
    }

    /// Whether this text takes the place of `other`, which is written in the other way.
    fn replaces(&self, other: &Self) -> bool {
        if self.text.is_html == other.text.is_html || self.words.is_empty() {
            return false;
        }
        let are_alternatives = self.text.group.is_some() && self.text.group == other.text.group;
        let (plain, html) = if self.text.is_html { (other, self) } else { (self, other) };
        let html_is_better = if are_alternatives {
            plain.is_stub_of(html) || plain.is_headline_of(html)
        } else {
            plain.is_stub_of(html) || plain.joined != html.joined && plain.is_piece_of(html)
        };
        if self.text.is_html {
            html_is_better
        } else {
            !html_is_better
                && (are_alternatives || self.joined == other.joined || other.is_piece_of(self))
        }
    }

    /// Whether it tells no more than that the HTML is to be read.
    fn is_stub_of(&self, html: &Self) -> bool {
        if !self.is_marked || html.words.is_empty() {
            return false;
        }
        let said: HashSet<&String> = html.words.iter().collect();
        let shared = self.words.iter().filter(|word| said.contains(word)).count();
        shared * 2 <= self.words.len()
    }

    /// Whether it is a headline, and `whole` says it and much more.
    fn is_headline_of(&self, whole: &Self) -> bool {
        self.words.len() <= HEADLINE_WORDS_MAX
            && self.words.len() * 3 <= whole.words.len()
            && self.is_piece_of(whole)
    }

    fn is_piece_of(&self, whole: &Self) -> bool {
        let mut rest = whole.words.iter();
        self.words.iter().all(|word| rest.any(|other| other == word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(texts: &[(&str, bool, Option<usize>)]) -> Vec<String> {
        let text = |&(text, is_html, group): &(&str, bool, Option<usize>)| Text {
            group,
            is_html,
            text: text.to_owned(),
        };
        without_repeats(texts.iter().map(text).collect())
    }

    #[test]
    fn the_same_words_are_said_once() {
        let plain = "TrueNAS @ tank\n\nNew alerts:\n* Pool tank is DEGRADED: one device";
        for html in [
            "TrueNAS @ tank\nNew alerts:\n• Pool tank is DEGRADED: one device",
            "TrueNAS@tank New alerts Pool tank\nis DEGRADED – one device.",
        ] {
            assert_eq!(kept(&[(plain, false, None), (html, true, None)]), [plain]);
            assert_eq!(kept(&[(html, true, None), (plain, false, None)]), [plain]);
        }
        // What says more stays.
        let more = "TrueNAS @ tank New alerts: Pool tank is DEGRADED: one device (http://nas/)";
        assert_eq!(kept(&[(plain, false, None), (more, true, None)]), [more]);
        assert_eq!(kept(&[(more, false, None), (plain, true, None)]), [more]);
        let other = "Pool tank is well";
        assert_eq!(kept(&[(plain, false, None), (other, true, None)]), [plain, other]);
        // Of two plain texts nothing is left out but the same one.
        assert_eq!(kept(&[("-5", false, None), ("5", false, None)]), ["-5", "5"]);
        assert_eq!(kept(&[("a b", false, None), ("a b", false, None)]), ["a b"]);
        assert_eq!(kept(&[("!", false, None), ("?", true, None)]), ["!", "?"]);
        assert_eq!(kept(&[("x", true, None), ("x", true, None)]), ["x"]);
    }

    #[test]
    fn a_stub_loses_to_the_html() {
        let html = "Battery at 20 %\nUPS in the cellar";
        for stub in [
            "Please use a program that can show HTML.",
            "To view the message, please use an HTML compatible email viewer!",
            "This message is in HTML format; your mail reader cannot show it.",
            "Ihr E-Mail-Programm kann diese Nachricht nicht darstellen.",
            "View this message in your browser: http://nas/1",
            "此邮件为HTML格式，您的邮件客户端不支持。",
            "UPS",
        ] {
            for group in [Some(1), None] {
                let texts = [(stub, false, group), (html, true, group)];
                assert_eq!(kept(&texts), [html], "{stub}");
            }
        }
        for plain in ["On battery since 10:12", "HTML: battery at 20 %, UPS in the cellar"] {
            assert_eq!(kept(&[(plain, false, Some(1)), (html, true, Some(1))]), [plain]);
        }
        // A footer does not stand for the HTML that a stub gave way to.
        let stub = "Please use a program that can show HTML.";
        let footer = "Sent by the gateway";
        let texts = [(stub, false, Some(1)), (html, true, Some(1)), (footer, false, Some(1))];
        assert_eq!(kept(&texts), [html, footer]);
        // Without words the HTML is no better.
        assert_eq!(kept(&[(stub, false, Some(1)), ("…", true, Some(1))]), [stub]);
    }
}
