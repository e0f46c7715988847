//! Commands about folders and names in the device's own tree.
//!
//! They change only what the device sees: a stored file is never deleted or overwritten (a device can only add). The
//! one thing that reaches the spool is a new name ([`Step::Rename`]), because alerts show it.

use tipoff_model::Timestamp;

use super::Session;
use super::state::{Home, SessionState};
use crate::command::{self, Command};
use crate::listing::{self, ListingForm};
use crate::path::FilePath;
use crate::profile::MissingFolder;
use crate::reply::{self, FtpReply};
use crate::step::Step;
use crate::tree::{Lookup, UploadedFile};

/// Refusals of one folder in one session after which it is made.
const REFUSALS_MAX: u32 = 2;

impl Session {
    /// The absolute path of `given` in the client's current folder; `None` before the login.
    pub(super) fn path(&self, given: &[u8]) -> Option<FilePath> {
        self.client.home.as_ref().map(|home| home.folder.join(given))
    }

    /// The file that a command refers to, which another session of the device may just be uploading. `None` for commands
    /// that refer to no file, and before the login.
    pub(super) fn file_asked_for(&self, command: &Command<'_>) -> Option<FilePath> {
        let given = match command {
            Command::Rnfr(path)
            | Command::Size(path)
            | Command::Dele(path)
            | Command::Mlst(path)
            | Command::Retr(path)
            | Command::Appe(path) => path,
            Command::Mdtm(argument) | Command::Mfmt(argument) => {
                timed(argument).map_or(*argument, |(_, path)| path)
            }
            Command::Stor(path) if self.client.offset > 0 => path,
            _ => return None,
        };
        self.path(given).filter(|path| !path.is_root())
    }

    /// What is at the path; nothing before the login.
    pub(super) fn find(&self, path: &FilePath) -> Lookup {
        self.client.home.as_ref().map_or(Lookup::Nothing, |home| home.tree().find(path))
    }

    /// CWD and CDUP.
    pub(super) fn enter(&mut self, given: &[u8]) {
        let Some(path) = self.path(given) else { return };
        let missing = self.profile.missing_folder;
        let Some(home) = &mut self.client.home else { return };
        if may_enter(home, &path, missing) {
            home.tree().make_folder(&path);
            home.folder = path;
            self.reply(reply::DONE);
        } else {
            self.reply(reply::NOT_THERE);
        }
    }

    /// PWD.
    pub(super) fn working_folder(&mut self) {
        let folder = self.client.home.as_ref().map(|home| home.folder.clone());
        self.reply(reply::folder(&folder.unwrap_or_default(), "is the folder"));
    }

    /// MKD. Succeeds also for a folder that exists: cameras do not look before. A file in its place is replaced in the
    /// view, because a device that is refused the folder may give up the upload into it.
    pub(super) fn make_folder(&mut self, given: &[u8]) {
        let Some(path) = self.path(given) else { return };
        let Some(home) = &mut self.client.home else { return };
        home.tree().make_folder(&path);
        home.made_folder = true;
        self.reply(reply::folder(&path, "is made"));
    }

    /// DELE and RMD. Succeed in any case; what is stored stays.
    pub(super) fn remove(&mut self, given: &[u8]) {
        let Some(path) = self.path(given) else { return };
        if let Some(home) = &self.client.home {
            home.tree().remove(&path);
        }
        self.reply(reply::DONE);
    }

    /// RNFR. The RNTO behind it does the work.
    pub(super) fn rename_from(&mut self, given: &[u8]) {
        let Some(path) = self.path(given) else { return };
        if self.find(&path) == Lookup::Nothing {
            return self.reply(reply::NOT_THERE);
        }
        self.client.rename = Some(path);
        self.reply(reply::RENAME_TO);
    }

    /// RNTO. The new name of a file reaches the spool; that of a folder stays in the view.
    pub(super) fn rename_to(&mut self, given: &[u8]) {
        let Some(from) = self.client.rename.take() else {
            return self.reply(reply::BAD_SEQUENCE);
        };
        let Some(to) = self.path(given) else { return };
        let found = self.find(&from);
        let renamed = self.client.home.as_ref().is_some_and(|home| home.tree().rename(&from, &to));
        match found {
            _ if !renamed => self.reply(reply::BAD_NAME),
            Lookup::File(file) => {
                self.due.push_back(Step::Rename { arrival: file.arrival, path: to });
                self.state = SessionState::RenameAsked;
            }
            _ => self.reply(reply::DONE),
        }
    }

    /// SIZE (RFC 3659, section 4).
    pub(super) fn size(&mut self, given: &[u8]) {
        self.reply_about_file(given, |file| reply::size(file.size));
    }

    /// MDTM (RFC 3659, section 3), and the MDTM of old clients that sets a time: `20261005140320 x.jpg`. A file of that
    /// name is asked for, not set.
    pub(super) fn modified(&mut self, argument: &[u8]) {
        let is_name = |session: &Self| {
            let home = session.client.home.as_ref();
            let path = home.map(|home| home.folder.join(argument));
            path.is_some_and(|path| session.find(&path) != Lookup::Nothing)
        };
        match timed(argument) {
            Some((time, path)) if !is_name(self) => {
                self.put_time(time, path);
                self.reply_about_file(path, reply::modified);
            }
            _ => self.reply_about_file(argument, reply::modified),
        }
    }

    /// MFMT (draft-somers-ftp-mfxx, section 3). The device sees this time from then on; the arrival keeps the time of
    /// receipt, because cameras' clocks are wrong.
    pub(super) fn set_time(&mut self, argument: &[u8]) {
        let Some((time, given)) = timed(argument) else {
            return self.reply(reply::BAD_ARGUMENT);
        };
        self.put_time(time, given);
        let Some(path) = self.path(given) else { return };
        self.reply_about_file(given, |file| reply::time_set(file, &path));
    }

    /// Sets the time of a file in the view, if there is one.
    fn put_time(&self, modified: Timestamp, given: &[u8]) {
        let Some(home) = &self.client.home else { return };
        let path = home.folder.join(given);
        let mut tree = home.tree();
        if let Lookup::File(file) = tree.find(&path) {
            tree.put(&path, UploadedFile { modified, ..file });
        }
    }

    /// Replies with `answer` for the file at the path, or refuses.
    fn reply_about_file(&mut self, given: &[u8], answer: impl FnOnce(UploadedFile) -> FtpReply) {
        let Some(path) = self.path(given) else { return };
        match self.find(&path) {
            Lookup::File(file) => self.reply(answer(file)),
            Lookup::Folder | Lookup::Nothing => self.reply(reply::NOT_THERE),
        }
    }

    /// MLST (RFC 3659, section 7).
    pub(super) fn facts(&mut self, given: &[u8]) {
        let Some(path) = self.path(given) else { return };
        match self.find(&path) {
            Lookup::Nothing => self.reply(reply::NOT_THERE),
            Lookup::Folder => self.reply(reply::facts(&path, None)),
            Lookup::File(file) => self.reply(reply::facts(&path, Some(file))),
        }
    }

    /// STAT with a path: a listing over the control connection.
    pub(super) fn status(&mut self, argument: &[u8]) {
        let Some(path) = self.path(command::without_options(argument)) else { return };
        let Some(home) = &self.client.home else { return };
        let listing = home.listing(path, ListingForm::Long);
        self.reply(reply::STATUS_BEGINS);
        self.state = SessionState::SendingStatus(listing);
    }

    /// SITE. UTIME sets a time. CHMOD and its like succeed without an effect: there are no rights to change.
    pub(super) fn site(&mut self, argument: &[u8]) {
        if let Some((time, path)) = utime(argument) {
            self.put_time(time, path);
        }
        let word = argument.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        self.reply(match word.to_ascii_uppercase().as_slice() {
            b"CHMOD" | b"UTIME" | b"UMASK" | b"IDLE" => reply::OK,
            b"HELP" => reply::HELP,
            _ => reply::NOT_THIS,
        });
    }
}

/// A time and a path: `20261005140320 x.jpg`. A fraction or a time zone behind the digits is ignored.
fn timed(argument: &[u8]) -> Option<(Timestamp, &[u8])> {
    let end = argument.iter().position(|byte| *byte == b' ')?;
    let (time, path) = argument.split_at_checked(end)?;
    Some((listing::read_time(time)?, path.trim_ascii_start()))
}

/// `UTIME 20261005140320 x.jpg`, or `UTIME x.jpg ACCESSED MODIFIED CREATED UTC`.
fn utime(argument: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (word, rest) = argument.split_at_checked(b"UTIME ".len())?;
    if !word.eq_ignore_ascii_case(b"UTIME ") {
        return None;
    }
    if let Some(timed) = timed(rest) {
        return Some(timed);
    }
    let mut words = rest.rsplitn(5, |byte| *byte == b' ');
    let (zone, _created, modified) = (words.next()?, words.next()?, words.next()?);
    let (_accessed, path) = (words.next()?, words.next()?);
    let is_utc = zone.eq_ignore_ascii_case(b"UTC");
    Some((listing::read_time(modified).filter(|_| is_utc)?, path))
}

/// Whether CWD succeeds; the folder is then made if it is missing.
///
/// A missing folder is refused, so that the camera makes it. Some cameras make each level where they are, and then
/// enter the whole path: after the first MKD of a session a second try succeeds. Others give up: for them the folder
/// is made at their third try, and from the next session on at the first.
fn may_enter(home: &mut Home, path: &FilePath, missing: MissingFolder) -> bool {
    let (found, hides_a_file, is_expected) = {
        let tree = home.tree();
        (tree.find(path), tree.hides_a_file(path), tree.expects_folders())
    };
    match missing {
        _ if found == Lookup::Folder => true,
        _ if hides_a_file => false,
        MissingFolder::Create => true,
        MissingFolder::Refuse => false,
        MissingFolder::Learn if is_expected => true,
        MissingFolder::Learn => {
            let refusals = home.refuse(path);
            refusals > 0 && home.made_folder || refusals >= REFUSALS_MAX
        }
    }
}
