//! Asks cameras by HTTP: pictures, settings, and streams of events that do not end.
//!
//! A [`CameraClient`] has one connection for questions, which come one at a time, because cheap cameras cope with no more; a
//! stream has a connection of its own. It answers challenges of Digest (RFC 7616, with MD5 and SHA-256) and Basic (RFC
//! 7617), and never tries a password again that was refused: cameras lock the account. It knows no vendor.

mod address;
mod answer;
mod challenge;
mod client;
mod connection;
mod error;

pub use address::CameraAddress;
pub use answer::Answer;
pub use challenge::Login;
pub use client::{CameraClient, Question};
pub use connection::Ends;
pub use error::CameraError;
