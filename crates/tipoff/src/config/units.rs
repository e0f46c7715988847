//! The meaning of strings of the configuration: durations, sizes, addresses.
//!
//! Pure: text in, value or what is wrong with it out. An error is the label of a fault, and says how to write the
//! value.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use jiff::fmt::friendly::SpanParser;
use jiff::{SignedDuration, SpanRelativeTo};

/// The units of sizes, in lower case: powers of ten, as disks are sold, and powers of two (IEC 80000-13).
const SIZES: [(&str, u64); 10] = [
    ("b", 1),
    ("", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

/// Limit of a duration in seconds: longer than anything is kept, and short enough to add to any time.
const DURATION_S_MAX: u64 = 100 * 366 * 86_400;

/// The units that faults name; more are read.
const DURATIONS_NAMED: &str = "ms, s, min, h, days";
const SIZES_NAMED: &str = "B, kB, MB, GB, TB, KiB, MiB, GiB, TiB";

/// The fault of a number with a unit that does not exist; `None` if the text has another form.
fn unknown_unit(text: &str, named: &str, exists: impl Fn(&str) -> bool) -> Option<String> {
    let behind = text.trim_start_matches(|it: char| it.is_ascii_digit() || it == '.');
    let unit = behind.trim();
    let is_word = !unit.is_empty() && unit.chars().all(|it| it.is_alphabetic() || it == '/');
    let is_unknown = behind.len() < text.len() && is_word && !exists(unit);
    is_unknown.then(|| format!("\"{unit}\" is no unit: there are {named}"))
}

/// A duration: `"20 s"`, `"5 min"`, `"1 h 30 min"`, `"30 days"`. A day has 24 hours. A number without a unit is
/// refused, because people mean seconds or minutes by it.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if !text.is_empty() && text.chars().all(|character| character.is_ascii_digit()) {
        return Err(format!("a unit is missing: \"{text} s\", \"{text} min\""));
    }
    let unclear = || "write it like \"20 s\", \"5 min\", \"2 h\" or \"30 days\"".to_owned();
    let parser = SpanParser::new();
    let span = parser.parse_span(text).map_err(|_| {
        let exists = |unit: &str| parser.parse_span(format!("1 {unit}")).is_ok();
        unknown_unit(text, DURATIONS_NAMED, exists).unwrap_or_else(unclear)
    })?;
    if span.get_months() != 0 || span.get_years() != 0 {
        return Err("months and years differ in length: count days".to_owned());
    }
    let signed: SignedDuration =
        span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| unclear())?;
    let duration = Duration::try_from(signed).map_err(|_| "it is negative".to_owned())?;
    if duration.as_secs() > DURATION_S_MAX {
        return Err("it is longer than a hundred years".to_owned());
    }
    Ok(duration)
}

/// A duration as it would be written in the file.
pub(super) fn show_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let whole = [(86_400, "days"), (3_600, "h"), (60, "min")]
        .into_iter()
        .find(|(length, _)| seconds >= *length && seconds.is_multiple_of(*length));
    match whole {
        Some((length, unit)) => format!("\"{} {unit}\"", seconds / length),
        None => format!("\"{seconds} s\""),
    }
}

/// A size in bytes: `"50 MB"`, `"1.5 GiB"`. The case of the unit does not matter; without a unit the number is bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    if text.starts_with('-') {
        return Err("it is negative".to_owned());
    }
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_lowercase();
    let factor = SIZES.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    let bytes = factor.zip(number.parse::<f64>().ok()).map(|(factor, number)| {
        // Exact up to 9 PB, and the nearest of its neighbours beyond.
        (number * factor as f64).round()
    });
    match bytes {
        Some(bytes) if bytes < i64::MAX as f64 => Ok(bytes as u64),
        Some(_) => Err("it is too large".to_owned()),
        None => {
            let exists = |unit: &str| SIZES.iter().any(|(name, _)| *name == unit.to_lowercase());
            Err(unknown_unit(text, SIZES_NAMED, exists).unwrap_or_else(|| {
                "write it like \"500 kB\", \"50 MB\", \"2 GB\" or \"1 GiB\"".to_owned()
            }))
        }
    }
}

/// A size as it would be written in the file.
pub(super) fn show_size(bytes: u64) -> String {
    let whole = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")]
        .into_iter()
        .find(|(length, _)| bytes >= *length && bytes.is_multiple_of(*length));
    match whole {
        Some((length, unit)) => format!("\"{} {unit}\"", bytes / length),
        None => format!("\"{bytes} B\""),
    }
}

/// An address with its port: `"0.0.0.0:8080"`, `"[::]:8080"`. The error uses `port` in its example.
pub(super) fn address(text: &str, port: u16) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Err(format!("the port is missing: \"{}\"", SocketAddr::new(ip, port)));
    }
    let alone = text.trim_start_matches(':');
    if alone.parse::<u16>().is_ok() {
        return Err(format!("the address is missing: \"0.0.0.0:{alone}\" is every address"));
    }
    match text.rsplit_once(':') {
        Some((_, port)) if port.parse::<u16>().is_err() => {
            Err("a port is a number from 0 to 65535".to_owned())
        }
        Some(_) => Err("an IP address goes before the port, not a name".to_owned()),
        None => Err(format!("an address and a port are needed: \"0.0.0.0:{port}\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in [
            ("20 s", 20),
            ("20s", 20),
            ("5 min", 300),
            ("2 h", 7_200),
            ("1 h 30 min", 5_400),
            ("30 days", 2_592_000),
            ("1 week", 604_800),
            ("0 s", 0),
            (" 1 minute ", 60),
            ("36600 days", DURATION_S_MAX),
        ] {
            let found = duration(text).unwrap();
            assert_eq!(found, Duration::from_secs(seconds), "{text}");
            assert_eq!(duration(show_duration(found).trim_matches('"')), Ok(found));
        }
        assert_eq!(duration("1.5 s"), Ok(Duration::from_millis(1_500)));
        for (text, part) in [
            ("20", "unit is missing"),
            ("", "like"),
            ("soon", "like"),
            ("20 sek", "\"sek\" is no unit"),
            ("5 min 3 sek", "like"),
            ("-5 s", "negative"),
            ("1 month", "count days"),
            ("36601 days", "hundred years"),
            ("99999999999999999999 s", "like"),
        ] {
            assert!(duration(text).unwrap_err().contains(part), "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("50 MB", 50_000_000),
            ("50MB", 50_000_000),
            ("1.5 gb", 1_500_000_000),
            ("1 MiB", 1_048_576),
            ("200 kB", 200_000),
            ("10 B", 10),
            ("10", 10),
            ("0 B", 0),
        ] {
            let found = size(text).unwrap();
            assert_eq!(found, bytes, "{text}");
            assert_eq!(size(show_size(found).trim_matches('"')), Ok(found));
        }
        for text in ["", "MB", "5 MM", "-5 MB", "1.2.3 MB", "1e5 B", "99999999999 TB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(address("[::1]:25", 2525).unwrap().port(), 25);
        for (text, part) in [
            ("0.0.0.0", "\"0.0.0.0:2525\""),
            ("::", "\"[::]:2525\""),
            (":2525", "\"0.0.0.0:2525\""),
            ("2525", "\"0.0.0.0:2525\""),
            ("localhost:2525", "not a name"),
            ("0.0.0.0:70000", "65535"),
            ("here", "needed"),
        ] {
            assert!(address(text, 2525).unwrap_err().contains(part), "{text}");
        }
    }
}
