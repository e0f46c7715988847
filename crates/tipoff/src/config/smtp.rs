//! `[smtp]`: the mail server that devices see.
//!
//! Reads and checks the section. `receive/smtp.rs` applies it; all but `listen` takes effect for the next session after
//! an edit. The certificate is used by every port.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::access::Networks;
use super::key::{Key, ValueForm, Without, list_of, nothing};
use super::listener::{
    Listener, Schemes, legacy_tls, max_connections, max_connections_per_address, proxy_protocol,
};
use super::overrides::{self, Listening, Named};
use super::section::Section;

/// The default of `listen`. Port 25, which devices expect, needs a permission on most systems.
const LISTEN: &str = "0.0.0.0:2525";
const SCHEMES: Schemes = Schemes { plain: "smtp", tls: "smtps", port: 2525 };
/// The server's name if the machine has no name that is a host name.
const HOST_NAME: &str = "tipoff";
/// Limit of a host name in bytes (RFC 1035, section 2.3.4).
const HOST_NAME_BYTES_MAX: usize = 255;

/// The SMTP receiver's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Smtp {
    /// The addresses to listen on; at least one.
    pub(crate) listen: Vec<SmtpListener>,
    /// The balancers whose connections begin with a PROXY header.
    pub(crate) proxy_protocol: Networks,
    /// The server's name in its greeting, its certificate and its challenges.
    pub(crate) host_name: String,
    /// The largest mail, in bytes.
    pub(crate) max_message: u64,
    /// The largest number of recipients of a mail.
    pub(crate) max_recipients: usize,
    /// The longest command line, in bytes.
    pub(crate) max_line: usize,
    /// Refused commands after which a session ends.
    pub(crate) max_errors: u32,
    /// Connections at a time.
    pub(crate) max_connections: usize,
    /// Connections at a time from one address.
    pub(crate) max_connections_per_address: usize,
    /// Time without input after which a session ends.
    pub(crate) idle: Duration,
    /// The owner's certificate; `None` for the one that Tipoff makes.
    pub(crate) certificate: Option<Certificate>,
    /// The owner's RSA certificate for clients that cannot use the first one.
    pub(crate) rsa_certificate: Option<Certificate>,
    /// Whether OpenSSL may serve clients that are too old for rustls.
    pub(crate) legacy_tls: bool,
}

/// An address to listen on, and what is offered there. Some firmware fails because of a feature that is offered, and
/// works at a listener without it (docs/cameras.md).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SmtpListener {
    /// The address.
    pub(crate) at: Listener,
    /// Whether EHLO is answered (RFC 5321, section 4.1.1.1); if not, only HELO is.
    pub(crate) ehlo: bool,
    /// Whether AUTH is offered (RFC 4954). A device may log in even if it is not.
    pub(crate) auth: bool,
    /// Whether STARTTLS is offered (RFC 3207).
    pub(crate) starttls: bool,
}

/// A certificate and its key, in PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// The certificate first, then those that signed it, each signed by the next (RFC 8446, section 4.4.2).
    pub(crate) chain: PathBuf,
    /// The private key.
    pub(crate) key: PathBuf,
}

/// What the reference says of the section.
pub(super) const DOC: &str = "The mail server that devices see.";

/// Reads the section. Also returns what names the address of each listener, for the check that no two use one port.
pub(super) fn read(section: &mut Section<'_>) -> (Smtp, Vec<Named<SocketAddr>>) {
    let of_file = listeners(section);
    let listen = overrides::listeners(section.reading, Listening::Smtp, of_file, listener);
    let places = listen.iter().map(|it| it.at(it.listener.at.address)).collect();
    let smtp = Smtp {
        listen: listen.into_iter().map(|it| it.listener).collect(),
        proxy_protocol: proxy_protocol(section),
        host_name: host_name(section),
        max_message: section.size(
            "max_message",
            "50 MB",
            10_000..,
            "The largest mail. A larger one is refused with 552, before it is sent if possible.",
        ),
        max_recipients: section.count(
            "max_recipients",
            100,
            1..=10_000,
            "The largest number of recipients of a mail. RFC 5321 asks for at least 100.",
        ) as usize,
        max_line: section.count(
            "max_line",
            2_048,
            512..=65_536,
            "The longest command line in bytes. RFC 5321 asks for 512; logins with long names \
             need more.",
        ) as usize,
        max_errors: section.count(
            "max_errors",
            20,
            1..=10_000,
            "A session ends after this many refused commands.",
        ),
        max_connections: max_connections(section),
        max_connections_per_address: max_connections_per_address(
            section,
            "The largest number of connections of one address at a time. Recorders send for all \
             their cameras.",
        ),
        idle: section.duration(
            "idle",
            "5 min",
            Duration::from_secs(1)..,
            "A session without input ends after this time.",
        ),
        certificate: certificate(
            section,
            "certificate",
            "smtp.certificate",
            "Your own certificate, for all ports. Tipoff loads it again when its files change. Without it \
             Tipoff makes one at the first start and keeps it.",
        ),
        rsa_certificate: certificate(
            section,
            "rsa_certificate",
            "smtp.rsa_certificate",
            "Your own RSA certificate, for devices that cannot use the first one because its key is on an \
             elliptic curve. Without it and without `certificate`, Tipoff makes one when the first device \
             needs it.",
        ),
        legacy_tls: legacy_tls(section),
    };
    (smtp, places)
}

/// Reads `listen`: strings, and tables with fewer features. A table with `env` or `file` is a string from elsewhere.
fn listeners(section: &mut Section<'_>) -> Vec<Spanned<SmtpListener>> {
    let key = Key {
        name: "listen",
        form: ValueForm::List,
        without: list_of(&[LISTEN]),
        doc: "The addresses to listen on. Each speaks plain text and offers STARTTLS. \
              `\"smtps://0.0.0.0:2465\"` expects TLS from the start, but every address accepts \
              both. `\"[::]:2525\"` is IPv6, on most systems with IPv4.",
    };
    let items = section.items(&key);
    section.inline("smtp.listen", LISTENER_DOC, None, listener_table);
    let Some(items) = items else {
        return section.listener(&key, Spanned::new(0..0, LISTEN.to_owned())).into_iter().collect();
    };
    if section.is_empty_list("listen") {
        section.wrong("listen", section.span_of("listen"), "at least one address is needed");
    }
    let read_one = |item| match DeValue::as_table(Spanned::get_ref(item)) {
        Some(table) if !table.contains_key("env") && !table.contains_key("file") => {
            section.inline("smtp.listen", LISTENER_DOC, Some(item), listener_table).flatten()
        }
        _ => {
            let text = section.reading.text(item, &key)?;
            section.listener(&key, text)
        }
    };
    items.iter().filter_map(read_one).collect()
}

const LISTENER_DOC: &str = "An address in `listen` can be a table with fewer features, for \
                            firmware that fails because of them: some cameras give up if the \
                            server offers a login and none is set, some refuse the certificate if \
                            the server offers STARTTLS.";

/// Reads a listener that is written as a table; `None` if its address is missing or wrong.
fn listener_table(section: &mut Section<'_>) -> Option<Spanned<SmtpListener>> {
    let key = Key {
        name: "address",
        form: ValueForm::Text,
        without: Without::Required("0.0.0.0:2526".to_owned()),
        doc: "As above.",
    };
    if !section.has("address") {
        section.missing("address", &key.sample());
    }
    let found = section.parsed(&key, listener);
    let ehlo = section.flag(
        "ehlo",
        true,
        "Whether the server answers EHLO. If not, devices fall back to HELO, without further \
         features.",
    );
    let auth =
        section.flag("auth", true, "Whether the server offers a login. A device may still log in.");
    let starttls = section.flag("starttls", true, "Whether the server offers STARTTLS.");
    let found = found?;
    let span = found.span();
    Some(Spanned::new(span, SmtpListener { ehlo, auth, starttls, ..found.into_inner() }))
}

impl Section<'_> {
    fn listener(&self, key: &Key, text: Spanned<String>) -> Option<Spanned<SmtpListener>> {
        self.parse(key, &text, listener)
    }
}

/// A listener that offers everything.
fn listener(text: &str) -> Result<SmtpListener, String> {
    let at = SCHEMES.listener(text)?;
    Ok(SmtpListener { at, ehlo: true, auth: true, starttls: true })
}

fn host_name(section: &mut Section<'_>) -> String {
    let key = Key {
        name: "host_name",
        form: ValueForm::Text,
        without: nothing("tipoff.lan"),
        doc: "The server's name in its greeting and its certificate. Without it: the machine's \
              name.",
    };
    let given = section.parsed(&key, |text| match is_host_name(text) {
        true => Ok(text.to_owned()),
        false => Err("letters, digits, `-` and `.` make a host name".to_owned()),
    });
    given.map_or_else(machine_name, Spanned::into_inner)
}

/// The machine's name as the system has it (`uname -n`), if it is a host name.
pub(super) fn machine_name() -> String {
    let system = rustix::system::uname();
    let name = system.nodename().to_str().unwrap_or_default();
    if is_host_name(name) { name.to_owned() } else { HOST_NAME.to_owned() }
}

/// Whether a text can be a host name: letters, digits, `-` and `.` (RFC 1123, section 2.1).
pub(super) fn is_host_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    !name.is_empty() && name.len() <= HOST_NAME_BYTES_MAX && name.bytes().all(allowed)
}

/// Reads the paths of the owner's certificate. Whether the files can be used is checked when they are loaded.
fn certificate(
    section: &mut Section<'_>,
    name: &'static str,
    place: &'static str,
    doc: &'static str,
) -> Option<Certificate> {
    let without = nothing("{ chain = \"cert.pem\", key = \"key.pem\" }");
    let key = Key { name, form: ValueForm::Table, without, doc };
    let value = section.take(&key);
    if let Some(value) = value.filter(|value| !value.get_ref().is_table()) {
        section.reading.mismatch(value, &key);
    }
    let doc = "Both files are required, in PEM format.";
    section.inline(place, doc, value, |files| {
        let doc = "The certificate, followed by the certificates that signed it.";
        let chain = files.required("chain", "cert.pem", doc);
        let key = files.required("key", "key.pem", "The private key.");
        let chain = chain.and_then(|it| files.resolved("chain", &it));
        let key = key.and_then(|it| files.resolved("key", &it));
        Some(Certificate { chain: chain?, key: key? })
    })?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names() {
        assert!(is_host_name("front-yard.example.org"));
        assert!(is_host_name(&"x".repeat(HOST_NAME_BYTES_MAX)));
        assert!(!is_host_name(&"x".repeat(HOST_NAME_BYTES_MAX + 1)));
        assert!(!is_host_name(""));
        assert!(!is_host_name("tip off"));
        assert!(!is_host_name("tip\r\noff"));
    }
}
