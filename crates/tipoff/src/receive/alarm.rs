//! Alarms that devices push over HTTP: whose they are, what they mean, and what the device is answered.
//!
//! `tipoff-alarm` reads the body, whatever it is written in; `tipoff-vendors` knows what it means. Here the request gets a
//! transcript, its bytes go to the spool, and what is news becomes arrivals. A request is processed in a task of its own:
//! a camera that does not wait for the answer loses nothing.

mod asked;
mod body;
pub(crate) mod framed;
mod incoming_alarm;
mod new_arrivals;
mod open_alarms;
mod published;
mod target;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tipoff_alarm::BODY_BYTES_MAX;
use tipoff_model::{AlarmReply, Envelope, LoginProof, Protocol};
use tipoff_smtp::Credentials;
use tipoff_spool::{SpoolError, Stored};
use tokio_util::task::TaskTracker;

pub(crate) use self::asked::AskedSession;
use self::body::BodyReceiver;
pub(crate) use self::body::{BodyPiece, BodySender};
use self::incoming_alarm::{IncomingAlarm, Outcome};
use self::open_alarms::OpenAlarms;
pub(super) use self::published::PublishedMessage;
use self::target::AlarmTarget;
pub(crate) use self::target::{begins_alarm, is_alarm_path};
use super::access::{Admission, Authenticator, DeviceDirectory};
use super::arrival_writer::ArrivalWriter;
use super::login_gate::{LoginGate, PasswordCheck};
use super::transcript::{SessionProblem, TranscriptRecorder, Transcripts, grouped};
use crate::runtime::telemetry::Metrics;

/// What a request says before its body.
#[derive(Clone, Debug)]
pub(crate) struct AlarmHead {
    /// The address of the device.
    pub(crate) peer: IpAddr,
    /// Whether the connection is encrypted.
    pub(crate) by_tls: bool,
    /// The method, in capitals.
    pub(crate) method: String,
    /// The path, as it came.
    pub(crate) path: String,
    /// The query, as it came.
    pub(crate) query: Option<String>,
    /// `Content-Type`.
    pub(crate) content_type: Option<String>,
    /// `Content-Encoding`.
    pub(crate) content_encoding: Option<String>,
    /// `Content-Disposition`.
    pub(crate) content_disposition: Option<String>,
    /// `Content-Length` in bytes.
    pub(crate) content_length: Option<u64>,
    /// User and password of Basic authentication (RFC 7617).
    pub(crate) basic: Option<(String, String)>,
    /// The user that a Digest header (RFC 7616) names. Nobody asked for it, so it cannot be verified.
    pub(crate) digest_user: Option<String>,
}

/// What a device is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AlarmAnswer {
    /// The status (RFC 9110, section 15).
    pub(crate) status: u16,
    /// The body.
    pub(crate) reply: AlarmReply,
}

impl AlarmAnswer {
    const fn refusal(status: u16, text: &'static str) -> Self {
        Self { status, reply: AlarmReply::Text(text) }
    }
}

/// It was stored already, or the device is to send it again.
const TRY_AGAIN: AlarmAnswer = AlarmAnswer::refusal(503, "Not stored: try again later\n");
const TOO_LARGE: AlarmAnswer = AlarmAnswer::refusal(413, "Too large\n");
const UNREADABLE: AlarmAnswer = AlarmAnswer::refusal(400, "The body cannot be read\n");
const UNKNOWN: AlarmAnswer = AlarmAnswer::refusal(404, "No device has this address\n");
const FORBIDDEN: AlarmAnswer = AlarmAnswer::refusal(403, "Use the address of a device\n");

/// Receives alarms. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AlarmReceiver(Arc<Shared>);

/// What all requests share.
struct Shared {
    writer: ArrivalWriter,
    authenticator: Authenticator,
    gate: LoginGate,
    metrics: Arc<Metrics>,
    transcripts: Transcripts,
    /// The requests under way: the program waits for them when it ends.
    tasks: TaskTracker,
    open: Mutex<OpenAlarms>,
}

impl AlarmReceiver {
    pub(crate) fn new(
        directory: &DeviceDirectory,
        writer: ArrivalWriter,
        metrics: Arc<Metrics>,
        gate: LoginGate,
        transcripts: Transcripts,
        tasks: TaskTracker,
    ) -> Self {
        let authenticator = directory.authenticator();
        let open = Mutex::default();
        Self(Arc::new(Shared { writer, authenticator, gate, metrics, transcripts, tasks, open }))
    }

    /// Receives a request. The pieces of its body come by the sender; the answer is ready when all of it is stored. A
    /// sender that is dropped before [`BodyPiece::End`] says that the connection broke.
    pub(crate) fn receive(
        &self,
        head: AlarmHead,
    ) -> (BodySender, impl Future<Output = AlarmAnswer> + use<>) {
        let record = self.0.transcripts.begin(Protocol::Http, head.peer);
        self.receive_in(head, record)
    }

    /// The same in a session that has begun.
    pub(super) fn receive_in(
        &self,
        head: AlarmHead,
        record: TranscriptRecorder,
    ) -> (BodySender, impl Future<Output = AlarmAnswer> + use<>) {
        let (body_tx, body_rx) = body::channel();
        let receiver = self.clone();
        let task = self.0.tasks.spawn(async move { receiver.process(head, body_rx, record).await });
        let answer = async move { task.await.unwrap_or(TRY_AGAIN) };
        (body_tx, answer)
    }

    async fn process(
        &self,
        head: AlarmHead,
        body: BodyReceiver,
        record: TranscriptRecorder,
    ) -> AlarmAnswer {
        let Shared { metrics, .. } = &*self.0;
        metrics.session_began();
        let answer = self.answer(&head, body, &record).await;
        record.replied(answer.line().as_bytes());
        metrics.session_ended();
        answer
    }

    async fn answer(
        &self,
        head: &AlarmHead,
        mut body: BodyReceiver,
        record: &TranscriptRecorder,
    ) -> AlarmAnswer {
        let target = AlarmTarget::of(&head.path, head.query.as_deref());
        record.received(&request_line(head, &target));
        let envelope = match self.envelope(head, &target, record).await {
            Ok(envelope) => envelope,
            Err(refusal) => {
                // Some devices read no answer before they have sent everything.
                body.skip().await;
                return refusal;
            }
        };
        // A claim is worth no more room than a body may take.
        let bytes = head.content_length.unwrap_or(0).min(BODY_BYTES_MAX);
        if !self.0.writer.make_room(bytes, &envelope).await {
            self.0.writer.report_full(head.peer);
            record.problem(SessionProblem::DiskFull);
            body.skip().await;
            return TRY_AGAIN;
        }
        let began = Instant::now();
        let incoming = IncomingAlarm::begin(self, head, target, envelope);
        let received = match incoming {
            Ok(incoming) => incoming.receive(&mut body, record).await,
            Err(error) => Err(error),
        };
        match received {
            Ok(outcome) => self.report(&outcome, began.elapsed()),
            Err(error) => {
                tracing::error!(peer = %head.peer, %error, "An alarm could not be stored; the device is asked to try again.");
                let is_full = matches!(error, SpoolError::Full(_));
                record.problem(match is_full {
                    true => SessionProblem::DiskFull,
                    false => SessionProblem::NotStored,
                });
                body.skip().await;
                TRY_AGAIN
            }
        }
    }

    /// Counts and logs what was stored.
    fn report(&self, outcome: &Outcome, took: Duration) -> AlarmAnswer {
        for stored in &outcome.stored {
            self.0.metrics.arrival(Protocol::Http, outcome.torn, took);
            tracing::info!(
                peer = %outcome.peer,
                arrival = %stored.arrival,
                incident = %stored.incident,
                channels = stored.channels.join(", "),
                torn = outcome.torn,
                "An alarm is stored.",
            );
        }
        match outcome {
            Outcome { is_too_large: true, .. } => TOO_LARGE,
            Outcome { is_unreadable: true, .. } => UNREADABLE,
            _ => AlarmAnswer { status: 200, reply: outcome.reply },
        }
    }

    /// Counts and logs what was stored of a message.
    fn report_published(&self, peer: IpAddr, stored: &[Stored], took: Duration) {
        for Stored { arrival, incident, channels, .. } in stored {
            self.0.metrics.arrival(Protocol::Mqtt, false, took);
            let channels = channels.join(", ");
            tracing::info!(%peer, %arrival, %incident, channels, "An alarm of a broker is stored.");
        }
    }

    /// Who sends: the device whose password is in the address or in the header, else whoever is at this address, where
    /// no login is required.
    async fn envelope(
        &self,
        head: &AlarmHead,
        target: &AlarmTarget,
        record: &TranscriptRecorder,
    ) -> Result<Envelope, AlarmAnswer> {
        let Shared { authenticator, gate, .. } = &*self.0;
        let peer = head.peer;
        let of = |login, proof| Envelope {
            protocol: Protocol::Http,
            peer,
            login,
            proof,
            greeting: None,
            sender: String::new(),
            recipients: Vec::new(),
            tls: head.by_tls,
            path: None,
        };
        if let Some(password) = &target.password {
            let requires_login = authenticator.requires_login(peer);
            return match gate.user_of_password(authenticator, peer, password).await {
                PasswordCheck::TooSoon(_) if requires_login => {
                    record.problem(SessionProblem::LoginTooSoon);
                    Err(TRY_AGAIN)
                }
                // Whoever guesses gets the same answer; the alarm is the device's if it is right.
                PasswordCheck::Checked(Some(user)) | PasswordCheck::TooSoon(Some(user)) => {
                    record.logged_in(&user);
                    Ok(of(Some(user), LoginProof::Proven))
                }
                PasswordCheck::TooSoon(None) => {
                    record.problem(SessionProblem::LoginTooSoon);
                    Ok(of(None, LoginProof::Unproven))
                }
                PasswordCheck::Checked(None) => {
                    record.problem(SessionProblem::UnknownAddress);
                    Err(UNKNOWN)
                }
            };
        }
        if let Some((user, password)) = &head.basic {
            let credentials = Credentials::Plain { user: user.clone(), password: password.clone() };
            let admission = gate.check(authenticator, peer, &credentials, None).await;
            if let Some(admission @ (Admission::Proven | Admission::Shared)) = admission {
                record.logged_in(user);
                return Ok(of(Some(user.clone()), admission.proof()));
            }
        }
        if authenticator.requires_login(peer) {
            let outside = authenticator.outside_networks(peer);
            record.problem(SessionProblem::LoginMissing { outside });
            return Err(FORBIDDEN);
        }
        let claimed = head.basic.as_ref().map(|(user, _)| user).or(head.digest_user.as_ref());
        Ok(of(claimed.cloned().filter(|user| !user.is_empty()), LoginProof::Unproven))
    }
}

impl AlarmAnswer {
    /// The answer as the transcript shows it.
    fn line(self) -> String {
        match self.reply {
            AlarmReply::Empty => self.status.to_string(),
            AlarmReply::Text(text) | AlarmReply::Json(text) => {
                format!("{} {}", self.status, text.trim_end())
            }
        }
    }
}

/// The request as the transcript shows it: without passwords, and without the body.
fn request_line(head: &AlarmHead, target: &AlarmTarget) -> String {
    let AlarmHead { method, content_type, content_encoding, content_length, .. } = head;
    let mut line = format!("{method} {}", target.shown());
    if let Some(content_type) = content_type {
        line.push_str(&format!(" ({content_type}"));
        if let Some(encoding) = content_encoding {
            line.push_str(&format!(", {encoding}"));
        }
        line.push(')');
    }
    if let Some(bytes) = content_length {
        line.push_str(&format!(", {} bytes", grouped(*bytes)));
    }
    line
}
