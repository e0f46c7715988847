//! One command line of the client, read leniently: any case, any blanks, arguments as cameras write them. Whether a
//! command is allowed now is decided in `session.rs`.

use crate::address;
use crate::content::Chunk;
use crate::step::MailFrom;

/// A command of the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    /// HELO, with the client's name for itself.
    Helo(&'a [u8]),
    /// EHLO, with the client's name for itself.
    Ehlo(&'a [u8]),
    Auth {
        /// Empty where none is named.
        mechanism: &'a [u8],
        /// Without the blanks around it; firmware may have some inside.
        initial: Option<&'a [u8]>,
    },
    StartTls,
    Mail(MailFrom),
    Rcpt(String),
    Data,
    Bdat(Chunk),
    Rset,
    Noop,
    Vrfy,
    Expn,
    Help,
    Quit,
    /// A request over HTTP. A web page can make a browser send one to any port.
    Http,
    /// A known command whose arguments cannot be read.
    Malformed,
    /// An empty line.
    Empty,
    Unknown,
}

impl Command<'_> {
    /// Whether it leads to no message and is no error.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(
            self,
            Self::Helo(_)
                | Self::Ehlo(_)
                | Self::Rset
                | Self::Noop
                | Self::Vrfy
                | Self::Help
                | Self::Empty
        )
    }
}

type Parser = for<'a> fn(&'a [u8]) -> Command<'a>;

const COMMANDS: &[(&str, Parser)] = &[
    ("AUTH", auth),
    ("BDAT", bdat),
    ("CONNECT", |_| Command::Http),
    ("DATA", |_| Command::Data),
    ("DELETE", |_| Command::Http),
    ("EHLO", |name| Command::Ehlo(name)),
    ("EXPN", |_| Command::Expn),
    ("GET", |_| Command::Http),
    ("HEAD", |_| Command::Http),
    ("HELO", |name| Command::Helo(name)),
    ("HELP", |_| Command::Help),
    ("MAIL", mail),
    ("NOOP", |_| Command::Noop),
    ("OPTIONS", |_| Command::Http),
    ("PATCH", |_| Command::Http),
    ("POST", |_| Command::Http),
    ("PRI", |_| Command::Http),
    ("PUT", |_| Command::Http),
    ("QUIT", |_| Command::Quit),
    ("RCPT", rcpt),
    ("RSET", |_| Command::Rset),
    ("STARTTLS", |_| Command::StartTls),
    ("TRACE", |_| Command::Http),
    ("VRFY", |_| Command::Vrfy),
];

/// Reads a line without its line end.
pub(crate) fn parse(line: &[u8]) -> Command<'_> {
    let (verb, arguments) = word(line);
    if verb.is_empty() {
        return Command::Empty;
    }
    if is_web_request(line) {
        return Command::Http;
    }
    COMMANDS
        .iter()
        .find(|(name, _)| verb.eq_ignore_ascii_case(name.as_bytes()))
        .map_or(Command::Unknown, |(_, parser)| parser(arguments))
}

/// Whether a line is the beginning of a request over HTTP or a protocol like it, whatever its verb: a page may
/// choose that (RFC 9112, section 3; RFC 3261, section 7.1).
pub(crate) fn is_web_request(line: &[u8]) -> bool {
    let last = line.trim_ascii_end().rsplit(u8::is_ascii_whitespace).next().unwrap_or_default();
    [b"HTTP/".as_slice(), b"RTSP/", b"SIP/"].iter().any(|protocol| {
        last.get(..protocol.len()).is_some_and(|it| it.eq_ignore_ascii_case(protocol))
            && last.get(protocol.len()).is_some_and(u8::is_ascii_digit)
    })
}

/// The first word and what follows it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii();
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or_default();
    (word, rest.trim_ascii_start())
}

fn auth(arguments: &[u8]) -> Command<'_> {
    let (mechanism, rest) = word(arguments);
    let initial = rest.trim_ascii_end();
    Command::Auth { mechanism, initial: (!initial.is_empty()).then_some(initial) }
}

fn mail(arguments: &[u8]) -> Command<'_> {
    let Some(path) = behind(arguments, b"FROM") else {
        return Command::Malformed;
    };
    let (address, parameters) = address::split(path);
    Command::Mail(MailFrom { address, size: address::size(parameters) })
}

fn rcpt(arguments: &[u8]) -> Command<'_> {
    let Some(path) = behind(arguments, b"TO") else {
        return Command::Malformed;
    };
    match address::split(path) {
        (address, _) if address.is_empty() => Command::Malformed,
        (address, _) => Command::Rcpt(address),
    }
}

fn bdat(arguments: &[u8]) -> Command<'_> {
    let (size, rest) = word(arguments);
    let (last, _) = word(rest);
    match address::number(size) {
        Some(bytes) if last.is_empty() => Command::Bdat(Chunk { bytes, last: false }),
        Some(bytes) if last.eq_ignore_ascii_case(b"LAST") => {
            Command::Bdat(Chunk { bytes, last: true })
        }
        _ => Command::Malformed,
    }
}

/// The text behind `FROM:` or `TO:`. Spaces are allowed around the colon.
fn behind<'a>(arguments: &'a [u8], keyword: &[u8]) -> Option<&'a [u8]> {
    let (found, rest) = arguments.split_at_checked(keyword.len())?;
    let rest = rest.trim_ascii_start();
    found.eq_ignore_ascii_case(keyword).then(|| rest.strip_prefix(b":"))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail_from(address: &str, size: Option<u64>) -> Command<'static> {
        Command::Mail(MailFrom { address: address.to_owned(), size })
    }

    #[test]
    fn commands_are_read_leniently() {
        let auth = |mechanism, initial| Command::Auth { mechanism, initial };
        for (line, expected) in [
            ("ehlo  cam ", Command::Ehlo(b"cam")),
            ("EHLO", Command::Ehlo(b"")),
            ("HELO ESP-CAM_MJPEG:", Command::Helo(b"ESP-CAM_MJPEG:")),
            (" Quit ", Command::Quit),
            ("NOOP whatever", Command::Noop),
            ("DATA\r", Command::Data),
            ("mail from: <a@b> size=7", mail_from("a@b", Some(7))),
            ("MAIL FROM :a", mail_from("a", None)),
            ("MAIL FROM:", mail_from("", None)),
            ("MAIL FROM <a@b>", Command::Malformed),
            ("MAIL", Command::Malformed),
            ("MAIL TO:<a@b>", Command::Malformed),
            ("Rcpt To:<me@b> NOTIFY=NEVER", Command::Rcpt("me@b".to_owned())),
            ("RCPT TO:<>", Command::Malformed),
            ("RCPT", Command::Malformed),
            ("AUTH", auth(b"", None)),
            ("auth  login  dXNlcg== x", auth(b"login", Some(b"dXNlcg== x"))),
            ("BDAT 0 last", Command::Bdat(Chunk { bytes: 0, last: true })),
            ("BDAT 86", Command::Bdat(Chunk { bytes: 86, last: false })),
            ("BDAT 86 FIRST", Command::Malformed),
            ("BDAT -1", Command::Malformed),
            ("BDAT", Command::Malformed),
            ("GET / HTTP/1.1", Command::Http),
            ("get /", Command::Http),
            ("Patch /", Command::Http),
            ("TRACE /", Command::Http),
            ("PRI * HTTP/2.0", Command::Http),
            ("NOOP / HTTP/1.1", Command::Http),
            ("HELO /x http/1.0 ", Command::Http),
            ("OPTIONS sip:a SIP/2.0", Command::Http),
            ("HELO HTTP/x", Command::Helo(b"HTTP/x")),
            ("", Command::Empty),
            (" \t", Command::Empty),
            ("MAILFROM:<a@b>", Command::Unknown),
            ("\u{1}\u{2}", Command::Unknown),
        ] {
            assert_eq!(parse(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn commands_stand_in_order() {
        assert!(COMMANDS.is_sorted_by(|(one, _), (next, _)| one < next));
    }
}
