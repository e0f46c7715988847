//! What holds for any bytes: however they are cut, the same happens, within the limits, and it ends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should say so"
)]

mod common;
#[path = "common/player.rs"]
mod player;

use std::sync::Arc;

use common::{Answers, CHALLENGE, Event, Shell};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tipoff_smtp::{Denial, Profile, Session, Step, StoreFailure};

/// The bytes in pieces that end at some of the places.
fn cut<'a>(bytes: &'a [u8], places: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect()
}

fn narrow() -> Profile {
    Profile {
        message_bytes_max: 40,
        recipients_max: 2,
        line_bytes_max: 40,
        errors_max: 5,
        transcript: true,
        ..Profile::default()
    }
}

/// Words of the protocol, and what is none.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let words: &[&[u8]] = &[
        b"EHLO x\r\n",
        b"HELO x\n",
        b"MAIL FROM:<a@b>\r\n",
        b"MAIL FROM:<a@b>\n",
        b"RCPT TO:<c>\r\n",
        b"RCPT TO:<c>\n",
        b"DATA\r\n",
        b"DATA\n",
        b"BDAT 5\r\n",
        b"BDAT 60\r\n",
        b"BDAT 3 LAST\r\n",
        b"BDAT 0 LAST\r\n",
        b"AUTH LOGIN\r\n",
        b"AUTH PLAIN AGEAYg==\r\n",
        b"AUTH CRAM-MD5\r\n",
        b"AUTH LOGIN Y2Ft\r\n",
        b"c2VjcmV0\r\n",
        b"not base64\r\n",
        b"\n.\n",
        b"\n.\r",
        b"*\r\n",
        b"RSET\r\n",
        b"NOOP\r\n",
        b"STARTTLS\r\n",
        b"QUIT\r\n",
        b"GET / HTTP/1.1\r\n",
        b"\r\n.\r\n",
        b".\r\n",
        b"\n.\n",
        b"\r\n..",
        b"\r",
        b"\n",
        b".",
        b"hello",
        b"\r\n",
        b"a line that is longer than it may be, by far\r\n",
    ];
    let piece = prop_oneof![
        8 => select(words).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..60),
    ];
    let begun = select(vec!["", "MAIL FROM:<a@b>\r\nRCPT TO:<c>\r\n"]);
    (begun, vec(piece, 0..40))
        .prop_map(|(begun, pieces)| [begun.as_bytes(), &pieces.concat()].concat())
}

fn answers() -> impl Strategy<Value = Answers> {
    let denial = select(&[None, Some(Denial::SpoolFull), Some(Denial::NotAllowed)][..]);
    let failure = select(&[None, Some(StoreFailure::SpoolFull), Some(StoreFailure::Temporary)][..]);
    (vec(any::<bool>(), 0..4), vec(denial, 0..3), vec(failure, 0..4)).prop_map(
        |(login, mail, stored)| Answers {
            login: login.into(),
            mail: mail.into(),
            stored: stored.into(),
        },
    )
}

/// As a client prepares a message (RFC 5321, section 4.5.2).
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    for &byte in message {
        if byte == b'.' && (data.is_empty() || data.ends_with(b"\r\n")) {
            data.push(b'.');
        }
        data.push(byte);
    }
    data.extend_from_slice(b"\r\n.\r\n");
    data
}

fn content(shell: &Shell) -> Vec<u8> {
    let of_content = |event: &Event| match event {
        Event::Content(bytes) => Some(bytes.clone()),
        Event::Reply(_) | Event::Deed(_) => None,
    };
    shell.events.iter().filter_map(of_content).collect::<Vec<_>>().concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_dialogue_is_the_same_in_pieces_of_any_size(places in vec(any::<Index>(), 0..40)) {
        for (name, dialog) in player::dialogs() {
            let happened = player::play(&dialog, |lines| {
                cut(&lines.concat(), &places).into_iter().map(<[u8]>::to_vec).collect()
            });
            prop_assert_eq!(dialog.compare(&happened), Ok(()), "{}", name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// [`Shell`] sees to it that each push comes to an end and takes all input, that a message has
    /// one beginning and one end, and that it is no larger than it may be.
    #[test]
    fn any_bytes_give_the_same_result_in_pieces_of_any_size(
        bytes in soup(),
        places in vec(any::<Index>(), 0..20),
        answers in answers(),
        lf_ends_message: bool,
        require_login: bool,
    ) {
        let profile = Profile { lf_ends_message, require_login, ..narrow() };
        let mut whole = Shell::new(profile.clone(), false, answers.clone());
        whole.push(&bytes);
        let mut pieces = Shell::new(profile, false, answers);
        for piece in cut(&bytes, &places) {
            pieces.push(piece);
        }
        prop_assert_eq!(whole.events, pieces.events);
    }

    #[test]
    fn a_message_comes_out_as_it_was_before_the_client_prepared_it(
        message in vec(select(&b"\r\n..ab\0\xff"[..]), 0..60),
        places in vec(any::<Index>(), 0..10),
    ) {
        let mut shell = Shell::new(Profile::default(), false, Answers::default());
        shell.push(b"MAIL FROM:<a@b>\r\nRCPT TO:<c>\r\nDATA\r\n");
        let data = stuffed(&message);
        for piece in cut(&data, &places) {
            shell.push(piece);
        }
        prop_assert_eq!(content(&shell), [&message[..], b"\r\n"].concat());
        prop_assert!(shell.events.contains(&Event::Deed("end".to_owned())));
    }

    #[test]
    fn a_message_in_chunks_comes_out_as_it_is(
        message in vec(any::<u8>(), 0..60),
        places in vec(any::<Index>(), 0..10),
    ) {
        let mut shell = Shell::new(Profile::default(), false, Answers::default());
        shell.push(b"MAIL FROM:<a@b>\r\nRCPT TO:<c>\r\n");
        for piece in cut(&message, &places) {
            shell.push(format!("BDAT {}\r\n", piece.len()).as_bytes());
            shell.push(piece);
        }
        shell.push(b"BDAT 0 LAST\r\n");
        prop_assert_eq!(content(&shell), message);
        prop_assert!(shell.events.contains(&Event::Deed("end".to_owned())));
    }
}

#[test]
fn input_behind_a_message_stays_where_it_is_until_the_message_is_stored() {
    let mut session = Session::new(Arc::new(Profile::default()), false, CHALLENGE.to_owned());
    let mut input: &[u8] = b"MAIL FROM:<a@b>\r\nRCPT TO:<c>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n";
    loop {
        match session.next_step(&mut input) {
            Some(Step::Mail(_)) => session.mail_allowed(),
            Some(Step::End) => break,
            Some(_) => {}
            None => panic!("the message ends"),
        }
    }
    assert_eq!((session.waiting(), input), (true, &b"QUIT\r\n"[..]));
    assert_eq!(session.next_step(&mut input), None);
    assert_eq!(input, b"QUIT\r\n");
    session.shut_down();
    session.idle();
    assert_eq!(session.next_step(&mut input), None, "the device waits for us, and is answered");
    session.stored("1");
    assert!(!session.waiting());
    let codes: Vec<u16> = std::iter::from_fn(|| session.next_step(&mut input))
        .filter_map(|step| match step {
            Step::Reply(reply) => Some(reply.code()),
            _ => None,
        })
        .collect();
    assert_eq!(codes, [250, 421]);
}

#[test]
fn unrequested_answers_are_ignored() {
    let mut shell = Shell::new(narrow(), false, Answers::default());
    shell.push(b"MAIL FROM:<a@b>\r\n");
    shell.session.login_accepted();
    shell.session.login_refused();
    shell.session.mail_allowed();
    shell.session.mail_denied(Denial::NotAllowed);
    shell.session.stored("1");
    shell.session.not_stored(StoreFailure::Temporary);
    shell.session.tls_started(CHALLENGE.to_owned());
    let before = shell.events.len();
    shell.push(b"RCPT TO:<c>\r\n");
    let recipient_ok = |event: &Event| matches!(event, Event::Reply(reply) if reply.code() == 250);
    assert!(shell.events[before..].iter().any(recipient_ok));
}

#[test]
fn content_is_a_slice_of_the_input() {
    let mut session = Session::new(Arc::new(Profile::default()), false, CHALLENGE.to_owned());
    let long = "x".repeat(1_000);
    let mail =
        format!("MAIL FROM:<a@b>\r\nRCPT TO:<c>\r\nDATA\r\none{long}\r\n..two{long}\r\n.\r\n");
    let bytes = mail.as_bytes();
    let mut input: &[u8] = bytes;
    let mut pieces = 0;
    while let Some(step) = session.next_step(&mut input) {
        match step {
            Step::Mail(_) => session.mail_allowed(),
            Step::Content(piece) => {
                assert!(bytes.as_ptr_range().contains(&piece.as_ptr()));
                pieces += 1;
            }
            _ => {}
        }
    }
    assert_eq!(pieces, 2);
}

/// A thousand idle sessions must cost next to nothing.
#[test]
fn a_session_is_small() {
    assert!(size_of::<Session>() <= 400, "{} bytes", size_of::<Session>());
}

#[test]
fn a_client_that_only_sends_noop_is_ended_eventually() {
    let mut session = Session::new(Arc::new(Profile::default()), false, CHALLENGE.to_owned());
    let noops = b"NOOP\r\n".repeat(30_000);
    let mut input = noops.as_slice();
    let mut codes = Vec::new();
    while let Some(step) = session.next_step(&mut input) {
        if let Step::Reply(reply) = step {
            codes.push(reply.code());
        }
    }
    assert_eq!(codes.last(), Some(&421));
    assert!((20_000..21_000).contains(&codes.len()), "{}", codes.len());
}

#[test]
fn a_message_without_end_ends() {
    let profile = Profile { message_bytes_max: 1_000, ..Profile::default() };
    let mut session = Session::new(Arc::new(profile), false, CHALLENGE.to_owned());
    let head = b"MAIL FROM:<a@b>\r\nRCPT TO:<c>\r\nDATA\r\n".to_vec();
    let bytes = [head, b"..\r\n".repeat(1_000_000)].concat();
    let mut input = bytes.as_slice();
    let mut codes = Vec::new();
    while let Some(step) = session.next_step(&mut input) {
        match step {
            Step::Mail(_) => session.mail_allowed(),
            Step::Reply(reply) => codes.push(reply.code()),
            _ => {}
        }
    }
    assert_eq!(codes, [220, 250, 250, 354, 552]);
}
