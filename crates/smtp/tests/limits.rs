//! What a client may say and how long it may take, up to the limit and beyond.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes wrong should say so"
)]

use std::sync::Arc;

use tipoff_smtp::{Profile, Session, Step};

const CHALLENGE: &str = "<1896.697170952@postoffice.reston.mci.net>";
const MESSAGE: &[u8] = b"MAIL FROM:<a@b>\r\nRCPT TO:<c>\r\nDATA\r\n";

/// The codes of replies, and the other steps by their names.
struct Client {
    session: Session,
    heard: Vec<String>,
}

impl Client {
    fn new(profile: Profile) -> Self {
        let session = Session::new(Arc::new(profile), false, CHALLENGE.to_owned());
        let mut client = Self { session, heard: Vec::new() };
        client.says(b"");
        client.heard.clear();
        client
    }

    /// What comes of these bytes; logins and ends of messages wait for an answer.
    fn says(&mut self, bytes: &[u8]) -> &[String] {
        let mut input = bytes;
        let begin = self.heard.len();
        while let Some(step) = self.session.next_step(&mut input) {
            let name = match &step {
                Step::Reply(reply) => reply.code().to_string(),
                Step::Aborted => "aborted".to_owned(),
                Step::TooBig => "too big".to_owned(),
                Step::Close => "close".to_owned(),
                _ => continue_with(&mut self.session, &step),
            };
            if !name.is_empty() {
                self.heard.push(name);
            }
        }
        self.heard.get(begin..).unwrap_or_default()
    }
}

/// Allows every sender; other steps are not told.
fn continue_with(session: &mut Session, step: &Step<'_>) -> String {
    if matches!(step, Step::Mail(_)) {
        session.mail_allowed();
    }
    String::new()
}

#[test]
fn a_login_that_comes_too_soon_may_be_tried_again() {
    let mut client = Client::new(Profile::default());
    client.says(b"AUTH PLAIN AGEAYg==\r\n");
    assert!(client.session.waiting());
    client.session.login_deferred();
    assert_eq!(client.says(b""), ["454"]);
    client.says(b"AUTH PLAIN AGEAYg==\r\n");
    client.session.login_accepted();
    assert_eq!(client.says(b""), ["235"]);
    client.session.login_deferred();
    assert_eq!(client.says(b"NOOP\r\n"), ["250"], "nothing was asked");
}

#[test]
fn a_login_is_deferred_before_the_server_ends() {
    let mut client = Client::new(Profile::default());
    client.says(b"AUTH PLAIN AGEAYg==\r\n");
    client.session.shut_down();
    assert_eq!(client.says(b""), [""; 0]);
    client.session.login_deferred();
    assert_eq!(client.says(b""), ["454", "421", "close"]);
}

#[test]
fn a_message_that_comes_too_slowly_is_torn() {
    let mut client = Client::new(Profile::default());
    client.says(MESSAGE);
    client.says(b"half");
    client.session.too_slow();
    assert_eq!(client.says(b""), ["aborted", "421", "close"]);
    client.session.too_slow();
    assert_eq!(client.says(b""), [""; 0], "everything has been said");
}

#[test]
fn a_session_without_a_message_ends_but_not_while_it_waits_for_us() {
    let mut client = Client::new(Profile::default());
    client.says(MESSAGE);
    client.says(b"all\r\n.\r\n");
    assert!(client.session.waiting());
    client.session.too_long();
    assert_eq!(client.says(b""), [""; 0]);
    client.session.stored("1");
    assert_eq!(client.says(b""), ["250"]);
    client.session.too_long();
    assert_eq!(client.says(b""), ["421", "close"]);
}

#[test]
fn surplus_recipients_are_errors_only_if_there_are_very_many() {
    let profile = Profile { recipients_max: 1, errors_max: 3, ..Profile::default() };
    let mut client = Client::new(profile);
    client.says(b"MAIL FROM:<a@b>\r\nRCPT TO:<c>\r\n");
    for number in 1..=1_002 {
        assert_eq!(client.says(b"RCPT TO:<d>\r\n"), ["452"], "{number}");
    }
    assert_eq!(client.says(b"RCPT TO:<d>\r\n"), ["452", "421", "close"]);
}

#[test]
fn idle_commands_up_to_the_limit_are_no_errors() {
    let mut client = Client::new(Profile { errors_max: 1, ..Profile::default() });
    client.says(&b"NOOP\r\n".repeat(19_999));
    client.says(MESSAGE);
    client.says(b"all\r\n.\r\n");
    client.session.stored("1");
    client.says(b"");
    // A message shows that the client is a device.
    client.heard.clear();
    client.says(&b"NOOP\r\n".repeat(20_000));
    assert!(client.heard.iter().all(|it| it == "250"));
    assert_eq!(client.says(b"NOOP\r\n"), ["421", "close"]);
}

#[test]
fn recipients_are_no_idle_commands() {
    let profile = Profile { recipients_max: 30_000, errors_max: 1, ..Profile::default() };
    let mut client = Client::new(profile);
    client.says(b"MAIL FROM:<a@b>\r\n");
    client.says(&b"RCPT TO:<c>\r\n".repeat(20_001));
    assert_eq!(client.says(b"DATA\r\n"), ["354"]);
}

#[test]
fn a_refused_message_is_discarded_up_to_a_limit() {
    let profile = Profile { message_bytes_max: 1_000, ..Profile::default() };
    let surplus = 1_000_000;
    let mut client = Client::new(profile.clone());
    client.says(MESSAGE);
    assert_eq!(client.says(&vec![b'x'; 1_000 + surplus]), ["too big"]);
    assert_eq!(client.says(b"\r\n.\r\n"), ["552", "close"], "two bytes more are too many");
    let mut client = Client::new(profile.clone());
    client.says(MESSAGE);
    assert_eq!(client.says(&vec![b'x'; 998 + surplus]), ["too big"]);
    assert_eq!(client.says(b"\r\n.\r\n"), ["552"]);
    assert_eq!(client.says(b"NOOP\r\n"), ["250"]);
    for (bytes, expected) in [(surplus, vec!["503"]), (surplus + 1, vec!["552", "close"])] {
        let mut client = Client::new(profile.clone());
        client.says(format!("BDAT {bytes}\r\n").as_bytes());
        client.says(&vec![b'x'; surplus]);
        assert_eq!(client.heard, expected, "{bytes}");
    }
}

#[test]
fn a_session_that_another_server_has_greeted_sends_no_greeting() {
    let session = Session::new(Arc::new(Profile::default()), false, CHALLENGE.to_owned());
    let mut client = Client { session: session.greeted(), heard: Vec::new() };
    assert!(client.says(b"").is_empty());
    assert_eq!(client.says(b"EHLO camera\r\nQUIT\r\n"), ["250", "221", "close"]);
    let greeted = std::mem::replace(&mut client, Client::new(Profile::default()));
    assert_eq!(greeted.session.greeted().next_step(&mut &b"NOOP\r\n"[..]), None, "it has ended");
}
