//! One FTP control connection: bytes between the wire, the pure session, its transfers and the
//! spool.
//!
//! What is said is decided by `tipoff-ftp`; here are only the sockets, the clock and the answers to
//! the session's questions.

mod data_port;
pub(super) mod pace;
mod transfers;
mod under_way;

use std::sync::Arc;

use tipoff_ftp::{Outcome, Profile, Reply, Session, Step};
use tipoff_model::LoginProof;
use tipoff_smtp::Credentials;
use tokio::time::timeout;

use self::data_port::DataPort;
use self::pace::Commands;
use self::transfers::Transfers;
use self::under_way::{Transfer, ended};
use super::access::{Admission, Doorkeeper, WRONG_PASSWORD};
use super::control::{Break, Control};
use super::data::Complaints;
use super::entrance::Entrance;
use super::intake::Intake;
use super::listen::{Call, End};
use super::passive;
use super::ports::Ports;
use super::refusal::{Change, Refusals};
use super::transcript::Trouble;
use super::trees::{self, Owner, Trees};
use super::under_way::UnderWay;
use super::upload::Uploads;
use crate::config::Ftp;
use crate::net::limit::{Connections, Places};
use crate::net::tls::Alpn;
use crate::net::wire::{Buffers, Chunk};
use crate::runtime::shutdown::{Phase, Shutdown};
use crate::runtime::telemetry::Metrics;

/// Bytes of commands that are read at a time.
const COMMANDS_BYTES: usize = 8 * 1024;

/// What all FTP connections share.
pub(crate) struct Receiver {
    pub(super) settings: Ftp,
    doorkeeper: Arc<Doorkeeper>,
    trees: Arc<Trees>,
    pub(super) uploads: Uploads,
    /// For files.
    pub(super) buffers: Buffers,
    /// For commands.
    command_buffers: Buffers,
    pub(super) metrics: Arc<Metrics>,
    entrance: Entrance,
    pub(super) connections: Connections,
    under_way: UnderWay,
    ports: Ports,
    transfers: Transfers,
    complaints: Arc<Complaints>,
}

impl Receiver {
    /// Of the configuration. The system has open files for `ceiling` connections.
    pub(crate) fn new(
        settings: Ftp,
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
        Self {
            trees: Arc::new(Trees::new(Arc::clone(&intake.spool))),
            uploads: Uploads::new(intake, settings.rename_wait),
            buffers: Buffers::default(),
            command_buffers: Buffers::of(COMMANDS_BYTES),
            settings,
            doorkeeper,
            metrics,
            entrance,
            connections,
            under_way: UnderWay::default(),
            ports: Ports::default(),
            transfers: Transfers::default(),
            complaints: Arc::default(),
        }
    }

    /// The same with other settings, for the sessions to come.
    pub(crate) fn with(&self, settings: Ftp) -> Self {
        let Ftp { max_connections, max_connections_per_address, .. } = settings;
        Self {
            doorkeeper: Arc::clone(&self.doorkeeper),
            trees: Arc::clone(&self.trees),
            uploads: self.uploads.with(settings.rename_wait),
            buffers: self.buffers.clone(),
            command_buffers: self.command_buffers.clone(),
            settings,
            metrics: Arc::clone(&self.metrics),
            entrance: self.entrance.clone(),
            connections: self.connections.with(max_connections, max_connections_per_address),
            under_way: self.under_way.clone(),
            ports: self.ports.clone(),
            transfers: self.transfers.clone(),
            complaints: Arc::clone(&self.complaints),
        }
    }
}

/// Talks with a device until one of both has had enough.
pub(super) async fn converse(call: Call, receiver: &Receiver) -> End {
    let Call { wire, peer, tls, shutdown, record, presence } = call;
    let profile = Profile {
        tls: true,
        missing_folder: receiver.settings.missing_folder,
        read: receiver.settings.read,
        line_bytes_max: receiver.settings.max_line,
        login_failures_max: receiver.settings.max_login_failures,
        transcript: true,
    };
    let session = Session::new(Arc::new(profile), peer, wire.is_tls());
    receiver.metrics.session_began();
    let mut conversation = Conversation {
        receiver,
        control: Control::new(wire, peer, tls, record, presence),
        shutdown,
        session,
        login: None,
        proof: LoginProof::Unproven,
        tree: String::new(),
        data_port: DataPort::default(),
        refusals: Refusals::default(),
        transfer: None,
        commands: Commands::new(receiver.uploads.turns().of(peer)),
    };
    let end = conversation.run().await.end(peer, &conversation.control.record);
    conversation.see_transfer_through().await;
    conversation.note_missing_connection().await;
    conversation.session.gone();
    receiver.trees.note_news(&conversation.tree).await;
    receiver.metrics.session_ended();
    end
}

/// What happens next.
enum Event {
    Heard(Chunk),
    TransferEnded(Outcome),
    /// The session was told that time is up.
    Told,
}

struct Conversation<'a> {
    receiver: &'a Receiver,
    control: Control,
    shutdown: Shutdown,
    session: Session,
    login: Option<String>,
    /// What that login is worth.
    proof: LoginProof,
    /// The name of the tree that the device is in.
    tree: String,
    data_port: DataPort,
    refusals: Refusals,
    transfer: Option<Transfer<'a>>,
    commands: Commands,
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

    /// Does all that the session wants, then waits for what happens next.
    async fn turn(&mut self) -> Result<(), Break> {
        self.handle(&[]).await?;
        self.commands.pause();
        self.control.flush().await?;
        let chunk = match self.next_event().await? {
            Event::Heard(chunk) => chunk,
            Event::TransferEnded(outcome) => {
                let _mark = self.transfer.take().map(|transfer| transfer.mark);
                self.data_port.transfer_ended(outcome);
                self.session.transfer_ended(outcome);
                return Ok(());
            }
            Event::Told => return Ok(()),
        };
        self.control.heard(chunk.bytes())?;
        self.handle(chunk.bytes()).await
    }

    async fn next_event(&mut self) -> Result<Event, Break> {
        let context = self.data_context();
        let protection = self.session.protection();
        let presence = self.control.presence.clone();
        presence.busy(self.transfer.is_some());
        let wire = self.control.wire()?;
        let ending = self.shutdown.phase() == Phase::Ending;
        let next_phase = if ending { Phase::Over } else { Phase::Ending };
        let settings = &self.receiver.settings;
        // During a transfer nothing need be said.
        let idle = match self.transfer {
            Some(_) => settings.idle.max(settings.max_transfer.saturating_mul(2)),
            None => settings.idle,
        };
        tokio::select! {
            // That the control connection broke must be known before the data connection's end.
            biased;
            read = timeout(idle, wire.read_with_urgent(&self.receiver.command_buffers)) => match read {
                Ok(chunk) => {
                    presence.heard();
                    Ok(Event::Heard(chunk?))
                }
                Err(_) => {
                    self.session.idle();
                    Ok(Event::Told)
                }
            },
            outcome = ended(&mut self.transfer) => Ok(Event::TransferEnded(outcome)),
            never = passive::advance(&mut self.data_port.passive, protection, &context) => match never {},
            () = presence.gives_way() => Err(Break::GivesWay),
            () = self.shutdown.reached(next_phase) => {
                if ending {
                    return Err(Break::Over);
                }
                self.session.shut_down();
                Ok(Event::Told)
            }
        }
    }

    async fn handle(&mut self, mut input: &[u8]) -> Result<(), Break> {
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
        self.receiver.trees.weigh(&self.tree);
        Ok(())
    }

    /// Does what the session wants. Where that waits for something, the turn is over.
    async fn perform(&mut self, step: Step) -> Result<(), Break> {
        match step {
            Step::Reply(reply) => self.reply(&reply),
            Step::Lines(lines) => self.control.say_lines(&lines),
            Step::Heard(line) => {
                self.refusals.heard(&line);
                self.control.record.heard(&line);
                tracing::debug!(peer = %self.control.peer, line, "The device said.")
            }
            Step::Authenticate { user, password } => self.authenticate(user, password).await,
            Step::Passive => {
                self.commands.pause();
                self.listen().await;
            }
            Step::Foreign(address) => self.consider(address),
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
                if self.receiver.under_way.has(&self.tree, &path) {
                    self.commands.pause();
                    self.receiver.under_way.wait(&self.tree, &path).await;
                }
                self.session.upload_awaited();
            }
            Step::StartTls => {
                self.commands.pause();
                self.control.encrypt(Alpn::Ftp).await?;
                self.session.tls_started();
            }
            Step::Close => return Err(Break::Closed),
        }
        Ok(())
    }

    async fn authenticate(&mut self, user: String, password: String) {
        self.commands.pause();
        let credentials = Credentials::Plain { user: user.clone(), password };
        let Receiver { entrance, doorkeeper, .. } = self.receiver;
        let Control { peer, record, presence, .. } = &self.control;
        let peer = *peer;
        let admission = entrance.admission(doorkeeper, peer, &credentials, presence).await;
        let (admission, owner) = match admission {
            Some(Admission::Proven) => {
                self.commands.is_known();
                (Admission::Proven, Owner::Known)
            }
            Some(other @ (Admission::Shared | Admission::Unproven)) => (other, Owner::At(peer)),
            Some(Admission::Refused) => {
                let user_known = doorkeeper.knows_user(&user);
                record.trouble(Trouble::LoginRefused { user, user_known });
                return self.session.login_refused();
            }
            None => {
                record.trouble(Trouble::LoginTooSoon);
                return self.session.login_deferred();
            }
        };
        // What a device uploaded is shown to itself: to whoever has its password, or its login and address.
        self.tree = trees::name(&user, admission, peer);
        self.control.record.logged_in(&user);
        if admission.is_wrong(|| self.receiver.doorkeeper.knows_user(&user)) {
            self.control.record.note(WRONG_PASSWORD);
        }
        self.proof = admission.proof();
        self.login = Some(user).filter(|user| !user.is_empty());
        let tree = self.receiver.trees.of(&self.tree, owner).await;
        self.session.login_accepted(tree);
    }

    /// A refusal is noted before it is said, so that it is known when the device hangs up on it.
    fn reply(&mut self, reply: &Reply) {
        match self.refusals.answered(reply.code(), self.session.logged_in()) {
            Change::Refused(trouble) => {
                self.data_port.is_explained = true;
                self.control.record.refused(trouble);
            }
            Change::MadeGood => self.control.record.made_good(),
            Change::None => {}
        }
        self.control.say(reply);
    }
}
