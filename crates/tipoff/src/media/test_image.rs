//! The test picture: a garden at night with the time on it. It is drawn here, so that a test needs no camera, and its
//! time shows which test it was.

use image::codecs::jpeg::JpegEncoder;
use image::{ImageResult, Rgb, RgbImage};
use tipoff_model::Timestamp;

/// Size in pixels: large enough for any service to show it as a picture.
const WIDTH: u32 = 640;
const HEIGHT: u32 = 360;
/// Quality of the JPEG, from 1 to 100.
const QUALITY: u8 = 85;
/// A dot of a digit is a square of this many pixels.
const DOT: u32 = 6;

const SKY: [u8; 3] = [18, 24, 48];
const GROUND: [u8; 3] = [22, 48, 30];
const LIGHT: [u8; 3] = [250, 220, 120];
const FIGURE: [u8; 3] = [8, 8, 12];
const INK: [u8; 3] = [240, 240, 240];

/// A JPEG with the time of `now` (UTC) on it.
pub(crate) fn draw(now: Timestamp) -> ImageResult<Vec<u8>> {
    let mut picture = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| Rgb(scene(x, y)));
    let time = jiff::Timestamp::from_millisecond(now.as_ms())
        .map(|time| time.strftime("%H:%M:%S").to_string())
        .unwrap_or_default();
    let mut left = 24;
    for character in time.chars() {
        write(&mut picture, character, left, 24);
        left += 4 * DOT;
    }
    let mut jpeg = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY))?;
    Ok(jpeg)
}

/// The colour of one pixel: a lamp, the ground, and a person.
fn scene(x: u32, y: u32) -> [u8; 3] {
    let distance = |to_x: i64, to_y: i64| {
        let (dx, dy) = (i64::from(x) - to_x, i64::from(y) - to_y);
        dx * dx + dy * dy
    };
    let is_head = distance(330, 170) < 22 * 22;
    let is_body = (305..355).contains(&x) && (192..300).contains(&y);
    if is_head || is_body {
        return FIGURE;
    }
    let base = if y > 250 { GROUND } else { SKY };
    let glow = u32::try_from((220 * 220 - distance(470, 120)).max(0) / 484).unwrap_or(0);
    let mut pixel = base;
    for (channel, light) in pixel.iter_mut().zip(LIGHT) {
        let lit = (u32::from(*channel) * (100 - glow) + u32::from(light) * glow) / 100;
        *channel = u8::try_from(lit).unwrap_or(u8::MAX);
    }
    pixel
}

/// The rows of a character, three dots wide and five high; the highest of three bits is the left dot.
fn rows(character: char) -> [u8; 5] {
    match character {
        '0' => [0b111, 0b101, 0b101, 0b101, 0b111],
        '1' => [0b010, 0b110, 0b010, 0b010, 0b111],
        '2' => [0b111, 0b001, 0b111, 0b100, 0b111],
        '3' => [0b111, 0b001, 0b111, 0b001, 0b111],
        '4' => [0b101, 0b101, 0b111, 0b001, 0b001],
        '5' => [0b111, 0b100, 0b111, 0b001, 0b111],
        '6' => [0b111, 0b100, 0b111, 0b101, 0b111],
        '7' => [0b111, 0b001, 0b010, 0b010, 0b010],
        '8' => [0b111, 0b101, 0b111, 0b101, 0b111],
        '9' => [0b111, 0b101, 0b111, 0b001, 0b111],
        ':' => [0b000, 0b010, 0b000, 0b010, 0b000],
        _ => [0; 5],
    }
}

/// Draws one character with its upper left corner there.
fn write(picture: &mut RgbImage, character: char, left: u32, top: u32) {
    for (row, dots) in (0_u32..).zip(rows(character)) {
        for column in 0..3 {
            if dots >> (2 - column) & 1 == 1 {
                fill(picture, left + column * DOT, top + row * DOT);
            }
        }
    }
}

/// Draws one dot; pixels outside of the picture are left out.
fn fill(picture: &mut RgbImage, left: u32, top: u32) {
    for y in top..top + DOT {
        for x in left..left + DOT {
            if let Some(pixel) = picture.get_pixel_mut_checked(x, y) {
                *pixel = Rgb(INK);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_a_jpeg_that_shows_the_time() {
        let one = draw(Timestamp::from_ms(1_700_000_000_000)).unwrap();
        let other = draw(Timestamp::from_ms(1_700_000_005_000)).unwrap();
        assert!(one.starts_with(&[0xFF, 0xD8, 0xFF]) && one.ends_with(&[0xFF, 0xD9]));
        assert_ne!(one, other);
    }
}
