//! Text outside of the parts of a multipart: before the first boundary or behind the last (RFC 2046, section
//! 5.1.1). Mostly it is a notice for programs that do not know MIME, in any language; some firmware writes its
//! alert there. The notice is removed and the alert stays, also if both are in one paragraph. In doubt a sentence
//! stays: a notice too many costs less than a lost alert.

/// Words by which a notice is recognised, in lower case. Nearly all notices also contain `MIME`.
#[rustfmt::skip]
const NOTICE_WORDS: &[&str] = &[
    "multipart", "multi-part", "multi part", "multiparte", "mehrteilig", "meerdelig", "multipartit",
    "partes m", "wieloczęściow", "vícedíln", "flerdel", "moniosai", "többrészes", "çok parçalı",
    "çok bölümlü", "составн", "многочаст", "マルチパート", "多部分", "多部份", "多段", "멀티파트", "multiple parts",
    "should never be seen", "does not understand this format",
];

/// Words of the sentences behind it, in lower case. They count only behind a notice.
#[rustfmt::skip]
const BESIDE_WORDS: &[&str] = &[
    "mail reader", "mailreader", "mail program", "mail client", "mail software", "mailer does not",
    "mailprogram", "e-mail-program", "email-program", "mail-client", "logiciel de messagerie",
    "client de messagerie", "programa de correo", "cliente de correo", "client di posta",
    "programma di posta", "почтов", "邮件客户端", "if you see this", "if you can read this",
    "if you are reading this", "your mailer", "e-mail client", "email client", "e-mail software",
    "email software", "programm zeigt",
];

/// Words of further lines of such a sentence.
const GOES_ON_WORDS: &[&str] = &["this format", "this text", "legible", "readable", "too old"];

/// First words of a notice whose first line has none of the words above.
const OPENERS: &[&str] =
    &["this ", "if you", "you need", "since your", "dies ", "diese ", "ceci ", "este ", "questo "];

/// Beginnings of words by which a sentence is a device's, although it mentions MIME. A number has the same effect.
#[rustfmt::skip]
const DEVICE_WORDS: &[&str] = &[
    "alarm", "alert", "attachment", "backup", "batter", "camera", "crash", "detect", "disk",
    "error", "fail", "fault", "fehler", "firmware", "kamera", "lost", "motion", "offline", "pool",
    "printer", "reject", "scanner", "sensor", "server", "storage", "toner", "unable", "virus",
    "volume", "warning",
];

/// The same as whole words: `nas` must not match `nasty`, nor `down` match
/// `download`.
const DEVICE_WHOLE_WORDS: &[&str] = &["down", "nas", "raid", "ups"];

/// Marks that end a sentence if white space or nothing follows. Chinese and Japanese marks need no white space.
const SENTENCE_ENDS: [char; 7] = ['.', '!', '?', '。', '！', '？', ':'];

/// `text` without notices.
pub(crate) fn without_notices(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines = text.split('\n').filter(|line| !is_boundary(line));
    let text = lines.collect::<Vec<_>>().join("\n");
    if !has_words_of_a_notice(&text) {
        return text;
    }
    let mut kept = String::with_capacity(text.len());
    for paragraph in text.split("\n\n") {
        let mut in_notice = false;
        for sentence in sentences(paragraph) {
            in_notice = is_notice(sentence) || in_notice && says(sentence, BESIDE_WORDS);
            if in_notice {
                push_other_lines(sentence, &mut kept);
            } else if kept.is_empty() || kept.ends_with('\n') {
                kept.push_str(sentence.trim_start_matches(' '));
            } else {
                kept.push_str(sentence);
            }
        }
        kept.push_str("\n\n");
    }
    kept
}

/// Keeps the lines of a sentence that are not part of its notice. A notice without a full stop ends with its line.
fn push_other_lines(sentence: &str, kept: &mut String) {
    let is_marked = |line: &&str| {
        has_words_of_a_notice(line) || says(line, BESIDE_WORDS) || says(line, GOES_ON_WORDS)
    };
    let lines: Vec<&str> = sentence.split('\n').collect();
    let first = lines.iter().position(is_marked).unwrap_or(0);
    let begins = |line: &&str| {
        let line = line.trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        OPENERS.iter().any(|opener| line.starts_with(opener))
    };
    let before = lines.get(..first).unwrap_or_default();
    let first = before.iter().rposition(begins).unwrap_or(first);
    let last = lines.iter().rposition(is_marked).unwrap_or(lines.len());
    for (number, line) in lines.iter().enumerate() {
        if number < first || number > last || tells_of_a_device(line) {
            kept.push('\n');
            kept.push_str(line);
        }
    }
}

/// Whether a sentence is a device's: it contains a number, apart from that of a standard (`RFC 4880`), or a word of
/// devices.
pub(crate) fn tells_of_a_device(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    let words = || lower.split(|c: char| !c.is_alphanumeric());
    let has_number = !words().any(|word| word.starts_with("rfc"))
        && words().any(|word| word.contains(|c: char| c.is_ascii_digit()));
    let is_of_device = |word: &str| {
        DEVICE_WHOLE_WORDS.contains(&word) || DEVICE_WORDS.iter().any(|it| word.starts_with(it))
    };
    has_number || words().any(is_of_device)
}

/// The sentences of a paragraph, each with the white space before it.
fn sentences(mut paragraph: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        if paragraph.is_empty() {
            return None;
        }
        let mut ends = paragraph.match_indices(SENTENCE_ENDS).map(|(at, end)| at + end.len());
        let is_end = |&end: &usize| {
            let (before, behind) = paragraph.split_at_checked(end).unwrap_or((paragraph, ""));
            behind.starts_with(char::is_whitespace)
                || behind.is_empty()
                || before.ends_with(['。', '！', '？'])
        };
        let end = ends.find(is_end).unwrap_or(paragraph.len());
        let (sentence, rest) = paragraph.split_at_checked(end).unwrap_or((paragraph, ""));
        paragraph = rest;
        Some(sentence)
    })
}

/// Whether a sentence, or one of its lines, is a notice.
fn is_notice(sentence: &str) -> bool {
    sentence.split('\n').any(|line| has_words_of_a_notice(line) && !tells_of_a_device(line))
        || has_words_of_a_notice(sentence) && !tells_of_a_device(sentence)
}

/// Whether a text contains `MIME` as a word or one of [`NOTICE_WORDS`].
fn has_words_of_a_notice(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| word.eq_ignore_ascii_case("mime")) || says(text, NOTICE_WORDS)
}

/// Whether a line is an undeclared boundary, `------=_Part_0_1`, or a header field on MIME.
fn is_boundary(line: &str) -> bool {
    let line = line.trim();
    let lower = line.to_lowercase();
    lower.starts_with("mime-version:")
        || line.starts_with("--")
            && !line.contains(char::is_whitespace)
            && ["=_", "_part", "boundary"].iter().any(|mark| lower.contains(mark))
}

/// Whether a sentence contains one of these phrases, also across line ends.
fn says(sentence: &str, words: &[&str]) -> bool {
    let sentence = sentence.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    words.iter().any(|words| sentence.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_left_out_in_any_wording() {
        for notice in [
            "This is a multi-part message in MIME format.",
            "This is a multipart message in MIME format",
            "This is a multi-part\r\nmessage in\r\nMIME format.\r\n",
            "This is a MIME-formatted message.  If you see this text it means that your\n\
             E-mail software does not support MIME-formatted messages.",
            "This is a MIME-encapsulated message",
            "This message is in MIME format. Since your mail reader does not understand\n\
             this format, some or all of this message may not be legible.",
            "This message is in MIME format.\nSince your mail reader does not understand\n\
             this format, some or all of this message may not be legible.",
            "This is a message with multiple parts in MIME format.",
            "Dies ist eine mehrteilige Nachricht im MIME-Format.",
            "Dies ist eine mehrteilige Nachricht. Ihr Programm zeigt sie nicht.",
            "Ceci est un message multi-parties au format MIME.",
            "Este es un mensaje de varias partes en formato MIME.",
            "Questo è un messaggio multiparte in formato MIME.",
            "これはMIME形式のマルチパートメッセージです。",
            "这是一封多部分的MIME格式邮件。您的邮件客户端不支持它。",
            "Это сообщение состоит из нескольких частей в формате MIME.",
            "You need a MIME-aware mail reader to see it.",
            "> This message is in MIME format. The first part should be readable text, while the \
             remaining parts are likely unreadable without MIME-aware tools.",
            "------=_Part_0_1",
            "MIME-Version: 1.0",
            "Since your mail reader does not understand\nthis format, it may not be legible.",
            "This is a message with multiple parts.",
            "This part of the E-mail should never be seen. If you are reading this, consider \
             upgrading your e-mail client to a MIME-compatible client.",
            "This is an OpenPGP/MIME signed message (RFC 4880 and 3156)",
            "This is an S/MIME signed message",
            "This is a multi-part message in MIME format. If you see this\n\
             your mail reader is too old.",
            "This is a multi-part message in MIME format...",
            "If you are reading this, your mail reader does not support MIME.",
            "This is a multi-part message in HTML format.",
            "This is a\nmulti-part message in\nMIME format",
        ] {
            assert_eq!(without_notices(notice).trim(), "", "{notice}");
        }
    }

    #[test]
    fn what_a_device_says_stays() {
        for (text, expected) in [
            ("TrueNAS @ tank\n\nNew alerts:\n* Pool", "TrueNAS @ tank\n\nNew alerts:\n* Pool"),
            ("This is a multi-part message in MIME format.\r\nPool degraded.", "Pool degraded."),
            ("This is a multi-part message in MIME format.\n\nPool.", "Pool."),
            ("Pool degraded.\nThis is a MIME-encapsulated message.", "Pool degraded."),
            ("The mail program failed.", "The mail program failed."),
            ("This is a MIME-encapsulated message\nVolume 1 degraded", "Volume 1 degraded"),
            ("This is a multi-part message in MIME format\nUPS on battery", "UPS on battery"),
            ("This is a multi-part message in MIME format\nGate is open.", "Gate is open."),
            (
                "This is a multi-part message in MIME format. Motion detected on camera 2.",
                "Motion detected on camera 2.",
            ),
            ("This is a multi-part message in MIME format. Gate is open.", "Gate is open."),
            ("UPS on battery\nThis is a multi-part message in MIME format.", "UPS on battery"),
            ("Gate is open\nThis is a\nmulti-part message", "Gate is open"),
            (
                "The mail server does not support MIME\nVolume 1 degraded",
                "The mail server does not support MIME\nVolume 1 degraded",
            ),
            (
                "Scanner: file format MIME multi-part failed to send on tray 2",
                "Scanner: file format MIME multi-part failed to send on tray 2",
            ),
            (
                "Your NAS could not send: the server does not support MIME\nGate is open",
                "Your NAS could not send: the server does not support MIME\nGate is open",
            ),
            (
                "The printer needs MIME type support\n\nGate",
                "The printer needs MIME type support\n\nGate",
            ),
            ("----------\nDisk 3 failed", "----------\nDisk 3 failed"),
            ("Battery at 20.5 %", "Battery at 20.5 %"),
            ("The pantomime ended", "The pantomime ended"),
            ("移动侦测。前院。", "移动侦测。前院。"),
        ] {
            let found = without_notices(text);
            assert_eq!(found.trim_matches('\n'), expected, "{text}");
        }
    }
}
