//! HTML becomes readable text: lines, links with their targets, no markup, no scripts. It judges
//! nothing and follows nothing.

use crate::entities::push_resolved;

/// Elements of which nothing is shown.
const HIDDEN: &[&str] = &["head", "script", "style", "title", "template", "noscript"];

/// Elements that stand on lines of their own.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "blockquote",
    "body",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tr",
    "ul",
];

/// The text of a page.
pub(crate) fn to_text(html: &str) -> String {
    let mut page = Page::default();
    let mut rest = html;
    while let Some((text, behind)) = rest.split_once('<') {
        page.text(text);
        rest = page.markup(behind);
    }
    page.text(rest);
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
    /// White space was seen that is not yet written.
    space: bool,
    preformatted: bool,
    /// The target of an open link, and where its text begins.
    link: Option<(String, usize)>,
}

impl Page {
    /// What stands behind `<`; the rest of the page.
    fn markup<'a>(&mut self, behind: &'a str) -> &'a str {
        if let Some(comment) = behind.strip_prefix("!--") {
            return comment.split_once("-->").map_or("", |(_, rest)| rest);
        }
        let begins_a_tag = |c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?');
        if !behind.starts_with(begins_a_tag) {
            self.text("<");
            return behind;
        }
        let (tag, rest) = split_tag(behind);
        let name_end = tag.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(tag.len());
        let (name, attributes) = tag.split_at(name_end);
        let name = name.trim_end_matches('/').to_ascii_lowercase();
        if HIDDEN.contains(&name.as_str()) {
            return behind_element(rest, &name);
        }
        self.tag(&name, attributes);
        rest
    }

    fn tag(&mut self, name: &str, attributes: &str) {
        let bare = name.trim_start_matches('/');
        match name {
            "br" => self.new_line(),
            "td" | "th" | "/td" | "/th" => self.space = true,
            "a" => {
                self.link = attribute(attributes, "href").map(|href| (href, self.text.len()));
            }
            "/a" => self.end_link(),
            _ if BLOCKS.contains(&bare) => {
                if !self.text.is_empty() && !self.text.ends_with('\n') {
                    self.new_line();
                }
                if bare == "pre" {
                    self.preformatted = name == "pre";
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.preformatted {
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
            push_resolved(word, &mut self.text);
        }
    }

    fn new_line(&mut self) {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
        self.space = false;
    }

    /// Where the link leads, unless its text says so.
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

/// A tag and what follows its `>`; a `>` in a quoted value does not end it. A tag that never ends
/// hides the rest.
fn split_tag(behind: &str) -> (&str, &str) {
    let mut quote = None;
    let end = behind.char_indices().find(|&(at, c)| match (quote, c) {
        (None, '>') => true,
        // A quote opens a value, behind `=`; an apostrophe elsewhere is a slip.
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

/// What follows the end tag of an element whose content is hidden; nothing, if it never ends.
fn behind_element<'a>(rest: &'a str, name: &str) -> &'a str {
    let mut rest = rest;
    while let Some((_, behind)) = rest.split_once("</") {
        if behind.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return split_tag(behind).1;
        }
        rest = behind;
    }
    ""
}

fn attribute(attributes: &str, name: &str) -> Option<String> {
    let lower = attributes.to_ascii_lowercase();
    let at = lower
        .match_indices(name)
        .map(|(at, _)| at + name.len())
        .find(|&end| lower.get(end..).is_some_and(|rest| rest.trim_start().starts_with('=')))?;
    let value = attributes.get(at..)?.trim_start().strip_prefix('=')?.trim_start();
    let raw = match value.chars().next()? {
        quote @ ('"' | '\'') => value.get(1..)?.split(quote).next()?,
        _ => value.split_whitespace().next()?,
    };
    let mut resolved = String::new();
    push_resolved(raw.trim(), &mut resolved);
    Some(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_become_readable() {
        for (html, expected) in [
            ("<p>Motion <b>detected</b></p><p>Camera&nbsp;1</p>", "Motion detected\nCamera 1\n"),
            ("a<br>b<BR/>c<br />d", "a\nb\nc\nd"),
            ("  many \n\t spaces ", "many spaces"),
            ("<html><head><title>x</title><style>p{}</style></head><body>y</body></html>", "y\n"),
            ("<script>if (a<b) {}</script>after", "after"),
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
            ("never <closed", "never"),
            ("<", "<"),
        ] {
            assert_eq!(to_text(html), expected, "{html}");
        }
    }
}
