//! The configuration file of the service: who can read it.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, fchown};
use std::path::Path;

use crate::config::SYSTEM_FILE;

/// The group that the service of the package runs with.
const GROUP: &str = "tipoff";
/// Its access rights: it contains secrets, which only root changes and only the service reads.
const MODE: u32 = 0o640;

/// Whether this is the file of the service.
pub(super) fn is_of_the_service(path: &Path) -> bool {
    path == Path::new(SYSTEM_FILE)
}

/// Lets the service read a new file, if it is the file of the service and the package has made the group.
///
/// # Errors
/// The file's group or its rights cannot be changed.
pub(super) fn let_the_service_read(path: &Path) -> io::Result<()> {
    if !is_of_the_service(path) {
        return Ok(());
    }
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let Some(group) = group_number(&groups, GROUP) else {
        return Ok(());
    };
    let file = File::open(path)?;
    fchown(&file, None, Some(group))?;
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.sync_all()
}

/// The number of a group in the text of `/etc/group` (group(5)).
fn group_number(groups: &str, name: &str) -> Option<u32> {
    let mut lines = groups.lines().map(|line| line.split(':'));
    lines.find(|line| line.clone().next() == Some(name))?.nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_found_by_its_whole_name() {
        let groups = "root:x:0:\ntipoffs:x:7:tipoff\nodd\ntipoff:x:998:ann\n";
        assert_eq!(group_number(groups, "tipoff"), Some(998));
        assert_eq!(group_number(groups, "odd"), None);
        assert_eq!(group_number(groups, "ann"), None);
    }
}
