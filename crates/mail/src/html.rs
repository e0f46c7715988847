//! Turns HTML into readable text: lines, bullets, links with their targets, without markup, scripts and hidden
//! content. It also lists the pictures that the page shows. No link is followed, and no input is an error: what is
//! no tag is text. Each search through the rest of the page is counted, so that time grows with its length only.

use crate::decoration::Shown;
use crate::entities::push_resolved;
use crate::hidden::{HiddenNames, attribute};
use crate::shown;
use crate::tags::has_tag;

/// Elements whose content is not shown.
const HIDDEN: &[&str] = &["head", "script", "style", "title", "template", "noscript"];

/// Elements that begin and end a line.
#[rustfmt::skip]
const BLOCKS: &[&str] = &[
    "address", "article", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "ol", "p",
    "pre", "section", "table", "tr", "ul",
];

/// Before each item of a list.
const BULLET: &str = "• ";

/// Number of pictures of a page that are listed.
const PICTURES_MAX: usize = 200;

/// Number of hidden elements without an end tag. Further ones are shown: each costs a search through the rest.
const UNCLOSED_MAX: usize = 16;

/// Bytes behind a `<` by which a tag is recognised.
const NAME_BYTES_MAX: usize = 128;

/// Elements that need no end tag and contain none of their own kind: the next one ends them.
const UNNESTED: &[&str] = &["li", "option", "p", "td", "th", "tr"];

/// The text of a page and its pictures.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    /// Readable text, whose lines end with `\n`.
    pub(crate) text: String,
    /// The pictures that it shows, in order.
    pub(crate) pictures: Vec<Shown>,
}

/// Reads a page. Without a single tag it is plain text, as iDRAC sends it as `text/html`, and keeps its lines.
pub(crate) fn render(html: &str) -> Rendered {
    if !has_tag(html) {
        return Rendered { text: resolved_text(html), pictures: Vec::new() };
    }
    let shown = read(html, PageReader::default());
    if shown.text.trim().is_empty() {
        // A page that hides all of its text is shown with it: an alert without words is worse.
        return read(html, PageReader { unclosed: UNCLOSED_MAX, ..PageReader::default() });
    }
    shown
}

/// Text with its character references resolved.
fn resolved_text(text: &str) -> String {
    let mut resolved = String::with_capacity(text.len());
    push_resolved(text, &mut resolved);
    resolved
}

/// Reads a page from its first tag to its last text.
fn read(html: &str, mut page: PageReader) -> Rendered {
    let mut rest = html;
    while let Some((text, behind)) = rest.split_once('<') {
        page.text(text);
        rest = page.markup(behind);
    }
    page.text(rest);
    Rendered { text: page.text, pictures: page.pictures }
}

/// Whether the text behind a `<` is a tag or a comment, and not an address: `<nas@example.org>`.
fn begins_a_tag(behind: &str) -> bool {
    let name = behind.strip_prefix('/').unwrap_or(behind);
    if !behind.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c)) {
        return false;
    }
    let seen = name.get(..name.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default();
    let end = seen.find(|c: char| c.is_whitespace() || "/>".contains(c)).unwrap_or(seen.len());
    let (name, rest) = name.split_at_checked(end).unwrap_or((name, ""));
    behind.starts_with(['!', '?'])
        || name.starts_with(|c: char| c.is_ascii_alphabetic())
            && !name.contains('@')
            && !(name.ends_with(':') && rest.starts_with("//"))
        || name.is_empty() && behind.starts_with('/')
}

/// The state of reading a page.
#[derive(Default)]
struct PageReader {
    /// The text so far.
    text: String,
    /// Whether white space is to be written before the next word.
    space: bool,
    /// Whether the next word begins an item of a list.
    bullet: bool,
    /// Whether the stream is in a `<pre>`, where white space is kept.
    preformatted: bool,
    /// The target of the open link, and the offset in `text` where its text begins.
    link: Option<(String, usize)>,
    /// Names that the style sheets hide.
    hidden: HiddenNames,
    /// Whether the page has a head without an end, which is searched for once only.
    head_never_ends: bool,
    /// Number of hidden elements without an end tag.
    unclosed: usize,
    /// The pictures so far.
    pictures: Vec<Shown>,
}

impl PageReader {
    /// Reads the text behind a `<` and returns the rest of the page.
    fn markup<'a>(&mut self, behind: &'a str) -> &'a str {
        if let Some(comment) = behind.strip_prefix("!--") {
            return comment.split_once("-->").map_or("", |(_, rest)| rest);
        }
        if !begins_a_tag(behind) {
            self.text("<");
            return behind;
        }
        let (tag, rest) = split_tag(behind);
        let name_end = tag.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(tag.len());
        let (name, attributes) = tag.split_at(name_end);
        let name = name.trim_end_matches('/').to_ascii_lowercase();
        if HIDDEN.contains(&name.as_str()) {
            let found =
                if self.head_never_ends && name == "head" { None } else { element(rest, &name) };
            let Some((content, after)) = found else {
                // The body follows a head without an end tag too; any other such element hides the rest.
                self.head_never_ends |= name == "head";
                return if name == "head" { rest } else { "" };
            };
            match name.as_str() {
                "style" => self.hidden.add_sheet(content),
                "head" => self.sheets(content),
                _ => {}
            }
            return after;
        }
        // An element that is never closed is shown: it would hide the whole rest of the page.
        if self.unclosed < UNCLOSED_MAX && self.hidden.hide(&name, attributes) {
            match nested_element(rest, &name) {
                Some(after) => return after,
                None => self.unclosed += 1,
            }
        }
        self.tag(&name, attributes);
        rest
    }

    /// Reads the style sheets in a head.
    fn sheets(&mut self, head: &str) {
        let mut rest = head;
        while let Some((_, behind)) = rest.split_once('<') {
            let (tag, after) = split_tag(behind);
            rest = after;
            if tag.get(..5).is_some_and(|name| name.eq_ignore_ascii_case("style")) {
                let (content, after) = element(rest, "style").unwrap_or((rest, ""));
                self.hidden.add_sheet(content);
                rest = after;
            }
        }
    }

    /// Applies a tag to the text: line breaks, bullets, links and pictures.
    fn tag(&mut self, name: &str, attributes: &str) {
        let bare = name.trim_start_matches('/');
        if self.pictures.len() < PICTURES_MAX {
            self.pictures.extend(shown::by(name, attributes));
        }
        match name {
            "br" => self.new_line(),
            "td" | "th" | "/td" | "/th" => self.space = true,
            "a" => {
                let target = attribute(attributes, "href").map(|it| resolved_text(it.trim()));
                self.link = target.map(|href| (href, self.text.len()));
            }
            "/a" => self.end_link(),
            _ if BLOCKS.contains(&bare) => {
                if !self.text.is_empty() && !self.text.ends_with('\n') {
                    self.new_line();
                }
                let ends_item = matches!(name, "/li" | "/ul" | "/ol");
                self.bullet = name == "li" || self.bullet && !ends_item;
                if bare == "pre" {
                    self.preformatted = name == "pre";
                }
            }
            _ => {}
        }
    }

    /// Appends text. White space of any length becomes one space, except in a `<pre>`.
    fn text(&mut self, text: &str) {
        if self.preformatted {
            self.bullet &= text.trim().is_empty();
            return push_resolved(text, &mut self.text);
        }
        let mut first = true;
        for word in text.split(|c: char| c.is_ascii_whitespace()) {
            self.space |= !first;
            first = false;
            if word.is_empty() {
                continue;
            }
            if self.space && !self.text.is_empty() && !self.text.ends_with(['\n', ' ']) {
                self.text.push(' ');
            }
            self.space = false;
            let has_its_own = word.starts_with(['•', '·', '*']) || word == "-" || word == "–";
            if std::mem::take(&mut self.bullet) && !has_its_own {
                self.text.push_str(BULLET);
            }
            push_resolved(word, &mut self.text);
        }
    }

    /// Ends the line, without spaces at its end.
    fn new_line(&mut self) {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
        self.space = false;
    }

    /// Writes the target behind the text of a link, unless the text contains it. Targets inside of the page are
    /// left out.
    fn end_link(&mut self) {
        let Some((href, start)) = self.link.take() else {
            return;
        };
        let shown = self.text.get(start..).unwrap_or_default().trim();
        let target = href.strip_prefix("mailto:").unwrap_or(&href);
        let leads_out = href.contains("://") || href.starts_with("mailto:");
        if !leads_out || shown.contains(target) {
            return;
        }
        let target = if shown.is_empty() { target.to_owned() } else { format!(" ({target})") };
        self.text.push_str(&target);
    }
}

/// A tag, and the text behind its `>`. A `>` in a quoted value does not end it. A tag without an end takes all of
/// the rest.
fn split_tag(behind: &str) -> (&str, &str) {
    let mut quote = None;
    let end = behind.char_indices().find(|&(at, c)| match (quote, c) {
        (None, '>') => true,
        // A quote opens a value only behind `=`; an apostrophe elsewhere is a mistake of the page.
        (None, '"' | '\'') => {
            if behind.get(..at).is_some_and(|before| before.trim_end().ends_with('=')) {
                quote = Some(c);
            }
            false
        }
        (Some(open), c) if c == open => {
            quote = None;
            false
        }
        _ => false,
    });
    let Some((end, _)) = end else {
        return (behind, "");
    };
    let (tag, rest) = behind.split_at(end);
    (tag, rest.get(1..).unwrap_or_default())
}

/// The content of an element, and the text behind its end tag; `None` if it has none.
fn element<'a>(rest: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let mut at = 0;
    loop {
        let end = at + rest.get(at..)?.find("</")?;
        let behind = rest.get(end + 2..)?;
        if behind.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return Some((rest.get(..end)?, split_tag(behind).1));
        }
        at = end + 2;
    }
}

/// The text behind an element that may contain others of its kind; `None` if it has no end tag.
fn nested_element<'a>(content: &'a str, name: &str) -> Option<&'a str> {
    let mut depth = 1_usize;
    let mut rest = content;
    loop {
        let (before, behind) = rest.split_once('<')?;
        let tag_start = rest.get(before.len()..)?;
        let (is_end, tag) = match behind.strip_prefix('/') {
            Some(tag) => (true, tag),
            None => (false, behind),
        };
        let is_it = tag.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name))
            && tag.get(name.len()..)?.starts_with(|c: char| c.is_whitespace() || "/>".contains(c));
        rest = split_tag(behind).1;
        match (is_it, is_end) {
            (false, _) => {}
            // The next one of its kind begins where an unclosed one ends.
            (true, false) if UNNESTED.contains(&name) => return Some(tag_start),
            (true, false) => depth += 1,
            (true, true) if depth == 1 => return Some(rest),
            (true, true) => depth -= 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_become_readable() {
        for (html, expected) in [
            ("<p>Motion <b>detected</b></p><p>Camera&nbsp;1</p>", "Motion detected\nCamera 1\n"),
            ("a<br>b<BR/>c<br />d", "a\nb\nc\nd"),
            ("<i>  many</i> \n\t spaces ", "many spaces"),
            ("<html><head><title>x</title><style>p{}</style></head><body>y</body></html>", "y\n"),
            ("<script>if (a<b) {}</script>after", "after"),
            ("<html><head><title>x</title><body>no end", "no end"),
            ("<script>never closed", ""),
            ("a<!-- <b> hidden -->b", "ab"),
            ("<!DOCTYPE html><div>x</div>", "x\n"),
            ("<tr><td>Event:</td><td>Motion</td></tr><tr><td>x</td></tr>", "Event: Motion\nx\n"),
            ("<a href=\"http://cam/1?a=1&amp;b=2\">see</a>", "see (http://cam/1?a=1&b=2)"),
            ("<a href='http://cam/'>http://cam/</a>", "http://cam/"),
            ("<a href=http://cam/><img src=x></a>", "http://cam/"),
            ("<a href=\"mailto:a@b\">mail</a> <a href=\"#top\">up</a>", "mail (a@b) up"),
            ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
            ("<img alt=\"a > b\">x", "x"),
            ("<pre>a\n  b</pre>", "a\n  b\n"),
            ("<b>never</b> <closed", "never"),
            ("<", "<"),
            ("Motion\nat <gate & more", "Motion\nat <gate & more"),
            ("Fan 3\nis <critical>\n", "Fan 3\nis <critical>\n"),
            ("Line 1\nLine 2 &amp; 3\n", "Line 1\nLine 2 & 3\n"),
            (
                "<p>From <nas@example.org> at <http://nas/></p>",
                "From <nas@example.org> at <http://nas/>\n",
            ),
            ("<ul><li>a</li><li><p>b</p></li><li></li></ul>c", "• a\n• b\nc"),
            ("<ul><li>a<li>b<ul><li>c</ul></ul>", "• a\n• b\n• c\n"),
            ("<ul><li></ul><p>a</p>", "a\n"),
            ("<ul><li>* a</li></ul><li><pre>b</pre>", "* a\nb\n"),
            ("<div style=\"display:none\">x<div>y</div>z</div>seen", "seen"),
            ("<div style='display: none !important'><br>x", "\nx"),
            ("<p hidden>x<p>y", "y"),
            ("<body style=\"display:none\">x</body>", "x\n"),
            ("<p hidden>x</p>y", "y"),
            ("<span style=\"font-size:0\">x</span>y", "y"),
            ("<head><style>.pre{display:none}</style></head><p class=pre>x</p>y", "y"),
            ("<style>.pre{display:none}</style><td class='a pre'>x</td>y", "y"),
            ("<div style='display:none'><divider>x</divider></div>y", "y"),
            ("<a data-href=x href=\"http://y/\">z</a>", "z (http://y/)"),
        ] {
            assert_eq!(render(html).text, expected, "{html}");
        }
    }
}
