//! One SMTP connection: bytes between the wire, the pure session and the spool.
//!
//! What is said is decided by `tipoff-smtp`; here are only the socket, the clock and the answers
//! to the session's questions.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tipoff_model::{Envelope, Protocol};
use tipoff_smtp::{Credentials, Denial, Failure, MailFrom, Profile, Session, Step, Transaction};
use tipoff_spool::{SpoolError, Stored};
use tokio::time::timeout;

use super::access::{Admission, Doorkeeper};
use super::intake::{Incoming, Intake};
use super::limit::Connections;
use super::listen::{self, Call, End};
use super::sniff;
use super::tls::Tls;
use super::wire::{Buffers, Chunk, Wire};
use crate::config::{Smtp, SmtpListener};
use crate::observe::Metrics;
use crate::shutdown::{Phase, Shutdown};

/// How long a device may take to read a reply.
const WRITE_MAX: Duration = Duration::from_secs(60);

/// What all SMTP connections share.
pub(crate) struct Receiver {
    settings: Smtp,
    doorkeeper: Arc<Doorkeeper>,
    intake: Intake,
    buffers: Buffers,
    metrics: Arc<Metrics>,
    pub(super) connections: Connections,
}

impl Receiver {
    /// Of the configuration.
    pub(crate) fn new(
        settings: Smtp,
        doorkeeper: Arc<Doorkeeper>,
        intake: Intake,
        metrics: Arc<Metrics>,
    ) -> Self {
        let connections =
            Connections::new(settings.max_connections, settings.max_connections_per_address);
        let buffers = Buffers::default();
        Self { settings, doorkeeper, intake, buffers, metrics, connections }
    }
}

/// What ends a conversation before its time.
enum Break {
    /// The other side is gone, or the socket failed.
    Wire(io::Error),
    /// The session has said its last word.
    Closed,
    /// See [`listen::End::WasTls`].
    WasTls,
    /// The program ends.
    Over,
}

impl From<io::Error> for Break {
    fn from(error: io::Error) -> Self {
        Self::Wire(error)
    }
}

/// Talks with a device until one of both has had enough.
pub(super) async fn converse(call: Call, offered: &SmtpListener, receiver: &Receiver) -> End {
    let Call { wire, peer, tls, shutdown } = call;
    let profile =
        Arc::new(profile(&receiver.settings, offered, receiver.doorkeeper.requires_login(peer)));
    let session = Session::new(profile, wire.is_tls(), challenge(&receiver.settings.host_name));
    receiver.metrics.session_began();
    let mut conversation = Conversation {
        receiver,
        wire: Some(wire),
        peer,
        tls,
        shutdown,
        session,
        replies: Vec::new(),
        incoming: None,
        heard_anything: false,
    };
    let end = match conversation.run().await {
        Break::WasTls => {
            tracing::warn!(
                %peer,
                "A device began TLS where it used to speak plain; its next try will be understood.",
            );
            End::WasTls
        }
        Break::Wire(error) => {
            tracing::debug!(%peer, %error, "The connection ended.");
            End::Ended
        }
        Break::Closed | Break::Over => End::Ended,
    };
    conversation.keep_what_came().await;
    receiver.metrics.session_ended();
    end
}

fn profile(settings: &Smtp, offered: &SmtpListener, require_login: bool) -> Profile {
    Profile {
        host_name: settings.host_name.clone(),
        ehlo: offered.ehlo,
        auth: offered.auth,
        starttls: offered.starttls,
        require_login,
        message_bytes_max: settings.max_message,
        recipients_max: settings.max_recipients,
        line_bytes_max: settings.max_line,
        errors_max: settings.max_errors,
        transcript: tracing::enabled!(tracing::Level::DEBUG),
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
    /// Gone only while it is being encrypted.
    wire: Option<Wire>,
    peer: IpAddr,
    tls: Arc<Tls>,
    shutdown: Shutdown,
    session: Session,
    /// Replies that have not been written yet: those to pipelined commands leave together.
    replies: Vec<u8>,
    incoming: Option<Incoming>,
    heard_anything: bool,
}

impl Conversation<'_> {
    async fn run(&mut self) -> Break {
        loop {
            if let Err(end) = self.turn().await {
                // The last words, such as those of QUIT, are said all the same.
                let _ = self.write_replies().await;
                if let Some(wire) = &mut self.wire {
                    let _ = timeout(WRITE_MAX, wire.close()).await;
                }
                return end;
            }
        }
    }

    /// Does all that the session wants, then hears what the device says next.
    async fn turn(&mut self) -> Result<(), Break> {
        self.handle(&[]).await?;
        self.write_replies().await?;
        let Some(chunk) = self.hear().await? else {
            return Ok(());
        };
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
        let Some(wire) = &mut self.wire else {
            return Err(Break::Closed);
        };
        let ending = self.shutdown.phase() == Phase::Ending;
        let next_phase = if ending { Phase::Over } else { Phase::Ending };
        tokio::select! {
            read = timeout(self.receiver.settings.idle, wire.read(&self.receiver.buffers)) => {
                match read {
                    Ok(chunk) => Ok(Some(chunk?)),
                    Err(_) => {
                        self.session.idle();
                        Ok(None)
                    }
                }
            }
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
        while let Some(step) = self.session.next_step(&mut input) {
            match step {
                Step::Reply(reply) => self.replies.extend_from_slice(&reply),
                Step::Heard(line) => tracing::debug!(peer = %self.peer, line, "The device said."),
                Step::Authenticate(credentials) => self.authenticate(&credentials),
                Step::Mail(mail) => self.consider(&mail),
                Step::Begin(transaction) => self.begin(transaction),
                Step::Content(bytes) => {
                    if let Some(incoming) = &mut self.incoming {
                        incoming.push(bytes);
                    }
                }
                Step::End => self.store().await,
                Step::TooBig | Step::Aborted => self.keep_what_came().await,
                Step::StartTls => {
                    self.encrypt().await?;
                    return Ok(());
                }
                Step::Close => return Err(Break::Closed),
            }
        }
        Ok(())
    }

    fn authenticate(&mut self, credentials: &Credentials) {
        if self.receiver.doorkeeper.admits(self.peer, credentials) != Admission::Refused {
            self.session.login_accepted();
        } else {
            tracing::warn!(
                peer = %self.peer,
                user = credentials.user(),
                "A login failed: check user and password in the device.",
            );
            self.session.login_refused();
        }
    }

    fn consider(&mut self, mail: &MailFrom) {
        if self.receiver.intake.has_room(mail.size.unwrap_or(0)) {
            self.session.mail_allowed();
        } else {
            tracing::error!(peer = %self.peer, "The disk of the spool is full: mail is put off.");
            self.session.mail_denied(Denial::SpoolFull);
        }
    }

    fn begin(&mut self, transaction: Transaction) {
        let envelope = Envelope {
            protocol: Protocol::Smtp,
            peer: self.peer,
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
        let began = Instant::now();
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
                tracing::error!(peer = %self.peer, %error, "A mail could not be stored; the device is asked to try again.");
                self.session.not_stored(match error {
                    SpoolError::Full(_) => Failure::SpoolFull,
                    _ => Failure::Temporary,
                });
            }
        }
    }

    /// What came of a message that will not be completed is kept (invariant 7).
    async fn keep_what_came(&mut self) {
        let Some(incoming) = self.incoming.take() else {
            return;
        };
        match incoming.torn().await {
            Ok(Some(stored)) => {
                self.receiver.metrics.arrival(Protocol::Smtp, true, Duration::ZERO);
                self.tell(&stored, true);
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(peer = %self.peer, %error, "What came before a connection broke could not be kept.");
            }
        }
    }

    fn tell(&self, stored: &Stored, torn: bool) {
        tracing::info!(
            peer = %self.peer,
            arrival = %stored.arrival,
            incident = %stored.incident,
            channels = stored.channels.join(", "),
            torn,
            "A mail is stored.",
        );
    }

    async fn encrypt(&mut self) -> Result<(), Break> {
        self.write_replies().await?;
        let Some(Wire::Plain(socket)) = self.wire.take() else {
            return Err(Break::Closed);
        };
        match listen::handshake(socket, &self.tls).await {
            Ok(wire) => {
                self.wire = Some(wire);
                self.session.tls_started(challenge(&self.receiver.settings.host_name));
                Ok(())
            }
            Err(error) => {
                listen::tell_of_handshake(self.peer, &error);
                Err(Break::Closed)
            }
        }
    }

    async fn write_replies(&mut self) -> Result<(), Break> {
        if self.replies.is_empty() {
            return Ok(());
        }
        let Some(wire) = &mut self.wire else {
            return Err(Break::Closed);
        };
        timeout(WRITE_MAX, wire.write(&self.replies)).await.map_err(io::Error::from)??;
        // Most conversations are over soon and idle ones should hold nothing.
        self.replies = Vec::new();
        Ok(())
    }
}
