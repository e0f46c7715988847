//! How a folder is told: as `ls -l` tells it (no standard, but what clients read), as bare names,
//! and as the facts of RFC 3659, section 7.

use std::fmt;
use std::sync::{Arc, PoisonError};

use jiff::tz::TimeZone;
use tipoff_model::Timestamp;

use crate::path::FilePath;
use crate::tree::{File, Found, SharedTree};

/// A piece of a listing is about as long as this, in bytes.
const PIECE_BYTES: usize = 8 * 1024;

/// `20261005140320` (RFC 3659, section 2.3), UTC.
pub(crate) fn time(at: Timestamp) -> String {
    written(at, "%Y%m%d%H%M%S")
}

/// The same read: its first 14 digits, the seconds may be missing.
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

/// How a folder is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// LIST and STAT.
    Long,
    /// NLST.
    Names,
    /// MLSD.
    Facts,
}

/// What a folder holds, or one file. Told piece by piece, because many may ask for much at the same time: what
/// comes or goes meanwhile may be in it or not.
#[derive(Clone)]
pub struct Listing {
    tree: SharedTree,
    path: FilePath,
    form: Form,
    /// Only what was written to after this turn of the tree.
    since: u64,
    next: Next,
}

/// Where a listing goes on.
#[derive(Clone, Debug)]
enum Next {
    Begin,
    Behind(Vec<u8>),
    End,
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listing {{ {:?}, {:?}, {} }}", self.path, self.form, self.since)
    }
}

/// Both tell the same.
impl PartialEq for Listing {
    fn eq(&self, other: &Self) -> bool {
        let of = |it: &Self| (it.path.clone(), it.form, it.since);
        Arc::ptr_eq(&self.tree, &other.tree) && of(self) == of(other)
    }
}

impl Eq for Listing {}

impl Listing {
    pub(crate) fn new(tree: SharedTree, path: FilePath, form: Form, since: u64) -> Self {
        Self { tree, path, form, since, next: Next::Begin }
    }

    /// The next lines; `None` at the end.
    pub fn next_piece(&mut self) -> Option<Vec<u8>> {
        let tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        let mut piece = Vec::new();
        let after = match std::mem::replace(&mut self.next, Next::End) {
            Next::Begin => None,
            Next::Behind(name) => Some(name),
            Next::End => return None,
        };
        if let (Found::File(file), Form::Long | Form::Names) = (tree.find(&self.path), self.form) {
            // What became a file meanwhile has nothing in it any more.
            if after.is_none() {
                line(self.form, self.path.name(), Some(file), &mut piece);
            }
            return Some(piece).filter(|piece| !piece.is_empty());
        }
        for (name, file) in tree.list(&self.path, after.as_deref(), self.since) {
            line(self.form, name, file, &mut piece);
            if piece.len() >= PIECE_BYTES {
                self.next = Next::Behind(name.to_vec());
                break;
            }
        }
        Some(piece).filter(|piece| !piece.is_empty())
    }
}

/// One file or folder; `None`: a folder.
fn line(form: Form, name: &[u8], file: Option<File>, out: &mut Vec<u8>) {
    match form {
        Form::Long => {
            let (mode, size, at) = match file {
                Some(file) => ("-rw-r--r--", file.size, written(file.modified, "%b %d  %Y")),
                None => ("drwxr-xr-x", 0, "Jan 01  1970".to_owned()),
            };
            let head = format!("{mode}   1 ftp      ftp      {size:>12} {at} ");
            out.extend_from_slice(head.as_bytes());
        }
        Form::Names => {}
        Form::Facts => out.extend_from_slice(facts_of(file).as_bytes()),
    }
    out.extend_from_slice(name);
    out.extend_from_slice(b"\r\n");
}

/// `type=file;size=5;modify=…; `.
pub(crate) fn facts_of(file: Option<File>) -> String {
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

    fn told(tree: &SharedTree, path: &str, form: Form) -> String {
        let path = FilePath::from_bytes(path.as_bytes());
        let mut listing = Listing::new(Arc::clone(tree), path, form, 0);
        let pieces: Vec<Vec<u8>> = std::iter::from_fn(|| listing.next_piece()).collect();
        String::from_utf8(pieces.concat()).unwrap()
    }

    fn put(tree: &SharedTree, path: &str) {
        let modified = Timestamp(1_791_208_000_000);
        let file = File { arrival: ArrivalId(1), size: 5, modified, may_grow: false };
        tree.lock().unwrap().put(&FilePath::from_bytes(path.as_bytes()), file);
    }

    #[test]
    fn a_folder_is_told_in_three_ways() {
        let tree = SharedTree::default();
        put(&tree, "/a/x y.jpg");
        assert_eq!(
            told(&tree, "/", Form::Long),
            "drwxr-xr-x   1 ftp      ftp                 0 Jan 01  1970 a\r\n",
        );
        let long = "-rw-r--r--   1 ftp      ftp                 5 Oct 05  2026 x y.jpg\r\n";
        assert_eq!(told(&tree, "/a", Form::Long), long);
        assert_eq!(told(&tree, "/a/x y.jpg", Form::Long), long);
        assert_eq!(told(&tree, "/a", Form::Names), "x y.jpg\r\n");
        assert_eq!(
            told(&tree, "/a", Form::Facts),
            "type=file;size=5;modify=20261005134640; x y.jpg\r\n",
        );
        assert_eq!(told(&tree, "/", Form::Facts), "type=dir; a\r\n");
        assert_eq!(told(&tree, "/not there", Form::Long), "");
    }

    #[test]
    fn listings_are_equal_if_they_tell_the_same_of_one_tree() {
        let (tree, other) = (SharedTree::default(), SharedTree::default());
        let listing = |tree: &SharedTree, path: &str, form, since| {
            Listing::new(Arc::clone(tree), FilePath::from_bytes(path.as_bytes()), form, since)
        };
        let this = listing(&tree, "/a", Form::Long, 0);
        assert_eq!(this, listing(&tree, "/a", Form::Long, 0));
        for different in [
            listing(&other, "/a", Form::Long, 0),
            listing(&tree, "/b", Form::Long, 0),
            listing(&tree, "/a", Form::Names, 0),
            listing(&tree, "/a", Form::Long, 1),
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
        let mut listing = Listing::new(Arc::clone(&tree), folder, Form::Long, 0);
        let mut told = Vec::new();
        while let Some(piece) = listing.next_piece() {
            assert!(piece.len() < PIECE_BYTES + 100);
            told.extend(piece);
            tree.lock().unwrap().remove(&FilePath::from_bytes(b"/a/0500"));
            put(&tree, "/a/0000a");
        }
        let told = String::from_utf8(told).unwrap();
        assert_eq!(told.lines().count(), 999);
        assert!(!told.contains(" 0500\r\n") && told.contains(" 0999\r\n"));
    }
}
