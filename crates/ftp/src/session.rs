//! The dialog itself: which command does what in which state.
//! Never waits, never reads ahead of an answer that is due.

mod answers;
mod folders;
mod login;
mod state;
mod transfer;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use tipoff_model::lines::{Line, Lines};

use self::state::{Client, State, Transfer};
use crate::command::{self, Command};
use crate::listing::Form;
use crate::path::FilePath;
use crate::profile::Profile;
use crate::reply::{self, Reply};
use crate::step::{Protection, Step};
use crate::tree::Found;
use crate::{telnet, text};

/// How much may be said during a transfer that has to wait for its end, in bytes.
const HELD_BYTES_MAX: usize = 16 * 1024;
/// Unknown commands before a login that end the session: no device says so many, and what a web page makes a
/// browser send begins so.
const UNKNOWN_BEFORE_LOGIN_MAX: u32 = 10;
/// Commands that are unknown or not understood, since a file was stored, that end the session.
const UNKNOWN_MAX: u32 = 100;
/// The same for all commands that fail: some devices look for many names before they upload.
const FAILURES_MAX: u32 = 1_000;
/// Logins of one session: each may show another tree, which is read from the disk.
const LOGINS_MAX: u32 = 100;

/// Commands that failed since a file was stored.
#[derive(Default)]
struct Failures {
    /// Those that are unknown or not understood.
    unknown: u32,
    all: u32,
}

/// The server's side of one conversation.
///
/// Push bytes by calling [`Session::next_step`] until it gives nothing more; do each step; give the
/// answers that are due. An answer that nothing has asked for is ignored.
pub struct Session {
    profile: Arc<Profile>,
    client: Client,
    state: State,
    lines: Lines,
    /// Steps that the last line led to.
    due: VecDeque<Step>,
    /// Lines that came during a transfer: scripts are sent without waiting for replies.
    held: VecDeque<Vec<u8>>,
    held_bytes: usize,
    login_failures: u32,
    logins: u32,
    failures: Failures,
    /// Shutting down: the transfer under way is the last.
    ending: bool,
}

impl Session {
    /// A conversation with the client at `peer`, whose first step is the greeting.
    pub fn new(profile: Arc<Profile>, peer: IpAddr, tls: bool) -> Self {
        Self {
            profile,
            client: Client::new(peer, tls),
            state: State::New,
            lines: Lines::default(),
            due: VecDeque::new(),
            held: VecDeque::new(),
            held_bytes: 0,
            login_failures: 0,
            logins: 0,
            failures: Failures::default(),
            ending: false,
        }
    }

    /// Takes from the front of `input` what it can use now, and tells what to do. None: an answer is
    /// due, or all of `input` was taken and more is needed. During a transfer it takes everything:
    /// ABOR is heard at once, the rest is held until the end.
    pub fn next_step(&mut self, input: &mut &[u8]) -> Option<Step> {
        loop {
            if let Some(step) = self.due.pop_front() {
                return Some(step);
            }
            match &self.state {
                State::New => self.reply(reply::GREETING),
                State::Command => match self.held.pop_front() {
                    Some(line) => {
                        self.held_bytes -= line.len();
                        self.hear(&line);
                    }
                    None => self.read(input)?,
                },
                State::Telling(_) => self.tell(),
                State::Transfer(_) => self.hold(input)?,
                State::Closed => {
                    *input = &[];
                    return None;
                }
                State::LoginAsked
                | State::PassiveAsked { .. }
                | State::ForeignAsked(_)
                | State::TlsAsked
                | State::RenameAsked
                | State::UploadAwaited { .. } => return None,
            }
        }
    }

    /// Whether an answer is due before which nothing must be read.
    pub fn waiting(&self) -> bool {
        matches!(
            self.state,
            State::LoginAsked
                | State::PassiveAsked { .. }
                | State::ForeignAsked(_)
                | State::TlsAsked
                | State::RenameAsked
                | State::UploadAwaited { .. }
        )
    }

    /// Whether a transfer is under way.
    pub fn in_transfer(&self) -> bool {
        matches!(self.state, State::Transfer(_))
    }

    /// How the next data connection is protected, as far as is known.
    pub fn protection(&self) -> Protection {
        self.client.protection()
    }

    /// Whether the client is logged in.
    pub fn logged_in(&self) -> bool {
        self.client.home.is_some()
    }

    fn read(&mut self, input: &mut &[u8]) -> Option<()> {
        match self.lines.next(input, self.profile.line_bytes_max)? {
            Line::Whole { text, .. } => self.hear(&telnet::strip(&text)),
            Line::TooLong => {
                // It could hold a password, so nothing of it is shown.
                self.note(|| "(a line that is too long)".to_owned());
                self.reply(reply::LINE_TOO_LONG);
                self.end_if_too_much_failed();
            }
        }
        if matches!(self.state, State::TlsAsked) {
            *input = &[];
            self.held.clear();
        }
        Some(())
    }

    /// During a transfer.
    fn hold(&mut self, input: &mut &[u8]) -> Option<()> {
        let Line::Whole { text, .. } = self.lines.next(input, self.profile.line_bytes_max)? else {
            return Some(());
        };
        let line = telnet::strip(&text).into_owned();
        match command::parse(&line) {
            Command::Abor => self.abort(&line),
            Command::Stat(b"") => {
                self.heard(&line);
                self.due.push_back(Step::Reply(reply::TRANSFERRING));
            }
            _ if self.held_bytes + line.len() > HELD_BYTES_MAX => {
                self.due.push_back(Step::Abort);
                self.close(reply::TOO_MUCH);
            }
            _ => {
                self.held_bytes += line.len();
                self.held.push_back(line);
            }
        }
        Some(())
    }

    fn abort(&mut self, line: &[u8]) {
        self.heard(line);
        if let State::Transfer(transfer) = &mut self.state
            && !transfer.aborted
        {
            transfer.aborted = true;
            self.due.push_back(Step::Abort);
        }
    }

    fn hear(&mut self, line: &[u8]) {
        self.heard(line);
        let command = command::parse(line);
        match self.file_asked_for(&command) {
            Some(path) => {
                self.due.push_back(Step::AwaitUpload(path));
                self.state = State::UploadAwaited { line: line.to_vec() };
            }
            None => self.obey(command),
        }
        self.end_if_too_much_failed();
        self.end_if_shutting_down();
    }

    /// Goes on with the reply to STAT: the next lines, or its end.
    fn tell(&mut self) {
        let State::Telling(listing) = &mut self.state else { return };
        match listing.next_piece() {
            Some(piece) => self.due.push_back(Step::Lines(reply::status_lines(&piece))),
            None => {
                self.reply(reply::STATUS_ENDS);
                self.end_if_shutting_down();
            }
        }
    }

    /// What anybody may say; the rest is for who has logged in.
    fn obey(&mut self, command: Command<'_>) {
        match command {
            Command::User(name) => self.user(name),
            Command::Pass(password) => self.pass(password),
            Command::Acct => self.reply(reply::NO_ACCOUNT),
            Command::Rein => self.start_anew(),
            Command::Quit => self.close(reply::BYE),
            Command::Auth(mechanism) => self.auth(mechanism),
            Command::Pbsz(_) => self.pbsz(),
            Command::Prot(level) => self.prot(level),
            Command::Ccc => self.reply(reply::STAYS_TLS),
            Command::Feat => self.reply(reply::features(self.profile.tls || self.client.tls)),
            Command::Opts(option) => self.reply(options(option)),
            Command::Clnt | Command::Noop => self.reply(reply::OK),
            Command::Syst => self.reply(reply::SYSTEM),
            Command::Help => self.reply(reply::HELP),
            Command::Empty => {}
            Command::Http => self.close(reply::NO_CLIENT),
            Command::Binary if self.client.home.is_none() => self.close(reply::NO_CLIENT),
            Command::Unknown | Command::Binary => self.reply(reply::UNKNOWN),
            _ if self.client.home.is_none() => self.reply(reply::LOG_IN),
            command => self.obey_logged_in(command),
        }
    }

    fn obey_logged_in(&mut self, command: Command<'_>) {
        match command {
            Command::Cwd(path) => self.enter(path),
            Command::Cdup => self.enter(b".."),
            Command::Pwd => self.tell_folder(),
            Command::Mkd(path) => self.make_folder(path),
            Command::Rmd(path) | Command::Dele(path) => self.remove(path),
            Command::Rnfr(path) => self.rename_from(path),
            Command::Rnto(path) => self.rename_to(path),
            Command::Size(path) => self.size(path),
            Command::Mdtm(argument) => self.modified(argument),
            Command::Mfmt(argument) => self.set_time(argument),
            Command::Mlst(path) => self.facts(path),
            Command::Stat(b"") => self.reply(reply::STATUS),
            Command::Stat(argument) => self.status(argument),
            Command::Site(argument) => self.site(argument),

            Command::Type(argument) => self.reply(kind(argument)),
            Command::Stru(argument) => self.reply(only(argument, b"F")),
            Command::Mode(argument) => self.reply(only(argument, b"S")),
            // A Dahua that is told 202 logs in again and again.
            Command::Allo => self.reply(reply::OK),
            Command::Port(argument) => self.port(argument),
            Command::Eprt(argument) => self.eprt(argument),
            Command::Pasv => self.pasv(),
            Command::Epsv(argument) => self.epsv(argument),
            Command::Rest(offset) => self.rest(offset),

            Command::Stor(path) => self.store(path),
            Command::Stou(path) => self.store_unique(path),
            Command::Appe(path) => self.append(path),
            Command::Retr(path) => self.retrieve(path),
            Command::List(argument) => self.list(argument, Form::Long),
            Command::Nlst(argument) => self.list(argument, Form::Names),
            Command::Mlsd(argument) => self.list(argument, Form::Facts),
            Command::Abor => self.reply(reply::NOTHING_TO_ABORT),
            _ => self.reply(reply::UNKNOWN),
        }
    }

    fn begin(&mut self, upload: Option<FilePath>, first: Reply, step: Step) {
        self.client.offset = 0;
        self.due.extend([Step::Reply(first), step]);
        let earlier = match upload.as_ref().map(|path| self.find(path)) {
            Some(Found::File(file)) => Some(file),
            _ => None,
        };
        self.state = State::Transfer(Transfer { upload, earlier, aborted: false });
    }

    fn reply(&mut self, reply: Reply) {
        let Failures { unknown, all } = &mut self.failures;
        match reply.code() {
            500..=504 => (*unknown, *all) = (unknown.saturating_add(1), all.saturating_add(1)),
            400.. => *all = all.saturating_add(1),
            _ => {}
        }
        self.due.push_back(Step::Reply(reply));
        self.state = State::Command;
    }

    /// Whoever only fails is no device, or will not find its way.
    fn end_if_too_much_failed(&mut self) {
        let unknown_max = if self.logged_in() { UNKNOWN_MAX } else { UNKNOWN_BEFORE_LOGIN_MAX };
        let Failures { unknown, all } = self.failures;
        if matches!(self.state, State::Command) && (unknown >= unknown_max || all >= FAILURES_MAX) {
            self.close(reply::TOO_MANY_FAILURES);
        }
    }

    fn close(&mut self, last_words: Reply) {
        if !matches!(self.state, State::Closed) {
            self.due.extend([Step::Reply(last_words), Step::Close]);
            self.held.clear();
            self.state = State::Closed;
        }
    }

    fn heard(&mut self, line: &[u8]) {
        let logged_in = self.logged_in();
        self.note(|| text::heard(line, &command::parse(line), logged_in));
    }

    fn note(&mut self, heard: impl FnOnce() -> String) {
        if self.profile.transcript {
            self.due.push_back(Step::Heard(heard()));
        }
    }
}

/// Files are kept as they come, whatever type is agreed on: text with any format (RFC 959, section 3.1.1.5),
/// bytes, and logical bytes of 8 bits. What no device sends is not (EBCDIC).
fn kind(argument: &[u8]) -> Reply {
    let upper = argument.to_ascii_uppercase();
    let words: Vec<&[u8]> =
        upper.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [b"I" | b"I8" | b"L8" | b"AN" | b"AT" | b"AC"] => reply::OK,
        [b"A"] | [b"A" | b"I", b"N" | b"T" | b"C"] => reply::OK,
        [b"L" | b"I", b"8"] => reply::OK,
        _ => reply::NOT_THIS,
    }
}

fn only(argument: &[u8], possible: &[u8]) -> Reply {
    if argument.eq_ignore_ascii_case(possible) { reply::OK } else { reply::NOT_THIS }
}

fn options(option: &[u8]) -> Reply {
    let upper = option.to_ascii_uppercase();
    let mut words = upper.split(u8::is_ascii_whitespace);
    match words.next().unwrap_or_default() {
        b"UTF8" | b"UTF-8" => reply::OK,
        b"MLST" => reply::MLST_FACTS,
        _ => reply::BAD_ARGUMENT,
    }
}
