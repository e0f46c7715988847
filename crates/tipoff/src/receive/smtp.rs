//! One SMTP connection: bytes between the wire, the pure session and the spool.
//!
//! What is said is decided by `tipoff-smtp`; here are only the socket, the clock and the answers
//! to the session's questions.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::access::{Admission, Doorkeeper};
use super::control::{Break, Control};
use super::entrance::Entrance;
use super::intake::{Incoming, Intake, Kept};
use super::limit::{Connections, Places};
use super::listen::{Call, End};
use super::sniff;
use super::tls::Alpn;
use super::transcript::{Trouble, grouped};
use super::turns::{Rank, Share};
use super::wire::{Buffers, Chunk};
use crate::config::{Smtp, SmtpListener};
use crate::observe::Metrics;
use crate::shutdown::{Phase, Shutdown};
use tipoff_model::{Envelope, LoginProof, Protocol};
use tipoff_smtp::{
    Credentials, Denial, Failure, MailFrom, Profile, Reply, Session, Step, Transaction,
};
use tipoff_spool::{SpoolError, Stored};

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
        login: None,
        heard_anything: false,
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
    let unique: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("<{unique}@{host_name}>")
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
    /// The user that it logged in as.
    login: Option<String>,
    heard_anything: bool,
}

impl Conversation<'_> {
    async fn run(&mut self) -> Break {
        loop {
            if let Err(end) = self.turn().await {
                if let Break::GivesWay = end {
                    self.control.give_way();
                }
                self.control.close().await;
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
        if chunk.bytes().is_empty() {
            return Err(Break::Wire(io::ErrorKind::UnexpectedEof.into()));
        }
        if !self.heard_anything && sniff::is_client_hello(chunk.bytes()) {
            return Err(Break::WasTls);
        }
        self.heard_anything = true;
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
        let deadline = tokio::time::Instant::now() + patience;
        tokio::select! {
            read = wire.read_in_turn(&self.receiver.buffers, &mut self.share, deadline) => {
                match read? {
                    Some(chunk) => {
                        presence.heard();
                        Ok(Some(chunk))
                    }
                    None => {
                        if may_have_ended { self.session.paused() } else { self.session.idle() }
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
                Step::Begin(transaction) => self.begin(transaction),
                Step::Content(bytes) => {
                    self.content_bytes += bytes.len() as u64;
                    if let Some(incoming) = &mut self.incoming {
                        incoming.push(bytes);
                        incoming.keep_pace().await;
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
        let trouble = match reply.code() {
            504 => Some(Trouble::LoginMechanism),
            530 => Some(Trouble::LoginMissing),
            552 => Some(Trouble::TooBig),
            _ => None,
        };
        if let Some(trouble) = trouble {
            self.control.record.trouble(trouble);
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
        if self.receiver.intake.make_room(mail.size.unwrap_or(0), &envelope).await {
            self.session.mail_allowed();
        } else {
            tracing::error!(peer = %self.control.peer, "The disk of the spool is full: mail is put off.");
            self.control.record.trouble(Trouble::DiskFull);
            self.session.mail_denied(Denial::SpoolFull);
        }
    }

    fn begin(&mut self, transaction: Transaction) {
        self.content_bytes = 0;
        let envelope = Envelope {
            protocol: Protocol::Smtp,
            peer: self.control.peer,
            // A login that STARTTLS made forgotten proves nothing.
            proof: match transaction.login {
                Some(_) => self.proof,
                None => LoginProof::Unproven,
            },
            login: transaction.login,
            greeting: transaction.greeting,
            sender: transaction.sender,
            recipients: transaction.recipients,
            tls: transaction.tls,
            path: None,
        };
        match self.receiver.intake.begin(envelope) {
            Ok(incoming) => self.incoming = Some(incoming),
            Err(error) => tracing::error!(%error, "The spool cannot take a new file."),
        }
    }

    /// The message is complete: only when it is durable is the device told so.
    async fn store(&mut self) {
        self.share.pause();
        let began = Instant::now();
        self.note_content();
        let stored = match self.incoming.take() {
            Some(incoming) => incoming.complete().await,
            None => Err(SpoolError::File("no file could be made".to_owned())),
        };
        match stored {
            Ok(stored) => {
                self.tell(&stored, false);
                self.receiver.metrics.arrival(Protocol::Smtp, false, began.elapsed());
                self.session.stored(&stored.arrival.to_string());
            }
            Err(error) => {
                tracing::error!(peer = %self.control.peer, %error, "A mail could not be stored; the device is asked to try again.");
                let (failure, trouble) = match error {
                    SpoolError::Full(_) => (Failure::SpoolFull, Trouble::DiskFull),
                    _ => (Failure::Temporary, Trouble::NotStored),
                };
                self.control.record.trouble(trouble);
                self.session.not_stored(failure);
            }
        }
    }

    /// What came of a message that will not be completed is kept (invariant 7).
    async fn keep_what_came(&mut self) {
        let Some(incoming) = self.incoming.take() else {
            return;
        };
        self.share.pause();
        self.note_content();
        match incoming.torn(self.session.may_have_ended()).await {
            Ok(Some(Kept { stored, torn })) => {
                self.receiver.metrics.arrival(Protocol::Smtp, torn, Duration::ZERO);
                self.tell(&stored, torn);
                if !torn {
                    self.control
                        .record
                        .note("It lacked only its end, and is alerted as a whole mail.");
                }
                self.control.record.trouble(Trouble::Torn);
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(peer = %self.control.peer, %error, "What came before a connection broke could not be kept.");
            }
        }
    }

    /// What a message says is not for the transcript.
    fn note_content(&self) {
        let bytes = grouped(self.content_bytes);
        self.control.record.note(&format!("{bytes} bytes of a message."));
    }

    fn tell(&self, stored: &Stored, torn: bool) {
        self.control.record.stored(stored, torn);
        tracing::info!(
            peer = %self.control.peer,
            arrival = %stored.arrival,
            incident = %stored.incident,
            channels = stored.channels.join(", "),
            torn,
            "A mail is stored.",
        );
    }
}
