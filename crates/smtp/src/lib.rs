//! The server's side of one SMTP session (RFC 5321): bytes in, steps out.
//!
//! Knows no socket, no clock and no file. It never collects a message: the bytes pass through as slices. The caller
//! (`receive/smtp.rs` of the program) has the socket, checks logins and stores messages.
//!
//! ```
//! use std::sync::Arc;
//! use tipoff_smtp::{Profile, Session, Step};
//!
//! let mut session = Session::new(Arc::new(Profile::default()), false, "<1@localhost>".to_owned());
//! let mut input: &[u8] = b"NOOP\r\nQUIT\r\n";
//! let mut codes = Vec::new();
//! while let Some(step) = session.next_step(&mut input) {
//!     if let Step::Reply(reply) = step {
//!         codes.push(reply.code());
//!     }
//! }
//! assert_eq!(codes, [220, 250, 221]);
//! ```

mod address;
mod auth;
mod command;
mod content;
mod profile;
mod reply;
mod session;
mod step;
mod text;
mod transcript;

pub use auth::Credentials;
pub use profile::Profile;
pub use reply::{RefusalCause, SmtpReply};
pub use session::Session;
pub use step::{Denial, MailFrom, Step, StoreFailure, Transaction};
