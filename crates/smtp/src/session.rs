//! The dialogue itself: which command does what in which state (RFC 5321, section 4.1).
//!
//! Never waits, and never reads ahead of an answer that is due: a QUIT that is pipelined behind the final dot is answered
//! after the message. A state is a value, and a transition consumes it. `message.rs` has the part from DATA or BDAT to
//! the end of the message, `answers.rs` the caller's answers.

mod answers;
mod message;
mod state;

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use self::state::{Addresses, Client, MessageStage, SessionState};
use crate::auth::{self, AuthProgress, AuthReading, Exchange};
use crate::command::{self, Command};
use crate::content::{ContentPiece, Framing};
use crate::profile::Profile;
use crate::reply::{self, SmtpReply};
use crate::step::{MailFrom, Step};
use crate::{text, transcript};
use tipoff_model::lines::{InputLine, LineSplitter};

/// Number of commands between two messages that lead to no message and are no errors; from then on each counts as an
/// error. A client that keeps its connection open may send NOOP every second for hours.
const IDLE_COMMANDS_MAX: u32 = 20_000;

/// Bytes of memory for each recipient that a message may have, on average: more than an address takes. Recipients that
/// do not fit are refused as too many.
const RECIPIENT_BYTES: usize = 160;

/// Number of surplus recipients of a message that are refused without counting as errors, with 452 (RFC 5321, section
/// 4.5.3.1.10): a client may send the message to the accepted ones.
const SURPLUS_RECIPIENTS_MAX: u32 = 1_000;

/// The server's side of one connection.
///
/// Call [`Session::next_step`] with the received bytes until it returns nothing, perform each step, and give the
/// answers that are due. An answer that no step asked for is ignored.
pub struct Session {
    profile: Arc<Profile>,
    client: Client,
    state: SessionState,
    lines: LineSplitter,
    /// Steps that the latest line or answer led to. No line is read before they are taken.
    due: VecDeque<Step<'static>>,
    /// Refused commands; the profile has the limit.
    errors: u32,
    /// Commands since the latest message that lead to none, up to [`IDLE_COMMANDS_MAX`].
    idle_commands: u32,
    /// Whether a line was received.
    received_anything: bool,
    /// Whether the server shuts down: the session ends after the message in progress.
    ending: bool,
}

impl Session {
    /// A session whose first step is the greeting. `tls` is whether the connection is encrypted from the start.
    /// `challenge` is for CRAM-MD5: a string in angle brackets that no other session has had (RFC 2195, section 2).
    pub fn new(profile: Arc<Profile>, tls: bool, challenge: String) -> Self {
        Self {
            profile,
            client: Client::new(tls, challenge),
            state: SessionState::New,
            lines: LineSplitter::default(),
            due: VecDeque::new(),
            errors: 0,
            idle_commands: 0,
            received_anything: false,
            ending: false,
        }
    }

    /// The session without its greeting: the client has read one already, from a server of another protocol.
    #[must_use]
    pub fn greeted(mut self) -> Self {
        if matches!(self.state, SessionState::New) {
            self.state = SessionState::Command(MessageStage::Idle);
        }
        self
    }

    /// Takes from the front of `input` what it can use now, and returns the next step. `None` if an answer is due
    /// ([`Session::waiting`]), or if all of `input` was taken and more is needed.
    pub fn next_step<'a>(&mut self, input: &mut &'a [u8]) -> Option<Step<'a>> {
        loop {
            if let Some(step) = self.due.pop_front() {
                return Some(step);
            }
            match &mut self.state {
                SessionState::New => {
                    self.state = self.reply(reply::greeting(&self.profile), MessageStage::Idle)
                }
                SessionState::Command(_) | SessionState::Auth(_) => {
                    let line = self.lines.next(input, self.profile.line_bytes_max)?;
                    self.handle_line(line);
                    if matches!(self.state, SessionState::TlsAsked) {
                        *input = &[];
                    }
                }
                SessionState::Content(framing, allowance) => match framing.next(input)? {
                    ContentPiece::Bytes(bytes) => {
                        let (fitting, exceeded) = allowance.take(bytes);
                        self.due.extend(exceeded.then_some(Step::TooBig));
                        if !fitting.is_empty() {
                            return Some(Step::Content(fitting));
                        }
                        if allowance.is_endless() {
                            self.end(reply::TOO_BIG);
                        }
                    }
                    ContentPiece::End => self.content_ended(),
                },
                SessionState::RefusedChunk(chunk, ..)
                    if chunk.bytes > self.profile.swallowed_max() =>
                {
                    self.end(reply::TOO_BIG);
                }
                SessionState::RefusedChunk(chunk, ..) => {
                    if chunk.next(input)? == ContentPiece::End {
                        self.content_ended();
                    }
                }
                SessionState::Closed => {
                    *input = &[];
                    return None;
                }
                SessionState::LoginAsked { .. }
                | SessionState::MailAsked { .. }
                | SessionState::TlsAsked
                | SessionState::StoreAsked => return None,
            }
        }
    }

    /// Whether an answer is due. The caller reads nothing more until it has given the answer.
    pub fn waiting(&self) -> bool {
        matches!(
            self.state,
            SessionState::LoginAsked { .. }
                | SessionState::MailAsked { .. }
                | SessionState::TlsAsked
                | SessionState::StoreAsked
        )
    }

    /// Whether a message is being received. If the connection breaks now, the bytes received so far are a torn message.
    pub fn in_message(&self) -> bool {
        match &self.state {
            SessionState::Content(_, allowance) => !allowance.is_exceeded(),
            SessionState::Command(stage) => stage.in_message(),
            _ => false,
        }
    }

    /// Whether the message has ended if the client sends nothing more. The caller waits a moment, and then calls
    /// [`Session::paused`].
    pub fn may_have_ended(&self) -> bool {
        matches!(&self.state, SessionState::Content(Framing::Dots(dots), _) if dots.may_have_ended())
    }

    fn handle_line(&mut self, line: InputLine<'_>) {
        self.state = match mem::replace(&mut self.state, SessionState::Closed) {
            SessionState::Command(stage) => self.handle_command(stage, line),
            SessionState::Auth(exchange) => self.handle_response(exchange, line),
            state => state,
        };
        self.end_if_shutting_down();
    }

    fn handle_command(&mut self, stage: MessageStage, line: InputLine<'_>) -> SessionState {
        let is_first = !mem::replace(&mut self.received_anything, true);
        let InputLine::Whole { text, bare_lf } = line else {
            self.note(transcript::too_long);
            // No mail client begins with such a line, but a web request may: nothing behind it is read.
            return match is_first {
                true => self.close(stage, reply::NO_WEB_SERVER),
                false => self.refuse(reply::LINE_TOO_LONG, stage),
            };
        };
        let command = command::parse(&text);
        if command.is_idle() && self.counts_as_error() {
            self.errors = self.errors.saturating_add(1);
            if self.errors >= self.profile.errors_max {
                return self.close(stage, reply::TOO_MANY_ERRORS);
            }
        }
        let auth_tried = self.client.auth_tried;
        self.note(|| transcript::command_line(&text, &command, auth_tried));
        self.client.auth_tried |= matches!(command, Command::Auth { .. });
        self.execute(stage, command, bare_lf)
    }

    fn handle_response(&mut self, exchange: Exchange, line: InputLine<'_>) -> SessionState {
        let InputLine::Whole { text, .. } = line else {
            self.note(transcript::too_long);
            return self.refuse(reply::RESPONSE_TOO_LONG, MessageStage::Idle);
        };
        self.note(|| transcript::auth_response(&text));
        if command::is_web_request(&text) {
            return self.close(MessageStage::Idle, reply::NO_WEB_SERVER);
        }
        let progress = exchange.respond(&text, &self.client.challenge, self.reading());
        self.progress(progress)
    }

    /// Counts a command that leads to no message. After [`IDLE_COMMANDS_MAX`] each is an error, so that no connection
    /// stays open for nothing.
    fn counts_as_error(&mut self) -> bool {
        self.idle_commands = self.idle_commands.saturating_add(1);
        self.idle_commands > IDLE_COMMANDS_MAX
    }

    /// Executes a command at this stage of a message. Every combination is listed, so that none is forgotten.
    fn execute(
        &mut self,
        stage: MessageStage,
        command: Command<'_>,
        bare_lf: bool,
    ) -> SessionState {
        match (stage, command) {
            (stage, Command::Ehlo(_)) if !self.profile.ehlo => {
                self.refuse(reply::NOT_OFFERED, stage)
            }
            (stage, Command::Ehlo(name)) => {
                let answer = reply::ehlo(&self.profile, self.client.tls);
                self.greet(stage, name, answer)
            }
            (stage, Command::Helo(name)) => self.greet(stage, name, reply::helo(&self.profile)),

            (MessageStage::Idle, Command::Auth { mechanism, initial }) => {
                self.authenticate(mechanism, initial)
            }
            (stage @ (MessageStage::Idle | MessageStage::Addressed(_)), Command::StartTls) => {
                self.start_tls(stage)
            }

            (MessageStage::Idle, Command::Mail(mail)) => self.mail(mail),
            (MessageStage::Addressed(addresses), Command::Rcpt(address)) => {
                self.rcpt(addresses, address)
            }
            (MessageStage::Addressed(addresses), Command::Data) => self.data(addresses, bare_lf),
            (MessageStage::Addressed(addresses), Command::Bdat(chunk)) => {
                self.bdat(addresses, chunk)
            }
            (MessageStage::Chunked(allowance), Command::Bdat(chunk)) => {
                SessionState::Content(Framing::Chunk(chunk), allowance)
            }
            (stage, Command::Bdat(chunk)) => {
                SessionState::RefusedChunk(chunk, reply::NO_MAIL, stage)
            }

            (stage, Command::Rset) => self.reset(stage, reply::OK),
            (stage, Command::Noop) => self.reply(reply::OK, stage),
            (stage, Command::Vrfy) => self.reply(reply::NOT_VERIFIED, stage),
            (stage, Command::Help) => self.reply(reply::HELP, stage),
            (stage, Command::Expn) => self.refuse(reply::NOT_OFFERED, stage),
            (stage, Command::Quit) => self.close(stage, reply::BYE),

            // Programs of small boards end a message with an empty line too many.
            (stage, Command::Empty) => SessionState::Command(stage),
            (stage, Command::Malformed) => self.refuse(reply::BAD_ARGUMENTS, stage),
            (stage, Command::Unknown) => self.refuse(reply::UNKNOWN, stage),
            (stage, Command::Http) => self.close(stage, reply::NO_WEB_SERVER),
            (MessageStage::Idle, Command::Rcpt(_) | Command::Data) => {
                self.refuse(reply::NO_MAIL, MessageStage::Idle)
            }
            (
                stage @ (MessageStage::Addressed(_) | MessageStage::Chunked(_)),
                Command::Auth { .. }
                | Command::StartTls
                | Command::Mail(_)
                | Command::Rcpt(_)
                | Command::Data,
            ) => self.refuse(reply::BAD_SEQUENCE, stage),
        }
    }

    /// HELO or EHLO, which end a message that has begun but not a login (RFC 5321, section 4.1.4).
    fn greet(&mut self, stage: MessageStage, name: &[u8], answer: SmtpReply) -> SessionState {
        self.client.greeting = (!name.is_empty()).then(|| text::label(name));
        self.reset(stage, answer)
    }

    /// AUTH, once in a session (RFC 4954, section 4).
    fn authenticate(&mut self, mechanism: &[u8], initial: Option<&[u8]>) -> SessionState {
        if self.client.login.is_some() {
            return self.refuse(reply::ALREADY_LOGGED_IN, MessageStage::Idle);
        }
        let progress = auth::begin(mechanism, initial, &self.client.challenge, self.reading());
        self.progress(progress)
    }

    /// How strictly answers to AUTH are read: leniently where any login is accepted.
    fn reading(&self) -> AuthReading {
        if self.profile.require_login { AuthReading::Strict } else { AuthReading::Lenient }
    }

    fn progress(&mut self, progress: AuthProgress) -> SessionState {
        match progress {
            AuthProgress::Prompt(prompt, exchange) => {
                self.due.push_back(Step::Reply(prompt));
                SessionState::Auth(exchange)
            }
            AuthProgress::Complete(credentials) => {
                let user = credentials.user().to_owned();
                self.due.push_back(Step::Authenticate(credentials));
                SessionState::LoginAsked { user }
            }
            AuthProgress::Failed(reply) => self.refuse(reply, MessageStage::Idle),
        }
    }

    /// STARTTLS (RFC 3207).
    fn start_tls(&mut self, stage: MessageStage) -> SessionState {
        if self.client.tls {
            self.refuse(reply::ALREADY_TLS, stage)
        } else if !self.profile.starttls {
            self.refuse(reply::NOT_OFFERED, stage)
        } else {
            self.due.extend([Step::Reply(reply::BEGIN_TLS), Step::StartTls]);
            SessionState::TlsAsked
        }
    }

    /// MAIL. A message that is announced as too big is refused before its bytes are sent (RFC 1870, section 6.1).
    fn mail(&mut self, mail: MailFrom) -> SessionState {
        if self.profile.require_login && self.client.login.is_none() {
            return self.refuse(reply::LOGIN_FIRST, MessageStage::Idle);
        }
        if mail.size.is_some_and(|size| size > self.profile.message_bytes_max) {
            return self.refuse(reply::TOO_BIG, MessageStage::Idle);
        }
        let sender = mail.address.clone();
        self.due.push_back(Step::Mail(mail));
        SessionState::MailAsked { sender }
    }

    /// RCPT. Every address is accepted up to the limits: mail goes to channels, never to an address.
    fn rcpt(&mut self, mut addresses: Addresses, mut address: String) -> SessionState {
        if !addresses.has_room(&address, self.profile.recipients_max) {
            addresses.surplus += 1;
            if addresses.surplus > SURPLUS_RECIPIENTS_MAX {
                return self.refuse(reply::TOO_MANY_RECIPIENTS, MessageStage::Addressed(addresses));
            }
            return self.reply(reply::TOO_MANY_RECIPIENTS, MessageStage::Addressed(addresses));
        }
        address.shrink_to_fit();
        addresses.recipients.push(address);
        self.reply(reply::RECIPIENT_OK, MessageStage::Addressed(addresses))
    }

    /// Ends a message that has begun, and replies.
    fn reset(&mut self, stage: MessageStage, answer: SmtpReply) -> SessionState {
        self.due.extend(stage.in_message().then_some(Step::Aborted));
        self.reply(answer, MessageStage::Idle)
    }

    fn reply(&mut self, reply: SmtpReply, stage: MessageStage) -> SessionState {
        self.due.push_back(Step::Reply(reply));
        SessionState::Command(stage)
    }

    /// Refuses a command and counts an error. Too many errors end the session: the client guesses passwords, or does not
    /// speak SMTP.
    fn refuse(&mut self, refusal: SmtpReply, stage: MessageStage) -> SessionState {
        self.due.push_back(Step::Reply(refusal));
        self.errors = self.errors.saturating_add(1);
        if self.errors >= self.profile.errors_max {
            return self.close(stage, reply::TOO_MANY_ERRORS);
        }
        SessionState::Command(stage)
    }

    fn close(&mut self, stage: MessageStage, farewell: SmtpReply) -> SessionState {
        self.state = SessionState::Command(stage);
        self.end(farewell);
        SessionState::Closed
    }

    /// Ends the session with this reply. A message that is being received is torn.
    fn end(&mut self, farewell: SmtpReply) {
        if matches!(self.state, SessionState::Closed) {
            return;
        }
        self.due.extend(self.in_message().then_some(Step::Aborted));
        self.due.extend([Step::Reply(farewell), Step::Close]);
        self.state = SessionState::Closed;
    }

    fn note(&mut self, shown: impl FnOnce() -> String) {
        if self.profile.transcript {
            self.due.push_back(Step::Transcript(shown()));
        }
    }
}
