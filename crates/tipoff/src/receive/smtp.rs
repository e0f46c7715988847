//! One SMTP session: bytes between the connection, the pure state machine and the spool.
//!
//! `tipoff-smtp` decides what is replied; here are only the socket, the clock and the answers to the state machine's
//! questions.
//!
//! While the spool stores a message, nothing is read: the reply to the final dot leaves before that to a pipelined
//! command.

mod message;
mod time_limits;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tipoff_model::{Envelope, LoginProof, Protocol};
use tipoff_smtp::{Credentials, Denial, MailFrom, Profile, RefusalCause, Session, SmtpReply, Step};

use super::access::{Admission, Authenticator, DeviceDirectory, DeviceResolver};
use super::arrival_writer::{ArrivalWriter, IncomingMail};
use super::connection::{Connection, ConnectionEnd};
use super::control::{ControlConnection, SessionEnd};
use super::login_gate::LoginGate;
use super::session::{self, LoginReply, log_in};
use super::transcript::SessionProblem;
use crate::config::{Smtp, SmtpListener};
use crate::net::limit::{ConnectionLimiter, ConnectionLimits};
use crate::net::processor_turns::{Rank, TurnShare};
use crate::net::tls::Alpn;
use crate::net::wire::{Buffers, Chunk};
use crate::runtime::hex::hex;
use crate::runtime::telemetry::Metrics;

/// How long the server waits for more of a message that may have ended with a bare LF.
const END_PAUSE: Duration = Duration::from_secs(1);

/// What all SMTP connections share.
pub(crate) struct Receiver {
    settings: Smtp,
    /// Decides logins.
    authenticator: Authenticator,
    /// Says whether recipients may identify a device.
    resolver: DeviceResolver,
    /// Stores mails.
    writer: ArrivalWriter,
    /// Read buffers.
    buffers: Buffers,
    metrics: Arc<Metrics>,
    /// Bounds how often somebody may try to log in.
    gate: LoginGate,
    /// Bounds the connections.
    pub(super) connections: ConnectionLimiter,
}

impl Receiver {
    /// A receiver with these settings. The system has open files for `ceiling` connections.
    pub(crate) fn new(
        settings: Smtp,
        directory: &DeviceDirectory,
        writer: ArrivalWriter,
        metrics: Arc<Metrics>,
        gate: LoginGate,
        ceiling: usize,
    ) -> Self {
        let Smtp { max_connections, max_connections_per_address, .. } = settings;
        let limits =
            ConnectionLimits::of_receiver(max_connections, max_connections_per_address, ceiling);
        let connections = ConnectionLimiter::new(limits, Arc::clone(&gate.known));
        let (authenticator, resolver) = (directory.authenticator(), directory.resolver());
        let buffers = Buffers::default();
        Self { settings, authenticator, resolver, writer, buffers, metrics, gate, connections }
    }

    /// Whether a connection from there begins with a PROXY header.
    pub(super) fn is_balancer(&self, address: IpAddr) -> bool {
        self.settings.proxy_protocol.contains(address)
    }

    /// Whether clients that are too old for rustls are served.
    pub(super) fn allows_legacy_tls(&self) -> bool {
        self.settings.legacy_tls
    }

    /// The same receiver with other settings, for the sessions to come. Sessions under way keep the settings that they
    /// began with; the limit of connections counts both.
    pub(crate) fn with(&self, settings: Smtp) -> Self {
        let Smtp { max_connections, max_connections_per_address, .. } = settings;
        Self {
            settings,
            authenticator: self.authenticator.clone(),
            resolver: self.resolver.clone(),
            writer: self.writer.clone(),
            buffers: self.buffers.clone(),
            metrics: Arc::clone(&self.metrics),
            gate: self.gate.clone(),
            connections: self.connections.with(max_connections, max_connections_per_address),
        }
    }
}

/// Serves a connection until its session ends.
pub(super) async fn serve(
    connection: Connection,
    offered: &SmtpListener,
    receiver: &Receiver,
) -> ConnectionEnd {
    let peer = connection.peer;
    let profile = Arc::new(profile(&receiver.settings, offered, &receiver.authenticator, peer));
    let is_tls = connection.wire.is_tls();
    let (control, first) = ControlConnection::new(connection, Protocol::Smtp);
    let session = Session::new(profile, is_tls, challenge(&receiver.settings.host_name));
    let mut session = SmtpSession {
        receiver,
        control,
        session: if first.is_some() { session.greeted() } else { session },
        first: first.unwrap_or_default(),
        share: receiver.writer.turns.of(peer),
        proof: LoginProof::Unproven,
        incoming: None,
        content_bytes: 0,
        room: DiskRoom::Made,
        login: None,
        began: Instant::now(),
    };
    session::run(&mut session, &receiver.metrics).await
}

/// What the state machine offers and demands of a device at `peer`. A bare LF ends a message only for addresses in
/// `networks`: from anywhere else it could smuggle a second mail into the first (RFC 5321, section 4.1.1.4).
fn profile(
    settings: &Smtp,
    offered: &SmtpListener,
    authenticator: &Authenticator,
    peer: IpAddr,
) -> Profile {
    Profile {
        host_name: settings.host_name.clone(),
        ehlo: offered.ehlo,
        auth: offered.auth,
        starttls: offered.starttls,
        require_login: authenticator.requires_login(peer),
        lf_ends_message: authenticator.trusts(peer),
        message_bytes_max: settings.max_message,
        recipients_max: settings.max_recipients,
        line_bytes_max: settings.max_line,
        errors_max: settings.max_errors,
        transcript: true,
    }
}

/// A string that no other session has had (RFC 2195, section 2).
fn challenge(host_name: &str) -> String {
    let mut random = [0; 12];
    // Without randomness CRAM-MD5 is no worse than PLAIN, which is accepted as well.
    let _ = getrandom::fill(&mut random);
    format!("<{}@{host_name}>", hex(&random))
}

/// Whether the disk has room for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DiskRoom {
    /// There is room.
    Made,
    /// Not for a stranger. The recipients may identify a known device, for which there is more room. The device
    /// announced so many bytes.
    Undecided(u64),
    /// There is none.
    None,
}

/// One SMTP session.
struct SmtpSession<'a> {
    receiver: &'a Receiver,
    control: ControlConnection,
    /// The state machine of the protocol.
    session: Session,
    /// Bytes that were read before the session began.
    first: Vec<u8>,
    /// The share of the processor; paused wherever something else is awaited.
    share: TurnShare,
    /// What the latest login proves.
    proof: LoginProof,
    /// The message under way; `None` if none is, or if it cannot be stored.
    incoming: Option<IncomingMail>,
    /// Bytes of the message under way.
    content_bytes: u64,
    /// Whether the disk has room for it.
    room: DiskRoom,
    /// The user of the latest login that was accepted.
    login: Option<String>,
    /// When the message under way began, else when the session began or its last message ended.
    began: Instant,
}

impl session::Session for SmtpSession<'_> {
    fn control(&mut self) -> &mut ControlConnection {
        &mut self.control
    }

    /// Steps that wait in the state machine go first. A connection that is closed where the message may have ended (a
    /// dot between bare LFs) ends the message.
    async fn turn(&mut self) -> Result<(), SessionEnd> {
        let first = std::mem::take(&mut self.first);
        self.handle(&first).await?;
        self.share.pause();
        self.control.flush().await?;
        let Some(chunk) = self.read().await? else {
            return Ok(());
        };
        if chunk.bytes().is_empty() && self.session.may_have_ended() {
            self.session.paused();
            return self.handle(&[]).await;
        }
        let input = self.control.received(chunk.bytes())?;
        self.handle(&input).await
    }

    async fn close(&mut self) {
        self.store_torn().await;
    }
}

impl SmtpSession<'_> {
    /// The next bytes. `None` if a time limit or the program's end has changed the session's state instead.
    async fn read(&mut self) -> Result<Option<Chunk>, SessionEnd> {
        let in_message = self.incoming.is_some();
        self.control.handle.set_busy(in_message);
        let may_have_ended = self.session.may_have_ended();
        let idle = self.receiver.settings.idle;
        let patience = if may_have_ended { idle.min(END_PAUSE) } else { idle };
        let may_take = match in_message {
            true => time_limits::message_may_take(self.content_bytes, idle),
            false => time_limits::session_may_take(idle),
        };
        let left = may_take.saturating_sub(self.began.elapsed());
        let deadline = tokio::time::Instant::now() + patience.min(left);
        let (wire, interrupts) = self.control.wire()?;
        tokio::select! {
            read = wire.read_in_turn(&self.receiver.buffers, &mut self.share, deadline) => {
                let chunk = read?;
                match () {
                    () if chunk.is_some() => {}
                    () if may_have_ended => self.session.paused(),
                    () if left > patience => self.session.idle(),
                    () if in_message => self.session.too_slow(),
                    () => self.session.too_long(),
                }
                Ok(chunk)
            }
            interrupt = interrupts.next() => {
                interrupt?;
                self.session.shut_down();
                Ok(None)
            }
        }
    }

    /// Processes input: does each step that the state machine asks for.
    async fn handle(&mut self, mut input: &[u8]) -> Result<(), SessionEnd> {
        loop {
            self.share.take().await;
            let Some(step) = self.session.next_step(&mut input) else {
                return Ok(());
            };
            match step {
                Step::Reply(reply) => self.reply(&reply).await?,
                Step::Transcript(line) => self.control.note_command(&line),
                Step::Authenticate(credentials) => self.authenticate(&credentials).await,
                Step::Mail(mail) => {
                    self.share.pause();
                    self.check_room(&mail).await;
                }
                Step::Begin(transaction) => {
                    self.share.pause();
                    self.begin(transaction).await;
                }
                Step::Content(bytes) => {
                    self.content_bytes += bytes.len() as u64;
                    if let Some(incoming) = &mut self.incoming {
                        incoming.push(&bytes);
                        if incoming.must_wait() {
                            self.share.pause();
                            incoming.keep_pace().await;
                        }
                    }
                }
                Step::End => self.store().await,
                Step::TooBig | Step::Aborted => self.store_torn().await,
                Step::StartTls => {
                    self.share.pause();
                    self.control.encrypt(Alpn::Smtp).await?;
                    (self.login, self.proof) = (None, LoginProof::Unproven);
                    let challenge = challenge(&self.receiver.settings.host_name);
                    self.session.tls_started(challenge);
                    return Ok(());
                }
                Step::Close => return Err(SessionEnd::Closed),
            }
        }
    }

    /// Adds a reply, and notes in the transcript what it refuses.
    async fn reply(&mut self, reply: &SmtpReply) -> Result<(), SessionEnd> {
        // Noted before it is sent, so that it is known when the device hangs up on it.
        if let Some(refusal) = reply.refusal_cause() {
            let outside = self.receiver.authenticator.outside_networks(self.control.peer);
            self.control.record.problem(match refusal {
                RefusalCause::LoginMechanism => SessionProblem::LoginMechanism,
                RefusalCause::LoginMissing => SessionProblem::LoginMissing { outside },
                RefusalCause::TooBig => SessionProblem::TooBig,
            });
        }
        self.control.reply(reply);
        if self.control.is_full() {
            self.share.pause();
            self.control.flush().await?;
        }
        Ok(())
    }

    /// Decides a login. A device that proves itself goes before strangers from now on.
    async fn authenticate(&mut self, credentials: &Credentials) {
        // The reply may have to wait.
        self.share.pause();
        let Receiver { gate, authenticator, .. } = self.receiver;
        let reply = log_in(&self.control, gate, authenticator, credentials).await;
        self.proof = LoginProof::Unproven;
        match reply {
            LoginReply::Accepted(admission) => {
                if admission == Admission::Proven {
                    self.share.set_rank(Rank::Known);
                }
                self.proof = admission.proof();
                self.login = Some(credentials.user().to_owned());
                self.session.login_accepted();
            }
            LoginReply::Refused => self.session.login_refused(),
            LoginReply::TooSoon => self.session.login_deferred(),
        }
    }

    /// Allows a mail if the disk has room for it, with the size that the device announced (RFC 1870). If not, and
    /// recipients may identify a known device, the decision waits for them.
    async fn check_room(&mut self, mail: &MailFrom) {
        let session = self.control.envelope(Protocol::Smtp, self.login.clone(), self.proof);
        let envelope = Envelope { sender: mail.address.clone(), ..session };
        let bytes = mail.size.unwrap_or(0);
        self.room = match self.receiver.writer.make_room(bytes, &envelope).await {
            true => DiskRoom::Made,
            false if self.receiver.resolver.matches_recipients() => DiskRoom::Undecided(bytes),
            false => DiskRoom::None,
        };
        if self.room == DiskRoom::None {
            self.report_full();
            self.session.mail_denied(Denial::SpoolFull);
        } else {
            self.session.mail_allowed();
        }
    }

    /// Notes that the disk has no room.
    fn report_full(&self) {
        self.receiver.writer.report_full(self.control.peer);
        self.control.record.problem(SessionProblem::DiskFull);
    }
}
