//! Plays a written dialogue to a session, with the client's bytes cut in one way or another.

use std::path::Path;

use tipoff_smtp::{Denial, Profile, StoreFailure};
use tipoff_testkit::dialog::{Dialog, Line, escape, suite};

use crate::common::{Answers, CHALLENGE, Event, Shell};

/// Every dialogue of the folder, with its name.
pub(crate) fn dialogs() -> Vec<(String, Dialog)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogs");
    suite::read(&folder).unwrap()
}

/// Plays it. `cut` cuts what the client says up to the next action into what comes at a time.
pub(crate) fn play(dialog: &Dialog, cut: impl Fn(&[Vec<u8>]) -> Vec<Vec<u8>>) -> Vec<Line> {
    let (profile, tls) = profile(dialog);
    let mut shell = Shell::new(profile, tls, answers(dialog));
    let mut happened = lines(shell.events.drain(..));
    for part in dialog.parts(|action| ["tls", "idle", "shut-down"].contains(&action)) {
        for bytes in cut(&part.client) {
            happened.push(Line::Client(bytes.clone()));
            shell.push(&bytes);
            // Content may go on with the next bytes: it is written down when something follows it.
            let goes_on = matches!(shell.events.last(), Some(Event::Content(_)));
            let told = shell.events.len() - usize::from(goes_on);
            happened.extend(lines(shell.events.drain(..told)));
        }
        match part.action.as_deref() {
            Some("tls") => shell.session.tls_started(CHALLENGE.to_owned()),
            Some("idle") => shell.session.idle(),
            Some("shut-down") => shell.session.shut_down(),
            _ => {}
        }
        shell.push(&[]);
    }
    happened.extend(lines(shell.events.drain(..)));
    if shell.session.in_message() {
        happened.push(Line::Deed("torn".to_owned()));
    }
    happened
}

fn lines(events: impl Iterator<Item = Event>) -> Vec<Line> {
    let told = |event| match event {
        Event::Reply(reply) => {
            let text = String::from_utf8(reply.to_vec()).unwrap();
            text.split_terminator("\r\n").map(|line| Line::Server(line.to_owned())).collect()
        }
        Event::Content(bytes) => vec![Line::Deed(format!("content {}", escape(&bytes)))],
        Event::Deed(deed) => vec![Line::Deed(deed)],
    };
    events.flat_map(told).collect()
}

fn profile(dialog: &Dialog) -> (Profile, bool) {
    let mut profile = Profile { host_name: "mail.test".to_owned(), ..Profile::default() };
    let mut tls = false;
    for (key, value) in &dialog.settings {
        match key.as_str() {
            "no-ehlo" => profile.ehlo = false,
            "no-auth" => profile.auth = false,
            "no-starttls" => profile.starttls = false,
            "require-login" => profile.require_login = true,
            "transcript" => profile.transcript = true,
            "tls" => tls = true,
            "message" => profile.message_bytes_max = value.parse().unwrap(),
            "recipients" => profile.recipients_max = value.parse().unwrap(),
            "line" => profile.line_bytes_max = value.parse().unwrap(),
            "errors" => profile.errors_max = value.parse().unwrap(),
            _ => panic!("there is no setting {key:?}"),
        }
    }
    (profile, tls)
}

fn answers(dialog: &Dialog) -> Answers {
    let unknown = |answer: String| -> ! { panic!("there is no answer {answer:?}") };
    let login = |answer: String| match answer.as_str() {
        "accepted" => true,
        "refused" => false,
        _ => unknown(answer),
    };
    let mail = |answer: String| match answer.as_str() {
        "allowed" => None,
        "spool-full" => Some(Denial::SpoolFull),
        "not-allowed" => Some(Denial::NotAllowed),
        _ => unknown(answer),
    };
    let stored = |answer: String| match answer.as_str() {
        "stored" => None,
        "spool-full" => Some(StoreFailure::SpoolFull),
        "temporary" => Some(StoreFailure::Temporary),
        _ => unknown(answer),
    };
    Answers {
        login: dialog.answers("login").into_iter().map(login).collect(),
        mail: dialog.answers("mail").into_iter().map(mail).collect(),
        stored: dialog.answers("message").into_iter().map(stored).collect(),
    }
}
