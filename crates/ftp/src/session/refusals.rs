//! Follows which commands were refused, and whether the device got what it wanted in another way.
//!
//! `session.rs` passes each command and each reply. A refusal stays open until a later command succeeds in the same
//! matter: EPSV after a refused EPRT, MKD after a refused CWD. Only an open refusal explains why a device gave up.

use crate::command::Command;
use crate::refusal::{CommandRefusal, RefusalCause};
use crate::reply::{self, FtpReply};
use crate::step::Step;

/// Characters of a refused command that are kept.
const COMMAND_CHARS_MAX: usize = 80;

/// The code of a reply to a complete transfer (RFC 959, section 4.2.2).
const TRANSFER_COMPLETE: u16 = 226;

/// The refusals of one session.
#[derive(Default)]
pub(super) struct Refusals {
    /// The command that the next reply answers.
    latest: Latest,
    /// The matter of the latest refusal, unless the device got what it wanted since.
    open: Option<Matter>,
}

/// A command that is being answered.
#[derive(Default)]
struct Latest {
    /// The command line, cut, with its secrets masked.
    line: String,
    matter: Matter,
    /// Whether its refusal counts before the login too. Others are guesses and scans there.
    sets_up_encryption: bool,
}

/// What a command sets up or asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Matter {
    /// Where data connections go.
    DataConnection,
    /// Folders.
    Folder,
    /// An upload and its name.
    Upload,
    /// How files are sent.
    TransferMode,
    /// Encryption.
    Encryption,
    /// Nothing: QUIT, NOOP and ABOR. Their success settles no refusal.
    Nothing,
    /// Anything else, such as a query.
    #[default]
    Other,
}

impl Matter {
    const fn of(command: &Command<'_>) -> Self {
        match command {
            Command::Port(_) | Command::Eprt(_) | Command::Pasv | Command::Epsv(_) => {
                Self::DataConnection
            }
            Command::Cwd(_) | Command::Cdup | Command::Mkd(_) => Self::Folder,
            Command::Stor(_) | Command::Stou(_) | Command::Appe(_) | Command::Rnto(_) => {
                Self::Upload
            }
            Command::Type(_) | Command::Stru(_) | Command::Mode(_) => Self::TransferMode,
            Command::Prot(_) | Command::Pbsz(_) | Command::Ccc => Self::Encryption,
            Command::Quit | Command::Noop | Command::Abor => Self::Nothing,
            _ => Self::Other,
        }
    }

    /// The cause of a refusal in this matter, where the reply does not name a closer one.
    const fn cause(self) -> RefusalCause {
        match self {
            Self::DataConnection => RefusalCause::DataConnection,
            Self::Folder => RefusalCause::Folder,
            Self::Upload => RefusalCause::FileName,
            Self::TransferMode => RefusalCause::TransferMode,
            Self::Encryption => RefusalCause::Encryption,
            Self::Nothing | Self::Other => RefusalCause::Other,
        }
    }
}

impl Refusals {
    /// Takes the next command. `line` is what the transcript shows of it.
    pub(super) fn received(&mut self, line: &str, command: &Command<'_>) {
        self.latest = Latest {
            line: line.chars().take(COMMAND_CHARS_MAX).collect(),
            matter: Matter::of(command),
            sets_up_encryption: matches!(
                command,
                Command::Auth(_) | Command::Prot(_) | Command::Pbsz(_)
            ),
        };
    }

    /// The step that comes before this reply to the latest command; `None` if the reply changes nothing.
    pub(super) fn replied(&mut self, reply: &FtpReply, logged_in: bool) -> Option<Step> {
        let matter = self.latest.matter;
        match reply.code() {
            code @ 200..=399 if self.is_settled_by(matter, code) => {
                self.open = None;
                Some(Step::RefusalSettled)
            }
            // The caller knows of these: it has refused the login, and it has ended the transfer.
            _ if *reply == reply::WRONG_LOGIN || *reply == reply::TOO_BIG => None,
            _ if *reply == reply::LOG_IN => {
                Some(Step::Refused(self.refusal(RefusalCause::LoginMissing, reply)))
            }
            // A refused PORT or EPRT explains the missing connection better.
            425 if self.open.is_none() => {
                self.open = Some(Matter::DataConnection);
                Some(Step::Refused(self.refusal(RefusalCause::DataConnection, reply)))
            }
            500.. if logged_in || self.latest.sets_up_encryption => {
                let is_resumed = matter == Matter::Upload && *reply == reply::BAD_OFFSET;
                let cause = if is_resumed { RefusalCause::ResumeOffset } else { matter.cause() };
                Some(self.refused(cause, reply))
            }
            _ => None,
        }
    }

    /// The step that comes before a reply which refuses the latest command for this cause.
    pub(super) fn refused(&mut self, cause: RefusalCause, reply: &FtpReply) -> Step {
        self.open = Some(self.latest.matter);
        Step::Refused(self.refusal(cause, reply))
    }

    fn refusal(&self, cause: RefusalCause, reply: &FtpReply) -> CommandRefusal {
        CommandRefusal { cause, command: self.latest.line.clone(), code: reply.code() }
    }

    /// Whether success in this matter settles the open refusal. Any command settles a refused query; anything else
    /// is settled by the same matter, or by a complete transfer.
    fn is_settled_by(&self, matter: Matter, code: u16) -> bool {
        match self.open {
            _ if matter == Matter::Nothing => false,
            None => false,
            Some(Matter::Other | Matter::Nothing) => true,
            Some(open) => open == matter || code == TRANSFER_COMPLETE,
        }
    }
}
