//! The receivers: sockets, time and limits around the pure state machines of SMTP and FTP.
//!
//! `listener.rs` accepts a connection, `smtp.rs` or `ftp.rs` runs its session, `arrival_writer.rs` stores what it
//! brings. A protocol's rules are in its crate; which channels an alert goes to is decided by the rules, inside of the
//! spool's transaction.

mod access;
pub(crate) mod alarm;
mod arrival_writer;
mod connection;
mod control;
mod fetched_picture;
pub(crate) mod ftp;
mod handshake;
mod label;
pub(crate) mod listener;
mod login_gate;
mod mail_digest;
pub(crate) mod mqtt;
mod parser_pool;
mod pictures;
mod session;
pub(crate) mod smtp;
mod transcript;
mod wrong_port;

pub(crate) use access::DeviceDirectory;
pub(crate) use arrival_writer::ArrivalWriter;
pub(crate) use fetched_picture::FileForm;
pub(crate) use label::{is_deceptive, marked};
pub(crate) use login_gate::LoginGate;
pub(crate) use pictures::{PictureRequest, PictureRequests, PictureState, may_be_picture};
pub(crate) use transcript::{SessionNews, Transcripts};
pub(crate) use wrong_port::{RightPorts, speaks_at_http};
