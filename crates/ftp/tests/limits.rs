//! What a client may say and do, up to the limit and beyond.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes wrong should say so"
)]
#![allow(dead_code, reason = "the dialogues need more of the shell")]

mod common;

use common::{Answers, Ending, Shell};
use tipoff_ftp::Profile;
use tipoff_testkit::dialog::Line;

/// A session that has logged in.
fn logged_in() -> Shell {
    let peer = "192.168.1.20".parse().unwrap();
    let mut shell = Shell::new(Profile::default(), peer, false, Answers::default());
    shell.push(b"USER a\r\nPASS b\r\n");
    shell.happened.clear();
    shell
}

/// How many replies have this code.
fn replies(shell: &Shell, code: &str) -> usize {
    let is_so = |line: &&Line| matches!(line, Line::Server(said) if said.starts_with(code));
    shell.happened.iter().filter(is_so).count()
}

fn did(shell: &Shell, deed: &str) -> bool {
    shell.happened.contains(&Line::Deed(deed.to_owned()))
}

#[test]
fn input_during_a_transfer_has_a_limit() {
    let longest = [&[b'x'; 8_190], b"\r\n".as_slice()].concat();
    let mut shell = logged_in();
    // What was said during one transfer does not count for the next.
    for _ in 0..3 {
        shell.happened.clear();
        shell.push(b"PASV\r\nSTOR x.jpg\r\n");
        // 16 KiB, to the byte.
        shell.push(&longest);
        shell.push(&longest);
        shell.push(b"NOOP\r\n");
        assert!(!did(&shell, "abort"));
        shell.end_transfer(Ending::Done(1));
        assert_eq!((replies(&shell, "226"), replies(&shell, "500")), (1, 2));
    }
    shell.push(b"PASV\r\nSTOR x.jpg\r\n");
    shell.push(&longest);
    shell.push(&longest);
    shell.push(b"NOOP\r\n");
    assert!(!did(&shell, "close"));
    shell.push(b"x\r\n");
    assert!(did(&shell, "abort") && did(&shell, "close"));
    assert_eq!(replies(&shell, "421"), 1);
}

#[test]
fn a_session_with_too_many_failed_commands_ends() {
    let mut shell = logged_in();
    for _ in 0..999 {
        shell.push(b"SIZE x.jpg\r\n");
    }
    assert!(!did(&shell, "close"));
    shell.push(b"SIZE x.jpg\r\n");
    assert!(did(&shell, "close"));
    assert_eq!((replies(&shell, "550"), replies(&shell, "421")), (1_000, 1));
}

#[test]
fn a_stored_file_shows_that_a_client_is_a_device() {
    let mut shell = logged_in();
    for _ in 0..3 {
        for _ in 0..99 {
            shell.push(b"XYZZY\r\n");
        }
        assert!(!did(&shell, "close"));
        shell.push(b"PASV\r\nSTOR x.jpg\r\n");
        shell.end_transfer(Ending::Done(1));
    }
    for _ in 0..100 {
        shell.push(b"XYZZY\r\n");
    }
    assert!(did(&shell, "close"));
}

#[test]
fn a_session_ends_after_a_hundred_logins() {
    let mut shell = logged_in();
    for _ in 0..99 {
        shell.push(b"USER a\r\nPASS b\r\n");
    }
    assert_eq!((replies(&shell, "230"), did(&shell, "close")), (99, false));
    shell.push(b"USER a\r\nPASS b\r\n");
    assert!(did(&shell, "close"));
    assert_eq!((replies(&shell, "230"), replies(&shell, "421")), (99, 1));
}

#[test]
fn a_unique_name_is_found_however_many_are_taken() {
    let mut shell = logged_in();
    for _ in 0..40 {
        shell.push(b"PASV\r\nSTOU\r\n");
        shell.end_transfer(Ending::Done(1));
    }
    let mut names: Vec<String> = shell
        .happened
        .iter()
        .filter_map(|line| match line {
            Line::Server(said) => Some(said.strip_prefix("150 FILE: ")?.to_owned()),
            _ => None,
        })
        .collect();
    assert!(names.starts_with(&["upload.1".to_owned(), "upload.2".to_owned()]));
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 40);
}

#[test]
fn a_login_that_comes_too_soon_ends_the_session() {
    let profile = std::sync::Arc::new(Profile::default());
    let mut session = tipoff_ftp::Session::new(profile, "192.168.1.20".parse().unwrap(), false);
    let codes = |session: &mut tipoff_ftp::Session, mut input: &[u8]| {
        let mut codes = Vec::new();
        while let Some(step) = session.next_step(&mut input) {
            match step {
                tipoff_ftp::Step::Reply(reply) => codes.push(reply.code()),
                tipoff_ftp::Step::Close => codes.push(0),
                _ => {}
            }
        }
        codes
    };
    session.login_deferred();
    assert_eq!(codes(&mut session, b"USER a\r\nPASS b\r\n"), [220, 331]);
    assert!(session.waiting() && !session.logged_in());
    session.login_deferred();
    assert_eq!(codes(&mut session, b"NOOP\r\n"), [421, 0]);
}

#[test]
fn a_command_waits_for_the_upload_that_it_refers_to() {
    let profile = std::sync::Arc::new(Profile::default());
    let mut session = tipoff_ftp::Session::new(profile, "192.168.1.20".parse().unwrap(), false);
    let mut input: &[u8] =
        b"USER a\r\nPASS b\r\nREST 5\r\nSTOR x.jpg\r\nPASV\r\nSTOR y.jpg\r\nSIZE /z\r\n";
    let mut awaited = Vec::new();
    while let Some(step) = session.next_step(&mut input) {
        match step {
            tipoff_ftp::Step::Authenticate { .. } => {
                session.login_accepted(tipoff_ftp::SharedTree::default())
            }
            tipoff_ftp::Step::Passive => session.passive(None),
            tipoff_ftp::Step::AwaitUpload(path) => {
                awaited.push(path.to_string());
                session.upload_awaited();
            }
            _ => {}
        }
    }
    assert_eq!(awaited, ["/x.jpg", "/z"], "a new upload waits for nothing");
}

#[test]
fn a_session_that_another_server_has_greeted_sends_no_greeting() {
    let (peer, profile) = ("192.168.1.20".parse().unwrap(), std::sync::Arc::default());
    let mut session = tipoff_ftp::Session::new(profile, peer, false).greeted();
    assert_eq!(session.next_step(&mut &b""[..]), None);
    let mut input = b"QUIT\r\n".as_slice();
    let mut steps = std::iter::from_fn(|| session.next_step(&mut input));
    assert!(steps.any(|step| step == tipoff_ftp::Step::Close));
}
