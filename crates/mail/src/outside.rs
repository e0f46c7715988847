//! Text outside the parts of a multipart: before its first boundary or behind its last (RFC 2046,
//! section 5.1.1). Mostly it is a notice for programs that do not know MIME, in any language; some
//! firmware writes its alert there. Leaves the alert.

/// Words by which a notice is recognised, in lower case. `MIME` is in nearly all of them.
const NOTICE_WORDS: &[&str] = &[
    "multipart",
    "multi-part",
    "multi part",
    "multiparte",
    "mehrteilig",
    "meerdelig",
    "multipartit",
    "partes m",
    "wieloczęściow",
    "vícedíln",
    "flerdel",
    "moniosai",
    "többrészes",
    "çok parçalı",
    "çok bölümlü",
    "составн",
    "многочаст",
    "マルチパート",
    "多部分",
    "多部份",
    "多段",
    "멀티파트",
];

/// Words of the sentences beside it.
const BESIDE_WORDS: &[&str] = &[
    "mail reader",
    "mailreader",
    "mail program",
    "mail client",
    "mail software",
    "mailer does not",
    "mailprogram",
    "e-mail-program",
    "email-program",
    "mail-client",
    "logiciel de messagerie",
    "client de messagerie",
    "programa de correo",
    "cliente de correo",
    "client di posta",
    "programma di posta",
    "почтов",
];

/// Behind one of these a sentence ends, where white space or nothing follows.
const SENTENCE_ENDS: [char; 7] = ['.', '!', '?', '。', '！', '？', ':'];

/// `text` without notices.
pub(crate) fn without_notices(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if !is_notice(&text) {
        return text;
    }
    let mut kept = String::with_capacity(text.len());
    for paragraph in text.split("\n\n") {
        let mut in_notice = false;
        for sentence in sentences(paragraph) {
            let begins_a_line = sentence.starts_with('\n') || !in_notice;
            // What follows on a notice's line goes on with it: "Since your reader does not …".
            in_notice =
                is_notice(sentence) || says(sentence, BESIDE_WORDS) || in_notice && !begins_a_line;
            if !in_notice {
                kept.push_str(sentence);
            }
        }
        kept.push_str("\n\n");
    }
    kept
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

fn is_notice(sentence: &str) -> bool {
    let mut words = sentence.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| word.eq_ignore_ascii_case("mime")) || says(sentence, NOTICE_WORDS)
}

/// Whether a sentence has one of these in it, however it is broken into lines.
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
            ("Battery at 20.5 %", "Battery at 20.5 %"),
            ("The pantomime ended", "The pantomime ended"),
            ("移动侦测。前院。", "移动侦测。前院。"),
        ] {
            assert_eq!(without_notices(text).trim(), expected, "{text}");
        }
    }
}
