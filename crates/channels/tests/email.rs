//! Mail of ours: what is sent, what its limits make of it, and every kind of answer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;
#[path = "email/mod.rs"]
mod reader;
#[path = "email/scene.rs"]
mod scene;

use std::time::Duration;

use common::{
    MODE_LABEL, Story, TIP, channel, delivered, faults, jpeg, refused, retried, send, send_all,
    send_with,
};
use common::{stored, text};
use reader::{field, outline, read};
use scene::{ME, OPEN, YOU, digest, list, mails, original, settings, start};
use tipoff_channels::Value;
use tipoff_model::{AlertKind, MediaKind, Outcome, Priority, Scope};
use tipoff_testkit::email::{Act, Email, Options, PASSWORD, Step, USER};

#[tokio::test]
async fn an_alert_is_one_mail_with_its_pictures_in_it() {
    let story = Story::new()
        .text("Wärme & <b>Licht</b>\n.\n..dots")
        .picture("Bild ü.jpg")
        .picture("2.jpg")
        .file("clip.mp4", "video/mp4", MediaKind::Video, b"\0\r\n.\r\nvideo".to_vec())
        .change(|alert| alert.link = Some("http://nas.lan/incidents/3?a&b".to_owned()));
    let sent = mails(Options::default(), &[("to", list(&[ME, YOU]))], story).await;
    let [sent] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((sent.from.as_str(), sent.tls, sent.login), (USER, true, true));
    assert_eq!(sent.to, [ME, YOU]);
    let size = format!("SIZE={}", sent.content.len() - "\r\n".len());
    assert_eq!(sent.parameters, [size], "all of it is ASCII");

    let mail = read(&sent.content);
    let expected = "mixed(alternative(plain, related(html, inline Bild ü.jpg, inline 2.jpg)), \
                    attachment clip.mp4)";
    assert_eq!(outline(&mail["content"]), expected);
    assert_eq!(field(&mail, "subject"), "👀 Front yard · Motion");
    assert_eq!(field(&mail, "from"), "Cameras <cameras@example.org>");
    assert_eq!(field(&mail, "to"), "me@example.org, you@example.org");
    assert_eq!(field(&mail, "auto-submitted"), "auto-generated");
    assert_eq!(field(&mail, "message-id"), "<key-7.0@example.org>");
    assert!(field(&mail, "date").contains("2026"));
    assert!(mail["fields"]["importance"].is_null() && mail["fields"]["in-reply-to"].is_null());

    let plain = reader::text(&mail["content"], "text/plain");
    let link = "http://nas.lan/incidents/3?a&b";
    assert_eq!(
        plain,
        format!("👀 Front yard · Motion\n\nWärme & <b>Licht</b>\n.\n..dots\n\n{link}")
    );
    let html = reader::text(&mail["content"], "text/html");
    assert!(html.contains("<strong>&#128064; Front yard &#183; Motion</strong>"), "{html}");
    assert!(html.contains("W&#228;rme &amp; &lt;b&gt;Licht&lt;/b&gt;<br>\n."), "{html}");
    assert!(html.contains("<a href=\"http://nas.lan/incidents/3?a&amp;b\">"), "{html}");

    let related = &mail["content"]["parts"][0]["parts"][1]["parts"];
    let id = related[1]["id"].as_str().unwrap().trim_matches(['<', '>']);
    assert!(html.contains(&format!("<img src=\"cid:{id}\"")), "{id} in {html}");
    assert_ne!(related[1]["id"], related[2]["id"]);
    assert_eq!(related[1]["sha256"], digest(&jpeg(64, 48)));
    assert_eq!(mail["content"]["parts"][1]["sha256"], digest(b"\0\r\n.\r\nvideo"));
}

#[tokio::test]
async fn text_from_a_device_cannot_change_the_mails_structure() {
    let evil = "x\r\nBcc: thief@example.net\r\n\r\n--tipoff\0";
    let story = Story::new()
        .text(evil)
        .file(evil, evil, MediaKind::Picture, b"no picture".to_vec())
        .file("b\".html", "text/html; charset=x\r\nX: y", MediaKind::File, b"<b>".to_vec())
        .change(|alert| {
            alert.device = evil.to_owned();
            alert.subject = evil.to_owned();
            alert.idempotency_key = format!("<>{evil}");
        });
    for sent in mails(OPEN, &[], story).await {
        assert_eq!(sent.to, [ME]);
        let mail = read(&sent.content);
        assert!(mail["fields"]["bcc"].is_null() && mail["fields"]["x"].is_null(), "{mail}");
        assert!(field(&mail, "subject").contains("x Bcc: thief@example.net"), "{mail}");
    }
}

#[tokio::test]
async fn words_alone_are_a_small_mail() {
    let sent = mails(OPEN, &[], Story::new().text("hello")).await;
    let mail = read(&sent[0].content);
    assert_eq!(outline(&mail["content"]), "alternative(plain, html)");
    assert!(reader::text(&mail["content"], "text/plain").ends_with("\n\nhello"), "{mail}");
    for letter in ["x", "ü", "😀"] {
        let long = mails(OPEN, &[], Story::new().text(&letter.repeat(60_000))).await;
        let outlines: Vec<_> =
            long.iter().map(|it| outline(&read(&it.content)["content"])).collect();
        let whole = "mixed(alternative(plain, html), attachment message.txt)";
        assert_eq!(outlines, ["alternative(plain, html)", whole]);
    }
}

#[tokio::test]
async fn importance_is_what_the_route_asks_for_and_low_where_it_is_silent() {
    for (priority, silent, number, word) in [
        (Some(Priority::Urgent), false, "1", "high"),
        (Some(Priority::High), false, "2", "high"),
        (Some(Priority::High), true, "4", "low"),
        (Some(Priority::Normal), false, "3", "normal"),
        (Some(Priority::Low), false, "4", "low"),
        (Some(Priority::Lowest), false, "5", "low"),
        (Some(Priority::Lowest), true, "5", "low"),
        (None, true, "4", "low"),
    ] {
        let quiet: [fn(&mut tipoff_model::Alert); 2] =
            [|alert| alert.manner.silent = true, |alert| alert.kind = AlertKind::FollowUp];
        let loud: [fn(&mut tipoff_model::Alert); 1] = [|_| ()];
        for change in if silent { quiet.as_slice() } else { &loud } {
            let priority = |alert: &mut tipoff_model::Alert| alert.manner.priority = priority;
            let story = Story::new().change(priority).change(change);
            let mail = read(&mails(OPEN, &[], story).await[0].content);
            let importance = (field(&mail, "x-priority"), field(&mail, "importance"));
            assert_eq!(importance, (number.into(), word.into()));
        }
    }
}

#[tokio::test]
async fn a_follow_up_is_in_the_thread_of_the_first_alert() {
    let (server, channel) = start(OPEN, &[]).await;
    let first = Story::new().picture("1.jpg").file(
        "log.txt",
        "text/plain",
        MediaKind::File,
        b"log".to_vec(),
    );
    let outcomes = send_all(&*channel, first).await;
    let reference = delivered(&outcomes[0]);
    assert_eq!(reference.as_deref(), Some("key-7.0@example.org 👀 Front yard · Motion"));
    let follow_up = Story::new().picture("2.jpg").change(|alert| {
        alert.kind = AlertKind::FollowUp;
        alert.event = tipoff_model::Event::Person;
        alert.idempotency_key = "key-8".to_owned();
        alert.reply_to = reference.clone();
    });
    delivered(&send(&*channel, follow_up).await);
    let mails: Vec<_> = server.log().all().iter().map(|it| read(&it.content)).collect();
    let ids: Vec<_> = mails.iter().map(|mail| field(mail, "message-id")).collect();
    let expected = ["<key-7.0@example.org>", "<key-7.1@example.org>", "<key-8.0@example.org>"];
    assert_eq!(ids, expected, "the same at every attempt, and never twice");
    for mail in &mails[1..] {
        assert_eq!(field(mail, "in-reply-to"), "<key-7.0@example.org>");
        assert_eq!(field(mail, "references"), "<key-7.0@example.org>");
        assert_eq!(field(mail, "subject"), "Re: 👀 Front yard · Motion");
    }
    let words = reader::text(&mails[2]["content"], "text/plain");
    assert!(words.starts_with("1 more picture"), "{words}");
    // What another service once answered is no thread.
    let odd = Story::new().change(|alert| alert.reply_to = Some("-100123 17".to_owned()));
    delivered(&send(&*channel, odd).await);
    let last = server.log().all().pop().unwrap();
    assert!(read(&last.content)["fields"]["in-reply-to"].is_null());
}

#[tokio::test]
async fn files_too_large_for_the_server_are_named() {
    let small = Options { size: Some(100_000), ..OPEN };
    let story = Story::new()
        .zeros("1.jpg", "image/jpeg", MediaKind::Picture, 40_000)
        .zeros("2.jpg", "image/jpeg", MediaKind::Picture, 60_000)
        .zeros("3.jpg", "image/jpeg", MediaKind::Picture, 20_000);
    let sent = mails(small, &[], story).await;
    let mail = read(&sent[0].content);
    let expected = "alternative(plain, related(html, inline 1.jpg, inline 3.jpg))";
    assert_eq!((sent.len(), outline(&mail["content"]).as_str()), (1, expected));
    let words = reader::text(&mail["content"], "text/plain");
    let told =
        "2.jpg (59 KB): too big for this mail server (limit 98 KB a mail): it is kept in Tipoff";
    assert!(words.contains(told), "{words}");

    // One that does not say what it takes; and one that says so at the end.
    for (options, step) in [
        (Options { size: None, ..OPEN }, Step::End),
        (Options { size: Some(0), ..OPEN }, Step::Sender),
    ] {
        let (server, channel) = start(options, &[]).await;
        server.act(step.clone(), Act::Say("552 5.3.4 too large"));
        let story = Story::new().picture("1.jpg");
        let error = refused(&send(&*channel, story).await);
        assert!(error.contains("too big for this mail server"), "{step:?}: {error}");
        assert!(server.log().is_empty());
    }
    let huge = Story::new().zeros("a.mp4", "video/mp4", MediaKind::Video, (18 << 20) + 1);
    let mail = read(&mails(OPEN, &[], huge).await[0].content);
    let words = reader::text(&mail["content"], "text/plain");
    assert!(words.contains("too big for a mail (limit 18 MB)"), "{words}");
}

#[tokio::test]
async fn the_text_of_filtered_files_is_delivered() {
    let (server, channel) = start(OPEN, &[]).await;
    for (number, step) in (0..).zip([Step::Sender, Step::Data, Step::End]) {
        let reply = if number == 0 { "552 5.3.4 too large" } else { "554 5.7.0 no programs" };
        server.act(step, Act::Once(reply));
        let story = Story::new().text("words").zeros("a.exe", "x/y", MediaKind::File, 4096);
        delivered(&send(&*channel, story).await);
        let mail = read(&server.log().all()[number].content);
        assert_eq!(outline(&mail["content"]), "alternative(plain, html)");
        let words = reader::text(&mail["content"], "text/plain");
        let why = ["too big for this mail server", "localhost answered 554 5.7.0 no programs"];
        assert!(words.contains("a.exe (4 KB)") && words.contains(why[number.min(1)]), "{words}");
    }
    server.act(Step::End, Act::Say("554 5.7.0 no programs"));
    let error = refused(&send(&*channel, Story::new().text("words").picture("a.jpg")).await);
    assert_eq!(error, "not taken: localhost answered 554 5.7.0 no programs");
}

#[tokio::test]
async fn every_answer_is_classified() {
    let (server, channel) = start(Options::default(), &[]).await;
    let repair = Some(Duration::from_secs(300));
    let to = || Step::Recipient(ME.to_owned());
    for (step, act, scope, after, told) in [
        (
            Step::Greeting,
            Act::Say("421 4.3.2 busy"),
            Scope::Channel,
            None,
            "answered 421 4.3.2 busy",
        ),
        (Step::Greeting, Act::Say("554 5.3.2 no"), Scope::Channel, repair, "check `server`"),
        (Step::Greeting, Act::Say("HTTP/1.1 400 no"), Scope::Unreachable, None, "speaks no SMTP"),
        (Step::Greeting, Act::Cut, Scope::Unreachable, None, "localhost"),
        (Step::Hello, Act::Say("451 4.3.0 later"), Scope::Channel, None, "451 4.3.0 later"),
        (Step::StartTls, Act::Say("454 4.7.0 no TLS"), Scope::Channel, None, "454 4.7.0 no TLS"),
        (Step::StartTls, Act::Cut, Scope::Unreachable, None, "localhost"),
        (
            Step::Login,
            Act::Say("535 5.7.8 wrong"),
            Scope::Channel,
            repair,
            "set `user` and `password`",
        ),
        (Step::Login, Act::Say("535 pa55-w0rd"), Scope::Channel, repair, "[hidden]"),
        (Step::Login, Act::Say("454 4.7.0 later"), Scope::Channel, None, "454 4.7.0 later"),
        (Step::Login, Act::Cut, Scope::Unreachable, None, "localhost"),
        (Step::Sender, Act::Say("451 4.3.0 later"), Scope::Channel, None, "451 4.3.0 later"),
        (Step::Sender, Act::Say("550 5.1.0 not you"), Scope::Channel, repair, "set `from`"),
        (
            Step::Sender,
            Act::Say("553 5.7.1 not you"),
            Scope::Channel,
            repair,
            "check `user` and `from`",
        ),
        (Step::Sender, Act::Cut, Scope::Unreachable, None, "localhost"),
        (to(), Act::Say("450 4.2.0 greylisted"), Scope::Channel, None, "450 4.2.0 greylisted"),
        (to(), Act::Say("554 5.7.1 relaying"), Scope::Channel, repair, "check `to`"),
        (to(), Act::Cut, Scope::Unreachable, None, "localhost"),
        (Step::Data, Act::Say("451 4.3.0 later"), Scope::Message, None, "451 4.3.0 later"),
        (Step::Data, Act::Cut, Scope::Message, None, "localhost"),
        (Step::End, Act::Say("451 4.7.1 later"), Scope::Message, None, "451 4.7.1 later"),
        (Step::End, Act::Cut, Scope::Message, None, "localhost"),
    ] {
        server.behave();
        server.act(step.clone(), act);
        let (there, pause, error) = retried(&send(&*channel, Story::new().picture("1.jpg")).await);
        assert_eq!((there, pause), (scope, after), "{step:?} {act:?}: {error}");
        assert!(error.contains(told), "{step:?} {act:?}: {error}");
        assert!(!error.contains(PASSWORD) && !error.contains('\n'), "{error}");
    }
    server.behave();
    server.act(to(), Act::Say("550 5.1.1 no such user"));
    let (scope, pause, error) = retried(&send(&*channel, Story::new()).await);
    assert_eq!((scope, pause), (Scope::Channel, repair), "what is set is wrong: nothing is lost");
    assert_eq!(error, "localhost answered 550 5.1.1 no such user: check `to`");
    assert!(server.log().is_empty());
    server.behave();
    delivered(&send(&*channel, Story::new()).await);
}

#[tokio::test]
async fn a_server_that_never_answers_times_out() {
    for step in [Step::Greeting, Step::Login, Step::Sender, Step::End] {
        let more = [("timeout", Value::Duration(Duration::from_secs(1)))];
        let (server, channel) = start(Options::default(), &more).await;
        server.act(step, Act::Hush);
        let (scope, _, error) = retried(&send(&*channel, Story::new()).await);
        assert_eq!(
            (scope, error.as_str()),
            (Scope::Unreachable, "localhost did not answer within 1 s")
        );
    }
}

#[tokio::test]
async fn recipients_who_got_a_mail_get_no_second_copy() {
    let (server, channel) = start(OPEN, &[("to", list(&[ME, YOU]))]).await;
    server.act(Step::Recipient(YOU.to_owned()), Act::Say("450 4.2.0 greylisted"));
    let Outcome { verdict, remember } = send(&*channel, Story::new().picture("1.jpg")).await;
    let (scope, _, error) = retried(&verdict.into());
    assert_eq!(scope, Scope::Message);
    assert_eq!(error, format!("{YOU}: localhost answered 450 4.2.0 greylisted"));
    assert_eq!(remember, [("sent".to_owned(), format!("key-7 0 {ME}"))]);
    // Whoever is left keeps no other alert waiting, whatever the server says of them.
    let again = send_with(&*channel, Story::new().picture("1.jpg"), &remember).await;
    assert_eq!(retried(&again).0, Scope::Message);
    server.act(Step::Recipient(YOU.to_owned()), Act::Say("554 5.7.1 relaying"));
    let again = send_with(&*channel, Story::new().picture("1.jpg"), &remember).await;
    assert_eq!(retried(&again).0, Scope::Message);
    server.behave();
    let last = send_with(&*channel, Story::new().picture("1.jpg"), &remember).await;
    delivered(&last);
    assert_eq!(last.remember, [("sent".to_owned(), String::new())], "it makes room");
    let to: Vec<_> = server.log().all().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [[ME], [YOU]]);
    // What is remembered of one alert is nothing to another.
    let other = Story::new().change(|alert| alert.idempotency_key = "key-9".to_owned());
    delivered(&send_with(&*channel, other, &remember).await);
    assert_eq!(server.log().all()[2].to, [ME, YOU]);

    server.act(Step::Recipient(YOU.to_owned()), Act::Say("550 5.1.1 who"));
    let error = refused(&send(&*channel, Story::new()).await);
    let told = format!("not everybody in `to` got it: {YOU}: localhost answered 550 5.1.1 who");
    assert_eq!((error, server.log().all()[3].to.as_slice()), (told, [ME.to_owned()].as_slice()));
}

#[tokio::test]
async fn passwords_are_sent_over_tls_only() {
    let repair = (Scope::Channel, Some(Duration::from_secs(300)));
    let no_tls = (Scope::Unreachable, None);
    let login = [("user", text(USER)), ("password", text(PASSWORD))];
    for (options, more, expected, told) in [
        (OPEN, vec![("tls", text("required"))], repair, "offers no TLS"),
        (OPEN, [&[("tls", text("offered"))], login.as_slice()].concat(), repair, "offers no TLS"),
        (OPEN, login.to_vec(), repair, "lets nobody log in"),
        (
            Options::default(),
            vec![("trust", text(&other_certificate()))],
            no_tls,
            "not to be trusted",
        ),
        (
            Options { wrapped: true, ..OPEN },
            vec![("trust", text(&other_certificate()))],
            no_tls,
            "not to be trusted",
        ),
    ] {
        let (server, channel) = start(options, &more).await;
        let (scope, after, error) = retried(&send(&*channel, Story::new()).await);
        assert_eq!((scope, after), expected, "{error}");
        assert!(error.contains(told), "{error}");
        assert!(server.log().is_empty());
    }
    for options in [
        Options { wrapped: true, ..Options::default() },
        Options { wrapped: true, ..OPEN },
        Options::default(),
    ] {
        assert!(mails(options, &[], Story::new()).await[0].tls);
    }
    let offered = [("tls", text("offered"))];
    assert!(!mails(OPEN, &offered, Story::new()).await[0].tls);
    assert!(
        mails(Options { login: false, ..Options::default() }, &offered, Story::new()).await[0].tls
    );
    // TLS from the start where there is none, and the other way round.
    let server = Email::start(OPEN).await.unwrap();
    let url = text(&server.url().replace("smtp:", "smtps:"));
    let values = settings(&server, Options { wrapped: true, ..OPEN }, &[("server", url)]);
    let (scope, after, error) = retried(&send(&*channel("email", &values), Story::new()).await);
    assert_eq!((scope, after), no_tls, "{error}");
    assert!(error.contains("check `server`, with smtp://"), "{error}");
}

fn other_certificate() -> String {
    rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem()
}

#[tokio::test]
async fn an_unreachable_server_is_retried() {
    let nowhere = common::nowhere().replace("http:", "smtp:");
    let values = [("server", text(&nowhere)), ("from", text(USER)), ("to", list(&[ME]))];
    let (scope, after, error) = retried(&send(&*channel("email", &values), Story::new()).await);
    assert_eq!((scope, after), (Scope::Unreachable, None));
    assert!(error.contains("the connection to 127.0.0.1 failed"), "{error}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_concerns_its_message() {
    let gone = || stored("gone.jpg", "image/jpeg", MediaKind::Picture, 9, "gone");
    let story = Story::new().change(|alert| alert.media.push(gone()));
    let (server, channel) = start(OPEN, &[]).await;
    let (scope, _, error) = retried(&send(&*channel, story).await);
    assert_eq!(scope, Scope::Message);
    assert!(error.contains("gone.jpg cannot be read"), "{error}");
    let (server_two, channel) = start(OPEN, &[original()]).await;
    let story = Story::new().change(|alert| alert.mails.push(gone()));
    assert_eq!(retried(&send(&*channel, story).await).0, Scope::Message);
    assert!(server.log().is_empty() && server_two.log().is_empty());
}

#[test]
fn an_impossible_setting_is_a_fault_at_its_key() {
    let with = |more: &[(&str, Value)]| {
        let mut values = vec![
            ("server", text("smtp://mail.example.org")),
            ("from", text(USER)),
            ("to", list(&[ME])),
        ];
        values.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
        values.extend_from_slice(more);
        faults("email", &values)
    };
    assert!(with(&[]).is_empty());
    assert!(with(&[("server", text("smtps://[::1]:465/"))]).is_empty());
    for server in [
        "",
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://mail.example.org/path",
        "smtp://user:secret@mail.example.org",
    ] {
        assert_eq!(with(&[("server", text(server))]), ["server"], "{server}");
    }
    assert_eq!(with(&[("from", text("Cameras"))]), ["from"]);
    assert_eq!(with(&[("to", list(&[]))]), ["to"]);
    assert_eq!(with(&[("to", list(&[ME, "you"]))]), ["to"]);
    assert!(with(&[("to", list(&[ME; 50]))]).is_empty());
    assert_eq!(with(&[("to", list(&[ME; 51]))]), ["to"]);
    assert_eq!(with(&[("form", text("copy"))]), ["form"]);
    assert_eq!(with(&[("tls", text("maybe"))]), ["tls"]);
    let smtps = ("server", text("smtps://mail.example.org"));
    assert_eq!(with(&[smtps, ("tls", text("never"))]), ["tls"]);
    assert_eq!(with(&[("user", text("me"))]), ["user"]);
    assert_eq!(with(&[("password", text("x"))]), ["password"]);
    assert_eq!(with(&[("trust", text("a.pem"))]), ["trust"]);
    let broken = "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n";
    assert_eq!(with(&[("trust", text(broken))]), ["trust"]);
}

#[tokio::test]
async fn a_first_alert_has_links_that_act() {
    let mail = read(&mails(OPEN, &[], Story::new().text("Somebody").buttons()).await[0].content);
    let plain = reader::text(&mail["content"], "text/plain");
    let links = [
        ("🔇 15 min", 1),
        ("🔇 1 h", 2),
        ("🔇 Until morning", 3),
        (MODE_LABEL, 4),
        ("👎 Not interesting", 5),
    ];
    let lines = links.map(|(label, number)| format!("{label}: {TIP}/act/T0KEN{number}.s1gnature"));
    let begin = format!("👀 Front yard · Motion\n\nSomebody\n\n{TIP}/incidents/3");
    assert_eq!(plain, format!("{begin}\n\n{}", lines.join("\n")));
    let html = reader::text(&mail["content"], "text/html");
    let link = format!("<a href=\"{TIP}/act/T0KEN3.s1gnature\">&#128263; Until morning</a>");
    assert!(html.contains(&link) && html.contains("&quot;c&quot;; @all &lt;d&gt;"), "{html}");

    let off = [("buttons", tipoff_channels::Value::Flag(false))];
    let mail = read(&mails(OPEN, &off, Story::new().text("Somebody").buttons()).await[0].content);
    assert_eq!(reader::text(&mail["content"], "text/plain"), begin);
}
