//! What Tipoff keeps is for its own user, however the data folder came to be.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::harness::{Home, PICTURE, mail, send, wait_for};

/// All that others could reach, below a folder.
fn open_to_others(folder: &Path) -> Vec<PathBuf> {
    let mut open = Vec::new();
    let mut folders = vec![folder.to_owned()];
    let mut look = |path: PathBuf, folders: &mut Vec<PathBuf>| {
        let Ok(metadata) = fs::symlink_metadata(&path) else { return };
        if metadata.permissions().mode() & 0o077 != 0 {
            open.push(path.clone());
        }
        if metadata.is_dir() {
            folders.push(path);
        }
    };
    look(folder.to_owned(), &mut Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            look(entry.path(), &mut folders);
        }
    }
    open
}

#[test]
fn only_the_own_user_can_read_stored_data() {
    let home = Home::new("");
    let server = home.start();
    send(server.smtp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
    assert_eq!(open_to_others(&home.data_dir()), Vec::<PathBuf>::new());
    server.stop();
}

#[test]
fn a_data_folder_that_others_could_read_is_closed_at_the_start() {
    let home = Home::new("");
    let server = home.start();
    send(server.smtp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
    server.stop();
    let chmod = std::process::Command::new("chmod")
        .args(["-R", "a+rwX"])
        .arg(home.data_dir())
        .status()
        .unwrap();
    assert!(chmod.success() && open_to_others(&home.data_dir()).len() > 5);
    let said = String::from_utf8(home.command(&["doctor"]).output().unwrap().stdout).unwrap();
    assert!(said.contains("others can reach"), "{said}");
    let server = home.start();
    assert_eq!(open_to_others(&home.data_dir()), Vec::<PathBuf>::new());
    wait_for("a line in the log", || {
        server.log().contains("could be read by others").then_some(())
    });
    server.stop();
    let said = String::from_utf8(home.command(&["doctor"]).output().unwrap().stdout).unwrap();
    assert!(said.contains("only this user reads"), "{said}");
}

#[test]
fn a_readable_configuration_with_secrets_causes_a_warning() {
    let home = Home::new("[access]\nuser = \"camera\"\npassword = \"hunter2\"\n");
    let file = home.file("tipoff.toml");
    let set = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    set(&file, 0o644);
    let said = || String::from_utf8(home.command(&["doctor"]).output().unwrap().stdout).unwrap();
    set(home.file("").as_path(), 0o700);
    // Its folder lets nobody pass.
    assert!(said().contains("no file with passwords"), "{}", said());
    set(home.file("").as_path(), 0o755);
    assert!(said().contains("every user of this machine can read"), "{}", said());
    let server = home.start();
    wait_for("a warning", || server.log().contains("which holds passwords").then_some(()));
    server.stop();
    set(&file, 0o640);
    assert!(said().contains("no file with passwords"), "{}", said());
}
