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
