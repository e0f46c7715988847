//! What a camera answers, piece by piece.

use hyper::body::{Bytes, Incoming};
use tokio::sync::MutexGuard;

use crate::connection::{Connection, Ends};
use crate::{CameraAddress, CameraError};

/// An answer whose body is read piece by piece. The camera is asked nothing else meanwhile, unless it is a stream.
pub struct Answer<'a> {
    /// The status (RFC 9110, section 15).
    pub status: u16,
    /// `Content-Type`, as it came.
    pub content_type: Option<String>,
    /// All `WWW-Authenticate`, one a line.
    pub challenges: String,
    /// `Date`, as it came: the camera's clock.
    pub date: Option<String>,
    pub(crate) camera: &'a CameraAddress,
    pub(crate) body: Incoming,
    pub(crate) connection: Option<Connection>,
    /// Where the connection is kept for the next question. `None` for a stream.
    pub(crate) kept: Option<MutexGuard<'a, Option<Connection>>>,
}

impl Answer<'_> {
    /// The addresses of its connection; `None` once that has ended.
    pub fn ends(&self) -> Option<Ends> {
        self.connection.as_ref().map(|connection| connection.ends)
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// The connection broke before the end.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, CameraError> {
        loop {
            let Some(connection) = &mut self.connection else { return Ok(None) };
            match connection.frame(&mut self.body).await {
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
                Some(Err(error)) => {
                    self.connection = None;
                    let reason = cause(&error);
                    return Err(CameraError::Broken { camera: self.camera.clone(), reason });
                }
                None => {
                    let connection = self.connection.take();
                    if let Some(kept) = &mut self.kept {
                        **kept = connection;
                    }
                    return Ok(None);
                }
            }
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// The connection broke, or the body has more than `bytes_max` bytes.
    pub async fn whole(mut self, bytes_max: usize) -> Result<Vec<u8>, CameraError> {
        let mut whole = Vec::new();
        while let Some(piece) = self.piece().await? {
            if whole.len() + piece.len() > bytes_max {
                return Err(CameraError::TooLarge {
                    camera: self.camera.clone(),
                    bytes: bytes_max,
                });
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }
}

/// The innermost cause of an error: the outer ones say only that there was one.
pub(crate) fn cause(error: &hyper::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
