//! How a folder is told: as `ls -l` tells it (no standard, but what clients read), as bare names,
//! and as the facts of RFC 3659, section 7.

use jiff::tz::TimeZone;
use tipoff_model::Timestamp;

use crate::path::FilePath;
use crate::tree::{File, Tree};

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

/// The answer to LIST and STAT: of a folder what is in it, of a file itself.
pub(crate) fn long(tree: &Tree, path: &FilePath, file: Option<File>) -> Vec<u8> {
    lines(tree, path, file, |name, file, out| {
        let (mode, size, at) = match file {
            Some(file) => ("-rw-r--r--", file.size, written(file.modified, "%b %d  %Y")),
            None => ("drwxr-xr-x", 0, "Jan 01  1970".to_owned()),
        };
        out.extend_from_slice(format!("{mode}   1 ftp      ftp      {size:>12} {at} ").as_bytes());
        out.extend_from_slice(name);
    })
}

/// The answer to NLST.
pub(crate) fn names(tree: &Tree, path: &FilePath, file: Option<File>) -> Vec<u8> {
    lines(tree, path, file, |name, _, out| out.extend_from_slice(name))
}

/// The answer to MLSD.
pub(crate) fn facts(tree: &Tree, path: &FilePath) -> Vec<u8> {
    lines(tree, path, None, |name, file, out| {
        out.extend_from_slice(facts_of(file).as_bytes());
        out.extend_from_slice(name);
    })
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

fn lines(
    tree: &Tree,
    path: &FilePath,
    file: Option<File>,
    mut line: impl FnMut(&[u8], Option<File>, &mut Vec<u8>),
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut add = |name: &[u8], file: Option<File>| {
        line(name, file, &mut out);
        out.extend_from_slice(b"\r\n");
    };
    match file {
        Some(_) => add(path.name(), file),
        None => tree.list(path).for_each(|(name, file)| add(name, file)),
    }
    out
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

    #[test]
    fn a_folder_is_told_in_three_ways() {
        let mut tree = Tree::default();
        let modified = Timestamp(1_791_208_000_000);
        let file = File { arrival: ArrivalId(1), size: 5, modified, may_grow: false };
        tree.put(&FilePath::from_bytes(b"/a/x y.jpg"), file);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let folder = FilePath::from_bytes(b"/a");
        assert_eq!(
            text(long(&tree, &FilePath::ROOT, None)),
            "drwxr-xr-x   1 ftp      ftp                 0 Jan 01  1970 a\r\n",
        );
        assert_eq!(
            text(long(&tree, &folder, None)),
            "-rw-r--r--   1 ftp      ftp                 5 Oct 05  2026 x y.jpg\r\n",
        );
        assert_eq!(text(names(&tree, &folder, None)), "x y.jpg\r\n");
        assert_eq!(
            text(facts(&tree, &folder)),
            "type=file;size=5;modify=20261005134640; x y.jpg\r\n",
        );
        assert_eq!(text(facts(&tree, &FilePath::ROOT)), "type=dir; a\r\n");
    }
}
