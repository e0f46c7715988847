//! Any bytes are heard as a conversation: the same in any pieces, within the limits, to an end.
#![no_main]

#[path = "../../crates/smtp/tests/common/mod.rs"]
mod common;

use common::{Answers, Shell};
use libfuzzer_sys::fuzz_target;
use tipoff_smtp::{Denial, Profile, StoreFailure};

fuzz_target!(|input: &[u8]| {
    // The first bytes say what is offered, what is answered and where the input is cut. What must
    // hold of each step is asserted by the shell.
    let [offer, answer, step, input @ ..] = input else {
        return;
    };
    let mut whole = shell(*offer, *answer);
    whole.push(input);
    let mut pieces = shell(*offer, *answer);
    for piece in input.chunks(usize::from(*step) + 1) {
        pieces.push(piece);
    }
    assert_eq!(pieces.events, whole.events);
    // Inside TLS everything begins anew.
    if whole.session.waiting() {
        whole.session.tls_started("<2@localhost>".to_owned());
        whole.push(input);
    }
});

fn shell(offer: u8, answer: u8) -> Shell {
    let on = |byte: u8, bit: u8| byte >> bit & 1 == 1;
    let profile = Profile {
        ehlo: !on(offer, 0),
        auth: !on(offer, 1),
        starttls: !on(offer, 2),
        require_login: on(offer, 3),
        lf_ends_message: on(offer, 4),
        message_bytes_max: if on(offer, 4) { 64 } else { 4_096 },
        recipients_max: 2,
        line_bytes_max: if on(offer, 5) { 64 } else { 1_024 },
        errors_max: if on(offer, 6) { 3 } else { 100 },
        transcript: true,
        ..Profile::default()
    };
    let answers = Answers {
        login: [!on(answer, 0), !on(answer, 1)].into(),
        mail: [
            on(answer, 2).then_some(Denial::SpoolFull),
            on(answer, 3).then_some(Denial::NotAllowed),
        ]
        .into(),
        stored: [
            on(answer, 4).then_some(StoreFailure::SpoolFull),
            on(answer, 5).then_some(StoreFailure::Temporary),
        ]
        .into(),
    };
    Shell::new(profile, on(offer, 7), answers)
}
