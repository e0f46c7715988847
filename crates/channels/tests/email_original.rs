//! The device's own mail, sent on as it came or in one of ours.
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

use common::{Story, delivered, refused, retried, send, send_with, text};
use reader::{field, outline, read};
use scene::{ME, OPEN, YOU, digest, has_line, list, mails, original, start, with_mail};
use tipoff_channels::Abilities;
use tipoff_model::{AlertKind, ArrivalId, Outcome};
use tipoff_testkit::email::{Act, Options, Step, USER};

#[tokio::test]
async fn a_devices_own_mail_is_forwarded_unchanged() {
    let raw = b"To: evil@example.net\nBcc: evil@example.net\nFrom: cam@lan\nDate: Mon\n\
                Subject: Alarm\n\n.\n..\nB\xe4ume \n";
    let story = with_mail(Story::new().picture("1.jpg"), raw, 1);
    let (server, channel) = start(OPEN, &[original()]).await;
    assert_eq!(channel.abilities(), Abilities::AcceptsAlert);
    delivered(&send(&*channel, story).await);
    let [sent] = server.log().all().try_into().unwrap();
    assert_eq!((sent.from.as_str(), sent.to.as_slice()), (USER, [ME.to_owned()].as_slice()));
    assert!(sent.parameters.contains(&"BODY=8BITMIME".to_owned()));
    let text = sent.content.clone();
    let tail = b"To: evil@example.net\r\nBcc: evil@example.net\r\nFrom: cam@lan\r\nDate: Mon\r\n\
                 Subject: Alarm\r\n\r\n.\r\n..\r\nB\xe4ume \r\n";
    assert!(text.ends_with(tail), "{}", String::from_utf8_lossy(&text));
    for line in [
        "Resent-From: Cameras <cameras@example.org>",
        "Resent-To: me@example.org",
        "Resent-Message-ID: <key-7.0@example.org>",
        "Auto-Submitted: auto-generated",
        "X-Tipoff-Alert: key-7",
    ] {
        assert!(has_line(&sent, line), "{line}");
    }
}

#[tokio::test]
async fn required_headers_are_added() {
    let raw = b"Subject: Alarm\nAuto-Submitted: auto-generated\n\nhello";
    let sent = mails(OPEN, &[original()], with_mail(Story::new(), raw, 1)).await;
    let mail = read(&sent[0].content);
    assert_eq!(field(&mail, "from"), "Cameras <cameras@example.org>");
    assert_eq!(field(&mail, "auto-submitted"), "auto-generated");
    assert!(field(&mail, "date").contains("2026"));
}

#[tokio::test]
async fn an_invalid_mail_is_sent_as_a_file() {
    let long = format!("A: b\n\n{}\n", "x".repeat(999));
    let eight = b"A: b\n\n\xe4\n".as_slice();
    for (raw, options) in [
        (b"A: b\n\nNUL \0\n".as_slice(), OPEN),
        (b"Subject: \xb1\xa8\xbe\xaf\n\nx\n", OPEN),
        (b"no header at all\r", OPEN),
        (long.as_bytes(), OPEN),
        (eight, Options { eight_bit: false, ..OPEN }),
    ] {
        let story = with_mail(Story::new().text("words").picture("1.jpg"), raw, 1);
        let sent = mails(options, &[original()], story).await;
        let names: Vec<_> = sent.iter().map(|it| outline(&read(&it.content)["content"])).collect();
        let names = names.join(" ");
        assert!(names.contains("inline 1.jpg") && names.contains("attachment mail.eml"), "{names}");
        let mail = sent.iter().map(|it| read(&it.content).to_string()).collect::<String>();
        assert!(mail.contains(&digest(raw)), "byte for byte");
    }
}

#[tokio::test]
async fn an_arrival_that_is_no_mail_is_sent_in_a_mail_of_tipoff() {
    let raw = b"From: cam@lan\nDate: Mon\nSubject: Alarm\n\nhello\n";
    let story = with_mail(Story::new().picture("mailed.jpg").picture("uploaded.jpg"), raw, 1)
        .change(|alert| alert.media[1].place.arrival = ArrivalId(2));
    let sent = mails(OPEN, &[original()], story).await;
    assert_eq!(sent.len(), 2);
    assert!(has_line(&sent[0], "Subject: Alarm"));
    let ours = read(&sent[1].content);
    assert_eq!(outline(&ours["content"]), "alternative(plain, related(html, inline uploaded.jpg))");
    // Alerts that say more than a mail: torn ones, and counts.
    for (torn, kind) in [(true, AlertKind::First), (false, AlertKind::Summary)] {
        let story = with_mail(Story::new().text("words"), raw, 1).change(|alert| {
            alert.torn = torn;
            alert.kind = kind;
        });
        let sent = mails(OPEN, &[original()], story).await;
        assert_eq!(sent.len(), 1);
        let mail = read(&sent[0].content);
        assert_eq!(
            outline(&mail["content"]),
            "mixed(alternative(plain, html), attachment mail.eml)"
        );
    }
    // And those without a mail.
    let sent = mails(OPEN, &[original()], Story::new().text("gone silent")).await;
    let text = reader::text(&read(&sent[0].content)["content"], "text/plain");
    assert!(text.ends_with("gone silent"), "{text}");
}

#[tokio::test]
async fn forwarded_mails_are_not_forwarded_again() {
    let raw = |number: u8| format!("From: cam@lan\nDate: Mon\nSubject: {number}\n\nx\n");
    let story = || {
        (1..=3).fold(Story::new(), |story, number| {
            with_mail(story, raw(number).as_bytes(), i64::from(number))
        })
    };
    let small = Options { size: Some(2000), ..OPEN };
    let (server, channel) = start(small, &[original(), ("to", list(&[ME, YOU]))]).await;
    server.act(Step::Recipient(YOU.to_owned()), Act::Say("450 4.2.0 later"));
    let Outcome { verdict, remember } = send(&*channel, story()).await;
    retried(&verdict.into());
    assert_eq!(remember, [("sent".to_owned(), format!("key-7 0 {ME}"))]);
    server.behave();
    delivered(&send_with(&*channel, story(), &remember).await);
    let expected = [(ME, "1"), (YOU, "1"), (ME, "2"), (ME, "3")];
    let sent: Vec<_> = server.log().all();
    for (mail, (to, subject)) in sent.iter().zip(expected) {
        assert!(mail.to[0] == to && has_line(mail, &format!("Subject: {subject}")), "{mail:?}");
    }
    // One that is refused keeps none behind it back.
    let before = server.log().len();
    server.act(Step::Recipient(YOU.to_owned()), Act::Once("550 5.1.1 who"));
    let error = refused(&send(&*channel, story()).await);
    let told = format!("not everybody in `to` got it: {YOU}: localhost answered 550 5.1.1 who");
    assert_eq!(error, told);
    assert_eq!(server.log().len(), before + 3);
    // Where it breaks off later, what was sent is remembered, too.
    let third = [("sent".to_owned(), "key-7 2".to_owned())];
    delivered(&send_with(&*channel, story(), &third).await);
    assert_eq!(server.log().len(), before + 4);
}

#[tokio::test]
async fn a_mail_loop_is_stopped() {
    for form in ["fresh", "original"] {
        let more = [("form", text(form))];
        let (server, channel) = start(OPEN, &more).await;
        delivered(&send(&*channel, Story::new().picture("1.jpg")).await);
        let own = server.log().all()[0].content.clone();
        let back = with_mail(Story::new().picture("1.jpg"), &own, 1);
        let error = refused(&send(&*channel, back).await);
        assert!(error.contains("goes round in circles"), "{error}");
        assert_eq!(server.log().len(), 1);
    }
}
