//! Paths of files as a device sees them: labels in a tree of its own, never paths of this machine.
//!
//! Reads what devices write (backslashes, `..`, doubled slashes, any encoding) into one form, and shortens what is
//! beyond the limits. The shortened path is the same each time, so a device finds its own file again.

use std::fmt;

use crate::letters;

/// Limit of a path in bytes. A longer one is shortened.
pub const PATH_BYTES_MAX: usize = 1024;
/// Limit of the names in a path. A deeper path is shortened.
pub const PATH_DEPTH_MAX: usize = 32;
/// Limit of a name in bytes, as file systems have it. A longer one is shortened.
pub const NAME_BYTES_MAX: usize = 255;

/// Limit of an extension in bytes, with its dot, that a shortened name keeps.
const EXTENSION_BYTES_MAX: usize = 9;
/// Number of outermost names that a shortened path keeps at most: routes match on folders.
const FIRST_LEVELS_MAX: usize = 8;
/// Bytes of these names at most, with their slashes. The first name is kept in any case. Leaves room for a digest and a
/// name.
const FIRST_LEVELS_BYTES_MAX: usize = PATH_BYTES_MAX / 2;
/// The first byte of a digest of left out bytes.
const MARK: u8 = b'~';
/// Bytes of such a digest: the mark and 16 hexadecimal digits.
const DIGEST_BYTES: usize = 17;

/// An absolute path in a device's tree: `/2026/10/05/x.jpg`, without `.`, `..` and empty names.
/// The root is empty.
///
/// Agent DVR and others write deeper and longer paths than the limits. Their first levels and the innermost ones
/// stay, and a digest stands for what is between them: such a path is the same each time, however it was entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(Vec<u8>);

impl FilePath {
    /// The outermost folder.
    pub const ROOT: Self = Self(Vec::new());

    /// The path of `given` in the folder `self`. Backslashes are slashes, doubled slashes are one, and `..` does not lead
    /// above the root. A control character becomes `_`.
    pub fn join(&self, given: &[u8]) -> Self {
        let begin = match given.first() {
            Some(b'/' | b'\\') => Self::ROOT,
            _ => self.clone(),
        };
        let mut joining = Joining { depth: begin.depth(), path: begin.0, first: None };
        for name in letters::names(given) {
            match name {
                b"" | b"." => {}
                b".." => joining.pop(),
                name => joining.push(name),
            }
        }
        Self(joining.path)
    }

    /// The path whose text is `path`, as [`FilePath::as_bytes`] gave it.
    pub fn from_bytes(path: &[u8]) -> Self {
        Self::ROOT.join(path)
    }

    /// Its folder. The root is in itself.
    pub fn parent(&self) -> Self {
        let end = self.0.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        Self(self.0.get(..end).unwrap_or_default().to_vec())
    }

    /// Its name in its folder; empty for the root.
    pub fn name(&self) -> &[u8] {
        self.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is below `folder`, at any depth.
    pub fn is_below(&self, folder: &Self) -> bool {
        self.0.strip_prefix(folder.0.as_slice()).is_some_and(|rest| rest.first() == Some(&b'/'))
    }

    /// Its names, the outermost first. The root has none.
    pub(crate) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'/').skip(1)
    }

    /// Number of its names.
    pub(crate) fn depth(&self) -> usize {
        self.0.iter().filter(|byte| **byte == b'/').count()
    }

    /// Every folder on the way to it, the outermost first, itself last; without the root.
    #[cfg(test)]
    pub(crate) fn way(&self) -> Vec<Self> {
        let slashes = self.0.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/');
        let ends = slashes.map(|(at, _)| at).chain((!self.is_root()).then_some(self.0.len()));
        ends.map(|end| Self(self.0.get(..end).unwrap_or_default().to_vec())).collect()
    }

    /// Its bytes in replies: `/` for the root.
    pub fn as_bytes(&self) -> &[u8] {
        if self.is_root() { b"/" } else { &self.0 }
    }
}

/// A path to which names are added. A line may have thousands of them.
struct Joining {
    path: Vec<u8>,
    /// Number of its names.
    depth: usize,
    /// Bytes of its first levels, once they were computed.
    first: Option<usize>,
}

impl Joining {
    fn push(&mut self, name: &[u8]) {
        let name = shortened(name);
        while self.path.len() + 1 + name.len() > PATH_BYTES_MAX || self.depth >= PATH_DEPTH_MAX {
            self.leave_out();
        }
        self.path.push(b'/');
        // The second byte of a letter may be `\` in a name that is UTF-8 by chance: read again, it would split the name.
        let divides = name.contains(&b'\\') && std::str::from_utf8(&name).is_ok();
        let is_unsafe = |byte: u8| byte.is_ascii_control() || divides && byte == b'\\';
        let safe = |byte: &u8| if is_unsafe(*byte) { b'_' } else { *byte };
        self.path.extend(name.iter().map(safe));
        self.depth += 1;
    }

    fn pop(&mut self) {
        let end = self.path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        self.path.truncate(end);
        self.depth = self.depth.saturating_sub(1);
        self.first = None;
    }

    /// Leaves out the outermost folder behind the first levels. A digest behind them stands for all that
    /// were left out.
    fn leave_out(&mut self) {
        // Names that were left out before do not change the first levels.
        let first = *self.first.get_or_insert_with(|| first_levels(&self.path));
        // One of the two names may be such a digest itself. One step at a time leads to the same path each time.
        let mut names = self.path.get(first..).unwrap_or_default().splitn(4, |byte| *byte == b'/');
        let (Some(b""), Some(one), Some(other)) = (names.next(), names.next(), names.next()) else {
            // Not possible: the first levels, a digest and a name are within the limits.
            return *self = Self { path: Vec::new(), depth: 0, first: None };
        };
        let digest = digest(&[one, other]);
        let end = first + 1 + one.len() + 1 + other.len();
        drop(self.path.splice(first + 1..end, digest));
        self.depth -= 1;
    }
}

/// A name within its limit. A longer one becomes its beginning, a digest of all of it, and its extension.
fn shortened(name: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if name.len() <= NAME_BYTES_MAX {
        return name.into();
    }
    let dot = name.iter().rposition(|byte| *byte == b'.').unwrap_or(name.len());
    let extension = name.get(dot..).filter(|extension| {
        extension.len() <= EXTENSION_BYTES_MAX
            && extension.iter().skip(1).all(u8::is_ascii_alphanumeric)
    });
    let extension = extension.unwrap_or_default();
    let room = NAME_BYTES_MAX - DIGEST_BYTES - extension.len();
    [letters::beginning(name, room), &digest(&[name]), extension].concat().into()
}

/// `~` and 16 digits: FNV-1a with 64 bits. No protection against collisions is needed: whoever finds two paths with the
/// same digest confuses only two files of his own.
fn digest(names: &[&[u8]]) -> [u8; DIGEST_BYTES] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    for name in names {
        for byte in name.iter().chain(b"/") {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
    let mut text = [MARK; DIGEST_BYTES];
    for (number, digit) in text.iter_mut().skip(1).rev().enumerate() {
        let nibble = (hash >> (4 * number)) & 0xF;
        *digit = DIGITS.get(nibble as usize).copied().unwrap_or(MARK);
    }
    text
}

/// Bytes of the outermost names that are kept, with their slashes. Depends on these names only, so it is the same for a
/// path that was shortened already.
fn first_levels(path: &[u8]) -> usize {
    let mut bytes = 0;
    for (level, name) in path.split(|byte| *byte == b'/').skip(1).enumerate() {
        let with_it = bytes + 1 + name.len();
        let stays = level == 0
            || (level < FIRST_LEVELS_MAX && with_it <= FIRST_LEVELS_BYTES_MAX && !is_digest(name));
        if !stays {
            break;
        }
        bytes = with_it;
    }
    bytes
}

fn is_digest(name: &[u8]) -> bool {
    name.len() == DIGEST_BYTES
        && name.split_first().is_some_and(|(first, digits)| {
            *first == MARK && digits.iter().all(u8::is_ascii_hexdigit)
        })
}

/// For people: decoded from the encoding that the device wrote.
impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&letters::decode(self.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> FilePath {
        FilePath::from_bytes(text.as_bytes())
    }

    #[test]
    fn cameras_write_paths_in_many_ways() {
        let folder = path("/cam");
        for (given, meant) in [
            ("x.jpg", "/cam/x.jpg"),
            ("/x.jpg", "/x.jpg"),
            ("//camera_test20190222080904", "/camera_test20190222080904"),
            ("./", "/cam"),
            ("./x.jpg", "/cam/x.jpg"),
            ("", "/cam"),
            ("..", "/"),
            ("../../../../etc/passwd", "/etc/passwd"),
            ("/../..", "/"),
            ("\\00A1\\VFD\\2021-01-09\\1.jpg", "/00A1/VFD/2021-01-09/1.jpg"),
            ("a/b/", "/cam/a/b"),
            ("C:\\alarm", "/cam/C:/alarm"),
            ("a\nb\0c", "/cam/a_b_c"),
            ("...", "/cam/..."),
        ] {
            assert_eq!(folder.join(given.as_bytes()), path(meant), "{given:?}");
        }
        assert_eq!(path("/").as_bytes(), b"/");
        assert_eq!(path("/a/b").name(), b"b");
        assert_eq!(path("/a/b").parent(), path("/a"));
        assert_eq!(path("/a").parent(), FilePath::ROOT);
    }

    #[test]
    fn what_is_within_the_limits_stays_as_it_is() {
        let name = "x".repeat(NAME_BYTES_MAX);
        let long = format!("/{name}/{name}/{name}/{}", "y".repeat(NAME_BYTES_MAX));
        assert_eq!(long.len(), PATH_BYTES_MAX);
        assert_eq!(path(&long).as_bytes(), long.as_bytes());
        let deep = "/x".repeat(PATH_DEPTH_MAX);
        assert_eq!(path(&deep).as_bytes(), deep.as_bytes());
    }

    #[test]
    fn what_is_deeper_or_longer_is_shortened_in_its_middle() {
        let deep: String = (1..=40).map(|number| format!("/{number}")).collect();
        let shorter = path(&format!("{deep}/x.jpg")).to_string();
        let names: Vec<&str> = shorter.split('/').skip(1).collect();
        assert_eq!((names.len(), names[31]), (PATH_DEPTH_MAX, "x.jpg"));
        let numbers =
            |numbers: std::ops::RangeInclusive<u32>| numbers.map(|it| it.to_string()).collect();
        let (first, last): (Vec<_>, Vec<_>) = (numbers(1..=8), numbers(19..=40));
        assert_eq!(
            (names[..8].to_vec(), names[9..31].to_vec()),
            (first.iter().map(String::as_str).collect(), last.iter().map(String::as_str).collect(),)
        );
        assert!(is_digest(names[8].as_bytes()), "{shorter}");
        // Two that differ in what is left out only stay two.
        let other = path(&format!("{}/x.jpg", deep.replace("/10/", "/ten/"))).to_string();
        assert_ne!(other, shorter);
        assert_eq!(
            other.rsplit_once("/19/").map(|it| it.1),
            shorter.rsplit_once("/19/").map(|it| it.1)
        );
        let long = path(&format!("/cam/{}.jpg", "x".repeat(5_000)));
        assert_eq!(long.name().len(), NAME_BYTES_MAX);
        assert!(long.name().ends_with(b".jpg") && long.name().starts_with(b"xxx"));
        let folders = path(&format!("/cam{}/x.jpg", format!("/{}", "y".repeat(200)).repeat(30)));
        assert!(folders.as_bytes().len() <= PATH_BYTES_MAX && folders.name() == b"x.jpg");
        // The first levels stay as far as there is room.
        let levels = format!("/cam/{0}/{0}/{0}/a{1}/x.jpg", "z".repeat(250), "/y".repeat(40));
        assert!(path(&levels).to_string().starts_with(&format!("/cam/{0}/{0}/~", "z".repeat(250))));
    }

    /// Paths that are stored have such digests: a new version must make the same.
    #[test]
    fn a_digest_stays_the_same() {
        assert_eq!(&digest(&[b"one", b"other"]), b"~def40697e4fd6007");
        for (name, expected) in [
            ("~def40697e4fd6007", true),
            ("~def40697e4fd600g", false),
            ("xdef40697e4fd6007", false),
            ("~def40697e4fd600", false),
            ("~def40697e4fd60070", false),
        ] {
            assert_eq!(is_digest(name.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension_if_it_is_one() {
        let long = "x".repeat(300);
        for (name, end) in [
            (format!("{long}.jpg"), Some(".jpg")),
            (format!("{long}.12345678"), Some(".12345678")),
            (format!("{long}.123456789"), None),
            (format!("{long}.j pg"), None),
            (format!("x.{long}"), None),
            (long.clone(), None),
        ] {
            let short = shortened(name.as_bytes());
            assert_eq!(short.len(), NAME_BYTES_MAX, "{name}");
            let digest_at = NAME_BYTES_MAX - end.map_or(0, str::len) - DIGEST_BYTES;
            assert!(is_digest(&short[digest_at..][..DIGEST_BYTES]), "{name}");
            assert!(short.ends_with(end.unwrap_or_default().as_bytes()), "{name}");
        }
    }

    #[test]
    fn names_are_shown_as_text() {
        let chinese = FilePath::ROOT.join(b"\xd2\xc6\xb6\xaf.jpg");
        assert_eq!(chinese.to_string(), "/移动.jpg");
        assert_eq!(FilePath::ROOT.join(b"T\xFCr\xFF").to_string(), "/Tür\u{FF}");
        let japanese = FilePath::ROOT.join(b"\\\x95\x5C\\\x83\x5C.jpg");
        assert_eq!(japanese.to_string(), "/表/ソ.jpg");
        assert_eq!(japanese.name(), b"\x83\x5C.jpg");
    }

    fn given() -> impl Strategy<Value = Vec<u8>> {
        let name = prop_oneof![
            4 => proptest::collection::vec(any::<u8>(), 0..20),
            1 => proptest::collection::vec(any::<u8>(), 200..400),
            1 => Just(b"\x95\\".to_vec()),
            1 => Just(b"..".to_vec()),
        ];
        proptest::collection::vec(name, 0..60).prop_map(|names| names.join(b"/".as_slice()))
    }

    #[test]
    fn a_letter_that_ends_in_a_backslash_divides_no_name_when_it_is_read_again() {
        for given in
            [&b"\xE0\xA0\x81\\\\\x80"[..], b"\xE0\xA0\x81\\x/\x80", b"/a/\xE0\xA0\x81\\\\\xFF\xFE"]
        {
            let path = FilePath::ROOT.join(given);
            assert_eq!(FilePath::from_bytes(path.as_bytes()), path, "{given:?}");
        }
        let shift_jis = FilePath::ROOT.join(b"\x95\x5C");
        assert_eq!(shift_jis.as_bytes(), b"/\x95\x5C", "a letter of one name stays as it is");
    }

    proptest! {
        #[test]
        fn nothing_leads_out_of_the_tree(folder in given(), given in given()) {
            let path = FilePath::from_bytes(&folder).join(&given);
            let bytes = path.as_bytes();
            let names = letters::names(bytes);
            let is_safe = |name: &&[u8]| {
                !name.is_empty() && *name != b"." && *name != b".." && !name.iter().any(u8::is_ascii_control)
            };
            prop_assert!(path.is_root() || names.iter().skip(1).all(is_safe));
            prop_assert!(bytes.len() <= PATH_BYTES_MAX && path.depth() <= PATH_DEPTH_MAX);
            prop_assert_eq!(&FilePath::from_bytes(bytes), &path);
            prop_assert_eq!(path.way().last().cloned().unwrap_or_default(), path);
        }

        #[test]
        fn a_path_is_the_same_in_one_go_and_folder_by_folder(names in proptest::collection::vec("[a-z]{1,300}", 0..60)) {
            let mut walked = FilePath::ROOT;
            for name in &names {
                walked = walked.join(name.as_bytes());
            }
            prop_assert_eq!(walked, path(&names.join("/")));
        }
    }
}
