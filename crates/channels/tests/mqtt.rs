//! MQTT against a real broker: what alerts become, limits, errors, TLS.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::time::Duration;

use common::{Story, channel, delivered, faults, jpeg, retried, send, stored, text};
use serde_json::json;
use tipoff_channels::{Channel, Value};
use tipoff_model::{AlertKind, DeviceId, Event, MediaKind, Scope};
use tipoff_testkit::mosquitto::{Heard, Mosquitto};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const REPAIR: Option<Duration> = Some(Duration::from_secs(300));

fn mqtt(url: &str, more: &[(&str, Value)]) -> Box<dyn Channel> {
    let mut values = vec![("server", text(url))];
    values.extend_from_slice(more);
    channel("mqtt", &values)
}

fn soon() -> (&'static str, Value) {
    ("timeout", Value::Duration(Duration::from_secs(2)))
}

/// What comes of an alert, in order.
async fn told(broker: &Mosquitto, channel: &dyn Channel, story: Story) -> Vec<Heard> {
    let listener = broker.listen("#").unwrap();
    delivered(&send(channel, story).await);
    listener.wait_for(|heard| heard.topic.ends_with("/event")).await.unwrap();
    listener.log().all().into_iter().filter(|heard| !heard.retained).collect()
}

fn on<'a>(heard: &'a [Heard], topic: &str) -> &'a Heard {
    let topics: Vec<&str> = heard.iter().map(|heard| heard.topic.as_str()).collect();
    let found = heard.iter().find(|heard| heard.topic == topic);
    found.unwrap_or_else(|| panic!("{topic} is not among {topics:?}"))
}

#[tokio::test]
async fn an_alert_is_a_picture_a_state_and_an_event() {
    let broker = Mosquitto::open().unwrap();
    let story = Story::new().text("line 1\nline \"2\" 😀").picture("p.jpg").change(|alert| {
        alert.kind = AlertKind::FollowUp;
        alert.subject = "Motion".to_owned();
        alert.link = Some("https://tip.example/incidents/3".to_owned());
        alert.media[0].url = Some("https://tip.example/1".to_owned());
        alert.raw.push(stored("mail.eml", "message/rfc822", MediaKind::File, 3, "zeros"));
    });
    let heard = told(&broker, &*mqtt(&broker.url(), &[]), story).await;
    let topics: Vec<&str> = heard.iter().map(|heard| heard.topic.as_str()).collect();
    let of = |leaf: &str| format!("tipoff/front-yard-4/{leaf}");
    assert_eq!(topics, [of("picture"), of("state"), of("event")]);
    assert!(heard.iter().all(|heard| heard.qos == 1));
    assert_eq!(heard[0].payload, jpeg(64, 48));
    assert_eq!(String::from_utf8_lossy(&heard[2].payload).matches("\"link\"").count(), 1);
    assert_eq!(
        heard[2].json(),
        json!({
            "incident": 3,
            "kind": "followup",
            "device": "Front yard",
            "event": "motion",
            "subject": "Motion",
            "text": "line 1\nline \"2\" 😀",
            "received_at": "2026-01-01T00:00:00.120Z",
            "media": [{
                "name": "p.jpg",
                "content_type": "image/jpeg",
                "size": jpeg(64, 48).len(),
                "url": "https://tip.example/1",
            }, { "name": "mail.eml", "content_type": "message/rfc822", "size": 3 }],
            "idempotency_key": "key-7",
            "link": "https://tip.example/incidents/3",
            "motion": "ON",
            "picture": of("picture"),
        })
    );
    assert_eq!(
        heard[1].json(),
        json!({
            "incident": 3,
            "kind": "followup",
            "device": "Front yard",
            "event": "motion",
            "subject": "Motion",
            "text": "line 1\nline \"2\" 😀",
            "received_at": "2026-01-01T00:00:00.120Z",
            "pictures": 1,
            "videos": 0,
            "files": 1,
            "link": "https://tip.example/incidents/3",
            "picture": of("picture"),
        })
    );
    // Whoever comes later finds the state and the picture, and is not woken by the event.
    let retained = broker.retained().await.unwrap();
    let topics: Vec<&str> = retained.iter().map(|heard| heard.topic.as_str()).collect();
    assert_eq!(topics.len(), 2);
    assert_eq!(on(&retained, &of("picture")).payload, jpeg(64, 48));
    assert_eq!(on(&retained, &of("state")).json()["event"], "motion");
}

#[tokio::test]
async fn an_alert_without_a_picture_leaves_the_last_one_alone() {
    let broker = Mosquitto::open().unwrap();
    let mqtt = mqtt(&broker.url(), &[("topic", text("home/cams"))]);
    delivered(&send(&*mqtt, Story::new().picture("p.jpg")).await);
    let story = Story::new().change(|alert| {
        alert.event = Event::End;
        alert.torn = true;
        alert.kind = AlertKind::Summary;
        alert.held = 12;
    });
    let heard = told(&broker, &*mqtt, story).await;
    let event = on(&heard, "home/cams/front-yard-4/event").json();
    assert_eq!((&event["motion"], &event["held"]), (&json!("OFF"), &json!(12)));
    assert!(event["text"].as_str().unwrap().contains("broke before the end"));
    assert!(event.get("picture").is_none());
    let state = on(&heard, "home/cams/front-yard-4/state").json();
    assert_eq!((&state["event"], &state["held"]), (&json!("end"), &json!(12)));
    let retained = broker.retained().await.unwrap();
    assert_eq!(on(&retained, "home/cams/front-yard-4/picture").payload, jpeg(64, 48));
}

/// It shows pictures of hours ago.
#[tokio::test]
async fn a_report_is_an_event_and_changes_nothing_that_is_retained() {
    let broker = Mosquitto::open().unwrap();
    let report = Story::new().picture("p.jpg").change(|alert| {
        alert.kind = AlertKind::Report;
        alert.event = Event::Other;
    });
    let heard = told(&broker, &*mqtt(&broker.url(), &[]), report).await;
    assert_eq!(
        heard.iter().map(|it| it.topic.as_str()).collect::<Vec<_>>(),
        ["tipoff/front-yard-4/event"]
    );
    let event = heard[0].json();
    assert_eq!(event["kind"], "report");
    assert!(event.get("motion").is_none() && event.get("picture").is_none(), "{event}");
}

#[tokio::test]
async fn only_motion_events_set_the_motion_sensor() {
    let broker = Mosquitto::open().unwrap();
    let mqtt = mqtt(&broker.url(), &[]);
    for event in Event::ALL {
        let expected = match event {
            Event::Motion | Event::Person | Event::Vehicle | Event::Animal | Event::Doorbell => {
                "ON"
            }
            Event::Line | Event::Zone | Event::Input => "ON",
            Event::End => "OFF",
            _ => "",
        };
        let heard = told(&broker, &*mqtt, Story::new().change(|alert| alert.event = *event)).await;
        let told = heard.last().unwrap().json();
        assert_eq!(told["motion"].as_str().unwrap_or_default(), expected, "{event}");
    }
    let story = Story::new().picture("p.jpg").change(|alert| alert.event = Event::Other);
    let heard = told(&broker, &*mqtt, story).await;
    assert_eq!(heard.last().unwrap().json()["motion"], "ON");
}

#[tokio::test]
async fn hostile_names_share_no_topics_and_break_no_json() {
    let broker = Mosquitto::open().unwrap();
    let mqtt = mqtt(&broker.url(), &[]);
    for (id, name, topic) in [
        (1, "../+/#\"\n\0", "tipoff/device-1/event"),
        (2, "mode/set", "tipoff/mode-set-2/event"),
        (3, "status", "tipoff/status-3/event"),
        (4, "Ga rten/süd", "tipoff/ga-rten-s-d-4/event"),
        (5, "garten s d", "tipoff/garten-s-d-5/event"),
    ] {
        let story = Story::new().change(|alert| {
            (alert.device_id, alert.device) = (DeviceId(id), name.to_owned());
            alert.subject = "\"},{\u{2028}".to_owned();
        });
        let heard = told(&broker, &*mqtt, story).await;
        let event = on(&heard, topic).json();
        assert_eq!(event["device"], name);
        assert_eq!(event["subject"], "\"},{\u{2028}");
    }
}

#[tokio::test]
async fn a_picture_beyond_the_limit_becomes_words_and_the_next_that_fits_is_taken() {
    let broker = Mosquitto::open().unwrap();
    let limited = mqtt(&broker.url(), &[("picture_kb", Value::Integer(300))]);
    let zeros = |size| Story::new().zeros("big.jpg", "image/jpeg", MediaKind::Picture, size);
    let heard = told(&broker, &*limited, zeros(300 << 10)).await;
    assert_eq!(on(&heard, "tipoff/front-yard-4/picture").payload.len(), 300 << 10);
    let heard = told(&broker, &*limited, zeros((300 << 10) + 1)).await;
    let words = "big.jpg (301 KB): too big for `picture_kb` (300 KB): it is kept in Tipoff";
    for leaf in ["event", "state"] {
        let told = on(&heard, &format!("tipoff/front-yard-4/{leaf}")).json();
        assert_eq!(told["picture_missing"], words);
        assert!(told.get("picture").is_none());
    }
    assert!(!heard.iter().any(|heard| heard.topic.ends_with("/picture")));
    let heard = told(&broker, &*limited, zeros(1 << 20).picture("small.jpg")).await;
    assert_eq!(on(&heard, "tipoff/front-yard-4/picture").payload, jpeg(64, 48));
    // By default, as much as the largest cameras send.
    let heard = told(&broker, &*mqtt(&broker.url(), &[]), zeros(5 << 20)).await;
    assert_eq!(on(&heard, "tipoff/front-yard-4/picture").payload.len(), 5 << 20);
    let none = mqtt(&broker.url(), &[("picture_kb", Value::Integer(0))]);
    let heard = told(&broker, &*none, Story::new().picture("p.jpg")).await;
    assert_eq!(heard.len(), 2);
}

#[tokio::test]
async fn torn_empty_and_unshowable_pictures_are_not_published() {
    let broker = Mosquitto::open().unwrap();
    let story = Story::new()
        .picture("torn.jpg")
        .file("empty.jpg", "image/jpeg", MediaKind::Picture, Vec::new())
        .file("old.tif", "image/tiff", MediaKind::Picture, b"II*\0".to_vec())
        .file("clip.mp4", "video/mp4", MediaKind::Video, b"mp4".to_vec())
        .change(|alert| alert.media[0].media.whole = false);
    let heard = told(&broker, &*mqtt(&broker.url(), &[]), story).await;
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0].json()["videos"], 1);
}

#[tokio::test]
async fn long_texts_and_many_files_stay_below_what_brokers_take() {
    let broker = Mosquitto::open().unwrap();
    let mut story = Story::new().text(&"\u{1}😀\"".repeat(30_000));
    for number in 0..150 {
        story = story.file(&format!("{number}.txt"), "text/plain", MediaKind::File, vec![1]);
    }
    let heard = told(&broker, &*mqtt(&broker.url(), &[]), story).await;
    let (state, event) = (&heard[0], &heard[1]);
    assert!(event.payload.len() < 256 << 10 && state.payload.len() < 16_384);
    let event = event.json();
    assert_eq!(event["media"].as_array().unwrap().len(), 100);
    assert_eq!(event["more_files"], 50);
    assert!(event["text"].as_str().unwrap().ends_with('…'));
    assert_eq!(state.json()["files"], 150);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_concerns_its_message_only() {
    let broker = Mosquitto::open().unwrap();
    let story = Story::new().picture("p.jpg").change(|alert| alert.media[0].media.size = 100_000);
    let (scope, _, error) = retried(&send(&*mqtt(&broker.url(), &[]), story).await);
    assert_eq!(scope, Scope::Message);
    assert!(error.contains("p.jpg cannot be read"), "{error}");
}

#[tokio::test]
async fn a_broker_that_does_not_take_a_picture_gets_words_at_the_third_attempt() {
    // Closes the connection of whoever sends more; as EMQX does beyond 1 MB.
    let lines = "allow_anonymous true\nmax_packet_size 20000";
    let mut broker = Mosquitto::start(lines, &[]).unwrap();
    let mqtt = mqtt(&broker.url(), &[]);
    let story = || Story::new().zeros("big.jpg", "image/jpeg", MediaKind::Picture, 100_000);
    for _ in 0..2 {
        // A broker that is away says nothing of the picture.
        broker.stop();
        let (_, _, error) = retried(&send(&*mqtt, story()).await);
        assert!(error.contains("cannot be reached") && !error.contains("picture"), "{error}");
        broker.resume().unwrap();
        let (scope, after, error) = retried(&send(&*mqtt, story()).await);
        assert_eq!((scope, after), (Scope::Unreachable, None));
        assert!(error.contains("while a picture of 98 KB was sent (see `picture_kb`)"), "{error}");
    }
    let heard = told(&broker, &*mqtt, story()).await;
    let words = heard[1].json()["picture_missing"].as_str().unwrap().to_owned();
    assert!(words.contains("the broker did not take it"), "{words}");
    // The next alert is tried with its picture.
    let next = Story::new().picture("p.jpg").change(|alert| alert.idempotency_key = "8".to_owned());
    assert_eq!(told(&broker, &*mqtt, next).await.len(), 3);
}

/// Greets whoever connects, acknowledges the first thing it is told and hangs up at the second; how large
/// the first was.
async fn breaks_off(listener: &TcpListener) -> usize {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut sizes = Vec::new();
    for answer in [&[0x20, 2, 0, 0][..], &[0x40, 2, 0, 1]] {
        let (_kind, mut size, mut shift) = (stream.read_u8().await.unwrap(), 0, 0);
        // MQTT 3.1.1, section 2.2.3.
        loop {
            let byte = stream.read_u8().await.unwrap();
            size |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        stream.read_exact(&mut vec![0; size]).await.unwrap();
        stream.write_all(answer).await.unwrap();
        sizes.push(size);
    }
    stream.read_u8().await.unwrap();
    sizes[1]
}

#[tokio::test]
async fn a_picture_that_was_taken_is_not_left_out_for_what_failed_after_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mqtt = mqtt(&format!("mqtt://{}", listener.local_addr().unwrap()), &[soon()]);
    for _ in 0..4 {
        let story = Story::new().zeros("big.jpg", "image/jpeg", MediaKind::Picture, 100_000);
        let (outcome, size) = tokio::join!(send(&*mqtt, story), breaks_off(&listener));
        let (scope, _, error) = retried(&outcome);
        assert!(scope == Scope::Unreachable && !error.contains("picture"), "{error}");
        assert!(size > 100_000, "{size}");
    }
}

#[tokio::test]
async fn a_refused_login_is_reported_with_its_repair() {
    let lines = "allow_anonymous false\npassword_file {folder}/users";
    let mut broker = Mosquitto::start(lines, &[("users", "")]).unwrap();
    broker.put_user("users", "me", "passw0rd").unwrap();
    broker.resume().unwrap();
    let login = |user, password| [("user", text(user)), ("password", text(password))];
    let right = login("me", "passw0rd");
    delivered(&send(&*mqtt(&broker.url(), &right), Story::new()).await);
    for more in [&login("me", "s3cretwrong")[..], &login("you", "s3cretwrong"), &[]] {
        let (scope, after, error) = retried(&send(&*mqtt(&broker.url(), more), Story::new()).await);
        assert_eq!((scope, after), (Scope::Channel, REPAIR));
        let address = broker.url().replace("mqtt://", "");
        assert_eq!(error, format!("{address} refuses the login: check `user` and `password`"));
    }
}

/// An authority's certificate; a certificate that it signed, and its key.
fn certificates() -> (String, String, String) {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let ca = params.self_signed(&key).unwrap().pem();
    let issuer = rcgen::Issuer::new(params, key);
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    let server_key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(names).unwrap();
    let server = params.signed_by(&server_key, &issuer).unwrap().pem();
    (ca, server, server_key.serialize_pem())
}

#[tokio::test]
async fn tls_trusts_the_authority_that_is_set_and_no_other() {
    let (ca, server, key) = certificates();
    let lines = "allow_anonymous true\ncertfile {folder}/server\nkeyfile {folder}/key";
    let broker = Mosquitto::start(lines, &[("server", &server), ("key", &key)]).unwrap();
    let url = |host: &str| format!("mqtts://{host}:{}", broker.port());
    let trusting = [("ca", text(&ca)), soon()];
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        let story = Story::new().picture("p.jpg");
        delivered(&send(&*mqtt(&url(host), &trusting), story).await);
    }
    let (other, ..) = certificates();
    for more in [&[("ca", text(&other)), soon()][..], &[soon()]] {
        let (scope, after, error) =
            retried(&send(&*mqtt(&url("localhost"), more), Story::new()).await);
        assert_eq!((scope, after), (Scope::Unreachable, None));
        assert!(error.contains("is not trusted") && error.contains("in `ca`"), "{error}");
    }
    // The wrong port for the protocol, both ways.
    let (scope, after, error) =
        retried(&send(&*mqtt(&broker.url(), &[soon()]), Story::new()).await);
    assert_eq!((scope, after), (Scope::Unreachable, None));
    assert!(error.contains(&broker.port().to_string()), "{error}");
    let plain = Mosquitto::open().unwrap();
    let url = plain.url().replace("mqtt:", "mqtts:");
    let (_, _, error) = retried(&send(&*mqtt(&url, &[soon()]), Story::new()).await);
    assert!(error.contains(&plain.port().to_string()), "{error}");
}

#[tokio::test]
async fn brokers_that_are_gone_or_silent_are_tried_again() {
    let mut broker = Mosquitto::open().unwrap();
    let mqtt_of = |url: &str| mqtt(url, &[soon()]);
    let channel = mqtt_of(&broker.url());
    broker.stop();
    let (scope, after, error) = retried(&send(&*channel, Story::new()).await);
    assert_eq!((scope, after), (Scope::Unreachable, None));
    assert!(error.contains("cannot be reached"), "{error}");
    broker.resume().unwrap();
    delivered(&send(&*channel, Story::new()).await);
    // One accepts and says nothing; one greets and acknowledges nothing.
    for greeting in [&b""[..], &[0x20, 2, 0, 0]] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("mqtt://{}", listener.local_addr().unwrap());
        let silent = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(greeting).await.unwrap();
            let mut bytes = [0; 1024];
            while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
        });
        let (scope, after, error) = retried(&send(&*mqtt_of(&url), Story::new()).await);
        assert_eq!((scope, after), (Scope::Unreachable, None));
        assert!(error.ends_with("did not answer within 2 s"), "{error}");
        silent.abort();
    }
    // One that is none.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("mqtt://{}", listener.local_addr().unwrap());
    let web = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let mut bytes = [0; 1024];
        let _ = stream.read(&mut bytes).await;
    });
    let (_, _, error) = retried(&send(&*mqtt_of(&url), Story::new()).await);
    assert!(error.starts_with("the connection to 127.0.0.1:"), "{error}");
    web.abort();
}

#[tokio::test]
async fn two_clients_do_not_disturb_each_other() {
    let broker = Mosquitto::open().unwrap();
    let (one, two) = (mqtt(&broker.url(), &[]), mqtt(&broker.url(), &[]));
    let listener = broker.listen("tipoff/+/event").unwrap();
    for _ in 0..10 {
        let (first, second) = tokio::join!(send(&*one, Story::new()), send(&*two, Story::new()));
        delivered(&first);
        delivered(&second);
    }
    assert_eq!(listener.log().wait_for(20).await.len(), 20);
    assert!(broker.retained().await.unwrap().iter().all(|heard| heard.topic != "tipoff/status"));
}

#[tokio::test]
async fn no_error_shows_a_password() {
    let more = [("user", text("me")), ("password", text("passw0rd")), soon()];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("mqtt://{}", listener.local_addr().unwrap());
    drop(listener);
    let outcome = send(&*mqtt(&url, &more), Story::new()).await;
    assert!(!format!("{outcome:?}").contains("passw0rd"));
    let wrong = [("server", text("mqtt://me:passw0rd@host")), ("ca", text("passw0rd"))];
    let faults = common::build("mqtt", &wrong).err().unwrap();
    assert!(!format!("{faults:?}").contains("passw0rd"));
}

#[test]
fn all_faults_of_the_settings_are_reported() {
    assert_eq!(faults("mqtt", &[]), ["server"]);
    let wrong = [
        ("server", text("http://host")),
        ("topic", text("a/#")),
        ("discovery", text("/x")),
        ("off_delay", Value::Duration(Duration::ZERO)),
        ("picture_kb", Value::Integer(51_201)),
        ("password", text("x")),
    ];
    let keys = ["topic", "discovery", "off_delay", "picture_kb", "password", "server"];
    assert_eq!(faults("mqtt", &wrong), keys);
    for server in ["", "host", "mqtt://", "mqtt://host/path", "mqtt://host?x", "mqtt://u:p@host"] {
        assert_eq!(faults("mqtt", &[("server", text(server))]), ["server"], "{server}");
    }
    for server in ["mqtt://host", "mqtt://host:1/", "mqtts://[::1]:8883", "mqtts://10.0.0.1"] {
        assert!(faults("mqtt", &[("server", text(server))]).is_empty(), "{server}");
    }
    let (ca, ..) = certificates();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (server, ca) in [("mqtts://h", "x"), ("mqtts://h", broken), ("mqtt://h", ca.as_str())] {
        assert_eq!(faults("mqtt", &[("server", text(server)), ("ca", text(ca))]), ["ca"]);
    }
    let most = [("picture_kb", Value::Integer(51_200)), ("discovery", text(""))];
    assert!(faults("mqtt", &[("server", text("mqtts://h")), most[0].clone()]).is_empty());
}
