//! The dialogue itself: which command does what in which state.
//!
//! Never waits, and never reads ahead of an answer that is due: a QUIT that is pipelined behind an upload is answered
//! after the upload. The caller (`receive/ftp.rs` of the program) pulls steps and answers them. What a command does is
//! in the files below: `login.rs`, `folders.rs`, `transfer.rs`; the caller's answers are in `answers.rs`.

mod answers;
mod failures;
mod folders;
mod login;
mod refusals;
mod state;
mod transfer;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use tipoff_model::lines::{InputLine, LineSplitter};

use self::failures::Failures;
use self::refusals::Refusals;
use self::state::{Client, SessionState, Transfer};
use crate::command::{self, Command};
use crate::listing::ListingForm;
use crate::path::FilePath;
use crate::profile::Profile;
use crate::refusal::RefusalCause;
use crate::reply::{self, FtpReply};
use crate::step::{Protection, Step};
use crate::tree::Lookup;
use crate::{telnet, text};

/// Bytes of commands that a client may send ahead during a transfer. More ends the session.
const HELD_BYTES_MAX: usize = 16 * 1024;
/// Logins of one session. Each may show another tree, which is read from the disk.
const LOGINS_MAX: u32 = 100;

/// The server's side of one control connection.
///
/// Call [`Session::next_step`] with the received bytes until it returns nothing, perform each step, and give the
/// answers that are due. An answer that no step asked for is ignored.
pub struct Session {
    profile: Arc<Profile>,
    client: Client,
    state: SessionState,
    lines: LineSplitter,
    /// Steps that the latest line or answer led to. No line is read before they are taken.
    due: VecDeque<Step>,
    /// Lines that were received during a transfer, for after it: scripts do not wait for replies.
    held: VecDeque<Vec<u8>>,
    /// Bytes of the held lines, up to [`HELD_BYTES_MAX`].
    held_bytes: usize,
    /// Refused logins; the profile has the limit.
    login_failures: u32,
    /// Logins that were checked, up to [`LOGINS_MAX`].
    logins: u32,
    failures: Failures,
    refusals: Refusals,
    /// Whether the server shuts down: the session ends after the transfer in progress.
    ending: bool,
}

impl Session {
    /// A session with the client at `peer`. Its first step is the greeting. `tls` is whether the control connection
    /// is encrypted from the start.
    pub fn new(profile: Arc<Profile>, peer: IpAddr, tls: bool) -> Self {
        Self {
            profile,
            client: Client::new(peer, tls),
            state: SessionState::New,
            lines: LineSplitter::default(),
            due: VecDeque::new(),
            held: VecDeque::new(),
            held_bytes: 0,
            login_failures: 0,
            logins: 0,
            failures: Failures::default(),
            refusals: Refusals::default(),
            ending: false,
        }
    }

    /// The session without its greeting: the client has read one already, from a server of another protocol.
    #[must_use]
    pub fn greeted(mut self) -> Self {
        if matches!(self.state, SessionState::New) {
            self.state = SessionState::Command;
        }
        self
    }

    /// Takes from the front of `input` what it can use now, and returns the next step. `None` if an answer is due, or
    /// if all of `input` was taken and more is needed. During a transfer it takes everything: ABOR acts at once, other
    /// commands are held until the end of the transfer.
    pub fn next_step(&mut self, input: &mut &[u8]) -> Option<Step> {
        loop {
            if let Some(step) = self.due.pop_front() {
                return Some(step);
            }
            match &self.state {
                SessionState::New => self.reply(reply::GREETING),
                SessionState::Command => match self.held.pop_front() {
                    Some(line) => {
                        self.held_bytes -= line.len();
                        self.handle_line(&line);
                    }
                    None => self.read(input)?,
                },
                SessionState::SendingStatus(_) => self.continue_status(),
                SessionState::Transfer(_) => self.hold(input)?,
                SessionState::Closed => {
                    *input = &[];
                    return None;
                }
                SessionState::LoginAsked
                | SessionState::PassiveAsked { .. }
                | SessionState::ForeignAsked(_)
                | SessionState::TlsAsked
                | SessionState::RenameAsked
                | SessionState::UploadAwaited { .. } => return None,
            }
        }
    }

    /// Whether an answer is due. The caller reads nothing more until it has given the answer.
    pub fn waiting(&self) -> bool {
        matches!(
            self.state,
            SessionState::LoginAsked
                | SessionState::PassiveAsked { .. }
                | SessionState::ForeignAsked(_)
                | SessionState::TlsAsked
                | SessionState::RenameAsked
                | SessionState::UploadAwaited { .. }
        )
    }

    /// Whether a transfer is in progress.
    pub fn in_transfer(&self) -> bool {
        matches!(self.state, SessionState::Transfer(_))
    }

    /// How the next data connection is protected, as far as the client has said.
    pub fn protection(&self) -> Protection {
        self.client.protection()
    }

    /// Whether the client is logged in.
    pub fn logged_in(&self) -> bool {
        self.client.home.is_some()
    }

    /// Reads a command line. `None` if the input ends before the line.
    fn read(&mut self, input: &mut &[u8]) -> Option<()> {
        match self.lines.next(input, self.profile.line_bytes_max)? {
            InputLine::Whole { text, .. } => self.handle_line(&telnet::strip(&text)),
            InputLine::TooLong => {
                // It may contain a password, so nothing of it is shown.
                self.note("(a line that is too long)".to_owned(), &Command::Unknown);
                self.reply(reply::LINE_TOO_LONG);
                self.end_if_too_much_failed();
            }
        }
        if matches!(self.state, SessionState::TlsAsked) {
            // Plain text behind AUTH must not be read as encrypted: somebody may have injected it.
            *input = &[];
            self.held.clear();
        }
        Some(())
    }

    /// Reads a line during a transfer. Only ABOR and STAT are answered now (RFC 959, section 4.1.3); other lines are
    /// held. A line that is too long is dropped.
    fn hold(&mut self, input: &mut &[u8]) -> Option<()> {
        let InputLine::Whole { text, .. } = self.lines.next(input, self.profile.line_bytes_max)?
        else {
            return Some(());
        };
        let line = telnet::strip(&text).into_owned();
        match command::parse(&line) {
            Command::Abor => self.abort(&line),
            Command::Stat(b"") => {
                self.note_command(&line);
                self.send_reply(reply::TRANSFERRING);
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

    /// ABOR: stops the transfer, once.
    fn abort(&mut self, line: &[u8]) {
        self.note_command(line);
        if let SessionState::Transfer(transfer) = &mut self.state
            && !transfer.aborted
        {
            transfer.aborted = true;
            self.due.push_back(Step::Abort);
        }
    }

    /// Executes a command line, after the end of an upload that it refers to.
    fn handle_line(&mut self, line: &[u8]) {
        self.note_command(line);
        let command = command::parse(line);
        match self.file_asked_for(&command) {
            Some(path) => {
                self.due.push_back(Step::AwaitUpload(path));
                self.state = SessionState::UploadAwaited { line: line.to_vec() };
            }
            None => self.execute(command),
        }
        self.end_if_too_much_failed();
        self.end_if_shutting_down();
    }

    /// Continues the reply to STAT: the next lines, or its end.
    fn continue_status(&mut self) {
        let SessionState::SendingStatus(listing) = &mut self.state else { return };
        match listing.next_piece() {
            Some(piece) => self.due.push_back(Step::Lines(reply::status_lines(&piece))),
            None => {
                self.reply(reply::STATUS_ENDS);
                self.end_if_shutting_down();
            }
        }
    }

    /// Executes the commands that need no login, and refuses the others before one.
    fn execute(&mut self, command: Command<'_>) {
        match command {
            Command::User(name) => self.user(name),
            Command::Pass(password) => self.pass(password),
            Command::Acct => self.reply(reply::NO_ACCOUNT),
            Command::Rein => self.reinitialize(),
            Command::Quit => self.close(reply::BYE),
            Command::Auth(mechanism) => self.auth(mechanism),
            Command::Pbsz(_) => self.pbsz(),
            Command::Prot(level) => self.prot(level),
            Command::Ccc => self.reply(reply::STAYS_TLS),
            Command::Feat => {
                self.reply(reply::features(self.profile.tls || self.client.tls, self.offers_epsv()))
            }
            Command::Opts(option) => self.reply(options(option)),
            Command::Clnt | Command::Noop => self.reply(reply::OK),
            Command::Syst => self.reply(reply::SYSTEM),
            Command::Help => self.reply(reply::HELP),
            Command::Empty => {}
            Command::Http => self.close(reply::NO_CLIENT),
            Command::Binary if self.client.home.is_none() => self.close(reply::NO_CLIENT),
            Command::Unknown | Command::Binary => self.reply(reply::UNKNOWN),
            _ if self.client.home.is_none() => self.reply(reply::LOG_IN),
            command => self.execute_logged_in(command),
        }
    }

    fn execute_logged_in(&mut self, command: Command<'_>) {
        match command {
            Command::Cwd(path) => self.enter(path),
            Command::Cdup => self.enter(b".."),
            Command::Pwd => self.working_folder(),
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
            // A Dahua recorder that receives 202 here logs in again and again.
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
            Command::List(argument) => self.list(argument, ListingForm::Long),
            Command::Nlst(argument) => self.list(argument, ListingForm::Names),
            Command::Mlsd(argument) => self.list(argument, ListingForm::Facts),
            Command::Abor => self.reply(reply::NOTHING_TO_ABORT),
            _ => self.reply(reply::UNKNOWN),
        }
    }

    /// Begins a transfer. `first` is the reply that opens it (150), `step` is what the caller does.
    fn begin(&mut self, upload: Option<FilePath>, first: FtpReply, step: Step) {
        self.client.offset = 0;
        self.send_reply(first);
        self.due.push_back(step);
        let earlier = match upload.as_ref().map(|path| self.find(path)) {
            Some(Lookup::File(file)) => Some(file),
            _ => None,
        };
        self.state = SessionState::Transfer(Transfer { upload, earlier, aborted: false });
    }

    /// Answers the latest command.
    fn reply(&mut self, reply: FtpReply) {
        self.failures.count(&reply);
        self.send_reply(reply);
        self.state = SessionState::Command;
    }

    /// Refuses the latest command for a cause that neither the command nor the reply shows.
    fn refuse(&mut self, reply: FtpReply, cause: RefusalCause) {
        self.failures.count(&reply);
        let refused = self.refusals.refused(cause, &reply);
        self.due.extend([refused, Step::Reply(reply)]);
        self.state = SessionState::Command;
    }

    /// Replies, and names before that what the reply means for an open refusal. Leaves the state as it is.
    fn send_reply(&mut self, reply: FtpReply) {
        let logged_in = self.logged_in();
        self.due.extend(self.refusals.replied(&reply, logged_in));
        self.due.push_back(Step::Reply(reply));
    }

    fn end_if_too_much_failed(&mut self) {
        let is_idle = matches!(self.state, SessionState::Command);
        if is_idle && self.failures.are_too_many(self.logged_in()) {
            self.close(reply::TOO_MANY_FAILURES);
        }
    }

    /// Ends the session with this reply. Held lines are dropped.
    fn close(&mut self, farewell: FtpReply) {
        if !matches!(self.state, SessionState::Closed) {
            self.due.extend([Step::Reply(farewell), Step::Close]);
            self.held.clear();
            self.state = SessionState::Closed;
        }
    }

    /// Notes a command before it is executed.
    fn note_command(&mut self, line: &[u8]) {
        let command = command::parse(line);
        self.note(text::transcript_line(line, &command, self.logged_in()), &command);
    }

    /// Notes a command. `shown` is what the transcript shows of it.
    fn note(&mut self, shown: String, command: &Command<'_>) {
        self.refusals.received(&shown, command);
        if self.profile.transcript {
            self.due.push_back(Step::Transcript(shown));
        }
    }
}

/// The reply to TYPE. Files are stored as they are received, whatever type is agreed on: text with any format
/// (RFC 959, section 3.1.1.5), bytes, and logical bytes of 8 bits. EBCDIC is refused; no device sends it.
fn kind(argument: &[u8]) -> FtpReply {
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

/// The reply to STRU and MODE, which have one value that every device knows (RFC 959, sections 3.1.2 and 3.4).
fn only(argument: &[u8], possible: &[u8]) -> FtpReply {
    if argument.eq_ignore_ascii_case(possible) { reply::OK } else { reply::NOT_THIS }
}

/// The reply to OPTS (RFC 2389, section 4). Names are UTF-8 with or without it, and all facts of MLST are shown.
fn options(option: &[u8]) -> FtpReply {
    let upper = option.to_ascii_uppercase();
    let mut words = upper.split(u8::is_ascii_whitespace);
    match words.next().unwrap_or_default() {
        b"UTF8" | b"UTF-8" => reply::OK,
        b"MLST" => reply::MLST_FACTS,
        _ => reply::BAD_ARGUMENT,
    }
}
