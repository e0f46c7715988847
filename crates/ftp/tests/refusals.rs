//! Which refusal explains that a device gave up: the last one that it found no way around.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes wrong should say so"
)]
#![allow(dead_code, reason = "the dialogues need more of the shell")]

mod common;

use common::{Answers, Ending, Shell};
use tipoff_ftp::{MissingFolder, Profile, RefusalCause, TransferFailure};
use tipoff_testkit::dialog::Line;

fn shell(answers: Answers) -> Shell {
    let profile = Profile { missing_folder: MissingFolder::Refuse, ..Profile::default() };
    Shell::new(profile, "192.168.1.20".parse().unwrap(), false, answers)
}

/// The cause of the refusal that is open after these lines. Some are no lines but the end of a transfer.
fn open(lines: &[&str]) -> Option<RefusalCause> {
    let mut shell = shell(Answers::default());
    for line in lines {
        match *line {
            "done" => shell.end_transfer(Ending::Done(5)),
            "no connection" => {
                shell.end_transfer(Ending::Failed(TransferFailure::NoConnection, None))
            }
            "too big" => shell.end_transfer(Ending::Failed(TransferFailure::TooBig, None)),
            line => shell.push(format!("{line}\r\n").as_bytes()),
        }
    }
    shell.refusal.map(|refusal| refusal.cause)
}

fn open_after_login(lines: &[&str]) -> Option<RefusalCause> {
    open(&[&["USER a", "PASS b"], lines].concat())
}

#[test]
fn a_refusal_after_which_a_device_gives_up_names_its_cause() {
    use RefusalCause::{
        DataConnection, Encryption, FileName, Folder, ForeignAddress, Other, ResumeOffset,
        TransferMode,
    };
    for (lines, cause) in [
        (&["PORT 1,2", "QUIT"][..], DataConnection),
        (&["EPRT |3|x|1|", "TYPE I"], DataConnection),
        (&["EPSV ALL", "PASV"], DataConnection),
        (&["STOR x", "QUIT"], DataConnection),
        (&["PASV", "STOR x", "no connection"], DataConnection),
        (&["PORT 10,0,0,1,200,0"], ForeignAddress("10.0.0.1:51200".parse().unwrap())),
        (&["PORT 192,168,1,20,0,21"], DataConnection),
        (&["CWD /x", "PWD", "QUIT"], Folder),
        (&["CWD /x", "XPWD", "PASV"], Folder),
        (&["STOR /", "SYST"], FileName),
        (&["REST 5", "STOR x"], ResumeOffset),
        (&["MODE Z", "PASV"], TransferMode),
        (&["STRU R", "SYST"], TransferMode),
        (&["PROT S", "TYPE I"], Encryption),
        (&["CCC"], Encryption),
        (&["SIZE /clip.mp4"], Other),
        (&["RETR x", "NOOP", "QUIT"], Other),
        (&["XYZZY", "ABOR"], Other),
    ] {
        assert_eq!(open_after_login(lines), Some(cause), "{lines:?}");
    }
}

#[test]
fn a_refusal_that_a_device_works_around_is_settled() {
    for lines in [
        &["EPRT |2|::1|5|", "PORT 192,168,1,20,200,0"][..],
        &["EPSV 2", "PASV"],
        &["PORT 10,0,0,1,200,0", "EPSV"],
        &["CWD /x", "MKD /x"],
        &["CWD /x", "CDUP"],
        &["CWD /x", "PASV", "STOR x", "done"],
        &["MODE Z", "MODE S"],
        &["MODE Z", "PASV", "LIST", "done"],
        &["PROT S", "PASV", "STOR x", "done"],
        &["SIZE x", "PASV"],
        &["HOST x", "PWD", "QUIT"],
        &["SITE QUOTA", "PASV"],
        &["STOR x", "PASV"],
        &["REST 5", "STOR x", "PASV", "STOR x", "done"],
        &["AUTH GSSAPI", "USER x"],
        &["AUTH GSSAPI", "AUTH TLS"],
        &["PASV", "STOR x", "too big"],
        &["XYZZY", "PASV", "STOR x", "STAT", "done"],
    ] {
        assert_eq!(open_after_login(lines), None, "{lines:?}");
    }
}

#[test]
fn a_refused_address_explains_a_missing_connection_better_than_the_connection() {
    let foreign = RefusalCause::ForeignAddress("10.0.0.1:51200".parse().unwrap());
    assert_eq!(open_after_login(&["PORT 10,0,0,1,200,0", "STOR x"]), Some(foreign));
    let lines = ["CWD /x", "PASV", "STOR x", "no connection"];
    assert_eq!(open_after_login(&lines), Some(RefusalCause::Folder));
}

#[test]
fn before_the_login_only_a_missing_login_and_refused_encryption_count() {
    for (lines, cause) in [
        (&["XYZZY", "CCC", "PASS x"][..], None),
        (&["AUTH X"], Some(RefusalCause::Other)),
        (&["PBSZ 0"], Some(RefusalCause::Encryption)),
        (&["PROT P"], Some(RefusalCause::Encryption)),
        (&["STOR x"], Some(RefusalCause::LoginMissing)),
        (&["STOR x", "USER a", "PASS b", "PWD"], Some(RefusalCause::LoginMissing)),
    ] {
        assert_eq!(open(lines), cause, "{lines:?}");
    }
    // The caller knows of a wrong login: it has refused it.
    let answers = Answers { login: [false].into(), ..Answers::default() };
    let mut shell = shell(answers);
    shell.push(b"USER a\r\nPASS b\r\n");
    assert_eq!(shell.refusal, None);
}

#[test]
fn a_refused_command_is_kept_without_secrets_and_cut() {
    let mut shell = shell(Answers::default());
    shell.push(b"USER a\r\nPASS b\r\nSITE PSWD old new\r\n");
    let refusal = shell.refusal.take().unwrap();
    assert_eq!((refusal.command.as_str(), refusal.code), ("***", 504));
    shell.push(format!("SIZE {}\r\n", "x".repeat(1_000)).as_bytes());
    let refusal = shell.refusal.take().unwrap();
    assert_eq!((refusal.command, refusal.code), (format!("SIZE {}", "x".repeat(75)), 550));
}

#[test]
fn only_some_causes_lose_an_upload() {
    use RefusalCause::{
        DataConnection, Encryption, FileName, Folder, ForeignAddress, LoginMissing, Other,
        ResumeOffset, TransferMode,
    };
    let foreign = ForeignAddress("10.0.0.1:51200".parse().unwrap());
    let losing = [LoginMissing, foreign, DataConnection, FileName, ResumeOffset];
    assert!(losing.into_iter().all(RefusalCause::loses_an_upload));
    let harmless = [Folder, TransferMode, Encryption, Other];
    assert!(!harmless.into_iter().any(RefusalCause::loses_an_upload));
}

/// All lines of the server.
fn said_by(shell: &Shell) -> String {
    let lines = shell.happened.iter().filter_map(|line| match line {
        Line::Server(text) => Some(text.trim_end_matches('\r')),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn epsv_is_refused_where_data_connections_go_elsewhere_and_only_to_ipv4() {
    for (peer, elsewhere, epsv) in [
        ("192.168.1.20", false, "229"),
        ("192.168.1.20", true, "502"),
        ("2001:db8::20", true, "229"),
    ] {
        let profile = Profile { extended_passive: !elsewhere, ..Profile::default() };
        let mut shell = Shell::new(profile, peer.parse().unwrap(), false, Answers::default());
        shell.push(b"USER a\r\nPASS b\r\nFEAT\r\nEPSV\r\n");
        let said = said_by(&shell);
        assert!(said.lines().last().unwrap().starts_with(epsv), "{peer}: {said}");
        assert_eq!(said.contains("\n EPSV\n"), epsv == "229", "{peer}: {said}");
        if epsv == "502" {
            // It goes on with PASV, also after this.
            shell.push(b"EPSV ALL\r\nPASV\r\n");
            let said = said_by(&shell);
            assert!(said.lines().last().unwrap().starts_with("227"), "{said}");
        }
    }
}
