//! What several readers do with bytes: decode a short text at once, undo the escapes of an address, and keep the
//! last bytes of a stream.

use tipoff_model::Encoding;
use tipoff_model::transfer::Decoder;

/// Decodes bytes that are in memory as a whole: an encoded word, or the beginning or the end of a file.
pub(crate) fn decoded(encoding: Encoding, encoded: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut decoder = Decoder::new(encoding);
    decoder.push(encoded, &mut bytes);
    decoder.finish(&mut bytes);
    bytes
}

/// Undoes the `%XX` escapes of an address (RFC 3986, section 2.1) or a parameter (RFC 2231, section 4). A `%`
/// without two hexadecimal digits behind it stands for itself: `100%.jpg`.
pub(crate) fn percent_decoded(mut escaped: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(escaped.len());
    while let Some((&byte, behind)) = escaped.split_first() {
        let resolved = (byte == b'%').then(|| {
            let (digits, after) = behind.split_at_checked(2)?;
            Some((u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?, after))
        });
        let (byte, after) = resolved.flatten().unwrap_or((byte, behind));
        bytes.push(byte);
        escaped = after;
    }
    bytes
}

/// Appends `bytes` to `kept`, and drops its first bytes over `bytes_max`.
pub(crate) fn keep_last(kept: &mut Vec<u8>, bytes: &[u8], bytes_max: usize) {
    let newest = bytes.len().saturating_sub(bytes_max);
    kept.extend_from_slice(bytes.get(newest..).unwrap_or_default());
    let too_many = kept.len().saturating_sub(bytes_max);
    kept.drain(..too_many);
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn the_last_bytes_of_any_pieces_are_kept(
            pieces in proptest::collection::vec(proptest::collection::vec(0..=255_u8, 0..9), 0..9),
            bytes_max in 0..12_usize,
        ) {
            let mut kept = Vec::new();
            pieces.iter().for_each(|piece| keep_last(&mut kept, piece, bytes_max));
            let all = pieces.concat();
            proptest::prop_assert_eq!(&kept, &all[all.len().saturating_sub(bytes_max)..]);
        }

        #[test]
        fn escaped_bytes_come_back(bytes in proptest::collection::vec(0..=255_u8, 0..20)) {
            let escaped: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
            proptest::prop_assert_eq!(percent_decoded(escaped.as_bytes()), bytes);
        }
    }

    #[test]
    fn a_lone_percent_sign_stands_for_itself() {
        for (escaped, expected) in
            [("100%.jpg", "100%.jpg"), ("a%2", "a%2"), ("%", "%"), ("%zz%41", "%zzA")]
        {
            assert_eq!(percent_decoded(escaped.as_bytes()), expected.as_bytes());
        }
    }
}
