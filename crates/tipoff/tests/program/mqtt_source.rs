//! Alarms that a broker passes on: each ends in one alert of the right device, whatever breaks between.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tipoff_testkit::mosquitto::Mosquitto;
use tipoff_testkit::postgres;

use crate::harness::{Home, PICTURE, Server, wait_for};
use crate::hook::{Hook, files};

const MOTION: &str = "cameras/yard/status/alarm/triggered";
const FIRED: &[u8] = br#"{"val":"1"}"#;
const PAGE: &str = include_str!("../../../../docs/mqtt.md");

fn yard(url: &str, more: &str) -> String {
    format!(
        "[[mqtt]]\nname = \"home\"\nurl = {url:?}\n{more}\n[[device]]\nname = \"Yard\"\n\
         mqtt = {{ topic = \"cameras/yard/#\" }}\n"
    )
}

/// Waits until the broker was connected to this often.
fn connected(server: &Server, times: usize) {
    wait_for("the connection to the broker", || {
        (server.log().matches("Connected to the broker").count() >= times).then_some(())
    });
}

/// The text of the sessions with brokers.
fn sessions(home: &Home) -> String {
    let list = home.json(&["sessions", "--json"]);
    let of_broker = list.as_array().unwrap().iter().filter(|it| it["protocol"] == "mqtt");
    let show = |it: &Value| home.run(&["sessions", "show", &it["session"].to_string(), "--json"]);
    of_broker.map(show).collect()
}

/// The parts of the page that follow a line in its examples.
fn blocks(kind: &str) -> Vec<&'static str> {
    let examples = PAGE.split_once("## Examples").unwrap().1;
    let fenced = examples.split("```").skip(1).step_by(2);
    fenced.filter_map(|block| block.strip_prefix(kind)?.strip_prefix('\n')).collect()
}

#[test]
fn the_examples_of_the_documentation_do_what_they_say() {
    let (hook, broker) = (Hook::start(), Mosquitto::open().unwrap());
    let devices = blocks("toml");
    let lines: Vec<&str> = blocks("sh").into_iter().flat_map(str::lines).collect();
    assert!(devices.len() >= 7 && lines.len() >= 12);
    let home = Home::new(&format!(
        "{}\n[[mqtt]]\nurl = {:?}\n{}",
        hook.channel(),
        broker.url(),
        devices.concat()
    ));
    let server = home.start();
    connected(&server, 1);
    let mut expected = Vec::new();
    for line in &lines {
        let (command, event) = line.rsplit_once(" # ").unwrap();
        let (topic, payload) =
            command.strip_prefix("mosquitto_pub -t ").unwrap().split_once(" -m ").unwrap();
        broker.publish(topic, payload.trim_matches('\'').as_bytes(), false).unwrap();
        if !matches!(event, "end" | "nothing") {
            expected.push(event.to_owned());
        }
        hook.wait_for(expected.len());
    }
    let alerts = hook.wait_for(expected.len());
    let events: Vec<&str> = alerts.iter().map(|alert| alert["event"].as_str().unwrap()).collect();
    assert_eq!(events, expected);
    let names: BTreeSet<&str> = alerts.iter().map(|it| it["device"].as_str().unwrap()).collect();
    assert_eq!(names.len(), devices.len(), "{names:?}");
    // It comes after the end before it.
    broker.publish("home/door/bell", b"ON", false).unwrap();
    assert_eq!(hook.wait_for(expected.len() + 1)[expected.len()]["device"], "Assistant");
    server.stop();
}

#[test]
fn a_picture_joins_the_alarm_of_its_device_and_an_end_opens_nothing() {
    let (hook, broker) = (Hook::start(), Mosquitto::open().unwrap());
    let home = Home::new(&format!("{}\n{}", hook.channel(), yard(&broker.url(), "")));
    let server = home.start();
    connected(&server, 1);
    broker.publish(MOTION, FIRED, false).unwrap();
    let alert = hook.wait_for(1).remove(0);
    assert_eq!((&alert["device"], &alert["event"]), (&json!("Yard"), &json!("motion")));
    publish_file(&home, &broker, "cameras/yard/picture");
    let pictures = hook.wait_for(2).remove(1);
    assert_eq!(files(&pictures), [PICTURE]);
    assert_eq!(pictures["incident"], alert["incident"]);
    broker.publish(MOTION, br#"{"val":"0"}"#, false).unwrap();
    broker.publish("cameras/yard/person", b"ON", false).unwrap();
    hook.wait_for(3);
    server.stop();
    assert!(sessions(&home).contains("nothing that is an alarm"));
    let incident = home.incident(alert["incident"].as_i64().unwrap());
    assert_eq!(incident["arrivals"].as_array().unwrap().len(), 3);
    assert_eq!(incident["arrivals"][0]["envelope"]["protocol"], "mqtt");
    assert_eq!(home.incidents().len(), 1);
}

/// Publishes the picture of the tests, whose bytes are no text.
fn publish_file(home: &Home, broker: &Mosquitto, topic: &str) {
    let path = home.put("picture.jpg", PICTURE);
    let mut command = std::process::Command::new(crate::harness::require("mosquitto_pub"));
    let port = broker.port().to_string();
    command.args(["-q", "1", "-h", "127.0.0.1", "-p", &port, "-t", topic, "-f"]).arg(path);
    assert!(command.status().unwrap().success());
}

#[test]
fn retained_messages_last_wills_and_other_states_are_no_alarm() {
    let (hook, broker) = (Hook::start(), Mosquitto::open().unwrap());
    broker.publish(MOTION, FIRED, true).unwrap();
    let home = Home::new(&format!("{}\n{}", hook.channel(), yard(&broker.url(), "")));
    let server = home.start();
    connected(&server, 1);
    for (topic, payload) in [
        ("cameras/yard/status/connection", &br#"{"val":"offline"}"#[..]),
        ("cameras/yard/motion/availability", b"offline"),
        ("cameras/yard/figures", br#"{"uptime":5,"load":0.3}"#),
        ("cameras/yard/motion", b""),
        ("cameras/gate/motion", b"ON"),
    ] {
        broker.publish(topic, payload, false).unwrap();
    }
    broker.publish("cameras/yard/person", b"ON", false).unwrap();
    let alert = hook.wait_for(1).remove(0);
    assert_eq!(alert["event"], "person", "{alert}");
    assert_eq!(home.incidents().len(), 1);
    server.stop();
    assert!(sessions(&home).contains("It is retained"));
}

/// A proxy in front of a broker which passes on nothing to the broker while `deaf`.
fn proxy(port: u16, deaf: &Arc<AtomicBool>) -> SocketAddr {
    fn copy(mut from: TcpStream, mut to: TcpStream, deaf: Option<Arc<AtomicBool>>) {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let is_deaf = deaf.as_ref().is_some_and(|deaf| deaf.load(Ordering::SeqCst));
            if !is_deaf && to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, deaf) = (listener.local_addr().unwrap(), Arc::clone(deaf));
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(broker) = TcpStream::connect(("127.0.0.1", port)) else { continue };
            let (to_broker, to_client) = (broker.try_clone().unwrap(), client.try_clone().unwrap());
            let deaf = Arc::clone(&deaf);
            std::thread::spawn(move || copy(client, to_broker, Some(deaf)));
            std::thread::spawn(move || copy(broker, to_client, None));
        }
    });
    address
}

#[test]
fn a_message_that_is_stored_and_not_acknowledged_comes_again_and_is_alerted_once() {
    let (hook, broker) = (Hook::start(), Mosquitto::open().unwrap());
    let deaf = Arc::new(AtomicBool::new(false));
    let url = format!("mqtt://{}", proxy(broker.port(), &deaf));
    let quiet = "[incidents]\nquiet = \"0 s\"\n";
    let home = Home::new(&format!("{}\n{quiet}{}", hook.channel(), yard(&url, "")));
    let server = home.start();
    connected(&server, 1);
    deaf.store(true, Ordering::SeqCst);
    broker.publish(MOTION, FIRED, false).unwrap();
    hook.wait_for(1);
    server.kill_now();
    drop(server);
    deaf.store(false, Ordering::SeqCst);
    let server = home.start();
    // What was not acknowledged comes before the next one.
    broker.publish("cameras/yard/person", b"ON", false).unwrap();
    assert_eq!(hook.wait_for(2)[1]["event"], "person");
    server.stop();
    assert!(sessions(&home).contains("The broker sent it again"));
    assert_eq!((hook.alerts().len(), home.incidents().len()), (2, 2));
}

#[test]
fn what_came_while_tipoff_was_away_is_delivered_and_says_so() {
    let (hook, broker) = (Hook::start(), Mosquitto::open().unwrap());
    let quiet = "[incidents]\nquiet = \"0 s\"\n";
    let home = Home::new(&format!("{}\n{quiet}{}", hook.channel(), yard(&broker.url(), "")));
    let server = home.start();
    connected(&server, 1);
    server.stop();
    broker.publish("cameras/yard/person", b"ON", false).unwrap();
    let server = home.start();
    let alert = hook.wait_for(1).remove(0);
    assert_eq!(alert["event"], "person");
    assert!(alert["text"].as_str().unwrap().contains("kept this message"), "{alert}");
    // What comes after a pause is not late.
    let mut count = 1;
    wait_for("an alert that is not late", || {
        // Messages that say nothing new, so that few alerts are sent meanwhile.
        for _ in 0..50 {
            broker.publish("cameras/yard/motion", b"OFF", false).unwrap();
        }
        broker.publish("cameras/yard/motion", b"ON", false).unwrap();
        count += 1;
        let alert = hook.wait_for(count).remove(count - 1);
        (!alert["text"].as_str().unwrap().contains("kept this message")).then_some(())
    });
    server.stop();
}

#[test]
fn a_broker_that_restarts_is_connected_to_again() {
    let (hook, mut broker) = (Hook::start(), Mosquitto::open().unwrap());
    let home = Home::new(&format!("{}\n{}", hook.channel(), yard(&broker.url(), "")));
    let server = home.start();
    connected(&server, 1);
    broker.stop();
    wait_for("the end of the connection", || {
        server.log().contains("The connection to the broker has ended").then_some(())
    });
    broker.resume().unwrap();
    connected(&server, 2);
    broker.publish(MOTION, FIRED, false).unwrap();
    assert_eq!(hook.wait_for(1)[0]["device"], "Yard");
    server.stop();
}

#[test]
fn a_wrong_password_is_said_and_tried_once_and_an_edit_corrects_it() {
    let hook = Hook::start();
    let mut broker =
        Mosquitto::start("allow_anonymous false\npassword_file {folder}/users", &[("users", "")])
            .unwrap();
    broker.put_user("users", "tipoff", "right").unwrap();
    broker.resume().unwrap();
    let login = |password: &str| format!("user = \"tipoff\"\npassword = \"{password}\"");
    let config =
        |password: &str| format!("{}\n{}", hook.channel(), yard(&broker.url(), &login(password)));
    let home = Home::new(&config("wrong-word"));
    let server = home.start();
    wait_for("the refusal", || server.log().contains("refuses the login").then_some(()));
    wait_for("the session", || sessions(&home).contains("correct `user`").then_some(()));
    home.configure(&config("right"));
    connected(&server, 1);
    broker.publish(MOTION, FIRED, false).unwrap();
    assert_eq!(hook.wait_for(1)[0]["device"], "Yard");
    assert_eq!(broker.log().matches("not authorised").count(), 1, "{}", broker.log());
    assert!(!server.log().contains("wrong-word") && !sessions(&home).contains("wrong-word"));
    server.stop();
}

#[test]
fn of_several_nodes_one_subscribes_and_another_takes_over_what_waits() {
    let (hook, broker) = (Hook::start(), Mosquitto::open().unwrap());
    let database = postgres::Server::shared().unwrap().create_database().unwrap();
    let configuration = format!(
        "[spool]\nengine = \"postgres\"\nurl = {:?}\n[incidents]\nquiet = \"0 s\"\n{}\n{}",
        database.url(),
        hook.channel(),
        yard(&broker.url(), "")
    );
    let homes = [Home::new(&configuration), Home::new(&configuration)];
    let mut servers: Vec<Server> = homes.iter().map(Home::start).collect();
    let is_connected = |server: &Server| server.log().contains("Connected to the broker");
    let first = wait_for("a node that subscribes", || servers.iter().position(is_connected));
    broker.publish(MOTION, FIRED, false).unwrap();
    hook.wait_for(1);
    assert!(!is_connected(&servers[1 - first]));
    servers.remove(first).kill_now();
    broker.publish("cameras/yard/person", b"ON", false).unwrap();
    // The first one may come again: the killed node may not have recorded it.
    wait_for("the second alert", || hook.alerts().into_iter().find(|it| it["event"] == "person"));
    assert!(is_connected(&servers[0]));
    servers.remove(0).stop();
}
