//! Commands that lead to a data connection, and the uploads and downloads over it.
//!
//! The session decides where data connections may go and which bytes a transfer has; the caller makes the connection
//! and moves the bytes. RFC 2577 has the rules against "bounce" attacks, in which a client lets the server send bytes
//! to somebody else.

use std::net::SocketAddr;

use super::Session;
use super::state::SessionState;
use crate::address::{self, Eprt};
use crate::command;
use crate::listing::ListingForm;
use crate::path::FilePath;
use crate::reply;
use crate::step::{DataMode, DownloadRequest, DownloadSource, Step, UploadMode, UploadRequest};
use crate::tree::Lookup;

/// The lowest port that a client may name. Ports below belong to well-known services (RFC 2577, section 3).
const PORT_MIN: u16 = 1024;
/// Number of names that STOU tries with small numbers, and again with large ones.
const UNIQUE_TRIES_MAX: u64 = 16;

impl Session {
    /// PORT (RFC 959, section 4.1.2).
    pub(super) fn port(&mut self, argument: &[u8]) {
        match address::port(argument) {
            _ if self.client.only_epsv => self.reply(reply::ONLY_EPSV),
            None => self.reply(reply::BAD_ARGUMENT),
            Some(address) => self.connect_to(address),
        }
    }

    /// EPRT (RFC 2428, section 2).
    pub(super) fn eprt(&mut self, argument: &[u8]) {
        match address::eprt(argument) {
            _ if self.client.only_epsv => self.reply(reply::ONLY_EPSV),
            Eprt::Malformed => self.reply(reply::BAD_ARGUMENT),
            Eprt::OtherProtocol => self.reply(reply::OTHER_PROTOCOL),
            Eprt::Address(address) => self.connect_to(address),
        }
    }

    /// Sets the address of active data connections: no well-known port, and no address but the client's own unless the
    /// caller allows it (RFC 2577, section 3). Firmware that does not know its address sends 0.0.0.0: its own is meant.
    fn connect_to(&mut self, mut address: SocketAddr) {
        if address.ip().is_unspecified() {
            address.set_ip(self.client.peer);
        }
        if address.port() < PORT_MIN {
            return self.reply(reply::FOREIGN);
        }
        if self.client.owns(address) {
            self.client.data = Some(DataMode::Active(address));
            return self.reply(reply::OK);
        }
        // An earlier address is not used any more, also if this one is refused.
        self.client.data = None;
        self.due.push_back(Step::Foreign(address));
        self.state = SessionState::ForeignAsked(address);
    }

    /// PASV (RFC 959, section 4.1.2).
    pub(super) fn pasv(&mut self) {
        if self.client.only_epsv {
            return self.reply(reply::ONLY_EPSV);
        }
        self.listen(false);
    }

    /// EPSV (RFC 2428, section 3). After EPSV ALL the client may use nothing else (section 4).
    pub(super) fn epsv(&mut self, argument: &[u8]) {
        let is_ipv4 = self.is_ipv4();
        match argument.to_ascii_uppercase().as_slice() {
            // Nothing would be left to a client that gave PASV up.
            _ if !self.offers_epsv() => self.reply(reply::USE_PASV),
            b"ALL" => {
                self.client.only_epsv = true;
                self.reply(reply::EPSV_ALL);
            }
            b"" => self.listen(true),
            b"1" if is_ipv4 => self.listen(true),
            b"2" if !is_ipv4 => self.listen(true),
            _ => self.reply(reply::OTHER_PROTOCOL),
        }
    }

    /// Whether EPSV leads to where data connections go. IPv6 has nothing else.
    pub(super) fn offers_epsv(&self) -> bool {
        self.profile.extended_passive || !self.is_ipv4()
    }

    fn is_ipv4(&self) -> bool {
        self.client.peer.to_canonical().is_ipv4()
    }

    /// Asks the caller for a port.
    fn listen(&mut self, extended: bool) {
        self.client.data = None;
        self.due.push_back(Step::Passive);
        self.state = SessionState::PassiveAsked { extended };
    }

    /// REST: the offset at which the next transfer begins (RFC 3659, section 5).
    pub(super) fn rest(&mut self, argument: &[u8]) {
        match command::number(argument) {
            Some(offset) => {
                self.client.offset = offset;
                self.reply(reply::restart(offset));
            }
            None => self.reply(reply::BAD_ARGUMENT),
        }
    }

    /// STOR. With an offset it continues the stored file, or writes into it from there; an offset beyond the file's end
    /// would leave a gap and is refused.
    pub(super) fn store(&mut self, given: &[u8]) {
        let Some(path) = self.file_path(given) else { return };
        let offset = std::mem::take(&mut self.client.offset);
        let mode = match self.find(&path) {
            _ if offset == 0 => UploadMode::New,
            Lookup::File(file) if file.size == offset => UploadMode::Append(file),
            Lookup::File(file) if file.size > offset => UploadMode::Within { file, offset },
            _ => return self.reply(reply::BAD_OFFSET),
        };
        self.receive(path, mode, None);
    }

    /// APPE. Without a file at the path it is a new upload.
    pub(super) fn append(&mut self, given: &[u8]) {
        let Some(path) = self.file_path(given) else { return };
        let mode = match self.find(&path) {
            Lookup::File(file) => UploadMode::Append(file),
            Lookup::Folder | Lookup::Nothing => UploadMode::New,
        };
        self.receive(path, mode, None);
    }

    /// STOU: a name that is free, made of the given one and a number. Without a name it is `upload`.
    pub(super) fn store_unique(&mut self, given: &[u8]) {
        let given = if given.is_empty() { b"upload" } else { given };
        // If the small numbers are taken, those after the number of changes of the tree are free.
        let turn = self.client.home.as_ref().map_or(0, |home| home.tree().turn());
        let numbers = (1..=UNIQUE_TRIES_MAX).chain((1..=UNIQUE_TRIES_MAX).map(|it| turn + it));
        for number in numbers {
            let name = [given, format!(".{number}").as_bytes()].concat();
            let Some(path) = self.file_path(&name) else { return };
            if self.find(&path) == Lookup::Nothing {
                let first = reply::unique(path.name());
                return self.receive(path, UploadMode::New, Some(first));
            }
        }
        self.reply(reply::BAD_NAME);
    }

    /// The path of an upload. Replies and returns `None` if it cannot be one.
    fn file_path(&mut self, given: &[u8]) -> Option<FilePath> {
        if given.is_empty() {
            self.reply(reply::BAD_ARGUMENT);
            return None;
        }
        let path = self.path(given)?;
        if path.is_root() {
            self.reply(reply::BAD_NAME);
            return None;
        }
        Some(path)
    }

    /// Begins an upload. `first` is the opening reply, where it is not the usual one.
    fn receive(&mut self, path: FilePath, mode: UploadMode, first: Option<reply::FtpReply>) {
        let Some(data) = self.client.take_data() else {
            return self.reply(reply::NO_PORT);
        };
        let protection = self.client.protection();
        let earlier = match self.find(&path) {
            Lookup::File(file) => Some(file),
            Lookup::Folder | Lookup::Nothing => None,
        };
        let step =
            Step::Receive(UploadRequest { data, protection, path: path.clone(), mode, earlier });
        self.begin(Some(path), first.unwrap_or(reply::FILE_OK), step);
    }

    /// RETR. Only where the profile allows downloads.
    pub(super) fn retrieve(&mut self, given: &[u8]) {
        if !self.profile.read {
            return self.reply(reply::ONLY_IN);
        }
        let Some(path) = self.path(given) else { return };
        let offset = std::mem::take(&mut self.client.offset);
        match self.find(&path) {
            Lookup::File(file) if offset <= file.size => {
                self.send(DownloadSource::File { file, offset })
            }
            Lookup::File(_) => self.reply(reply::BAD_OFFSET),
            Lookup::Folder | Lookup::Nothing => self.reply(reply::NOT_THERE),
        }
    }

    /// LIST, NLST and MLSD. The listing of a missing folder is empty, not an error, because some clients look before
    /// they upload.
    pub(super) fn list(&mut self, argument: &[u8], form: ListingForm) {
        let Some(path) = self.path(command::without_options(argument)) else { return };
        let Some(home) = &self.client.home else { return };
        let listing = home.listing(path, form);
        self.send(DownloadSource::Listing(listing));
    }

    /// Begins a download or listing.
    fn send(&mut self, source: DownloadSource) {
        let Some(data) = self.client.take_data() else {
            return self.reply(reply::NO_PORT);
        };
        // The client chooses these bytes. Sent to another machine, they could be commands for a server there.
        if let DataMode::Active(address) = data
            && !self.client.owns(address)
        {
            return self.reply(reply::ONLY_UPLOADS);
        }
        let protection = self.client.protection();
        self.begin(None, reply::LISTING, Step::Send(DownloadRequest { data, protection, source }));
    }
}
