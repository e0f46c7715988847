//! Strangers in the network: whatever they call themselves, and however much they send, they are nobody else, and a
//! camera's alert does not wait for theirs.

use std::net::Ipv4Addr;

use base64::Engine as _;
use serde_json::Value;
use tipoff_testkit::telegram::{CHAT, Options};

use crate::harness::{Client, Home, PICTURE, Server, mail, wait_for};
use crate::hook::Hook;
use crate::telegram::Phone;

const STRANGER: [u8; 4] = [127, 0, 0, 66];
const CAMERA: [u8; 4] = [127, 0, 0, 1];

const DEVICE: &str =
    "[[device]]\nname = \"Front yard\"\nuser = \"front\"\npassword = \"a long secret\"\n";

/// Who logs in before it sends.
struct Login<'a> {
    user: &'a str,
    password: &'a str,
}

const PROVEN: Login<'_> = Login { user: "front", password: "a long secret" };

/// One mail of each sender, over one connection from an address.
fn mails<'a>(
    server: &Server,
    from: [u8; 4],
    login: Option<&Login<'_>>,
    senders: impl IntoIterator<Item = &'a str>,
    mail: &[u8],
) {
    let mut client = connect(server, from, login);
    for sender in senders {
        deliver(&mut client, sender, mail);
    }
    client.must("QUIT", "221");
}

/// A connection from an address, after EHLO and the login.
fn connect(server: &Server, from: [u8; 4], login: Option<&Login<'_>>) -> Client {
    let mut client = Client::connect_from(&Ipv4Addr::from(from).to_string(), server.smtp[0]);
    client.must("EHLO x", "250");
    if let Some(Login { user, password }) = login {
        let plain = format!("\0{user}\0{password}");
        let plain = base64::engine::general_purpose::STANDARD.encode(plain);
        client.must(&format!("AUTH PLAIN {plain}"), "235");
    }
    client
}

/// Sends a mail; it is acknowledged when this returns.
fn deliver(client: &mut Client, sender: &str, mail: &[u8]) {
    client.must(&format!("MAIL FROM:<{sender}>"), "250");
    client.must("RCPT TO:<me@example.com>", "250");
    client.must("DATA", "354");
    client.send(mail);
    client.must(".", "250");
}

fn made_up(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("made-up-{number}@example.com")).collect()
}

fn devices(incidents: &[Value]) -> Vec<String> {
    let names = incidents.iter().map(|incident| incident["device"].as_str().unwrap().to_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn naming_a_device_without_its_password_uses_none_of_its_share() {
    let hook = Hook::start();
    let home = Home::new(&format!("incidents.quiet = \"1 min\"\n{}{DEVICE}", hook.channel()));
    let server = home.start();
    let wrong = Login { user: "front", password: "wrong" };
    let forged = ["front@example.com"; 31];
    mails(&server, STRANGER, Some(&wrong), forged, &mail("Motion detected", &[PICTURE]));
    for subject in ["Test mail", "Alarm Event: Motion Detect Stop"] {
        mails(&server, STRANGER, Some(&wrong), ["front@example.com"], &mail(subject, &[]));
    }
    mails(&server, CAMERA, Some(&PROVEN), ["x@y"], &mail("Motion detected", &[PICTURE]));
    let alerts = wait_for("the camera's alert", || {
        Some(hook.alerts()).filter(|alerts| alerts.iter().any(|it| it["device"] == "Front yard"))
    });
    let own: Vec<&Value> = alerts.iter().filter(|it| it["device"] == "Front yard").collect();
    assert_eq!(own[0]["kind"], "first", "{own:?}");
    let incidents = home.incidents();
    assert_eq!(devices(&incidents), ["Front yard", "front (127.0.0.66)"]);
    let own = incidents.iter().find(|it| it["device"] == "Front yard").unwrap();
    assert_eq!(own["arrivals"], 1, "{own}");
    server.stop();
}

/// Messages in the chat that stand before that of the camera, counted from when its mail was acknowledged.
fn before(phone: &Phone, server: &Server, login: Option<&Login<'_>>) -> usize {
    before_of(phone, server, login, "Motion at the camera")
}

fn before_of(phone: &Phone, server: &Server, login: Option<&Login<'_>>, subject: &str) -> usize {
    let mut client = connect(server, CAMERA, login);
    deliver(&mut client, "camera@example.com", &mail(subject, &[PICTURE]));
    // Not before: while the camera connects and sends, the alerts of strangers go on at the pace of the service.
    let before = phone.telegram.log().all().len();
    client.must("QUIT", "221");
    let place = wait_for("the camera's alert", || {
        phone.telegram.log().all().iter().position(|sent| format!("{sent:?}").contains(subject))
    });
    place.saturating_sub(before)
}

#[test]
fn made_up_senders_do_not_delay_a_camera() {
    for (device, login, most) in [(DEVICE, Some(&PROVEN), 2), ("", None, 8)] {
        let phone = Phone::new(Options { flood: true, ..Options::default() });
        let home = Home::new(&format!("{}{device}", phone.channel(CHAT, "")));
        let server = home.start();
        let senders = made_up(300);
        let senders = senders.iter().map(String::as_str);
        mails(&server, STRANGER, None, senders, &mail("Motion detected", &[PICTURE]));
        phone.wait_for(2);
        let before = before(&phone, &server, login);
        assert!(before <= most, "{before} messages of strangers stood before it");
        let incidents = home.incidents();
        let names = devices(&incidents);
        assert!(names.contains(&"unknown at 127.0.0.66".to_owned()), "{names:?}");
        assert!(names.len() <= 66, "{}", names.len());
        server.stop();
    }
}

/// One mail of each made-up sender, from several connections at once.
fn flood(server: &Server, addresses: std::ops::Range<u8>, senders: usize) {
    let mail = mail("Motion detected", &[PICTURE]);
    let each = senders / addresses.len();
    std::thread::scope(|scope| {
        for address in addresses {
            let (server, mail) = (&server, &mail);
            scope.spawn(move || {
                let senders: Vec<String> =
                    (0..each).map(|it| format!("made-up-{address}-{it}@example.com")).collect();
                let senders = senders.iter().map(String::as_str);
                mails(server, [127, 0, 0, address], None, senders, mail);
            });
        }
    });
}

#[test]
fn strangers_at_200_addresses_do_not_delay_a_camera_seen_before() {
    for (device, login) in [(DEVICE, Some(&PROVEN)), ("", None)] {
        let phone = Phone::new(Options { flood: true, ..Options::default() });
        let quiet = "incidents.quiet = \"0 s\"\n";
        let home = Home::new(&format!("{quiet}{}{device}", phone.channel(CHAT, "")));
        let server = home.start();
        before_of(&phone, &server, login, "Motion before it");
        flood(&server, 2..202, 1_000);
        phone.wait_for(3);
        let before = before(&phone, &server, login);
        assert!(before <= 8, "{before} messages of strangers stood before it");
        server.stop();
    }
}

#[test]
fn suppressed_alerts_of_strangers_are_summarised_with_the_reason() {
    let hook = Hook::start();
    let home = Home::new(&format!("incidents.quiet = \"0 s\"\n{}", hook.channel()));
    let server = home.start();
    let senders = made_up(300);
    let text = mail("Words and nothing else", &[]);
    mails(&server, STRANGER, None, senders.iter().map(String::as_str), &text);
    let incidents = home.incidents();
    assert_eq!(incidents.len(), 300, "all are kept");
    let is_held = |incident: &&Value| incident["untold"].is_string();
    let held: Vec<&Value> = incidents.iter().filter(is_held).collect();
    assert!((180..300).contains(&held.len()), "{}", held.len());
    for incident in held {
        let why = incident["untold"].as_str().unwrap();
        assert!(why.contains("told as a count"), "{why}");
    }
    hook.wait_for(300 - incidents.iter().filter(is_held).count());
    // From another address there is no end of it.
    mails(&server, CAMERA, None, ["camera@example.com"], &text);
    wait_for("the camera's mail", || {
        hook.alerts().iter().any(|alert| alert["device"] == "camera").then_some(())
    });
    server.stop();
}
