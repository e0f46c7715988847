//! Pictures and videos made of stored media: thumbnails, renditions, the picture of a test.

pub(crate) mod renditions;
pub(crate) mod test_image;
pub(crate) mod thumbnail;
pub(crate) mod thumbnails;
