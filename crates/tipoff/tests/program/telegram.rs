//! Telegram as the other end: a stand-in that is as strict as the Bot API.

use std::io::Write;
use std::process::Stdio;

use serde_json::json;
use tipoff_testkit::standin::Behaviour;
use tipoff_testkit::telegram::{ApiError, CHAT, GROUP, Options, SUPERGROUP, Sent, TOKEN, Telegram};
use tokio::runtime::Runtime;

use crate::harness::{Home, PICTURE, Server, mail, send, succeeded, wait_for};

/// The stand-in, with what it needs to run.
pub struct Phone {
    pub telegram: Telegram,
    _runtime: Runtime,
}

impl Phone {
    pub fn new(options: Options) -> Self {
        let runtime = Runtime::new().unwrap();
        let telegram = runtime.block_on(Telegram::start_with(options)).unwrap();
        Self { telegram, _runtime: runtime }
    }

    pub fn channel(&self, chat: &str, extra: &str) -> String {
        format!(
            "[[channel]]\nname = \"me\"\ntype = \"telegram\"\ntoken = \"{TOKEN}\"\nchat = {chat}\n\
             api = \"{}\"\n{extra}",
            self.telegram.url(),
        )
    }

    pub fn wait_for(&self, count: usize) -> Vec<Sent> {
        wait_for(&format!("{count} messages in the chat"), || {
            Some(self.telegram.log().all()).filter(|sent| sent.len() >= count)
        })
    }
}

fn scene(chat: &str, extra: &str) -> (Phone, Home, Server) {
    let phone = Phone::new(Options { flood: true, ..Options::default() });
    let home = Home::new(&phone.channel(chat, extra));
    let server = home.start();
    (phone, home, server)
}

fn motion(server: &Server, pictures: &[&[u8]]) {
    let reply = send(server.smtp[0], "camera@example.com", &mail("Motion in the yard", pictures));
    assert!(reply.starts_with("250"), "{reply}");
}

#[test]
fn a_picture_arrives_in_the_chat_and_the_next_ones_as_an_album_in_reply() {
    let (phone, _home, server) = scene(CHAT, "");
    for _ in 0..4 {
        motion(&server, &[PICTURE]);
    }
    let sent = phone.wait_for(2);
    assert_eq!(sent[0].method, "sendPhoto");
    assert_eq!(sent[0].files[0].bytes, PICTURE);
    assert!(sent[0].text.contains("Motion in the yard"), "{}", sent[0].text);
    assert!(sent[0].text.contains("camera"), "{}", sent[0].text);
    assert_eq!((sent[1].method.as_str(), sent[1].files.len()), ("sendMediaGroup", 3));
    assert_eq!(sent[1].reply_to, Some(sent[0].id));
    server.stop();
    assert!(phone.telegram.errors().is_empty());
}

#[test]
fn a_burst_of_incidents_keeps_the_pace() {
    let (phone, _home, server) = scene(CHAT, "[incidents]\nquiet = \"0 s\"\n");
    for _ in 0..5 {
        motion(&server, &[PICTURE]);
    }
    let sent = phone.wait_for(5);
    assert!(phone.telegram.errors().is_empty(), "no flood: {:?}", phone.telegram.errors().all());
    assert!(sent[4].at - sent[0].at >= std::time::Duration::from_millis(1900));
    server.stop();
}

#[test]
fn a_group_that_became_a_supergroup_is_followed_and_remembered() {
    let (phone, home, server) = scene(GROUP, "");
    phone.telegram.script().next([ApiError::migrated(SUPERGROUP.parse().unwrap()).into()]);
    motion(&server, &[PICTURE]);
    assert_eq!(phone.wait_for(1)[0].chat, SUPERGROUP);
    wait_for("the noted delivery", || {
        (home.incidents()[0]["deliveries"]["delivered"] == 1).then_some(())
    });
    server.stop();
    let server = home.start();
    send(server.smtp[0], "other@example.com", &mail("Other", &[PICTURE]));
    assert_eq!(phone.wait_for(2)[1].chat, SUPERGROUP);
    server.stop();
}

#[test]
fn a_blocked_bot_is_logged_once_and_nothing_is_lost() {
    let (phone, home, server) = scene(CHAT, "[incidents]\nquiet = \"0 s\"\n");
    phone.telegram.script().always(ApiError::blocked().into());
    for _ in 0..3 {
        motion(&server, &[PICTURE]);
    }
    let log = wait_for("the word about it", || {
        Some(server.log()).filter(|log| log.contains("The channel fails"))
    });
    assert_eq!(log.matches("The channel fails").count(), 1);
    assert!(!log.contains(TOKEN) && log.contains("blocked"), "{log}");
    server.stop();
    // The owner unblocks the bot and starts again.
    phone.telegram.script().always(Behaviour::Normal);
    let server = home.start();
    phone.wait_for(3);
    server.stop();
}

#[test]
fn retry_after_of_telegram_is_respected() {
    let (phone, _home, server) = scene(CHAT, "");
    phone.telegram.script().next([ApiError::flood(2).into()]);
    let began = std::time::Instant::now();
    motion(&server, &[PICTURE]);
    let sent = phone.wait_for(1);
    assert!(sent[0].at - began >= std::time::Duration::from_secs(2));
    server.stop();
}

#[test]
fn an_unreadable_mail_is_alerted_with_the_raw_mail() {
    let (phone, _home, server) = scene(CHAT, "");
    let broken = b"Subject: Strange\r\nContent-Type: multipart/mixed; boundary=\"never\"\r\n\r\nno part at all\r\n";
    send(server.smtp[0], "camera@example.com", broken);
    let raw = wait_for("the raw mail", || {
        let sent = phone.telegram.log().all();
        let mut files = sent.into_iter().flat_map(|sent| sent.files);
        files.find(|file| file.name.ends_with(".eml"))
    });
    assert_eq!(raw.bytes, broken);
    server.stop();
}

#[test]
fn a_file_over_the_limit_becomes_a_note_with_a_link_that_works() {
    let phone = Phone::new(Options { keep_bytes: false, ..Options::default() });
    let home = Home::new(&format!(
        "[smtp]\nlisten = [\"127.0.0.1:0\"]\nmax_message = \"100 MB\"\n{}",
        phone.channel(CHAT, ""),
    ));
    let server = home.start();
    let mut video = b"\0\0\0\x18ftypmp42".to_vec();
    video.resize(53_000_000, 7);
    motion(&server, &[&video]);
    let sent = phone.wait_for(1);
    let text = &sent[0].text;
    let link = text.split_whitespace().find(|word| word.contains("/media/"));
    let link = link.unwrap_or_else(|| panic!("no link in {text}"));
    let path = link.get(link.find("/media/").unwrap()..).unwrap().trim_end_matches(['.', ')', '<']);
    assert_eq!(server.get_bytes(path), video);
    server.stop();
}

#[test]
fn without_a_file_two_variables_make_the_channel() {
    let phone = Phone::new(Options::default());
    let home = Home::new("");
    let mut command = home.command(&["run"]);
    command
        .env("TIPOFF_TELEGRAM_TOKEN", TOKEN)
        .env("TIPOFF_TELEGRAM_CHAT", CHAT)
        .env("TIPOFF_TELEGRAM_API", phone.telegram.url());
    let server = Server::start(command);
    motion(&server, &[PICTURE]);
    assert_eq!(phone.wait_for(1)[0].files[0].bytes, PICTURE);
    server.stop();
}

#[test]
fn init_finds_the_chat_sends_a_test_and_writes_the_file() {
    let phone = Phone::new(Options::default());
    let home = Home::new("");
    std::fs::remove_file(home.file("tipoff.toml")).unwrap();
    let mut child = home
        .command(&["init", "--api", &phone.telegram.url()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{TOKEN}").unwrap();
    phone.telegram.update(json!({ "message": {
        "message_id": 1,
        "date": 1_700_000_000,
        "chat": { "id": CHAT.parse::<i64>().unwrap(), "type": "private", "first_name": "Ann" },
        "text": "hello",
    }}));
    let output = child.wait_with_output().unwrap();
    succeeded(&output);
    assert_eq!(phone.wait_for(1)[0].chat, CHAT);
    let file = std::fs::read_to_string(home.file("tipoff.toml")).unwrap();
    assert!(file.contains(TOKEN) && file.contains(&format!("chat = {CHAT}")), "{file}");
    home.run(&["check"]);
}
