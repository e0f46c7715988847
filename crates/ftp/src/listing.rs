//! Listings of a folder: as `ls -l` prints them (no standard, but what clients read), as bare names, and as the facts
//! of RFC 3659, section 7. Also the times that FTP writes and reads.
//!
//! A listing is made piece by piece while it is sent, so that many large ones take little memory.

use std::fmt;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tipoff_model::Timestamp;

use crate::path::FilePath;
use crate::tree::{self, Lookup, SharedTree, UploadedFile};

/// Bytes of a piece of a listing, about.
const PIECE_BYTES: usize = 8 * 1024;

/// A time in UTC: `20261005140320` (RFC 3659, section 2.3).
pub(crate) fn time(at: Timestamp) -> String {
    written(at, "%Y%m%d%H%M%S")
}

/// Reads such a time. Only the first 14 digits count, and the seconds may be missing. `None` if there is no such time.
pub(crate) fn read_time(text: &[u8]) -> Option<Timestamp> {
    let count = text.iter().take(14).take_while(|byte| byte.is_ascii_digit()).count();
    let form = match count {
        14 => "%Y%m%d%H%M%S",
        12 => "%Y%m%d%H%M",
        _ => return None,
    };
    let digits = std::str::from_utf8(text.get(..count)?).ok()?;
    let time = jiff::civil::DateTime::strptime(form, digits).ok()?;
    let time = TimeZone::UTC.to_timestamp(time).ok()?;
    Some(Timestamp::from_ms(time.as_millisecond()))
}

fn written(at: Timestamp, form: &str) -> String {
    jiff::Timestamp::from_millisecond(at.as_ms())
        .map(|time| time.to_zoned_datetime(TimeZone::UTC).strftime(form).to_string())
        .unwrap_or_default()
}

/// The form of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListingForm {
    /// LIST and STAT.
    Long,
    /// NLST.
    Names,
    /// MLSD.
    Facts,
}

/// The entries of a folder, or one file. The pieces are made when they are asked for: an entry that is added or removed
/// meanwhile may be in the listing or not.
#[derive(Clone)]
pub struct Listing {
    tree: SharedTree,
    path: FilePath,
    form: ListingForm,
    /// Shows only what changed after this turn of the tree.
    since: u64,
    next: Cursor,
}

/// Where a listing continues.
#[derive(Clone, Debug)]
enum Cursor {
    Begin,
    Behind(Vec<u8>),
    End,
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listing {{ {:?}, {:?}, {} }}", self.path, self.form, self.since)
    }
}

/// Listings are equal if they show the same of one tree. How far they are does not count.
impl PartialEq for Listing {
    fn eq(&self, other: &Self) -> bool {
        let of = |it: &Self| (it.path.clone(), it.form, it.since);
        Arc::ptr_eq(&self.tree, &other.tree) && of(self) == of(other)
    }
}

impl Eq for Listing {}

impl Listing {
    pub(crate) fn new(tree: SharedTree, path: FilePath, form: ListingForm, since: u64) -> Self {
        Self { tree, path, form, since, next: Cursor::Begin }
    }

    /// The next lines; `None` at the end.
    pub fn next_piece(&mut self) -> Option<Vec<u8>> {
        let tree = tree::lock(&self.tree);
        let mut piece = Vec::new();
        let after = match std::mem::replace(&mut self.next, Cursor::End) {
            Cursor::Begin => None,
            Cursor::Behind(name) => Some(name),
            Cursor::End => return None,
        };
        if let (Lookup::File(file), ListingForm::Long | ListingForm::Names) =
            (tree.find(&self.path), self.form)
        {
            // A folder that became a file meanwhile has no entries any more.
            if after.is_none() {
                line(self.form, self.path.name(), Some(file), &mut piece);
            }
            return Some(piece).filter(|piece| !piece.is_empty());
        }
        for (name, file) in tree.list(&self.path, after.as_deref(), self.since) {
            line(self.form, name, file, &mut piece);
            if piece.len() >= PIECE_BYTES {
                self.next = Cursor::Behind(name.to_vec());
                break;
            }
        }
        Some(piece).filter(|piece| !piece.is_empty())
    }
}

/// Writes the line of a file, or of a folder (`None`).
fn line(form: ListingForm, name: &[u8], file: Option<UploadedFile>, out: &mut Vec<u8>) {
    match form {
        ListingForm::Long => {
            let (mode, size, at) = match file {
                Some(file) => ("-rw-r--r--", file.size, written(file.modified, "%b %d  %Y")),
                None => ("drwxr-xr-x", 0, "Jan 01  1970".to_owned()),
            };
            let head = format!("{mode}   1 ftp      ftp      {size:>12} {at} ");
            out.extend_from_slice(head.as_bytes());
        }
        ListingForm::Names => {}
        ListingForm::Facts => out.extend_from_slice(facts_of(file).as_bytes()),
    }
    out.extend_from_slice(name);
    out.extend_from_slice(b"\r\n");
}

/// The facts of a file or folder: `type=file;size=5;modify=…; ` (RFC 3659, section 7.2).
pub(crate) fn facts_of(file: Option<UploadedFile>) -> String {
    match file {
        Some(file) => {
            let (size, modified) = (file.size, time(file.modified));
            format!("type=file;size={size};modify={modified}; ")
        }
        None => "type=dir; ".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tipoff_model::ArrivalId;

    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        let at = Timestamp(1_791_208_000_000);
        for text in ["20261005134640", "20261005134640.123", "20261005134640+060"] {
            assert_eq!(read_time(text.as_bytes()), Some(at), "{text}");
        }
        assert_eq!(time(at), "20261005134640");
        assert_eq!(read_time(b"202610051346"), Some(Timestamp(1_791_207_960_000)));
        assert_eq!(read_time(b"19691231235959"), Some(Timestamp(-1000)));
        for wrong in ["", "2026", "20261305134640", "20260230000000", "99991332000000", "x.jpg"] {
            assert_eq!(read_time(wrong.as_bytes()), None, "{wrong}");
        }
    }

    fn listed(tree: &SharedTree, path: &str, form: ListingForm) -> String {
        let path = FilePath::from_bytes(path.as_bytes());
        let mut listing = Listing::new(Arc::clone(tree), path, form, 0);
        let pieces: Vec<Vec<u8>> = std::iter::from_fn(|| listing.next_piece()).collect();
        String::from_utf8(pieces.concat()).unwrap()
    }

    fn put(tree: &SharedTree, path: &str) {
        let modified = Timestamp(1_791_208_000_000);
        let file = UploadedFile { arrival: ArrivalId(1), size: 5, modified, may_grow: false };
        tree.lock().unwrap().put(&FilePath::from_bytes(path.as_bytes()), file);
    }

    #[test]
    fn a_folder_is_listed_in_three_forms() {
        let tree = SharedTree::default();
        put(&tree, "/a/x y.jpg");
        assert_eq!(
            listed(&tree, "/", ListingForm::Long),
            "drwxr-xr-x   1 ftp      ftp                 0 Jan 01  1970 a\r\n",
        );
        let long = "-rw-r--r--   1 ftp      ftp                 5 Oct 05  2026 x y.jpg\r\n";
        assert_eq!(listed(&tree, "/a", ListingForm::Long), long);
        assert_eq!(listed(&tree, "/a/x y.jpg", ListingForm::Long), long);
        assert_eq!(listed(&tree, "/a", ListingForm::Names), "x y.jpg\r\n");
        assert_eq!(
            listed(&tree, "/a", ListingForm::Facts),
            "type=file;size=5;modify=20261005134640; x y.jpg\r\n",
        );
        assert_eq!(listed(&tree, "/", ListingForm::Facts), "type=dir; a\r\n");
        assert_eq!(listed(&tree, "/not there", ListingForm::Long), "");
    }

    #[test]
    fn listings_are_equal_if_they_show_the_same_of_one_tree() {
        let (tree, other) = (SharedTree::default(), SharedTree::default());
        let listing = |tree: &SharedTree, path: &str, form, since| {
            Listing::new(Arc::clone(tree), FilePath::from_bytes(path.as_bytes()), form, since)
        };
        let this = listing(&tree, "/a", ListingForm::Long, 0);
        assert_eq!(this, listing(&tree, "/a", ListingForm::Long, 0));
        for different in [
            listing(&other, "/a", ListingForm::Long, 0),
            listing(&tree, "/b", ListingForm::Long, 0),
            listing(&tree, "/a", ListingForm::Names, 0),
            listing(&tree, "/a", ListingForm::Long, 1),
        ] {
            assert_ne!(this, different);
        }
        assert!(format!("{this:?}").contains("Long"));
    }

    #[test]
    fn a_long_listing_comes_in_pieces_while_files_come_and_go() {
        let tree = SharedTree::default();
        for number in 0..1_000 {
            put(&tree, &format!("/a/{number:04}"));
        }
        let folder = FilePath::from_bytes(b"/a");
        let mut listing = Listing::new(Arc::clone(&tree), folder, ListingForm::Long, 0);
        let mut lines = Vec::new();
        while let Some(piece) = listing.next_piece() {
            assert!(piece.len() < PIECE_BYTES + 100);
            lines.extend(piece);
            tree.lock().unwrap().remove(&FilePath::from_bytes(b"/a/0500"));
            put(&tree, "/a/0000a");
        }
        let lines = String::from_utf8(lines).unwrap();
        assert_eq!(lines.lines().count(), 999);
        assert!(!lines.contains(" 0500\r\n") && lines.contains(" 0999\r\n"));
    }
}
