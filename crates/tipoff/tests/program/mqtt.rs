//! MQTT in the whole program: from a mail to a subscriber, the mode both ways, a change of settings.

use serde_json::json;
use tipoff_testkit::homeassistant::HomeAssistant;
use tipoff_testkit::mosquitto::{Heard, Listener, Mosquitto};

use crate::api::{curl, make_token};
use crate::harness::{Home, PICTURE, Server, mail, send, wait_for};

/// Waits for a message.
fn hear(listener: &Listener, what: &str, fits: impl Fn(&Heard) -> bool) -> Heard {
    wait_for(what, || listener.log().all().into_iter().find(|heard| fits(heard)))
}

fn configuration(broker: &Mosquitto, more: &str) -> String {
    format!(
        "[[channel]]\nname = \"broker\"\ntype = \"mqtt\"\nserver = {:?}\n{more}\
         [[mode]]\nname = \"home\"\n[[mode]]\nname = \"away\"\n",
        broker.url()
    )
}

fn mode(server: &Server, token: &str) -> serde_json::Value {
    let bearer = format!("Authorization: Bearer {token}");
    let (status, body) = curl(server, "/api/v1/house", &["-H", &bearer]);
    assert_eq!(status, "200");
    serde_json::from_slice::<serde_json::Value>(&body).unwrap()["mode"].clone()
}

#[test]
fn a_mail_reaches_subscribers_and_the_mode_goes_both_ways() {
    let broker = Mosquitto::open().unwrap();
    let listener = broker.listen("#").unwrap();
    let home = Home::new(&configuration(&broker, ""));
    let server = home.start();
    let token = make_token(&home, &["tester"]);
    hear(&listener, "the mode", |heard| heard.topic == "tipoff/mode" && heard.text() == "home");
    send(server.smtp[0], "yard@example.com", &mail("Motion", &[PICTURE]));
    let event = hear(&listener, "the event", |heard| heard.topic.ends_with("/event")).json();
    assert_eq!((&event["kind"], &event["event"]), (&json!("first"), &json!("motion")));
    let topic = event["picture"].as_str().unwrap();
    let picture = hear(&listener, "the picture", |heard| heard.topic == topic);
    assert_eq!(picture.payload, PICTURE);
    let is_config = |heard: &Heard| heard.topic.starts_with("homeassistant/device/tipoff_");
    let device = hear(&listener, "the device", is_config);
    let mut assistant = HomeAssistant::default();
    assistant.discover(&device.topic, &device.payload).unwrap();
    assert_eq!(assistant.devices[0]["device"]["name"], event["device"]);

    broker.publish("tipoff/mode/set", b"away", false).unwrap();
    hear(&listener, "the mode", |heard| heard.topic == "tipoff/mode" && heard.text() == "away");
    assert_eq!(mode(&server, &token), "away");
    broker.publish("tipoff/mode/set", b"nowhere", false).unwrap();
    wait_for("the refusal", || server.log().contains("nowhere").then_some(()));
    assert_eq!(mode(&server, &token), "away");

    home.run(&["channels", "test"]);
    hear(&listener, "the test", |heard| heard.topic == "tipoff/tipoff-0/event");
    let status = |words: &str| {
        let heard = listener.log().all().into_iter();
        heard.filter(|heard| heard.topic == "tipoff/status" && heard.text() == words).count()
    };
    assert_eq!((status("online"), status("offline")), (1, 0));
    server.stop();
    wait_for("the last will", || (status("offline") == 1).then_some(()));
}

/// A device of the configuration that gets another name there is another device: the old one goes.
#[test]
fn a_name_changed_in_the_file_leaves_nothing_at_the_broker() {
    let broker = Mosquitto::open().unwrap();
    let listener = broker.listen("#").unwrap();
    let device = |name: &str| {
        configuration(
            &broker,
            &format!("[[device]]\nname = \"{name}\"\nmatch = {{ from = \"yard@*\" }}\n"),
        )
    };
    let home = Home::new(&device("Front"));
    let server = home.start();
    // The devices were read once before there is one.
    hear(&listener, "the mode", |heard| heard.topic == "tipoff/mode" && heard.text() == "home");
    send(server.smtp[0], "yard@example.com", &mail("Motion", &[PICTURE]));
    let front = hear(&listener, "the picture", |heard| heard.topic.starts_with("tipoff/front-"));
    let slug = front.topic.split('/').nth(1).unwrap().to_owned();
    let number = slug.rsplit_once('-').unwrap().1.to_owned();
    let config = format!("homeassistant/device/tipoff_{number}/config");
    hear(&listener, "the device", |heard| heard.topic == config);
    home.configure(&device("Back"));
    let left = [config, format!("tipoff/{slug}/state"), format!("tipoff/{slug}/picture")];
    for topic in &left {
        hear(&listener, topic, |heard| heard.topic == *topic && heard.payload.is_empty());
    }
    send(server.smtp[0], "yard@example.com", &mail("Motion", &[PICTURE]));
    hear(&listener, "the new name", |heard| {
        heard.topic.starts_with("tipoff/back-") && heard.topic.ends_with("/event")
    });
    server.stop();
}
