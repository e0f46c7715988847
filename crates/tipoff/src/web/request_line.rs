//! Repairs the first line of an alarm: devices write spaces and letters of any charset into their addresses, and some leave
//! out the version. HTTP (RFC 9112, section 3) allows neither, so the request would be refused before anybody saw it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Longest line that is repaired, in bytes.
const LINE_BYTES_MAX: usize = 8 * 1024;
/// Bytes that are read at a time.
const READ_BYTES: usize = 512;

/// The line with everything in its target escaped that must not stand there, and with a version. `line` ends with its line
/// feed.
fn repaired(line: &[u8]) -> Vec<u8> {
    let text = line.trim_ascii_end();
    let Some(method_end) = text.iter().position(|byte| *byte == b' ') else { return line.to_vec() };
    let (method, rest) = text.split_at(method_end);
    let version_at = rest.windows(6).rposition(|word| word == b" HTTP/");
    let (target, version) = match version_at {
        Some(at) => rest.split_at(at),
        None => (rest, &b" HTTP/1.0"[..]),
    };
    let mut repaired = Vec::with_capacity(line.len() + 16);
    repaired.extend_from_slice(method);
    repaired.push(b' ');
    for byte in target.trim_ascii() {
        match byte {
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => {
                escape(*byte, &mut repaired)
            }
            0x21..=0x7E => repaired.push(*byte),
            _ => escape(*byte, &mut repaired),
        }
    }
    repaired.extend_from_slice(version);
    repaired.extend_from_slice(b"\r\n");
    repaired
}

fn escape(byte: u8, to: &mut Vec<u8>) {
    to.extend_from_slice(format!("%{byte:02X}").as_bytes());
}

/// A connection whose first line is repaired while it is read.
pub(super) struct RepairedLine<S> {
    socket: S,
    state: State,
}

enum State {
    /// The line is not complete.
    Line(Vec<u8>),
    /// These bytes come before what the socket has.
    Read(Vec<u8>),
    /// Nothing is left to repair.
    Through,
}

impl<S> RepairedLine<S> {
    /// `is_alarm`: it begins with an alarm; all others stay as they are.
    pub(super) fn new(socket: S, is_alarm: bool) -> Self {
        let state = if is_alarm { State::Line(Vec::new()) } else { State::Through };
        Self { socket, state }
    }
}

/// Takes bytes of the line. Returns what is to be read, once the line is complete or too long.
fn take(line: &mut Vec<u8>, bytes: &[u8]) -> Option<Vec<u8>> {
    line.extend_from_slice(bytes);
    let end = line.iter().position(|byte| *byte == b'\n');
    match end {
        Some(end) => {
            let rest = line.split_off(end + 1);
            let mut read = repaired(line);
            read.extend_from_slice(&rest);
            Some(read)
        }
        // At its end, or too long: it is refused as it is.
        None if bytes.is_empty() || line.len() > LINE_BYTES_MAX => Some(std::mem::take(line)),
        None => None,
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for RepairedLine<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { socket, state } = &mut *self;
        loop {
            match state {
                State::Through => return Pin::new(socket).poll_read(context, buffer),
                State::Read(bytes) => {
                    let count = bytes.len().min(buffer.remaining());
                    buffer.put_slice(bytes.get(..count).unwrap_or_default());
                    bytes.drain(..count);
                    if bytes.is_empty() {
                        *state = State::Through;
                    }
                    return Poll::Ready(Ok(()));
                }
                State::Line(line) => {
                    let mut bytes = [0; READ_BYTES];
                    let mut piece = ReadBuf::new(&mut bytes);
                    ready!(Pin::new(&mut *socket).poll_read(context, &mut piece))?;
                    if let Some(read) = take(line, piece.filled()) {
                        *state = if read.is_empty() { State::Through } else { State::Read(read) };
                    }
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for RepairedLine<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncReadExt;

    use super::*;

    #[test]
    fn what_must_not_stand_in_an_address_is_escaped() {
        for (line, expected) in [
            ("GET /h/x?a=1 HTTP/1.1\r\n", "GET /h/x?a=1 HTTP/1.1\r\n"),
            (
                "GET /h/x?title=At the gate HTTP/1.1\r\n",
                "GET /h/x?title=At%20the%20gate HTTP/1.1\r\n",
            ),
            ("GET /h/x?t=Hof%20ü HTTP/1.0\r\n", "GET /h/x?t=Hof%20%C3%BC HTTP/1.0\r\n"),
            ("GET /h/x?j={\"a\":1}\r\n", "GET /h/x?j=%7B%22a%22:1%7D HTTP/1.0\r\n"),
            ("GET  /h/x  HTTP/1.1\n", "GET /h/x HTTP/1.1\r\n"),
            ("nonsense\r\n", "nonsense\r\n"),
        ] {
            assert_eq!(String::from_utf8(repaired(line.as_bytes())).unwrap(), expected);
        }
        assert_eq!(repaired(b"GET /h/\xFC HTTP/1.1\r\n"), b"GET /h/%FC HTTP/1.1\r\n");
    }

    /// What is read if the bytes come in pieces of this size.
    async fn read(bytes: &[u8], size: usize, is_alarm: bool) -> Vec<u8> {
        let mut socket = tokio_test_socket(bytes, size);
        let mut whole = Vec::new();
        RepairedLine::new(&mut socket, is_alarm).read_to_end(&mut whole).await.unwrap();
        whole
    }

    fn tokio_test_socket(bytes: &[u8], size: usize) -> impl AsyncRead + Unpin {
        let pieces: Vec<io::Result<Vec<u8>>> =
            bytes.chunks(size).map(|piece| Ok(piece.to_vec())).collect();
        let pieces =
            futures_util::stream::iter(pieces.into_iter().map(|it| it.map(io::Cursor::new)));
        tokio_util::io::StreamReader::new(pieces)
    }

    #[tokio::test]
    async fn only_the_first_line_of_an_alarm_is_repaired() {
        let request = b"POST /h/a b HTTP/1.1\r\nX: a b\r\n\r\n\x00\xFF body";
        for size in [1, 7, 1000] {
            let expected = b"POST /h/a%20b HTTP/1.1\r\nX: a b\r\n\r\n\x00\xFF body";
            assert_eq!(read(request, size, true).await, expected, "{size}");
            assert_eq!(read(request, size, false).await, request, "{size}");
        }
        let long = [b"GET /".as_slice(), &[b'x'; LINE_BYTES_MAX * 2]].concat();
        assert_eq!(read(&long, 100, true).await, long);
    }

    proptest! {
        #[test]
        fn a_line_stays_one_line_and_repairing_again_changes_nothing(line in any::<Vec<u8>>()) {
            let mut line: Vec<u8> = line.into_iter().filter(|byte| *byte != b'\n').collect();
            line.push(b'\n');
            let once = repaired(&line);
            prop_assert_eq!(once.iter().filter(|byte| **byte == b'\n').count(), 1);
            prop_assert_eq!(repaired(&once), once);
        }
    }
}
