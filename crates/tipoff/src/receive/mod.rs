//! The receivers: sockets, time and limits around the pure state machines of SMTP and FTP.
//!
//! A protocol's rules are in its crate; where an alert goes is decided by `spool`.

mod access;
mod arrival_writer;
mod connection;
mod control;
pub(crate) mod ftp;
mod handshake;
mod label;
pub(crate) mod listener;
mod login_gate;
mod mail_digest;
mod parser_pool;
mod session;
pub(crate) mod smtp;
mod transcript;

pub(crate) use access::DeviceDirectory;
pub(crate) use arrival_writer::ArrivalWriter;
pub(crate) use label::{is_deceptive, marked};
pub(crate) use login_gate::LoginGate;
pub(crate) use transcript::{SessionNews, Transcripts};
