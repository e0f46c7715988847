//! A mail server that listens, a channel that sends to it, and devices' mails.
#![allow(dead_code, unreachable_pub, reason = "every test of mail uses a part of it")]

use tipoff_channels::{Channel, Value};
use tipoff_model::{ArrivalId, MediaKind, MediaPlace};
use tipoff_testkit::email::{Email, Mail, Options, PASSWORD, USER};

use crate::common::{Story, channel, delivered, send_all, stored, text};

pub const ME: &str = "me@example.org";
pub const YOU: &str = "you@example.org";
/// A server that wants neither TLS nor a login.
pub const OPEN: Options = Options {
    wrapped: false,
    start_tls: false,
    login: false,
    size: Some(30 << 20),
    eight_bit: true,
};

pub fn list(names: &[&str]) -> Value {
    Value::List(names.iter().map(|&name| name.to_owned()).collect())
}

pub fn settings(
    server: &Email,
    options: Options,
    more: &[(&str, Value)],
) -> Vec<(&'static str, Value)> {
    let mut values = vec![
        ("server", text(&server.url())),
        ("from", text("Cameras <cameras@example.org>")),
        ("to", list(&[ME])),
        ("trust", text(server.certificate())),
    ];
    if options.login {
        values.extend([("user", text(USER)), ("password", text(PASSWORD))]);
    }
    if !options.wrapped && !options.start_tls {
        values.push(("tls", text("never")));
    }
    let key = |key: &str| ENTRY_KEYS.iter().find(|known| **known == key).copied().unwrap();
    values.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
    values.extend(more.iter().map(|(name, value)| (key(name), value.clone())));
    values
}

const ENTRY_KEYS: &[&str] =
    &["buttons", "form", "from", "password", "server", "timeout", "tls", "to", "trust", "user"];

pub async fn start(options: Options, more: &[(&str, Value)]) -> (Email, Box<dyn Channel>) {
    let server = Email::start(options).await.unwrap();
    let values = settings(&server, options, more);
    (server, channel("email", &values))
}

/// The mails that tell an alert.
pub async fn mails(options: Options, more: &[(&str, Value)], story: Story) -> Vec<Mail> {
    let (server, channel) = start(options, more).await;
    for outcome in send_all(&*channel, story).await {
        delivered(&outcome);
    }
    server.log().all()
}

/// A device's mail, stored.
pub fn with_mail(story: Story, mail: &[u8], arrival: i64) -> Story {
    let raw = stored("mail.eml", "message/rfc822", MediaKind::File, mail.len() as u64, "later");
    let mut story = story.file("mail", "x/y", MediaKind::File, mail.to_vec());
    let blob = story.alert.media.pop().unwrap().blob;
    let place = MediaPlace { arrival: ArrivalId(arrival), index: None };
    story.alert.mails.push(tipoff_model::AlertMedia { blob, place, ..raw });
    story
}

pub fn has_line(mail: &Mail, line: &str) -> bool {
    String::from_utf8_lossy(&mail.content).split("\r\n").any(|there| there == line)
}

pub fn digest(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The setting that has the device's own mail sent on.
pub fn original() -> (&'static str, Value) {
    ("form", text("original"))
}
