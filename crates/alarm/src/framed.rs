//! Messages behind a binary head that says their length, as alarm servers on plain TCP have them: 20 bytes, `FF 01 00 00`
//! first and the length of the JSON last, little-endian.

use std::ops::Range;

/// Bytes of the head.
const HEAD_BYTES: usize = 20;

/// Bytes of a message. A longer one is no message.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// What the beginning of a stream holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// So many bytes are needed in all before more can be said.
    Need(usize),
    /// A message: where it is. The next frame begins behind it.
    Message(Range<usize>),
    /// No frame: another protocol, or a message that is too long.
    Invalid,
}

/// Finds the message at the beginning of a stream.
pub fn frame(stream: &[u8]) -> Frame {
    const MAGIC: [u8; 2] = [0xFF, 1];
    let known = stream.len().min(MAGIC.len());
    if stream.get(..known) != MAGIC.get(..known) {
        return Frame::Invalid;
    }
    let length = stream.get(16..HEAD_BYTES).and_then(|length| length.try_into().ok());
    let Some(length) = length.map(u32::from_le_bytes) else {
        return Frame::Need(HEAD_BYTES);
    };
    let Some(length) = usize::try_from(length).ok().filter(|&it| it <= MESSAGE_BYTES_MAX) else {
        return Frame::Invalid;
    };
    let end = HEAD_BYTES + length;
    if stream.len() < end { Frame::Need(end) } else { Frame::Message(HEAD_BYTES..end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(length: u32) -> Vec<u8> {
        let mut head = vec![0xFF, 1, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0xE4, 5];
        head.extend(length.to_le_bytes());
        head
    }

    #[test]
    fn a_message_is_found_when_it_is_there_as_a_whole() {
        let mut stream = head(3);
        stream.extend(b"{}\nnext");
        for (bytes, expected) in [
            (0, Frame::Need(20)),
            (1, Frame::Need(20)),
            (19, Frame::Need(20)),
            (20, Frame::Need(23)),
            (22, Frame::Need(23)),
            (23, Frame::Message(20..23)),
            (27, Frame::Message(20..23)),
        ] {
            assert_eq!(frame(&stream[..bytes]), expected, "{bytes}");
        }
    }

    #[test]
    fn other_protocols_and_long_messages_are_no_frames() {
        assert_eq!(frame(b"GET / HTTP/1.1"), Frame::Invalid);
        assert_eq!(frame(b"\xFF\x02"), Frame::Invalid);
        assert_eq!(frame(&head(64 * 1024)), Frame::Need(20 + 64 * 1024));
        assert_eq!(frame(&head(64 * 1024 + 1)), Frame::Invalid);
        assert_eq!(frame(&head(u32::MAX)), Frame::Invalid);
    }
}
