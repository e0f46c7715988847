//! Streams of events that a camera keeps open: multipart bodies without an end, with the bugs that firmware has.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{broadcast, watch};

/// How a camera writes its streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamForm {
    /// `HTTP/1.1` or `HTTP/1.0`.
    pub version: &'static str,
    /// The boundary that the header announces.
    pub announced_boundary: String,
    /// The boundary of the body, behind its two dashes.
    pub boundary: String,
    /// Whether a blank line separates a part's headers from its content.
    pub has_blank_line: bool,
    /// Whether a part's headers have its length.
    pub has_length: bool,
    /// Whether a second answer's head follows the first part, as if two answers were glued.
    pub is_glued: bool,
    /// Streams at one time, at most.
    pub connections_max: Option<usize>,
    /// Pause between two heartbeats; `None`: none unless the client asks for them.
    pub heartbeat: Option<Duration>,
}

impl StreamForm {
    /// As Hikvision's `alertStream`: no heartbeats by themselves; a test pushes them.
    pub fn hikvision() -> Self {
        Self {
            version: "HTTP/1.1",
            announced_boundary: "boundary".to_owned(),
            boundary: "boundary".to_owned(),
            has_blank_line: true,
            has_length: true,
            is_glued: false,
            connections_max: None,
            heartbeat: None,
        }
    }

    /// As Dahua's `eventManager.cgi`.
    pub fn dahua() -> Self {
        Self {
            announced_boundary: "myboundary".to_owned(),
            boundary: "myboundary".to_owned(),
            ..Self::hikvision()
        }
    }
}

/// A part of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its `Content-Type`.
    pub content_type: String,
    /// Its content.
    pub content: Vec<u8>,
}

impl Part {
    /// A part with this content.
    pub fn new(content_type: &str, content: impl Into<Vec<u8>>) -> Self {
        Self { content_type: content_type.to_owned(), content: content.into() }
    }

    /// A picture, which belongs to the part before it.
    pub fn picture(jpeg: impl Into<Vec<u8>>) -> Self {
        Self::new("image/jpeg", jpeg)
    }

    /// Hikvision's event of the first channel, such as `VMD`, `active`.
    pub fn hikvision(event_type: &str, state: &str) -> Self {
        Self::new("application/xml; charset=\"UTF-8\"", super::hikvision::event(event_type, state))
    }

    /// Dahua's event, such as `VideoMotion`, `Start`, 0; `data` is JSON, or empty.
    pub fn dahua(code: &str, action: &str, index: u32, data: &str) -> Self {
        let mut text = format!("Code={code};action={action};index={index}");
        if !data.is_empty() {
            text.push_str(";data=");
            text.push_str(data);
        }
        Self::new("text/plain", text)
    }

    /// Dahua's sign of life.
    pub fn heartbeat() -> Self {
        Self::new("text/plain", "Heartbeat")
    }

    /// The part as it is sent.
    pub(super) fn bytes(&self, form: &StreamForm) -> Vec<u8> {
        let mut head = format!("--{}\r\nContent-Type: {}\r\n", form.boundary, self.content_type);
        if form.has_length {
            head.push_str(&format!("Content-Length: {}\r\n", self.content.len()));
        }
        if form.has_blank_line {
            head.push_str("\r\n");
        }
        [head.as_bytes(), &self.content, b"\r\n\r\n"].concat()
    }
}

/// A kind of stream that the camera serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamKind {
    Hikvision,
    Dahua,
}

impl StreamKind {
    /// The head of the answer.
    pub(super) fn head(self, form: &StreamForm) -> String {
        let (version, boundary) = (form.version, &form.announced_boundary);
        match self {
            Self::Hikvision => format!(
                "{version} 200 OK\r\nMIME-Version: 1.0\r\nConnection: close\r\n\
                 Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n"
            ),
            Self::Dahua => format!(
                "{version} 200 OK\r\nCache-Control: no-cache\r\nConnection: close\r\n\
                 Content-Type: multipart/x-mixed-replace; boundary={boundary}\r\n\r\n"
            ),
        }
    }

    pub(super) fn heartbeat(self) -> Part {
        match self {
            Self::Hikvision => Part::hikvision("videoloss", "inactive"),
            Self::Dahua => Part::heartbeat(),
        }
    }
}

/// Pieces that wait for a stream that does not read, at most; the stream is closed beyond it.
const PIECES_MAX: usize = 1_024;

/// What the open streams of a camera share: each piece is stored once, for any number of streams.
pub(super) struct StreamHub {
    pieces: broadcast::Sender<Arc<[u8]>>,
    open: watch::Sender<usize>,
    opened: AtomicUsize,
}

impl StreamHub {
    pub(super) fn new() -> Self {
        Self {
            pieces: broadcast::Sender::new(PIECES_MAX),
            open: watch::Sender::new(0),
            opened: AtomicUsize::new(0),
        }
    }

    /// Sends bytes to all open streams.
    pub(super) fn send(&self, bytes: Vec<u8>) {
        // An error means that no stream is open.
        let _ = self.pieces.send(bytes.into());
    }

    /// Takes a place, unless there are `max` streams.
    pub(super) fn open(self: &Arc<Self>, max: Option<usize>) -> Option<OpenStream> {
        let mut has_place = false;
        let pieces = self.pieces.subscribe();
        self.open.send_if_modified(|count| {
            has_place = max.is_none_or(|max| *count < max);
            *count += usize::from(has_place);
            has_place
        });
        let first = has_place && self.opened.fetch_add(1, Ordering::Relaxed) == 0;
        has_place.then(|| OpenStream { hub: Arc::clone(self), pieces, is_first: first })
    }

    /// How many streams are open.
    pub(super) fn count(&self) -> watch::Receiver<usize> {
        self.open.subscribe()
    }

    /// How many streams were opened.
    pub(super) fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }
}

/// The place of an open stream; free again when this is dropped.
pub(super) struct OpenStream {
    hub: Arc<StreamHub>,
    pub(super) pieces: broadcast::Receiver<Arc<[u8]>>,
    /// Whether no stream was opened before.
    pub(super) is_first: bool,
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.hub.open.send_modify(|count| *count -= 1);
    }
}
