//! One SMTP connection: bytes between the wire, the pure session and the spool.
//!
//! What is said is decided by `tipoff-smtp`; here are only the socket, the clock and the answers
//! to the session's questions.

mod message;
mod pace;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tipoff_model::{Envelope, LoginProof, Protocol};
use tipoff_smtp::{Credentials, Denial, MailFrom, Profile, Refusal, Reply, Session, Step};

use super::access::{Admission, Doorkeeper, WRONG_PASSWORD};
use super::control::{Break, Control};
use super::entrance::Entrance;
use super::intake::{Incoming, Intake};
use super::listen::{Call, End};
use super::transcript::Trouble;
use crate::config::{Smtp, SmtpListener};
use crate::net::limit::{Connections, Places};
use crate::net::tls::Alpn;
use crate::net::turns::{Rank, Share};
use crate::net::wire::{Buffers, Chunk};
use crate::runtime::hex::hex;
use crate::runtime::shutdown::{Phase, Shutdown};
use crate::runtime::telemetry::Metrics;

/// How long a client whose message may have ended with a bare LF has for the rest of it.
const END_PAUSE: Duration = Duration::from_secs(1);

/// What all SMTP connections share.
pub(crate) struct Receiver {
    settings: Smtp,
    doorkeeper: Arc<Doorkeeper>,
    intake: Intake,
    buffers: Buffers,
    metrics: Arc<Metrics>,
    entrance: Entrance,
    pub(super) connections: Connections,
}

impl Receiver {
    /// Of the configuration. The system has open files for `ceiling` connections.
    pub(crate) fn new(
        settings: Smtp,
        doorkeeper: Arc<Doorkeeper>,
        intake: Intake,
        metrics: Arc<Metrics>,
        entrance: Entrance,
        ceiling: usize,
    ) -> Self {
        let places = Places {
            total: settings.max_connections,
            per_address: settings.max_connections_per_address,
            ceiling,
            newest_wins: false,
        };
        let connections = Connections::new(places, Arc::clone(&entrance.known));
        let buffers = Buffers::default();
        Self { settings, doorkeeper, intake, buffers, metrics, entrance, connections }
    }

    /// The same with other settings, for the sessions to come.
    pub(crate) fn with(&self, settings: Smtp) -> Self {
        let Smtp { max_connections, max_connections_per_address, .. } = settings;
        Self {
            settings,
            doorkeeper: Arc::clone(&self.doorkeeper),
            intake: self.intake.clone(),
            buffers: self.buffers.clone(),
            metrics: Arc::clone(&self.metrics),
            entrance: self.entrance.clone(),
            connections: self.connections.with(max_connections, max_connections_per_address),
        }
    }
}

/// Talks with a device until one of both has had enough.
pub(super) async fn converse(call: Call, offered: &SmtpListener, receiver: &Receiver) -> End {
    let Call { wire, peer, tls, shutdown, record, presence } = call;
    let profile = Arc::new(profile(&receiver.settings, offered, &receiver.doorkeeper, peer));
    let session = Session::new(profile, wire.is_tls(), challenge(&receiver.settings.host_name));
    receiver.metrics.session_began();
    let mut conversation = Conversation {
        receiver,
        control: Control::new(wire, peer, tls, record, presence),
        shutdown,
        session,
        share: receiver.intake.turns.of(peer),
        proof: LoginProof::Unproven,
        incoming: None,
        content_bytes: 0,
        room: Room::Made,
        login: None,
        began: Instant::now(),
    };
    let end = conversation.run().await.end(peer, &conversation.control.record);
    conversation.keep_what_came().await;
    receiver.metrics.session_ended();
    end
}

fn profile(
    settings: &Smtp,
    offered: &SmtpListener,
    doorkeeper: &Doorkeeper,
    peer: IpAddr,
) -> Profile {
    Profile {
        host_name: settings.host_name.clone(),
        ehlo: offered.ehlo,
        auth: offered.auth,
        starttls: offered.starttls,
        require_login: doorkeeper.requires_login(peer),
        lf_ends_message: doorkeeper.trusts(peer),
        message_bytes_max: settings.max_message,
        recipients_max: settings.max_recipients,
        line_bytes_max: settings.max_line,
        errors_max: settings.max_errors,
        transcript: true,
    }
}

/// A string that no other conversation has had (RFC 2195, section 2).
fn challenge(host_name: &str) -> String {
    let mut random = [0; 12];
    // Without randomness CRAM-MD5 is no worse than PLAIN, which is accepted as well.
    let _ = getrandom::fill(&mut random);
    format!("<{}@{host_name}>", hex(&random))
}

/// Whether the disk has room for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Made,
    /// Not for a stranger; its recipients may tell a known device, which has more. It announced so many bytes.
    Undecided(u64),
    None,
}

struct Conversation<'a> {
    receiver: &'a Receiver,
    control: Control,
    shutdown: Shutdown,
    session: Session,
    /// Of the processor; given back wherever something else is awaited.
    share: Share,
    /// What the latest login is worth.
    proof: LoginProof,
    incoming: Option<Incoming>,
    /// Bytes of the message under way.
    content_bytes: u64,
    /// Whether the disk has room for it.
    room: Room,
    /// The user that it logged in as.
    login: Option<String>,
    /// When the message under way began, or else the session or its last message ended.
    began: Instant,
}

impl Conversation<'_> {
    async fn run(&mut self) -> Break {
        loop {
            if let Err(end) = self.turn().await {
                self.control.finish(&end).await;
                return end;
            }
        }
    }

    /// Does all that the session wants, then hears what the device says next.
    async fn turn(&mut self) -> Result<(), Break> {
        self.handle(&[]).await?;
        self.share.pause();
        self.control.flush().await?;
        let Some(chunk) = self.hear().await? else {
            return Ok(());
        };
        if chunk.bytes().is_empty() && self.session.may_have_ended() {
            self.session.paused();
            return self.handle(&[]).await;
        }
        self.control.heard(chunk.bytes())?;
        self.handle(chunk.bytes()).await
    }

    /// The next bytes; none: instead of them the session was told that time is up.
    async fn hear(&mut self) -> Result<Option<Chunk>, Break> {
        let presence = self.control.presence.clone();
        presence.busy(self.incoming.is_some());
        let wire = self.control.wire()?;
        let ending = self.shutdown.phase() == Phase::Ending;
        let next_phase = if ending { Phase::Over } else { Phase::Ending };
        let may_have_ended = self.session.may_have_ended();
        let idle = self.receiver.settings.idle;
        let patience = if may_have_ended { idle.min(END_PAUSE) } else { idle };
        let in_message = self.incoming.is_some();
        let may_take = match in_message {
            true => pace::message_may_take(self.content_bytes, idle),
            false => pace::session_may_take(idle),
        };
        let left = may_take.saturating_sub(self.began.elapsed());
        let deadline = tokio::time::Instant::now() + patience.min(left);
        tokio::select! {
            read = wire.read_in_turn(&self.receiver.buffers, &mut self.share, deadline) => {
                match read? {
                    Some(chunk) => {
                        presence.heard();
                        Ok(Some(chunk))
                    }
                    None => {
                        match () {
                            () if may_have_ended => self.session.paused(),
                            () if left > patience => self.session.idle(),
                            () if in_message => self.session.too_slow(),
                            () => self.session.too_long(),
                        }
                        Ok(None)
                    }
                }
            }
            () = presence.gives_way() => Err(Break::GivesWay),
            () = self.shutdown.reached(next_phase) => {
                if ending {
                    return Err(Break::Over);
                }
                self.session.shut_down();
                Ok(None)
            }
        }
    }

    async fn handle(&mut self, mut input: &[u8]) -> Result<(), Break> {
        loop {
            self.share.take().await;
            let Some(step) = self.session.next_step(&mut input) else {
                return Ok(());
            };
            match step {
                Step::Reply(reply) => self.reply(&reply).await?,
                Step::Heard(line) => {
                    self.control.record.heard(&line);
                    tracing::debug!(peer = %self.control.peer, line, "The device said.")
                }
                Step::Authenticate(credentials) => self.authenticate(&credentials).await,
                Step::Mail(mail) => {
                    self.share.pause();
                    self.consider(&mail).await;
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
                Step::TooBig | Step::Aborted => self.keep_what_came().await,
                Step::StartTls => {
                    self.share.pause();
                    self.control.encrypt(Alpn::Smtp).await?;
                    (self.login, self.proof) = (None, LoginProof::Unproven);
                    let challenge = challenge(&self.receiver.settings.host_name);
                    self.session.tls_started(challenge);
                    return Ok(());
                }
                Step::Close => return Err(Break::Closed),
            }
        }
    }

    async fn reply(&mut self, reply: &Reply) -> Result<(), Break> {
        // Before it is said, so that it is known when the device hangs up on it.
        if let Some(refusal) = reply.refusal() {
            self.control.record.trouble(match refusal {
                Refusal::LoginMechanism => Trouble::LoginMechanism,
                Refusal::LoginMissing => Trouble::LoginMissing,
                Refusal::TooBig => Trouble::TooBig,
            });
        }
        self.control.say(reply);
        if self.control.is_full() {
            self.share.pause();
            self.control.flush().await?;
        }
        Ok(())
    }

    async fn authenticate(&mut self, credentials: &Credentials) {
        // The reply may have to wait.
        self.share.pause();
        let Receiver { entrance, doorkeeper, .. } = self.receiver;
        let Control { peer, record, presence, .. } = &self.control;
        let admission = entrance.admission(doorkeeper, *peer, credentials, presence).await;
        self.proof = admission.map_or(LoginProof::Unproven, Admission::proof);
        match admission {
            Some(Admission::Refused) => {
                let user = credentials.user().to_owned();
                let user_known = doorkeeper.knows_user(&user);
                record.trouble(Trouble::LoginRefused { user, user_known });
                self.session.login_refused();
            }
            None => {
                record.trouble(Trouble::LoginTooSoon);
                self.session.login_deferred();
            }
            Some(admission) => {
                if admission == Admission::Proven {
                    self.share.set_rank(Rank::Known);
                }
                record.logged_in(credentials.user());
                if admission.is_wrong(|| doorkeeper.knows_user(credentials.user())) {
                    record.note(WRONG_PASSWORD);
                }
                self.login = Some(credentials.user().to_owned());
                self.session.login_accepted();
            }
        }
    }

    async fn consider(&mut self, mail: &MailFrom) {
        let envelope = Envelope {
            protocol: Protocol::Smtp,
            peer: self.control.peer,
            login: self.login.clone(),
            proof: self.proof,
            greeting: None,
            sender: mail.address.clone(),
            recipients: Vec::new(),
            tls: false,
            path: None,
        };
        let bytes = mail.size.unwrap_or(0);
        self.room = match self.receiver.intake.make_room(bytes, &envelope).await {
            true => Room::Made,
            false if self.receiver.doorkeeper.may_tell_by_recipient() => Room::Undecided(bytes),
            false => Room::None,
        };
        if self.room == Room::None {
            self.put_off();
            self.session.mail_denied(Denial::SpoolFull);
        } else {
            self.session.mail_allowed();
        }
    }

    /// There is no room on the disk.
    fn put_off(&self) {
        self.receiver.intake.report_full(self.control.peer);
        self.control.record.trouble(Trouble::DiskFull);
    }
}
