//! Parts of a file: the `Range` header (RFC 9110, section 14).

use std::ops::Range;

/// What of a file is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it: no range is asked for, or none that is understood, or several.
    Whole,
    /// These bytes, of which there is at least one.
    Part(Range<u64>),
    /// Bytes that it does not have.
    Nothing,
}

/// Reads the header's value for a file of `size` bytes.
pub(super) fn wanted(header: &str, size: u64) -> Wanted {
    let Some((unit, ranges)) = header.split_once('=') else {
        return Wanted::Whole;
    };
    let Some((first, last)) = ranges.trim().split_once('-') else {
        return Wanted::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.is_empty() => first..size,
        // The last bytes.
        (None, Some(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return Wanted::Whole,
    };
    if part.is_empty() { Wanted::Nothing } else { Wanted::Part(part) }
}

/// Digits only; what is larger than any file is the largest number.
fn number(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_the_standard_shows() {
        for (header, expected) in [
            ("bytes=0-499", Wanted::Part(0..500)),
            ("bytes=500-999", Wanted::Part(500..1000)),
            ("bytes=-500", Wanted::Part(9500..10000)),
            ("bytes=9500-", Wanted::Part(9500..10000)),
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=9999-20000", Wanted::Part(9999..10000)),
            ("bytes=-20000", Wanted::Part(0..10000)),
            ("Bytes= 0-1", Wanted::Part(0..2)),
            ("bytes=10000-", Wanted::Nothing),
            ("bytes=99999999999999999999999-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=0-0,-1", Wanted::Whole),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            assert_eq!(wanted(header, 10_000), expected, "{header}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Nothing);
    }

    proptest! {
        #[test]
        fn a_part_is_within_the_file(header in "(bytes=)?[0-9]{0,21}-?[0-9]{0,21}", size: u64) {
            if let Wanted::Part(part) = wanted(&header, size) {
                prop_assert!(part.start < part.end && part.end <= size);
            }
        }

        #[test]
        fn what_is_written_is_read(first in 0_u64..1000, count in 1_u64..1000) {
            let header = format!("bytes={first}-{}", first + count - 1);
            prop_assert_eq!(wanted(&header, 2000), Wanted::Part(first..first + count));
        }
    }
}
