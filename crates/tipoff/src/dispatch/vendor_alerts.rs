//! What a person sees of each vendor's mail: the first alert in Telegram stands beside the mail in
//! `crates/vendors/tests/mails`, as `NAME.alert`.
//!
//! `UPDATE_EXPECT=1 cargo test -p tipoff vendor_alerts` writes down what is shown now: look at the
//! difference before it is kept.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::runtime::clock::Clock;
use crate::testing::TestServer;

const CHANNEL: &str = "[[channel]]\nname = \"me\"\ntype = \"telegram\"\n\
                       token = \"110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw\"\nchat = 1\n\
                       api = \"http://127.0.0.1:1\"\n";

fn mails() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vendors/tests/mails");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut mails: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|it| it == "txt")).collect();
    mails.sort();
    mails
}

/// The mail as a device would send it: the files have one byte each.
fn as_sent(mail: &str) -> String {
    let (head, text) = mail.split_once("\n\n").unwrap();
    let (subject, files) = head.split_once('\n').unwrap_or((head, ""));
    let mut sent = format!(
        "Subject: {subject}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=part\n\n\
         --part\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
    );
    for name in files.lines().map(|line| line.strip_prefix("file: ").unwrap()) {
        let head = "Content-Type: image/jpeg; name=";
        write!(sent, "--part\n{head}\"{name}\"\nContent-Transfer-Encoding: base64\n\n/9j/2Q==\n")
            .unwrap();
    }
    sent.push_str("--part--\n");
    sent.replace('\n', "\r\n")
}

async fn shown(mail: &str) -> String {
    let server = TestServer::new(CHANNEL);
    server.mail("camera@example.com", as_sent(mail).as_bytes()).await;
    let now = Clock::system().now();
    let alert = server.spool.due("me", now, 1, &[]).await.unwrap().deliveries.remove(0).alert;
    let channel = &server.config.channels[0].channel;
    let mut shown = String::new();
    for message in tipoff_channels::messages(&alert, &channel.abilities()) {
        let words = [message.title.as_str(), &message.text];
        for words in words.into_iter().filter(|words| !words.is_empty()) {
            writeln!(shown, "{words}").unwrap();
        }
        for file in &message.files {
            writeln!(shown, "[{}]", file.name()).unwrap();
        }
    }
    shown
}

#[tokio::test]
async fn the_alert_of_each_vendor_s_mail_stands_beside_it() {
    for path in mails() {
        let shown = shown(&fs::read_to_string(&path).unwrap()).await;
        let beside = path.with_extension("alert");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&beside, &shown).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(shown, expected, "{}", beside.display());
    }
}
