//! What of a known vendor's mail stands below an alert's title: what adds something to the event, the
//! device, the camera and the time. Whatever is not known to be boilerplate stays.

use std::collections::HashSet;
use std::net::IpAddr;

use tipoff_model::Event;

use crate::mail::{HEAD_BYTES_MAX, Mail, head, key_and_value, lines};
use crate::words;

/// What a vendor's mails hold besides news, in lower case.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Form {
    /// The keys of fields that add nothing; a star stands for any end.
    pub(crate) keys: &'static [&'static str],
    /// Sentences that add nothing; a star stands for anything but another sentence.
    pub(crate) sentences: &'static [&'static str],
}

/// What is known of a mail already.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known<'a> {
    pub(crate) event: Event,
    /// The vendor's own words for the event.
    pub(crate) value: Option<&'a str>,
    /// What device and camera are called.
    pub(crate) names: Vec<&'a str>,
    /// What is said besides, and stays.
    pub(crate) extra: Option<&'a str>,
    /// Whether the subject has the vendor's form and says nothing else.
    pub(crate) has_plain_subject: bool,
}

/// The details of a mail.
pub(crate) fn of(mail: &Mail<'_>, form: &Form, known: &Known<'_>) -> String {
    let mut kept: Vec<String> = Vec::new();
    if let Some(value) = known.value.filter(|value| !words::is_plain(value, known.event)) {
        kept.push(squeezed(value));
    }
    let names = Names::of(known);
    kept.extend(known.extra.map(squeezed));
    let (head, rest) = split(mail.whole_text());
    let news = lines(head).filter(|line| adds(line, form, &names));
    let unread = lines(rest).filter(|line| !line.is_empty() && !form.is_boilerplate(line));
    for line in news.chain(unread).map(squeezed) {
        if kept.last() != Some(&line) {
            kept.push(line);
        }
    }
    if !known.has_plain_subject && names.adds(mail.subject) {
        let said: HashSet<String> = kept.iter().flat_map(|line| words::words(line)).collect();
        if words::words(mail.subject).iter().any(|word| !said.contains(word) && names.is_new(word))
        {
            kept.insert(0, squeezed(mail.subject));
        }
    }
    kept.join("\n")
}

/// The lines that are read, and those behind them.
fn split(text: &str) -> (&str, &str) {
    let head = head(text, HEAD_BYTES_MAX);
    let end =
        if head.len() == text.len() { head.len() } else { head.rfind('\n').unwrap_or(head.len()) };
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn adds(line: &str, form: &Form, names: &Names) -> bool {
    if line.is_empty() || form.is_boilerplate(line) || is_technical(line) {
        return false;
    }
    match key_and_value(line) {
        Some((key, value)) => {
            let is_known =
                form.has(key) || value.is_empty() || is_technical(value) || is_of_machine(key);
            !is_known && names.adds(value)
        }
        None => names.adds(line),
    }
}

/// Whether a field is a serial number or an address, by its key.
fn is_of_machine(key: &str) -> bool {
    let key = key.to_lowercase();
    let is_key = |it: &&str| key == **it || key.ends_with(&format!(" {it}"));
    ["s/n", "sn", "serial number", "serial no", "serial no.", "mac", "mac address", "uid", "uuid"]
        .iter()
        .any(|it| is_key(&it))
}

impl Form {
    pub(crate) fn has(&self, key: &str) -> bool {
        let key = key.to_lowercase();
        self.keys.iter().any(|known| match known.strip_suffix('*') {
            Some(beginning) => key.starts_with(beginning),
            None => key == *known,
        })
    }

    pub(crate) fn is_boilerplate(&self, line: &str) -> bool {
        let line =
            line.trim_matches(|it: char| it.is_whitespace() || "-*=_~".contains(it)).to_lowercase();
        line.is_empty() || self.sentences.iter().any(|sentence| fits(sentence, &line))
    }
}

/// Whether a line is a sentence in which stars stand for a few words.
fn fits(sentence: &str, line: &str) -> bool {
    let line = line.trim_end_matches(['.', '!']);
    let Some((beginning, end)) = sentence.split_once('*') else {
        return line == sentence;
    };
    let inner = line.strip_prefix(beginning).and_then(|rest| rest.strip_suffix(end));
    inner.is_some_and(|inner| {
        inner.len() <= 80 && !inner.contains(['\n', ';', ':']) && !inner.contains(". ")
    })
}

/// The words that say nothing new.
struct Names {
    event: Event,
    names: HashSet<String>,
}

impl Names {
    fn of(known: &Known<'_>) -> Self {
        let names = known.names.iter().chain(&known.value).copied();
        Self { event: known.event, names: names.flat_map(words::words).collect() }
    }

    /// Whether a text says anything besides the event, names, times and small words.
    fn adds(&self, text: &str) -> bool {
        if text.len() > words::READ_MAX {
            return true;
        }
        let timeless: Vec<&str> = text.split_whitespace().filter(|it| !is_time(it)).collect();
        words::words(&timeless.join(" ")).iter().any(|word| self.is_new(word))
    }

    fn is_new(&self, word: &str) -> bool {
        !(self.names.contains(word)
            || words::is_filler(word)
            || words::is_plain_word(word, self.event)
            || SMALL.contains(&word))
    }
}

/// Words around names and times, beside those of [`words::is_filler`].
const SMALL: &[&str] = &[
    "on",
    "from",
    "at",
    "in",
    "by",
    "to",
    "am",
    "pm",
    "utc",
    "no",
    "h",
    "net",
    "network",
    "recorder",
    "embedded",
    "device",
    "system",
    "axis",
    "dahua",
    "foscam",
    "hikvision",
    "reolink",
    "swann",
    "vivotek",
];

/// Whether a value is an address, a time or another figure that only machines want.
fn is_technical(value: &str) -> bool {
    let mut parts = value.split_whitespace();
    parts.all(|part| is_address(part) || is_time(part))
}

fn is_address(text: &str) -> bool {
    let bare = text.trim_matches(['[', ']', '(', ')', '<', '>', ',']);
    let host = bare.split_once("://").map_or(bare, |(_, host)| host);
    let host = host.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit_once(':').filter(|(_, port)| is_digits(port)).map_or(host, |(it, _)| it);
    let host = host.trim_matches(['[', ']']);
    host.parse::<IpAddr>().is_ok() || bare.parse::<IpAddr>().is_ok() || is_mac(bare)
}

fn is_mac(text: &str) -> bool {
    let pairs: Vec<&str> = text.split([':', '-']).collect();
    let is_pair = |pair: &&str| pair.len() == 2 && pair.bytes().all(|it| it.is_ascii_hexdigit());
    pairs.len() == 6 && pairs.iter().all(|pair| is_pair(pair))
}

/// A date or a time: `2015-05-22,14:52:18`, `23/12/2021`, `10:27:46`, `20260514171805`.
fn is_time(text: &str) -> bool {
    let text = text.trim_matches(['(', ')', '[', ']', ',', '.', ';']);
    let parts: Vec<&str> = text.split(['-', '/', '.', ':', ',', 'T']).collect();
    let zone = text.trim_end_matches(['Z', 'z']);
    // "38.5" is none.
    let has_form = (3..=7).contains(&parts.len()) || (parts.len() == 2 && text.contains(':'));
    let is_parted = has_form && parts.iter().all(|part| is_short(part));
    is_parted || ([14, 17].contains(&zone.len()) && is_digits(zone))
}

fn is_short(part: &str) -> bool {
    (1..=4).contains(&part.len()) && is_digits(part)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

/// Without the spaces that pad fields.
pub(crate) fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
