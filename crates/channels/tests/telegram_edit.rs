//! Telegram with `edit_in_place`: an alert is one message that grows; what it cannot hold is a reply.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use common::{Story, channel, delivered, text};
use serde_json::json;
use tipoff_channels::{Channel, Context, Value, messages};
use tipoff_model::{AlertKind, Button, Effect, Event, MediaKind, Outcome};
use tipoff_testkit::telegram::{ApiError, CHAT, Sent, TOKEN, Telegram};

/// A channel with what it remembers, as the program keeps it.
struct Scene {
    server: Telegram,
    channel: Box<dyn Channel>,
    memory: Vec<(String, String)>,
    first: Option<String>,
}

fn build(server: &Telegram) -> Box<dyn Channel> {
    let values = [
        ("api", text(&server.url())),
        ("token", text(TOKEN)),
        ("chat", text(CHAT)),
        ("edit_in_place", Value::Flag(true)),
    ];
    channel("telegram", &values)
}

impl Scene {
    async fn new(first: Story) -> Self {
        let server = Telegram::start().await.unwrap();
        let channel = build(&server);
        let mut scene = Self { server, channel, memory: Vec::new(), first: None };
        let open = Effect::Open { url: "https://tipoff.example/incidents/3".to_owned() };
        let button = Button { label: "Open".to_owned(), effect: open };
        let outcomes = scene.send(first.change(|alert| alert.buttons = vec![button])).await;
        scene.first = outcomes.iter().map(delivered).next().flatten();
        scene
    }

    async fn send(&mut self, mut story: Story) -> Vec<Outcome> {
        let files = story.files();
        let mut outcomes = Vec::new();
        for message in messages(&story.alert, &self.channel.abilities()) {
            let (memory, alert, programs) = (&self.memory, &story.alert, &common::programs());
            let context = Context { files: &files, memory, alert, programs };
            let outcome = self.channel.send(&message, &context).await;
            for (key, value) in &outcome.remember {
                self.memory.retain(|(known, _)| known != key);
                self.memory.push((key.clone(), value.clone()));
            }
            outcomes.push(outcome);
        }
        outcomes
    }

    /// A follow-up; the messages that came for it.
    async fn follow(&mut self, story: Story) -> Vec<Sent> {
        let before = self.server.log().len();
        let first = self.first.clone();
        let story = story.change(|alert| {
            alert.kind = AlertKind::FollowUp;
            alert.reply_to = first;
            alert.manner.silent = true;
        });
        for outcome in self.send(story).await {
            delivered(&outcome);
        }
        self.server.log().all().split_off(before)
    }

    /// The text of the first message since its last edit, and the kind of its file.
    fn edit(&self) -> (String, Option<String>) {
        let edited = self.server.edits().all().pop().unwrap();
        assert_eq!(Some(format!("{CHAT} {}", edited.id)), self.first);
        assert!(edited.keyboard.is_some(), "an edit keeps the buttons");
        (edited.text.unwrap(), edited.file.map(|file| file.kind))
    }
}

const TITLE: &str = "👀 Front yard · Motion";

#[tokio::test]
async fn a_picture_takes_the_place_of_the_one_before_and_a_video_that_of_the_picture() {
    let mut scene = Scene::new(Story::new().picture("1.jpg")).await;
    for count in 2..4 {
        assert!(scene.follow(Story::new().picture("2.jpg")).await.is_empty());
        let expected = format!("{TITLE}\nLatest of {count} pictures");
        assert_eq!(scene.edit(), (expected, Some("photo".to_owned())));
    }
    let video = || Story::new().file("c.mp4", "video/mp4", MediaKind::Video, b"mp4".to_vec());
    assert!(scene.follow(video()).await.is_empty());
    assert_eq!(scene.edit(), (format!("{TITLE}\nVideo"), Some("video".to_owned())));
    // What follows a video is a reply: nothing takes its place.
    for story in [Story::new().picture("4.jpg"), video()] {
        let replies = scene.follow(story).await;
        assert_eq!(replies.len(), 1);
        assert!(replies[0].silent && replies[0].reply_to.is_some());
    }
    assert_eq!(scene.server.edits().len(), 3);
    assert!(scene.server.errors().is_empty(), "{:?}", scene.server.errors().all());
}

#[tokio::test]
async fn words_are_appended_once() {
    let mut scene = Scene::new(Story::new().picture("1.jpg").text("a < b")).await;
    let person = || {
        Story::new().text("At the door.").change(|alert| {
            alert.events = vec![Event::Person];
            alert.event = Event::Person;
        })
    };
    for _ in 0..2 {
        assert!(scene.follow(person()).await.is_empty());
    }
    let (text, file) = scene.edit();
    assert_eq!(text, format!("{TITLE}\na < b\n🚶 Person\nAt the door."));
    assert_eq!(file, None);
    // An alert without a picture gets one.
    let mut scene = Scene::new(Story::new().text("hello")).await;
    assert!(scene.follow(Story::new().text("more")).await.is_empty());
    assert_eq!(scene.edit(), (format!("{TITLE}\nhello\nmore"), None));
    assert!(scene.follow(Story::new().picture("1.jpg")).await.is_empty());
    assert_eq!(scene.edit(), (format!("{TITLE}\nhello\nmore"), Some("photo".to_owned())));
    assert!(scene.server.errors().is_empty(), "{:?}", scene.server.errors().all());
}

#[tokio::test]
async fn content_that_exceeds_one_message_is_a_silent_reply() {
    let mut scene = Scene::new(Story::new().picture("1.jpg")).await;
    let album = Story::new().picture("2.jpg").picture("3.jpg");
    let document = Story::new().file("d.pdf", "application/pdf", MediaKind::File, b"%PDF".to_vec());
    let long = Story::new().text(&"a".repeat(1020));
    for (story, method) in
        [(album, "sendMediaGroup"), (document, "sendDocument"), (long, "sendMessage")]
    {
        let replies = scene.follow(story).await;
        assert_eq!(replies.len(), 1, "{method}");
        assert_eq!(replies[0].method, method);
        assert_eq!(Some(format!("{CHAT} {}", replies[0].reply_to.unwrap())), scene.first);
    }
    assert!(scene.server.edits().is_empty());
    // What follows an album is a reply: one picture of many is not exchanged.
    let mut scene = Scene::new(Story::new().picture("1.jpg").picture("2.jpg")).await;
    assert_eq!(scene.follow(Story::new().picture("3.jpg")).await.len(), 1);
    assert!(scene.server.errors().is_empty(), "{:?}", scene.server.errors().all());
}

#[tokio::test]
async fn a_message_grows_over_a_restart_and_keeps_its_buttons() {
    let mut scene = Scene::new(Story::new().picture("1.jpg").text("hello")).await;
    assert!(scene.follow(Story::new().picture("2.jpg")).await.is_empty());
    scene.channel = build(&scene.server);
    assert!(scene.follow(Story::new().picture("3.jpg")).await.is_empty());
    assert_eq!(scene.edit().0, format!("{TITLE}\nhello\nLatest of 3 pictures"));
    let first = scene.server.log().all()[0].id;
    assert_eq!(scene.server.labels(first), [["Open"]]);
    // What is not remembered is answered by a reply, as without the option.
    scene.channel = build(&scene.server);
    scene.memory.clear();
    assert_eq!(scene.follow(Story::new().picture("4.jpg")).await.len(), 1);
}

#[tokio::test]
async fn a_deleted_message_is_replaced_by_a_new_one() {
    let mut scene = Scene::new(Story::new().picture("1.jpg")).await;
    let error = ApiError::new(400, "Bad Request: message to edit not found");
    scene.server.script().next([error.into()]);
    assert_eq!(scene.follow(Story::new().picture("2.jpg")).await.len(), 1);
    // The same edit again changes nothing, and is no failure.
    let same = json!({ "ok": false, "error_code": 400, "description":
        "Bad Request: message is not modified: specified new message content is the same" });
    let answer = tipoff_testkit::standin::Behaviour::answer(400, &same.to_string());
    scene.server.script().next([answer]);
    assert!(scene.follow(Story::new().picture("3.jpg")).await.is_empty());
}
