//! Against a real broker: what is not acknowledged comes again, and what is too large is recognised.
#![allow(clippy::unwrap_used, reason = "a test fails at what it does not expect")]

use std::time::Duration;

use tipoff_mqtt::{Broker, BrokerAddress, ErrorKind, Message, Subscription, TopicFilter};
use tipoff_testkit::mosquitto::Mosquitto;
use tokio::time::timeout;

const LARGEST: usize = 20_000_000;

fn broker(of: &Mosquitto) -> Broker {
    Broker {
        address: BrokerAddress::new(&of.url()).unwrap(),
        login: None,
        authority: None,
        client_id: "tipoff0".to_owned(),
    }
}

async fn subscribed(to: &Mosquitto) -> Subscription {
    let topics = [TopicFilter::new("yard/#").unwrap()];
    let subscription = broker(to).connect(&topics).await.unwrap();
    assert_eq!(subscription.refused(), []);
    subscription
}

async fn next(subscription: &mut Subscription) -> Message {
    timeout(Duration::from_secs(20), subscription.next()).await.unwrap().unwrap()
}

/// Sends what is acknowledged: nothing more comes.
async fn settle(subscription: &mut Subscription) {
    let more = timeout(Duration::from_millis(300), subscription.next()).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test]
async fn a_message_comes_again_until_it_is_acknowledged() {
    let mosquitto = Mosquitto::open().unwrap();
    let mut subscription = subscribed(&mosquitto).await;
    assert!(!subscription.is_resumed());
    mosquitto.publish("yard/a", b"1", false).unwrap();
    let message = next(&mut subscription).await;
    let number = message.number();
    assert_eq!((message.topic.as_str(), message.payload()), ("yard/a", &b"1"[..]));
    assert!(!message.is_again() && !message.is_late && !message.is_retained());
    drop(subscription);
    let mut subscription = subscribed(&mosquitto).await;
    assert!(subscription.is_resumed());
    let mut message = next(&mut subscription).await;
    assert!(message.is_again() && message.is_late);
    assert_eq!(message.number(), number);
    subscription.acknowledge(&mut message).unwrap();
    settle(&mut subscription).await;
    drop(subscription);
    settle(&mut subscribed(&mosquitto).await).await;
}

#[tokio::test]
async fn what_came_between_two_connections_is_late_and_what_comes_then_is_not() {
    let mosquitto = Mosquitto::open().unwrap();
    drop(subscribed(&mosquitto).await);
    // More than a broker sends before the first acknowledgement.
    for number in 0..30 {
        mosquitto.publish("yard/a", number.to_string().as_bytes(), false).unwrap();
    }
    let mut subscription = subscribed(&mosquitto).await;
    for number in 0..30 {
        let mut message = next(&mut subscription).await;
        assert_eq!(message.payload(), number.to_string().as_bytes());
        assert!(message.is_late, "{number}");
        subscription.acknowledge(&mut message).unwrap();
    }
    settle(&mut subscription).await;
    settle(&mut subscription).await;
    mosquitto.publish("yard/a", b"now", false).unwrap();
    assert!(!next(&mut subscription).await.is_late);
}

#[tokio::test]
async fn a_message_that_is_too_large_is_recognised_and_forgotten() {
    let mosquitto = Mosquitto::open().unwrap();
    let mut subscription = subscribed(&mosquitto).await;
    mosquitto.publish("yard/a", &vec![b'x'; LARGEST], false).unwrap();
    let mut message = next(&mut subscription).await;
    assert_eq!(message.payload().len(), LARGEST);
    subscription.acknowledge(&mut message).unwrap();
    mosquitto.publish("yard/a", &vec![b'x'; LARGEST + 70_001], false).unwrap();
    let error = timeout(Duration::from_secs(20), subscription.next()).await.unwrap().unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
    drop(subscription);
    broker(&mosquitto).forget().await.unwrap();
    let mut subscription = subscribed(&mosquitto).await;
    assert!(!subscription.is_resumed());
    mosquitto.publish("yard/a", b"1", false).unwrap();
    assert_eq!(next(&mut subscription).await.payload(), b"1");
}

#[tokio::test]
async fn a_wrong_login_and_nobody_there_are_told_apart_without_the_password() {
    let lines = "allow_anonymous false\npassword_file {folder}/users";
    let mut mosquitto = Mosquitto::start(lines, &[("users", "")]).unwrap();
    mosquitto.put_user("users", "tipoff", "right").unwrap();
    mosquitto.resume().unwrap();
    let with = |password: &str| {
        let login = Some(("tipoff".to_owned(), password.to_owned()));
        Broker { login, ..broker(&mosquitto) }
    };
    let wrong = with("hunter2");
    let error = wrong.connect(&[]).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Login);
    assert!(!format!("{error} {wrong:?}").contains("hunter2"));
    assert!(with("right").connect(&[]).await.is_ok());
    let right = with("right");
    mosquitto.stop();
    let error = right.connect(&[]).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
}
