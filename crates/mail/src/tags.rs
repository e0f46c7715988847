//! Distinguishes HTML from text by its tags: `<critical>` and `<nas@example.org>` are none. Devices declare pages as
//! plain text and plain text as pages, so the declaration alone does not decide.

/// Elements by which a page is recognised, in alphabetical order: those of HTML 5 and those of older versions.
#[rustfmt::skip]
const ELEMENTS: &[&str] = &[
    "!doctype", "a", "abbr", "acronym", "address", "applet", "area", "article", "aside", "audio",
    "b", "base", "basefont", "bdi", "bdo", "bgsound", "big", "blink", "blockquote", "body", "br",
    "button", "canvas", "caption", "center", "cite", "code", "col", "colgroup", "datalist", "dd",
    "del", "details", "dfn", "dialog", "dir", "div", "dl", "dt", "em", "embed", "fieldset",
    "figcaption", "figure", "font", "footer", "form", "frame", "frameset", "h1", "h2", "h3", "h4",
    "h5", "h6", "head", "header", "hgroup", "hr", "html", "i", "iframe", "img", "input", "ins",
    "kbd", "label", "legend", "li", "link", "main", "map", "mark", "marquee", "menu", "meta",
    "meter", "nav", "nobr", "noscript", "object", "ol", "optgroup", "option", "p", "picture", "pre",
    "progress", "q", "rp", "rt", "ruby", "s", "samp", "script", "section", "select", "slot",
    "small", "source", "span", "strike", "strong", "style", "sub", "summary", "sup", "svg", "table",
    "tbody", "td", "template", "textarea", "tfoot", "th", "thead", "time", "title", "tr", "track",
    "tt", "u", "ul", "var", "video", "wbr",
];

/// Elements by which declared text is a page if they are closed. XML documents have other names.
#[rustfmt::skip]
const CLOSED: &[&str] = &[
    "a", "b", "big", "blockquote", "body", "center", "div", "em", "font", "h1", "h2", "h3", "h4",
    "h5", "h6", "html", "i", "li", "ol", "p", "pre", "small", "span", "strong", "table", "td", "tr",
    "u", "ul",
];

/// Elements without an end tag. One of them may be quoted; two make declared text a page.
const VOID: &[&str] = &["br", "hr"];

/// Number of unknown tags whose end tag is searched for. Each costs a search through the rest, so it bounds time.
const UNKNOWN_MAX: usize = 50;

/// Number of tags of declared text that are examined.
const TAGS_MAX: usize = 200;

/// Whether a declared page has a tag: one of HTML, or an unknown one with an end tag.
pub(crate) fn has_tag(html: &str) -> bool {
    let mut unknown = 0;
    tags(html).any(|(name, _, rest)| {
        let lower = name.trim_start_matches('/').to_ascii_lowercase();
        if ELEMENTS.contains(&lower.as_str()) {
            return true;
        }
        unknown += 1;
        unknown <= UNKNOWN_MAX
            && !name.starts_with('/')
            && is_name(&lower)
            && is_closed(rest, &lower)
    })
}

/// Whether text that is not declared as HTML is a page: it begins as one, has closed tags, or shows a picture.
/// Text that only quotes a tag is no page.
pub(crate) fn is_page(text: &str) -> bool {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
    if start.starts_with("<?xml") && !start.contains("<html") {
        return false;
    }
    let begins_so =
        |name| start.starts_with('<') && start.get(1..).is_some_and(|it| begins(it, name));
    if begins_so("html") || begins_so("!doctype") {
        return true;
    }
    let mut voids = usize::from(start.get(..3).is_some_and(|it| it.eq_ignore_ascii_case("<br")));
    // An element without an end tag behind one of its tags has none behind a later one either.
    let mut unclosed: Vec<&str> = Vec::new();
    tags(text).take(TAGS_MAX).any(|(name, attributes, rest)| {
        let name = name.to_ascii_lowercase();
        voids += usize::from(VOID.contains(&name.as_str()));
        match name.as_str() {
            "img" => ["cid:", "data:image"].iter().any(|it| attributes.contains(it)),
            _ if voids > 1 => true,
            name => CLOSED.iter().find(|&&known| known == name).is_some_and(|&name| {
                !unclosed.contains(&name) && {
                    unclosed.push(name);
                    is_closed(rest, name)
                }
            }),
        }
    })
}

/// Whether text may be a page by its first bytes: it begins with a tag.
pub(crate) fn may_begin_page(text: &str) -> bool {
    text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}').starts_with('<')
        && tags(text).any(|(name, ..)| ELEMENTS.contains(&name.to_ascii_lowercase().as_str()))
}

/// Each tag: its name with the `/` of an end tag, the text behind the name, and the rest behind the `>`.
fn tags(html: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let mut rest = html;
    std::iter::from_fn(move || {
        loop {
            let (_, behind) = rest.split_once('<')?;
            rest = behind;
            let bare = behind.strip_prefix('/').unwrap_or(behind);
            let end = bare.find(|c: char| c.is_whitespace() || "/<>".contains(c))?;
            let end = end + behind.len() - bare.len();
            let (name, behind) = behind.split_at_checked(end)?;
            let end = behind.find(['<', '>'])?;
            let (attributes, after) = behind.split_at_checked(end)?;
            if let Some(after) = after.strip_prefix('>') {
                return Some((name, attributes, after));
            }
        }
    })
}

/// Whether a name may be that of an element, also of one that a program invented (`o:p`, `my-card`).
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-:_.".contains(c))
}

/// Whether the rest of the page has an end tag of this name.
fn is_closed(rest: &str, name: &str) -> bool {
    rest.match_indices("</").any(|(at, _)| rest.get(at + 2..).is_some_and(|it| begins(it, name)))
}

/// Whether a text begins with this name and nothing longer.
fn begins(text: &str, name: &str) -> bool {
    text.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name))
        && text
            .get(name.len()..)
            .is_some_and(|it| it.starts_with(|c: char| c.is_whitespace() || "/>".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_from_text() {
        for html in [
            "<main>x</main>",
            "<figure>x",
            "<o:p>x</o:p>",
            "<custom-el>x</custom-el>",
            "x<br/>y",
            "<root>x</root>",
            "</p>",
            "<VIDEO controls>",
            "<!DOCTYPE html>x",
            "1 < 2 <b>x",
        ] {
            assert!(has_tag(html), "{html}");
        }
        for text in [
            "Fan is <critical>",
            "<nas@example.org>",
            "<http://nas/>",
            "1 < 2 > 1",
            "a <two> & three",
            "<a",
            "Temp < 5 C and fan > 3",
            "<>",
            "</>",
            "<x></y>",
        ] {
            assert!(!has_tag(text), "{text}");
        }
    }

    #[test]
    fn pages_are_told_from_text_that_quotes_tags() {
        for html in [
            "<p>x</p>",
            "x <b>y</b>",
            "<table><tr><td>x</td></tr></table>",
            "<br>x<br>",
            "a<br>b<br>c",
            "x\n<html><body>y</body></html>",
            "<!DOCTYPE html>x",
            "<HTML>x",
            "x<img src=\"data:image/jpeg;base64,12\">",
        ] {
            assert!(is_page(html), "{html}");
        }
        for text in [
            "x",
            "Use <p> for a paragraph",
            "A <br> breaks",
            "<critical>x</critical>",
            "a < b > c",
            "<?xml version=\"1.0\"?><a><b>x</b></a>",
            "<event><title>x</title></event>",
            "an <html> is a tag",
            "see <http://nas/> and <img>",
        ] {
            assert!(!is_page(text), "{text}");
        }
        assert!(may_begin_page(" <p>Motion") && !may_begin_page("Motion <p>"));
    }
}
