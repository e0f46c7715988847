//! Names of files as a device sees them: labels in a tree of its own, never paths of this machine.

use std::fmt;

/// A longer path is refused, in bytes.
pub const PATH_BYTES_MAX: usize = 1024;
/// A path with more folders is refused.
pub const PATH_DEPTH_MAX: usize = 32;

/// An absolute path in a device's tree: `/2026/10/05/x.jpg`, without `.`, `..` and empty names.
/// The root is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(Vec<u8>);

/// A path that is too long or too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPath;

impl FilePath {
    /// The folder that everything is in.
    pub const ROOT: Self = Self(Vec::new());

    /// What `given` means in the folder `self`. Backslashes are slashes, doubled ones are one, and
    /// nothing leads above the root. What no name can hold becomes `_`.
    pub fn join(&self, given: &[u8]) -> Result<Self, BadPath> {
        let is_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
        let mut path = match given.first() {
            Some(first) if is_slash(first) => Self::ROOT,
            _ => self.clone(),
        };
        for name in given.split(is_slash) {
            match name {
                b"" | b"." => {}
                b".." => path = path.parent(),
                name => path.push(name)?,
            }
        }
        Ok(path)
    }

    /// The path whose text is `path`, as [`FilePath::as_bytes`] gave it.
    pub fn from_bytes(path: &[u8]) -> Result<Self, BadPath> {
        Self::ROOT.join(path)
    }

    fn push(&mut self, name: &[u8]) -> Result<(), BadPath> {
        if self.0.len() + 1 + name.len() > PATH_BYTES_MAX || self.depth() >= PATH_DEPTH_MAX {
            return Err(BadPath);
        }
        self.0.push(b'/');
        let safe = |byte: &u8| if byte.is_ascii_control() { b'_' } else { *byte };
        self.0.extend(name.iter().map(safe));
        Ok(())
    }

    /// The folder that it is in; the root is in itself.
    pub fn parent(&self) -> Self {
        let end = self.0.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        Self(self.0.get(..end).unwrap_or_default().to_vec())
    }

    /// What it is called in its folder; empty for the root.
    pub fn name(&self) -> &[u8] {
        self.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is somewhere below `folder`.
    pub fn is_below(&self, folder: &Self) -> bool {
        self.0.strip_prefix(folder.0.as_slice()).is_some_and(|rest| rest.first() == Some(&b'/'))
    }

    /// The same path below `to` that it is below `from`.
    pub(crate) fn moved(&self, from: &Self, to: &Self) -> Result<Self, BadPath> {
        let rest = self.0.get(from.0.len()..).unwrap_or_default();
        to.join(rest.strip_prefix(b"/").unwrap_or(rest))
    }

    fn depth(&self) -> usize {
        self.0.iter().filter(|byte| **byte == b'/').count()
    }

    /// Every folder on the way to it, the outermost first, itself last; without the root.
    pub(crate) fn way(&self) -> Vec<Self> {
        let slashes = self.0.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/');
        let ends = slashes.map(|(at, _)| at).chain((!self.is_root()).then_some(self.0.len()));
        ends.map(|end| Self(self.0.get(..end).unwrap_or_default().to_vec())).collect()
    }

    /// The bytes that the device is told: `/` for the root.
    pub fn as_bytes(&self) -> &[u8] {
        if self.is_root() { b"/" } else { &self.0 }
    }
}

/// For people: UTF-8 (RFC 2640), else the Chinese that recorders write, else Latin-1.
impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.as_bytes();
        if let Ok(text) = std::str::from_utf8(bytes) {
            return f.write_str(text);
        }
        match encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
            Some(text) => f.write_str(&text),
            None => bytes.iter().try_for_each(|byte| write!(f, "{}", char::from(*byte))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> FilePath {
        FilePath::from_bytes(text.as_bytes()).unwrap()
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
            assert_eq!(folder.join(given.as_bytes()).unwrap(), path(meant), "{given:?}");
        }
        assert_eq!(path("/").as_bytes(), b"/");
        assert_eq!(path("/a/b").name(), b"b");
        assert_eq!(path("/a/b").parent(), path("/a"));
        assert_eq!(path("/a").parent(), FilePath::ROOT);
    }

    #[test]
    fn a_path_is_as_long_and_as_deep_as_the_limits() {
        let long = vec![b'x'; PATH_BYTES_MAX - 1];
        assert!(FilePath::ROOT.join(&long).is_ok());
        assert_eq!(FilePath::ROOT.join(&[long.as_slice(), b"x"].concat()), Err(BadPath));
        let deep = b"x/".repeat(PATH_DEPTH_MAX);
        assert!(FilePath::ROOT.join(&deep).is_ok());
        assert_eq!(FilePath::ROOT.join(&[deep.as_slice(), b"x"].concat()), Err(BadPath));
    }

    #[test]
    fn names_are_shown_as_text() {
        let chinese = FilePath::ROOT.join(b"\xd2\xc6\xb6\xaf.jpg").unwrap();
        assert_eq!(chinese.to_string(), "/移动.jpg");
        assert_eq!(FilePath::ROOT.join(b"T\xFCr\xFF").unwrap().to_string(), "/Tür\u{FF}");
    }

    proptest! {
        #[test]
        fn nothing_leads_out_of_the_tree(folder in any::<Vec<u8>>(), given in any::<Vec<u8>>()) {
            let folder = FilePath::ROOT.join(&folder).unwrap_or_default();
            if let Ok(path) = folder.join(&given) {
                let names: Vec<&[u8]> = path.as_bytes().split(|byte| *byte == b'/').skip(1).collect();
                let is_safe = |name: &&[u8]| {
                    let odd = |byte: &u8| *byte == b'\\' || byte.is_ascii_control();
                    !name.is_empty() && *name != b"." && *name != b".." && !name.iter().any(odd)
                };
                prop_assert!(path.is_root() || names.iter().all(is_safe));
                prop_assert_eq!(FilePath::from_bytes(path.as_bytes()), Ok(path.clone()));
                prop_assert_eq!(path.way().last().cloned().unwrap_or_default(), path);
            }
        }
    }
}
