//! Removes repeated text: mails contain the same text plain and as HTML, as alternatives or side by side (TrueNAS).
//! The plain text is kept, unless it says less.

use std::collections::HashSet;

use crate::entities::is_invisible;
use crate::outside::tells_of_a_device;

/// A plain text with more words is not a stub ("please use a program that can show HTML").
const STUB_WORDS_MAX: usize = 60;

/// A plain text with more words is more than a headline of its HTML.
const HEADLINE_WORDS_MAX: usize = 5;

/// Words of stubs that refer to the HTML, in lower case.
#[rustfmt::skip]
const STUB_MARKS: &[&str] = &[
    "browser", "navigateur", "navegador", "mail program", "mail client", "mail reader",
    "mail viewer", "mail-programm", "mailprogramm", "mail-client", "mailclient", "messagerie",
    "programa de correo", "cliente de correo", "client di posta", "posta elettronica", "почтов",
    "邮件客户端", "メールソフト", "not supported", "does not support", "doesn't support", "nicht unterstützt",
    "cannot be displayed", "can't be displayed", "nicht angezeigt", "nicht darstellen",
];

/// Further words of the sentences of a stub.
const POLITE: &[&str] = &[
    "bitte",
    "click",
    "client",
    "enable",
    "format",
    "klicken",
    "message",
    "nachricht",
    "please",
    "program",
    "programm",
    "sorry",
    "thank",
    "thanks",
    "upgrade",
    "use",
    "view",
    "viewer",
];

/// A sentence with fewer words is a greeting.
const SENTENCE_WORDS_MIN: usize = 3;

/// Number of texts that are compared with each other. Behind them only exact repeats are removed.
const COMPARED_MAX: usize = 32;

/// The text of a part.
#[derive(Debug)]
pub(crate) struct Text {
    /// Number of the `multipart/alternative` that contains it.
    pub(crate) group: Option<usize>,
    pub(crate) is_html: bool,
    pub(crate) text: String,
}

/// The texts, in order, without those that another text repeats.
pub(crate) fn without_repeats(texts: Vec<Text>) -> Vec<String> {
    if texts.len() < 2 {
        return texts.into_iter().map(|text| text.text).collect();
    }
    let texts: Vec<TextWords> = texts.into_iter().map(TextWords::of).collect();
    let compared = texts.get(..COMPARED_MAX).unwrap_or(&texts);
    let mut kept: Vec<&str> = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    for (number, text) in texts.iter().enumerate() {
        if number >= COMPARED_MAX {
            if seen.insert(&text.text.text) {
                kept.push(&text.text.text);
            }
            continue;
        }
        // A text that replaces another one is kept.
        let is_replaced = compared.iter().any(|other| other.replaces(text))
            && !(text.text.is_html && compared.iter().any(|other| text.replaces(other)));
        if !is_replaced && seen.insert(&text.text.text) {
            kept.push(&text.text.text);
        }
    }
    kept.into_iter().map(str::to_owned).collect()
}

/// A text with what the comparison needs.
struct TextWords {
    text: Text,
    /// Its words in order, in lower case.
    words: Vec<String>,
    /// The words of an HTML page as a set; empty for plain text.
    said: HashSet<String>,
    /// The words without separators: mailers break and space texts differently.
    joined: String,
    /// Whether it is a short plain text that refers to the HTML.
    is_marked: bool,
    /// The words of its other sentences, and of all sentences of a device, in lower case.
    besides: Vec<String>,
}

impl TextWords {
    /// Prepares a text. Invisible characters are left out and full-width letters become ASCII.
    fn of(text: Text) -> Self {
        let lower: String =
            text.text.chars().filter(|&c| !is_invisible(c)).map(half_width).collect();
        let lower = lower.to_lowercase();
        let words = words_of(&lower);
        let joined = words.concat();
        let is_marked = !text.is_html && words.len() <= STUB_WORDS_MAX && is_of_stub(&lower);
        let besides = if is_marked { besides(&lower) } else { Vec::new() };
        let said = if text.is_html { words.iter().cloned().collect() } else { HashSet::new() };
        Self { text, words, said, joined, is_marked, besides }
    }

    /// Whether this text replaces `other`: one is plain, the other HTML.
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
        // A stub that says more than the HTML is kept beside it.
        let is_mixed = plain.is_marked && plain.tells_besides(html);
        if self.text.is_html {
            html_is_better
        } else {
            !html_is_better
                && (are_alternatives && !is_mixed
                    || self.joined == other.joined
                    || other.is_piece_of(self))
        }
    }

    /// Whether the text says only that the HTML should be read.
    fn is_stub_of(&self, html: &Self) -> bool {
        if !self.is_marked || html.words.is_empty() || self.tells_besides(html) {
            return false;
        }
        let shared = self.words.iter().filter(|word| html.said.contains(*word)).count();
        shared * 2 <= self.words.len()
    }

    /// Whether a stub says something that the HTML does not say.
    fn tells_besides(&self, html: &Self) -> bool {
        self.besides.iter().any(|word| !html.said.contains(word))
    }

    /// Whether it is a headline, and `whole` contains it and much more.
    fn is_headline_of(&self, whole: &Self) -> bool {
        self.words.len() <= HEADLINE_WORDS_MAX
            && self.words.len() * 3 <= whole.words.len()
            && self.is_piece_of(whole)
    }

    /// Whether all of its words occur in `whole`, in order.
    fn is_piece_of(&self, whole: &Self) -> bool {
        let mut rest = whole.words.iter();
        self.words.iter().all(|word| rest.any(|other| other == word))
    }
}

/// The words of a text: runs of letters and digits.
fn words_of(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// Converts a full-width letter to ASCII.
fn half_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        c => c,
    }
}

/// Whether a text, in lower case, refers to the HTML.
fn is_of_stub(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "html" || word == "mime")
        || STUB_MARKS.iter().any(|mark| text.contains(mark))
}

/// The words of a stub's other sentences, without URLs.
fn besides(text: &str) -> Vec<String> {
    let text = text.split(' ').filter(|word| !word.contains("://")).collect::<Vec<_>>().join(" ");
    let ends = |c: char| matches!(c, '\n' | '!' | '?' | '。' | '！' | '？');
    let sentences = text.split(ends).flat_map(|it| it.split(". "));
    let mut besides = Vec::new();
    for sentence in sentences {
        let words = words_of(sentence);
        let is_polite = words.iter().any(|word| POLITE.contains(&word.as_str()));
        if tells_of_a_device(sentence)
            || words.len() >= SENTENCE_WORDS_MIN && !is_of_stub(sentence) && !is_polite
        {
            besides.extend(words);
        }
    }
    besides
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
        // What is not seen does not count.
        let unseen = "Disk 3\u{200B} fai\u{AD}led";
        assert_eq!(
            kept(&[("Disk 3 failed", false, None), (unseen, true, None)]),
            ["Disk 3 failed"]
        );
        let wide = "Ｄｉｓｋ ３ failed";
        assert_eq!(kept(&[(wide, false, None), ("Disk 3 failed", true, None)]), [wide]);
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
            "This is an HTML email. Please enable HTML view.",
            "Your mail client does not support HTML email. View online: https://x.example/a1",
            "This email was sent in HTML format. Please open it in a HTML viewer",
            "This message contains HTML content that your email client cannot display.",
            "Ce message est au format HTML",
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
        for plain in [
            "Your client does not support HTML.\n\nDisk 3 failed on nas at 12:00. Serial 12345.",
            "Please use a program that can show HTML. The gate is open.",
            "Web server alert: HTML page check failed",
            "HTML is not supported, serial number AB12",
        ] {
            for group in [Some(1), None] {
                let texts = [(plain, false, group), ("See portal", true, group)];
                assert_eq!(kept(&texts), [plain, "See portal"], "{plain}");
            }
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
