//! Pictures and videos made from stored media: thumbnails, renditions, and the picture of a test alert.
//!
//! Bytes of devices are decoded here, so every decoder is bounded in size, memory and time. Everything that is cached
//! can be made again.

mod cache_folder;
pub(crate) mod renditions;
pub(crate) mod test_image;
pub(crate) mod thumbnail;
pub(crate) mod thumbnails;
mod whole_file;

pub(crate) use whole_file::whole_file;
