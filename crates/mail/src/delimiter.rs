//! Recognises the lines that separate parts (RFC 2046, section 5.1.1): where in a stream one may begin, and whether
//! it is one. The parser asks for each line of a body, so a quick [`Filter`] comes first. No more is held back
//! than the longest delimiter.

/// Longest boundary in bytes; a longer one is ignored. The limit of RFC 2046 is 70.
pub(crate) const BOUNDARY_BYTES_MAX: usize = 200;

/// Longest delimiter in bytes: a boundary with the line end before it, white space and the line end behind it,
/// and the beginning of the next line.
pub(crate) const HELD_BYTES_MAX: usize = BOUNDARY_BYTES_MAX + 100;

/// How the line behind an undeclared boundary has to begin, in lower case: with a header field of a part.
const PART_BEGINS: &[u8] = b"content-";

/// Whether held bytes are a delimiter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// More bytes are needed to decide.
    More,
    /// They are content.
    No,
    /// They begin with this delimiter.
    Yes(Delimiter),
}

/// A line that ends a part, with the line end before it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Delimiter {
    pub(crate) of: Boundary,
    /// Whether it ends with `--`: no part follows.
    pub(crate) closes: bool,
    /// Length in bytes, with both line ends.
    pub(crate) bytes: usize,
}

/// The boundary of a delimiter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Boundary {
    /// A boundary of the open multipart at this index.
    Open(usize),
    /// A boundary that no header declared.
    Undeclared(Vec<u8>),
}

/// A quick test that excludes most lines that begin with `--`: signatures, rules, log lines.
#[derive(Debug)]
pub(crate) struct Filter {
    /// First bytes of declared boundaries.
    firsts: [bool; 256],
    /// Second bytes of declared boundaries. Behind a boundary of one byte its line end or `--` may follow.
    seconds: [bool; 256],
    /// Whether a declared boundary has a dash as its second byte.
    has_dash: bool,
    /// The [`mark`]s of declared boundaries.
    marks: Vec<u64>,
    /// Whether an undeclared boundary is looked for.
    sniffs: bool,
}

/// A number made of the length, the first and the last eight bytes of a text. Different texts have the same number
/// by chance only, so a line is compared with all boundaries at once, however many multiparts are open.
fn mark(text: &[u8]) -> u64 {
    /// Odd numbers with bits all over (the fractions of the golden ratio and of the root of two).
    const MIX: (u64, u64) = (0x9E37_79B9_7F4A_7C15, 0x6A09_E667_F3BC_C909);
    let (begins, ends) = match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (text.iter().fold(0, |mark, &byte| mark << 8 | u64::from(byte)), 0),
    };
    let length = (text.len() as u64).rotate_right(8);
    begins.wrapping_mul(MIX.0) ^ ends.wrapping_mul(MIX.1).rotate_left(32) ^ length
}

/// Bytes that may follow a boundary in its line.
const BEHIND_BOUNDARY: &[u8] = b"- \t\r\n\x0C";

/// Whether a byte is in a set of bytes.
fn is_in(set: &[bool; 256], byte: u8) -> bool {
    set.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Bytes of a line in which the filter looks for its end.
const FILTERED_BYTES: usize = 16;

impl Filter {
    /// A filter for these boundaries; [`decide`] has to get the same ones.
    pub(crate) fn new<'a>(
        boundaries: impl Iterator<Item = (usize, &'a [u8])>,
        sniffs: bool,
    ) -> Self {
        let mut filter = Self {
            firsts: [false; 256],
            seconds: [false; 256],
            has_dash: false,
            marks: Vec::new(),
            sniffs,
        };
        for (_, boundary) in boundaries {
            filter.marks.push(mark(boundary));
            filter.has_dash |= boundary.get(1) == Some(&b'-');
            for byte in boundary.get(1..2).filter(|it| !it.is_empty()).unwrap_or(BEHIND_BOUNDARY) {
                if let Some(place) = filter.seconds.get_mut(usize::from(*byte)) {
                    *place = true;
                }
            }
            if let Some(place) =
                boundary.first().and_then(|&it| filter.firsts.get_mut(usize::from(it)))
            {
                *place = true;
            }
        }
        filter
    }

    /// Whether the text behind the `--` of a line may be a declared boundary, with or without the closing `--`.
    fn may_be_declared(&self, text: &[u8]) -> bool {
        let is_marked = |text| self.marks.contains(&mark(text));
        is_marked(text) || text.strip_suffix(b"--").is_some_and(is_marked)
    }

    /// Whether a line is certainly no delimiter, by the bytes behind its `--`.
    fn excludes(&self, behind: &[u8]) -> bool {
        let Some(&first) = behind.first() else {
            return false;
        };
        let is_declared = is_in(&self.firsts, first);
        let line_end =
            || behind.iter().take(FILTERED_BYTES).position(|byte| matches!(byte, b'\r' | b'\n'));
        match (is_declared, self.sniffs) {
            (true, true) => false,
            (true, false) => match behind {
                [_, b'-', third, ..] if *third != b'-' && !self.has_dash => true,
                [_, second, ..] if !is_in(&self.seconds, *second) => true,
                _ => line_end()
                    .and_then(|end| behind.get(..end))
                    .is_some_and(|text| !self.may_be_declared(text.trim_ascii_end())),
            },
            (false, false) => true,
            (false, true) if !first.is_ascii_graphic() => true,
            // The next line is no header field of a part.
            (false, true) => line_end().and_then(|end| behind.get(end..)).is_some_and(|it| {
                matches!(it, [b'\n', next, ..] | [b'\r', b'\n', next, ..]
                    if !next.eq_ignore_ascii_case(&b'c'))
            }),
        }
    }
}

/// Offset in `input` at which a delimiter, with the line end before it, may begin: all bytes before it are content.
/// `at_line_start` says that `input` begins a line whose line end was no content.
pub(crate) fn hold_from(input: &[u8], at_line_start: bool, filter: &Filter) -> usize {
    if at_line_start {
        match input.strip_prefix(b"--") {
            Some(behind) if !filter.excludes(behind) => return 0,
            None if input == b"-" => return 0,
            _ => {}
        }
    }
    let mut from = 0;
    while let Some(at) = input.get(from..).and_then(|rest| memchr::memchr(b'-', rest)) {
        let at = from + at;
        let dashes = input.iter().skip(at).take_while(|&&byte| byte == b'-').count();
        let before = before_line_end(input, at);
        if dashes > 1 && before < at && !filter.excludes(input.get(at + 2..).unwrap_or_default()) {
            return before;
        }
        from = at + dashes;
    }
    let end = input.len();
    let dash = usize::from(input.ends_with(b"-"));
    let line_start = before_line_end(input, end - dash);
    if line_start < end - dash { line_start } else { end }
}

/// Offset of the line end that ends at `end`; `end` if there is none.
fn before_line_end(input: &[u8], end: usize) -> usize {
    match input.get(..end).unwrap_or_default() {
        [.., b'\r', b'\n'] => end - 2,
        [.., b'\n' | b'\r'] => end - 1,
        _ => end,
    }
}

/// Whether `held`, which begins with a line end or a line, is a delimiter. `boundaries` are the declared ones,
/// each with the index of its multipart, the innermost first. If `filter` sniffs, a multipart may also use
/// another boundary than it declared. `at_end` says that no more bytes follow.
///
/// Invariant: a "no" stays a "no" when more bytes arrive. Otherwise the result would depend on how the stream is cut.
pub(crate) fn decide<'a>(
    held: &[u8],
    boundaries: impl Iterator<Item = (usize, &'a [u8])> + Clone,
    filter: &Filter,
    at_end: bool,
) -> Decision {
    let more = if at_end || held.len() >= HELD_BYTES_MAX { Decision::No } else { Decision::More };
    let Some(line) = behind_line_end(held) else {
        return more;
    };
    let Some(line) = line.strip_prefix(b"--") else {
        return if b"--".starts_with(line) { more } else { Decision::No };
    };
    if filter.excludes(line) {
        return Decision::No;
    }
    let line_bytes = match memchr::memchr2(b'\r', b'\n', line) {
        Some(at) => at,
        None if at_end => line.len(),
        None if filter.sniffs
            || boundaries.clone().any(|(_, boundary)| may_become(line, boundary)) =>
        {
            return more;
        }
        None => return Decision::No,
    };
    let (text, rest) = line.split_at(line_bytes);
    let text = text.trim_ascii_end();
    if !filter.sniffs && !filter.may_be_declared(text) {
        return Decision::No;
    }
    let mut declared = None;
    for (place, boundary) in boundaries {
        match text.strip_prefix(boundary) {
            Some(b"") => {
                declared = Some((place, false));
                break;
            }
            Some(b"--") if declared.is_none() => declared = Some((place, true)),
            _ => {}
        }
    }
    if declared.is_none() && !(filter.sniffs && may_be_boundary(text)) {
        return Decision::No;
    }
    let Some(line_end_bytes) = line_end(rest, at_end) else {
        return more;
    };
    let bytes = held.len() - rest.len() + line_end_bytes;
    if let Some((place, closes)) = declared {
        return Decision::Yes(Delimiter { of: Boundary::Open(place), closes, bytes });
    }
    let next_line = rest.get(line_end_bytes..).unwrap_or_default();
    if !begins_a_part(next_line) {
        return Decision::No;
    }
    if next_line.len() < PART_BEGINS.len() {
        return more;
    }
    let of = Boundary::Undeclared(text.to_vec());
    Decision::Yes(Delimiter { of, closes: false, bytes })
}

/// Number of bytes of `held`, which is no delimiter, in which no delimiter can begin; at least one.
pub(crate) fn settled_bytes(held: &[u8]) -> usize {
    let line = behind_line_end(held).unwrap_or_default();
    let dashes = line.iter().take_while(|&&byte| byte == b'-').count();
    (held.len() - line.len() + dashes).max(1)
}

/// The bytes behind the line end at the beginning; `None` while the line end may be incomplete.
fn behind_line_end(held: &[u8]) -> Option<&[u8]> {
    match held {
        b"" | b"\r" => None,
        [b'\r', b'\n', line @ ..] | [b'\r' | b'\n', line @ ..] => Some(line),
        line => Some(line),
    }
}

/// Length of the line end at the beginning: any number of CR and one LF, or a CR alone. `None` while it may be
/// incomplete. Doubled CRs occur.
fn line_end(rest: &[u8], at_end: bool) -> Option<usize> {
    let returns = rest.iter().take_while(|&&byte| byte == b'\r').count();
    match rest.get(returns) {
        Some(b'\n') => Some(returns + 1),
        Some(_) => Some(1),
        None => at_end.then_some(returns),
    }
}

/// Whether a line that is not complete may still become a delimiter of this boundary.
fn may_become(line: &[u8], boundary: &[u8]) -> bool {
    line.starts_with(boundary) || boundary.starts_with(line)
}

/// Whether a text may be an undeclared boundary: visible ASCII, and not only dashes.
fn may_be_boundary(text: &[u8]) -> bool {
    (1..=BOUNDARY_BYTES_MAX).contains(&text.len())
        && text.iter().all(u8::is_ascii_graphic)
        && text.iter().any(|&byte| byte != b'-')
}

/// Whether a line, as far as it has arrived, begins with [`PART_BEGINS`].
fn begins_a_part(line: &[u8]) -> bool {
    let bytes = line.len().min(PART_BEGINS.len());
    line.get(..bytes).zip(PART_BEGINS.get(..bytes)).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_begin_a_delimiter_is_held() {
        for (input, at_line_start, expected) in [
            ("text", false, 4),
            ("text\r\n", false, 4),
            ("text\r", false, 4),
            ("text\n", false, 4),
            ("text\r\n-", false, 4),
            ("text\r\n--b", false, 4),
            ("text\n--b\r\n", false, 4),
            ("text\r--b", false, 4),
            ("a--b---c\n--d", false, 8),
            ("a-", false, 2),
            ("a--", false, 3),
            ("--b", true, 0),
            ("-", true, 0),
            ("-a", true, 2),
            ("--b", false, 3),
            ("", true, 0),
            ("--x", true, 3),
            ("text\n--x\nx", false, 10),
            ("text\n--bx\n", false, 9),
            ("text\n--b-\n", false, 9),
            ("text\n--b--\n", false, 4),
        ] {
            let boundaries = [(0, b"b".as_slice()), (1, b"d")].into_iter();
            let filter = Filter::new(boundaries, false);
            let found = hold_from(input.as_bytes(), at_line_start, &filter);
            assert_eq!(found, expected, "{input:?}");
        }
    }

    fn of(place: usize, closes: bool, bytes: usize) -> Decision {
        Decision::Yes(Delimiter { of: Boundary::Open(place), closes, bytes })
    }

    #[test]
    fn delimiters_are_told() {
        let boundaries = [(2, b"out2".as_slice()), (0, b"out".as_slice())].into_iter();
        for (held, at_end, expected) in [
            ("\r\n--out\r\nX", false, of(0, false, 9)),
            ("--out\nX", false, of(0, false, 6)),
            ("--out2 \t\r\n", false, of(2, false, 10)),
            ("\n--out--\r\r\n", false, of(0, true, 11)),
            ("\r--out\rX", false, of(0, false, 7)),
            ("--out\r", false, Decision::More),
            ("--out\r", true, of(0, false, 6)),
            ("--out--", true, of(0, true, 7)),
            ("--out--", false, Decision::More),
            ("--outer\n", false, Decision::No),
            ("--o", false, Decision::More),
            ("--o", true, Decision::No),
            ("--x", false, Decision::No),
            ("\r", false, Decision::More),
            ("\rx", false, Decision::No),
            ("\r\n-x", false, Decision::No),
            ("--x\nContent-Type", false, Decision::No),
            ("--x\r", false, Decision::No),
        ] {
            assert_eq!(
                decide(
                    held.as_bytes(),
                    boundaries.clone(),
                    &Filter::new(boundaries.clone(), false),
                    at_end
                ),
                expected,
                "{held:?}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_boundary_is_passed_over_however_many_are_open(
            declared in proptest::collection::vec("[ab-]{1,20}", 1..10),
            behind in "(--)?[ \\t]{0,3}(\r\n|\n|\r)",
            place in 0..10_usize,
        ) {
            let boundaries = declared.iter().map(String::as_bytes).enumerate();
            let boundary = &declared[place % declared.len()];
            let line = format!("--{boundary}{behind}x");
            let filter = Filter::new(boundaries.clone(), false);
            proptest::prop_assert_eq!(hold_from(line.as_bytes(), true, &filter), 0);
            let decision = decide(line.as_bytes(), boundaries, &filter, false);
            proptest::prop_assert!(matches!(decision, Decision::Yes(_)), "{:?}", decision);
        }
    }

    fn sniff(held: &str) -> Decision {
        let filter = Filter::new(std::iter::empty(), true);
        decide(held.as_bytes(), std::iter::empty(), &filter, false)
    }

    #[test]
    fn undeclared_boundaries_are_told_by_the_part_that_follows() {
        let yes = |bytes| {
            let of = Boundary::Undeclared(b"x".to_vec());
            Decision::Yes(Delimiter { of, closes: false, bytes })
        };
        for (held, expected) in [
            ("--x\r\nContent-Type", yes(5)),
            ("--x\ncontent-", yes(4)),
            ("--x\nCont", Decision::More),
            ("--x\nCamera", Decision::No),
            ("-----\nContent-", Decision::No),
            ("--a b\nContent-", Decision::No),
        ] {
            assert_eq!(sniff(held), expected, "{held:?}");
        }
    }

    #[test]
    fn no_more_is_held_than_a_delimiter_needs() {
        let long = format!("--{}", "x".repeat(HELD_BYTES_MAX - 3));
        assert_eq!(sniff(&long), Decision::More);
        assert_eq!(sniff(&format!("{long}x")), Decision::No);
        let longest = "x".repeat(BOUNDARY_BYTES_MAX);
        assert!(may_be_boundary(longest.as_bytes()));
        assert!(!may_be_boundary(format!("{longest}x").as_bytes()));
    }
}
