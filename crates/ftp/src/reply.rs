//! All replies of the server. When each is sent is decided in `session.rs`.
//!
//! Each reply is one line, besides those to FEAT, MLST and STAT: some firmware reads one line only. Some replies contain
//! a phrase that clients look for; those say so. The codes are those of RFC 959, section 4.2, and of the extensions.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::ops::Deref;

use crate::address;
use crate::listing;
use crate::path::FilePath;
use crate::tree::UploadedFile;

/// A reply: its bytes as they are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FtpReply(Cow<'static, [u8]>);

impl FtpReply {
    const fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text.as_bytes()))
    }

    fn made(text: String) -> Self {
        Self(Cow::Owned(text.into_bytes()))
    }

    /// The code of its first line, such as 226 (RFC 959, section 4.2).
    pub fn code(&self) -> u16 {
        let digits = self.0.iter().take(3);
        digits.fold(0, |code, digit| code * 10 + u16::from(digit.wrapping_sub(b'0')))
    }
}

/// The lines with their line ends.
impl Deref for FtpReply {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

pub(crate) const GREETING: FtpReply = FtpReply::fixed("220 Tipoff FTP server ready\r\n");
pub(crate) const FILE_OK: FtpReply = FtpReply::fixed("150 Ok to send data\r\n");
pub(crate) const LISTING: FtpReply = FtpReply::fixed("150 Here it comes\r\n");
pub(crate) const OK: FtpReply = FtpReply::fixed("200 Ok\r\n");
pub(crate) const EPSV_ALL: FtpReply = FtpReply::fixed("200 Only EPSV from now on\r\n");
pub(crate) const MLST_FACTS: FtpReply = FtpReply::fixed("200 MLST OPTS type;size;modify;\r\n");
pub(crate) const STATUS: FtpReply = FtpReply::fixed("211 Tipoff is well\r\n");
pub(crate) const TRANSFERRING: FtpReply = FtpReply::fixed("211 A transfer is under way\r\n");
pub(crate) const HELP: FtpReply =
    FtpReply::fixed("214 RFC 959; what is uploaded becomes an alert\r\n");
pub(crate) const SYSTEM: FtpReply = FtpReply::fixed("215 UNIX Type: L8\r\n");
pub(crate) const AGAIN: FtpReply = FtpReply::fixed("220 Ready for a new user\r\n");
pub(crate) const BYE: FtpReply = FtpReply::fixed("221 Bye\r\n");
pub(crate) const STORED: FtpReply = FtpReply::fixed("226 Stored\r\n");
pub(crate) const SENT: FtpReply = FtpReply::fixed("226 Sent\r\n");
pub(crate) const ABORTED: FtpReply = FtpReply::fixed("226 Aborted\r\n");
pub(crate) const NOTHING_TO_ABORT: FtpReply = FtpReply::fixed("226 No transfer to abort\r\n");
pub(crate) const LOGGED_IN: FtpReply = FtpReply::fixed("230 Logged in\r\n");
pub(crate) const NO_ACCOUNT: FtpReply = FtpReply::fixed("230 No account needed\r\n");
pub(crate) const BEGIN_TLS: FtpReply = FtpReply::fixed("234 Begin TLS\r\n");
pub(crate) const DONE: FtpReply = FtpReply::fixed("250 Done\r\n");
pub(crate) const PASSWORD: FtpReply = FtpReply::fixed("331 Password, please\r\n");
pub(crate) const RENAME_TO: FtpReply = FtpReply::fixed("350 Ready for RNTO\r\n");

pub(crate) const IDLE: FtpReply = FtpReply::fixed("421 Nothing was said for too long\r\n");
pub(crate) const SHUTTING_DOWN: FtpReply =
    FtpReply::fixed("421 Shutting down, try again later\r\n");
pub(crate) const TOO_MANY_LOGINS: FtpReply = FtpReply::fixed("421 Too many wrong logins\r\n");
pub(crate) const TOO_MANY_USERS: FtpReply =
    FtpReply::fixed("421 Too many logins in one session\r\n");
pub(crate) const NO_CLIENT: FtpReply = FtpReply::fixed("421 This is not a web server; bye\r\n");
pub(crate) const TOO_MANY_FAILURES: FtpReply =
    FtpReply::fixed("421 Too many commands that failed\r\n");
pub(crate) const LOGIN_LATER: FtpReply =
    FtpReply::fixed("421 Too many wrong logins, try again later\r\n");
pub(crate) const TOO_MUCH: FtpReply =
    FtpReply::fixed("421 Too much was said during a transfer\r\n");
pub(crate) const NO_PORT: FtpReply = FtpReply::fixed("425 Use PASV or PORT first\r\n");
pub(crate) const USE_EPSV: FtpReply = FtpReply::fixed("425 This is IPv6: use EPSV\r\n");
pub(crate) const CANNOT_OPEN: FtpReply =
    FtpReply::fixed("425 No port is free for a data connection\r\n");
pub(crate) const NO_CONNECTION: FtpReply =
    FtpReply::fixed("425 The data connection did not come\r\n");
pub(crate) const NOT_ENCRYPTED: FtpReply =
    FtpReply::fixed("425 The data connection could not be encrypted\r\n");
pub(crate) const ONLY_UPLOADS: FtpReply =
    FtpReply::fixed("425 To an address that is not yours, only uploads are possible\r\n");
pub(crate) const BROKEN: FtpReply = FtpReply::fixed("426 The data connection broke\r\n");
pub(crate) const STOPPED: FtpReply = FtpReply::fixed("426 Transfer aborted\r\n");
pub(crate) const STALLED: FtpReply = FtpReply::fixed("426 Nothing came for too long\r\n");
pub(crate) const BUSY: FtpReply = FtpReply::fixed("450 This file is being written\r\n");
pub(crate) const TRY_AGAIN: FtpReply = FtpReply::fixed("451 Not stored, try again later\r\n");
pub(crate) const SPOOL_FULL: FtpReply = FtpReply::fixed("452 No space left, try again later\r\n");

pub(crate) const UNKNOWN: FtpReply = FtpReply::fixed("500 There is no such command\r\n");
pub(crate) const LINE_TOO_LONG: FtpReply = FtpReply::fixed("500 Line too long\r\n");
pub(crate) const BAD_ARGUMENT: FtpReply =
    FtpReply::fixed("501 This argument is not understood\r\n");
pub(crate) const FOREIGN: FtpReply =
    FtpReply::fixed("501 Only your own address, and ports above 1023\r\n");
pub(crate) const ONLY_EPSV: FtpReply = FtpReply::fixed("501 EPSV ALL was said\r\n");
pub(crate) const BAD_OFFSET: FtpReply = FtpReply::fixed("501 There is less of it than that\r\n");
pub(crate) const USE_PASV: FtpReply = FtpReply::fixed("502 Use PASV here\r\n");
pub(crate) const BAD_SEQUENCE: FtpReply = FtpReply::fixed("503 Not now\r\n");
pub(crate) const NOT_THIS: FtpReply = FtpReply::fixed("504 This is not possible here\r\n");
pub(crate) const OTHER_PROTOCOL: FtpReply = FtpReply::fixed("522 Use (1,2)\r\n");
pub(crate) const LOG_IN: FtpReply = FtpReply::fixed("530 Log in first\r\n");
pub(crate) const WRONG_LOGIN: FtpReply = FtpReply::fixed("530 User or password is wrong\r\n");
pub(crate) const STAYS_TLS: FtpReply = FtpReply::fixed("534 What is encrypted stays encrypted\r\n");
pub(crate) const NO_TLS: FtpReply = FtpReply::fixed("534 TLS is not offered here\r\n");
pub(crate) const NO_SUCH_PROTECTION: FtpReply = FtpReply::fixed("536 Only C and P\r\n");
pub(crate) const NOT_THERE: FtpReply = FtpReply::fixed("550 It is not there\r\n");
pub(crate) const ONLY_IN: FtpReply = FtpReply::fixed("550 Nothing can be downloaded here\r\n");
pub(crate) const TOO_BIG: FtpReply = FtpReply::fixed("552 This file is too large\r\n");
pub(crate) const BAD_NAME: FtpReply = FtpReply::fixed("553 This name is not possible\r\n");
pub(crate) const PBSZ: FtpReply = FtpReply::fixed("200 PBSZ=0\r\n");

/// The reply to FEAT: one feature a line, each behind a space (RFC 2389, section 3.2). `tls` is whether AUTH is offered, `epsv` whether
/// EPSV is.
pub(crate) fn features(tls: bool, epsv: bool) -> FtpReply {
    let tls = if tls { " AUTH TLS\r\n PBSZ\r\n PROT\r\n" } else { "" };
    let epsv = if epsv { " EPSV\r\n" } else { "" };
    FtpReply::made(format!(
        "211-Features:\r\n{tls} EPRT\r\n{epsv} MDTM\r\n MFMT\r\n \
         MLST type*;size*;modify*;\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n UTF8\r\n211 End\r\n"
    ))
}

/// The reply to PWD and MKD: `257 "/path" …`. Clients read the path between the quotes; a quote in it is doubled
/// (RFC 959, appendix II).
pub(crate) fn folder(path: &FilePath, is: &str) -> FtpReply {
    let mut reply = b"257 \"".to_vec();
    for byte in path.as_bytes() {
        reply.push(*byte);
        if *byte == b'"' {
            reply.push(b'"');
        }
    }
    reply.extend_from_slice(format!("\" {is}\r\n").as_bytes());
    FtpReply(reply.into())
}

/// The reply to PASV: `227 Entering Passive Mode (h1,h2,h3,h4,p1,p2).` Clients look for the brackets. An IPv6 address has
/// no such form: there EPSV is needed.
pub(crate) fn passive(address: SocketAddr) -> FtpReply {
    match address::written(address) {
        Some(written) => FtpReply::made(format!("227 Entering Passive Mode ({written}).\r\n")),
        None => USE_EPSV,
    }
}

/// The reply to EPSV. Clients read the port between the bars (RFC 2428, section 3).
pub(crate) fn extended_passive(port: u16) -> FtpReply {
    FtpReply::made(format!("229 Entering Extended Passive Mode (|||{port}|)\r\n"))
}

/// The reply that opens the transfer of STOU. Clients read the new name behind `FILE:` (RFC 1123, section 4.1.2.9).
pub(crate) fn unique(name: &[u8]) -> FtpReply {
    FtpReply([b"150 FILE: ", name, b"\r\n"].concat().into())
}

/// The reply to SIZE (RFC 3659, section 4.1).
pub(crate) fn size(bytes: u64) -> FtpReply {
    FtpReply::made(format!("213 {bytes}\r\n"))
}

/// The reply to MDTM (RFC 3659, section 3.1).
pub(crate) fn modified(file: UploadedFile) -> FtpReply {
    FtpReply::made(format!("213 {}\r\n", listing::time(file.modified)))
}

/// The reply to MFMT: the time that the file has now (draft-somers-ftp-mfxx, section 3.1).
pub(crate) fn time_set(file: UploadedFile, path: &FilePath) -> FtpReply {
    let head = format!("213 Modify={}; ", listing::time(file.modified));
    FtpReply([head.as_bytes(), path.as_bytes(), b"\r\n"].concat().into())
}

/// The reply to REST (RFC 3659, section 5).
pub(crate) fn restart(offset: u64) -> FtpReply {
    FtpReply::made(format!("350 The next transfer begins at {offset}\r\n"))
}

/// The reply to MLST (RFC 3659, section 7.2).
pub(crate) fn facts(path: &FilePath, file: Option<UploadedFile>) -> FtpReply {
    let facts = listing::facts_of(file);
    let head = format!("250-Facts\r\n {facts}");
    FtpReply([head.as_bytes(), path.as_bytes(), b"\r\n250 End\r\n"].concat().into())
}

/// The first line of the reply to STAT with a path: a listing over the control connection (RFC 959, section 4.1.3).
pub(crate) const STATUS_BEGINS: FtpReply = FtpReply::fixed("213-Status\r\n");
/// Its last line.
pub(crate) const STATUS_ENDS: FtpReply = FtpReply::fixed("213 End\r\n");

/// Lines of a listing between them. Each begins with a space, so a name that looks like the end of the reply is not it.
pub(crate) fn status_lines(listing: &[u8]) -> Vec<u8> {
    let lines = listing.split_inclusive(|byte| *byte == b'\n');
    lines.flat_map(|line| [b" ", line]).flatten().copied().collect()
}
