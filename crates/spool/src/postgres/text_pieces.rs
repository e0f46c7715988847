//! The pieces of texts by which PostgreSQL's indexes find them: those that `text_pieces` of `v1.sql` makes. Pure.
//!
//! A piece is four bytes of UTF-8 from any place of a text, or two. So every text of any length and language is found,
//! also inside of a word, and whatever the locale of the database is.

/// Bytes of a long and of a short piece.
const LONG: usize = 4;
const SHORT: usize = 2;
/// What the numbers of short pieces begin with: no byte of UTF-8 is 255, so no long piece has such a number.
const SHORT_FIRST: i32 = 0x7f00_0000;
/// The highest byte of UTF-8 (RFC 3629 section 4). A byte 0 follows the end of a text.
const BYTE_MAX: u8 = 0xf4;
/// Pieces of one text that are looked for. They are spread evenly over it.
const PIECES_MAX: usize = 24;

/// What the pieces of a text must be that contains another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pieces {
    /// All of these are among them.
    All(Vec<i32>),
    /// One of these is among them: the text has one byte less than a piece, and any byte may follow it.
    Any(Vec<i32>),
}

impl Pieces {
    /// What texts that contain this one have. None but the empty text is without pieces.
    pub(super) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let (length, number): (usize, fn(&[u8]) -> i32) =
            if bytes.len() < LONG - 1 { (SHORT, short) } else { (LONG, long) };
        if bytes.len() + 1 == length {
            let continued = (0..=BYTE_MAX).map(|next| number(&[bytes, &[next]].concat()));
            return Self::Any(continued.collect());
        }
        let places = (bytes.len() + 1).saturating_sub(length);
        let step = places.div_ceil(PIECES_MAX).max(1);
        Self::All(bytes.windows(length).step_by(step).map(number).collect())
    }

    /// The condition that an expression for the pieces of a text fits: the value of `place` is [`Self::values`].
    pub(super) fn condition(&self, expression: &str, place: usize) -> String {
        let operator = match self {
            Self::All(_) => "@>",
            Self::Any(_) => "&&",
        };
        format!("{expression} {operator} CAST(CAST(?{place} AS TEXT) AS INT[])")
    }

    /// The numbers of the pieces, as PostgreSQL writes an array.
    pub(super) fn values(&self) -> String {
        let (Self::All(numbers) | Self::Any(numbers)) = self;
        let numbers: Vec<String> = numbers.iter().map(i32::to_string).collect();
        format!("{{{}}}", numbers.join(","))
    }
}

/// The number of a long piece. The first byte counts from -128, so that all fit.
fn long(bytes: &[u8]) -> i32 {
    let number = bytes.iter().fold(0, |number, byte| number << 8 | i64::from(*byte));
    i32::try_from(number - (1 << 31)).unwrap_or(i32::MAX)
}

/// The number of a short piece.
fn short(bytes: &[u8]) -> i32 {
    bytes.iter().fold(0, |number, byte| number << 8 | i32::from(*byte)) + SHORT_FIRST
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The pieces of a text, as `text_pieces` makes them.
    fn all(text: &str) -> Vec<i32> {
        let bytes = [text.as_bytes(), &[0, 0, 0]].concat();
        let places = 0..text.len();
        let pieces = places.map(|at| [long(&bytes[at..at + LONG]), short(&bytes[at..at + SHORT])]);
        pieces.flatten().collect()
    }

    fn fits(pieces: &Pieces, text: &str) -> bool {
        let all = all(text);
        match pieces {
            Pieces::All(numbers) => numbers.iter().all(|number| all.contains(number)),
            Pieces::Any(numbers) => numbers.iter().any(|number| all.contains(number)),
        }
    }

    #[test]
    fn short_and_long_pieces_have_numbers_of_their_own() {
        assert_eq!(long(&[0, 0, 0, 0]), i32::MIN);
        assert_eq!(long(b"abcd"), i32::from_be_bytes([b'a' ^ 0x80, b'b', b'c', b'd']));
        assert!(long(&[BYTE_MAX, 255, 255, 255]) < short(&[0, 0]));
    }

    #[test]
    fn a_text_has_pieces_of_its_length() {
        let count = |text: &str| match Pieces::of(text) {
            Pieces::All(numbers) => numbers.len(),
            Pieces::Any(numbers) => 1_000 + numbers.len(),
        };
        let counts = ["", "a", "ab", "abc", "abcd", "abcdef", "я", "动"].map(count);
        assert_eq!(counts, [0, 1_245, 1, 1_245, 1, 3, 1, 1_245]);
        assert!((PIECES_MAX / 2..=PIECES_MAX).contains(&count(&"x".repeat(5_000))));
        assert_eq!(Pieces::of("ab").values(), format!("{{{}}}", short(b"ab")));
    }

    proptest! {
        #[test]
        fn no_text_that_contains_another_is_missed(
            before in "[ab@я动\u{10ffff}]{0,5}",
            text in "[ab@я动\u{10ffff}]{0,40}",
            after in "[ab@я动\u{10ffff}]{0,5}",
        ) {
            let whole = format!("{before}{text}{after}");
            prop_assert!(fits(&Pieces::of(&text), &whole));
        }

        #[test]
        fn most_others_are_not_found(text in "[a-z]{1,8}", other in "[a-z]{1,8}") {
            prop_assume!(text.len() < 5 && !other.contains(&text));
            prop_assert!(!fits(&Pieces::of(&text), &other));
        }
    }
}
