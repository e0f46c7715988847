//! Matrix, against a real Synapse: what stands in the room afterwards, and what it answers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;
mod synapse;

use std::time::Duration;

use common::{
    Story, TIP, channel, delivered, encoded, jpeg, retried, send, send_all, send_with, text,
};
use serde_json::{Value as Json, json};
use synapse::{NAME, UPLOAD_BYTES_MAX, User, run, synapse};
use tipoff_channels::{Channel, Value};
use tipoff_model::{AlertKind, Clip, MediaKind, Priority, Scope};

/// The owner of a room, the user that alerts come from, who is invited there, and the room.
async fn home_control(more: Json) -> (User, User, String) {
    let (owner, bot) = (synapse().user().await, synapse().user().await);
    let room = owner.room(more).await;
    owner.to(&room, "invite", &bot).await;
    (owner, bot, room)
}

fn matrix(bot: &User, room: &str, more: &[(&str, Value)]) -> Box<dyn Channel> {
    let mut values =
        vec![("server", text(&synapse().url())), ("token", text(&bot.token)), ("room", text(room))];
    values.extend_from_slice(more);
    channel("matrix", &values)
}

fn video() -> Story {
    let story = Story::new().file("c.mp4", "video/mp4", MediaKind::Video, b"mp4".to_vec());
    let mut story = story.file("t.jpg", "image/jpeg", MediaKind::Picture, jpeg(320, 180));
    let poster = story.alert.media.pop().map(Box::new);
    let duration = Duration::from_millis(10_200);
    story.alert.media[0].clip = Some(Clip { width_px: 1280, height_px: 720, duration, poster });
    story
}

#[test]
fn a_text_arrives_with_its_title_and_whatever_characters_it_has() {
    run(async {
        let (owner, bot, room) = home_control(json!({})).await;
        let words = "<b>1 & 2</b> \"3\"\n😀 @room";
        let story =
            Story::new().text(words).change(|it| it.link = Some("http://nas/i/3?a&b".into()));
        let outcome = send(&*matrix(&bot, &room, &[]), story).await;
        let [event] = owner.messages(&room).await.try_into().unwrap();
        assert_eq!(event["sender"], json!(bot.id));
        let html = "<a href=\"http://nas/i/3?a&amp;b\"><b>👀 Front yard · Motion</b></a><br>&lt;b&gt;1 &amp; \
                2&lt;/b&gt; &quot;3&quot;<br>😀 @room";
        let expected = json!({
            "msgtype": "m.text",
            "body": format!("👀 Front yard · Motion\n{words}"),
            "format": "org.matrix.custom.html",
            "formatted_body": html,
            "m.mentions": {},
        });
        assert_eq!(event["content"], expected);
        let id = event["event_id"].as_str().unwrap();
        assert_eq!(delivered(&outcome), Some(format!("{room} {id}")));
        assert_eq!(outcome.remember, [("room".to_owned(), format!("{room} {room}"))]);
    });
}

#[test]
fn every_kind_of_file_is_shown_as_what_it_is() {
    run(async {
        let (owner, bot, room) = home_control(json!({})).await;
        let gif = encoded(30, 20, image::ImageFormat::Gif);
        let story = Story::new()
            .text("hello")
            .picture("p.jpg")
            .file("a.gif", "image/gif", MediaKind::Animation, gif.clone())
            .file("d \"ü\".pdf", "application/pdf", MediaKind::File, b"%PDF".to_vec());
        for outcome in send_all(&*matrix(&bot, &room, &[]), story).await {
            delivered(&outcome);
        }
        let picture = jpeg(64, 48);
        let events = owner.messages(&room).await;
        for (event, (msgtype, body, name, info, bytes)) in events.iter().zip([
            (
                "m.image",
                "👀 Front yard · Motion\nhello",
                "p.jpg",
                json!({ "mimetype": "image/jpeg", "size": picture.len(), "w": 64, "h": 48 }),
                picture,
            ),
            (
                "m.image",
                "a.gif",
                "a.gif",
                json!({ "mimetype": "image/gif", "size": gif.len(), "w": 30, "h": 20 }),
                gif,
            ),
            (
                "m.file",
                "d \"ü\".pdf",
                "d \"ü\".pdf",
                json!({ "mimetype": "application/pdf", "size": 4 }),
                b"%PDF".to_vec(),
            ),
        ]) {
            let content = &event["content"];
            assert_eq!(content["msgtype"], msgtype);
            assert_eq!((&content["body"], &content["filename"]), (&json!(body), &json!(name)));
            assert_eq!(content["info"], info);
            // A caption has its form in HTML, a name has none.
            assert_eq!(content["formatted_body"].is_string(), body != name, "{content}");
            assert!(owner.download(&content["url"]).await == bytes, "{name}: other bytes");
        }
        assert_eq!(events.len(), 3);
    });
}

#[test]
fn a_video_comes_with_its_length_its_sides_and_a_thumbnail() {
    run(async {
        let (owner, bot, room) = home_control(json!({})).await;
        delivered(&send(&*matrix(&bot, &room, &[]), video()).await);
        let mut content = owner.messages(&room).await[0]["content"].clone();
        let poster = content["info"].as_object_mut().unwrap().remove("thumbnail_url").unwrap();
        let jpeg = jpeg(320, 180);
        assert_eq!(content["msgtype"], "m.video");
        let thumbnail = json!({ "mimetype": "image/jpeg", "size": jpeg.len(), "w": 320, "h": 180 });
        let info = json!({ "mimetype": "video/mp4", "size": 3, "w": 1280, "h": 720,
        "duration": 10_200, "thumbnail_info": thumbnail });
        assert_eq!(content["info"], info);
        assert!(owner.download(&poster).await == jpeg);
        assert!(owner.download(&content["url"]).await == b"mp4");
    });
}

#[test]
fn a_follow_up_is_in_the_thread_of_the_first_alert_or_replies_to_it() {
    run(async {
        let (owner, bot, room) = home_control(json!({})).await;
        let first = delivered(&send(&*matrix(&bot, &room, &[]), Story::new()).await).unwrap();
        let id = first.split_once(' ').unwrap().1.to_owned();
        let follow_up = |first: &str| {
            let (first, story) = (first.to_owned(), video());
            story.change(|it| (it.kind, it.reply_to) = (AlertKind::FollowUp, Some(first)))
        };
        delivered(&send(&*matrix(&bot, &room, &[]), follow_up(&first)).await);
        let more = [("replies", Value::Flag(true))];
        let reply = follow_up(&first).change(|it| it.idempotency_key = "key-8".to_owned());
        delivered(&send(&*matrix(&bot, &room, &more), reply).await);
        let events = owner.messages(&room).await;
        let fallback = json!({ "event_id": id });
        let thread = json!({ "rel_type": "m.thread", "event_id": id, "is_falling_back": true,
        "m.in_reply_to": fallback });
        assert_eq!(events[1]["content"]["m.relates_to"], thread);
        assert_eq!(events[2]["content"]["m.relates_to"], json!({ "m.in_reply_to": fallback }));
        // Synapse has understood it.
        assert_eq!(events[0]["unsigned"]["m.relations"]["m.thread"]["count"], 1);

        // What cannot be followed is no reason to lose an alert: an event within a thread, and another room's.
        let within = format!("{room} {}", events[1]["event_id"].as_str().unwrap());
        let other = owner.room(json!({})).await;
        owner.to(&other, "invite", &bot).await;
        let there = delivered(&send(&*matrix(&bot, &other, &[]), Story::new()).await).unwrap();
        for lost in [within.as_str(), &there, "$x"] {
            let story = follow_up(lost).change(|it| it.idempotency_key = lost.to_owned());
            delivered(&send(&*matrix(&bot, &room, &[]), story).await);
            let event = owner.messages(&room).await.pop().unwrap();
            assert_eq!(event["content"]["m.relates_to"], Json::Null, "{lost}");
            assert_eq!(event["content"]["msgtype"], "m.video");
        }
    });
}

#[test]
fn a_silent_alert_is_a_notice_and_an_urgent_one_mentions_the_room() {
    run(async {
        let (owner, bot, room) = home_control(json!({})).await;
        let manners = [
            (true, None, "m.notice", json!({})),
            (true, Some(Priority::Urgent), "m.notice", json!({})),
            (false, Some(Priority::Low), "m.notice", json!({})),
            (false, Some(Priority::Normal), "m.text", json!({})),
            (false, Some(Priority::High), "m.text", json!({ "room": true })),
            (false, Some(Priority::Urgent), "m.text", json!({ "room": true })),
        ];
        for (silent, priority, msgtype, mentions) in manners {
            let story = Story::new().change(|it| {
                it.idempotency_key = format!("{silent} {priority:?}");
                (it.manner.silent, it.manner.priority) = (silent, priority);
            });
            delivered(&send(&*matrix(&bot, &room, &[]), story).await);
            let content = &owner.messages(&room).await.pop().unwrap()["content"];
            assert_eq!((&content["msgtype"], &content["m.mentions"]), (&json!(msgtype), &mentions));
        }
        let story = Story::new().change(|it| {
            it.kind = AlertKind::FollowUp;
            it.manner.priority = Some(Priority::Urgent);
        });
        delivered(&send(&*matrix(&bot, &room, &[]), story).await);
        let content = &owner.messages(&room).await.pop().unwrap()["content"];
        assert_eq!((&content["msgtype"], &content["m.mentions"]), (&json!("m.notice"), &json!({})));
    });
}

#[test]
fn the_same_message_is_in_the_room_once_however_often_it_is_sent() {
    run(async {
        let (owner, bot, room) = home_control(json!({})).await;
        let channel = matrix(&bot, &room, &[]);
        let story = || Story::new().picture("1.jpg").picture("2.jpg");
        let first: Vec<_> = send_all(&*channel, story()).await.iter().map(delivered).collect();
        let again: Vec<_> = send_all(&*channel, story()).await.iter().map(delivered).collect();
        assert_eq!(first, again);
        assert_eq!(owner.messages(&room).await.len(), 2);
        let other = story().change(|it| it.idempotency_key = "key-8".to_owned());
        send_all(&*channel, other).await.iter().for_each(|it| drop(delivered(it)));
        assert_eq!(owner.messages(&room).await.len(), 4);
    });
}

#[test]
fn an_alias_is_found_once_remembered_and_followed_to_another_room() {
    run(async {
        let owner_alias = format!("#yard:{NAME}");
        let (owner, bot, room) = home_control(json!({ "room_alias_name": "yard" })).await;
        let channel = matrix(&bot, &owner_alias, &[]);
        let outcome = send(&*channel, Story::new()).await;
        delivered(&outcome);
        let memory = outcome.remember;
        assert_eq!(memory, [("room".to_owned(), format!("{owner_alias} {room}"))]);
        let next = || Story::new().change(|it| it.idempotency_key = "key-8".to_owned());
        assert_eq!(send_with(&*channel, next(), &memory).await.remember, []);
        assert_eq!(owner.messages(&room).await.len(), 2);

        // The room is replaced by another one, which has the alias from now on.
        let path = format!("/_matrix/client/v3/rooms/{}/upgrade", room.replace('!', "%21"));
        let upgraded =
            owner.ask(reqwest::Method::POST, &path, json!({ "new_version": "11" })).await;
        let new = upgraded["replacement_room"].as_str().unwrap();
        owner.to(new, "invite", &bot).await;
        let last = Story::new().change(|it| it.idempotency_key = "key-9".to_owned());
        let outcome = send_with(&*channel, last, &memory).await;
        delivered(&outcome);
        assert_eq!(outcome.remember, [("room".to_owned(), format!("{owner_alias} {new}"))]);
        assert_eq!(owner.messages(new).await.len(), 1);
        // What was remembered of another alias is of no use.
        let of_another = [("room".to_owned(), format!("#other:{NAME} !x:{NAME}"))];
        let there = Story::new().change(|it| it.idempotency_key = "key-10".to_owned());
        delivered(&send_with(&*channel, there, &of_another).await);
        assert_eq!(owner.messages(new).await.len(), 2);
    });
}

#[test]
fn a_file_over_the_servers_limit_leaves_its_words() {
    run(async {
        let (owner, bot, room) = home_control(json!({})).await;
        for (size, taken) in [(UPLOAD_BYTES_MAX, true), (UPLOAD_BYTES_MAX + 1, false)] {
            let story = Story::new()
                .zeros("c.mp4", "video/mp4", MediaKind::Video, size)
                .change(|it| it.idempotency_key = format!("key-{size}"));
            delivered(&send(&*matrix(&bot, &room, &[]), story).await);
            let content = &owner.messages(&room).await.pop().unwrap()["content"];
            assert_eq!(content["msgtype"], if taken { "m.video" } else { "m.text" });
            let told =
                "c.mp4 (6 MB): too big for this Matrix server (limit 5 MB): it is kept in Tipoff";
            assert_eq!(content["body"].as_str().unwrap().contains(told), !taken, "{content}");
        }
    });
}

#[test]
fn every_text_fits_into_an_event() {
    run(async {
        let (owner, bot, room) = home_control(json!({})).await;
        for letter in ["x", "&", "\"", "\n", "字", "😀", "\\"] {
            let long = format!("a{}b", letter.repeat(7970));
            let name = format!("{}.jpg", "字".repeat(300));
            let story = Story::new().text(&long).picture(&name).change(|it| {
                it.device.clear();
                it.idempotency_key = letter.to_owned();
            });
            let count = owner.messages(&room).await.len();
            for outcome in send_all(&*matrix(&bot, &room, &[]), story).await {
                delivered(&outcome);
            }
            let events = owner.messages(&room).await;
            assert_eq!(events[count]["content"]["msgtype"], "m.image");
            let is_cut = letter == "😀";
            assert_eq!(events.len(), count + 1 + usize::from(is_cut), "{letter}");
            let body = events[count]["content"]["body"].as_str().unwrap();
            assert_eq!(body.ends_with('b'), !is_cut);
            if is_cut {
                let file = &events[count + 1]["content"];
                assert_eq!(
                    (&file["msgtype"], &file["body"]),
                    (&json!("m.file"), &json!("message.txt"))
                );
                let whole = format!("👀 Motion\n{long}\n").into_bytes();
                assert!(owner.download(&file["url"]).await == whole, "the whole text is there");
            }
        }
    });
}

#[test]
fn a_fault_of_the_settings_is_reported_with_its_repair() {
    run(async {
        let (owner, bot, room) = home_control(json!({})).await;
        let repaired_in = Some(Duration::from_secs(300));
        let told = async |channel: Box<dyn Channel>, story: Story| {
            let (scope, after, error) = retried(&send(&*channel, story).await);
            assert_eq!((scope, after), (Scope::Channel, repaired_in), "{error}");
            assert!(!error.contains(&bot.token), "{error}");
            error
        };
        let mut stranger = synapse().user().await;
        stranger.token = "syt_wrong".to_owned();
        let error = told(matrix(&stranger, &room, &[]), Story::new()).await;
        assert!(
            error.starts_with("Matrix does not let this user in (Invalid access token"),
            "{error}"
        );
        let lost = format!("#nowhere:{NAME}");
        let error = told(matrix(&bot, &lost, &[]), Story::new()).await;
        assert!(error.starts_with(&format!("there is no room {lost} (")), "{error}");
        let closed = owner.room(json!({})).await;
        let unheard = format!("!unheard:{NAME}");
        for room in [&closed, &unheard] {
            let error = told(matrix(&bot, room, &[]), Story::new()).await;
            assert!(error.starts_with(&format!("{} is not in {room} (", bot.id)), "{error}");
            assert!(error.ends_with("invite it there, and it joins"), "{error}");
        }
        // Removed from a room that it was in; with a file, of which nothing is sent then.
        delivered(&send(&*matrix(&bot, &room, &[]), Story::new()).await);
        owner.to(&room, "kick", &bot).await;
        let memory = [("room".to_owned(), format!("{room} {room}"))];
        let removed = Story::new().picture("p.jpg");
        let outcome = send_with(&*matrix(&bot, &room, &[]), removed, &memory).await;
        assert!(retried(&outcome).2.contains("invite it there"), "{outcome:?}");
        // In the room, but not allowed to write.
        let mute = owner
            .room(json!({ "preset": "public_chat",
        "power_level_content_override": { "events_default": 50 } }))
            .await;
        let error = told(matrix(&bot, &mute, &[]), Story::new()).await;
        assert!(error.starts_with("may not write to this room ("), "{error}");
    });
}

#[test]
fn a_public_room_is_joined_as_well() {
    run(async {
        let open = json!({ "preset": "public_chat", "initial_state": [
        { "type": "m.room.history_visibility", "content": { "history_visibility": "world_readable" } },
    ] });
        let (owner, bot) = (synapse().user().await, synapse().user().await);
        let room = owner.room(open).await;
        delivered(&send(&*matrix(&bot, &room, &[]), Story::new()).await);
        // Removed, and let in again: it finds its way by itself.
        owner.to(&room, "kick", &bot).await;
        let memory = [("room".to_owned(), format!("{room} {room}"))];
        let again = Story::new().change(|it| it.idempotency_key = "key-8".to_owned());
        delivered(&send_with(&*matrix(&bot, &room, &[]), again, &memory).await);
        assert_eq!(owner.messages(&room).await.len(), 2);
    });
}

#[test]
fn an_encrypted_room_gets_no_plain_text() {
    run(async {
        let (owner, bot, room) = home_control(json!({})).await;
        let channel = matrix(&bot, &room, &[]);
        delivered(&send(&*channel, Story::new()).await);
        // Encryption is switched on while the room is in use.
        let on = json!({ "algorithm": "m.megolm.v1.aes-sha2" });
        owner.set(&room, "m.room.encryption", on).await;
        let memory = [("room".to_owned(), format!("{room} {room}"))];
        let next = || Story::new().change(|it| it.idempotency_key = "key-8".to_owned());
        let (scope, after, error) = retried(&send_with(&*channel, next(), &memory).await);
        assert_eq!((scope, after), (Scope::Channel, Some(Duration::from_secs(300))));
        assert!(error.contains("encrypted") && error.contains("`unencrypted = true`"), "{error}");
        assert_eq!(owner.messages(&room).await.len(), 1);
        let willing = matrix(&bot, &room, &[("unencrypted", Value::Flag(true))]);
        delivered(&send_with(&*willing, next(), &memory).await);
        assert_eq!(owner.messages(&room).await.len(), 2);
    });
}

#[test]
fn the_rate_limit_of_the_server_is_respected() {
    run(async {
        let (owner, bot, room) = home_control(json!({})).await;
        let path = format!("/_synapse/admin/v1/users/{}/override_ratelimit", bot.id);
        let slow = json!({ "messages_per_second": 1, "burst_count": 1 });
        synapse().admin().await.ask(reqwest::Method::POST, &path, slow).await;
        let many =
            (0..4).fold(Story::new(), |story, number| story.picture(&format!("{number}.jpg")));
        let outcomes = send_all(&*matrix(&bot, &room, &[]), many).await;
        let waiting =
            outcomes.iter().find(|it| !matches!(it.verdict, tipoff_model::Verdict::Delivered(_)));
        let (scope, after, error) = retried(waiting.unwrap());
        assert_eq!(scope, Scope::Channel);
        assert!(after.is_some_and(|after| after <= Duration::from_secs(5)), "{after:?}");
        assert!(error.starts_with("Matrix asks to wait: "), "{error}");
        assert!(owner.messages(&room).await.len() < 4);
    });
}

#[test]
fn a_first_alert_has_links_that_act_and_notifications_do_not_show_them() {
    run(async {
        let (owner, bot, room) = home_control(json!({})).await;
        let story = || Story::new().text("Somebody").picture("1.jpg").buttons();
        delivered(&send(&*matrix(&bot, &room, &[]), story()).await);
        let content = owner.messages(&room).await.pop().unwrap()["content"].clone();
        let links = [
            ("🔇 15 min", 1),
            ("🔇 1 h", 2),
            ("🔇 Until morning", 3),
            ("🏠 [a](b), &quot;c&quot;; @all &lt;d&gt; *e*", 4),
            ("👎 Not interesting", 5),
        ];
        let link = |(label, number): (&str, u32)| {
            format!("<a href=\"{TIP}/act/T0KEN{number}.s1gnature\">{label}</a>")
        };
        let title = format!("<a href=\"{TIP}/incidents/3\"><b>👀 Front yard · Motion</b></a>");
        let html = format!("{title}<br>Somebody<br>{}", links.map(link).join(" · "));
        assert_eq!(content["formatted_body"], html);
        assert_eq!(content["body"], "👀 Front yard · Motion\nSomebody");

        let other = story().change(|it| it.idempotency_key = "key-8".to_owned());
        delivered(&send(&*matrix(&bot, &room, &[("buttons", Value::Flag(false))]), other).await);
        let content = owner.messages(&room).await.pop().unwrap()["content"].clone();
        assert_eq!(content["formatted_body"], format!("{title}<br>Somebody"));
    });
}

#[test]
fn the_same_alert_is_in_the_room_once_however_late_it_is_by_then() {
    run(async {
        let (owner, bot, room) = home_control(json!({})).await;
        let channel = matrix(&bot, &room, &[]);
        for late in ["03:12", "03:12, 11 min late", "03:12, 12 min late"] {
            let story = Story::new().change(|it| it.late = Some(late.to_owned()));
            delivered(&send(&*channel, story).await);
        }
        assert_eq!(owner.messages(&room).await.len(), 1);
    });
}
