//! What a browser reads, at a push service that checks the request, the proof and the encryption.

use std::io;

use tipoff_model::{AlertKind, Scope};
use tipoff_testkit::push_service::{self, AUTHORIZATION, Push, PushService};
use tipoff_testkit::standin::Behaviour;

use super::*;
use crate::Files;
use crate::tests::alert::alert;

struct NoFiles;

impl Files for NoFiles {
    fn open(&self, _: &tipoff_model::AlertMedia) -> io::Result<Box<dyn io::Read + Send>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

fn sender() -> Arc<PushSender> {
    let key = VapidKey::read(&VapidKey::generate().unwrap()).unwrap();
    Arc::new(PushSender::new(key, |ip| ip.is_loopback()))
}

fn channel(
    sender: &Arc<PushSender>,
    browser: &push_service::Subscription,
) -> Result<Box<dyn Channel>, String> {
    let push_service::Subscription { endpoint, p256dh, auth } = browser;
    sender.channel(Subscription { endpoint, p256dh, auth, origin: "https://tip.example" })
}

async fn send(channel: &dyn Channel, alert: &Alert) -> Verdict {
    let files = Arc::new(NoFiles) as Arc<dyn Files>;
    let programs = crate::Programs {
        launcher: tipoff_confine::Launcher::this_program(),
        folder: std::env::temp_dir(),
        umask: 0o22,
    };
    let context = Context { files: &files, memory: &[], alert, programs: &programs };
    channel.send(&Message::default(), &context).await.verdict
}

/// The verdict on an alert, and what the browser read.
async fn sent(alert: &Alert) -> Push {
    let (service, sender) = (PushService::start().await.unwrap(), sender());
    let browser = service.subscribe(&sender.public_key()).unwrap();
    let verdict = send(&*channel(&sender, &browser).unwrap(), alert).await;
    assert_eq!(verdict, Verdict::Delivered(Receipt::default()));
    service.log().all().remove(0)
}

fn picture(name: &str) -> tipoff_model::AlertMedia {
    tipoff_model::AlertMedia {
        media: tipoff_model::Media {
            name: name.to_owned(),
            content_type: "image/jpeg".to_owned(),
            kind: tipoff_model::MediaKind::Picture,
            range: 0..1,
            encoding: tipoff_model::Encoding::Identity,
            size: 1,
            whole: true,
            repeat: false,
            decoration: false,
        },
        place: tipoff_model::MediaPlace { arrival: tipoff_model::ArrivalId(1), index: Some(0) },
        blob: tipoff_model::BlobName(String::new()),
        url: Some(format!("https://tip.example/a/media/1/0/9-abc/{name}")),
        clip: None,
    }
}

#[tokio::test]
async fn a_browser_reads_the_alert_with_links_relative_to_its_page() {
    let mut alert = alert();
    alert.text = "Somebody \u{1F6B6}".to_owned();
    alert.link = Some("https://tip.example/a/incidents/3".to_owned());
    alert.media = vec![picture("1.jpg"), picture("2.jpg")];
    let push = sent(&alert).await;
    assert_eq!(push.payload["title"], "👀 Front yard · Motion");
    assert_eq!(push.payload["body"], "Somebody 🚶");
    assert_eq!(push.payload["tag"], "incident-3");
    assert_eq!(push.payload["url"], "incidents/3");
    assert_eq!(push.payload["image"], "media/1/0/9-abc/1.jpg");
    assert_eq!(push.payload["at"], alert.received_at.as_ms());
    assert_eq!(
        (&push.payload["silent"], &push.payload["is_follow_up"]),
        (&false.into(), &false.into())
    );
    assert_eq!((push.urgency.as_str(), push.contact.as_str()), ("high", "https://tip.example"));
}

#[tokio::test]
async fn the_urgency_is_the_priority_and_each_delivery_has_its_topic() {
    let mut alert = alert();
    let first = sent(&alert).await;
    assert_eq!(sent(&alert).await.topic, first.topic, "a repeated attempt replaces the one before");
    alert.idempotency_key = "key-8".to_owned();
    alert.kind = AlertKind::FollowUp;
    let follow_up = sent(&alert).await;
    assert_ne!(follow_up.topic, first.topic);
    assert_eq!(
        (follow_up.urgency.as_str(), &follow_up.payload["silent"]),
        ("normal", &true.into())
    );
    assert_eq!(follow_up.payload["is_follow_up"], true);
    for (priority, urgency) in [
        (Priority::Lowest, "very-low"),
        (Priority::Low, "low"),
        (Priority::Normal, "normal"),
        (Priority::Urgent, "high"),
    ] {
        alert.manner.priority = Some(priority);
        assert_eq!(sent(&alert).await.urgency, urgency);
    }
}

/// Words of many bytes, a long link: the service would answer 413 to more than 4,096 bytes.
#[tokio::test]
async fn an_alert_of_any_length_fits() {
    let mut alert = alert();
    alert.device = "监控\u{1F4F7}\"\\".repeat(90);
    alert.text = "\u{1F6B6}\"\\人".repeat(5000);
    alert.link = Some("https://tip.example/a/incidents/3".to_owned());
    alert.media = vec![picture(&"x".repeat(790))];
    let push = sent(&alert).await;
    assert!(push.payload["body"].as_str().unwrap().starts_with("\u{1F6B6}\""), "{push:?}");
    assert!(push.payload["image"].is_null(), "the link is too long");
    assert!(payload::bytes(&alert, 300).len() <= 300);
}

#[tokio::test]
async fn a_service_that_takes_less_gets_a_shorter_message() {
    let (service, sender) = (PushService::start().await.unwrap(), sender());
    let browser = service.subscribe(&sender.public_key()).unwrap();
    let channel = channel(&sender, &browser).unwrap();
    service.script().next([Behaviour::answer(413, "too large")]);
    assert_eq!(send(&*channel, &alert()).await, Verdict::Delivered(Receipt::default()));
    service.script().always(Behaviour::answer(413, "too large"));
    assert!(matches!(send(&*channel, &alert()).await, Verdict::Refused { .. }));
}

#[tokio::test]
async fn each_answer_has_its_meaning() {
    let (service, sender) = (PushService::start().await.unwrap(), sender());
    let browser = service.subscribe(&sender.public_key()).unwrap();
    let channel = channel(&sender, &browser).unwrap();
    let alert = alert();
    for status in [404, 410] {
        service.script().next([Behaviour::answer(status, "gone")]);
        assert!(matches!(send(&*channel, &alert).await, Verdict::Gone { .. }), "{status}");
    }
    let after = [("retry-after".to_owned(), "7".to_owned())];
    for status in [429, 503] {
        service.script().next([Behaviour::Answer {
            status,
            headers: after.to_vec(),
            body: String::new(),
        }]);
        let verdict = send(&*channel, &alert).await;
        assert!(
            matches!(&verdict, Verdict::Retry { scope: Scope::Channel, after: Some(pause), .. } if pause.as_secs() == 7),
            "{verdict:?}"
        );
    }
    let elsewhere = [("location".to_owned(), "http://127.0.0.1:1/".to_owned())];
    service.script().next([Behaviour::Answer {
        status: 307,
        headers: elsewhere.to_vec(),
        body: String::new(),
    }]);
    assert!(
        matches!(send(&*channel, &alert).await, Verdict::Refused { .. }),
        "a redirect is not followed"
    );
    service.script().next([Behaviour::answer(403, "bad jwt at /push/0")]);
    let Verdict::Retry { error, .. } = send(&*channel, &alert).await else {
        panic!("it is tried again")
    };
    assert!(error.contains("clock"), "{error}");
    service.end(0);
    assert!(matches!(send(&*channel, &alert).await, Verdict::Gone { .. }));
}

#[tokio::test]
async fn no_error_contains_the_proof_that_a_service_echoes() {
    let (service, sender) = (PushService::start().await.unwrap(), sender());
    let browser = service.subscribe(&sender.public_key()).unwrap();
    let channel = channel(&sender, &browser).unwrap();
    // Where the quotation of the answer is cut within the proof, too.
    for before in [0, 80, 170] {
        let echo = format!("{} {AUTHORIZATION}", "x".repeat(before));
        for status in [400, 403, 429, 500] {
            service.script().next([Behaviour::answer(status, &echo)]);
            let verdict = format!("{:?}", send(&*channel, &alert()).await);
            assert!(verdict.contains("[hidden]") && !verdict.contains("eyJ"), "{verdict}");
        }
    }
}

#[test]
fn what_no_browser_makes_is_refused() {
    let sender = sender();
    let good = push_service::Subscription {
        endpoint: "https://push.example.org/abc".to_owned(),
        p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4".to_owned(),
        auth: "BTBZMqHH6r4Tts7J_aSIgg".to_owned(),
    };
    assert!(channel(&sender, &good).is_ok());
    for bad in [
        push_service::Subscription {
            endpoint: "https://192.168.1.1/abc".to_owned(),
            ..good.clone()
        },
        push_service::Subscription { endpoint: "push".to_owned(), ..good.clone() },
        push_service::Subscription {
            endpoint: format!("https://a.example/{}", "x".repeat(ENDPOINT_BYTES_MAX)),
            ..good.clone()
        },
        push_service::Subscription { p256dh: good.p256dh.replace('B', "C"), ..good.clone() },
        push_service::Subscription { p256dh: "BCVx".to_owned(), ..good.clone() },
        push_service::Subscription { auth: "BTBZ".to_owned(), ..good.clone() },
    ] {
        assert!(channel(&sender, &bad).is_err(), "{bad:?}");
    }
}
