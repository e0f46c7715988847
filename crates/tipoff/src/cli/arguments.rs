//! Numbers and dates of the command line: what is no number is refused in words, not in those of a parser.

use jiff::civil::Date;

/// The number of an incident, a session or a token.
pub(super) fn number(text: &str) -> Result<i64, String> {
    let number = text.trim_start_matches('#').parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "write its number, such as 17, as the list shows it".to_owned())
}

/// How many lines of a list.
pub(super) fn count(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "write how many, such as 20".to_owned())
}

/// A day.
pub(super) fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "write year, month and day, such as 2026-11-24".to_owned())
}

/// A count with its noun: "1 file", "2 files".
pub(super) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_refused_in_words() {
        assert_eq!((number("17"), number("#17")), (Ok(17), Ok(17)));
        for wrong in ["", "abc", "0", "-1", "99999999999999999999"] {
            assert!(number(wrong).unwrap_err().contains("such as 17"), "{wrong}");
        }
        assert!(count("-1").unwrap_err().contains("how many"));
        assert!(day("yesterday").unwrap_err().contains("year, month and day"));
        assert_eq!((counted(1, "file"), counted(0, "file")), ("1 file".into(), "0 files".into()));
    }
}
