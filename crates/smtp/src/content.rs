//! The bytes of a message as they pass through: the dots of DATA (RFC 5321, section 4.5.2), the chunks of BDAT
//! (RFC 3030), and the size limit. Never collects a message.
//!
//! What ends a message is a matter of security: two servers that see the end of one message in different places can be
//! made to see a second, forged message between them ("SMTP smuggling"). So a bare LF ends nothing unless the client
//! has shown that it knows no other line end, or is trusted.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

static LINE_END_DOT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\n."));

/// Bytes below which a piece is joined with the next ones. Else a content of nothing but dots at line starts would cost
/// a step for each line.
const SHORT_BYTES: usize = 256;

/// Bytes of a refused message that are read and discarded at least, to reach its end.
pub(crate) const SURPLUS_BYTES_MIN: u64 = 1_000_000;

/// Size of joined pieces in bytes.
const TOGETHER_BYTES: usize = 16 * 1024;

/// A step through the content.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ContentPiece<'a> {
    /// Some of the content, never empty.
    Bytes(Cow<'a, [u8]>),
    /// The content is complete.
    End,
}

/// How the end of the content is marked.
#[derive(Debug)]
pub(crate) enum Framing {
    /// By a dot: DATA.
    Dots(Dots),
    /// By a number of bytes: BDAT.
    Chunk(Chunk),
}

impl Framing {
    /// The next piece; `None` if all of `input` was taken.
    pub(crate) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<ContentPiece<'a>> {
        match self {
            Self::Dots(dots) => dots.next(input),
            Self::Chunk(chunk) => chunk.next(input),
        }
    }
}

/// Where a line ends, for the end of DATA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEnds {
    /// With CRLF only (RFC 5321, section 2.3.8): if `LF.LF` or `LF.CRLF` ended the content as well,
    /// whoever writes the content could begin a second message.
    Crlf,
    /// Also with a bare LF, as the client's own DATA line did: it has no other line end (sketches for
    /// small boards).
    Lf,
    /// With CRLF, but a dot between bare LFs is the end too if nothing follows it: for a trusted client,
    /// whose firmware ends commands with CRLF and its texts with LF, and then waits for the reply. No dots are
    /// taken off behind a bare LF, because whether the client added one there is not known.
    LfBeforePause,
}

/// Removes the dots from the content behind DATA and finds its end (RFC 5321, section 4.5.2).
#[derive(Debug)]
pub(crate) struct Dots {
    line_ends: LineEnds,
    place: DotPlace,
}

/// Where the next byte is. A dot at the beginning of a line, and a CR behind it, are kept back until it is known
/// whether they are the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DotPlace {
    LineStart,
    AfterDot,
    AfterDotCr,
    /// Behind a bare LF, where a dot is content unless it is the end.
    BareLineStart,
    AfterBareDot,
    AfterBareDotCr,
    /// Behind a line that is the end, or, if more follows, these bytes of the content.
    MayBeEnd(&'static [u8]),
    /// Nothing followed that line: the content has ended.
    End,
    AfterCr,
    InLine,
}

impl Dots {
    pub(crate) fn new(line_ends: LineEnds) -> Self {
        Self { line_ends, place: DotPlace::LineStart }
    }

    /// The next piece; `None` if all of `input` was taken.
    pub(crate) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<ContentPiece<'a>> {
        match self.piece(input)? {
            ContentPiece::Bytes(short) if short.len() < SHORT_BYTES && !input.is_empty() => {
                let mut together =
                    Vec::with_capacity(TOGETHER_BYTES.min(input.len()) + SHORT_BYTES);
                together.extend_from_slice(&short);
                self.copy(input, &mut together);
                while together.len() < TOGETHER_BYTES {
                    match self.piece(input) {
                        Some(ContentPiece::Bytes(bytes)) => together.extend_from_slice(&bytes),
                        Some(ContentPiece::End) => self.place = DotPlace::End,
                        None => break,
                    }
                    if self.place == DotPlace::End {
                        break;
                    }
                    self.copy(input, &mut together);
                }
                Some(ContentPiece::Bytes(Cow::Owned(together)))
            }
            piece => Some(piece),
        }
    }

    /// Copies content, byte by byte, until [`TOGETHER_BYTES`] are joined or the content may end; [`Dots::piece`] reads
    /// the end.
    fn copy(&mut self, input: &mut &[u8], together: &mut Vec<u8>) {
        let mut taken = 0;
        for &byte in input.iter() {
            if together.len() >= TOGETHER_BYTES {
                break;
            }
            match (self.place, byte, self.line_ends) {
                // It may end here.
                (DotPlace::LineStart | DotPlace::BareLineStart, b'.', _)
                    if !is_dotted(input.get(taken + 1..).unwrap_or_default()) =>
                {
                    break;
                }
                (DotPlace::LineStart, b'.', _) => self.place = DotPlace::InLine,
                (
                    DotPlace::LineStart
                    | DotPlace::BareLineStart
                    | DotPlace::InLine
                    | DotPlace::AfterCr,
                    ..,
                ) => {
                    together.push(byte);
                    self.place = match (byte, self.line_ends) {
                        (b'\r', _) => DotPlace::AfterCr,
                        (b'\n', _) if self.place == DotPlace::AfterCr => DotPlace::LineStart,
                        (b'\n', LineEnds::Lf) => DotPlace::LineStart,
                        (b'\n', LineEnds::LfBeforePause) => DotPlace::BareLineStart,
                        _ => DotPlace::InLine,
                    };
                }
                _ => break,
            }
            taken += 1;
        }
        *input = input.get(taken..).unwrap_or_default();
    }

    /// The next piece, borrowed from `input`.
    fn piece<'a>(&mut self, input: &mut &'a [u8]) -> Option<ContentPiece<'a>> {
        if self.place == DotPlace::End {
            return Some(ContentPiece::End);
        }
        loop {
            let (&byte, rest) = input.split_first()?;
            match (self.place, byte) {
                (DotPlace::LineStart, b'.') => self.place = DotPlace::AfterDot,
                (DotPlace::AfterDot, b'\r') => self.place = DotPlace::AfterDotCr,
                (DotPlace::BareLineStart, b'.') => self.place = DotPlace::AfterBareDot,
                (DotPlace::AfterBareDot, b'\r') => self.place = DotPlace::AfterBareDotCr,
                (DotPlace::AfterDot, b'\n') if self.line_ends == LineEnds::LfBeforePause => {
                    self.place = DotPlace::MayBeEnd(b"\n");
                }
                (DotPlace::AfterDot, b'\n') if self.line_ends == LineEnds::Lf => {
                    *input = rest;
                    return Some(ContentPiece::End);
                }
                (DotPlace::AfterDotCr, b'\n') => {
                    *input = rest;
                    return Some(ContentPiece::End);
                }
                (DotPlace::AfterBareDot, b'\n') => self.place = DotPlace::MayBeEnd(b".\n"),
                (DotPlace::AfterBareDotCr, b'\n') => self.place = DotPlace::MayBeEnd(b".\r\n"),
                (DotPlace::MayBeEnd(line), _) => {
                    let is_bare = !line.ends_with(b"\r\n");
                    let next = if is_bare { DotPlace::BareLineStart } else { DotPlace::LineStart };
                    return self.held(line, next);
                }
                (DotPlace::AfterDotCr, _) => return self.held(b"\r", DotPlace::AfterCr),
                (DotPlace::AfterBareDot, _) => return self.held(b".", DotPlace::InLine),
                (DotPlace::AfterBareDotCr, _) => return self.held(b".\r", DotPlace::AfterCr),
                // Behind a dot too: the dot is removed, the rest of its line is content.
                _ => return Some(ContentPiece::Bytes(Cow::Borrowed(self.run(input)))),
            }
            *input = rest;
        }
    }

    /// Whether the last line ends the content if nothing follows it.
    pub(crate) fn may_have_ended(&self) -> bool {
        matches!(self.place, DotPlace::MayBeEnd(_))
    }

    /// The client pauses: if the last line may be the end, it is the end.
    pub(crate) fn pause(&mut self) {
        if self.may_have_ended() {
            self.place = DotPlace::End;
        }
    }

    /// The bytes that were kept back are content.
    fn held<'a>(&mut self, bytes: &'static [u8], place: DotPlace) -> Option<ContentPiece<'a>> {
        self.place = place;
        Some(ContentPiece::Bytes(Cow::Borrowed(bytes)))
    }

    /// Content up to the next dot that may begin a line; `place` says whether it does.
    fn run<'a>(&mut self, input: &mut &'a [u8]) -> &'a [u8] {
        let all = *input;
        let after_cr = self.place == DotPlace::AfterCr;
        let end = LINE_END_DOT.find(all).map_or(all.len(), |lf| lf + 1);
        let (run, rest) = all.split_at_checked(end).unwrap_or((all, &[]));
        *input = rest;
        self.place = match (run, self.line_ends) {
            ([.., b'\r', b'\n'], _) => DotPlace::LineStart,
            ([b'\n'], _) if after_cr => DotPlace::LineStart,
            ([.., b'\n'], LineEnds::Lf) => DotPlace::LineStart,
            ([.., b'\n'], LineEnds::LfBeforePause) => DotPlace::BareLineStart,
            ([.., b'\r'], _) => DotPlace::AfterCr,
            _ => DotPlace::InLine,
        };
        run
    }
}

/// The announcement of a chunk (RFC 3030, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) bytes: u64,
    pub(crate) last: bool,
}

impl Chunk {
    /// The next piece behind BDAT; `None` if all of `input` was taken.
    pub(crate) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<ContentPiece<'a>> {
        if self.bytes == 0 {
            return Some(ContentPiece::End);
        }
        let (bytes, rest) = split_at_most(input, self.bytes);
        *input = rest;
        self.bytes -= bytes.len() as u64;
        (!bytes.is_empty()).then_some(ContentPiece::Bytes(Cow::Borrowed(bytes)))
    }
}

/// Whether a line that begins with a dot continues, so that the dot is not the end of the content.
fn is_dotted(behind: &[u8]) -> bool {
    behind.first().is_some_and(|byte| !matches!(byte, b'\r' | b'\n'))
}

/// The size limit of a message, and what of it is left.
#[derive(Debug)]
pub(crate) struct Allowance {
    bytes_max: u64,
    left: u64,
    exceeded: bool,
    /// Bytes beyond the limit.
    surplus: u64,
}

impl Allowance {
    pub(crate) fn new(bytes_max: u64) -> Self {
        Self { bytes_max, left: bytes_max, exceeded: false, surplus: 0 }
    }

    /// The bytes that fit, and whether these are the first that do not.
    pub(crate) fn take<'a>(&mut self, mut bytes: Cow<'a, [u8]>) -> (Cow<'a, [u8]>, bool) {
        let fitting = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let surplus = (bytes.len() - fitting) as u64;
        self.left -= fitting as u64;
        let first = surplus > 0 && !self.exceeded;
        self.exceeded |= first;
        self.surplus = self.surplus.saturating_add(surplus);
        match &mut bytes {
            Cow::Borrowed(bytes) => *bytes = bytes.get(..fitting).unwrap_or_default(),
            Cow::Owned(bytes) => bytes.truncate(fitting),
        }
        (bytes, first)
    }

    /// Whether so many bytes came beyond the limit that the session ends without waiting for the end of the message.
    pub(crate) fn is_endless(&self) -> bool {
        self.surplus > self.bytes_max.max(SURPLUS_BYTES_MIN)
    }

    /// Whether the message is larger than allowed.
    pub(crate) fn is_exceeded(&self) -> bool {
        self.exceeded
    }
}

fn split_at_most(bytes: &[u8], most: u64) -> (&[u8], &[u8]) {
    usize::try_from(most).ok().and_then(|most| bytes.split_at_checked(most)).unwrap_or((bytes, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The content, and what stands behind its end where that was found.
    fn read(dots: &mut Dots, pushes: &[&[u8]]) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut content = Vec::new();
        for (number, mut push) in (1..).zip(pushes.iter().copied()) {
            while let Some(piece) = dots.next(&mut push) {
                match piece {
                    ContentPiece::Bytes(bytes) => content.extend_from_slice(&bytes),
                    ContentPiece::End => {
                        let behind = pushes[number..].concat();
                        return (content, Some([push, &behind].concat()));
                    }
                }
            }
            assert!(push.is_empty());
        }
        (content, None)
    }

    fn table(line_ends: LineEnds, rows: &[(&str, &str, Option<&str>)]) {
        for (data, content, behind) in rows {
            let expected = (content.as_bytes().to_vec(), behind.map(|it| it.as_bytes().to_vec()));
            for cut in 0..=data.len() {
                let (one, two) = data.as_bytes().split_at(cut);
                let found = read(&mut Dots::new(line_ends), &[one, two]);
                assert_eq!(found, expected, "{data:?} cut at {cut}");
            }
            let bytes: Vec<&[u8]> = data.as_bytes().chunks(1).collect();
            assert_eq!(read(&mut Dots::new(line_ends), &bytes), expected, "{data:?} in bytes");
        }
    }

    #[test]
    fn only_crlf_dot_crlf_ends_data() {
        table(
            LineEnds::Crlf,
            &[
                (".\r\n", "", Some("")),
                ("a\r\n.\r\nQUIT\r\n", "a\r\n", Some("QUIT\r\n")),
                ("a\r\n..\r\n.b\r\n...\r\n.\r\n", "a\r\n.\r\nb\r\n..\r\n", Some("")),
                ("a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", Some("")),
                ("a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", Some("")),
                ("a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", Some("")),
                ("a\r.\rb\r\n.\r\n", "a\r.\rb\r\n", Some("")),
                ("a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", Some("")),
                ("a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", Some("")),
                ("a\r\r\n.\r\n", "a\r\r\n", Some("")),
                ("a\n..b\r\n.\r\n", "a\n..b\r\n", Some("")),
                ("a\n\r\n.\r\n", "a\n\r\n", Some("")),
                ("a.\r\n", "a.\r\n", None),
                ("\n.\n\n.\r\n\r.\r", "\n.\n\n.\r\n\r.\r", None),
            ],
        );
    }

    #[test]
    fn lf_ends_lines_for_a_client_that_has_no_other_line_end() {
        table(
            LineEnds::Lf,
            &[
                (".\n", "", Some("")),
                ("a\n.\nQUIT\n", "a\n", Some("QUIT\n")),
                ("a\n.\r\nQUIT\n", "a\n", Some("QUIT\n")),
                ("a\r\n.\nQUIT\n", "a\r\n", Some("QUIT\n")),
                ("a\r\n.\r\n", "a\r\n", Some("")),
                ("a\n..\n..b\n.\n", "a\n.\n.b\n", Some("")),
                ("a\r.\rb\n.\n", "a\r.\rb\n", Some("")),
            ],
        );
    }

    #[test]
    fn a_dot_between_bare_lfs_is_the_end_for_a_trusted_client_if_nothing_follows() {
        table(
            LineEnds::LfBeforePause,
            &[
                (".\r\n", "", Some("")),
                ("a\r\n.\r\n", "a\r\n", Some("")),
                ("a\n.\nMAIL\r\n.\r\n", "a\n.\nMAIL\r\n", Some("")),
                ("a\n.\r\nMAIL\r\n.\r\n", "a\n.\r\nMAIL\r\n", Some("")),
                ("a\n.\r\n.\r\n", "a\n.\r\n", Some("")),
                ("a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", Some("")),
                ("a\n.b\n..c\r\n..\r\n.\r\n", "a\n.b\n..c\r\n.\r\n", Some("")),
                ("a\n.\rb\r\n.\r\n", "a\n.\rb\r\n", Some("")),
                ("a\n.\n.\n", "a\n.\n", None),
                ("a\n.", "a\n", None),
                ("a.\n", "a.\n", None),
                ("a\r.\rb", "a\r.\rb", None),
            ],
        );
        for (data, may_have_ended) in [
            ("a\n.\n", true),
            ("a\n.\r\n", true),
            ("a\r\n.\n", true),
            (".\n", true),
            ("a\n.\n.\n", true),
            ("a\n.b\nc\n.\n", true),
            ("a\n.\nb", false),
            ("a\n.", false),
            ("a\n..\n", false),
        ] {
            let mut dots = Dots::new(LineEnds::LfBeforePause);
            read(&mut dots, &[data.as_bytes()]);
            assert_eq!(dots.may_have_ended(), may_have_ended, "{data:?}");
            let mut strict = Dots::new(LineEnds::Crlf);
            read(&mut strict, &[data.as_bytes()]);
            assert!(!strict.may_have_ended());
        }
    }

    #[test]
    fn lines_of_nothing_but_dots_do_not_cost_a_step_each() {
        let data = b"..\r\n".repeat(10_000);
        let (mut dots, mut input, mut pieces) = (Dots::new(LineEnds::Crlf), data.as_slice(), 0);
        while dots.next(&mut input).is_some() {
            pieces += 1;
        }
        assert!(pieces <= 3 * data.len() / TOGETHER_BYTES, "{pieces}");
    }

    #[test]
    fn a_message_may_be_as_large_as_the_limit() {
        let mut allowance = Allowance::new(5);
        assert_eq!(allowance.take(b"abc".into()), (b"abc".into(), false));
        assert_eq!(allowance.take(b"de".into()), (b"de".into(), false));
        assert!(!allowance.is_exceeded());
        assert_eq!(allowance.take(b"f".into()), (b"".into(), true));
        assert!(allowance.is_exceeded());
        assert_eq!(allowance.take(b"g".into()), (b"".into(), false));
        assert_eq!(Allowance::new(2).take(b"abc".into()), (b"ab".into(), true));
    }

    #[test]
    fn a_chunk_has_as_many_bytes_as_were_announced() {
        let mut chunk = Chunk { bytes: 3, last: true };
        let mut input: &[u8] = b"ab";
        assert_eq!(chunk.next(&mut input), Some(ContentPiece::Bytes(b"ab".into())));
        assert_eq!(chunk.next(&mut input), None);
        let mut input: &[u8] = b"cd";
        assert_eq!(chunk.next(&mut input), Some(ContentPiece::Bytes(b"c".into())));
        assert_eq!(chunk.next(&mut input), Some(ContentPiece::End));
        assert_eq!(input, b"d");
    }
}
