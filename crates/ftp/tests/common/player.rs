//! Plays the dialogues of tests/dialogs through a session.

use std::net::IpAddr;
use std::path::Path;

use tipoff_ftp::{MissingFolder, Profile, TransferFailure};
use tipoff_testkit::dialog::{Dialog, Line, suite};

use crate::common::{Answers, Ending, Shell};

/// Every dialogue with its name, in order.
pub(crate) fn dialogs() -> Vec<(String, Dialog)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogs");
    suite::read(&folder).unwrap()
}

/// Plays it. `cut` cuts what the client says up to the next action into what comes at a time.
pub(crate) fn play(dialog: &Dialog, cut: impl Fn(&[Vec<u8>]) -> Vec<Vec<u8>>) -> Vec<Line> {
    let (profile, peer, tls) = profile(dialog);
    let yes = |answers: Vec<String>, word: &str| {
        answers.into_iter().map(|answer| answer == word).collect()
    };
    let answers = Answers {
        login: yes(dialog.answers("login").into(), "accepted"),
        passive: yes(dialog.answers("passive").into(), "free"),
        foreign: dialog.settings.iter().any(|(key, _)| key == "foreign"),
    };
    let mut shell = Shell::new(profile, peer, tls, answers);
    let mut happened: Vec<Line> = shell.happened.drain(..).collect();
    let is_answer = |action: &str| action.starts_with("login ") || action.starts_with("passive ");
    for part in dialog.parts(|action| !is_answer(action)) {
        for bytes in cut(&part.client) {
            happened.push(Line::Client(bytes.clone()));
            shell.push(&bytes);
            happened.append(&mut shell.happened);
        }
        if let Some(action) = part.action {
            act(&mut shell, &action);
        }
        happened.append(&mut shell.happened);
    }
    happened
}

fn act(shell: &mut Shell, action: &str) {
    let words: Vec<&str> = action.split(' ').collect();
    let size = |word: &str| word.parse().unwrap();
    match words.as_slice() {
        ["tls"] => shell.session.tls_started(),
        ["idle"] => shell.session.idle(),
        ["shut-down"] => shell.session.shut_down(),
        ["again"] => shell.again(),
        ["done"] => shell.end_transfer(Ending::Done(0)),
        ["done", bytes] => shell.end_transfer(Ending::Done(size(bytes))),
        ["failed", why] => shell.end_transfer(Ending::Failed(failure(why), None)),
        ["failed", why, kept] => {
            shell.end_transfer(Ending::Failed(failure(why), Some(size(kept))));
        }
        _ => panic!("there is no action {action:?}"),
    }
    shell.push(&[]);
}

fn failure(word: &str) -> TransferFailure {
    match word {
        "no-connection" => TransferFailure::NoConnection,
        "not-encrypted" => TransferFailure::NotEncrypted,
        "broken" => TransferFailure::Broken,
        "aborted" => TransferFailure::Aborted,
        "timed-out" => TransferFailure::TimedOut,
        "too-big" => TransferFailure::TooBig,
        "busy" => TransferFailure::Busy,
        "gone" => TransferFailure::Gone,
        "spool-full" => TransferFailure::SpoolFull,
        "temporary" => TransferFailure::Temporary,
        _ => panic!("there is no failure {word:?}"),
    }
}

fn profile(dialog: &Dialog) -> (Profile, IpAddr, bool) {
    let mut profile = Profile::default();
    let (mut tls, mut peer) = (false, "192.168.1.20");
    for (key, value) in &dialog.settings {
        match key.as_str() {
            "no-tls" => profile.tls = false,
            "foreign" => {}
            "tls" => tls = true,
            "ipv6" => peer = "fe80::20",
            "create" => profile.missing_folder = MissingFolder::Create,
            "refuse" => profile.missing_folder = MissingFolder::Refuse,
            "upload-only" => profile.read = false,
            "transcript" => profile.transcript = true,
            "line" => profile.line_bytes_max = value.parse().unwrap(),
            "logins" => profile.login_failures_max = value.parse().unwrap(),
            _ => panic!("there is no setting {key:?}"),
        }
    }
    (profile, peer.parse().unwrap(), tls)
}
