//! One FTP session: bytes between the control connection, the pure state machine, its transfers and the spool.
//!
//! `tipoff-ftp` decides what is replied; here are only the sockets, the clock and the answers to the state machine's
//! questions.
//!
//! A session runs in one task, its transfer beside its commands. The files of the folder: where data connections go
//! (`data_port.rs`, `port_leases.rs`, `passive.rs`), the bytes of a transfer (`transfer.rs`), how an upload is stored
//! (`upload.rs`), and the tree that a device sees (`views.rs`).

mod active_uploads;
mod browser_request;
mod data_connection;
mod data_context;
mod data_port;
mod pace;
mod passive;
mod passive_address;
mod port_leases;
mod running_transfer;
mod signals;
mod transfer;
mod transfer_limit;
mod unfinished_upload;
mod upload;
mod views;

use std::net::IpAddr;
use std::sync::Arc;

use tipoff_ftp::{CommandRefusal, Profile, RefusalCause, Session, Step, TransferOutcome};
use tipoff_model::{LoginProof, Protocol};
use tipoff_smtp::Credentials;
use tokio::time::timeout;

use self::active_uploads::ActiveUploads;
use self::data_context::DataWarnings;
use self::data_port::DataPort;
use self::pace::CommandTurns;
pub(crate) use self::passive_address::PassiveAddress;
use self::port_leases::PortLeases;
use self::running_transfer::{RunningTransfer, ended};
use self::transfer_limit::TransferLimit;
use self::upload::Uploads;
use self::views::{FtpViews, ViewOwner};
use super::access::{Admission, Authenticator, DeviceDirectory};
use super::arrival_writer::ArrivalWriter;
use super::connection::{Connection, ConnectionEnd};
use super::control::{ControlConnection, SessionEnd};
use super::login_gate::LoginGate;
use super::session::{self, LoginReply, log_in};
use super::transcript::SessionProblem;
use crate::config::Ftp;
use crate::net::limit::{ConnectionLimiter, ConnectionLimits};
use crate::net::tls::Alpn;
use crate::net::wire::{Buffers, Chunk};
use crate::runtime::telemetry::Metrics;

/// Bytes of commands that are read at a time.
const COMMANDS_BYTES: usize = 8 * 1024;

/// What all FTP connections share.
pub(crate) struct Receiver {
    settings: Ftp,
    /// Decides logins.
    authenticator: Authenticator,
    /// The trees that devices see.
    views: Arc<FtpViews>,
    /// Stores uploads.
    uploads: Uploads,
    /// Read buffers for the bytes of files.
    buffers: Buffers,
    /// Read buffers for commands: small, because a session keeps one while it waits for its turn.
    command_buffers: Buffers,
    metrics: Arc<Metrics>,
    /// Bounds how often somebody may try to log in.
    gate: LoginGate,
    /// Bounds the connections.
    pub(super) connections: ConnectionLimiter,
    /// The uploads under way, by path.
    active_uploads: ActiveUploads,
    /// The ports of passive data connections.
    port_leases: PortLeases,
    /// The address in the reply to PASV.
    passive_address: PassiveAddress,
    /// Bounds the transfers of one address.
    transfer_limit: TransferLimit,
    /// Counts failed data connections, for the log.
    warnings: Arc<DataWarnings>,
}

impl Receiver {
    /// A receiver with these settings. The system has open files for `ceiling` connections.
    pub(crate) fn new(
        (settings, passive_address): (Ftp, PassiveAddress),
        directory: &DeviceDirectory,
        writer: ArrivalWriter,
        metrics: Arc<Metrics>,
        gate: LoginGate,
        ceiling: usize,
    ) -> Self {
        let Ftp { max_connections, max_connections_per_address, .. } = settings;
        let limits =
            ConnectionLimits::of_receiver(max_connections, max_connections_per_address, ceiling);
        let connections = ConnectionLimiter::new(limits, Arc::clone(&gate.known));
        let port_leases = PortLeases::default();
        port_leases.set_balancers(settings.proxy_protocol.clone());
        Self {
            authenticator: directory.authenticator(),
            views: Arc::new(FtpViews::new(Arc::clone(&writer.spool), writer.clock.clone())),
            uploads: Uploads::new(writer, settings.rename_wait),
            buffers: Buffers::default(),
            command_buffers: Buffers::of(COMMANDS_BYTES),
            settings,
            metrics,
            gate,
            connections,
            active_uploads: ActiveUploads::default(),
            port_leases,
            passive_address,
            transfer_limit: TransferLimit::default(),
            warnings: Arc::default(),
        }
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
    /// began with; limits, leases and views are shared by both.
    pub(crate) fn with(&self, settings: Ftp) -> Self {
        let Ftp { max_connections, max_connections_per_address, .. } = settings;
        self.port_leases.set_balancers(settings.proxy_protocol.clone());
        Self {
            authenticator: self.authenticator.clone(),
            views: Arc::clone(&self.views),
            uploads: self.uploads.with(settings.rename_wait),
            buffers: self.buffers.clone(),
            command_buffers: self.command_buffers.clone(),
            settings,
            metrics: Arc::clone(&self.metrics),
            gate: self.gate.clone(),
            connections: self.connections.with(max_connections, max_connections_per_address),
            active_uploads: self.active_uploads.clone(),
            port_leases: self.port_leases.clone(),
            passive_address: self.passive_address.clone(),
            transfer_limit: self.transfer_limit.clone(),
            warnings: Arc::clone(&self.warnings),
        }
    }
}

/// Serves a connection until its session ends. Every connection may encrypt itself with AUTH TLS (RFC 4217).
pub(super) async fn serve(connection: Connection, receiver: &Receiver) -> ConnectionEnd {
    let peer = connection.peer;
    let profile = Profile {
        tls: true,
        missing_folder: receiver.settings.missing_folder,
        read: receiver.settings.read,
        extended_passive: data_port::reaches_same_address(&connection, receiver).await,
        line_bytes_max: receiver.settings.max_line,
        login_failures_max: receiver.settings.max_login_failures,
        transcript: true,
    };
    let session = Session::new(Arc::new(profile), peer, connection.wire.is_tls());
    let (control, first) = ControlConnection::new(connection, Protocol::Ftp);
    let mut session = FtpSession {
        receiver,
        session: if first.is_some() { session.greeted() } else { session },
        first: first.unwrap_or_default(),
        control,
        login: None,
        proof: LoginProof::Unproven,
        view: String::new(),
        data_port: DataPort::default(),
        transfer: None,
        commands: CommandTurns::new(receiver.uploads.turns().of(peer)),
    };
    session::run(&mut session, &receiver.metrics).await
}

/// What ends the waiting of a session.
enum Event {
    /// Bytes of commands came, or the end of the connection.
    Received(Chunk),
    /// The transfer has ended, and what it received is stored.
    TransferEnded(TransferOutcome),
    /// A time limit or the program's end has changed the session's state.
    StateChanged,
}

/// One FTP session.
struct FtpSession<'a> {
    receiver: &'a Receiver,
    control: ControlConnection,
    /// The state machine of the protocol.
    session: Session,
    /// Bytes that were read before the session began.
    first: Vec<u8>,
    /// The user of the latest login that was accepted.
    login: Option<String>,
    /// What that login proves.
    proof: LoginProof,
    /// The name of the view that the device is in.
    view: String,
    /// Where the next data connection is expected.
    data_port: DataPort,
    /// The transfer under way.
    transfer: Option<RunningTransfer<'a>>,
    /// The turns in which commands are processed.
    commands: CommandTurns,
}

impl session::Session for FtpSession<'_> {
    fn control(&mut self) -> &mut ControlConnection {
        &mut self.control
    }

    /// Steps that wait in the state machine go first: a command that was received during a transfer is processed when
    /// the transfer has ended.
    async fn turn(&mut self) -> Result<(), SessionEnd> {
        let first = std::mem::take(&mut self.first);
        self.handle(&first).await?;
        self.commands.pause();
        self.control.flush().await?;
        let chunk = match self.next_event().await? {
            Event::Received(chunk) => chunk,
            Event::TransferEnded(outcome) => {
                let _active = self.transfer.take().map(|transfer| transfer.active);
                self.data_port.transfer_ended(outcome);
                self.session.transfer_ended(outcome);
                return Ok(());
            }
            Event::StateChanged => return Ok(()),
        };
        let input = self.control.received(chunk.bytes())?;
        self.handle(&input).await
    }

    /// An upload goes on after the control connection: some clients close it first. Its bytes are stored before the
    /// session ends.
    async fn close(&mut self) {
        self.finish_transfer().await;
        self.note_missing_connection().await;
        self.session.gone();
        self.receiver.views.store_expectations(&self.view).await;
    }
}

impl FtpSession<'_> {
    /// Waits for the next event: commands, the end of the transfer, TLS on a data connection that no transfer uses yet,
    /// or the program's end. Dropping the future loses nothing.
    async fn next_event(&mut self) -> Result<Event, SessionEnd> {
        let context = self.data_context();
        let protection = self.session.protection();
        self.control.handle.set_busy(self.transfer.is_some());
        let settings = &self.receiver.settings;
        // During a transfer the device need not send commands.
        let idle = match self.transfer {
            Some(_) => settings.idle.max(settings.max_transfer.saturating_mul(2)),
            None => settings.idle,
        };
        let (wire, interrupts) = self.control.wire()?;
        tokio::select! {
            // That the control connection broke must be known before the data connection's end.
            biased;
            read = timeout(idle, wire.read_with_urgent(&self.receiver.command_buffers)) => match read {
                Ok(chunk) => Ok(Event::Received(chunk?)),
                Err(_) => {
                    self.session.idle();
                    Ok(Event::StateChanged)
                }
            },
            outcome = ended(&mut self.transfer) => Ok(Event::TransferEnded(outcome)),
            never = passive::advance(&mut self.data_port.passive, protection, &context) => match never {},
            interrupt = interrupts.next() => {
                interrupt?;
                self.session.shut_down();
                Ok(Event::StateChanged)
            }
        }
    }

    /// Processes input: does each step that the state machine asks for.
    async fn handle(&mut self, mut input: &[u8]) -> Result<(), SessionEnd> {
        loop {
            self.commands.take(self.transfer.is_some()).await;
            let Some(step) = self.session.next_step(&mut input) else { break };
            let encrypts = matches!(step, Step::StartTls);
            self.perform(step).await?;
            if encrypts {
                break;
            }
            if self.control.is_full() {
                self.commands.pause();
                self.control.flush().await?;
            }
        }
        self.receiver.views.measure(&self.view);
        Ok(())
    }

    /// Does one step. If it awaits something, the turn ends before.
    async fn perform(&mut self, step: Step) -> Result<(), SessionEnd> {
        match step {
            Step::Reply(reply) => self.control.reply(&reply),
            Step::Lines(lines) => self.control.reply_lines(&lines),
            // A refusal is noted before it is sent, so that it is known when the device hangs up on it.
            Step::Refused(refusal) => self.note_refusal(refusal),
            Step::RefusalSettled => self.control.record.refusal_settled(),
            Step::Transcript(line) => self.control.note_command(&line),
            Step::Authenticate { user, password } => self.authenticate(user, password).await,
            Step::Passive => {
                self.commands.pause();
                self.lease_port().await;
            }
            Step::Foreign(address) => self.check_foreign_address(address),
            Step::Receive(receive) => self.receive(receive),
            Step::Send(send) => self.send(send),
            Step::Abort => {
                if let Some(transfer) = &self.transfer {
                    transfer.signals.stop.cancel();
                }
            }
            Step::Rename { arrival, path } => {
                self.commands.pause();
                self.receiver.uploads.rename(arrival, &path).await;
                self.session.renamed();
            }
            Step::AwaitUpload(path) => {
                if self.receiver.active_uploads.has(&self.view, &path) {
                    self.commands.pause();
                    self.receiver.active_uploads.wait(&self.view, &path).await;
                }
                self.session.upload_awaited();
            }
            Step::StartTls => {
                self.commands.pause();
                self.control.encrypt(Alpn::Ftp).await?;
                self.session.tls_started();
            }
            Step::Close => return Err(SessionEnd::Closed),
        }
        Ok(())
    }

    /// Decides a login, and enters the view of the device. In FTP a later login replaces the earlier one.
    async fn authenticate(&mut self, user: String, password: String) {
        self.commands.pause();
        let credentials = Credentials::Plain { user: user.clone(), password };
        let Receiver { gate, authenticator, .. } = self.receiver;
        let admission = match log_in(&self.control, gate, authenticator, &credentials).await {
            LoginReply::Accepted(admission) => admission,
            LoginReply::Refused => return self.session.login_refused(),
            LoginReply::TooSoon => return self.session.login_deferred(),
        };
        let peer = self.control.peer;
        let owner = match admission {
            Admission::Proven => {
                self.commands.mark_known();
                ViewOwner::Known
            }
            _ => ViewOwner::At(peer),
        };
        // A device sees its own uploads: with its password, or with the same user from the same address.
        self.view = views::name(&user, admission, peer);
        self.proof = admission.proof();
        self.login = Some(user).filter(|user| !user.is_empty());
        let tree = self.receiver.views.get(&self.view, owner).await;
        self.session.login_accepted(tree);
    }

    /// Notes in the transcript that a command was refused. A known cause becomes the session's problem.
    fn note_refusal(&mut self, refusal: CommandRefusal) {
        self.data_port.is_explained = true;
        let outside = self.receiver.authenticator.outside_networks(self.control.peer);
        self.control.record.refused(match refusal.cause {
            RefusalCause::LoginMissing => SessionProblem::LoginMissing { outside },
            RefusalCause::ForeignAddress(address) => self.foreign_address(address),
            _ => SessionProblem::Refused(refusal),
        });
    }
}
