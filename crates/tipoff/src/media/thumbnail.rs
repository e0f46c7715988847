//! Decodes untrusted pictures under limits of size and memory, scales them and writes them as JPEG. Keeps no state.
//!
//! The dimensions are read from the header and checked before anything is decoded: a small file can announce an
//! enormous picture.

use std::io::{self, Cursor, Read};

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageReader, ImageResult, Limits};

/// Limit of a file in bytes. No camera sends a larger picture.
const SOURCE_BYTES_MAX: u64 = 20 << 20;
/// Limit of width times height, in pixels.
const SOURCE_PX_MAX: u64 = 26_000_000;
/// Limit of each side, in pixels.
const SOURCE_SIDE_PX_MAX: u32 = 12_000;
/// Limit of the memory that a decoder allocates, in bytes.
const DECODER_BYTES_MAX: u64 = 128 << 20;

/// Decodes a picture.
///
/// # Errors
/// The file cannot be read, is not a picture, or exceeds a limit.
pub(crate) fn decode(file: impl Read) -> ImageResult<DynamicImage> {
    let mut bytes = Vec::new();
    file.take(SOURCE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SOURCE_BYTES_MAX {
        return Err(io::Error::other("the file is too large").into());
    }
    let open = || ImageReader::new(Cursor::new(&bytes)).with_guessed_format();
    let (width, height) = open()?.into_dimensions()?;
    if u64::from(width) * u64::from(height) > SOURCE_PX_MAX {
        return Err(io::Error::other("the picture is too large").into());
    }
    let mut reader = open()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(SOURCE_SIDE_PX_MAX);
    limits.max_image_height = Some(SOURCE_SIDE_PX_MAX);
    limits.max_alloc = Some(DECODER_BYTES_MAX);
    reader.limits(limits);
    reader.decode()
}

/// The picture as a JPEG with at most this width and height; never enlarged. Its sides keep their ratio.
///
/// # Errors
/// It cannot be written as JPEG.
pub(crate) fn jpeg(
    picture: &DynamicImage,
    width_px: u32,
    height_px: u32,
    quality: u8,
) -> ImageResult<Vec<u8>> {
    let fits = picture.width() <= width_px && picture.height() <= height_px;
    let small = match fits {
        true => picture.to_rgb8(),
        false => picture.thumbnail(width_px, height_px).into_rgb8(),
    };
    let mut jpeg = Vec::new();
    small.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, quality))?;
    Ok(jpeg)
}

#[cfg(test)]
pub(crate) mod tests {
    use image::ImageFormat;
    use proptest::prelude::*;

    use super::*;

    const FORMATS: [ImageFormat; 4] =
        [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP];

    /// A picture of these sides.
    pub(crate) fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture =
            image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 7]));
        DynamicImage::from(picture).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn smaller(bytes: &[u8]) -> ImageResult<Vec<u8>> {
        jpeg(&decode(bytes)?, 480, 360, 75)
    }

    #[test]
    fn makes_pictures_fit_and_never_larger() {
        let size = |bytes: &[u8]| {
            ImageReader::new(Cursor::new(bytes)).with_guessed_format().unwrap().into_dimensions()
        };
        let jpeg = |width, height| picture(width, height, ImageFormat::Jpeg);
        assert_eq!(size(&smaller(&jpeg(1920, 1080)).unwrap()).unwrap(), (480, 270));
        assert_eq!(size(&smaller(&jpeg(300, 900)).unwrap()).unwrap(), (120, 360));
        for format in FORMATS {
            let small = smaller(&picture(64, 48, format)).unwrap();
            assert!(small.starts_with(&[0xFF, 0xD8, 0xFF]), "{format:?}");
            assert_eq!(size(&small).unwrap(), (64, 48), "{format:?}");
        }
    }

    /// A small file that says it is enormous takes no memory.
    #[test]
    fn refuses_what_says_it_is_enormous() {
        // The sides of a PNG are the first that its header says, those of a GIF too.
        let mut png = picture(64, 48, ImageFormat::Png);
        png[16..24].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x40, 0]);
        assert!(smaller(&png).is_err());
        let mut gif = picture(64, 48, ImageFormat::Gif);
        gif[6..10].copy_from_slice(&[0xFF; 4]);
        assert!(smaller(&gif).is_err());
        let mut jpeg = picture(64, 48, ImageFormat::Jpeg);
        let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
        assert!(smaller(&jpeg).is_err());
    }

    proptest! {
        #[test]
        fn survives_damage(
            format in proptest::sample::select(&FORMATS),
            at in 0_usize..1200,
            byte in any::<u8>(),
            length in 0_usize..6000,
        ) {
            let mut picture = picture(64, 48, format);
            picture.truncate(length);
            if let Some(it) = picture.get_mut(at) {
                *it = byte;
            }
            let _ = smaller(&picture);
        }
    }
}
