//! Character references in HTML: numbers, and the names that devices and their mailers use.

/// A reference is no longer, without `&` and `;`.
const REFERENCE_BYTES_MAX: usize = 10;

/// In alphabetical order.
static NAMES: &[(&str, char)] = &[
    ("Agrave", 'À'),
    ("Auml", 'Ä'),
    ("Ccedil", 'Ç'),
    ("Eacute", 'É'),
    ("Ntilde", 'Ñ'),
    ("Ouml", 'Ö'),
    ("Uuml", 'Ü'),
    ("aacute", 'á'),
    ("acirc", 'â'),
    ("agrave", 'à'),
    ("amp", '&'),
    ("apos", '\''),
    ("aring", 'å'),
    ("auml", 'ä'),
    ("bull", '•'),
    ("ccedil", 'ç'),
    ("copy", '©'),
    ("deg", '°'),
    ("eacute", 'é'),
    ("ecirc", 'ê'),
    ("egrave", 'è'),
    ("euml", 'ë'),
    ("euro", '€'),
    ("gt", '>'),
    ("hellip", '…'),
    ("iacute", 'í'),
    ("icirc", 'î'),
    ("iuml", 'ï'),
    ("laquo", '«'),
    ("ldquo", '“'),
    ("lsquo", '‘'),
    ("lt", '<'),
    ("mdash", '—'),
    ("middot", '·'),
    ("nbsp", ' '),
    ("ndash", '–'),
    ("ntilde", 'ñ'),
    ("oacute", 'ó'),
    ("ocirc", 'ô'),
    ("oslash", 'ø'),
    ("ouml", 'ö'),
    ("pound", '£'),
    ("quot", '"'),
    ("raquo", '»'),
    ("rdquo", '”'),
    ("reg", '®'),
    ("rsquo", '’'),
    ("szlig", 'ß'),
    ("trade", '™'),
    ("uacute", 'ú'),
    ("ugrave", 'ù'),
    ("uuml", 'ü'),
];

/// The character behind `&`, and what follows the reference; nothing if it is none.
fn reference(text: &str) -> Option<(char, &str)> {
    let end = text.bytes().take(REFERENCE_BYTES_MAX + 1).position(|byte| byte == b';')?;
    let (name, rest) = (text.get(..end)?, text.get(end + 1..)?);
    let number = name.strip_prefix('#').and_then(|number| {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        char::from_u32(code.ok()?)
    });
    let named = || {
        let at = NAMES.binary_search_by_key(&name, |(name, _)| name).ok()?;
        NAMES.get(at).map(|&(_, character)| character)
    };
    let character = number.or_else(named)?;
    Some((if character == '\u{A0}' { ' ' } else { character }, rest))
}

/// Appends `text` with its references resolved; what is none stays as it is.
pub(crate) fn push_resolved(text: &str, output: &mut String) {
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        output.push_str(before);
        match reference(behind) {
            Some((character, after)) => {
                output.push(character);
                rest = after;
            }
            None => {
                output.push('&');
                rest = behind;
            }
        }
    }
    output.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved() {
        assert!(NAMES.is_sorted_by_key(|(name, _)| name));
        for (text, expected) in [
            ("a &lt;b&gt; &amp;amp; &#228;&#xE4;&auml;", "a <b> &amp; äää"),
            ("AT&T; R&D &unknown; &;", "AT&T; R&D &unknown; &;"),
            ("a&nbsp;b&#160;c", "a b c"),
            ("&#xD800;&#99999999;", "&#xD800;&#99999999;"),
            ("&", "&"),
        ] {
            let mut output = String::new();
            push_resolved(text, &mut output);
            assert_eq!(output, expected);
        }
    }
}
