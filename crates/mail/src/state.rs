//! Where in the structure of a mail its stream is. Says nothing of how it came there.

use crate::header::Header;
use crate::leaf::Leaf;

#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // There is one of them to a mail.
pub(crate) enum ParserState {
    Header(Header),
    Body(Body),
}

/// What streams by between header and boundary.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) content: BodyContent,
    /// The line end before a boundary is not content here.
    pub(crate) at_line_start: bool,
}

#[derive(Debug)]
pub(crate) enum BodyContent {
    Part(Leaf),
    /// What stands before the first part of the innermost multipart; text, if there is no part.
    Preamble(Leaf),
    /// What stands behind its last part; text, if no part gave any.
    Epilogue(Leaf),
}

/// What parts stand in.
#[derive(Debug)]
pub(crate) enum Open {
    Mail,
    Multipart {
        /// As declared, and as it is: none, one or two.
        boundaries: Vec<Vec<u8>>,
        /// Parts that say the same.
        group: Option<usize>,
        /// A page and the pictures that it shows.
        is_related: bool,
    },
}

impl Open {
    pub(crate) fn boundaries(&self) -> &[Vec<u8>] {
        match self {
            Self::Mail => &[],
            Self::Multipart { boundaries, .. } => boundaries,
        }
    }
}
