//! Bytes as text (RFC 4648, section 8): digests in the table `meta`, names in the journal of uploads.

/// Two lower-case hexadecimal digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of such a text. `None` if it has another character, or an odd number of digits.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_they_were_written() {
        assert_eq!(hex(&[0, 9, 0xab, 0xff]), "0009abff");
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(unhex(&hex(&all)), Some(all));
        assert_eq!(unhex(""), Some(Vec::new()));
    }

    #[test]
    fn anything_else_is_no_bytes() {
        for text in ["0", "0g", "g0", "é", "+1"] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }
}
