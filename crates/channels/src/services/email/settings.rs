//! The settings of mail, and their checks.

use std::sync::OnceLock;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::Certificate;
use lettre::transport::smtp::extension::ClientId;
use reqwest::Url;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::header::Mailbox;
use super::progress::MemorySlots;
use super::server::{Server, StartTls};
use super::{Email, MailForm};
use crate::buttons::BUTTONS;
use crate::http::Secrets;
use crate::settings::TIMEOUT;
use crate::settings_reader::SettingsReader;
use crate::tls::install_crypto;
use crate::{Built, Setting, Settings, Shape, words};

/// Default time limit of the server.
const TIME: Duration = Duration::from_secs(60);
/// Number of recipients. For more, use a mailing list. Every server accepts 100 (RFC 5321, section 4.5.3.1.8).
const RECIPIENTS_MAX: usize = 50;

/// In alphabetical order.
pub(super) const SETTINGS: &[Setting] = &[
    BUTTONS,
    Setting {
        key: "form",
        shape: Shape::Text,
        required: false,
        doc: "\"fresh\": a mail of Tipoff's, with the pictures in it. \"original\": the device's own \
              mail as it came, to other recipients. Without it: \"fresh\".",
        example: "\"original\"",
    },
    Setting {
        key: "from",
        shape: Shape::Text,
        required: true,
        doc: "The sender: what the server lets you send as, with a name where you like.",
        example: "\"Cameras <cameras@example.org>\"",
    },
    Setting {
        key: "password",
        shape: Shape::Secret,
        required: false,
        doc: "The password of `user`; with Gmail and its like an app password. Without it: no login.",
        example: "{ env = \"MAIL_PASSWORD\" }",
    },
    Setting {
        key: "server",
        shape: Shape::Text,
        required: true,
        doc: "The server that takes your mail. smtps:// is TLS from the start (port 465), smtp:// is \
              STARTTLS (port 587).",
        example: "\"smtps://smtp.example.org\"",
    },
    Setting {
        doc: "How long the server may take, besides 8 s for each MB that is sent. Without it: 60 s.",
        example: "\"2 min\"",
        ..TIMEOUT
    },
    Setting {
        key: "tls",
        shape: Shape::Text,
        required: false,
        doc: "With smtp://. \"required\": nothing is sent without STARTTLS. \"offered\": what the \
              server offers; a password is never sent without it. \"never\": all in the clear, to a \
              server on this machine. Without it: \"required\".",
        example: "\"never\"",
    },
    Setting {
        key: "to",
        shape: Shape::List,
        required: true,
        doc: "Who gets the mails. Nobody else ever does, whatever a device says.",
        example: "[\"me@example.org\"]",
    },
    Setting {
        key: "trust",
        shape: Shape::Text,
        required: false,
        doc: "Certificates (PEM) that are trusted besides those of this machine, such as your own \
              server's. Without it: those of this machine.",
        example: "{ file = \"mailserver.pem\" }",
    },
    Setting {
        key: "user",
        shape: Shape::Text,
        required: false,
        doc: "The user to log in as. Without it: no login.",
        example: "\"cameras@example.org\"",
    },
];

/// Reads all settings. Connects to no server.
pub(super) fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    install_crypto();
    let address = address(settings.text("server").unwrap_or_default());
    let address = reader.check("server", address);
    let from = Mailbox::parse(settings.text("from").unwrap_or_default());
    if from.is_none() {
        reader.fault("from", "must be an address, such as cameras@example.org");
    }
    let to = settings.list("to");
    let recipients: Vec<Mailbox> = to.iter().filter_map(|it| Mailbox::parse(it)).collect();
    if recipients.len() != to.len() || !(1..=RECIPIENTS_MAX).contains(&to.len()) {
        reader.fault("to", "must be 1 to 50 addresses, such as me@example.org");
    }
    let forms = [("fresh", MailForm::Fresh), ("original", MailForm::Original)];
    let form = reader.choice("form", MailForm::Fresh, &forms);
    let wrapped = address.as_ref().is_some_and(|(_, _, wrapped)| *wrapped);
    let start_tls = start_tls(&mut reader, wrapped);
    let trust = settings.text("trust").map(certificates);
    if let Some(None) = trust {
        let message = "must be a certificate that begins with -----BEGIN CERTIFICATE-----";
        reader.fault("trust", message);
    }
    let mut secrets = Secrets::default();
    let login = login(&mut reader, &mut secrets);
    reader.finish(|| {
        let (host, port, _) = address?;
        let (trust, tls) = (trust.flatten(), OnceLock::new());
        let time = settings.answer_time_or(TIME);
        let hello = hello();
        let server =
            Server { host, port, wrapped, start_tls, trust, tls, login, hello, time, secrets };
        let buttons = settings.flag_or(BUTTONS.key, true);
        let slots = MemorySlots::default();
        Some(Email { server, from: from?, to: recipients, form, buttons, slots })
    })
}

/// Host, port and whether it is TLS from the start (RFC 8314, section 3.3).
fn address(server: &str) -> Result<(String, u16, bool), &'static str> {
    let wrong = "must be like smtps://smtp.example.org or smtp://smtp.example.org:587";
    let url = Url::parse(server).map_err(|_| wrong)?;
    let (wrapped, usual_port) = match url.scheme() {
        "smtps" => (true, 465),
        "smtp" => (false, 587),
        _ => return Err(wrong),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the login goes into `user` and `password`");
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_bare = matches!(url.path(), "" | "/") && url.query().is_none();
    if host.is_empty() || !is_bare {
        return Err(wrong);
    }
    Ok((host.to_owned(), url.port().unwrap_or(usual_port), wrapped))
}

/// Whether an unencrypted connection switches to TLS.
fn start_tls(reader: &mut SettingsReader<'_>, wrapped: bool) -> StartTls {
    if wrapped && reader.settings.text("tls").is_some() {
        reader.fault("tls", "belongs to smtp://: smtps:// is TLS from the start");
        return StartTls::Required;
    }
    let choices = [
        ("required", StartTls::Required),
        ("offered", StartTls::Offered),
        ("never", StartTls::Never),
    ];
    reader.choice("tls", StartTls::Required, &choices)
}

/// The login, if one is set. Its encoded forms are secrets, too: servers may repeat the command.
fn login(reader: &mut SettingsReader<'_>, secrets: &mut Secrets) -> Option<Credentials> {
    let (user, password) = (reader.settings.text("user"), reader.settings.text("password"));
    match (user, password) {
        (Some(user), Some(password)) => {
            secrets.add(password);
            secrets.add(&words::base64(password));
            secrets.add(&words::base64(&format!("\0{user}\0{password}")));
            return Some(Credentials::new(user.to_owned(), password.to_owned()));
        }
        (Some(_), None) => reader.fault("user", "`password` is missing"),
        (None, Some(_)) => reader.fault("password", "`user` is missing"),
        (None, None) => {}
    }
    None
}

/// Reads certificates in PEM. `None` if there is none, or one that cannot verify anything.
fn certificates(pem: &str) -> Option<Certificate> {
    let all: Vec<_> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().ok()?;
    let is_good = |der: &CertificateDer<'static>| RootCertStore::empty().add(der.clone()).is_ok();
    let are_good = !all.is_empty() && all.iter().all(is_good);
    Certificate::from_pem(pem.as_bytes()).ok().filter(|_| are_good)
}

/// The name in EHLO (RFC 5321, section 4.1.4): this machine's name if it has the form of one, else an address.
fn hello() -> ClientId {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    match !name.is_empty() && name.bytes().all(of_name) {
        true => ClientId::Domain(name),
        false => ClientId::default(),
    }
}
