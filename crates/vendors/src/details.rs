//! Chooses the details of a known vendor's mail, the text below an alert's title: the lines that add something to the
//! event, the device, the camera and the time. A line is left out only if a rule knows it; everything else stays.
//! The vendors' files say what their boilerplate is ([`MailForm`]) and what the title contains ([`MailFacts`]).

use std::collections::HashSet;
use std::net::IpAddr;

use tipoff_model::Event;

use crate::mail::{HEAD_BYTES_MAX, MailView, head, key_and_value, lines};
use crate::words;

/// The boilerplate of a vendor's mails, in lower case.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MailForm {
    /// Keys of fields that are left out. A star at the end stands for any text: `ip address*`.
    pub(crate) keys: &'static [&'static str],
    /// Sentences that are left out. A star stands for a few words.
    pub(crate) sentences: &'static [&'static str],
    /// Whether people or programs write the text freely. Then only these keys and sentences are left out, and not
    /// lines that seem to repeat event, names and times.
    pub(crate) free: bool,
}

impl MailForm {
    /// No boilerplate: only lines that repeat event, names and times are left out.
    pub(crate) const NONE: Self = Self { keys: &[], sentences: &[], free: false };
}

/// What the title of an alert already contains.
#[derive(Clone, Debug, Default)]
pub(crate) struct MailFacts<'a> {
    pub(crate) event: Event,
    /// The vendor's own words for the event.
    pub(crate) value: Option<&'a str>,
    /// Names of the device and the camera.
    pub(crate) names: Vec<&'a str>,
    /// A text that is always kept, such as the name of an alarm input.
    pub(crate) extra: Option<&'a str>,
    /// The part of the subject that may be news.
    pub(crate) subject: SubjectNews<'a>,
}

/// The part of a subject that may be news.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum SubjectNews<'a> {
    /// All of it, because the owner can choose it.
    #[default]
    Whole,
    /// This part of it.
    Part(&'a str),
    /// Nothing, because it has the vendor's form and repeats the fields.
    Nothing,
}

impl SubjectNews<'_> {
    /// `Nothing` for a subject in the vendor's form, else `Whole`.
    pub(crate) const fn unless(has_form: bool) -> Self {
        if has_form { Self::Nothing } else { Self::Whole }
    }
}

/// The details of a mail: the vendor's words if they say more than the event, then `extra`, then the lines that add
/// something. The subject comes first if it has a word that none of these has. Equal lines in a row are written once.
pub(crate) fn of(mail: &MailView<'_>, form: &MailForm, known: &MailFacts<'_>) -> String {
    let mut kept: Vec<String> = Vec::new();
    if let Some(value) = known.value.filter(|value| !words::is_plain(value, known.event)) {
        kept.push(squeezed(value));
    }
    kept.extend(known.extra.map(squeezed));
    let names = Names::of(known);
    let (head, rest) = split(mail.whole_text());
    let news = lines(head).filter(|line| adds(line, form, &names));
    let unread = lines(rest).filter(|line| !line.is_empty() && !form.is_boilerplate(line));
    for line in news.chain(unread).map(squeezed) {
        if kept.last() != Some(&line) {
            kept.push(line);
        }
    }
    let subject = match known.subject {
        SubjectNews::Whole => mail.subject,
        SubjectNews::Part(part) => part,
        SubjectNews::Nothing => "",
    };
    if names.adds_to(subject, &kept) {
        kept.insert(0, squeezed(subject));
    }
    kept.join("\n")
}

/// The lines of the first [`HEAD_BYTES_MAX`] bytes, and the lines behind them.
fn split(text: &str) -> (&str, &str) {
    let head = head(text, HEAD_BYTES_MAX);
    let last = || head.rfind('\n').unwrap_or(head.len());
    let end = if head.len() == text.len() { head.len() } else { last() };
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Whether a line adds something to the title. Fields count by their value.
fn adds(line: &str, form: &MailForm, names: &Names) -> bool {
    if line.is_empty() || form.is_boilerplate(line) {
        return false;
    }
    match key_and_value(line) {
        Some((key, _)) if form.has(key) => false,
        _ if form.free => true,
        _ if is_address(line) || is_dated(line) => false,
        Some((key, value)) => names.adds(value) && !is_technical(key, value),
        None => names.adds(line),
    }
}

impl MailForm {
    /// Whether a field of this key is left out.
    pub(crate) fn has(&self, key: &str) -> bool {
        let key = key.to_lowercase();
        self.keys.iter().any(|known| match known.strip_suffix('*') {
            Some(beginning) => key.starts_with(beginning),
            None => key == *known,
        })
    }

    /// Whether a line is left out: one of the sentences, or a rule such as `-----`.
    pub(crate) fn is_boilerplate(&self, line: &str) -> bool {
        let is_rule = |it: char| it.is_whitespace() || "-*=_~•".contains(it);
        let line = line.trim_matches(is_rule).to_lowercase();
        line.is_empty() || self.sentences.iter().any(|sentence| fits(sentence, &line))
    }
}

/// Most bytes that a star in a sentence stands for.
const STAR_BYTES_MAX: usize = 80;

/// Whether a line is a sentence in which a star stands for a few words of the same sentence: a text that an owner
/// wrote behind it must not disappear.
fn fits(sentence: &str, line: &str) -> bool {
    let line = line.trim_end_matches(['.', '!', ' ']);
    let Some((beginning, end)) = sentence.split_once('*') else {
        return line == sentence;
    };
    let inner = line.strip_prefix(beginning).and_then(|rest| rest.strip_suffix(end));
    inner.is_some_and(|inner| {
        inner.len() <= STAR_BYTES_MAX && !inner.contains([';', ':', '!']) && !inner.contains(". ")
    })
}

/// The words that the title already contains.
struct Names {
    event: Event,
    names: HashSet<String>,
}

impl Names {
    /// The words of the names and of the vendor's words for the event.
    fn of(known: &MailFacts<'_>) -> Self {
        let names = known.names.iter().chain(&known.value).copied();
        Self { event: known.event, names: names.flat_map(words::words).collect() }
    }

    /// Whether a text has a word besides the event, names, times and small words. A text that is too long to be read
    /// counts as news.
    fn adds(&self, text: &str) -> bool {
        text.len() > words::READ_MAX || self.new_words(text).next().is_some()
    }

    /// Whether a text has such a word that `lines` do not have either.
    fn adds_to(&self, text: &str, lines: &[String]) -> bool {
        let new: Vec<String> = self.new_words(text).collect();
        // The lines are read only if there is a new word: they may be long.
        !new.is_empty() && {
            let said: HashSet<String> =
                lines.iter().take(SAID_LINES_MAX).flat_map(|line| words::words(line)).collect();
            new.iter().any(|word| !said.contains(word))
        }
    }

    /// The words of a text that are new, without its dates and times.
    fn new_words(&self, text: &str) -> impl Iterator<Item = String> {
        let timeless: Vec<&str> = text.split_whitespace().filter(|it| !is_time(it)).collect();
        words::words(&timeless.join(" ")).into_iter().filter(|word| self.is_new(word))
    }

    /// Whether a word is neither in the title nor a small word.
    fn is_new(&self, word: &str) -> bool {
        !(self.names.contains(word)
            || words::is_filler(word)
            || words::is_plain_word(word, self.event)
            || SMALL.contains(&word))
    }
}

/// Number of lines in which the words of a subject are searched for.
const SAID_LINES_MAX: usize = 100;

/// Small words around names and times, and names of vendors, beside those of [`words::is_filler`].
#[rustfmt::skip]
const SMALL: &[&str] = &[
    "on", "from", "at", "in", "by", "to", "am", "pm", "utc", "no", "h", "net", "network",
    "recorder", "embedded", "device", "system", "amcrest", "annke", "axis", "dahua", "ezviz",
    "foscam", "hikvision", "hilook", "imou", "lorex", "lts", "reolink", "swann", "vivotek",
];

/// Whether a field is for machines only: a serial number, an address, a time. The address of a failed login is not:
/// its owner wants to know it.
fn is_technical(key: &str, value: &str) -> bool {
    let key = key.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| key.contains(word));
    let is_clock = || value.split_whitespace().all(is_time);
    is_serial(&key)
        || (is_address(value) && !has(&["login", "remote", "source", "client", "user"]))
        || is_dated(value)
        || (is_clock() && has(&["time", "date"]))
}

/// Whether a field is a serial number or a hardware address, by its key.
fn is_serial(key: &str) -> bool {
    let ends = ["s/n", "sn", "serial number", "serial no", "serial no.", "mac", "mac address"];
    let is_word = |rest: &str| rest.is_empty() || rest.ends_with(' ');
    ends.iter().any(|end| key.strip_suffix(end).is_some_and(is_word))
}

/// An IP or hardware address, or a URL with an IP address.
fn is_address(text: &str) -> bool {
    let bare = text.trim_matches(['[', ']', '(', ')', '<', '>', ',']);
    let host = bare.split_once("://").map_or(bare, |(_, host)| host);
    let host = host.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit_once(':').filter(|(_, port)| is_digits(port)).map_or(host, |(it, _)| it);
    let host = host.trim_matches(['[', ']']);
    host.parse::<IpAddr>().is_ok() || bare.parse::<IpAddr>().is_ok() || is_mac(bare)
}

/// Whether a text is a hardware address: six pairs of hexadecimal digits.
fn is_mac(text: &str) -> bool {
    let is_pair = |pair: &str| pair.len() == 2 && pair.bytes().all(|it| it.is_ascii_hexdigit());
    text.split([':', '-']).count() == 6 && text.split([':', '-']).all(is_pair)
}

/// Whether a text is a date, perhaps with a time, and nothing else.
fn is_dated(text: &str) -> bool {
    let digits = |part: &str| part.bytes().filter(u8::is_ascii_digit).count();
    let is_date = |part: &str| digits(part) >= 8 || (digits(part) >= 6 && !part.contains(':'));
    text.split_whitespace().any(is_date) && text.split_whitespace().all(is_time)
}

/// Whether a text is a date or a time in one of the forms that vendors write: Hikvision `2015-05-22,14:52:18`, Dahua
/// `23/12/2021` and `10:27:46`, Panasonic `20260514171805123`.
fn is_time(text: &str) -> bool {
    let text = text.trim_matches(['(', ')', '[', ']', ',', '.', ';']);
    let parts: Vec<&str> = text.split(['-', '/', '.', ':', ',', 'T']).collect();
    let zone = text.trim_end_matches(['Z', 'z']);
    let has_form = match parts.len() {
        2 => text.contains(':'),
        // "5.4.5" is a version, "192.168.1.9" an address.
        3 => !text.contains('.') || text.len() >= 8,
        4..=7 => text.contains([':', '-', '/']),
        _ => false,
    };
    let is_short = |part: &&str| (1..=4).contains(&part.len()) && is_digits(part);
    (has_form && parts.iter().all(is_short)) || ([14, 17].contains(&zone.len()) && is_digits(zone))
}

/// Whether a text consists of digits.
fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

/// A text with single spaces: Hikvision's recorders pad fields with spaces, some of its cameras with tabs.
pub(crate) fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_ip_or_hardware_perhaps_in_a_url() {
        for (text, expected) in [
            ("192.168.1.9", true),
            ("192.168.1.9:8080", true),
            ("192.168.1.9:", false),
            ("[fe80::1]:80", true),
            ("fe80::1", true),
            ("http://192.168.1.9/x?y", true),
            ("2c:a5:9c:00:e8:c8", true),
            ("(2c-a5-9c-00-e8-c8)", true),
            ("2c:a5:9c:00:e8", false),
            ("2c:a5:9c:00:e8:c", false),
            ("2c:a5:9c:00:e8:cg", false),
            ("2c:a5:9c:00:e8:c88", false),
            ("example.org", false),
            ("", false),
        ] {
            assert_eq!(is_address(text), expected, "{text}");
        }
    }

    #[test]
    fn a_time_is_digits_between_the_marks_of_dates_and_times() {
        for (text, expected) in [
            ("10:27", true),
            ("10-27", false),
            ("1:2:3", true),
            ("26.07.2026", true),
            ("5.4.5", false),
            ("2026-07-26,16:53:09", true),
            ("192.168.1.9", false),
            ("1-2-3-4-5-6-7-8", false),
            ("ab:cd", false),
            ("12345:10", false),
            ("20260514171805", true),
            ("20260514171805Z", true),
            ("20260514171805123", true),
            ("2026051417180", false),
        ] {
            assert_eq!(is_time(text), expected, "{text}");
        }
    }

    #[test]
    fn a_date_has_a_day_and_nothing_but_times_beside_it() {
        for (text, expected) in [
            ("2026-07-26", true),
            ("2026-07-26 16:53:09", true),
            ("2026-07-26,16:53:09", true),
            ("26/07/26", true),
            ("16:53:09", false),
            ("12345678", false),
            ("2026-07-26 Gate", false),
        ] {
            assert_eq!(is_dated(text), expected, "{text}");
        }
    }

    #[test]
    fn a_field_is_technical_by_its_key_or_its_value() {
        for (key, value, expected) in [
            ("Serial No.", "x1", true),
            ("DVR S/N", "x1", true),
            ("Camera", "192.168.1.9", true),
            ("Login address", "192.168.1.9", false),
            ("Sent", "2026-07-26", true),
            ("Time", "10:27:46", true),
            ("Duration", "10:27:46", false),
            ("Time zone", "Berlin", false),
            ("Plate", "B123", false),
        ] {
            assert_eq!(is_technical(key, value), expected, "{key}: {value}");
        }
    }

    #[test]
    fn a_star_in_a_sentence_stands_for_a_few_words_of_one_sentence() {
        let long = |bytes: usize| format!("a {} event", "x".repeat(bytes));
        for (line, expected) in [
            ("a person event", true),
            ("a person event. !", true),
            ("a person or car event", true),
            ("a door; person event", false),
            ("a door: person event", false),
            ("a door. A person event", false),
            (&long(STAR_BYTES_MAX), true),
            (&long(STAR_BYTES_MAX + 1), false),
        ] {
            assert_eq!(fits("a * event", line), expected, "{line}");
        }
    }

    #[test]
    fn what_is_too_long_to_be_read_may_say_anything() {
        let known = MailFacts { names: vec!["yard"], ..MailFacts::default() };
        let names = Names::of(&known);
        let read = "yard ".repeat(words::READ_MAX / 5);
        assert!(!names.adds(&read) && names.adds(&format!("{read} ")));
    }
}
