//! What leads to a data connection. The connection itself is the shell's.

use std::net::SocketAddr;

use super::Session;
use super::state::State;
use crate::address::{self, Eprt};
use crate::command;
use crate::listing::Form;
use crate::path::FilePath;
use crate::reply;
use crate::step::{DataMode, DownloadRequest, DownloadSource, Step, UploadMode, UploadRequest};
use crate::tree::Found;

/// The first port that a client may name (RFC 2577, section 3).
const PORT_MIN: u16 = 1024;
/// The names that STOU tries, and tries again with large numbers.
const UNIQUE_TRIES_MAX: u64 = 16;

impl Session {
    pub(super) fn port(&mut self, argument: &[u8]) {
        match address::port(argument) {
            _ if self.client.only_epsv => self.reply(reply::ONLY_EPSV),
            None => self.reply(reply::BAD_ARGUMENT),
            Some(address) => self.connect_to(address),
        }
    }

    pub(super) fn eprt(&mut self, argument: &[u8]) {
        match address::eprt(argument) {
            _ if self.client.only_epsv => self.reply(reply::ONLY_EPSV),
            Eprt::Malformed => self.reply(reply::BAD_ARGUMENT),
            Eprt::OtherProtocol => self.reply(reply::OTHER_PROTOCOL),
            Eprt::Address(address) => self.connect_to(address),
        }
    }

    /// RFC 2577, section 3: no well-known port; and no address but the client's own unless the shell allows
    /// it. Firmware that does not know its address names none (0.0.0.0).
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
        // An earlier address does not hold, whatever becomes of this one.
        self.client.data = None;
        self.due.push_back(Step::Foreign(address));
        self.state = State::ForeignAsked(address);
    }

    pub(super) fn pasv(&mut self) {
        if self.client.only_epsv {
            return self.reply(reply::ONLY_EPSV);
        }
        self.listen(false);
    }

    pub(super) fn epsv(&mut self, argument: &[u8]) {
        let is_ipv4 = self.client.peer.to_canonical().is_ipv4();
        match argument.to_ascii_uppercase().as_slice() {
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

    fn listen(&mut self, extended: bool) {
        self.client.data = None;
        self.due.push_back(Step::Passive);
        self.state = State::PassiveAsked { extended };
    }

    /// REST: where the transfer behind it begins.
    pub(super) fn rest(&mut self, argument: &[u8]) {
        match command::number(argument) {
            Some(offset) => {
                self.client.offset = offset;
                self.reply(reply::restart(offset));
            }
            None => self.reply(reply::BAD_ARGUMENT),
        }
    }

    pub(super) fn store(&mut self, given: &[u8]) {
        let Some(path) = self.file_path(given) else { return };
        let offset = std::mem::take(&mut self.client.offset);
        let mode = match self.find(&path) {
            _ if offset == 0 => UploadMode::New,
            Found::File(file) if file.size == offset => UploadMode::Append(file),
            Found::File(file) if file.size > offset => UploadMode::Within { file, offset },
            _ => return self.reply(reply::BAD_OFFSET),
        };
        self.receive(path, mode, None);
    }

    pub(super) fn append(&mut self, given: &[u8]) {
        let Some(path) = self.file_path(given) else { return };
        let mode = match self.find(&path) {
            Found::File(file) => UploadMode::Append(file),
            Found::Folder | Found::Nothing => UploadMode::New,
        };
        self.receive(path, mode, None);
    }

    /// STOU: a name that is not there yet, after what is given.
    pub(super) fn store_unique(&mut self, given: &[u8]) {
        let given = if given.is_empty() { b"upload" } else { given };
        // Where the first few numbers are taken, one that grows with each change of the tree is not.
        let turn = self.client.home.as_ref().map_or(0, |home| home.tree().turn());
        let numbers = (1..=UNIQUE_TRIES_MAX).chain((1..=UNIQUE_TRIES_MAX).map(|it| turn + it));
        for number in numbers {
            let name = [given, format!(".{number}").as_bytes()].concat();
            let Some(path) = self.file_path(&name) else { return };
            if self.find(&path) == Found::Nothing {
                let first = reply::unique(path.name());
                return self.receive(path, UploadMode::New, Some(first));
            }
        }
        self.reply(reply::BAD_NAME);
    }

    /// The path of a file that is to be written.
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

    fn receive(&mut self, path: FilePath, mode: UploadMode, first: Option<reply::Reply>) {
        let Some(data) = self.client.take_data() else {
            return self.reply(reply::NO_PORT);
        };
        let protection = self.client.protection();
        let earlier = match self.find(&path) {
            Found::File(file) => Some(file),
            Found::Folder | Found::Nothing => None,
        };
        let step =
            Step::Receive(UploadRequest { data, protection, path: path.clone(), mode, earlier });
        self.begin(Some(path), first.unwrap_or(reply::FILE_OK), step);
    }

    pub(super) fn retrieve(&mut self, given: &[u8]) {
        if !self.profile.read {
            return self.reply(reply::ONLY_IN);
        }
        let Some(path) = self.path(given) else { return };
        let offset = std::mem::take(&mut self.client.offset);
        match self.find(&path) {
            Found::File(file) if offset <= file.size => {
                self.send(DownloadSource::File { file, offset })
            }
            Found::File(_) => self.reply(reply::BAD_OFFSET),
            Found::Folder | Found::Nothing => self.reply(reply::NOT_THERE),
        }
    }

    /// LIST, NLST and MLSD. An empty list is a list: of what is not there, too, for there are
    /// clients that look before they upload.
    pub(super) fn list(&mut self, argument: &[u8], form: Form) {
        let Some(path) = self.path(command::without_options(argument)) else { return };
        let Some(home) = &self.client.home else { return };
        let listing = home.listing(path, form);
        self.send(DownloadSource::Listing(listing));
    }

    fn send(&mut self, source: DownloadSource) {
        let Some(data) = self.client.take_data() else {
            return self.reply(reply::NO_PORT);
        };
        // What a client chooses the bytes of goes to nobody else: they could be commands for another server.
        if let DataMode::Active(address) = data
            && !self.client.owns(address)
        {
            return self.reply(reply::ONLY_UPLOADS);
        }
        let protection = self.client.protection();
        self.begin(None, reply::LISTING, Step::Send(DownloadRequest { data, protection, source }));
    }
}
