//! A mail becomes subject, text and media ranges while it streams by (RFC 5322, RFC 2045–2049).
//! It never holds the mail, refuses no input, and neither reads nor writes anything itself.

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
pub mod label;
mod leaf;
mod meter;
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
