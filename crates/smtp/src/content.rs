//! Message bytes on their way through: the dots of DATA, the chunks of BDAT, the size limit.
//! Never copies or collects them.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

static LINE_END_DOT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\n."));

/// A shorter piece is put together with what follows it: else each of a content of nothing but dots at line
/// starts would cost a step.
const SHORT_BYTES: usize = 256;

/// So much is swallowed at least of a message that is refused, until its end.
pub(crate) const SURPLUS_BYTES_MIN: u64 = 1_000_000;

/// So much is put together.
const TOGETHER_BYTES: usize = 16 * 1024;

/// What a reader of content finds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Some of the content, never empty.
    Bytes(Cow<'a, [u8]>),
    /// The content is complete.
    End,
}

/// How the end of the content is told.
#[derive(Debug)]
pub(crate) enum Framing {
    /// By a dot: DATA.
    Dots(Dots),
    /// By a number of bytes: BDAT.
    Chunk(Chunk),
}

impl Framing {
    /// The next piece; none: all of `input` was taken.
    pub(crate) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
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

/// Takes the dots off what follows DATA and finds its end (RFC 5321, section 4.5.2).
#[derive(Debug)]
pub(crate) struct Dots {
    line_ends: LineEnds,
    place: Place,
}

/// Where the next byte stands. A dot at the beginning of a line, and a CR behind it, are held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    LineStart,
    AfterDot,
    AfterDotCr,
    /// Behind a bare LF, where a dot is content unless it is the end.
    BareLineStart,
    AfterBareDot,
    AfterBareDotCr,
    /// Behind a line that is the end, or, if more follows, these bytes of the content.
    MayBeEnd(&'static [u8]),
    /// Nothing followed it.
    End,
    AfterCr,
    InLine,
}

impl Dots {
    pub(crate) fn new(line_ends: LineEnds) -> Self {
        Self { line_ends, place: Place::LineStart }
    }

    /// The next piece; none: all of `input` was taken.
    pub(crate) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        match self.piece(input)? {
            Piece::Bytes(short) if short.len() < SHORT_BYTES && !input.is_empty() => {
                let mut together =
                    Vec::with_capacity(TOGETHER_BYTES.min(input.len()) + SHORT_BYTES);
                together.extend_from_slice(&short);
                self.copy(input, &mut together);
                while together.len() < TOGETHER_BYTES {
                    match self.piece(input) {
                        Some(Piece::Bytes(bytes)) => together.extend_from_slice(&bytes),
                        Some(Piece::End) => self.place = Place::End,
                        None => break,
                    }
                    if self.place == Place::End {
                        break;
                    }
                    self.copy(input, &mut together);
                }
                Some(Piece::Bytes(Cow::Owned(together)))
            }
            piece => Some(piece),
        }
    }

    /// Takes content, byte by byte, until there is enough of it or it ends: that is left to [`Dots::piece`].
    fn copy(&mut self, input: &mut &[u8], together: &mut Vec<u8>) {
        let mut taken = 0;
        for &byte in input.iter() {
            if together.len() >= TOGETHER_BYTES {
                break;
            }
            match (self.place, byte, self.line_ends) {
                // It may end here.
                (Place::LineStart | Place::BareLineStart, b'.', _)
                    if !is_dotted(input.get(taken + 1..).unwrap_or_default()) =>
                {
                    break;
                }
                (Place::LineStart, b'.', _) => self.place = Place::InLine,
                (Place::LineStart | Place::BareLineStart | Place::InLine | Place::AfterCr, ..) => {
                    together.push(byte);
                    self.place = match (byte, self.line_ends) {
                        (b'\r', _) => Place::AfterCr,
                        (b'\n', _) if self.place == Place::AfterCr => Place::LineStart,
                        (b'\n', LineEnds::Lf) => Place::LineStart,
                        (b'\n', LineEnds::LfBeforePause) => Place::BareLineStart,
                        _ => Place::InLine,
                    };
                }
                _ => break,
            }
            taken += 1;
        }
        *input = input.get(taken..).unwrap_or_default();
    }

    /// The next piece as it stands in `input`.
    fn piece<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        if self.place == Place::End {
            return Some(Piece::End);
        }
        loop {
            let (&byte, rest) = input.split_first()?;
            match (self.place, byte) {
                (Place::LineStart, b'.') => self.place = Place::AfterDot,
                (Place::AfterDot, b'\r') => self.place = Place::AfterDotCr,
                (Place::BareLineStart, b'.') => self.place = Place::AfterBareDot,
                (Place::AfterBareDot, b'\r') => self.place = Place::AfterBareDotCr,
                (Place::AfterDot, b'\n') if self.line_ends == LineEnds::LfBeforePause => {
                    self.place = Place::MayBeEnd(b"\n");
                }
                (Place::AfterDot, b'\n') if self.line_ends == LineEnds::Lf => {
                    *input = rest;
                    return Some(Piece::End);
                }
                (Place::AfterDotCr, b'\n') => {
                    *input = rest;
                    return Some(Piece::End);
                }
                (Place::AfterBareDot, b'\n') => self.place = Place::MayBeEnd(b".\n"),
                (Place::AfterBareDotCr, b'\n') => self.place = Place::MayBeEnd(b".\r\n"),
                (Place::MayBeEnd(line), _) => {
                    let is_bare = !line.ends_with(b"\r\n");
                    let next = if is_bare { Place::BareLineStart } else { Place::LineStart };
                    return self.held(line, next);
                }
                (Place::AfterDotCr, _) => return self.held(b"\r", Place::AfterCr),
                (Place::AfterBareDot, _) => return self.held(b".", Place::InLine),
                (Place::AfterBareDotCr, _) => return self.held(b".\r", Place::AfterCr),
                // Behind a dot too: the dot goes, the rest of its line is content.
                _ => return Some(Piece::Bytes(Cow::Borrowed(self.run(input)))),
            }
            *input = rest;
        }
    }

    /// Whether what came last is the end if nothing follows it.
    pub(crate) fn may_have_ended(&self) -> bool {
        matches!(self.place, Place::MayBeEnd(_))
    }

    /// Nothing follows what came last.
    pub(crate) fn pause(&mut self) {
        if self.may_have_ended() {
            self.place = Place::End;
        }
    }

    /// What was held back is content after all.
    fn held<'a>(&mut self, bytes: &'static [u8], place: Place) -> Option<Piece<'a>> {
        self.place = place;
        Some(Piece::Bytes(Cow::Borrowed(bytes)))
    }

    /// Content up to the next dot that may begin a line: whether it does, the place tells.
    fn run<'a>(&mut self, input: &mut &'a [u8]) -> &'a [u8] {
        let all = *input;
        let after_cr = self.place == Place::AfterCr;
        let end = LINE_END_DOT.find(all).map_or(all.len(), |lf| lf + 1);
        let (run, rest) = all.split_at_checked(end).unwrap_or((all, &[]));
        *input = rest;
        self.place = match (run, self.line_ends) {
            ([.., b'\r', b'\n'], _) => Place::LineStart,
            ([b'\n'], _) if after_cr => Place::LineStart,
            ([.., b'\n'], LineEnds::Lf) => Place::LineStart,
            ([.., b'\n'], LineEnds::LfBeforePause) => Place::BareLineStart,
            ([.., b'\r'], _) => Place::AfterCr,
            _ => Place::InLine,
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
    /// The next piece of what follows BDAT; none: all of `input` was taken.
    pub(crate) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        if self.bytes == 0 {
            return Some(Piece::End);
        }
        let (bytes, rest) = split_at_most(input, self.bytes);
        *input = rest;
        self.bytes -= bytes.len() as u64;
        (!bytes.is_empty()).then_some(Piece::Bytes(Cow::Borrowed(bytes)))
    }
}

/// Whether a line that begins with a dot goes on with what cannot be its end, in whatever way lines end.
fn is_dotted(behind: &[u8]) -> bool {
    behind.first().is_some_and(|byte| !matches!(byte, b'\r' | b'\n'))
}

/// How much of a message may still come.
#[derive(Debug)]
pub(crate) struct Allowance {
    bytes_max: u64,
    left: u64,
    exceeded: bool,
    /// Bytes that did not fit.
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

    /// Whether so much came beyond the limit that whoever sends it is not to be waited for.
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
                    Piece::Bytes(bytes) => content.extend_from_slice(&bytes),
                    Piece::End => {
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
        assert_eq!(chunk.next(&mut input), Some(Piece::Bytes(b"ab".into())));
        assert_eq!(chunk.next(&mut input), None);
        let mut input: &[u8] = b"cd";
        assert_eq!(chunk.next(&mut input), Some(Piece::Bytes(b"c".into())));
        assert_eq!(chunk.next(&mut input), Some(Piece::End));
        assert_eq!(input, b"d");
    }
}
