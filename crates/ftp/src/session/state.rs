//! The states of a session. Each contains what is true in it and nothing else; `session.rs` has the transitions.
//!
//! Besides the state there is what the client has said about itself ([`Client`]) and, after its login, where it is in
//! which tree ([`Home`]).

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, MutexGuard};

use crate::listing::{Listing, ListingForm};
use crate::path::FilePath;
use crate::step::{DataMode, Protection};
use crate::tree::{self, Lookup, SharedTree, Tree, UploadedFile};

/// Number of refused folders that are remembered until the end of the session.
const REFUSED_MAX: usize = 16;

/// What the session waits for, or does.
pub(super) enum SessionState {
    /// The greeting is not sent yet.
    New,
    /// A command is awaited.
    Command,
    /// The caller checks a login.
    LoginAsked,
    /// The caller opens a listener.
    PassiveAsked { extended: bool },
    /// The caller decides whether to connect to an address that is not the client's.
    ForeignAsked(SocketAddr),
    /// The caller encrypts.
    TlsAsked,
    /// The caller stores a new name.
    RenameAsked,
    /// The caller waits for the end of an upload that this command line refers to. The command is executed then.
    UploadAwaited { line: Vec<u8> },
    /// The reply to STAT is not complete yet.
    SendingStatus(Listing),
    /// The caller sends or receives.
    Transfer(Transfer),
    /// The session has ended.
    Closed,
}

/// A transfer in progress.
pub(super) struct Transfer {
    /// The path of the upload; `None` for a download or listing.
    pub(super) upload: Option<FilePath>,
    /// The file that was at its path when it began.
    pub(super) earlier: Option<UploadedFile>,
    /// Whether the client has sent ABOR.
    pub(super) aborted: bool,
}

/// What the client has sent about itself. AUTH TLS and REIN discard it (RFC 4217, section 4; RFC 959, section 4.1.1).
pub(super) struct Client {
    pub(super) peer: IpAddr,
    pub(super) tls: bool,
    pub(super) user: Option<String>,
    pub(super) home: Option<Home>,
    /// The level of the client's latest PROT.
    pub(super) protection: Option<Protection>,
    /// The data connection of the next transfer, set up by PORT, EPRT, PASV or EPSV.
    pub(super) data: Option<DataMode>,
    /// Whether the client has sent EPSV ALL.
    pub(super) only_epsv: bool,
    /// Bytes that the next transfer leaves out at the beginning (REST).
    pub(super) offset: u64,
    /// The path that the next RNTO renames.
    pub(super) rename: Option<FilePath>,
}

/// The tree of a client that has logged in, and its current folder there.
pub(super) struct Home {
    tree: SharedTree,
    pub(super) folder: FilePath,
    /// Missing folders that it was refused since its latest upload, and how often each.
    pub(super) refused: Vec<(FilePath, u32)>,
    /// Whether it has made a folder since its latest upload.
    pub(super) made_folder: bool,
    /// Listings show what changed after this turn of the tree.
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
        let unspecified = if self.tls { Protection::Unspecified } else { Protection::Clear };
        self.protection.unwrap_or(unspecified)
    }

    /// The data connection of the next transfer. The address of PORT stays for later transfers; a
    /// passive port is used once.
    pub(super) fn take_data(&mut self) -> Option<DataMode> {
        match self.data {
            Some(DataMode::Active(_)) => self.data,
            _ => self.data.take(),
        }
    }

    /// Whether the address is the client's own.
    pub(super) fn owns(&self, address: SocketAddr) -> bool {
        address.ip().to_canonical() == self.peer.to_canonical()
    }
}

impl Home {
    /// The root of a tree. A client that may not `read` sees only what was uploaded since its login: some devices check
    /// whether their upload is there.
    pub(super) fn new(tree: SharedTree, read: bool) -> Self {
        let folder = FilePath::ROOT;
        let mut home = Self { tree, folder, refused: Vec::new(), made_folder: false, since: 0 };
        home.since = if read { 0 } else { home.tree().turn() };
        home
    }

    /// A listing of a path, as this client may see it.
    pub(super) fn listing(&self, path: FilePath, form: ListingForm) -> Listing {
        Listing::new(Arc::clone(&self.tree), path, form, self.since)
    }

    pub(super) fn tree(&self) -> MutexGuard<'_, Tree> {
        tree::lock(&self.tree)
    }

    /// Shows what was stored of an upload that began when `earlier` was at its path. A torn upload does not replace a
    /// complete or longer file that another session has put there since: a connection that hangs is found to be broken
    /// long after the device has tried again.
    pub(super) fn show(
        &self,
        path: &FilePath,
        file: UploadedFile,
        earlier: Option<UploadedFile>,
        is_whole: bool,
    ) {
        let mut tree = self.tree();
        if let Lookup::File(now) = tree.find(path)
            && !is_whole
            && earlier.is_none_or(|it| (it.arrival, it.size) != (now.arrival, now.size))
            && (!now.may_grow || now.size >= file.size)
        {
            return;
        }
        tree.put(path, file);
    }

    /// Remembers a folder that was refused. Returns how often it was refused before; 0 beyond [`REFUSED_MAX`] folders.
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
