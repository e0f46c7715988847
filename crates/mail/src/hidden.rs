//! Recognises what a page does not show: by an element's style, by its attributes, and by plain rules of the style
//! sheet. Mail templates hide a preview text ("preheader"), which would otherwise be shown twice.

/// Number of rules of a style sheet that are read.
const RULES_MAX: usize = 200;

/// Number of names that style sheets hide. Each is compared with those of every element, so it bounds time.
const SELECTORS_MAX: usize = 200;

/// Number of classes of one element that are compared with them.
const NAMES_MAX: usize = 20;

/// Elements without content: they have no end tag that could be looked for.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"];

/// The names of classes and elements that a style sheet hides.
#[derive(Debug, Default)]
pub(crate) struct HiddenNames {
    /// Selectors with their `.` or `#`, in lower case.
    selectors: Vec<String>,
}

impl HiddenNames {
    /// Reads the rules that name one class or one id, and that hide it. Rules for some screens only (`@media`) do not
    /// count, and neither do rules for elements inside of others.
    pub(crate) fn add_sheet(&mut self, sheet: &str) {
        let mut rest = sheet;
        let mut depth = 0_usize;
        for _ in 0..RULES_MAX {
            let Some(at) = rest.find(['{', '}']) else {
                return;
            };
            let (before, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
            rest = behind.get(1..).unwrap_or_default();
            if behind.starts_with('}') {
                depth = depth.saturating_sub(1);
            } else if before.trim_start().starts_with('@') || depth > 0 {
                depth += 1;
            } else {
                let (declarations, after) = rest.split_once('}').unwrap_or((rest, ""));
                rest = after;
                if hides(declarations) {
                    let names = before.rsplit("*/").next().unwrap_or_default().split(',');
                    let room = SELECTORS_MAX.saturating_sub(self.selectors.len());
                    self.selectors.extend(names.take(room).filter_map(selector));
                }
            }
        }
    }

    /// Whether an element with these attributes is hidden, with all of its content.
    pub(crate) fn hide(&self, name: &str, attributes: &str) -> bool {
        if VOID.contains(&name) || name.starts_with(['/', '!', '?']) || attributes.is_empty() {
            return false;
        }
        let is_named = |mark: char, key: &str| {
            let value = attribute(attributes, key).unwrap_or_default().to_ascii_lowercase();
            let is_it =
                |it: &str| self.selectors.iter().any(|known| known.strip_prefix(mark) == Some(it));
            value.split_ascii_whitespace().take(NAMES_MAX).any(is_it)
        };
        has_bare(attributes, "hidden")
            || attribute(attributes, "style").is_some_and(hides)
            || !self.selectors.is_empty() && (is_named('.', "class") || is_named('#', "id"))
    }
}

/// The class or id in `.preheader`, `span.preheader` or `#preheader`; `None` for any other selector.
fn selector(text: &str) -> Option<String> {
    let text = text.trim();
    let (element, name) = text.split_at_checked(text.find(['.', '#'])?)?;
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_".contains(c))
    };
    let is_of_any = element.chars().all(|c| c.is_ascii_alphanumeric());
    (is_of_any && is_name(name.get(1..)?)).then(|| name.to_ascii_lowercase())
}

/// Whether declarations make an element invisible. A height of zero hides only if the rest is clipped.
fn hides(style: &str) -> bool {
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
    let style = style.to_ascii_lowercase();
    let mut zero_height = false;
    let mut clipped = false;
    for declaration in style.split(';') {
        let Some((property, value)) = declaration.split_once(':') else {
            continue;
        };
        let value = value.trim_end_matches("!important");
        let is_zero = ["0", "0px", "0em", "0pt", "0%", "0.0"].contains(&value);
        match property {
            "display" if value == "none" => return true,
            "visibility" if value == "hidden" || value == "collapse" => return true,
            "mso-hide" if value == "all" => return true,
            "font-size" | "opacity" if is_zero => return true,
            "height" | "max-height" | "width" | "max-width" => zero_height |= is_zero,
            "overflow" => clipped |= value == "hidden",
            _ => {}
        }
    }
    zero_height && clipped
}

/// The value of an attribute, unchanged; `None` if it is missing or has no value.
pub(crate) fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let at = places(attributes, name).find_map(|end| {
        let rest = attributes.get(end..)?.trim_start();
        rest.strip_prefix('=').map(str::trim_start)
    })?;
    match at.chars().next()? {
        quote @ ('"' | '\'') => at.get(1..)?.split(quote).next(),
        _ => at.split(|c: char| c.is_ascii_whitespace() || c == '>').next(),
    }
}

/// Whether an attribute is there, with or without a value.
fn has_bare(attributes: &str, name: &str) -> bool {
    places(attributes, name).any(|end| {
        let rest = attributes.get(end..).unwrap_or_default();
        rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_whitespace() || "=/".contains(c))
    })
}

/// The offsets behind each occurrence of an attribute's name, outside of quoted values.
fn places<'a>(attributes: &'a str, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    let mut quote = None;
    let mut before = ' ';
    attributes.char_indices().filter_map(move |(at, c)| {
        let is_start = quote.is_none() && (before.is_ascii_whitespace() || "\"'/".contains(before));
        match quote {
            Some(open) if c == open => quote = None,
            None if "\"'".contains(c) && before == '=' => quote = Some(c),
            _ => {}
        }
        if !(c.is_ascii_whitespace() && before == '=') {
            before = c;
        }
        let end = at + name.len();
        let is_name = || attributes.get(at..end).is_some_and(|it| it.eq_ignore_ascii_case(name));
        (is_start && is_name()).then_some(end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_hide() {
        for (style, expected) in [
            ("display:none", true),
            ("color: red; DISPLAY : none !important", true),
            ("display:inline", false),
            ("visibility: hidden", true),
            ("font-size:0", true),
            ("font-size:0px;", true),
            ("font-size:0.8em", false),
            ("opacity:0", true),
            ("opacity:0.5", false),
            ("mso-hide:all", true),
            ("max-height:0;overflow:hidden", true),
            ("max-height:0", false),
            ("overflow:hidden", false),
            ("", false),
        ] {
            assert_eq!(hides(style), expected, "{style}");
        }
    }

    #[test]
    fn attributes_are_found_where_they_are() {
        for (attributes, name, expected) in [
            (" src=x alt='a b'", "alt", Some("a b")),
            (" data-src=x src = \"y\"", "src", Some("y")),
            (" title=\"src=no\" SRC=y", "src", Some("y")),
            (" alt=\"a\"src=y", "src", Some("y")),
            (" src", "src", None),
            ("", "src", None),
        ] {
            assert_eq!(attribute(attributes, name), expected, "{attributes}");
        }
        let names = HiddenNames::default();
        assert!(names.hide("p", " hidden") && names.hide("p", " hidden=\"\""));
        assert!(!names.hide("p", " class=hidden") && !names.hide("p", " data-hidden=1"));
        assert!(!names.hide("img", " style=\"display:none\""));
    }

    #[test]
    fn style_sheets_hide_classes() {
        let mut names = HiddenNames::default();
        names.add_sheet(
            "p {color: red} /* x */ .pre, span.Small { display: none }\n#top{visibility:hidden}\n\
             @media (max-width: 600px) { .wide { display: none } } .late{opacity:0} a b.c{display:none}",
        );
        for (attributes, expected) in [
            (" class=\"x PRE\"", true),
            (" class=small", true),
            (" id='top'", true),
            (" class=wide", false),
            (" class=late", true),
            (" class=top", false),
            (" class=\"\"", false),
        ] {
            assert_eq!(names.hide("div", attributes), expected, "{attributes}");
        }
    }
}
