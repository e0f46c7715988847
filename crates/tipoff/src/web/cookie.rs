//! The `Cookie` header (RFC 6265, section 4.2.1).

/// The value of the first cookie of this name.
pub(super) fn value<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    pairs(header).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// All cookies: names and values.
pub(super) fn pairs(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split(';').filter_map(|pair| pair.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let header = "a=b; tipoff=secret=1;__Host-tipoff=other; tipoff=later";
        for (name, found) in [
            ("tipoff", Some("secret=1")),
            ("__Host-tipoff", Some("other")),
            ("a", Some("b")),
            ("Host-tipoff", None),
            ("", None),
        ] {
            assert_eq!(value(header, name), found, "{name}");
        }
    }
}
