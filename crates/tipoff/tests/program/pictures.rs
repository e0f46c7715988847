//! Pictures that are too large for a service: it is sent smaller ones, and what came is kept.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use tipoff_testkit::pushover::{Pushover, TOKEN, USER};
use tipoff_testkit::telegram::{CHAT, Options};
use tokio::runtime::Runtime;

use crate::harness::{Home, mail, send, wait_for};
use crate::telegram::Phone;

fn written(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Nothing in it repeats, so that it is large: over 5 MB.
fn noise() -> Vec<u8> {
    let mut state = 1_u32;
    let picture = RgbImage::from_fn(1500, 1250, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, red, green, blue] = state.to_le_bytes();
        Rgb([red, green, blue])
    });
    written(&picture, ImageFormat::Png)
}

#[test]
fn a_picture_with_too_many_bytes_is_sent_smaller_and_stored_unchanged() {
    let runtime = Runtime::new().unwrap();
    let pushover = runtime.block_on(Pushover::start()).unwrap();
    let home = Home::new(&format!(
        "[[channel]]\nname = \"me\"\ntype = \"pushover\"\ntoken = \"{TOKEN}\"\nuser = \"{USER}\"\n\
         api = \"{}\"\n",
        pushover.url()
    ));
    let server = home.start();
    let picture = noise();
    assert!(picture.len() > 5 << 20, "{}", picture.len());
    send(server.smtp[0], "camera@example.com", &mail("Motion", &[&picture]));
    let notified = runtime.block_on(pushover.log().wait_for(1));
    let (name, kind, size) = notified[0].picture.clone().unwrap();
    assert_eq!((name.as_str(), kind.as_str()), ("1.jpg", "image/jpeg"));
    assert!(size > 500_000, "{size}: no smaller than need be");
    let kept = home.incident(1)["arrivals"][0]["size"].as_u64().unwrap();
    assert!(kept > picture.len() as u64, "{kept}: all of the mail is there");
    server.stop();
}

/// It is shown as a picture, not as a file to tap on.
#[test]
fn a_picture_with_too_long_sides_is_sent_smaller() {
    let phone = Phone::new(Options::default());
    let home = Home::new(&phone.channel(CHAT, ""));
    let server = home.start();
    let panorama = RgbImage::from_fn(9000, 1800, |x, y| Rgb([(x ^ y) as u8, x as u8, y as u8]));
    send(
        server.smtp[0],
        "camera@example.com",
        &mail("Motion", &[&written(&panorama, ImageFormat::Jpeg)]),
    );
    let sent = wait_for("the picture", || phone.telegram.log().all().pop());
    assert_eq!(sent.method, "sendPhoto");
    let sides = imagesize::blob_size(&sent.files[0].bytes).unwrap();
    assert_eq!((sides.width, sides.height), (4096, 819));
    server.stop();
    assert!(phone.telegram.errors().is_empty());
}
