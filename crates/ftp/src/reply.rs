//! Everything that the server says. Never decides when to say it.
//!
//! Each on one line, but for FEAT, MLST and STAT: firmware reads a line and looks no further.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::ops::Deref;

use crate::address;
use crate::listing;
use crate::path::FilePath;
use crate::tree::File;

/// A reply: its bytes, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply(Cow<'static, [u8]>);

impl Reply {
    const fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text.as_bytes()))
    }

    fn made(text: String) -> Self {
        Self(Cow::Owned(text.into_bytes()))
    }

    /// Its three digits (RFC 959, section 4.2).
    pub fn code(&self) -> u16 {
        let digits = self.0.iter().take(3);
        digits.fold(0, |code, digit| code * 10 + u16::from(digit.wrapping_sub(b'0')))
    }
}

/// The lines with their line ends.
impl Deref for Reply {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

pub(crate) const GREETING: Reply = Reply::fixed("220 Tipoff FTP server ready\r\n");
pub(crate) const FILE_OK: Reply = Reply::fixed("150 Ok to send data\r\n");
pub(crate) const LISTING: Reply = Reply::fixed("150 Here it comes\r\n");
pub(crate) const OK: Reply = Reply::fixed("200 Ok\r\n");
pub(crate) const EPSV_ALL: Reply = Reply::fixed("200 Only EPSV from now on\r\n");
pub(crate) const MLST_FACTS: Reply = Reply::fixed("200 MLST OPTS type;size;modify;\r\n");
pub(crate) const STATUS: Reply = Reply::fixed("211 Tipoff is well\r\n");
pub(crate) const TRANSFERRING: Reply = Reply::fixed("211 A transfer is under way\r\n");
pub(crate) const HELP: Reply = Reply::fixed("214 RFC 959; what is uploaded becomes an alert\r\n");
pub(crate) const SYSTEM: Reply = Reply::fixed("215 UNIX Type: L8\r\n");
pub(crate) const AGAIN: Reply = Reply::fixed("220 Ready for a new user\r\n");
pub(crate) const BYE: Reply = Reply::fixed("221 Bye\r\n");
pub(crate) const STORED: Reply = Reply::fixed("226 Stored\r\n");
pub(crate) const SENT: Reply = Reply::fixed("226 Sent\r\n");
pub(crate) const ABORTED: Reply = Reply::fixed("226 Aborted\r\n");
pub(crate) const NOTHING_TO_ABORT: Reply = Reply::fixed("226 No transfer to abort\r\n");
pub(crate) const LOGGED_IN: Reply = Reply::fixed("230 Logged in\r\n");
pub(crate) const NO_ACCOUNT: Reply = Reply::fixed("230 No account needed\r\n");
pub(crate) const BEGIN_TLS: Reply = Reply::fixed("234 Begin TLS\r\n");
pub(crate) const DONE: Reply = Reply::fixed("250 Done\r\n");
pub(crate) const PASSWORD: Reply = Reply::fixed("331 Password, please\r\n");
pub(crate) const RENAME_TO: Reply = Reply::fixed("350 Ready for RNTO\r\n");

pub(crate) const IDLE: Reply = Reply::fixed("421 Nothing was said for too long\r\n");
pub(crate) const SHUTTING_DOWN: Reply = Reply::fixed("421 Shutting down, try again later\r\n");
pub(crate) const TOO_MANY_LOGINS: Reply = Reply::fixed("421 Too many wrong logins\r\n");
pub(crate) const TOO_MANY_USERS: Reply = Reply::fixed("421 Too many logins in one session\r\n");
pub(crate) const NO_CLIENT: Reply = Reply::fixed("421 This is not a web server; bye\r\n");
pub(crate) const TOO_MANY_FAILURES: Reply = Reply::fixed("421 Too many commands that failed\r\n");
pub(crate) const LOGIN_LATER: Reply =
    Reply::fixed("421 Too many wrong logins, try again later\r\n");
pub(crate) const TOO_MUCH: Reply = Reply::fixed("421 Too much was said during a transfer\r\n");
pub(crate) const NO_PORT: Reply = Reply::fixed("425 Use PASV or PORT first\r\n");
pub(crate) const USE_EPSV: Reply = Reply::fixed("425 This is IPv6: use EPSV\r\n");
pub(crate) const CANNOT_OPEN: Reply = Reply::fixed("425 No port is free for a data connection\r\n");
pub(crate) const NO_CONNECTION: Reply = Reply::fixed("425 The data connection did not come\r\n");
pub(crate) const NOT_ENCRYPTED: Reply =
    Reply::fixed("425 The data connection could not be encrypted\r\n");
pub(crate) const ONLY_UPLOADS: Reply =
    Reply::fixed("425 To an address that is not yours, only uploads are possible\r\n");
pub(crate) const BROKEN: Reply = Reply::fixed("426 The data connection broke\r\n");
pub(crate) const STOPPED: Reply = Reply::fixed("426 Transfer aborted\r\n");
pub(crate) const STALLED: Reply = Reply::fixed("426 Nothing came for too long\r\n");
pub(crate) const BUSY: Reply = Reply::fixed("450 This file is being written\r\n");
pub(crate) const TRY_AGAIN: Reply = Reply::fixed("451 Not stored, try again later\r\n");
pub(crate) const SPOOL_FULL: Reply = Reply::fixed("452 No space left, try again later\r\n");

pub(crate) const UNKNOWN: Reply = Reply::fixed("500 There is no such command\r\n");
pub(crate) const LINE_TOO_LONG: Reply = Reply::fixed("500 Line too long\r\n");
pub(crate) const BAD_ARGUMENT: Reply = Reply::fixed("501 This argument is not understood\r\n");
pub(crate) const FOREIGN: Reply =
    Reply::fixed("501 Only your own address, and ports above 1023\r\n");
pub(crate) const ONLY_EPSV: Reply = Reply::fixed("501 EPSV ALL was said\r\n");
pub(crate) const BAD_OFFSET: Reply = Reply::fixed("501 There is less of it than that\r\n");
pub(crate) const BAD_SEQUENCE: Reply = Reply::fixed("503 Not now\r\n");
pub(crate) const NOT_THIS: Reply = Reply::fixed("504 This is not possible here\r\n");
pub(crate) const OTHER_PROTOCOL: Reply = Reply::fixed("522 Use (1,2)\r\n");
pub(crate) const LOG_IN: Reply = Reply::fixed("530 Log in first\r\n");
pub(crate) const WRONG_LOGIN: Reply = Reply::fixed("530 User or password is wrong\r\n");
pub(crate) const STAYS_TLS: Reply = Reply::fixed("534 What is encrypted stays encrypted\r\n");
pub(crate) const NO_TLS: Reply = Reply::fixed("534 TLS is not offered here\r\n");
pub(crate) const NO_SUCH_PROTECTION: Reply = Reply::fixed("536 Only C and P\r\n");
pub(crate) const NOT_THERE: Reply = Reply::fixed("550 It is not there\r\n");
pub(crate) const ONLY_IN: Reply = Reply::fixed("550 Nothing can be downloaded here\r\n");
pub(crate) const TOO_BIG: Reply = Reply::fixed("552 This file is too large\r\n");
pub(crate) const BAD_NAME: Reply = Reply::fixed("553 This name is not possible\r\n");
pub(crate) const PBSZ: Reply = Reply::fixed("200 PBSZ=0\r\n");

/// RFC 2389, section 3.2.
pub(crate) fn features(tls: bool) -> Reply {
    let tls = if tls { " AUTH TLS\r\n PBSZ\r\n PROT\r\n" } else { "" };
    Reply::made(format!(
        "211-Features:\r\n{tls} EPRT\r\n EPSV\r\n MDTM\r\n MFMT\r\n \
         MLST type*;size*;modify*;\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n UTF8\r\n211 End\r\n"
    ))
}

/// `257 "/path" …`: clients read the path between the quotes, and a quote in it doubled (RFC 959,
/// appendix II).
pub(crate) fn folder(path: &FilePath, is: &str) -> Reply {
    let mut reply = b"257 \"".to_vec();
    for byte in path.as_bytes() {
        reply.push(*byte);
        if *byte == b'"' {
            reply.push(b'"');
        }
    }
    reply.extend_from_slice(format!("\" {is}\r\n").as_bytes());
    Reply(reply.into())
}

/// `227 Entering Passive Mode (h1,h2,h3,h4,p1,p2).`: clients look for the brackets.
pub(crate) fn passive(address: SocketAddr) -> Reply {
    match address::written(address) {
        Some(written) => Reply::made(format!("227 Entering Passive Mode ({written}).\r\n")),
        None => USE_EPSV,
    }
}

/// RFC 2428, section 3.
pub(crate) fn extended_passive(port: u16) -> Reply {
    Reply::made(format!("229 Entering Extended Passive Mode (|||{port}|)\r\n"))
}

/// STOU tells the name that it made.
pub(crate) fn unique(name: &[u8]) -> Reply {
    Reply([b"150 FILE: ", name, b"\r\n"].concat().into())
}

pub(crate) fn size(bytes: u64) -> Reply {
    Reply::made(format!("213 {bytes}\r\n"))
}

pub(crate) fn modified(file: File) -> Reply {
    Reply::made(format!("213 {}\r\n", listing::time(file.modified)))
}

/// draft-somers-ftp-mfxx, section 3.1: the time that the file has now.
pub(crate) fn time_set(file: File, path: &FilePath) -> Reply {
    let head = format!("213 Modify={}; ", listing::time(file.modified));
    Reply([head.as_bytes(), path.as_bytes(), b"\r\n"].concat().into())
}

/// RFC 3659, section 3.1: the transfer behind it begins there.
pub(crate) fn restart(offset: u64) -> Reply {
    Reply::made(format!("350 The next transfer begins at {offset}\r\n"))
}

/// RFC 3659, section 7.2.
pub(crate) fn facts(path: &FilePath, file: Option<File>) -> Reply {
    let facts = listing::facts_of(file);
    let head = format!("250-Facts\r\n {facts}");
    Reply([head.as_bytes(), path.as_bytes(), b"\r\n250 End\r\n"].concat().into())
}

/// RFC 959, STAT with a path: the listing over the control connection is between these two.
pub(crate) const STATUS_BEGINS: Reply = Reply::fixed("213-Status\r\n");
pub(crate) const STATUS_ENDS: Reply = Reply::fixed("213 End\r\n");

/// Lines of the reply between them: a name that looks like the end of the reply must not be one.
pub(crate) fn status_lines(listing: &[u8]) -> Vec<u8> {
    let lines = listing.split_inclusive(|byte| *byte == b'\n');
    lines.flat_map(|line| [b" ", line]).flatten().copied().collect()
}
