//! Reads the body of an alarm while it streams by, whatever it is written in: JSON, XML, forms, pairs and text become
//! documents; pictures and other files become byte ranges of the body. It knows no vendor: what the documents mean is
//! decided elsewhere.
//!
//! A body is never held in memory whole, and no input is an error but one that is too large. The crate has no socket, file
//! or clock.
//!
//! [`BodyParser`] reads one request; [`BodyDecoder`] only undoes its content coding. A `part` chooses the reader of a content by its first bytes; `found` collects
//! documents and media within their bounds. [`StreamParser`] reads an endless answer of a device, message by message, and
//! [`framed`] messages on plain TCP.

mod body;
mod body_decoder;
mod charset;
mod content_decoder;
mod form;
mod found;
pub mod framed;
mod json;
mod lines;
mod opening;
mod part;
mod part_head;
mod piece;
mod splitter;
mod stream;
mod text_value;
mod tree;
mod xml;

pub use body::{BodyParser, RequestHead};
pub use body_decoder::{BODY_BYTES_MAX, BodyDecoder, BodyTooLarge};
pub use stream::{StreamMessage, StreamParser};
