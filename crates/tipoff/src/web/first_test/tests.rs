//! Each first test that fails has its finding.

use tipoff_model::Language;

use super::super::reader_language::tests::read_in;
use super::*;

const USER: &str = "front";

fn session(protocol: Protocol, outcome: SessionOutcome) -> SessionFacts {
    let (hint, login, taken_for, arrival) = (None, None, None, None);
    SessionFacts { protocol, outcome, hint, login, taken_for, arrival, commands: Vec::new() }
}

fn nothing(protocol: Protocol, commands: &[&str]) -> SessionFacts {
    let commands = commands.iter().map(|it| (*it).to_owned()).collect();
    SessionFacts { commands, ..session(protocol, SessionOutcome::Nothing) }
}

fn hinted(outcome: SessionOutcome, hint: &str) -> SessionFacts {
    SessionFacts { hint: Some(hint.to_owned()), ..session(Protocol::Smtp, outcome) }
}

const WHOLE: ArrivalFacts =
    ArrivalFacts { protocol: Protocol::Smtp, media: 1, bytes: 100, torn: false, proven: true };

fn found(sessions: &[SessionFacts], arrivals: &[ArrivalFacts]) -> Option<Finding> {
    finding(Duration::ZERO, sessions, arrivals, USER)
}

#[test]
fn the_checklist_is_due_after_a_minute_without_a_session() {
    let after = |seconds: u64, sessions: &[SessionFacts]| {
        finding(Duration::from_secs(seconds), sessions, &[], USER)
    };
    assert_eq!(after(59, &[]), None);
    assert_eq!(after(60, &[]), Some(Finding::NothingCame));
    let open = [session(Protocol::Smtp, SessionOutcome::Open)];
    assert_eq!(after(600, &open), None, "something came");
    assert_eq!(finding(Duration::from_secs(600), &[], &[WHOLE], USER), None);
}

#[test]
fn a_session_that_brought_nothing_is_named_by_what_the_device_said() {
    use Protocol::{Ftp, Http, Smtp};
    for (protocol, commands, expected) in [
        (Smtp, &[][..], Some(Finding::NoCommand(Smtp))),
        (Ftp, &[], Some(Finding::NoCommand(Ftp))),
        (Smtp, &["EHLO", "QUIT"], Some(Finding::NoMail)),
        (Smtp, &["EHLO", "AUTH", "QUIT"], Some(Finding::NoMail)),
        (Smtp, &["EHLO"], Some(Finding::HungUpAfterGreeting)),
        (Smtp, &["EHLO", "MAIL", "QUIT"], None),
        (Ftp, &["USER", "PASS", "QUIT"], Some(Finding::NoUpload)),
        (Http, &["GET"], None),
    ] {
        assert_eq!(found(&[nothing(protocol, commands)], &[]), expected, "{commands:?}");
    }
}

#[test]
fn the_latest_session_that_shows_something_counts() {
    let refused = hinted(SessionOutcome::LoginRefused, "The password is wrong.");
    let quit = nothing(Protocol::Smtp, &["EHLO", "QUIT"]);
    let open = session(Protocol::Smtp, SessionOutcome::Open);
    let hint = Some(Finding::Session("The password is wrong.".to_owned()));
    assert_eq!(found(&[open, refused.clone(), quit.clone()], &[]), hint);
    assert_eq!(found(&[quit, refused], &[]), Some(Finding::NoMail));
}

#[test]
fn what_a_session_shows_is_in_the_language_of_the_reader() {
    let hint = "It tried to log in without a user: type user and password into the device.";
    let taken = SessionFacts {
        taken_for: Some("camera".to_owned()),
        ..hinted(SessionOutcome::Delivered, hint)
    };
    let refused = hinted(SessionOutcome::LoginRefused, hint);
    for session in [refused, taken] {
        let text = || found(std::slice::from_ref(&session), &[]).unwrap().text().to_string();
        assert!(text().ends_with(hint));
        let german = read_in(Language::German, text);
        assert!(german.ends_with("Tragen Sie im Gerät Benutzer und Passwort ein."), "{german}");
    }
}

#[test]
fn an_arrival_of_another_device_names_the_right_user() {
    let taken = SessionFacts {
        taken_for: Some("camera".to_owned()),
        login: Some("admin".to_owned()),
        ..hinted(SessionOutcome::Delivered, "The port is wrong.")
    };
    let text = found(std::slice::from_ref(&taken), &[]).unwrap().text().to_string();
    for words in
        ["assigned to camera", "logged in as admin", "the user front", "The port is wrong."]
    {
        assert!(text.contains(words), "{text}");
    }
    assert_eq!(found(&[taken], &[WHOLE]), None, "the device itself works");
}

#[test]
fn an_arrival_that_works_hides_earlier_failures_and_shows_what_to_change_all_the_same() {
    let failed = hinted(SessionOutcome::Torn, "The connection broke.");
    let served = hinted(SessionOutcome::Delivered, "The port is wrong.");
    assert_eq!(found(std::slice::from_ref(&failed), &[WHOLE]), None);
    assert_eq!(
        found(&[failed, served], &[WHOLE]),
        Some(Finding::Session("The port is wrong.".to_owned()))
    );
}

#[test]
fn a_session_that_works_hides_what_earlier_ones_show() {
    let wrong = hinted(SessionOutcome::Delivered, "The password is wrong.");
    let right = brought_whole();
    assert_eq!(found(&[right.clone(), wrong.clone()], &[WHOLE]), None, "it is mended");
    let later = Some(Finding::Session("The password is wrong.".to_owned()));
    assert_eq!(found(&[wrong, right], &[WHOLE]), later);
    let hinted = SessionFacts { hint: Some("The port is wrong.".to_owned()), ..brought_whole() };
    let own = Some(Finding::Session("The port is wrong.".to_owned()));
    assert_eq!(found(&[hinted], &[WHOLE]), own, "its own stays");
}

fn brought_whole() -> SessionFacts {
    SessionFacts { arrival: Some(WHOLE), ..session(Protocol::Smtp, SessionOutcome::Delivered) }
}

#[test]
fn an_arrival_that_shows_nothing_is_no_success() {
    let not_proven = Finding::NotProven { user: USER.to_owned() };
    for (arrival, works, expected) in [
        (WHOLE, true, None),
        (ArrivalFacts { media: 0, ..WHOLE }, true, Some(Finding::NoPicture)),
        (ArrivalFacts { media: 0, protocol: Protocol::Http, ..WHOLE }, true, None),
        (ArrivalFacts { bytes: 0, ..WHOLE }, false, Some(Finding::EmptyFile)),
        (ArrivalFacts { torn: true, ..WHOLE }, false, Some(Finding::TornArrival)),
        (ArrivalFacts { proven: false, ..WHOLE }, false, Some(not_proven)),
    ] {
        assert_eq!(arrival.works(), works, "{arrival:?}");
        assert_eq!(found(&[], &[arrival]), expected, "{arrival:?}");
    }
    let empty = ArrivalFacts { bytes: 0, ..WHOLE };
    let brought = session(Protocol::Ftp, SessionOutcome::Delivered);
    let brought = SessionFacts { arrival: Some(empty), ..brought };
    let torn = ArrivalFacts { torn: true, ..WHOLE };
    assert_eq!(
        found(std::slice::from_ref(&brought), &[torn]),
        Some(Finding::EmptyFile),
        "the latest"
    );
    let refused = hinted(SessionOutcome::LoginRefused, "The password is wrong.");
    let hint = Some(Finding::Session("The password is wrong.".to_owned()));
    assert_eq!(found(&[refused, brought], &[empty]), hint, "it came later");
    assert_eq!(found(&[], &[empty, WHOLE]), None, "one that works is enough");
}

#[test]
fn each_finding_is_a_text_that_ends() {
    let (name, user) = ("camera".to_owned(), USER.to_owned());
    for finding in [
        Finding::NothingCame,
        Finding::OtherDevice { name, login: None, user: user.clone(), hint: None },
        Finding::NoCommand(Protocol::Smtp),
        Finding::NoCommand(Protocol::Ftp),
        Finding::NoMail,
        Finding::HungUpAfterGreeting,
        Finding::NoUpload,
        Finding::NoPicture,
        Finding::EmptyFile,
        Finding::TornArrival,
        Finding::NotProven { user },
    ] {
        let text = finding.text().to_string();
        assert!(text.ends_with('.') && !text.contains("  "), "{text}");
    }
}
