//! The receivers: sockets, time and limits around the pure sessions.
//!
//! Nothing here decides what a protocol says or where an alert goes.

mod access;
mod browser;
mod control;
mod data;
mod digest;
mod entrance;
mod follow;
pub(crate) mod ftp;
mod intake;
mod judge;
mod label;
pub(crate) mod listen;
mod look;
mod parsers;
mod passive;
mod ports;
mod refusal;
pub(crate) mod smtp;
mod transcript;
mod transfer;
mod trees;
mod under_way;
mod upload;

pub(crate) use access::Doorkeeper;
pub(crate) use entrance::Entrance;
pub(crate) use intake::Intake;
pub(crate) use label::{is_deceptive, marked};
pub(crate) use transcript::{SessionNews, Transcripts};
