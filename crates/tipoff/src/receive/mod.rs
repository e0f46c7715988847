//! The receivers: sockets, time and limits around the pure sessions.
//!
//! Nothing here decides what a protocol says or where an alert goes.

mod access;
mod intake;
mod limit;
pub(crate) mod listen;
mod smtp;
mod sniff;
pub(crate) mod tls;
mod wire;

pub(crate) use access::Doorkeeper;
pub(crate) use intake::Intake;
pub(crate) use smtp::Receiver;
