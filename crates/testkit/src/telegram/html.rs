//! The HTML of `parse_mode`: what people see of it. Stricter than Telegram with a stray `&` or `>`.

use super::ApiError;

const TAGS: &[&str] =
    &["b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "blockquote"];

/// The text without tags, trimmed as Telegram does.
pub(super) fn plain(html: &str) -> Result<String, ApiError> {
    let wrong =
        |what: &str| Err(ApiError::new(400, &format!("Bad Request: can't parse entities: {what}")));
    let (mut text, mut open, mut rest) = (String::new(), Vec::new(), html);
    while let Some(at) = rest.find(['<', '>', '&']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        if let Some(from) = from.strip_prefix('<') {
            let Some((tag, behind)) = from.split_once('>') else {
                return wrong("Unclosed start tag");
            };
            match tag.strip_prefix('/') {
                Some(end) if open.pop() == Some(end) => {}
                Some(end) => return wrong(&format!("Unmatched end tag \"{end}\"")),
                None if TAGS.contains(&tag) => open.push(tag),
                None => return wrong(&format!("Unsupported start tag \"{tag}\"")),
            }
            rest = behind;
        } else {
            let entities = [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"')];
            let found = entities.iter().find_map(|(entity, character)| {
                from.strip_prefix(entity).map(|behind| (behind, *character))
            });
            let Some((behind, character)) = found else {
                return wrong("a character that must be written as an entity");
            };
            text.push(character);
            rest = behind;
        }
    }
    if !open.is_empty() {
        return wrong("Can't find end tag");
    }
    text.push_str(rest);
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_well_formed_is_read_and_nothing_else() {
        assert_eq!(plain("<b>a &amp; b</b>\n1 &lt; 2").unwrap(), "a & b\n1 < 2");
        for html in ["<b>a", "a</b>", "<b><i>a</b></i>", "<x>a</x>", "a & b", "a > b", "a < b"] {
            assert!(plain(html).is_err(), "{html}");
        }
    }
}
