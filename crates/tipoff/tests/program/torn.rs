//! Connections that break in the middle of a mail (invariant 7).

use crate::harness::{Client, Home, PICTURE, Server, mail, send, wait_for};
use crate::hook::{Hook, files};

fn scene() -> (Hook, Home, Server) {
    let hook = Hook::start();
    let home = Home::new(&hook.channel());
    let server = home.start();
    (hook, home, server)
}

/// Begins a mail and goes away after so many bytes of it.
fn break_off(server: &Server, mail: &[u8]) {
    let mut client = Client::connect(server.smtp[0]);
    client.begin("camera@example.com");
    client.send(mail);
}

fn up_to<'a>(mail: &'a [u8], mark: &str) -> &'a [u8] {
    let place = mail.windows(mark.len()).rposition(|window| window == mark.as_bytes()).unwrap();
    &mail[..place]
}

#[test]
fn a_whole_picture_is_alerted_once_though_the_mail_was_torn() {
    let (hook, home, server) = scene();
    let whole = mail("Motion", &[PICTURE, PICTURE]);
    // The second picture breaks off in its middle.
    break_off(&server, &whole[..whole.len() - 900]);
    let alerts = hook.wait_for(1);
    assert_eq!(files(&alerts[0])[0], PICTURE);
    // The camera, which was told nothing, sends it all again.
    assert!(send(server.smtp[0], "camera@example.com", &whole).starts_with("250"));
    let incidents = home.incidents();
    assert_eq!(incidents.len(), 1);
    let incident = home.incident(incidents[0]["incident"].as_i64().unwrap());
    let torn: Vec<_> =
        incident["arrivals"].as_array().unwrap().iter().map(|it| &it["torn"]).collect();
    assert_eq!(torn, [true, false]);
    assert_eq!(incident["arrivals"][1]["content"]["media"][0]["repeat"], true);
    // Something else tells that nothing more is under way.
    send(server.smtp[0], "other@example.com", &mail("Other", &[PICTURE]));
    wait_for("the other alert", || {
        hook.alerts().iter().any(|alert| alert["subject"] == "Other").then_some(())
    });
    let of_camera = hook.alerts().iter().filter(|alert| alert["subject"] == "Motion").count();
    assert_eq!(of_camera, 1);
    server.stop();
}

#[test]
fn a_torn_mail_without_a_whole_picture_is_kept_and_not_alerted() {
    let (hook, home, server) = scene();
    let whole = mail("Motion", &[PICTURE]);
    break_off(&server, up_to(&whole, "--part--").split_at(whole.len() - 1200).0);
    let incidents =
        wait_for("the torn arrival", || Some(home.incidents()).filter(|it| it.len() == 1));
    assert_eq!(incidents[0]["deliveries"], serde_json::json!({}));
    assert!(hook.requests().is_empty());
    // When it comes whole it is alerted, as the first of its incident.
    send(server.smtp[0], "camera@example.com", &whole);
    let alerts = hook.wait_for(1);
    assert_eq!((&alerts[0]["kind"], files(&alerts[0])), (&"first".into(), vec![PICTURE.to_vec()]));
    server.stop();
}

#[test]
fn a_connection_that_breaks_before_data_leaves_nothing() {
    let (_hook, home, server) = scene();
    let mut client = Client::connect(server.smtp[0]);
    client.begin("camera@example.com");
    drop(client);
    let mut client = Client::connect(server.smtp[0]);
    client.must("EHLO camera", "250");
    drop(client);
    server.stop();
    assert!(home.incidents().is_empty());
}

/// A mail with these words and no file, in one part of a multipart.
fn text_mail(message_id: &str, words: &str) -> Vec<u8> {
    let mail = mail("UPS on battery", &[]);
    let mail = String::from_utf8(mail).unwrap().replace("Something moved.", words);
    format!("Message-ID: <{message_id}@ups.example>\r\n{mail}").into_bytes()
}

/// The alerts with this text, once something else shows that nothing more is under way.
fn alerts_of(hook: &Hook, server: &Server, words: &str) -> usize {
    let marker = format!("Marker {}", hook.alerts().len());
    send(server.smtp[0], "other@example.com", &mail(&marker, &[]));
    wait_for("the other alert", || {
        hook.alerts().iter().any(|alert| alert["subject"] == *marker).then_some(())
    });
    hook.alerts().iter().filter(|alert| alert["text"] == *words).count()
}

#[test]
fn a_mail_without_its_final_dot_is_alerted_like_a_complete_one_once() {
    let (hook, home, server) = scene();
    let whole = text_mail("1", "Battery at 90 %.");
    break_off(&server, whole.strip_suffix(b"\r\n").unwrap());
    let alerts = hook.wait_for(1);
    assert_eq!(alerts[0]["text"], "Battery at 90 %.", "and not that something is missing");
    assert!(send(server.smtp[0], "camera@example.com", &whole).starts_with("250"));
    assert_eq!(alerts_of(&hook, &server, "Battery at 90 %."), 1);
    let arrivals = home.incident(home.incidents().last().unwrap()["incident"].as_i64().unwrap());
    assert_eq!(arrivals["arrivals"].as_array().unwrap().len(), 2, "it is kept");
    server.stop();
}

#[test]
fn a_repeated_mail_is_stored_and_not_alerted_also_after_a_crash() {
    let (hook, home, server) = scene();
    let motion = text_mail("2", "Motion at the gate.");
    assert!(send(server.smtp[0], "camera@example.com", &motion).starts_with("250"));
    hook.wait_for(1);
    server.kill_now();
    drop(server);
    let server = home.start();
    assert!(send(server.smtp[0], "camera@example.com", &motion).starts_with("250"));
    assert_eq!(alerts_of(&hook, &server, "Motion at the gate."), 1);
    let another = text_mail("3", "Motion at the gate.");
    send(server.smtp[0], "camera@example.com", &another);
    let is_follow_up = |alert: &serde_json::Value| alert["kind"] == "followup";
    wait_for("the alert of another mail", || hook.alerts().iter().any(is_follow_up).then_some(()));
    server.stop();
}

#[test]
fn a_torn_text_waits_for_the_second_try() {
    let (hook, home, server) = scene();
    let whole = text_mail("4", "Battery at 90 %, it will last for twelve minutes.");
    break_off(&server, up_to(&whole, "minutes"));
    let incident = wait_for("the torn arrival", || home.incidents().pop());
    assert_eq!(incident["deliveries"]["pending"], 1, "{incident}");
    send(server.smtp[0], "camera@example.com", &whole);
    let alerts = hook.wait_for(1);
    assert_eq!(alerts[0]["text"], "Battery at 90 %, it will last for twelve minutes.");
    let torn = home.incident(incident["incident"].as_i64().unwrap());
    assert_eq!(torn["deliveries"][0]["state"], "withdrawn", "{torn}");
    assert_eq!(torn["untold"], "the device sent this mail again");
    server.stop();
}

#[test]
fn a_dot_between_bare_line_feeds_ends_a_mail_from_a_trusted_network_only() {
    let hook = Hook::start();
    let text = b"Subject: UPS on battery\n\nBattery at 90 %.\n.\n";
    let home = Home::new(&hook.channel());
    let server = home.start();
    let mut client = Client::connect(server.smtp[0]);
    client.begin("ups@example.com");
    client.send(text);
    assert!(client.hear().starts_with("250"));
    hook.wait_for(1);
    drop(client);
    server.stop();

    let home = Home::new(&format!(
        "[access]\nnetworks = [\"192.0.2.0/24\"]\n[[device]]\nname = \"UPS\"\nuser = \"ups\"\n\
         password = \"a long secret\"\n{}",
        hook.channel(),
    ));
    let server = home.start();
    let mut client = Client::connect(server.smtp[0]);
    client.must("EHLO ups", "250");
    client.must("AUTH PLAIN AHVwcwBhIGxvbmcgc2VjcmV0", "235");
    client.begin("ups@example.com");
    client.send(text);
    client.send(b"MAIL FROM:<other@example.com>\r\n.\r\n");
    assert!(client.hear().starts_with("250"));
    let alerts = hook.wait_for(2);
    let expected = "Battery at 90 %.\n.\nMAIL FROM:<other@example.com>";
    assert_eq!(alerts[1]["text"], expected, "that is content");
    server.stop();
}
