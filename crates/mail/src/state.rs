//! The state of the parser: a header or a body, and the multiparts that are open around it. The
//! transitions are in [`crate::parser`].

use crate::header::Header;
use crate::leaf::Leaf;

/// What the next byte of the stream belongs to.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // A mail has one of them.
pub(crate) enum ParserState {
    Header(Header),
    Body(Body),
}

/// The content between a header and the next boundary.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) content: BodyContent,
    /// Whether a boundary may begin with the next byte. The line end before it was part of the header or of
    /// the boundary before.
    pub(crate) at_line_start: bool,
}

#[derive(Debug)]
pub(crate) enum BodyContent {
    /// A part that contains no parts.
    Part(Leaf),
    /// Content before the first part of the innermost multipart. It is the text of the mail if no part follows.
    Preamble(Leaf),
    /// Content behind the last part. It is the text of the mail if no part has text.
    Epilogue(Leaf),
}

/// A container of parts.
#[derive(Debug)]
pub(crate) enum Open {
    /// A mail: the outermost, or one in a `message/rfc822` part.
    Mail,
    /// A `multipart/…`, declared or recognised.
    Multipart {
        /// The declared boundary and the one that was found instead: none, one or two.
        boundaries: Vec<Vec<u8>>,
        /// Number of the innermost `multipart/alternative`, whose parts say the same.
        group: Option<usize>,
        /// Whether it is a `multipart/related`: a page beside the pictures that it shows (RFC 2387).
        is_related: bool,
    },
}

impl Open {
    /// The boundaries that end its parts. A mail has none.
    pub(crate) fn boundaries(&self) -> &[Vec<u8>] {
        match self {
            Self::Mail => &[],
            Self::Multipart { boundaries, .. } => boundaries,
        }
    }
}
