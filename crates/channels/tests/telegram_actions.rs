//! Telegram's buttons and commands, against a strict stand-in and a household that notes what is asked.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use common::{Story, channel, delivered, send, send_all, text};
use serde_json::json;
use tipoff_channels::telegram::Setup;
use tipoff_channels::{
    BoxFuture, Channel, Done, HomeControl, HomeState, HookFault, HookRequest, Pace, Value,
};
use tipoff_model::{Action, AlertKind, Button, DeviceId, Effect, IncidentId, MuteFor, MuteTarget};
use tipoff_testkit::standin::Behaviour;
use tipoff_testkit::telegram::{ApiError, CHANNEL, CHAT, GROUP, SUPERGROUP, TOKEN, Telegram};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

/// No condition takes longer than this, unless it will never come.
const PATIENCE: Duration = Duration::from_secs(30);
const DEVICE: MuteTarget = MuteTarget::Device(DeviceId(4));

/// Does nothing, and notes what is asked of it.
struct House {
    acts: Mutex<Vec<(Action, String)>>,
    memory: Mutex<Vec<(String, String)>>,
    modes: Vec<String>,
    hook: Option<String>,
    /// An act waits here until it may.
    gate: Semaphore,
}

impl House {
    fn new() -> Self {
        Self {
            acts: Mutex::default(),
            memory: Mutex::default(),
            modes: vec!["Home".to_owned(), "away".to_owned()],
            hook: Some("https://tipoff.example/hooks/me".to_owned()),
            gate: Semaphore::new(1000),
        }
    }

    fn acts(&self) -> Vec<(Action, String)> {
        self.acts.lock().unwrap().clone()
    }
}

impl HomeControl for House {
    fn next_state(&self, _: Option<HomeState>) -> BoxFuture<'_, HomeState> {
        let modes = self.modes.clone();
        Box::pin(async { HomeState { mode: None, modes, devices: Vec::new() } })
    }

    fn choose_mode(&self, _: String) -> BoxFuture<'_, Result<(), String>> {
        unreachable!("modes are set by actions")
    }

    fn act<'a>(
        &'a self,
        action: &'a Action,
        person: &'a str,
    ) -> BoxFuture<'a, Result<Done, String>> {
        Box::pin(async move {
            self.gate.acquire().await.unwrap().forget();
            self.acts.lock().unwrap().push((action.clone(), person.to_owned()));
            if *action == (Action::NotInteresting { incident: IncidentId(99) }) {
                return Err("This incident is no longer stored.".to_owned());
            }
            let next = match action {
                Action::Mute { target, .. } => {
                    vec![(Action::Unmute { target: *target }, "Unmute".to_owned())]
                }
                _ => Vec::new(),
            };
            let label = action.encode().unwrap();
            Ok(Done { text: format!("{label} is done."), label, next })
        })
    }

    fn status(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async { Ok("Mode: Home <&>".to_owned()) })
    }

    fn last(&self, count: u32) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async move { Ok(format!("the last {count}")) })
    }

    fn devices(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async { Err("Not now.".to_owned()) })
    }

    fn memory(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, String>> {
        Box::pin(async { Ok(self.memory.lock().unwrap().clone()) })
    }

    fn remember(&self, pairs: Vec<(String, String)>) -> BoxFuture<'_, Result<(), String>> {
        *self.memory.lock().unwrap() = pairs;
        Box::pin(async { Ok(()) })
    }

    fn wait_for_spare_turn<'a>(&'a self, _: &'a [Pace]) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn hook_url(&self) -> Option<String> {
        self.hook.clone()
    }
}

/// A channel that is attended until this is dropped, as when the program ends.
struct Attended {
    channel: Arc<dyn Channel>,
    house: Arc<House>,
    task: AbortHandle,
}

impl Drop for Attended {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn telegram(server: &Telegram, chat: &str, more: &[(&str, Value)]) -> Arc<dyn Channel> {
    let mut values =
        vec![("api", text(&server.url())), ("token", text(TOKEN)), ("chat", text(chat))];
    values.extend_from_slice(more);
    channel("telegram", &values).into()
}

fn attend(server: &Telegram, chat: &str, more: &[(&str, Value)]) -> Attended {
    attend_with(telegram(server, chat, more), House::new())
}

fn attend_with(channel: Arc<dyn Channel>, house: House) -> Attended {
    let house = Arc::new(house);
    let (of_task, house_of_task) = (Arc::clone(&channel), Arc::clone(&house));
    let task = tokio::spawn(async move {
        of_task.run_background(&*house_of_task).expect("it stays in touch").await;
    });
    Attended { channel, house, task: task.abort_handle() }
}

fn buttons() -> Vec<Button> {
    let act = |label: &str, action| Button {
        label: label.to_owned(),
        effect: Effect::Act { action, link: None },
    };
    let open = |url: &str| Button {
        label: "Open".to_owned(),
        effect: Effect::Open { url: url.to_owned() },
    };
    vec![
        act("15 min", Action::Mute { target: DEVICE, lasts: MuteFor::Minutes(15) }),
        act("away", Action::SetMode { mode: "away".to_owned() }),
        act("Not interesting", Action::NotInteresting { incident: IncidentId(3) }),
        open("https://tipoff.example/incidents/3"),
    ]
}

fn with_buttons() -> Story {
    Story::new().picture("p.jpg").change(|alert| alert.buttons = buttons())
}

/// Waits for a condition, never for a time.
async fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(value) = condition() {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("in vain: {what}"))
}

/// Sends a first alert; its number.
async fn sent(server: &Telegram, channel: &dyn Channel) -> i64 {
    delivered(&send(channel, with_buttons()).await);
    server.log().all().pop().unwrap().id
}

#[tokio::test]
async fn a_first_alert_has_buttons_and_its_follow_ups_have_none() {
    let server = Telegram::start().await.unwrap();
    let channel = telegram(&server, CHAT, &[]);
    let first = sent(&server, &*channel).await;
    let rows = [&["15 min"][..], &["away"], &["Not interesting", "Open"]];
    assert_eq!(server.labels(first), rows);
    let follow_up = with_buttons().change(|alert| {
        alert.kind = AlertKind::FollowUp;
        alert.reply_to = Some(format!("{CHAT} {first}"));
        alert.buttons = Vec::new();
    });
    delivered(&send(&*channel, follow_up).await);
    assert_eq!(server.log().all().pop().unwrap().keyboard, None);
    assert!(server.errors().is_empty());
}

#[tokio::test]
async fn buttons_that_could_do_nothing_are_left_out() {
    let server = Telegram::start().await.unwrap();
    let off = ("updates", text("off"));
    let allowed = ("allowed_chats", Value::List(vec![CHANNEL.to_owned()]));
    for (chat, setting, labels) in [
        (CHAT, Some(("buttons", Value::Flag(false))), 0),
        (CHAT, Some(off), 1),
        (CHANNEL, None, 1),
        (CHANNEL, Some(allowed), 4),
    ] {
        let settings: Vec<_> = setting.clone().into_iter().collect();
        let first = sent(&server, &*telegram(&server, chat, &settings)).await;
        let found: Vec<String> = server.labels(first).concat();
        assert_eq!(found.len(), labels, "{chat} {found:?}");
    }
    // Telegram refuses a message with a link to such a host.
    let story = with_buttons().change(|alert| {
        alert.buttons = vec![Button {
            label: "Open".to_owned(),
            effect: Effect::Open { url: "http://nas:8080/incidents/3".to_owned() },
        }];
    });
    delivered(&send(&*telegram(&server, CHAT, &[]), story).await);
    assert!(server.errors().is_empty());
}

#[tokio::test]
async fn rejected_buttons_delay_no_alert() {
    let server = Telegram::start().await.unwrap();
    let error = "Bad Request: inline keyboard button URL 'x' is invalid: Wrong HTTP URL";
    server.script().next([ApiError::new(400, error).into()]);
    delivered(&send(&*telegram(&server, CHAT, &[]), with_buttons()).await);
    let [sent] = server.log().all().try_into().unwrap();
    assert_eq!((sent.files[0].kind.as_str(), sent.keyboard), ("photo", None));
}

#[tokio::test]
async fn a_press_is_carried_out_and_confirmed_with_the_person() {
    let server = Telegram::start().await.unwrap();
    let me = attend(&server, CHAT, &[]);
    let first = sent(&server, &*me.channel).await;
    let query = server.press(first, "15 min", "Ann").unwrap();
    let edits = server.edits().wait_for(1).await;
    let mute = Action::Mute { target: DEVICE, lasts: MuteFor::Minutes(15) };
    assert_eq!(me.house.acts(), [(mute, "Ann".to_owned())]);
    let [answered] = server.answers().all().try_into().unwrap();
    assert_eq!((answered.query, answered.text.as_str()), (query, "m:4:15 is done."));
    assert_eq!((edits[0].method.as_str(), edits[0].id), ("editMessageReplyMarkup", first));
    let rows = [&["m:4:15 · Ann"][..], &["Unmute"], &["away"], &["Not interesting", "Open"]];
    assert_eq!(server.labels(first), rows);
    until("the confirmation", || (server.unconfirmed() == 0).then_some(())).await;

    server.press(first, "m:4:15 · Ann", "Ben").unwrap();
    let note = server.answers().wait_for(2).await.pop().unwrap();
    assert_eq!(note.text, "m:4:15 · Ann", "it says in full what it says");
    server.press(first, "Unmute", "Ben").unwrap();
    server.edits().wait_for(2).await;
    assert_eq!(
        me.house.acts().pop().unwrap(),
        (Action::Unmute { target: DEVICE }, "Ben".to_owned())
    );
    assert_eq!(server.labels(first)[0], ["u:4 · Ben"]);
    assert!(server.errors().is_empty(), "{:?}", server.errors().all());
}

#[tokio::test]
async fn a_press_that_is_too_old_to_be_answered_is_carried_out_and_shown() {
    let server = Telegram::start().await.unwrap();
    let first = sent(&server, &*telegram(&server, CHAT, &[])).await;
    server.press(first, "away", "Ann").unwrap();
    server.expire_presses();
    // A message that is too old comes without its content (InaccessibleMessage).
    let chat = json!({ "id": CHAT.parse::<i64>().unwrap(), "type": "private" });
    let old = json!({ "message_id": first, "date": 0, "chat": chat });
    server.forge_press(old, "n:3", "Ann");
    let me = attend(&server, CHAT, &[]);
    server.edits().wait_for(2).await;
    assert_eq!(me.house.acts().len(), 2);
    assert_eq!(server.labels(first), [["n:3 · Ann"]]);
}

#[tokio::test]
async fn an_impossible_action_is_reported_and_changes_no_button() {
    let server = Telegram::start().await.unwrap();
    let me = attend(&server, CHAT, &[]);
    let first = sent(&server, &*me.channel).await;
    let message = json!({
        "message_id": first, "date": 1,
        "chat": { "id": CHAT.parse::<i64>().unwrap(), "type": "private" },
    });
    for data in ["n:99", "nonsense", "", "m:4:0"] {
        server.forge_press(message.clone(), data, "Ann");
    }
    let answers = server.answers().wait_for(4).await;
    assert!(answers.iter().all(|answered| answered.alert), "{answers:?}");
    assert_eq!(answers[0].text, "This incident is no longer stored.");
    assert_eq!(me.house.acts().len(), 1);
    assert!(server.edits().is_empty());
}

#[tokio::test]
async fn chats_that_are_not_allowed_are_ignored() {
    let server = Telegram::start().await.unwrap();
    let allowed = ("allowed_chats", Value::List(vec![GROUP.to_owned()]));
    let me = attend(&server, CHAT, &[allowed]);
    let press = |chat: serde_json::Value| {
        server.forge_press(json!({ "message_id": 1, "date": 1, "chat": chat }), "n:3", "Eve");
    };
    press(json!({ "id": 666, "type": "private", "username": "eve" }));
    press(json!({ "id": -1001, "type": "channel", "username": "yard" }));
    server.write("666", "/arm", "Eve");
    server.write(SUPERGROUP, "/status", "Eve");
    // Presses without a message, and what is no update at all.
    server.update(json!({ "callback_query": { "id": "1", "from": { "id": 1 }, "data": "n:3" } }));
    server.update(json!({ "message": 5 }));
    let asked = server.write(GROUP, "/status", "Ann");
    let answer = server.log().wait_for(1).await.remove(0);
    assert_eq!((answer.chat.as_str(), answer.reply_to), (GROUP, Some(asked)));
    until("the confirmation", || (server.unconfirmed() == 0).then_some(())).await;
    assert_eq!((server.log().len(), server.answers().len()), (1, 0));
    assert!(me.house.acts().is_empty());
}

#[tokio::test]
async fn a_press_is_confirmed_to_telegram_only_when_it_is_done() {
    let server = Telegram::start().await.unwrap();
    let first = sent(&server, &*telegram(&server, CHAT, &[])).await;
    server.press(first, "15 min", "Ann").unwrap();
    let mut stuck = House::new();
    stuck.gate = Semaphore::new(0);
    let before = attend_with(telegram(&server, CHAT, &[]), stuck);
    until("the request for updates", || (server.polls() > 0).then_some(())).await;
    // The program dies in the middle of it, and starts again.
    drop(before);
    assert_eq!(server.unconfirmed(), 1);
    let me = attend(&server, CHAT, &[]);
    server.edits().wait_for(1).await;
    until("the confirmation", || (server.unconfirmed() == 0).then_some(())).await;
    assert_eq!(me.house.acts().len(), 1);
    assert_eq!(server.labels(first)[0], ["m:4:15 · Ann"]);
}

#[tokio::test]
async fn channels_of_one_bot_ask_once_and_each_takes_its_own_chats() {
    let server = Telegram::start().await.unwrap();
    let me = attend(&server, CHAT, &[]);
    let group = attend(&server, GROUP, &[]);
    until("the request for updates", || (server.polls() == 1).then_some(())).await;
    server.write(GROUP, "/arm", "Ann");
    server.log().wait_for(1).await;
    let away = || Action::SetMode { mode: "away".to_owned() };
    assert_eq!(group.house.acts(), [(away(), "Ann".to_owned())]);
    assert!(me.house.acts().is_empty());
    until("the confirmation", || (server.unconfirmed() == 0).then_some(())).await;
    // The one that asked ends: the other one goes on.
    drop(me);
    server.write(GROUP, "/disarm", "Ann");
    server.log().wait_for(2).await;
    let home = Action::SetMode { mode: "Home".to_owned() };
    assert_eq!(group.house.acts().pop().unwrap(), (home, "Ann".to_owned()));
    assert!(server.errors().is_empty(), "no conflict: {:?}", server.errors().all());
}

#[tokio::test]
async fn setting_up_the_bot_works_while_the_channel_asks_for_its_updates() {
    let server = Telegram::start().await.unwrap();
    let me = attend(&server, CHAT, &[]);
    until("the request for updates", || (server.polls() == 1).then_some(())).await;
    let setup = Setup::new(&server.url(), TOKEN).unwrap();
    let waiting = tokio::spawn(async move { setup.wait_for_chat(PATIENCE).await });
    until("the other's request", || (server.polls() >= 2).then_some(())).await;
    until("the conflict", || (!server.errors().is_empty()).then_some(())).await;
    server.write(GROUP, "hello", "Ann");
    let chat = waiting.await.unwrap().unwrap();
    assert_eq!(chat.id.to_string(), GROUP);
    // Alerts go out all the same.
    delivered(&send(&*me.channel, with_buttons()).await);
}

#[tokio::test]
async fn setting_up_the_bot_works_when_the_channel_begins_to_ask_for_its_updates() {
    let server = Telegram::start().await.unwrap();
    let setup = Setup::new(&server.url(), TOKEN).unwrap();
    let waiting = tokio::spawn(async move { setup.wait_for_chat(PATIENCE).await });
    until("the first request", || (server.polls() == 1).then_some(())).await;
    let _me = attend(&server, CHAT, &[]);
    // The channel's request ends the first one, and is ended by the next one.
    until("the third request", || (server.polls() == 3).then_some(())).await;
    server.write(GROUP, "hello", "Ann");
    let chat = waiting.await.unwrap().unwrap();
    assert_eq!(chat.id.to_string(), GROUP);
}

#[tokio::test]
async fn a_server_that_fails_or_sends_garbage_is_retried() {
    let server = Telegram::start().await.unwrap();
    server.beside().next([
        Behaviour::Down,
        Behaviour::garbage(),
        ApiError::flood(1).into(),
        Behaviour::answer(200, r#"{"ok":true,"result":[{"message":{}}]}"#),
    ]);
    let _me = attend(&server, CHAT, &[("commands", Value::Flag(false))]);
    until("the request for updates", || (server.polls() == 1).then_some(())).await;
}

#[tokio::test]
async fn commands_are_answered() {
    let server = Telegram::start().await.unwrap();
    let me = attend(&server, GROUP, &[]);
    let list = server.commands().wait_for(1).await.remove(0);
    assert_eq!(list["scope"], json!({ "type": "chat", "chat_id": GROUP.parse::<i64>().unwrap() }));
    for (text, answer) in [
        ("/status", "Mode: Home <&>"),
        ("/status@tip_bot", "Mode: Home <&>"),
        ("/last 3", "the last 3"),
        ("/last x", "Write a number: /last 10"),
        ("/devices", "Not now."),
        ("/mute 2 h", "m:all:120 is done."),
        ("/arm", "h:away is done."),
        ("/disarm", "h:Home is done."),
        ("/mute off", "u:all is done."),
    ] {
        let before = server.log().len();
        let asked = server.write(GROUP, text, "Ann");
        let sent = server.log().wait_for(before + 1).await.pop().unwrap();
        assert_eq!((sent.text.as_str(), sent.reply_to), (answer, Some(asked)), "{text}");
    }
    let before = server.log().len();
    // For another bot, for people, for nobody.
    for text in ["/status@other_bot", "hello /status", "/pizza", "/help"] {
        server.write(GROUP, text, "Ann");
    }
    let help = server.log().wait_for(before + 1).await.pop().unwrap();
    assert!(help.text.starts_with("/status: "), "{}", help.text);
    assert_eq!(server.log().len(), before + 1);
    let mute = server.log().all().into_iter().find(|sent| sent.text.starts_with("m:all")).unwrap();
    server.press(mute.id, "Unmute", "Ben").unwrap();
    server.edits().wait_for(1).await;
    let everything = MuteTarget::Everything;
    let last = me.house.acts().pop().unwrap();
    assert_eq!(last, (Action::Unmute { target: everything }, "Ben".to_owned()));
    assert!(server.errors().is_empty(), "{:?}", server.errors().all());
}

#[tokio::test]
async fn arming_without_such_a_mode_says_what_to_configure() {
    let server = Telegram::start().await.unwrap();
    let mut house = House::new();
    house.modes = vec!["asleep".to_owned()];
    let named = ("disarm_mode", text("asleep"));
    let me = attend_with(telegram(&server, CHAT, &[named]), house);
    server.write(CHAT, "/arm", "Ann");
    let answer = server.log().wait_for(1).await.remove(0);
    assert!(
        answer.text.contains("`arm_mode`") && answer.text.contains("\"away\""),
        "{}",
        answer.text
    );
    server.write(CHAT, "/disarm", "Ann");
    assert_eq!(server.log().wait_for(2).await[1].text, "h:asleep is done.");
    assert_eq!(me.house.acts().len(), 1);
}

#[tokio::test]
async fn an_album_has_its_buttons_in_a_silent_message_below_it() {
    let server = Telegram::start().await.unwrap();
    let me = attend(&server, CHAT, &[]);
    let story = with_buttons().picture("q.jpg").picture("r.jpg");
    for outcome in send_all(&*me.channel, story).await {
        delivered(&outcome);
    }
    let sent = server.log().wait_for(2).await;
    assert_eq!(
        (sent[0].method.as_str(), sent[1].method.as_str()),
        ("sendMediaGroup", "sendMessage")
    );
    assert_eq!((sent[1].reply_to, sent[1].silent), (Some(sent[0].id), true));
    assert_eq!(server.labels(sent[1].id).concat().len(), 4);
    assert!(sent[0].text.starts_with(&sent[1].text), "{}", sent[1].text);
    server.press(sent[1].id, "15 min", "Ann").unwrap();
    server.edits().wait_for(1).await;
    assert!(server.errors().is_empty(), "{:?}", server.errors().all());
}

#[tokio::test]
async fn a_webhook_accepts_only_requests_with_its_secret() {
    let server = Telegram::start().await.unwrap();
    let me = attend(&server, CHAT, &[("updates", text("webhook"))]);
    let (url, secret) = until("the webhook", || server.webhook()).await;
    assert_eq!(Some(url), me.house.hook);
    let message = json!({
        "message_id": 9, "chat": { "id": CHAT.parse::<i64>().unwrap(), "type": "private" },
        "text": "/arm", "from": { "id": 7, "first_name": "Ann" },
    });
    let body = json!({ "update_id": 1, "message": message }).to_string();
    let request = |secret: &str, body: &str| HookRequest {
        headers: vec![("x-telegram-bot-api-secret-token".to_owned(), secret.to_owned())],
        body: body.as_bytes().to_vec(),
        at: SystemTime::now(),
    };
    let receive = |request| me.channel.receive(request).expect("it takes requests");
    assert_eq!(receive(request("", &body)).await, Err(HookFault::Forbidden));
    assert_eq!(receive(request(TOKEN, &body)).await, Err(HookFault::Forbidden));
    assert_eq!(receive(request(&secret, "{}")).await, Err(HookFault::Unreadable));
    assert_eq!(receive(request(&secret, &body)).await, Ok(()));
    assert_eq!(me.house.acts().len(), 1);
    let house = House::new();
    *house.memory.lock().unwrap() = me.house.memory.lock().unwrap().clone();
    drop(me);
    // The next configuration polls: the webhook is ended first.
    let me = attend_with(telegram(&server, CHAT, &[]), house);
    assert!(me.channel.receive(request(&secret, &body)).is_none());
    until("the request for updates", || (server.polls() == 1).then_some(())).await;
    assert_eq!(server.webhook(), None);
    assert!(server.errors().is_empty(), "{:?}", server.errors().all());
}

#[tokio::test]
async fn settings_that_are_wrong_are_named() {
    for (key, value) in
        [("updates", text("sometimes")), ("allowed_chats", Value::List(vec!["yard".to_owned()]))]
    {
        let values = [("token", text(TOKEN)), ("chat", text(CHAT)), (key, value)];
        assert_eq!(common::faults("telegram", &values), [key]);
    }
}
