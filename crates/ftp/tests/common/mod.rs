//! A shell without a socket: does what a session asks, and writes down what that was.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tipoff_ftp::{
    CommandRefusal, DataMode, DownloadSource, FilePath, Profile, Protection, Session, SharedTree,
    Step, TransferFailure, TransferOutcome, UploadMode, UploadRequest, UploadedFile,
};
use tipoff_model::{ArrivalId, Timestamp};
use tipoff_testkit::dialog::{Line, escape};

/// When every file was uploaded: 2026-10-05 13:46:40 UTC.
const MODIFIED: Timestamp = Timestamp(1_791_208_000_000);

/// The answers to give, each in its turn; when there are none left, good ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    pub(crate) login: VecDeque<bool>,
    pub(crate) passive: VecDeque<bool>,
    /// Whether addresses that are not the client's are allowed.
    pub(crate) foreign: bool,
}

pub(crate) struct Shell {
    pub(crate) session: Session,
    pub(crate) happened: Vec<Line>,
    /// The refusal that is open.
    pub(crate) refusal: Option<CommandRefusal>,
    profile: Arc<Profile>,
    peer: IpAddr,
    tls: bool,
    tree: SharedTree,
    answers: Answers,
    /// What the transfer under way adds to; none: there is no upload.
    transfer: Option<Option<UploadMode>>,
    arrivals: i64,
    ports: u16,
}

impl Shell {
    pub(crate) fn new(profile: Profile, peer: IpAddr, tls: bool, answers: Answers) -> Self {
        let profile = Arc::new(profile);
        let mut shell = Self {
            session: Session::new(Arc::clone(&profile), peer, tls),
            happened: Vec::new(),
            refusal: None,
            profile,
            peer,
            tls,
            tree: SharedTree::default(),
            answers,
            transfer: None,
            arrivals: 0,
            ports: 0,
        };
        shell.push(&[]);
        shell
    }

    /// The connection ends, and the device comes again.
    pub(crate) fn again(&mut self) {
        self.session.gone();
        self.transfer = None;
        self.session = Session::new(Arc::clone(&self.profile), self.peer, self.tls);
        self.push(&[]);
    }

    /// Does all that comes of these bytes. Until TLS has started, what is behind AUTH is lost.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.session.waiting() {
            return;
        }
        let mut input = bytes;
        // Every step comes of a line or an answer that led to a few; lines may have been held.
        let mut steps_left = 200_000 + 8 * bytes.len();
        while let Some(step) = self.session.next_step(&mut input) {
            self.perform(step);
            steps_left = steps_left.checked_sub(1).expect("the session comes to an end");
        }
        assert!(input.is_empty(), "what was pushed is taken or discarded");
    }

    /// The transfer under way ends.
    pub(crate) fn end_transfer(&mut self, ending: Ending) {
        let Some(upload) = self.transfer.take() else { return };
        let file = |size: Option<u64>, shell: &mut Self| {
            let arrival = match upload {
                Some(UploadMode::Append(file)) => file.arrival,
                _ => {
                    shell.arrivals += 1;
                    ArrivalId(shell.arrivals)
                }
            };
            let file = |size| UploadedFile { arrival, size, modified: MODIFIED, may_grow: false };
            size.filter(|_| upload.is_some()).map(file)
        };
        let outcome = match ending {
            Ending::Done(size) => {
                file(Some(size), self).map_or(TransferOutcome::Sent, TransferOutcome::Stored)
            }
            Ending::Failed(failure, kept) => TransferOutcome::Failed(failure, file(kept, self)),
        };
        self.session.transfer_ended(outcome);
        self.push(&[]);
    }

    fn perform(&mut self, step: Step) {
        let said = match &step {
            Step::Reply(reply) => Some(&**reply),
            Step::Lines(lines) => Some(lines.as_slice()),
            _ => None,
        };
        if let Some(said) = said {
            assert!(said.ends_with(b"\r\n"));
            for line in said.split_inclusive(|byte| *byte == b'\n') {
                let line = line.strip_suffix(b"\r\n").expect("a line ends with CRLF");
                self.happened.push(Line::Server(match std::str::from_utf8(line) {
                    Ok(line) => line.to_owned(),
                    Err(_) => escape(line),
                }));
            }
            return;
        }
        match step {
            Step::AwaitUpload(_) => return self.session.upload_awaited(),
            Step::Refused(refusal) => return self.refusal = Some(refusal),
            Step::RefusalSettled => return self.refusal = None,
            _ => {}
        }
        self.happened.push(Line::Deed(name(&step)));
        match step {
            Step::Authenticate { .. } => match self.answers.login.pop_front() {
                Some(false) => self.session.login_refused(),
                Some(true) | None => self.session.login_accepted(Arc::clone(&self.tree)),
            },
            Step::Passive => {
                let free = self.answers.passive.pop_front().unwrap_or(true);
                let local = if self.peer.is_ipv4() { "192.168.1.10" } else { "fe80::10" };
                let address = SocketAddr::new(local.parse().unwrap(), 50_000 + self.ports);
                self.ports += 1;
                self.session.passive(free.then_some(address));
            }
            Step::Foreign(_) => self.session.foreign(self.answers.foreign),
            Step::Receive(UploadRequest { mode, .. }) => self.begin(Some(mode)),
            Step::Send(_) => self.begin(None),
            Step::Abort => assert!(self.transfer.is_some(), "there is something to abort"),
            Step::Rename { .. } => self.session.renamed(),
            Step::Reply(_)
            | Step::Lines(_)
            | Step::AwaitUpload(_)
            | Step::Refused(_)
            | Step::RefusalSettled
            | Step::Transcript(_)
            | Step::StartTls
            | Step::Close => {}
        }
    }

    fn begin(&mut self, upload: Option<UploadMode>) {
        assert!(self.transfer.replace(upload).is_none(), "one transfer at a time");
    }
}

/// How a transfer ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// Whole; an upload is as large as this.
    Done(u64),
    /// It failed; so much was kept of an upload.
    Failed(TransferFailure, Option<u64>),
}

fn name(step: &Step) -> String {
    match step {
        Step::Reply(_)
        | Step::Lines(_)
        | Step::AwaitUpload(_)
        | Step::Refused(_)
        | Step::RefusalSettled => unreachable!("it is no deed"),
        Step::Transcript(line) => format!("heard {line}"),
        Step::Authenticate { user, password } => format!("login user={user} password={password}"),
        Step::Passive => "passive".to_owned(),
        Step::Foreign(address) => format!("foreign {address}"),
        Step::StartTls => "start-tls".to_owned(),
        Step::Receive(receive) => {
            let how = match receive.mode {
                UploadMode::New => "new".to_owned(),
                UploadMode::Append(file) => {
                    format!("append arrival={} size={}", file.arrival, file.size)
                }
                UploadMode::Within { file, offset } => {
                    format!("within arrival={} offset={offset}", file.arrival)
                }
            };
            let connection = connection(receive.data, receive.protection);
            format!("receive {} {how} {connection}", shown(&receive.path))
        }
        Step::Send(send) => {
            let what = match &send.source {
                DownloadSource::Listing(listing) => {
                    let mut listing = listing.clone();
                    let pieces: Vec<_> = std::iter::from_fn(|| listing.next_piece()).collect();
                    format!("listing {}", escape(&pieces.concat()))
                }
                DownloadSource::File { file, offset } => {
                    format!("file arrival={} offset={offset}", file.arrival)
                }
            };
            format!("send {} {what}", connection(send.data, send.protection))
        }
        Step::Abort => "abort".to_owned(),
        Step::Rename { arrival, path } => format!("rename arrival={arrival} {}", shown(path)),
        Step::Close => "close".to_owned(),
    }
}

fn connection(data: DataMode, protection: Protection) -> String {
    let data = match data {
        DataMode::Passive => "passive".to_owned(),
        DataMode::Active(address) => format!("active={address}"),
    };
    let protection = match protection {
        Protection::Clear => "clear",
        Protection::Declined => "declined",
        Protection::Private => "private",
        Protection::Unspecified => "untold",
    };
    format!("{data} {protection}")
}

fn shown(path: &FilePath) -> String {
    path.to_string()
}
