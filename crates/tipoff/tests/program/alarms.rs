//! Alarms that cameras push over HTTP: each ends in one alert of the right device, and is answered as its vendor wants.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::harness::{Home, PATIENCE, PICTURE, Server, mail, require, send, wait_for};
use crate::hook::{Hook, files};

const YARD: &str = "[[device]]\nname = \"Yard\"\nuser = \"yard\"\npassword = \"s3cret-word\"\n";
pub const JSON: &str = "Content-Type: application/json";
pub const XML: &str = "Content-Type: application/xml; charset=\"UTF-8\"";
const VMD: &str = "<EventNotificationAlert version=\"2.0\"><ipAddress>10.0.0.9</ipAddress>\
    <channelID>1</channelID><eventType>VMD</eventType><eventState>active</eventState>\
    <eventDescription>Motion alarm</eventDescription></EventNotificationAlert>";

fn scene(configuration: &str) -> (Hook, Home, Server) {
    let hook = Hook::start();
    let home = Home::new(&format!("{}\n{YARD}{configuration}", hook.channel()));
    let server = home.start();
    (hook, home, server)
}

/// Sends a request as a camera does, and returns the status and the body of the answer.
pub fn push(to: SocketAddr, line: &str, headers: &[&str], body: &[u8]) -> (u16, String) {
    let mut socket = TcpStream::connect(to).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{line} HTTP/1.1\r\nHost: camera-server\r\nConnection: close\r\n");
    for header in headers {
        head.push_str(&format!("{header}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(body).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(!answer.to_lowercase().contains("transfer-encoding"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// A multipart body, each part with its head.
fn multipart(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (head, content) in parts {
        body.extend_from_slice(format!("--boundary\r\n{head}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--boundary--\r\n");
    body
}

#[test]
fn an_alarm_with_a_picture_is_alerted_with_both() {
    let (hook, home, server) = scene("");
    let body = multipart(&[
        (
            "Content-Type: application/xml\r\nContent-Disposition: form-data; name=\"VMD.xml\"",
            VMD.as_bytes(),
        ),
        ("Content-Type: image/jpeg\r\nContent-Disposition: form-data; name=\"VMDImage\"", PICTURE),
    ]);
    let multipart = "Content-Type: multipart/form-data; boundary=boundary";
    let answer = push(server.http, "POST /h/s3cret-word/cam", &[multipart], &body);
    assert_eq!(answer.0, 200);
    let alert = hook.wait_for(1).remove(0);
    assert_eq!((&alert["device"], &alert["event"]), (&json!("Yard"), &json!("motion")));
    assert_eq!(files(&alert), [PICTURE]);
    let incident = home.incident(alert["incident"].as_i64().unwrap());
    let arrival = &incident["arrivals"][0];
    assert_eq!(arrival["envelope"]["protocol"], "http");
    assert_eq!(arrival["envelope"]["proof"], "proven");
    // Nothing shows the password.
    let session = wait_for("the session", || {
        let list = home.json(&["sessions", "--json"]);
        list.as_array().unwrap().iter().find(|it| it["protocol"] == "http").cloned()
    });
    let session = home.json(&["sessions", "show", &session["session"].to_string(), "--json"]);
    let text = session.to_string();
    assert!(text.contains("POST /h/***/cam") && !text.contains("s3cret"), "{text}");
    assert!(!server.log().contains("s3cret-word"));
    server.stop();
}

#[test]
fn an_address_with_spaces_and_letters_is_understood() {
    let (hook, _home, server) = scene("");
    let line = "GET /h/s3cret-word?event=person&title=Jemand am Tor in Köln";
    assert_eq!(push(server.http, line, &[], b"").0, 200);
    let alert = hook.wait_for(1).remove(0);
    assert_eq!(
        (&alert["event"], &alert["subject"]),
        (&json!("person"), &json!("Jemand am Tor in Köln"))
    );
    server.stop();
}

#[test]
fn repeats_each_second_and_a_stop_are_one_alert() {
    let (hook, home, server) = scene("[incidents]\nquiet = \"0 s\"\n");
    for _ in 0..10 {
        assert_eq!(push(server.http, "POST /h/s3cret-word", &[XML], VMD.as_bytes()).0, 200);
    }
    let stop = VMD.replace("active", "inactive");
    assert_eq!(push(server.http, "POST /h/s3cret-word", &[XML], stop.as_bytes()).0, 200);
    assert_eq!(push(server.http, "POST /h/s3cret-word", &[XML], VMD.as_bytes()).0, 200);
    let alerts = hook.wait_for(2);
    assert!(alerts.iter().all(|alert| alert["event"] == "motion"), "{alerts:?}");
    assert_eq!(home.incidents().len(), 2, "one before the stop and one after it");
    server.stop();
}

#[test]
fn a_stored_alarm_survives_a_crash_and_joins_the_mail_of_its_device() {
    let hook = Hook::nobody();
    let home = Home::new(&format!("{}\n{YARD}", crate::hook::channel_at(hook)));
    let server = home.start();
    assert_eq!(push(server.http, "POST /h/s3cret-word", &[XML], VMD.as_bytes()).0, 200);
    server.kill_now();
    drop(server);
    let server = home.start();
    let hook = Hook::start_at(hook);
    let alert = hook.wait_for(1).remove(0);
    assert_eq!((&alert["device"], &alert["kind"]), (&json!("Yard"), &json!("first")));
    server.stop();
}

#[test]
fn devices_without_a_password_are_known_by_their_address_and_strangers_are_refused() {
    let (hook, home, server) = scene("");
    send(server.smtp[0], "gate@example.com", &mail("Motion", &[PICTURE]));
    let first = hook.wait_for(1).remove(0);
    let alarm = json!({"event": "person", "title": "Somebody at the gate"}).to_string();
    assert_eq!(push(server.http, "POST /h", &[JSON], alarm.as_bytes()).0, 200);
    let second = hook.wait_for(2).remove(1);
    assert_eq!(second["incident"], first["incident"], "it joins the mail from the same address");
    assert_eq!(second["event"], "person");
    // A password of nobody.
    let (status, _) = push(server.http, "POST /h/wrong-word", &[JSON], alarm.as_bytes());
    assert_eq!(status, 404);
    let refused = wait_for("the refused session", || {
        let list = home.json(&["sessions", "--json"]);
        list.as_array().unwrap().iter().find(|it| it["outcome"] == "login_refused").cloned()
    });
    assert!(refused["hint"].as_str().unwrap().contains("No device has the password"));
    // A page in somebody's browser.
    let origin = "Origin: https://evil.example";
    assert_eq!(push(server.http, "POST /h", &[JSON, origin], alarm.as_bytes()).0, 403);
    assert_eq!(hook.alerts().len(), 2);
    server.stop();
}

#[test]
fn each_vendor_is_answered_as_it_wants_and_signs_of_life_open_no_incident() {
    let (hook, home, server) = scene("");
    for path in ["/EventHttpUpload/keepalive", "/PictureHttpUpload/keepalive"] {
        let answer = push(server.http, &format!("GET {path}"), &[], b"");
        assert_eq!(answer, (200, "{\"result\":true}".to_owned()));
    }
    assert_eq!(push(server.http, "HEAD /h/s3cret-word", &[], b"").0, 200);
    let alarm = json!({
        "AlarmInfo": {"AlarmType": "SmartMotionDetectOn", "AlarmSrcID": 1, "TimeStamp": 1, "RelatedID": "r1"},
        "RelatedObjects": {"ObjectList": [{"ObjectType": 2, "ObjectID": 7}]},
    });
    let structure = json!({
        "AlarmType": "SmartMotionDetectOn", "SrcID": 1, "RelatedID": "r1",
        "StructureInfo": {"ImageInfoList": [{"Index": 1, "Type": 1, "Data": BASE64.encode(PICTURE)}]},
    });
    for (kind, body) in [("Alarm", &alarm), ("Structure", &structure)] {
        let line = format!("POST /LAPI/V1.0/System/Event/Notification/{kind}");
        let (status, answer) = push(server.http, &line, &[], body.to_string().as_bytes());
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!((status, answer), (200, json!({"ResponseCode": 0})), "{kind}");
    }
    let alerts = hook.wait_for(2);
    assert_eq!((&alerts[0]["event"], &alerts[0]["kind"]), (&json!("person"), &json!("first")));
    assert_eq!(alerts[1]["kind"], "followup");
    assert_eq!(files(&alerts[1]), [PICTURE]);
    assert_eq!(home.incidents().len(), 1);
    server.stop();
}

#[test]
fn a_picture_that_breaks_off_is_alerted_with_what_was_said_before_it() {
    let (hook, home, server) = scene("");
    let body = multipart(&[
        ("Content-Type: application/xml", VMD.replace("VMD", "fielddetection").as_bytes()),
        ("Content-Type: image/jpeg", PICTURE),
    ]);
    let mut socket = TcpStream::connect(server.http).unwrap();
    let head = format!(
        "POST /h/s3cret-word HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=boundary\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(&body[..body.len() - PICTURE.len() / 2]).unwrap();
    socket.shutdown(Shutdown::Both).unwrap();
    let alert = hook.wait_for(1).remove(0);
    assert_eq!(alert["event"], "zone");
    let incident = home.incident(alert["incident"].as_i64().unwrap());
    assert_eq!(incident["arrivals"][0]["torn"], true);
    server.stop();
}

#[test]
fn what_cannot_be_stored_is_answered_with_a_reason() {
    let (hook, _home, server) = scene("[retention]\nmax_size = \"2 MB\"\n");
    let jpeg = "Content-Type: image/jpeg";
    let (status, _) = push(server.http, "POST /h/s3cret-word", &[jpeg], &vec![0xff; 3_000_000]);
    assert_eq!(status, 503, "no room for it: the camera tries again");
    let (status, _) = push(server.http, "POST /h/s3cret-word", &[jpeg], PICTURE);
    assert_eq!(status, 200);
    assert_eq!(files(&hook.wait_for(1)[0]), [PICTURE]);
    server.stop();
    let (_hook, _home, server) = scene("");
    let (status, _) = push(server.http, "POST /h/s3cret-word", &[], &vec![b'x'; 21 * 1024 * 1024]);
    assert_eq!(status, 413);
    server.stop();
}

#[test]
fn deflated_and_encrypted_alarms_come_by_curl() {
    let (hook, home, server) = scene("");
    let text = b"Code=AlarmLocal;action=Start;index=0;data={\"Name\":\"x\"}";
    let deflated = home.put("alarm", &deflate(text));
    let output = Command::new(require("curl"))
        .args([
            "-sk",
            "--fail",
            "-H",
            "Content-Encoding: deflate",
            "-H",
            "Content-Type: text/plain",
        ])
        .arg("--data-binary")
        .arg(format!("@{}", deflated.display()))
        .arg(format!("https://{}/h/s3cret-word", server.http))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let alert = hook.wait_for(1).remove(0);
    assert_eq!((&alert["event"], &alert["device"]), (&json!("input"), &json!("Yard")));
    let incident = home.incident(alert["incident"].as_i64().unwrap());
    assert_eq!(incident["arrivals"][0]["envelope"]["tls"], true);
    server.stop();
}

/// Deflated without compressing: one stored block (RFC 1951, section 3.2.4).
fn deflate(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let mut block = vec![1];
    block.extend_from_slice(&length.to_le_bytes());
    block.extend_from_slice(&(!length).to_le_bytes());
    block.extend_from_slice(bytes);
    block
}

#[test]
fn own_listeners_take_every_path_and_frames() {
    let (hook, _home, server) =
        scene("[alarm]\nlisten = [\"127.0.0.1:0\", \"xmeye://127.0.0.1:0\"]\n");
    let alarm = json!({"event": "person"}).to_string();
    assert_eq!(push(server.alarms[0], "POST /any/path", &[JSON], alarm.as_bytes()).0, 200);
    assert_eq!(hook.wait_for(1)[0]["event"], "person");
    let message = b"{\"Address\":\"0x0100007F\",\"Channel\":0,\"Event\":\"HumanDetect\",\"Status\":\"Start\",\
        \"Type\":\"Alarm\"}\n";
    let mut frame = vec![0xff, 1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0xe4, 0x05];
    frame.extend_from_slice(&u32::try_from(message.len()).unwrap().to_le_bytes());
    frame.extend_from_slice(message);
    let mut socket = TcpStream::connect(server.framed[0]).unwrap();
    socket.write_all(&frame).unwrap();
    drop(socket);
    let alerts = hook.wait_for(2);
    assert_eq!(alerts[1]["event"], "person", "{alerts:?}");
    server.stop();
}

#[test]
fn right_passwords_are_never_slowed_by_each_other_nor_by_guesses() {
    let (hook, _home, server) = scene("");
    let alarm = json!({"event": "person"}).to_string();
    std::thread::scope(|scope| {
        for _ in 0..60 {
            scope.spawn(|| {
                let (status, _) =
                    push(server.http, "POST /h/s3cret-word", &[JSON], alarm.as_bytes());
                assert_eq!(status, 200);
            });
        }
    });
    let guess = |number: u32| {
        push(server.http, &format!("POST /h/guess-{number}"), &[JSON], alarm.as_bytes()).0
    };
    assert_eq!(guess(0), 404);
    let answers: Vec<u16> = (1..30).map(guess).collect();
    // Whoever guesses too much is not told any more, and raises no alarm of the device.
    assert!(answers.contains(&200), "{answers:?}");
    let ring = json!({"event": "doorbell"}).to_string();
    assert_eq!(push(server.http, "POST /h/s3cret-word", &[JSON], ring.as_bytes()).0, 200);
    wait_for("the doorbell", || {
        hook.alerts().into_iter().find(|it| it["event"] == "doorbell" && it["device"] == "Yard")
    });
    server.stop();
}

#[test]
fn a_device_that_closes_when_it_has_sent_everything_loses_nothing() {
    let (hook, _home, server) = scene("[incidents]\nquiet = \"0 s\"\nflood = 0\n");
    for number in 1..=20 {
        let alarm = json!({"event": "person", "title": format!("Number {number}")}).to_string();
        let mut socket = TcpStream::connect(server.http).unwrap();
        let head = format!(
            "POST /h/s3cret-word HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n",
            alarm.len()
        );
        socket.write_all(format!("{head}\r\n{alarm}").as_bytes()).unwrap();
        drop(socket);
    }
    hook.wait_for(20);
    server.stop();
}

#[test]
fn alarms_of_two_cameras_in_one_request_have_their_own_pictures() {
    let (hook, home, server) = scene("");
    let other = [PICTURE, b" of the gate"].concat();
    let of = |channel: u8| {
        VMD.replace("<channelID>1</channelID>", &format!("<channelID>{channel}</channelID>"))
            .replace("</EventN", "<detectionPicturesNumber>1</detectionPicturesNumber></EventN")
    };
    let body = multipart(&[
        ("Content-Type: application/xml", of(34).as_bytes()),
        ("Content-Type: image/jpeg", PICTURE),
        ("Content-Type: application/xml", of(35).as_bytes()),
        ("Content-Type: image/jpeg", &other),
    ]);
    let head = "Content-Type: multipart/form-data; boundary=boundary";
    assert_eq!(push(server.http, "POST /h/s3cret-word", &[head], &body).0, 200);
    let alerts = hook.wait_for(2);
    let of = |picture: &[u8]| alerts.iter().find(|it| files(it) == [picture]).unwrap().clone();
    assert_ne!(of(PICTURE)["device"], of(&other)["device"]);
    assert_eq!(home.incidents().len(), 2);
    server.stop();
}

#[test]
fn the_same_picture_with_another_event_is_alerted() {
    let (hook, _home, server) = scene("[incidents]\nquiet = \"0 s\"\n");
    for event in ["motion", "doorbell"] {
        let alarm = json!({"event": event, "image": BASE64.encode(PICTURE)}).to_string();
        assert_eq!(push(server.http, "POST /h/s3cret-word", &[JSON], alarm.as_bytes()).0, 200);
    }
    let alerts = hook.wait_for(2);
    assert!(alerts.iter().any(|alert| alert["event"] == "doorbell"), "{alerts:?}");
    server.stop();
}
