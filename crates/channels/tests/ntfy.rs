//! ntfy: what is published, what the server's limits make of it, and every kind of answer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::time::Duration;

use common::{
    MODE_LABEL, Story, TIP, channel, delivered, faults, jpeg, nowhere, refused, repair_of, retried,
    send, send_all, text,
};
use tipoff_channels::{Channel, Value};
use tipoff_model::{AlertKind, Effect, Event, MediaKind, Scope};
use tipoff_testkit::ntfy::{Ntfy, Options, Published};
use tipoff_testkit::standin::Behaviour;

const TOPIC: &str = "house-2f9c81d44b";

fn ntfy(server: &Ntfy, more: &[(&str, Value)]) -> Box<dyn Channel> {
    let mut values = vec![("server", text(&server.url())), ("topic", text(TOPIC))];
    values.extend_from_slice(more);
    channel("ntfy", &values)
}

async fn published(more: &[(&str, Value)], story: Story) -> Vec<Published> {
    let server = Ntfy::start(Options::default()).await.unwrap();
    for outcome in send_all(&*ntfy(&server, more), story).await {
        delivered(&outcome);
    }
    server.log().all()
}

#[tokio::test]
async fn a_tap_and_the_buttons_lead_to_the_incident() {
    let list = |actions: &[&str]| Value::List(actions.iter().map(|it| (*it).to_owned()).collect());
    let buttons = list(&["view, Look, {link}", "http, Light & bell, http://nas.lan/light?a=1&b=2"]);
    let more = [("actions", buttons.clone())];
    let link = "https://tip.example/incidents/3";
    let story = || Story::new().picture("1.jpg").picture("2.jpg");
    let all = published(&more, story().change(|it| it.link = Some(link.to_owned()))).await;
    let light =
        ["http", "Light & bell", "http://nas.lan/light?a=1&b=2"].map(str::to_owned).to_vec();
    let look = ["view", "Look", link].map(str::to_owned).to_vec();
    assert_eq!((all[0].click.as_str(), &all[0].actions), (link, &vec![look, light.clone()]));
    assert!(all[1].actions.is_empty(), "only what has words has buttons");
    let all = published(&more, story()).await;
    assert_eq!((all[0].click.as_str(), &all[0].actions), ("", &vec![light]));

    let with =
        |actions: &[&str]| faults("ntfy", &[("topic", text(TOPIC)), ("actions", list(actions))]);
    assert!(with(&["copy, Code, 1234", "broadcast, Take a picture"]).is_empty());
    for bad in [
        &["view, Look"][..],
        &["look, Look, http://x"],
        &["view, a;b, http://x"],
        &["view, a, b"; 4],
        &["broadcast"],
        &["broadcast, "],
        &["broadcast, Take, a picture"],
        &["http, Light, http://x, colour=red"],
        &["view, \"Look, http://x"],
    ] {
        assert_eq!(with(bad), ["actions"], "{bad:?}");
    }
    assert_eq!(with(&[&format!("view, Look, http://{}", "x".repeat(500))]), ["actions"]);
}

#[tokio::test]
async fn a_picture_comes_with_its_words() {
    let words = "ein Mensch & ein Hund\n=?utf-8?q?x?= 😀";
    let story = Story::new().text(words).picture("Hof 1.jpg").picture("ä?.jpg");
    let more = [
        ("priority", Value::Integer(4)),
        ("tags", Value::List(vec!["camera".to_owned(), "house".to_owned()])),
        ("click", text("http://nas.lan:8080/?device=1&x=y")),
    ];
    let all = published(&more, story).await;
    let first = Published {
        topic: TOPIC.to_owned(),
        title: "👀 Front yard · Motion".to_owned(),
        message: words.to_owned(),
        file: Some(("Hof 1.jpg".to_owned(), jpeg(64, 48))),
        priority: 4,
        tags: vec!["camera".to_owned(), "house".to_owned()],
        click: "http://nas.lan:8080/?device=1&x=y".to_owned(),
        actions: Vec::new(),
    };
    let second = Published {
        title: String::new(),
        message: "You received a file: ä?.jpg".to_owned(),
        file: Some(("ä?.jpg".to_owned(), jpeg(64, 48))),
        priority: 2,
        ..first.clone()
    };
    assert_eq!(all, [first, second]);
}

#[tokio::test]
async fn an_alert_without_a_text_is_its_title() {
    for story in [Story::new(), Story::new().picture("1.jpg")] {
        let all = published(&[], story).await;
        assert_eq!(
            (all[0].title.as_str(), all[0].message.as_str()),
            ("", "👀 Front yard · Motion")
        );
        assert_eq!(all[0].priority, 3);
    }
}

#[tokio::test]
async fn the_three_best_buttons_act_by_a_post_of_the_app() {
    let act = |label: &str, end: &str| {
        let parts = ["http", label, &format!("{TIP}/act/{end}.s1gnature"), "clear=true"];
        parts.map(str::to_owned).to_vec()
    };
    let open = ["view", "Open", &format!("{TIP}/incidents/3")].map(str::to_owned).to_vec();
    let all = published(&[], Story::new().picture("1.jpg").picture("2.jpg").buttons()).await;
    let (hour, morning) = (act("🔇 1 h", "T0KEN2"), act("🔇 Until morning", "T0KEN3"));
    assert_eq!(all[0].actions, [hour, morning.clone(), open.clone()]);
    assert!(all[1].actions.is_empty(), "the second message of an alert");

    let own = Value::List(vec!["http, Light, http://nas.lan/light".to_owned()]);
    let light = ["http", "Light", "http://nas.lan/light"].map(str::to_owned).to_vec();
    let all = published(&[("actions", own)], Story::new().buttons()).await;
    assert_eq!(all[0].actions, [light, morning, open], "the owner's own come first");
    let off = ("buttons", Value::Flag(false));
    assert!(published(&[off], Story::new().buttons()).await[0].actions.is_empty());
}

#[tokio::test]
async fn the_text_of_a_button_cannot_change_its_action() {
    let story =
        Story::new().buttons().change(|alert| alert.buttons.retain(|it| it.label == MODE_LABEL));
    let actions = published(&[], story).await.remove(0).actions;
    assert_eq!(actions.len(), 1);
    assert_eq!(
        actions[0][1..3],
        ["🏠 [a](b)   c   @all <d> *e*", &format!("{TIP}/act/T0KEN4.s1gnature")]
    );
}

#[tokio::test]
async fn buttons_have_room_beside_the_longest_text() {
    let long = |alert: &mut tipoff_model::Alert| {
        for button in &mut alert.buttons {
            if let Effect::Act { link, .. } = &mut button.effect {
                *link = Some(format!("{TIP}/act/{}", "T".repeat(275)));
            }
        }
        alert.text = "字".repeat(20_000);
    };
    let all = published(&[], Story::new().picture("1.jpg").buttons().change(long)).await;
    assert_eq!(all[0].actions.len(), 3);
}

#[tokio::test]
async fn follow_ups_make_no_sound() {
    for (priority, expected) in [(None, 2), (Some(5), 2), (Some(1), 1)] {
        let follows = |alert: &mut tipoff_model::Alert| alert.kind = AlertKind::FollowUp;
        let story = Story::new().picture("2.jpg").change(follows);
        let more = priority.map(|priority| ("priority", Value::Integer(priority)));
        let all = published(more.as_slice(), story).await;
        assert_eq!(all[0].priority, expected);
    }
}

/// The stand-in makes a file of a message over 4,096 bytes, and refuses an address over 8,000.
#[tokio::test]
async fn long_texts_fit_the_limit_in_any_script() {
    for letter in ["x", "ж", "字", "😀"] {
        let long = letter.repeat(20_000);
        let plain = published(&[], Story::new().text(&long)).await;
        let file = plain.last().unwrap().file.clone().unwrap();
        assert_eq!(file.0, "message.txt", "the whole text is there");
        assert!(String::from_utf8(file.1).unwrap().contains(&long));
        assert!(plain[0].message.ends_with('…') && plain[0].message.starts_with(letter));
        let with_picture = published(&[], Story::new().text(&long).picture("1.jpg")).await;
        assert_eq!(with_picture[0].file.as_ref().unwrap().0, "1.jpg");
        let fits = published(&[], Story::new().text(&letter.repeat(600))).await;
        assert_eq!(fits[0].message, letter.repeat(600));
        assert_eq!(fits[0].file, None);
    }
}

#[tokio::test]
async fn the_text_of_a_rejected_file_is_delivered() {
    let big = || Story::new().text("Somebody").zeros("a.mp4", "video/mp4", MediaKind::Video, 3000);
    for (options, why) in [
        (Options { file_bytes_max: 2000, ..Options::default() }, "too big for this ntfy server"),
        (Options { files: false, ..Options::default() }, "attachments not allowed"),
    ] {
        let server = Ntfy::start(options).await.unwrap();
        let story = big().change(|alert| alert.media[0].url = Some("http://x/a.mp4".to_owned()));
        delivered(&send(&*ntfy(&server, &[]), story).await);
        let message = &server.log().all()[0].message;
        assert!(message.starts_with("Somebody\n\na.mp4 (3 KB): "), "{message}");
        assert!(message.contains(why) && message.ends_with("open http://x/a.mp4"), "{message}");
    }
    let server = Ntfy::start(Options::default()).await.unwrap();
    let spent = r#"{"code":42905,"http":429,"error":"limit reached: daily bandwidth"}"#;
    server.script().next([Behaviour::answer(429, spent)]);
    delivered(&send(&*ntfy(&server, &[]), big()).await);
    assert!(server.log().all()[0].message.contains("no more files today"));
}

fn list(values: &[&str]) -> Value {
    Value::List(values.iter().map(|&value| value.to_owned()).collect())
}

#[tokio::test]
async fn rejected_buttons_cost_no_alert() {
    let server = Ntfy::start(Options::default()).await.unwrap();
    // A server from before there were such buttons; then one that takes no buttons at all.
    let invalid = r#"{"code":40018,"http":400,"error":"invalid request: actions invalid"}"#;
    let more = [("actions", list(&["copy, Code, 1234"])), ("tags", list(&["camera"]))];
    let channel = ntfy(&server, &more);
    for (refusals, buttons, told) in
        [(0, 3, ""), (1, 3, "`actions`"), (2, 0, "`actions`, `buttons`")]
    {
        server.script().next(vec![Behaviour::answer(400, invalid); refusals]);
        let story = Story::new().picture("1.jpg").buttons();
        let outcome = send(&*channel, story).await;
        let published = server.log().all().pop().unwrap();
        assert_eq!(published.actions.len(), buttons);
        assert!(published.file.is_some() && published.tags == ["camera"], "all else is there");
        let repair = repair_of(&outcome);
        assert!(repair.contains(told) && repair.is_empty() == (refusals == 0), "{repair}");
        assert!(refusals == 0 || repair.contains("actions invalid"), "{repair}");
    }
}

#[tokio::test]
async fn other_rejected_settings_are_omitted() {
    let server = Ntfy::start(Options::default()).await.unwrap();
    let more = [("tags", list(&["camera"])), ("priority", Value::Integer(5))];
    let channel = ntfy(&server, &more);
    for (body, priority, tags) in [
        (r#"{"code":40007,"http":400,"error":"invalid priority parameter"}"#, 3, 1),
        (r#"{"code":40099,"http":400,"error":"odd"}"#, 3, 0),
        ("<html>", 3, 0),
    ] {
        server.script().next([Behaviour::answer(400, body)]);
        let outcome = send(&*channel, Story::new().text("Somebody").picture("1.jpg")).await;
        let published = server.log().all().pop().unwrap();
        assert_eq!((published.priority, published.tags.len()), (priority, tags), "{body}");
        assert!(published.file.is_some() && published.message == "Somebody", "{published:?}");
        assert!(repair_of(&outcome).contains("`priority`"), "{body}");
    }
}

#[tokio::test]
async fn an_alert_rings_once_even_if_its_files_fail() {
    let options = Options { files: false, ..Options::default() };
    let server = Ntfy::start(options).await.unwrap();
    let story = Story::new().picture("1.jpg").picture("2.jpg").picture("3.jpg").buttons();
    let more = [("priority", Value::Integer(5))];
    for outcome in send_all(&*ntfy(&server, &more), story).await {
        delivered(&outcome);
    }
    let all = server.log().all();
    assert_eq!(all.iter().map(|it| it.priority).collect::<Vec<_>>(), [5, 2, 2]);
    assert_eq!(all.iter().map(|it| it.actions.len()).collect::<Vec<_>>(), [3, 0, 0]);
}

/// The server makes a line break of a backslash with an n behind it, in a parameter.
#[tokio::test]
async fn a_path_cannot_add_a_header() {
    let story = || Story::new().text(r"saved to C:\new\night");
    let plain = published(&[], story()).await;
    assert_eq!(plain[0].message, r"saved to C:\new\night");
    let with_file = published(&[], story().picture("1.jpg")).await;
    assert_eq!(with_file[0].message.replace('\u{200b}', ""), r"saved to C:\new\night");
}

#[tokio::test]
async fn each_form_of_login_is_sent() {
    let token = [("token", text("tk_1234567890"))];
    let pair = [("user", text("tipoff")), ("token", text("grün:12"))];
    for (login, more) in [
        ("Bearer tk_1234567890", &token[..]),
        // printf 'tipoff:grün:12' | base64
        ("Basic dGlwb2ZmOmdyw7xuOjEy", &pair),
    ] {
        let login = Some(login.to_owned());
        let server = Ntfy::start(Options { login, ..Options::default() }).await.unwrap();
        delivered(&send(&*ntfy(&server, more), Story::new()).await);
        for wrong in [&[][..], &[("token", text("tk_0987654321"))]] {
            let (scope, after, error) = retried(&send(&*ntfy(&server, wrong), Story::new()).await);
            assert_eq!((scope, after), (Scope::Channel, Some(Duration::from_secs(300))));
            assert!(error.contains("`token`"), "{error}");
        }
    }
}

#[tokio::test]
async fn every_answer_is_classified() {
    let server = Ntfy::start(Options::default()).await.unwrap();
    let channel = ntfy(&server, &[]);
    let repair = Some(Duration::from_secs(300));
    for (status, body, after, told) in [
        (301, "", repair, "`server`"),
        (404, r#"{"code":40401,"http":404,"error":"page not found"}"#, repair, "page not found"),
        (200, "<html><title>Login</title></html>", repair, "no ntfy server"),
        (429, r#"{"code":42901,"http":429,"error":"please be nice"}"#, None, "please be nice"),
        (500, r#"{"code":50001,"http":500,"error":"internal server error"}"#, None, "(500)"),
        (502, "<html>Bad Gateway", None, "Bad Gateway"),
    ] {
        server.script().next([Behaviour::answer(status, body)]);
        let (scope, pause, error) = retried(&send(&*channel, Story::new()).await);
        assert_eq!((scope, pause), (Scope::Channel, after), "{status}");
        assert!(error.contains(told), "{error}");
    }
    for code in [40009, 40010] {
        let body = format!(r#"{{"code":{code},"http":400,"error":"topic {TOPIC} invalid"}}"#);
        server.script().next([Behaviour::answer(400, &body)]);
        let (scope, pause, error) = retried(&send(&*channel, Story::new()).await);
        assert_eq!((scope, pause), (Scope::Channel, repair));
        assert!(error.contains("topic [hidden] invalid") && error.contains("`topic`"), "{error}");
    }
    server.script().next([Behaviour::answer(400, r#"{"code":40011,"error":"must be UTF-8"}"#)]);
    let error = refused(&send(&*channel, Story::new()).await);
    assert_eq!(error, "ntfy answered 400: must be UTF-8");
    server.script().next([Behaviour::Down]);
    retried(&send(&*channel, Story::new()).await);
    assert!(server.log().is_empty());
    let away = [("server", text(&nowhere())), ("topic", text(TOPIC))];
    let (_, _, error) = retried(&send(&*common::channel("ntfy", &away), Story::new()).await);
    assert!(error.contains("cannot be reached") && !error.contains(TOPIC), "{error}");
}

#[test]
fn an_impossible_setting_is_a_fault_at_its_key() {
    let with = |more: &[(&'static str, Value)]| {
        let mut values = vec![("topic", text("a"))];
        values.retain(|(key, _)| !more.iter().any(|(other, _)| other == key));
        values.extend_from_slice(more);
        faults("ntfy", &values)
    };
    assert!(with(&[]).is_empty());
    for topic in ["", "a b", "https://ntfy.sh/x", &"x".repeat(65), "../v1", "v1", "docs"] {
        assert_eq!(with(&[("topic", text(topic))]), ["topic"], "{topic}");
    }
    assert_eq!(with(&[("server", text("ntfy.sh"))]), ["server"]);
    assert_eq!(with(&[("priority", Value::Integer(6))]), ["priority"]);
    assert_eq!(with(&[("click", text("here"))]), ["click"]);
    assert_eq!(with(&[("tags", Value::List(vec!["a,b".to_owned()]))]), ["tags"]);
    assert_eq!(with(&[("user", text("me"))]), ["user"]);
    assert_eq!(with(&[("token", text("t\n"))]), ["token"]);
}

#[tokio::test]
async fn the_title_says_what_happened() {
    let person = Story::new().text("at the gate").change(|alert| alert.event = Event::Person);
    assert_eq!(published(&[], person).await[0].title, "🚶 Front yard · Person");
}
