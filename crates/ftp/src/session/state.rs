//! The states of a session: each holds what is true in it and nothing else.
//! How one leads to another is not told here.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, MutexGuard, PoisonError};

use crate::listing::{Form, Listing};
use crate::path::FilePath;
use crate::step::{DataMode, Protection};
use crate::tree::{File, Found, SharedTree, Tree};

/// Refused folders that are remembered until the end of the session.
const REFUSED_MAX: usize = 16;

pub(super) enum State {
    /// Nothing has been said.
    New,
    /// A command is awaited.
    Command,
    /// The shell is asked for a login.
    LoginAsked,
    /// The shell is asked to listen.
    PassiveAsked { extended: bool },
    /// The shell is asked whether it may connect to an address that is not the client's.
    ForeignAsked(SocketAddr),
    /// The shell encrypts.
    TlsAsked,
    /// The shell notes a new name.
    RenameAsked,
    /// The shell waits for the end of an upload that this command line is about.
    UploadAwaited { line: Vec<u8> },
    /// The answer to STAT goes on.
    Telling(Listing),
    /// The shell sends or receives.
    Transfer(Transfer),
    /// Everything has been said.
    Closed,
}

/// A transfer that is under way.
pub(super) struct Transfer {
    /// The name of the file that is uploaded.
    pub(super) upload: Option<FilePath>,
    /// The file that was at its path when it began.
    pub(super) earlier: Option<File>,
    /// Whether ABOR was said.
    pub(super) aborted: bool,
}

/// What is known of the client. TLS makes it a stranger again.
pub(super) struct Client {
    pub(super) peer: IpAddr,
    pub(super) tls: bool,
    pub(super) user: Option<String>,
    pub(super) home: Option<Home>,
    /// What PROT said, if it did.
    pub(super) protection: Option<Protection>,
    pub(super) data: Option<DataMode>,
    pub(super) only_epsv: bool,
    /// Where the next transfer begins.
    pub(super) offset: u64,
    /// What the next RNTO renames.
    pub(super) rename: Option<FilePath>,
}

/// Where a client is that has logged in.
pub(super) struct Home {
    tree: SharedTree,
    pub(super) folder: FilePath,
    /// Missing folders that it wanted to enter since it uploaded anything, and how often.
    pub(super) refused: Vec<(FilePath, u32)>,
    /// Whether it has made a folder since.
    pub(super) made_folder: bool,
    /// Listings show what was written to after this turn of the tree.
    since: u64,
}

impl Client {
    pub(super) fn new(peer: IpAddr, tls: bool) -> Self {
        Self {
            peer,
            tls,
            user: None,
            home: None,
            protection: None,
            data: None,
            only_epsv: false,
            offset: 0,
            rename: None,
        }
    }

    /// How the next data connection is protected.
    pub(super) fn protection(&self) -> Protection {
        let untold = if self.tls { Protection::Untold } else { Protection::Clear };
        self.protection.unwrap_or(untold)
    }

    /// The data connection of the next transfer. The address of PORT holds for those behind it too;
    /// a port that was listened on does not.
    pub(super) fn take_data(&mut self) -> Option<DataMode> {
        match self.data {
            Some(DataMode::Active(_)) => self.data,
            _ => self.data.take(),
        }
    }

    /// Whether an address is the client's own.
    pub(super) fn owns(&self, address: SocketAddr) -> bool {
        address.ip().to_canonical() == self.peer.to_canonical()
    }
}

impl Home {
    /// Where it may not `read`, it sees what came since its login: some devices look whether an upload is there.
    pub(super) fn new(tree: SharedTree, read: bool) -> Self {
        let folder = FilePath::ROOT;
        let mut home = Self { tree, folder, refused: Vec::new(), made_folder: false, since: 0 };
        home.since = if read { 0 } else { home.tree().turn() };
        home
    }

    /// What is at a path of the tree.
    pub(super) fn listing(&self, path: FilePath, form: Form) -> Listing {
        Listing::new(Arc::clone(&self.tree), path, form, self.since)
    }

    pub(super) fn tree(&self) -> MutexGuard<'_, Tree> {
        // A tree is whole after every call.
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows what was kept of an upload that began when `earlier` was at its path. What is left of one that broke
    /// off does not take the place of a whole or longer file that another session has put there since: a
    /// connection that hangs is known to be broken only long after the second try.
    pub(super) fn show(&self, path: &FilePath, file: File, earlier: Option<File>, is_whole: bool) {
        let mut tree = self.tree();
        if let Found::File(now) = tree.find(path)
            && !is_whole
            && earlier.is_none_or(|it| (it.arrival, it.size) != (now.arrival, now.size))
            && (!now.may_grow || now.size >= file.size)
        {
            return;
        }
        tree.put(path, file);
    }

    /// Remembers a folder that was missing; how often it was refused before.
    pub(super) fn refuse(&mut self, folder: &FilePath) -> u32 {
        if let Some((_, count)) = self.refused.iter_mut().find(|(refused, _)| refused == folder) {
            let before = *count;
            *count = count.saturating_add(1);
            return before;
        }
        if self.refused.len() < REFUSED_MAX {
            self.refused.push((folder.clone(), 1));
        }
        0
    }
}
