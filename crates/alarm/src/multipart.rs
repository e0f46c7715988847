//! Reads the parts of a multipart body.

use crate::found::Found;
use crate::part::Part;
use crate::splitter::{SplitEvent, Splitter};

pub(crate) use crate::splitter::{BOUNDARY_BYTES_MAX, first_boundary};

/// Number of parts of a multipart. What follows is skipped.
pub(crate) const PARTS_MAX: usize = 64;

/// A multipart while it streams by.
#[derive(Debug)]
pub(crate) struct Multipart {
    splitter: Splitter,
    /// The part that is open.
    part: Option<Part>,
    /// Number of multiparts that its parts are inside of.
    depth: u8,
    parts: usize,
}

impl Multipart {
    pub(crate) fn new(boundary: Option<Vec<u8>>, depth: u8) -> Self {
        Self { splitter: Splitter::new(boundary, false), part: None, depth, parts: 0 }
    }

    /// Takes the next bytes, which begin at this offset in the body.
    pub(crate) fn push(&mut self, at: u64, bytes: &[u8], found: &mut Found) {
        let Self { splitter, part, depth, parts } = self;
        if *parts < PARTS_MAX || part.is_some() {
            splitter.push(at, bytes, &mut |event| take(event, part, parts, *depth, found));
        }
    }

    /// Ends it; `torn` says that the connection broke.
    pub(crate) fn finish(mut self, torn: bool, found: &mut Found) {
        let Self { splitter, part, depth, parts } = &mut self;
        splitter.finish(torn, &mut |event| take(event, part, parts, *depth, found));
        if let Some(part) = self.part {
            part.finish(torn, false, found);
        }
        if self.depth == 1 {
            found.finish_form();
        }
    }
}

fn take(
    event: SplitEvent<'_>,
    part: &mut Option<Part>,
    parts: &mut usize,
    depth: u8,
    found: &mut Found,
) {
    match event {
        SplitEvent::Begins { head, .. } => {
            if *parts < PARTS_MAX {
                *parts += 1;
                *part = Some(Part::new(head, depth));
            }
        }
        SplitEvent::Bytes { at, bytes } => {
            if let Some(part) = part {
                part.push(at, bytes, found);
            }
        }
        SplitEvent::Ends => {
            if let Some(part) = part.take() {
                part.finish(false, true, found);
            }
        }
    }
}
