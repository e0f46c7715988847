//! Slack through a bot: what is posted and uploaded, threads, limits, and what becomes words.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use common::{Story, TIP, channel, delivered, jpeg, send, send_all, text};
use tipoff_channels::{Channel, Value};
use tipoff_model::{AlertKind, MediaKind};
use tipoff_testkit::slack::{CHANNEL, Posted, Slack, TOKEN};
use tipoff_testkit::standin::Behaviour;

fn bot(server: &Slack, more: &[(&str, Value)]) -> Box<dyn Channel> {
    let mut values =
        vec![("api", text(&server.api())), ("token", text(TOKEN)), ("channel", text(CHANNEL))];
    values.retain(|(key, _)| !more.iter().any(|(other, _)| other == key));
    values.extend_from_slice(more);
    channel("slack", &values)
}

async fn posted(story: Story) -> Vec<Posted> {
    let server = Slack::start().await.unwrap();
    for outcome in send_all(&*bot(&server, &[]), story).await {
        delivered(&outcome).unwrap();
    }
    server.log().all()
}

fn names(posted: &Posted) -> Vec<&str> {
    posted.files.iter().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn pictures_and_words_are_one_message_in_the_channel() {
    let server = Slack::start().await.unwrap();
    server.show_after(Some(2));
    let story = Story::new()
        .text("<!channel> & @here a_b http://h/1")
        .picture("1.jpg")
        .picture("2.jpg")
        .change(|it| it.link = Some("http://tip/incident/3".to_owned()));
    let outcome = send(&*bot(&server, &[]), story).await;
    let size = jpeg(64, 48).len();
    let expected = Posted {
        text: "*<http://tip/incident/3|👀 Front yard · Motion>*\n\
                 &lt;!channel&gt; &amp; @\u{200b}here a_b <http://h/1>"
            .to_owned(),
        files: vec![("1.jpg".to_owned(), size), ("2.jpg".to_owned(), size)],
        ts: "1700000000.000001".to_owned(),
        ..Posted::default()
    };
    assert_eq!(server.log().all(), [expected]);
    assert_eq!(delivered(&outcome).as_deref(), Some("1700000000.000001"), "its ts is found");
}

#[tokio::test]
async fn words_alone_are_a_message() {
    let all = posted(Story::new().text("Somebody")).await;
    assert_eq!((all[0].text.as_str(), all.len()), ("*👀 Front yard · Motion*\nSomebody", 1));
}

#[tokio::test]
async fn a_follow_up_is_in_the_thread_of_the_first_alert() {
    let server = Slack::start().await.unwrap();
    let channel = bot(&server, &[]);
    let first = delivered(&send(&*channel, Story::new().picture("1.jpg")).await).unwrap();
    let follow_up = |story: Story| {
        story.change(|it| {
            it.kind = AlertKind::FollowUp;
            it.reply_to = Some(first.clone());
        })
    };
    delivered(&send(&*channel, follow_up(Story::new().picture("2.jpg"))).await);
    delivered(&send(&*channel, follow_up(Story::new().text("End"))).await);
    let threads: Vec<_> = server.log().all().into_iter().map(|it| it.thread).collect();
    assert_eq!(threads, ["", first.as_str(), first.as_str()]);
}

#[tokio::test]
async fn a_deleted_thread_delays_no_follow_up() {
    for error in ["thread_not_found", "restricted_action_thread_locked"] {
        let server = Slack::start().await.unwrap();
        server
            .script()
            .next([Behaviour::answer(200, &format!(r#"{{"ok":false,"error":"{error}"}}"#))]);
        let story = Story::new().text("End").change(|it| it.reply_to = Some("1.2".to_owned()));
        delivered(&send(&*bot(&server, &[]), story).await).unwrap();
        assert_eq!(server.log().all()[0].thread, "");
    }
}

/// The stand-in refuses what is over a limit of Slack's.
#[tokio::test]
async fn every_message_fits_the_limits() {
    for letter in ["x", "&", "字", "😀", "@", "<"] {
        let long = posted(Story::new().text(&letter.repeat(20_000)).picture("1.jpg")).await;
        assert!(long[0].text.ends_with('…'));
        let files: Vec<_> = long.iter().flat_map(names).collect();
        assert_eq!(files, ["1.jpg", "message.txt"], "the whole text is there");
    }
    let many = (0..13).fold(Story::new(), |story, number| story.picture(&format!("{number}.jpg")));
    let many = posted(many).await;
    assert_eq!(many.iter().map(|it| it.files.len()).collect::<Vec<_>>(), [10, 3]);
    assert_eq!(many[1].text, "");
    let huge = Story::new().zeros("a.mp4", "video/mp4", MediaKind::Video, (1 << 30) + 1);
    let huge = posted(huge).await;
    assert!(huge[0].text.contains("too big for Slack (limit 1024 MB)"), "{huge:?}");
}

#[tokio::test]
async fn a_video_goes_with_the_pictures() {
    let story = Story::new()
        .picture("1.jpg")
        .zeros("a.mp4", "video/mp4", MediaKind::Video, 300_000)
        .zeros("x.bin", "application/octet-stream", MediaKind::File, 5);
    let all = posted(story).await;
    assert_eq!((names(&all[0]), names(&all[1])), (vec!["1.jpg", "a.mp4"], vec!["x.bin"]));
    assert_eq!(all[0].files[1].1, 300_000);
}

#[tokio::test]
async fn the_text_of_a_rejected_file_is_delivered_with_the_other_files() {
    let server = Slack::start().await.unwrap();
    server.forbid(".mp4");
    let video = |story: Story| story.zeros("a.mp4", "video/mp4", MediaKind::Video, 5);
    delivered(&send(&*bot(&server, &[]), video(Story::new().text("S").picture("1.jpg"))).await);
    let alone = send(&*bot(&server, &[]), video(Story::new())).await;
    assert!(delivered(&alone).is_some(), "and words have a ts too");
    let all = server.log().all();
    assert_eq!((names(&all[0]), all[1].files.len()), (vec!["1.jpg"], 0));
    let why = "a.mp4 (5 bytes): not taken by Slack (file_type_not_allowed)";
    assert!(all.iter().all(|it| it.text.contains(why)), "{all:?}");
    assert!(all[0].text.starts_with("*👀 Front yard · Motion*\nS\n\n"), "{all:?}");
}

#[tokio::test]
async fn a_failed_upload_is_classified() {
    for (status, taken) in [(413, true), (400, true), (429, false), (503, false)] {
        let server = Slack::start().await.unwrap();
        server.script().next([Behaviour::Normal, Behaviour::answer(status, "F000000001 no")]);
        let outcome = send(&*bot(&server, &[]), Story::new().picture("1.jpg")).await;
        if taken {
            delivered(&outcome);
            assert!(server.log().all()[0].files.is_empty(), "{status}");
        } else {
            let (_, _, error) = common::retried(&outcome);
            assert!(
                error.contains(&status.to_string()) && !error.contains("F000000001"),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn files_are_uploaded_only_to_safe_addresses() {
    for place in ["http://example.org/upload/v1/x", "ftp://127.0.0.1/x", "", "upload"] {
        let server = Slack::start().await.unwrap();
        server.send_uploads_to(place);
        let outcome = send(&*bot(&server, &[]), Story::new().picture("1.jpg")).await;
        let (_, _, error) = common::retried(&outcome);
        assert!(error.contains("not safe"), "{place}: {error}");
    }
}

#[tokio::test]
async fn a_message_that_slack_does_not_show_is_sent_as_text() {
    let server = Slack::start().await.unwrap();
    server.show_after(None);
    let timeout = [("timeout", Value::Duration(std::time::Duration::from_secs(1)))];
    let outcome = send(&*bot(&server, &timeout), Story::new().picture("1.jpg")).await;
    let all = server.log().all();
    assert_eq!(delivered(&outcome).as_deref(), Some("1700000000.000002"));
    assert!(all[1].text.contains("1.jpg (") && all[1].text.contains("does not show it"), "{all:?}");
}

#[tokio::test]
async fn without_the_scope_to_read_it_is_delivered_once() {
    let server = Slack::start().await.unwrap();
    server.lack("files:read");
    let outcome = send(&*bot(&server, &[]), Story::new().picture("1.jpg")).await;
    assert_eq!(delivered(&outcome), None);
    assert_eq!(server.log().len(), 1);
}

#[tokio::test]
async fn a_first_alert_has_links_that_act_and_no_buttons() {
    let links = [
        ("🔇 15 min", 1),
        ("🔇 1 h", 2),
        ("🔇 Until morning", 3),
        ("🏠 [a](b), \"c\"; @\u{200b}all &lt;d&gt; *e*", 4),
        ("👎 Not interesting", 5),
    ];
    let links = links.map(|(label, number)| format!("<{TIP}/act/T0KEN{number}.s1gnature|{label}>"));
    let title = format!("*<{TIP}/incidents/3|👀 Front yard · Motion>*");
    let expected = format!("{title}\nSomebody\n{}", links.join(" · "));
    for story in [Story::new(), Story::new().picture("1.jpg")] {
        let all = posted(story.text("Somebody").buttons()).await;
        assert_eq!(all[0].text, expected);
    }
    let many =
        (0..11).fold(Story::new().buttons(), |it, number| it.picture(&format!("{number}.jpg")));
    assert_eq!(posted(many).await[1].text, "", "the second message of an alert");
    let server = Slack::start().await.unwrap();
    let off = bot(&server, &[("buttons", Value::Flag(false))]);
    delivered(&send(&*off, Story::new().buttons()).await);
    assert_eq!(server.log().all()[0].text, title);

    let server = Slack::start().await.unwrap();
    let hook = channel("slack", &[("url", text(&server.hook()))]);
    delivered(&send(&*hook, Story::new().text("Somebody").buttons()).await);
    assert_eq!(server.log().all()[0].text, expected, "of a webhook as well");
}
