//! Reads the requests that arrive at the webhook and counts the pictures in them.
//! It knows as much of HTTP/1.1 as senders of alerts use, and nothing of sockets.

use std::io::{self, BufRead, Read};

use memchr::memmem::Finder;

use crate::mail::PICTURE_IN_JSON;

const LINE_BYTES_MAX: u64 = 16_384;
const HEADER_LINES_MAX: usize = 200;
const BODY_BYTES_MAX: u64 = 256_000_000;

/// What was asked, as far as it matters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// How many pictures it carried.
    pub(crate) pictures: u64,
    /// Whether the sender closes after it.
    pub(crate) last: bool,
}

/// How the length of a body is given (RFC 9112, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunked,
}

/// Reads one request after the other from a connection.
pub(crate) struct Requests<R> {
    from: R,
    line: Vec<u8>,
    body: Vec<u8>,
    finder: Finder<'static>,
}

impl<R: BufRead> Requests<R> {
    /// Reads from the beginning of a connection.
    pub(crate) fn new(from: R) -> Self {
        let finder = Finder::new(PICTURE_IN_JSON);
        Self { from, line: Vec::new(), body: Vec::new(), finder }
    }

    /// Waits for the next whole request; `None` if the connection ends before it begins.
    pub(crate) fn next(&mut self) -> io::Result<Option<Request>> {
        if !self.line()? {
            return Ok(None);
        }
        let (framing, last) = self.headers()?;
        self.body.clear();
        match framing {
            Framing::Length(bytes) => self.take(bytes)?,
            Framing::Chunked => self.chunks()?,
        }
        let pictures = self.finder.find_iter(&self.body).count() as u64;
        Ok(Some(Request { pictures, last }))
    }

    fn headers(&mut self) -> io::Result<(Framing, bool)> {
        let (mut framing, mut last) = (Framing::Length(0), false);
        for _ in 0..HEADER_LINES_MAX {
            self.need_line()?;
            let line = self.line.trim_ascii();
            if line.is_empty() {
                return Ok((framing, last));
            }
            let mut parts = line.splitn(2, |byte| *byte == b':');
            let name = parts.next().unwrap_or_default();
            let value = parts.next().unwrap_or_default().trim_ascii();
            if name.eq_ignore_ascii_case(b"content-length") {
                // Both are not to be sent; where they are, chunks win (RFC 9112, section 6.3).
                if framing != Framing::Chunked {
                    framing = Framing::Length(number(value, 10)?);
                }
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                framing = Framing::Chunked;
            } else if name.eq_ignore_ascii_case(b"connection") {
                last = value.eq_ignore_ascii_case(b"close");
            }
        }
        Err(bad("too many headers"))
    }

    fn chunks(&mut self) -> io::Result<()> {
        loop {
            self.need_line()?;
            let size = self.line.split(|byte| *byte == b';').next().unwrap_or_default();
            let bytes = number(size.trim_ascii(), 16)?;
            if bytes == 0 {
                break;
            }
            self.take(bytes)?;
            self.need_line()?;
        }
        for _ in 0..HEADER_LINES_MAX {
            self.need_line()?;
            if self.line.trim_ascii().is_empty() {
                return Ok(());
            }
        }
        Err(bad("too many trailers"))
    }

    fn take(&mut self, bytes: u64) -> io::Result<()> {
        if self.body.len() as u64 + bytes > BODY_BYTES_MAX {
            return Err(bad("the body is too large"));
        }
        self.body.reserve(usize::try_from(bytes).map_err(io::Error::other)?);
        let read = self.from.by_ref().take(bytes).read_to_end(&mut self.body)?;
        if read as u64 == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn need_line(&mut self) -> io::Result<()> {
        if self.line()? { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Reads a line; whether there was one.
    fn line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let mut limited = self.from.by_ref().take(LINE_BYTES_MAX);
        limited.read_until(b'\n', &mut self.line)?;
        match self.line.last() {
            None => Ok(false),
            Some(b'\n') => Ok(true),
            Some(_) if self.line.len() as u64 == LINE_BYTES_MAX => Err(bad("the line is too long")),
            Some(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

fn number(digits: &[u8], radix: u32) -> io::Result<u64> {
    std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| u64::from_str_radix(digits, radix).ok())
        .filter(|number| *number <= BODY_BYTES_MAX)
        .ok_or_else(|| bad("no usable length"))
}

fn bad(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    const PICTURE: &str = r#"{"data":"/9j/4AAQ"}"#;

    fn plain(body: &str) -> String {
        format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    /// All requests of a connection, and how it ended; in buffers of every size the same.
    fn read(text: &str) -> (Vec<Request>, Option<io::ErrorKind>) {
        let read_with = |buffer_bytes| {
            let mut requests =
                Requests::new(BufReader::with_capacity(buffer_bytes, text.as_bytes()));
            let mut all = Vec::new();
            loop {
                match requests.next() {
                    Ok(Some(request)) => all.push(request),
                    Ok(None) => return (all, None),
                    Err(error) => return (all, Some(error.kind())),
                }
            }
        };
        let whole = read_with(100_000);
        for buffer_bytes in [1, 2, 7] {
            assert_eq!(read_with(buffer_bytes), whole);
        }
        whole
    }

    fn with(pictures: u64, last: bool) -> Request {
        Request { pictures, last }
    }

    #[test]
    fn requests_follow_each_other_on_a_connection() {
        let text = [plain(PICTURE), plain("{}"), plain(&PICTURE.repeat(3)), plain("")].concat();
        let expected = vec![with(1, false), with(0, false), with(3, false), with(0, false)];
        assert_eq!(read(&text), (expected, None));
        assert_eq!(read(""), (vec![], None));
    }

    #[test]
    fn a_picture_split_over_chunks_is_found() {
        let (left, right) = PICTURE.split_at(PICTURE.find("9j").unwrap());
        let text = format!(
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n\
             {:x}\r\n{left}\r\n{:X};a=b\r\n{right}\r\n0\r\nTrailer: x\r\n\r\n{}",
            left.len(),
            right.len(),
            plain("{}")
        );
        assert_eq!(read(&text), (vec![with(1, false), with(0, false)], None));
    }

    #[test]
    fn a_close_is_understood() {
        let text = "POST / HTTP/1.1\r\nCONNECTION: Close\r\nContent-length:0\r\n\r\n";
        assert_eq!(read(text), (vec![with(0, true)], None));
    }

    #[test]
    fn a_body_that_breaks_off_is_not_counted() {
        let whole = plain(PICTURE);
        let (begun, _) = whole.split_at(whole.len() - 1);
        assert_eq!(read(begun), (vec![], Some(io::ErrorKind::UnexpectedEof)));
        let chunk = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n";
        assert_eq!(read(chunk), (vec![], Some(io::ErrorKind::UnexpectedEof)));
    }

    #[test]
    fn limits_hold() {
        let line = |bytes: u64| {
            let name = "a".repeat(usize::try_from(bytes).unwrap() - ": \r\n".len());
            format!("POST / HTTP/1.1\r\n{name}: \r\n\r\n")
        };
        assert_eq!(read(&line(LINE_BYTES_MAX)).1, None);
        assert_eq!(read(&line(LINE_BYTES_MAX + 1)).1, Some(io::ErrorKind::InvalidData));
        let lines = |count: usize| format!("POST / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(count));
        assert_eq!(read(&lines(HEADER_LINES_MAX - 1)).1, None);
        assert_eq!(read(&lines(HEADER_LINES_MAX)).1, Some(io::ErrorKind::InvalidData));
        let length = |bytes: &str| format!("POST / HTTP/1.1\r\nContent-Length: {bytes}\r\n\r\n");
        for bytes in ["256000001", "18446744073709551615", "-1", "x", ""] {
            assert_eq!(read(&length(bytes)).1, Some(io::ErrorKind::InvalidData), "{bytes}");
        }
    }
}
