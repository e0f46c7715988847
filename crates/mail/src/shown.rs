//! Finds the pictures that a page shows: by which name, how large, and whether behind the text. [`crate::decoration`]
//! decides by it which of them are decoration.

use tipoff_model::percent_decoded;

use crate::decoration::Shown;
use crate::entities::push_resolved;
use crate::hidden::attribute;

/// Elements that show a picture.
const ELEMENTS: &[&str] = &["image", "img", "input", "v:imagedata"];

/// Name of a picture in a `data:` address: this and its number, which [`crate::page`] has put in place of the data.
pub(crate) const DATA: &str = "data:";

/// Name of every SVG drawing that is written out in its address. It is always decoration.
pub(crate) const DATA_DRAWN: &str = "data:drawn";

/// Bytes of each attribute about a picture that are read.
const WORDS_BYTES_MAX: usize = 200;

/// Bytes of a picture's address that are read.
const SOURCE_BYTES_MAX: usize = 500;

/// The picture that an element shows: as its content, or as its background by attribute or style.
pub(crate) fn by(name: &str, attributes: &str) -> Option<Shown> {
    let style = attribute(attributes, "style").unwrap_or_default();
    if ELEMENTS.contains(&name) {
        let source = attribute(attributes, "src").map(source)?;
        let words = ["alt", "title", "class", "id"].map(|key| {
            let value = attribute(attributes, key).unwrap_or_default();
            value.get(..value.floor_char_boundary(WORDS_BYTES_MAX)).unwrap_or_default()
        });
        let size = |key| {
            attribute(attributes, key).and_then(in_pixels).or_else(|| {
                let mut declarations = style.split(';').filter_map(|it| it.split_once(':'));
                let (_, value) =
                    declarations.find(|(it, _)| it.trim().eq_ignore_ascii_case(key))?;
                in_pixels(value)
            })
        };
        let (width, height) = (size("width"), size("height"));
        return Some(Shown { source, words: words.join(" "), width, height, is_background: false });
    }
    let in_style = || {
        let (_, behind) = style.split_once("url(")?;
        behind.split_once(')').map(|(source, _)| source)
    };
    let behind = attribute(attributes, "background").or_else(in_style)?;
    let source = source(behind.trim_matches(['\'', '"']));
    Some(Shown { source, is_background: true, ..Shown::default() })
}

/// A length in whole pixels: `120`, `120px`. `None` for `50%` and `auto`.
fn in_pixels(value: &str) -> Option<u32> {
    let value = value.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let whole = value.trim().split('.').next()?;
    whole.parse().ok()
}

/// An address in the form in which parts are named: `cid:…`, `data:NUMBER`, or a file name, in lower case. An
/// address on the network stays whole: no part has its name.
pub(crate) fn source(written: &str) -> String {
    let mut resolved = String::new();
    let written = written.get(..written.floor_char_boundary(SOURCE_BYTES_MAX)).unwrap_or_default();
    push_resolved(written.trim(), &mut resolved);
    let unescaped = percent_decoded(resolved.as_bytes());
    let lower = String::from_utf8_lossy(&unescaped).to_lowercase();
    let lower = lower.trim_matches(['\'', '"', ' ']).to_owned();
    if lower.starts_with("cid:") {
        return lower.replace(['<', '>'], "");
    }
    if lower.starts_with("data:image/svg") && !lower.contains(";base64,") {
        return DATA_DRAWN.to_owned();
    }
    if lower.starts_with(DATA) {
        return format!("{DATA}{}", lower.rsplit(',').next().unwrap_or_default());
    }
    if lower.contains("://") {
        return lower;
    }
    lower.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_shows_is_found() {
        let shown =
            by("img", " SRC='cid:Logo%40nas' alt=\"Our Logo\" width=120px height=50%").unwrap();
        assert_eq!(shown.source, "cid:logo@nas");
        assert!(shown.words.starts_with("Our Logo"));
        assert_eq!((shown.width, shown.height), (Some(120), None));
        let styled =
            by("img", " src=images/a.png style=\"max-width: 9px; Width: 60.5px\"").unwrap();
        assert_eq!((styled.source.as_str(), styled.width), ("a.png", Some(60)));
        let behind = by("td", " style=\"background:url('cid:bg') no-repeat\"").unwrap();
        assert_eq!((behind.source.as_str(), behind.is_background), ("cid:bg", true));
        assert_eq!(by("body", " background=cid:x").unwrap().source, "cid:x");
        assert_eq!(by("img", " src=\"data:image/png;base64,3\"").unwrap().source, "data:3");
        assert_eq!(by("p", " class=x"), None);
        assert_eq!(by("img", ""), None);
    }
}
