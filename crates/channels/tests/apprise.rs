//! Apprise API: what is sent, in which portions, and every kind of answer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::time::Duration;

use common::{
    Story, channel, delivered, faults, refused, repair_of, retried, send, send_all, text,
};
use tipoff_channels::{Channel, Value};
use tipoff_model::{MediaKind, Scope};
use tipoff_testkit::apprise::{Apprise, KEY, Passed};
use tipoff_testkit::standin::Behaviour;

fn apprise(server: &Apprise, more: &[(&str, Value)]) -> Box<dyn Channel> {
    let mut values = vec![("server", text(&server.url())), ("key", text(KEY))];
    values.retain(|(key, _)| !more.iter().any(|(other, _)| other == key));
    values.extend_from_slice(more);
    channel("apprise", &values)
}

async fn passed(more: &[(&str, Value)], story: Story) -> Vec<Passed> {
    let server = Apprise::start().await.unwrap();
    for outcome in send_all(&*apprise(&server, more), story).await {
        delivered(&outcome);
    }
    server.log().all()
}

#[tokio::test]
async fn words_and_files_come_together_in_portions() {
    let mut story = Story::new().text("ein Mensch & ein Hund 😀");
    for number in 1..=7 {
        story = story.picture(&format!("{number}.jpg"));
    }
    story = story.zeros("a.mp4", "video/mp4", MediaKind::Video, 3000);
    let all = passed(&[("tag", text("family"))], story).await;
    let field = |at: usize, name: &str| all[at].fields.get(name).map(String::as_str);
    assert_eq!(field(0, "title"), Some("👀 Front yard · Motion"));
    assert_eq!(field(0, "body"), Some("ein Mensch & ein Hund 😀"));
    assert_eq!((field(0, "tag"), field(0, "format")), (Some("family"), Some("text")));
    let names = |at: usize| all[at].files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    assert_eq!(names(0), ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg", "6.jpg"]);
    assert_eq!(names(1), ["7.jpg", "a.mp4"]);
    assert_eq!(field(1, "body"), Some("7.jpg, a.mp4"));
    assert_eq!(all.len(), 2);
}

#[tokio::test]
async fn an_alert_without_a_text_is_its_title() {
    let all = passed(&[], Story::new()).await;
    assert_eq!(all[0].fields["body"], "👀 Front yard · Motion");
    assert_eq!(all[0].fields["tag"], "all");
    assert_eq!(all[0].services, ["phone", "tablet", "siren"], "whatever tags they have");
}

#[tokio::test]
async fn a_tag_that_no_service_has_costs_no_alert() {
    let server = Apprise::start().await.unwrap();
    let family = apprise(&server, &[("tag", text("family"))]);
    delivered(&send(&*family, Story::new()).await);
    assert_eq!(server.log().all()[0].services, ["tablet"]);
    let typo = apprise(&server, &[("tag", text("famly"))]);
    let outcome = send(&*typo, Story::new().picture("1.jpg").picture("2.jpg")).await;
    let passed = server.log().all().pop().unwrap();
    assert_eq!((passed.services.len(), passed.files.len()), (3, 2));
    assert!(repair_of(&outcome).contains("`tag`"), "{outcome:?}");
    // A service that fails is another matter: its log says so.
    let failed = r#"{"error":"One failed","details":[["ERROR","now","no route to host"]]}"#;
    server.script().next([Behaviour::answer(424, failed)]);
    assert_eq!(retried(&send(&*family, Story::new()).await).0, Scope::Message);
    let odd = r#"{"error":"Unsupported characters found in tag definition"}"#;
    server.script().next([Behaviour::answer(400, odd)]);
    assert!(repair_of(&send(&*family, Story::new().picture("1.jpg")).await).contains("`tag`"));
}

#[tokio::test]
async fn files_that_are_too_many_for_the_server_come_one_by_one() {
    let server = Apprise::start().await.unwrap();
    server.take_files(2);
    let channel = apprise(&server, &[]);
    let story = || Story::new().text("Somebody").picture("1.jpg").picture("2.jpg").picture("3.jpg");
    for _ in 0..2 {
        let before = server.log().len();
        delivered(&send(&*channel, story()).await);
        let passed = server.log().all().split_off(before);
        let names: Vec<_> =
            passed.iter().flat_map(|it| &it.files).map(|it| it.0.as_str()).collect();
        assert_eq!(names, ["1.jpg", "2.jpg", "3.jpg"]);
        let bodies: Vec<_> = passed.iter().map(|it| it.fields["body"].as_str()).collect();
        assert_eq!(bodies, ["Somebody", "2.jpg", "3.jpg"]);
    }
    // What breaks off between them goes on there.
    let before = server.log().len();
    server.script().next([Behaviour::Normal, Behaviour::answer(500, "")]);
    let outcome = send(&*channel, story()).await;
    retried(&outcome);
    let outcome = common::send_with(&*channel, story(), &outcome.remember).await;
    delivered(&outcome);
    assert!(outcome.remember.iter().all(|(_, value)| value.is_empty()), "{outcome:?}");
    let passed = server.log().all().split_off(before);
    let names: Vec<_> = passed.iter().flat_map(|it| &it.files).map(|it| it.0.as_str()).collect();
    assert_eq!(names, ["1.jpg", "2.jpg", "3.jpg"]);
    // A server that takes none gets the words once.
    server.take_files(0);
    let before = server.log().len();
    delivered(&send(&*channel, story()).await);
    let passed = server.log().all().split_off(before);
    assert_eq!(passed.len(), 1);
    assert!(passed[0].fields["body"].contains("3.jpg ("), "{passed:?}");
}

#[tokio::test]
async fn every_answer_is_classified() {
    let server = Apprise::start().await.unwrap();
    let channel = apprise(&server, &[]);
    let repair = Some(Duration::from_secs(300));
    for (status, body, scope, after, told) in [
        (204, "", Scope::Channel, repair, "`key`"),
        (301, "", Scope::Channel, repair, "`server`"),
        (401, "", Scope::Channel, repair, "user and password"),
        (404, "", Scope::Channel, repair, "`server`"),
        (200, "<!doctype html>", Scope::Channel, repair, "no Apprise API"),
        (424, r#"{"error":"One failed"}"#, Scope::Message, None, "Apprise's log: One failed"),
        (500, r#"{"error":"no access"}"#, Scope::Channel, None, "(500): no access"),
    ] {
        server.script().next([Behaviour::answer(status, body)]);
        let (found, pause, error) = retried(&send(&*channel, Story::new()).await);
        assert_eq!((found, pause), (scope, after), "{status}");
        assert!(error.contains(told), "{error}");
    }
    let body = format!(r#"{{"error":"{KEY} is odd"}}"#);
    server.script().next([Behaviour::answer(400, &body)]);
    let error = refused(&send(&*channel, Story::new()).await);
    assert_eq!(error, "Apprise answered 400: [hidden] is odd");
    let other = apprise(&server, &[("key", text("garden"))]);
    let (_, _, error) = retried(&send(&*other, Story::new()).await);
    assert!(error.contains("no services under this key"), "{error}");
    assert!(server.log().is_empty());
    // Files that are not taken leave their words.
    server.script().next([Behaviour::answer(400, r#"{"error":"Bad Attachment"}"#)]);
    delivered(&send(&*channel, Story::new().text("Somebody").picture("1.jpg")).await);
    let body = server.log().all()[0].fields["body"].clone();
    assert!(
        body.contains("1.jpg") && body.contains("not taken by Apprise (Bad Attachment)"),
        "{body}"
    );
}

#[test]
fn an_impossible_setting_is_a_fault_at_its_key() {
    let with = |server: &str, key: &str| {
        faults("apprise", &[("server", text(server)), ("key", text(key))])
    };
    assert!(with("https://me:secret@nas/apprise/", "a").is_empty());
    assert_eq!(with("nas:8000", "a"), ["server"]);
    for key in ["", "a/b", &"x".repeat(129)] {
        assert_eq!(with("http://nas", key), ["key"], "{key}");
    }
}
