//! Parts of a file: the `Range` header (RFC 9110, section 14).

use std::ops::Range;

/// The part of a file that a request wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RequestedRange {
    /// The whole file: there is no range, or one that is not understood, or several. RFC 9110 allows a server to ignore them.
    Whole,
    /// These bytes, of which there is at least one.
    Part(Range<u64>),
    /// Bytes beyond the end of the file: a 416.
    Nothing,
}

/// Reads the header's value for a file of `size` bytes.
pub(super) fn wanted(header: &str, size: u64) -> RequestedRange {
    let Some((unit, ranges)) = header.split_once('=') else {
        return RequestedRange::Whole;
    };
    let Some((first, last)) = ranges.trim().split_once('-') else {
        return RequestedRange::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return RequestedRange::Whole;
    }
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.is_empty() => first..size,
        // The last bytes.
        (None, Some(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return RequestedRange::Whole,
    };
    if part.is_empty() { RequestedRange::Nothing } else { RequestedRange::Part(part) }
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
            ("bytes=0-499", RequestedRange::Part(0..500)),
            ("bytes=500-999", RequestedRange::Part(500..1000)),
            ("bytes=-500", RequestedRange::Part(9500..10000)),
            ("bytes=9500-", RequestedRange::Part(9500..10000)),
            ("bytes=0-0", RequestedRange::Part(0..1)),
            ("bytes=9999-20000", RequestedRange::Part(9999..10000)),
            ("bytes=-20000", RequestedRange::Part(0..10000)),
            ("Bytes= 0-1", RequestedRange::Part(0..2)),
            ("bytes=10000-", RequestedRange::Nothing),
            ("bytes=99999999999999999999999-", RequestedRange::Nothing),
            ("bytes=-0", RequestedRange::Nothing),
            ("bytes=0-0,-1", RequestedRange::Whole),
            ("bytes=5-4", RequestedRange::Whole),
            ("bytes=-", RequestedRange::Whole),
            ("bytes=+1-2", RequestedRange::Whole),
            ("lines=1-2", RequestedRange::Whole),
            ("", RequestedRange::Whole),
        ] {
            assert_eq!(wanted(header, 10_000), expected, "{header}");
        }
        assert_eq!(wanted("bytes=0-", 0), RequestedRange::Nothing);
    }

    proptest! {
        #[test]
        fn a_part_is_within_the_file(header in "(bytes=)?[0-9]{0,21}-?[0-9]{0,21}", size: u64) {
            if let RequestedRange::Part(part) = wanted(&header, size) {
                prop_assert!(part.start < part.end && part.end <= size);
            }
        }

        #[test]
        fn what_is_written_is_read(first in 0_u64..1000, count in 1_u64..1000) {
            let header = format!("bytes={first}-{}", first + count - 1);
            prop_assert_eq!(wanted(&header, 2000), RequestedRange::Part(first..first + count));
        }
    }
}
