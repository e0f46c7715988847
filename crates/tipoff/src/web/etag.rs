//! Entity tags: whether the client already has the current version (RFC 9110, sections 8.8.3 and 13.1.2).

use axum::http::{HeaderMap, header};

/// The tag of these bytes.
pub(super) fn of(bytes: &[u8]) -> String {
    let print = blake3::hash(bytes).to_hex();
    format!("\"{}\"", print.get(..16).unwrap_or_default())
}

/// Whether the request names this tag in `If-None-Match`; whether as a weak one makes no difference.
pub(super) fn is_known(request: &HeaderMap, tag: &str) -> bool {
    let known = request.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let mut known = known.unwrap_or_default().split(',').map(str::trim);
    known.any(|it| it.strip_prefix("W/").unwrap_or(it) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_tags_is_enough() {
        let tag = of(b"a page");
        let is_known = |value: String| {
            let value = value.parse().unwrap();
            is_known(&HeaderMap::from_iter([(header::IF_NONE_MATCH, value)]), &tag)
        };
        assert!(is_known(tag.clone()));
        assert!(is_known(format!("W/{tag}")));
        assert!(is_known(format!("\"another\",{tag}, \"third\"")));
        assert!(!is_known("\"another\"".to_owned()));
        assert!(!is_known(of(b"another page")));
        assert!(!super::is_known(&HeaderMap::new(), &tag));
    }
}
