//! HTTP/1.1 as far as cameras speak it: requests with `Content-Length`, answers with it, connections that stay open.

use std::collections::BTreeMap;
use std::io;

use tipoff_model::percent_decoded;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Size of a request's head in bytes, at most.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Size of a request's body in bytes, at most.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Bytes that are read at once.
const PIECE_BYTES: usize = 1 << 10;

/// A request that a camera received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The method, such as `GET`.
    pub method: String,
    /// Path and query as they were sent.
    pub target: String,
    /// By lower-case name; the last one, if a name occurs several times.
    pub headers: BTreeMap<String, String>,
    /// The whole body.
    pub body: Vec<u8>,
    /// Number of the connection, from 1.
    pub connection: usize,
    /// Status of the answer; 0 while there is none.
    pub status: u16,
    /// Why a login was refused; `None` if it was accepted, or none was sent.
    pub refusal: Option<String>,
}

impl Request {
    /// The part of the target before `?`.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The pairs of the query in order, decoded. A `+` is a plus sign: cameras write no forms.
    pub fn query(&self) -> Vec<(String, String)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name), decode(value))
            })
            .collect()
    }

    /// The first value of this name in the query.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.query().into_iter().find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The value of this header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn decode(text: &str) -> String {
    String::from_utf8_lossy(&percent_decoded(text.as_bytes())).into_owned()
}

/// An answer with a body.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), content_type, body: body.into() }
    }

    pub(super) fn xml(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "application/xml; charset=\"UTF-8\"", body)
    }

    pub(super) fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/plain", body)
    }

    pub(super) fn jpeg(body: Vec<u8>) -> Self {
        Self::new(200, "image/jpeg", body)
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "text/html", "<html><body>404 Not Found</body></html>")
    }

    pub(super) fn bad_request(why: &str) -> Self {
        Self::text(400, format!("Bad Request: {why}\r\n"))
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The answer as it is sent.
    pub(super) fn bytes(&self, closes: bool) -> Vec<u8> {
        let mut head = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: {}\r\n",
            self.status,
            reason(self.status),
            self.content_type,
            self.body.len(),
            if closes { "close" } else { "keep-alive" },
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}

/// The next request of a connection; `None` at its end. What follows it stays in `buffer`.
pub(super) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
) -> io::Result<Option<Request>> {
    let head_bytes = loop {
        if let Some(end) = buffer.windows(4).position(|it| it == b"\r\n\r\n") {
            break end + 4;
        }
        if buffer.len() > HEAD_BYTES_MAX {
            return Err(invalid("the head is too large"));
        }
        if read_more(stream, buffer).await? == 0 {
            return match buffer.is_empty() {
                true => Ok(None),
                false => Err(invalid("the connection ended inside a head")),
            };
        }
    };
    let head: Vec<u8> = buffer.drain(..head_bytes).collect();
    let mut request = parse(&head)?;
    if request.headers.contains_key("transfer-encoding") {
        return Err(invalid("cameras do not understand chunks"));
    }
    let length = request.headers.get("content-length").map_or("0", String::as_str);
    let length: usize = length.parse().map_err(|_| invalid("Content-Length is no number"))?;
    if length > BODY_BYTES_MAX {
        return Err(invalid("the body is too large"));
    }
    while buffer.len() < length {
        if read_more(stream, buffer).await? == 0 {
            return Err(invalid("the connection ended inside a body"));
        }
    }
    request.body = buffer.drain(..length).collect();
    Ok(Some(request))
}

/// Reads without a large buffer that stays with each of thousands of connections.
async fn read_more(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
) -> io::Result<usize> {
    buffer.reserve(PIECE_BYTES);
    stream.read_buf(buffer).await
}

fn parse(head: &[u8]) -> io::Result<Request> {
    let head = std::str::from_utf8(head).map_err(|_| invalid("the head is no text"))?;
    let mut lines = head.trim_end_matches("\r\n").split("\r\n");
    let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, version] = words.as_slice() else {
        return Err(invalid("the request line has not three words"));
    };
    if !["HTTP/1.1", "HTTP/1.0"].contains(version) || !target.starts_with('/') {
        return Err(invalid("the request line is malformed"));
    }
    let mut headers = BTreeMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').ok_or_else(|| invalid("a header has no colon"))?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    if *version == "HTTP/1.1" && !headers.contains_key("host") {
        return Err(invalid("Host is missing"));
    }
    if *version == "HTTP/1.0" {
        headers.entry("connection".to_owned()).or_insert_with(|| "close".to_owned());
    }
    let (method, target) = ((*method).to_owned(), (*target).to_owned());
    Ok(Request { method, target, headers, ..Request::default() })
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
