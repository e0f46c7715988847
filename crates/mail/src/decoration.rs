//! Separates the picture of an alert from the decoration of its page: logos, icons, spacers, tracking pixels.
//! NAS such as QNAP's mail their logo with each alert.
//!
//! Cameras put their picture into the page too, by `cid:` or `data:`, nearly always as JPEG. So a JPEG is
//! decoration only by a name or a shape that no camera gives; any other picture also by its size. In doubt a
//! picture is shown: a logo too many costs less than a missing alert.

/// What a page says of a picture that it shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// `cid:…`, `data:…` or a file's name, in lower case.
    pub(crate) source: String,
    /// `alt`, `title`, `class` and `id`.
    pub(crate) words: String,
    /// Width in pixels; `None` if the page does not say it in pixels.
    pub(crate) width: Option<u32>,
    /// Height in pixels, likewise.
    pub(crate) height: Option<u32>,
    /// Whether it is the background of the text.
    pub(crate) is_background: bool,
}

/// A picture of a mail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PagePicture<'a> {
    /// Content type by its first bytes.
    pub(crate) content_type: &'a str,
    /// Its file name, and the names by which the page refers to it.
    pub(crate) names: &'a [String],
    /// Width and height; `None` if they are not known.
    pub(crate) pixels: Option<(u32, u32)>,
    /// How the page shows it; `None` if the page does not name it.
    pub(crate) shown: Option<&'a Shown>,
    /// Whether the mail has no other picture.
    pub(crate) is_only: bool,
}

/// Names of decoration, in lower case. They count anywhere in a name.
#[rustfmt::skip]
const DECORATION: &[&str] = &[
    "logo", "banner", "spacer", "signature", "favicon", "divider", "separator", "facebook",
    "twitter", "linkedin", "instagram", "youtube",
];

/// Names of decoration that count as a whole word only; of a JPEG only in its own names, not in its `alt` text.
#[rustfmt::skip]
const DECORATION_WORDS: &[&str] = &[
    "arrow", "background", "badge", "bg", "blank", "border", "brand", "bullet", "button", "corner",
    "footer", "head", "header", "icon", "icons", "icn", "ico", "line", "pixel", "shadow", "sig",
    "social", "tracking", "transparent", "watermark",
];

/// Parts of names that cameras give to their pictures.
const SHOTS: &[&str] = &[
    "snap", "capture", "cam", "motion", "alarm", "event", "detect", "person", "picture", "photo",
    "frame", "plate", "face", "channel",
];

/// Number of digits in a file name by which it contains a date or a time.
const DATE_DIGITS: usize = 8;

/// Shortest side of a camera's picture in pixels.
const SIDE_MIN: u32 = 100;
/// Smallest area of a camera's picture in pixels (QQVGA).
const AREA_MIN: u64 = 160 * 120;

/// Greatest height of a banner in pixels.
const BANNER_HEIGHT_MAX: u32 = 250;
/// The same of a JPEG.
const JPEG_BANNER_HEIGHT_MAX: u32 = 120;
/// Least ratio of a banner's width to its height. Panoramic cameras reach 3.6 and are far higher than a banner.
const BANNER_RATIO_MIN: u32 = 3;

/// Longest short side of an icon in pixels. An icon is decoration whatever its name is.
const ICON_SIDE_MAX: u32 = 48;

/// Least short side in pixels by which a JPEG is a camera's, unless its name contains `logo`.
const JPEG_SIDE_LARGE: u32 = 240;

/// Least long and short side in pixels by which the only picture of a mail is the alert's if it is a JPEG,
/// whatever its name is (QVGA).
const ONLY_SIDES: (u32, u32) = (320, 240);

/// Least side in pixels at which a page shows the JPEG of a camera.
const JPEG_SHOWN_MIN: u32 = 60;

/// Whether a picture of a page is decoration. The rules are in order: a certain sign, then the name, then the shape.
pub(crate) fn is_decoration(picture: &PagePicture<'_>) -> bool {
    let is_jpeg = picture.content_type == "image/jpeg";
    if is_jpeg && is_only_shot(picture) {
        return false;
    }
    let alt = picture.shown.map(|shown| shown.words.as_str()).unwrap_or_default();
    let has =
        |name: &str, words: &[&str]| words.iter().any(|word| name.to_lowercase().contains(word));
    let is_named = |words: &[&str]| picture.names.iter().any(|name| has(name, words));
    let is_called = |words: &[&str]| is_named(words) || has(alt, words);
    if picture.content_type == "image/svg+xml"
        || picture.shown.is_some_and(|shown| shown.is_background)
    {
        return true;
    }
    let is_dated = picture.names.iter().any(|name| is_dated(name));
    let side = picture.pixels.map(|(width, height)| width.min(height));
    let is_large = side.is_some_and(|side| side >= JPEG_SIDE_LARGE);
    if is_jpeg && is_dated {
        return false;
    }
    // Owners name cameras by places: "facebook-cam.jpg" is no icon of Facebook.
    if is_called(DECORATION) && !(is_jpeg && is_large && !is_named(&["logo"])) {
        return true;
    }
    let is_icon = side.is_some_and(|side| (2..=ICON_SIDE_MAX).contains(&side)) && !is_dated;
    let is_shot = is_named(SHOTS) || is_dated || is_jpeg && is_called(SHOTS);
    if is_jpeg {
        let is_called_so = picture.names.iter().any(|name| has_decoration_word(name));
        return !is_shot
            && (is_called_so && !is_large
                || is_banner(picture, JPEG_BANNER_HEIGHT_MAX)
                || is_shown_small(picture, JPEG_SHOWN_MIN));
    }
    if picture.names.iter().map(String::as_str).chain([alt]).any(has_decoration_word) {
        return true;
    }
    let is_small = picture.pixels.is_some_and(|(width, height)| {
        width.min(height) < SIDE_MIN || u64::from(width) * u64::from(height) < AREA_MIN
    });
    is_icon
        || !is_shot
            && (is_small
                || is_banner(picture, BANNER_HEIGHT_MAX)
                || is_shown_small(picture, SIDE_MIN))
}

/// Whether it is the only picture of its mail and large enough for a camera's.
fn is_only_shot(picture: &PagePicture<'_>) -> bool {
    let is_large = picture.pixels.is_some_and(|(width, height)| {
        width.max(height) >= ONLY_SIDES.0 && width.min(height) >= ONLY_SIDES.1
    });
    picture.is_only && is_large && !is_shown_small(picture, JPEG_SHOWN_MIN)
}

/// Whether it is low and wide.
fn is_banner(picture: &PagePicture<'_>, height_max: u32) -> bool {
    picture.pixels.is_some_and(|(width, height)| {
        height <= height_max && width >= height.saturating_mul(BANNER_RATIO_MIN)
    })
}

/// Whether the page shows one of its sides smaller than `min` pixels.
fn is_shown_small(picture: &PagePicture<'_>, min: u32) -> bool {
    let Some(shown) = picture.shown else {
        return false;
    };
    [shown.width, shown.height].into_iter().flatten().any(|side| side < min)
}

/// Whether one of the words in a name is that of decoration. Anything but a letter separates words.
fn has_decoration_word(name: &str) -> bool {
    let name = name.to_lowercase();
    let mut words = name.split(|c: char| !c.is_alphabetic());
    words.any(|word| DECORATION_WORDS.contains(&word))
}

/// Whether a file name contains a date or a time. A `cid:` does not count: mailers make it of random digits.
fn is_dated(name: &str) -> bool {
    !name.starts_with("cid:") && name.bytes().filter(u8::is_ascii_digit).count() >= DATE_DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(words: &str, width: Option<u32>, height: Option<u32>) -> Shown {
        Shown { words: words.to_owned(), width, height, ..Shown::default() }
    }

    #[test]
    fn logos_are_told_from_pictures_of_cameras() {
        let plain = || Some(shown("", None, None));
        for (content_type, names, pixels, shown, expected) in [
            ("image/jpeg", "cid:1", Some((1, 1)), plain(), false),
            ("image/jpeg", "cid:image001.jpg@01da", Some((640, 360)), plain(), false),
            ("image/jpeg", "cid:snapshot", None, plain(), false),
            ("image/jpeg", "header.jpg", Some((640, 360)), plain(), false),
            ("image/jpeg", "cid:qnap_head", Some((1, 1)), plain(), true),
            ("image/jpeg", "facebook-cam.jpg", Some((640, 360)), plain(), false),
            ("image/jpeg", "cid:1", Some((640, 360)), Some(shown("Logo", None, None)), false),
            ("image/png", "cid:1", Some((180, 48)), Some(shown("Camera", None, None)), true),
            ("image/jpeg", "plate.jpg", Some((200, 50)), plain(), false),
            ("image/jpeg", "20240506101112.jpg", Some((200, 50)), plain(), false),
            ("image/jpeg", "cid:1", Some((7680, 2160)), plain(), false),
            (
                "image/jpeg",
                "cid:1",
                Some((1280, 720)),
                Some(shown("Camera 1", Some(320), None)),
                false,
            ),
            ("image/jpeg", "catalogo_20240506.jpg", Some((640, 360)), plain(), false),
            ("image/jpeg", "cid:1", Some((600, 100)), plain(), true),
            ("image/jpeg", "cid:wd_logo", Some((640, 360)), plain(), true),
            ("image/jpeg", "cid:1", Some((200, 150)), Some(shown("Logo", None, None)), true),
            ("image/jpeg", "cid:1", None, Some(shown("", Some(1), Some(1))), true),
            ("image/jpeg", "cid:1", None, Some(shown("", None, Some(40))), true),
            ("image/png", "cid:1", Some((1280, 720)), plain(), false),
            ("image/png", "cid:panel.png", Some((1000, 500)), plain(), false),
            ("image/png", "snapshot.png", Some((1, 1)), plain(), false),
            ("image/png", "alarm.png", Some((24, 24)), plain(), true),
            ("image/png", "cid:1", Some((1, 1)), plain(), true),
            ("image/png", "cid:1", Some((200, 60)), plain(), true),
            ("image/png", "cid:1", Some((600, 200)), plain(), true),
            ("image/png", "cid:1", Some((512, 512)), Some(shown("", Some(64), None)), true),
            ("image/png", "icon-alarm.png", Some((512, 512)), plain(), true),
            ("image/png", "QNAP_Logo.png", None, None, true),
            ("image/gif", "spacer.gif", None, None, true),
            ("image/gif", "cid:1", Some((640, 360)), plain(), false),
            ("image/svg+xml", "cid:1", None, plain(), true),
        ] {
            let names = [names.to_owned()];
            let shown = shown.as_ref();
            let picture =
                PagePicture { content_type, names: &names, pixels, shown, is_only: false };
            assert_eq!(is_decoration(&picture), expected, "{picture:?}");
        }
        let behind = Shown { is_background: true, ..Shown::default() };
        let picture = PagePicture {
            content_type: "image/jpeg",
            names: &[],
            pixels: None,
            shown: Some(&behind),
            is_only: true,
        };
        assert!(is_decoration(&picture));
        for (pixels, expected) in [((640, 480), false), ((240, 320), false), ((300, 240), true)] {
            let picture =
                PagePicture { names: &["logo.jpg".to_owned()], pixels: Some(pixels), ..picture };
            assert_eq!(is_decoration(&picture), expected, "{pixels:?}");
        }
    }
}
