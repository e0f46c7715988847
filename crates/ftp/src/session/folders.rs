//! Folders and names in the device's own tree. Nothing here reaches what is stored.

use tipoff_model::Timestamp;

use super::Session;
use super::state::{Home, State};
use crate::command::{self, Command};
use crate::listing::{self, Form};
use crate::path::FilePath;
use crate::profile::MissingFolder;
use crate::reply::{self, Reply};
use crate::step::Step;
use crate::tree::{File, Found};

/// A folder that was refused so often in one session is made.
const REFUSALS_MAX: u32 = 2;

impl Session {
    /// What a path means where the client is; `None` if it has not logged in.
    pub(super) fn path(&self, given: &[u8]) -> Option<FilePath> {
        self.client.home.as_ref().map(|home| home.folder.join(given))
    }

    /// The file that a command wants to find as an upload has left it: another session of the device may just have
    /// ended one. `None` for other commands, and before the login.
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

    pub(super) fn find(&self, path: &FilePath) -> Found {
        self.client.home.as_ref().map_or(Found::Nothing, |home| home.tree().find(path))
    }

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

    pub(super) fn tell_folder(&mut self) {
        let folder = self.client.home.as_ref().map(|home| home.folder.clone());
        self.reply(reply::folder(&folder.unwrap_or_default(), "is the folder"));
    }

    /// One that is there already is made as well: cameras do not look before. A file in its place goes out of sight:
    /// who is refused a folder may give up the upload into it.
    pub(super) fn make_folder(&mut self, given: &[u8]) {
        let Some(path) = self.path(given) else { return };
        let Some(home) = &mut self.client.home else { return };
        home.tree().make_folder(&path);
        home.made_folder = true;
        self.reply(reply::folder(&path, "is made"));
    }

    /// Out of the device's sight; what is stored stays.
    pub(super) fn remove(&mut self, given: &[u8]) {
        let Some(path) = self.path(given) else { return };
        if let Some(home) = &self.client.home {
            home.tree().remove(&path);
        }
        self.reply(reply::DONE);
    }

    pub(super) fn rename_from(&mut self, given: &[u8]) {
        let Some(path) = self.path(given) else { return };
        if self.find(&path) == Found::Nothing {
            return self.reply(reply::NOT_THERE);
        }
        self.client.rename = Some(path);
        self.reply(reply::RENAME_TO);
    }

    pub(super) fn rename_to(&mut self, given: &[u8]) {
        let Some(from) = self.client.rename.take() else {
            return self.reply(reply::BAD_SEQUENCE);
        };
        let Some(to) = self.path(given) else { return };
        let found = self.find(&from);
        let renamed = self.client.home.as_ref().is_some_and(|home| home.tree().rename(&from, &to));
        match found {
            _ if !renamed => self.reply(reply::BAD_NAME),
            Found::File(file) => {
                self.due.push_back(Step::Rename { arrival: file.arrival, path: to });
                self.state = State::RenameAsked;
            }
            _ => self.reply(reply::DONE),
        }
    }

    pub(super) fn size(&mut self, given: &[u8]) {
        self.tell_of_file(given, |file| reply::size(file.size));
    }

    /// MDTM; and the MDTM of old clients that sets a time: `20261005140320 x.jpg`.
    pub(super) fn modified(&mut self, argument: &[u8]) {
        let is_name = |session: &Self| {
            let home = session.client.home.as_ref();
            let path = home.map(|home| home.folder.join(argument));
            path.is_some_and(|path| session.find(&path) != Found::Nothing)
        };
        match timed(argument) {
            Some((time, path)) if !is_name(self) => {
                self.put_time(time, path);
                self.tell_of_file(path, reply::modified);
            }
            _ => self.tell_of_file(argument, reply::modified),
        }
    }

    /// MFMT (draft-somers-ftp-mfxx, section 3): the time is what the device is told from then on. What is
    /// stored has the time of receipt.
    pub(super) fn set_time(&mut self, argument: &[u8]) {
        let Some((time, given)) = timed(argument) else {
            return self.reply(reply::BAD_ARGUMENT);
        };
        self.put_time(time, given);
        let Some(path) = self.path(given) else { return };
        self.tell_of_file(given, |file| reply::time_set(file, &path));
    }

    /// Shows a file with this time, if it is there.
    fn put_time(&self, modified: Timestamp, given: &[u8]) {
        let Some(home) = &self.client.home else { return };
        let path = home.folder.join(given);
        let mut tree = home.tree();
        if let Found::File(file) = tree.find(&path) {
            tree.put(&path, File { modified, ..file });
        }
    }

    fn tell_of_file(&mut self, given: &[u8], told: impl FnOnce(File) -> Reply) {
        let Some(path) = self.path(given) else { return };
        match self.find(&path) {
            Found::File(file) => self.reply(told(file)),
            Found::Folder | Found::Nothing => self.reply(reply::NOT_THERE),
        }
    }

    pub(super) fn facts(&mut self, given: &[u8]) {
        let Some(path) = self.path(given) else { return };
        match self.find(&path) {
            Found::Nothing => self.reply(reply::NOT_THERE),
            Found::Folder => self.reply(reply::facts(&path, None)),
            Found::File(file) => self.reply(reply::facts(&path, Some(file))),
        }
    }

    /// STAT with a path: a listing over the control connection.
    pub(super) fn status(&mut self, argument: &[u8]) {
        let Some(path) = self.path(command::without_options(argument)) else { return };
        let Some(home) = &self.client.home else { return };
        let listing = home.listing(path, Form::Long);
        self.reply(reply::STATUS_BEGINS);
        self.state = State::Telling(listing);
    }

    /// Rights of files are nothing that could be changed, and it is no fault to try.
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

/// `20261005140320 x.jpg`, perhaps with a fraction or a time zone behind the digits, which do not count.
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

/// A folder that is missing is refused, so that the camera makes it. Some make each level where they stand, and
/// then want the whole path: whoever has tried is let in. Others give up: the folder is made at their third try,
/// and from the next session on at the first.
fn may_enter(home: &mut Home, path: &FilePath, missing: MissingFolder) -> bool {
    let (found, hides_a_file, is_expected) = {
        let tree = home.tree();
        (tree.find(path), tree.hides_a_file(path), tree.expects_folders())
    };
    match missing {
        _ if found == Found::Folder => true,
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
