//! Bytes of a client as text. Never fails.

/// Reads UTF-8 (RFC 6531), else Latin-1, which loses nothing: an old camera's password stays comparable.
pub(crate) fn read(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// Reads a name or an address, without the control characters that could confuse a log or a terminal.
pub(crate) fn label(bytes: &[u8]) -> String {
    read(bytes).chars().filter(|character| !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_utf_8_is_latin_1() {
        assert_eq!(read("ä".as_bytes()), "ä");
        assert_eq!(read(b"\xe4"), "ä");
    }
}
