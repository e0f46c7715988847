//! Pictures and videos made from stored media: thumbnails, renditions, and the picture of a test alert.

pub(crate) mod renditions;
pub(crate) mod test_image;
pub(crate) mod thumbnail;
pub(crate) mod thumbnails;
