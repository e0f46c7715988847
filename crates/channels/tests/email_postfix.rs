//! Mail by way of Postfix, which every test starts for itself, in a folder of its own.
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

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Story, channel, delivered, jpeg, refused, retried, send, send_all, stored, text};
use reader::{field, outline, read};
use serde_json::Value as Json;
use sha2::Digest;
use tempfile::TempDir;
use tipoff_channels::{Channel, Value};
use tipoff_model::{AlertKind, AlertMedia, ArrivalId, MediaKind, MediaPlace};

/// How long it may take to start, and to deliver.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest mail that it takes.
const SIZE: usize = 200_000;

/// Postfix; it ends with this.
struct Postfix {
    master: Child,
    folder: TempDir,
    port: u16,
    certificate: String,
}

impl Postfix {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("postfix-").tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        // Its parts run as users of their own.
        allow(folder.path(), 0o755);
        for name in ["queue", "data", "mail"] {
            fs::create_dir(at(name)).unwrap();
        }
        own(&at("data"), "postfix");
        own(&at("mail"), "nobody");
        let port = free_port();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let pair = made.signing_key.serialize_pem() + &made.cert.pem();
        fs::write(at("pair.pem"), pair).unwrap();
        fs::write(at("boxes"), "me@tipoff.test me/\nyou@tipoff.test you/\n").unwrap();
        fs::write(at("main.cf"), main_cf(folder.path())).unwrap();
        fs::write(at("master.cf"), master_cf(port)).unwrap();
        let master = Command::new("/usr/sbin/postfix")
            .arg("-c")
            .arg(folder.path())
            .arg("start-fg")
            .stdin(Stdio::null())
            .stdout(fs::File::create(at("log")).unwrap())
            .stderr(fs::File::create(at("errors")).unwrap())
            .spawn()
            .expect("./test.sh installs postfix");
        let postfix = Self { master, folder, port, certificate: made.cert.pem() };
        wait("Postfix does not answer", || postfix.greets());
        postfix
    }

    fn greets(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let mut line = String::new();
        let read = BufReader::new(&stream).read_line(&mut line);
        let _ = stream.write_all(b"QUIT\r\n");
        read.is_ok() && line.starts_with("220 ")
    }

    fn channel(&self, more: &[(&str, Value)]) -> Box<dyn Channel> {
        let to = Value::List(vec!["me@tipoff.test".to_owned()]);
        let mut values = vec![
            ("server", text(&format!("smtp://localhost:{}", self.port))),
            ("trust", text(&self.certificate)),
            ("from", text("Cameras <cameras@tipoff.test>")),
            ("to", to),
        ];
        values.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
        values.extend_from_slice(more);
        channel("email", &values)
    }

    /// The mails in a box, in the order of their ids.
    fn read(&self, name: &str, count: usize) -> Vec<Json> {
        let mut mails: Vec<Json> = self.raw(name, count).iter().map(|mail| read(mail)).collect();
        mails.sort_by_key(|mail| mail["fields"]["message-id"].to_string());
        mails
    }

    /// The mails in a box, as soon as there are so many.
    fn raw(&self, name: &str, count: usize) -> Vec<Vec<u8>> {
        let new = self.folder.path().join("mail").join(name).join("new");
        let files = || -> Vec<PathBuf> {
            let entries = fs::read_dir(&new).into_iter().flatten();
            entries.map(|entry| entry.unwrap().path()).collect()
        };
        wait("no mail comes", || files().len() >= count);
        let mails: Vec<_> = files().iter().map(|path| fs::read(path).unwrap()).collect();
        assert_eq!(mails.len(), count);
        mails
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = Command::new("/usr/sbin/postfix")
            .arg("-c")
            .arg(self.folder.path())
            .arg("stop")
            .stderr(Stdio::null())
            .status();
        let _ = self.master.kill();
        let _ = self.master.wait();
    }
}

fn main_cf(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "compatibility_level = 3.6\n\
         queue_directory = {folder}/queue\n\
         data_directory = {folder}/data\n\
         maillog_file = /dev/stdout\n\
         myhostname = mail.tipoff.test\n\
         inet_interfaces = 127.0.0.1\n\
         inet_protocols = ipv4\n\
         mydestination =\n\
         mynetworks = 127.0.0.0/8\n\
         alias_maps =\n\
         alias_database =\n\
         virtual_mailbox_domains = tipoff.test\n\
         virtual_mailbox_maps = texthash:{folder}/boxes\n\
         virtual_mailbox_base = {folder}/mail\n\
         virtual_uid_maps = static:65534\n\
         virtual_gid_maps = static:65534\n\
         smtpd_tls_security_level = may\n\
         smtpd_tls_chain_files = {folder}/pair.pem\n\
         smtpd_forbid_bare_newline = yes\n\
         message_size_limit = {SIZE}\n\
         default_transport = error:nothing leaves this machine\n"
    )
}

fn master_cf(port: u16) -> String {
    let mut lines = format!("127.0.0.1:{port} inet n - n - - smtpd\n");
    for (name, rest) in [
        ("postlog", "unix-dgram n - n - 1 postlogd"),
        ("cleanup", "unix n - n - 0 cleanup"),
        ("qmgr", "unix n - n 300 1 qmgr"),
        ("tlsmgr", "unix - - n 1000? 1 tlsmgr"),
        ("rewrite", "unix - - n - - trivial-rewrite"),
        ("bounce", "unix - - n - 0 bounce"),
        ("defer", "unix - - n - 0 bounce"),
        ("trace", "unix - - n - 0 bounce"),
        ("verify", "unix - - n - 1 verify"),
        ("proxymap", "unix - - n - - proxymap"),
        ("error", "unix - - n - - error"),
        ("retry", "unix - - n - - error"),
        ("virtual", "unix - n n - - virtual"),
        ("anvil", "unix - - n - 1 anvil"),
    ] {
        lines += &format!("{name} {rest}\n");
    }
    lines
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn allow(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn own(path: &Path, user: &str) {
    let status = Command::new("chown").arg(user).arg(path).status();
    assert!(status.is_ok_and(|it| it.success()), "Postfix has to be started by root");
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn digest(bytes: &[u8]) -> String {
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn pictures_arrive_in_the_mail_and_what_follows_in_its_thread() {
    let postfix = Postfix::start();
    let channel = postfix.channel(&[]);
    let first = Story::new().text("Bäume\n.\nfrom here").picture("Bild ü.jpg");
    let reference = delivered(&send_all(&*channel, first).await[0]);
    let follow_up = Story::new()
        .file("clip.mp4", "video/mp4", MediaKind::Video, vec![13, 10, 46, 13, 10])
        .change(|alert| {
            alert.kind = AlertKind::FollowUp;
            alert.idempotency_key = "key-8".to_owned();
            alert.reply_to = reference;
        });
    delivered(&send(&*channel, follow_up).await);

    let mails = postfix.read("me", 2);
    let expected = "alternative(plain, related(html, inline Bild ü.jpg))";
    assert_eq!(outline(&mails[0]["content"]), expected);
    let picture = &mails[0]["content"]["parts"][1]["parts"][1];
    assert_eq!(picture["sha256"], digest(&jpeg(64, 48)));
    let words = reader::text(&mails[0]["content"], "text/plain");
    assert_eq!(words, "👀 Front yard · Motion\n\nBäume\n.\nfrom here");
    assert_eq!(field(&mails[0], "delivered-to"), "me@tipoff.test");
    assert_eq!(field(&mails[0], "return-path"), "<cameras@tipoff.test>");
    let received = field(&mails[0], "received");
    assert!(received.contains("with ESMTPS"), "by TLS: {received}");

    assert_eq!(field(&mails[1], "in-reply-to"), "<key-7.0@tipoff.test>");
    assert_eq!(field(&mails[1], "subject"), "Re: 👀 Front yard · Motion");
    let clip = &mails[1]["content"]["parts"][1];
    assert_eq!(
        (&clip["name"], &clip["sha256"]),
        (&"clip.mp4".into(), &digest(b"\r\n.\r\n").into())
    );
}

#[tokio::test]
async fn a_devices_own_mail_arrives_unchanged() {
    let postfix = Postfix::start();
    let channel = postfix.channel(&[("form", text("original"))]);
    let raw = b"From: cam@lan\nSubject: Alarm\nMessage-ID: <1@cam>\nTo: thief@example.net\n\n\
                .\n..\nFrom here\nB\xe4ume\n.\n"
        .to_vec();
    let mut story = Story::new().file("mail", "x/y", MediaKind::File, raw);
    let mail = story.alert.media.pop().unwrap();
    let place = MediaPlace { arrival: ArrivalId(1), index: None };
    story.alert.mails = vec![AlertMedia { place, ..mail }];
    delivered(&send(&*channel, story).await);
    let [mail] = postfix.raw("me", 1).try_into().unwrap();
    let body = b"Subject: Alarm\nMessage-ID: <1@cam>\nTo: thief@example.net\n\n\
                 .\n..\nFrom here\nB\xe4ume\n.\n";
    assert!(mail.ends_with(body), "{}", String::from_utf8_lossy(&mail));
    let mail = read(&mail);
    assert_eq!(field(&mail, "from"), "cam@lan");
    assert_eq!(field(&mail, "resent-from"), "Cameras <cameras@tipoff.test>");
    assert!(field(&mail, "date").contains("2026"), "what it had to have was added");
    assert!(!postfix.log().contains("thief@example.net"), "nobody else is written to");
}

#[tokio::test]
async fn the_size_limit_of_postfix_is_respected() {
    let postfix = Postfix::start();
    let story = Story::new().zeros("1.jpg", "image/jpeg", MediaKind::Picture, 100_000).zeros(
        "2.jpg",
        "image/jpeg",
        MediaKind::Picture,
        100_000,
    );
    delivered(&send(&*postfix.channel(&[]), story).await);
    let mail = &postfix.read("me", 1)[0];
    let expected = "alternative(plain, related(html, inline 2.jpg))";
    let other = "alternative(plain, related(html, inline 1.jpg))";
    assert!([expected, other].contains(&outline(&mail["content"]).as_str()), "{mail}");
    let words = reader::text(&mail["content"], "text/plain");
    assert!(words.contains("too big for this mail server (limit 196 KB a mail)"), "{words}");
    // An original over it goes in words, too.
    let size = SIZE as u64 + 1;
    let large = || stored("mail.eml", "message/rfc822", MediaKind::File, size, "zeros");
    let story = Story::new().change(|alert| alert.mails.push(large()));
    delivered(&send(&*postfix.channel(&[("form", text("original"))]), story).await);
    assert_eq!(postfix.read("me", 2).len(), 2);
}

#[tokio::test]
async fn unknown_recipients_are_reported() {
    let postfix = Postfix::start();
    let to = |names: &[&str]| {
        let names = names.iter().map(|name| format!("{name}@tipoff.test")).collect();
        [("to", Value::List(names))]
    };
    let (_, _, error) = retried(&send(&*postfix.channel(&to(&["who"])), Story::new()).await);
    assert!(error.contains("localhost answered 550 5.1.1"), "{error}");
    assert!(error.ends_with("check `to`"), "{error}");
    let error = refused(&send(&*postfix.channel(&to(&["me", "who", "you"])), Story::new()).await);
    assert!(error.starts_with("not everybody in `to` got it: who@tipoff.test"), "{error}");
    postfix.read("me", 1);
    postfix.read("you", 1);
}
