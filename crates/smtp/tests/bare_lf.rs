//! Clients in trusted networks whose commands end with CRLF, and their texts with a bare LF.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that goes wrong should say so")]

use std::sync::Arc;

use tipoff_smtp::{Profile, Session, Step};

const HEAD: &[u8] =
    b"HELO ups\r\nMAIL FROM:<ups@local>\r\nRCPT TO:<me@local>\r\nDATA\r\nSubject: UPS on battery\n\n";

struct Player {
    session: Session,
    content: Vec<u8>,
    ends: u32,
}

impl Player {
    fn new(lf_ends_message: bool) -> Self {
        let profile = Profile { lf_ends_message, ..Profile::default() };
        let session = Session::new(Arc::new(profile), false, "<1@localhost>".to_owned());
        Self { session, content: Vec::new(), ends: 0 }
    }

    fn push(&mut self, mut bytes: &[u8]) {
        while let Some(step) = self.session.next_step(&mut bytes) {
            match step {
                Step::Content(bytes) => self.content.extend_from_slice(&bytes),
                Step::Mail(_) => self.session.mail_allowed(),
                Step::End => {
                    self.ends += 1;
                    self.session.stored("1");
                }
                _ => {}
            }
        }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.content).unwrap()
    }
}

#[test]
fn a_trusted_client_that_waits_after_lf_dot_lf_ends_its_message() {
    for end in [b"\n.\n".as_slice(), b"\n.\r\n", b"\r\n.\n"] {
        let mut player = Player::new(true);
        player.push(HEAD);
        player.push(b".5 minutes left");
        player.push(end);
        assert!(player.session.may_have_ended() && player.ends == 0);
        player.session.paused();
        player.push(&[]);
        assert_eq!(player.ends, 1);
        let text = player.text().trim_end().to_owned();
        assert_eq!(text, "Subject: UPS on battery\n\n.5 minutes left");
        player.push(b"QUIT\r\n");
        assert_eq!(player.text().trim_end(), text, "that is a command");
    }
}

#[test]
fn bytes_that_follow_lf_dot_lf_at_once_are_content() {
    let mut player = Player::new(true);
    player.push(HEAD);
    player.push(b"a log\n.\nMAIL FROM:<other@local>\r\n.\r\n");
    assert_eq!(player.ends, 1);
    let expected = "Subject: UPS on battery\n\na log\n.\nMAIL FROM:<other@local>\r\n";
    assert_eq!(player.text(), expected);
}

#[test]
fn from_elsewhere_only_crlf_ends_a_message() {
    let mut player = Player::new(false);
    player.push(HEAD);
    player.push(b"text\n.\n");
    assert!(!player.session.may_have_ended());
    player.session.paused();
    player.push(b"more\r\n.\r\n");
    assert_eq!(player.text(), "Subject: UPS on battery\n\ntext\n.\nmore\r\n");
}
