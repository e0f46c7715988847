//! Slack: every kind of answer sorted, settings, and the incoming webhook.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::time::Duration;

use common::{Story, channel, delivered, faults, nowhere, refused, retried, send, send_all, text};
use tipoff_channels::{Channel, Value};
use tipoff_model::{AlertKind, Scope};
use tipoff_testkit::slack::{CHANNEL, FOREIGN, HOOK, Slack, TOKEN};
use tipoff_testkit::standin::Behaviour;

const REPAIR: Option<Duration> = Some(Duration::from_secs(300));

fn bot(server: &Slack, token: &str, id: &str) -> Box<dyn Channel> {
    let api = text(&server.api());
    channel("slack", &[("api", api), ("token", text(token)), ("channel", text(id))])
}

fn hook(server: &Slack) -> Box<dyn Channel> {
    channel("slack", &[("url", text(&server.hook()))])
}

fn told(error: &str) -> Behaviour {
    Behaviour::answer(200, &format!(r#"{{"ok":false,"error":"{error}"}}"#))
}

fn wait(seconds: u32) -> Behaviour {
    Behaviour::Answer {
        status: 429,
        headers: vec![("Retry-After".to_owned(), seconds.to_string())],
        body: r#"{"ok":false,"error":"ratelimited"}"#.to_owned(),
    }
}

#[tokio::test]
async fn every_answer_is_classified() {
    let server = Slack::start().await.unwrap();
    let channel = bot(&server, TOKEN, CHANNEL);
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    for (behaviour, after, words) in [
        (wait(30), seconds(30), "asks to wait"),
        (told("message_limit_exceeded"), None, "asks to wait"),
        (told("token_revoked"), REPAIR, "`token`"),
        (told("account_inactive"), REPAIR, "`token`"),
        (told("channel_not_found"), REPAIR, "`channel`"),
        (told("is_archived"), REPAIR, "archived"),
        (told("restricted_action_read_only_channel"), REPAIR, "who runs the workspace"),
        (told("ekm_access_denied"), REPAIR, "who runs the workspace"),
        (told("internal_error"), None, "a fault of its own"),
        (told("service_unavailable"), None, "a fault of its own"),
        (Behaviour::answer(302, ""), REPAIR, "`api`"),
        (Behaviour::answer(404, "<html>"), REPAIR, "`api`"),
        (Behaviour::answer(502, "<html>"), None, "502"),
        (Behaviour::garbage(), None, "not Slack"),
        (Behaviour::Down, None, "failed"),
    ] {
        server.script().next([behaviour.clone()]);
        let (scope, pause, error) = retried(&send(&*channel, Story::new()).await);
        let is_down = matches!(behaviour, Behaviour::Down);
        let expected = if is_down { Scope::Unreachable } else { Scope::Channel };
        assert_eq!((scope, pause), (expected, after), "{behaviour:?}");
        assert!(error.contains(words) && !error.contains('\n'), "{error}");
    }
    let body = format!(
        r#"{{"ok":false,"error":"invalid_arguments","response_metadata":{{"messages":["{TOKEN} no"]}}}}"#
    );
    server.script().next([Behaviour::answer(200, &body)]);
    let error = refused(&send(&*channel, Story::new()).await);
    assert_eq!(error, "not taken by Slack (invalid_arguments [hidden] no)");
    assert!(server.log().is_empty());
}

#[tokio::test]
async fn the_error_says_what_the_owner_has_to_do() {
    let server = Slack::start().await.unwrap();
    let error = |id: &'static str, token: &'static str| {
        let channel = bot(&server, token, id);
        async move {
            let (_, pause, error) = retried(&send(&*channel, Story::new().picture("1.jpg")).await);
            assert_eq!(pause, REPAIR);
            error
        }
    };
    assert!(error(FOREIGN, TOKEN).await.contains("/invite"));
    assert!(error("C9999999999", TOKEN).await.contains("`channel`"));
    let other = error(CHANNEL, "xoxb-other-token").await;
    assert!(other.contains("invalid_auth") && !other.contains("xoxb-other"), "{other}");
    server.lack("files:write");
    assert!(error(CHANNEL, TOKEN).await.contains("lacks the scope files:write"));
    assert!(server.log().is_empty());
}

#[tokio::test]
async fn a_missing_member_is_named() {
    let api = format!("{}/api", nowhere());
    let values = [("api", text(&api)), ("token", text(TOKEN)), ("channel", text(CHANNEL))];
    let (_, _, error) = retried(&send(&*channel("slack", &values), Story::new()).await);
    assert!(error.contains("cannot be reached") && !error.contains("xoxb"), "{error}");
    let values = [("url", text(&format!("{}{HOOK}", nowhere())))];
    let (_, _, error) = retried(&send(&*channel("slack", &values), Story::new()).await);
    assert!(error.contains("cannot be reached") && !error.contains("k3yk3y"), "{error}");
}

#[tokio::test]
async fn a_webhook_gets_text_and_links_to_pictures() {
    let server = Slack::start().await.unwrap();
    let addresses = ["https://tip/1.jpg", "http://192.168.1.2/2.jpg"];
    let story = Story::new().text("<!here>").picture("1.jpg").picture("2.jpg").picture("3.jpg");
    let story = story.change(|alert| {
        for (file, url) in alert.media.iter_mut().zip(addresses) {
            file.url = Some(url.to_owned());
        }
    });
    for outcome in send_all(&*hook(&server), story).await {
        assert_eq!(delivered(&outcome), None);
    }
    let all = server.log().all();
    let (posted, more) = all.split_first().unwrap();
    assert_eq!(
        (posted.pictures.as_slice(), more.len()),
        (&["https://tip/1.jpg".to_owned()][..], 0)
    );
    let words = &posted.text;
    assert!(words.starts_with("*👀 Front yard · Motion*\n&lt;!here&gt;\n\n2.jpg ("), "{words}");
    assert!(words.contains("open <http://192.168.1.2/2.jpg>\n3.jpg ("), "{words}");
    assert!(words.ends_with("this Slack webhook takes no files: it is kept in Tipoff"), "{words}");
}

#[tokio::test]
async fn a_picture_that_slack_cannot_fetch_becomes_a_link() {
    let server = Slack::start().await.unwrap();
    server.script().next([Behaviour::answer(400, "invalid_blocks")]);
    let story = Story::new().picture("1.jpg");
    let story = story.change(|it| it.media[0].url = Some("https://tip/1.jpg".to_owned()));
    delivered(&send(&*hook(&server), story).await);
    let posted = &server.log().all()[0];
    assert!(
        posted.pictures.is_empty() && posted.text.contains("<https://tip/1.jpg>"),
        "{posted:?}"
    );
}

#[tokio::test]
async fn every_answer_of_a_webhook_is_classified() {
    let server = Slack::start().await.unwrap();
    let channel = hook(&server);
    for (status, body, after, words) in [
        (404, "no_service", REPAIR, "`url`"),
        (403, "invalid_token", REPAIR, "`url`"),
        (403, "action_prohibited", REPAIR, "who runs the workspace"),
        (404, "channel_not_found", REPAIR, "channel"),
        (410, "channel_is_archived", REPAIR, "archived"),
        (302, "", REPAIR, "`url`"),
        (200, "<html>it works", REPAIR, "`url`"),
        (429, "rate_limited", None, "asks to wait"),
        (500, "rollup_error", None, "a fault of its own"),
    ] {
        server.script().next([Behaviour::answer(status, body)]);
        let (scope, pause, error) = retried(&send(&*channel, Story::new()).await);
        assert_eq!((scope, pause), (Scope::Channel, after), "{status} {body}");
        assert!(error.contains(words), "{error}");
    }
    server.script().next([Behaviour::answer(400, "invalid_payload k3yk3yk3yk3y")]);
    let error = refused(&send(&*channel, Story::new()).await);
    assert_eq!(error, "not taken by Slack (invalid_payload [hidden])");
    let follow_up = Story::new().change(|it| {
        it.kind = AlertKind::FollowUp;
        it.reply_to = Some("1.2".to_owned());
    });
    delivered(&send(&*channel, follow_up).await);
}

#[test]
fn an_impossible_setting_is_a_fault_at_its_key() {
    let with = |values: &[(&str, &str)]| {
        let values: Vec<(&str, Value)> = values.iter().map(|(key, it)| (*key, text(it))).collect();
        faults("slack", &values)
    };
    let url = ("url", "https://hooks.slack.com/services/T000/B000/KEY");
    let (token, id) = (("token", TOKEN), ("channel", CHANNEL));
    assert!(with(&[url]).is_empty());
    assert!(with(&[token, id]).is_empty());
    assert!(with(&[token, id, ("api", "https://slack-gov.com/api/")]).is_empty());
    assert_eq!(with(&[]), ["token"]);
    assert_eq!(with(&[id]), ["token"]);
    assert_eq!(with(&[token]), ["channel"]);
    assert_eq!(with(&[token, ("channel", "#yard")]), ["channel"]);
    assert_eq!(with(&[("token", "xoxp-1"), id]), ["token"]);
    assert_eq!(with(&[("token", "xoxb-"), id, ("api", "slack.com")]), ["token", "api"]);
    assert_eq!(with(&[token, id, url]), ["url"]);
    assert_eq!(with(&[url, id]), ["channel"]);
    assert_eq!(with(&[url, ("api", "https://slack.com/api")]), ["api"]);
    for url in ["", "hooks.slack.com", "https://hooks.slack.com/services/T000/B000/"] {
        assert_eq!(with(&[("url", url)]), ["url"], "{url}");
    }
}

#[test]
fn all_that_write_to_a_channel_share_its_pace_and_show_no_secret() {
    let bot = [("token", text(TOKEN)), ("channel", text(CHANNEL))];
    assert_eq!(channel("slack", &bot).paces(&[])[0].key, format!("slack:{CHANNEL}"));
    let hook = [("url", text("https://hooks.slack.com/services/T000/B000/KEY"))];
    assert_eq!(channel("slack", &hook).paces(&[])[0].key, "slack:T000/B000");
}
