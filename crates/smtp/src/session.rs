//! The dialog itself: which command does what in which state.
//! Never waits, never reads ahead of an answer that is due.

mod answers;
mod message;
mod state;

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use self::state::{Addresses, Client, Stage, State};
use crate::auth::{self, Exchange, Progress, Reading};
use crate::command::{self, Command};
use crate::content::{Framing, Piece};
use crate::profile::Profile;
use crate::reply::{self, Reply};
use crate::step::{MailFrom, Step};
use crate::{text, transcript};
use tipoff_model::lines::{Line, Lines};

/// Commands that lead to no message and are no errors, between two messages: a client that keeps its connection
/// open may say NOOP every second for hours.
const IDLE_COMMANDS_MAX: u32 = 20_000;

/// Bytes of memory for each recipient that a message may have, on average: longer than addresses are. Recipients
/// that do not fit are answered as too many.
const RECIPIENT_BYTES: usize = 160;

/// Refused recipients of a message that are answered as RFC 5321, section 4.5.3.1.10, has it.
const SURPLUS_RECIPIENTS_MAX: u32 = 1_000;

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
    due: VecDeque<Step<'static>>,
    errors: u32,
    /// Commands since the last message that lead to none.
    idle_commands: u32,
    /// Whether a line has come.
    heard_anything: bool,
    /// Shutting down: the message under way is the last.
    ending: bool,
}

impl Session {
    /// A conversation whose first step is the greeting. `challenge` is for CRAM-MD5: a string in
    /// angle brackets that no other session has had (RFC 2195, section 2).
    pub fn new(profile: Arc<Profile>, tls: bool, challenge: String) -> Self {
        Self {
            profile,
            client: Client::new(tls, challenge),
            state: State::New,
            lines: Lines::default(),
            due: VecDeque::new(),
            errors: 0,
            idle_commands: 0,
            heard_anything: false,
            ending: false,
        }
    }

    /// Takes from the front of `input` what it can use now, and tells what to do. None: an answer is
    /// due ([`Session::waiting`]), or all of `input` was taken and more is needed.
    pub fn next_step<'a>(&mut self, input: &mut &'a [u8]) -> Option<Step<'a>> {
        loop {
            if let Some(step) = self.due.pop_front() {
                return Some(step);
            }
            match &mut self.state {
                State::New => self.state = self.reply(reply::greeting(&self.profile), Stage::Idle),
                State::Command(_) | State::Auth(_) => {
                    let line = self.lines.next(input, self.profile.line_bytes_max)?;
                    self.hear(line);
                    if matches!(self.state, State::TlsAsked) {
                        *input = &[];
                    }
                }
                State::Content(framing, allowance) => match framing.next(input)? {
                    Piece::Bytes(bytes) => {
                        let (fitting, exceeded) = allowance.take(bytes);
                        self.due.extend(exceeded.then_some(Step::TooBig));
                        if !fitting.is_empty() {
                            return Some(Step::Content(fitting));
                        }
                        if allowance.is_endless() {
                            self.end(reply::TOO_BIG);
                        }
                    }
                    Piece::End => self.content_ended(),
                },
                State::RefusedChunk(chunk, ..) if chunk.bytes > self.profile.swallowed_max() => {
                    self.end(reply::TOO_BIG);
                }
                State::RefusedChunk(chunk, ..) => {
                    if chunk.next(input)? == Piece::End {
                        self.content_ended();
                    }
                }
                State::Closed => {
                    *input = &[];
                    return None;
                }
                State::LoginAsked { .. }
                | State::MailAsked { .. }
                | State::TlsAsked
                | State::StoreAsked => return None,
            }
        }
    }

    /// Whether an answer is due: nothing more must be read until it is given.
    pub fn waiting(&self) -> bool {
        matches!(
            self.state,
            State::LoginAsked { .. }
                | State::MailAsked { .. }
                | State::TlsAsked
                | State::StoreAsked
        )
    }

    /// Whether a message is being received: if the connection breaks now, what came of it is torn.
    pub fn in_message(&self) -> bool {
        match &self.state {
            State::Content(_, allowance) => !allowance.is_exceeded(),
            State::Command(stage) => stage.in_message(),
            _ => false,
        }
    }

    /// Whether the message has ended if the client says nothing more: tell it by [`Session::paused`], after a
    /// moment.
    pub fn may_have_ended(&self) -> bool {
        matches!(&self.state, State::Content(Framing::Dots(dots), _) if dots.may_have_ended())
    }

    fn hear(&mut self, line: Line<'_>) {
        self.state = match mem::replace(&mut self.state, State::Closed) {
            State::Command(stage) => self.hear_command(stage, line),
            State::Auth(exchange) => self.hear_response(exchange, line),
            state => state,
        };
        self.end_if_shutting_down();
    }

    fn hear_command(&mut self, stage: Stage, line: Line<'_>) -> State {
        let is_first = !mem::replace(&mut self.heard_anything, true);
        let Line::Whole { text, bare_lf } = line else {
            self.note(transcript::too_long);
            // No client begins so, but a web request may: what follows is not to be heard.
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
        self.obey(stage, command, bare_lf)
    }

    fn hear_response(&mut self, exchange: Exchange, line: Line<'_>) -> State {
        let Line::Whole { text, .. } = line else {
            self.note(transcript::too_long);
            return self.refuse(reply::RESPONSE_TOO_LONG, Stage::Idle);
        };
        self.note(|| transcript::auth_response(&text));
        if command::is_web_request(&text) {
            return self.close(Stage::Idle, reply::NO_WEB_SERVER);
        }
        let progress = exchange.respond(&text, &self.client.challenge, self.reading());
        self.progress(progress)
    }

    /// Counts a command that leads to no message: after many each is an error, as whoever sends nothing else is
    /// not listened to forever.
    fn counts_as_error(&mut self) -> bool {
        self.idle_commands = self.idle_commands.saturating_add(1);
        self.idle_commands > IDLE_COMMANDS_MAX
    }

    /// The protocol.
    fn obey(&mut self, stage: Stage, command: Command<'_>, bare_lf: bool) -> State {
        match (stage, command) {
            (stage, Command::Ehlo(_)) if !self.profile.ehlo => {
                self.refuse(reply::NOT_OFFERED, stage)
            }
            (stage, Command::Ehlo(name)) => {
                let answer = reply::ehlo(&self.profile, self.client.tls);
                self.greet(stage, name, answer)
            }
            (stage, Command::Helo(name)) => self.greet(stage, name, reply::helo(&self.profile)),

            (Stage::Idle, Command::Auth { mechanism, initial }) => {
                self.authenticate(mechanism, initial)
            }
            (stage @ (Stage::Idle | Stage::Addressed(_)), Command::StartTls) => {
                self.start_tls(stage)
            }

            (Stage::Idle, Command::Mail(mail)) => self.mail(mail),
            (Stage::Addressed(addresses), Command::Rcpt(address)) => self.rcpt(addresses, address),
            (Stage::Addressed(addresses), Command::Data) => self.data(addresses, bare_lf),
            (Stage::Addressed(addresses), Command::Bdat(chunk)) => self.bdat(addresses, chunk),
            (Stage::Chunked(allowance), Command::Bdat(chunk)) => {
                State::Content(Framing::Chunk(chunk), allowance)
            }
            (stage, Command::Bdat(chunk)) => State::RefusedChunk(chunk, reply::NO_MAIL, stage),

            (stage, Command::Rset) => self.reset(stage, reply::OK),
            (stage, Command::Noop) => self.reply(reply::OK, stage),
            (stage, Command::Vrfy) => self.reply(reply::NOT_VERIFIED, stage),
            (stage, Command::Help) => self.reply(reply::HELP, stage),
            (stage, Command::Expn) => self.refuse(reply::NOT_OFFERED, stage),
            (stage, Command::Quit) => self.close(stage, reply::BYE),

            // Sketches for small boards end a message with an empty line too many.
            (stage, Command::Empty) => State::Command(stage),
            (stage, Command::Malformed) => self.refuse(reply::BAD_ARGUMENTS, stage),
            (stage, Command::Unknown) => self.refuse(reply::UNKNOWN, stage),
            (stage, Command::Http) => self.close(stage, reply::NO_WEB_SERVER),
            (Stage::Idle, Command::Rcpt(_) | Command::Data) => {
                self.refuse(reply::NO_MAIL, Stage::Idle)
            }
            (
                stage @ (Stage::Addressed(_) | Stage::Chunked(_)),
                Command::Auth { .. }
                | Command::StartTls
                | Command::Mail(_)
                | Command::Rcpt(_)
                | Command::Data,
            ) => self.refuse(reply::BAD_SEQUENCE, stage),
        }
    }

    /// HELO or EHLO, which end a message that has begun but not a login (RFC 5321, section 4.1.4).
    fn greet(&mut self, stage: Stage, name: &[u8], answer: Reply) -> State {
        self.client.greeting = (!name.is_empty()).then(|| text::label(name));
        self.reset(stage, answer)
    }

    fn authenticate(&mut self, mechanism: &[u8], initial: Option<&[u8]>) -> State {
        if self.client.login.is_some() {
            return self.refuse(reply::ALREADY_LOGGED_IN, Stage::Idle);
        }
        let progress = auth::begin(mechanism, initial, &self.client.challenge, self.reading());
        self.progress(progress)
    }

    fn reading(&self) -> Reading {
        if self.profile.require_login { Reading::Strict } else { Reading::Lenient }
    }

    fn progress(&mut self, progress: Progress) -> State {
        match progress {
            Progress::Prompt(prompt, exchange) => {
                self.due.push_back(Step::Reply(prompt));
                State::Auth(exchange)
            }
            Progress::Complete(credentials) => {
                let user = credentials.user().to_owned();
                self.due.push_back(Step::Authenticate(credentials));
                State::LoginAsked { user }
            }
            Progress::Failed(reply) => self.refuse(reply, Stage::Idle),
        }
    }

    fn start_tls(&mut self, stage: Stage) -> State {
        if self.client.tls {
            self.refuse(reply::ALREADY_TLS, stage)
        } else if !self.profile.starttls {
            self.refuse(reply::NOT_OFFERED, stage)
        } else {
            self.due.extend([Step::Reply(reply::BEGIN_TLS), Step::StartTls]);
            State::TlsAsked
        }
    }

    fn mail(&mut self, mail: MailFrom) -> State {
        if self.profile.require_login && self.client.login.is_none() {
            return self.refuse(reply::LOGIN_FIRST, Stage::Idle);
        }
        if mail.size.is_some_and(|size| size > self.profile.message_bytes_max) {
            return self.refuse(reply::TOO_BIG, Stage::Idle);
        }
        let sender = mail.address.clone();
        self.due.push_back(Step::Mail(mail));
        State::MailAsked { sender }
    }

    fn rcpt(&mut self, mut addresses: Addresses, mut address: String) -> State {
        if !addresses.has_room(&address, self.profile.recipients_max) {
            addresses.surplus += 1;
            if addresses.surplus > SURPLUS_RECIPIENTS_MAX {
                return self.refuse(reply::TOO_MANY_RECIPIENTS, Stage::Addressed(addresses));
            }
            return self.reply(reply::TOO_MANY_RECIPIENTS, Stage::Addressed(addresses));
        }
        address.shrink_to_fit();
        addresses.recipients.push(address);
        self.reply(reply::RECIPIENT_OK, Stage::Addressed(addresses))
    }

    fn reset(&mut self, stage: Stage, answer: Reply) -> State {
        self.due.extend(stage.in_message().then_some(Step::Aborted));
        self.reply(answer, Stage::Idle)
    }

    fn reply(&mut self, reply: Reply, stage: Stage) -> State {
        self.due.push_back(Step::Reply(reply));
        State::Command(stage)
    }

    /// Answers what counts as an error: whoever guesses passwords, or does not speak SMTP at all,
    /// is not listened to forever.
    fn refuse(&mut self, refusal: Reply, stage: Stage) -> State {
        self.due.push_back(Step::Reply(refusal));
        self.errors = self.errors.saturating_add(1);
        if self.errors >= self.profile.errors_max {
            return self.close(stage, reply::TOO_MANY_ERRORS);
        }
        State::Command(stage)
    }

    fn close(&mut self, stage: Stage, last_words: Reply) -> State {
        self.state = State::Command(stage);
        self.end(last_words);
        State::Closed
    }

    fn end(&mut self, last_words: Reply) {
        if matches!(self.state, State::Closed) {
            return;
        }
        self.due.extend(self.in_message().then_some(Step::Aborted));
        self.due.extend([Step::Reply(last_words), Step::Close]);
        self.state = State::Closed;
    }

    fn note(&mut self, heard: impl FnOnce() -> String) {
        if self.profile.transcript {
            self.due.push_back(Step::Heard(heard()));
        }
    }
}
