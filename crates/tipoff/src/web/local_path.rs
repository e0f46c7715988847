//! Paths of ours: those of the API, and where a login leads to.

/// Longer addresses lead to the first page instead.
const ADDRESS_BYTES_MAX: usize = 2_000;

/// The address if it is a path of ours, with or without a query; else `/`.
///
/// Nothing is decoded or repaired, because browsers do so in ways of their own: the URL Standard removes
/// tabs and line ends (section 4.4), takes `\` for `/`, and resolves dots. A path of ours needs none of
/// that: it has letters, digits, `-`, `_`, single dots and single slashes.
pub(super) fn local_path(address: &str) -> &str {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    if address.len() <= ADDRESS_BYTES_MAX && is_path(path) && query.bytes().all(is_of_query) {
        address
    } else {
        "/"
    }
}

/// The prefix of the API's paths.
const API: &str = "/api";

/// Whether a path belongs to the API, whose clients are programs.
pub(super) fn is_api(path: &str) -> bool {
    path.starts_with(API)
}

fn is_path(path: &str) -> bool {
    let Some(segments) = path.strip_prefix('/') else {
        return false;
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_segment = |segment: &str| {
        !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(is_plain)
    };
    segments.is_empty() || segments.split('/').all(is_segment)
}

/// What a query is written with (RFC 3986, section 3.4), but for quotes.
fn is_of_query(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&()*+,;=:@%/?".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn only_paths_of_ours_are_gone_to() {
        for address in [
            "/",
            "/overview",
            "/incidents/17",
            "/devices?text=front%20yard&offset=100",
            "/?from=2026-11-24&event=motion",
            "/sessions?device=3&next=/x",
            "/a.b/c-d_e",
        ] {
            assert_eq!(local_path(address), address);
        }
        for address in [
            "",
            "devices",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/%09/evil.example",
            "/%2F/evil.example",
            "/%2Fevil.example",
            "/%5Cevil.example",
            "/%5c%5cevil.example",
            "/.//evil.example",
            "/..//evil.example",
            "/./evil",
            "/a/../b",
            "/a//b",
            "/@evil.example",
            "/a@evil.example",
            "/:80",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/x\r\nset-cookie: a=b",
            "/x?a=\r\nset-cookie: b",
            "/x?a=\"><script>",
            "/x?a=\\",
            "/x#fragment",
            "/é",
            "/\u{2028}/evil.example",
            "/\u{ff0f}evil.example",
            "/ /evil.example",
        ] {
            assert_eq!(local_path(address), "/", "{address:?}");
        }
        assert_eq!(local_path(&format!("/{}", "x".repeat(ADDRESS_BYTES_MAX))), "/");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        /// Whatever is given, and however a browser reads it, it leads to this site, to where it says.
        #[test]
        fn a_browser_stays_on_this_site(
            address in prop_oneof![
                "[/\\\\.@:%\t\n\r a-z0-9?#-]{0,12}",
                "/(/|\\\\|%09|%2f|%5c|\t|\\.|@|evil\\.example|[a-z]){0,8}",
                any::<String>(),
            ],
        ) {
            let base = Url::parse("https://tipoff.example/login?next=x").unwrap();
            let gone_to = local_path(&address);
            let url = base.join(gone_to).unwrap();
            prop_assert_eq!(url.origin(), base.origin());
            prop_assert_eq!(url.username(), "");
            let path = gone_to.split('?').next().unwrap();
            prop_assert_eq!(url.path(), path, "a browser repairs nothing");
        }
    }
}
