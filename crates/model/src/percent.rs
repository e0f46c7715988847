//! The escapes of an address, as mails, forms and paths have them.

use std::fmt::Write as _;

/// Undoes the `%XX` escapes of an address (RFC 3986, section 2.1) or a parameter (RFC 2231, section 4). A `%`
/// without two hexadecimal digits behind it stands for itself: `100%.jpg`.
pub fn percent_decoded(mut escaped: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(escaped.len());
    while let Some((&byte, behind)) = escaped.split_first() {
        let resolved = (byte == b'%').then(|| {
            let (digits, after) = behind.split_at_checked(2)?;
            let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
            Some((u8::try_from(digit(0)? * 16 + digit(1)?).ok()?, after))
        });
        let (byte, after) = resolved.flatten().unwrap_or((byte, behind));
        bytes.push(byte);
        escaped = after;
    }
    bytes
}

/// Escapes every byte that is not unreserved (RFC 3986, sections 2.1 and 2.3).
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn escaped_bytes_come_back(bytes in proptest::collection::vec(0..=255_u8, 0..20)) {
            let escaped: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
            proptest::prop_assert_eq!(percent_decoded(escaped.as_bytes()), bytes);
        }
    }

    proptest::proptest! {
        #[test]
        fn encoding_and_decoding_are_inverse(text: String) {
            let encoded = percent_encoded(&text);
            proptest::prop_assert!(encoded.bytes().all(|it| it.is_ascii_graphic()));
            proptest::prop_assert_eq!(percent_decoded(encoded.as_bytes()), text.into_bytes());
        }
    }

    #[test]
    fn a_lone_percent_sign_stands_for_itself() {
        for (escaped, expected) in [
            ("100%.jpg", "100%.jpg"),
            ("a%2", "a%2"),
            ("%", "%"),
            ("%zz%41", "%zzA"),
            ("%+4", "%+4"),
        ] {
            assert_eq!(percent_decoded(escaped.as_bytes()), expected.as_bytes());
        }
    }
}
