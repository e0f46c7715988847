//! Reads a mail while it streams by: its subject, its text, and the byte range of each file in it
//! (RFC 5322, RFC 2045–2049). The SMTP receiver pushes the bytes of DATA and stores what comes out.
//!
//! A mail is never held in memory whole, and no input is an error: what breaks MIME is read as far as
//! possible, and `unclear` asks the caller to send the raw mail along. The crate has no socket, file or clock.
//!
//! [`Parser`] follows the parts; a `leaf` reads one part; `collect` puts texts and files together; the
//! other modules each know one format: header fields, charsets, HTML, embedded files.

mod address;
mod charset;
mod collect;
mod decoration;
mod delimiter;
mod embedded;
mod entities;
mod entity_names;
mod fields;
mod header;
mod hidden;
mod html;
mod leaf;
mod outside;
mod page;
mod parser;
mod pixels;
mod role;
mod same_words;
mod shown;
mod state;
mod tags;
mod wide;
mod words;

pub use parser::{Parsed, Parser};
