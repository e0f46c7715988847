//! Requests to a homeserver: an address made of segments, a token, JSON both ways. It knows no endpoint besides the
//! one for uploads. The token never appears in an error.

use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::{Method, Url};
use serde_json::Value;

use super::answer::{self, MatrixError};
use crate::Files;
use crate::body::{Body, Piece};
use crate::http::{self, Endpoint, Secrets};
use crate::multipart::header_safe;
use crate::settings_reader::SettingsReader;

/// Length limit of a file's name in an address, in characters.
const NAME_CHARS_MAX: usize = 100;

/// A homeserver, and a user there.
pub(super) struct MatrixApi {
    /// The server's address. Every request has the token in a header.
    endpoint: Endpoint,
}

impl MatrixApi {
    /// Reads `server`, `token` and `timeout`.
    pub(super) fn read(reader: &mut SettingsReader<'_>) -> Option<Self> {
        let settings = reader.settings;
        let token = settings.text("token").unwrap_or_default().trim();
        let is_token = !token.is_empty() && !token.contains(char::is_whitespace);
        let login = http::secret_header(&format!("Bearer {token}")).filter(|_| is_token);
        if login.is_none() {
            let message = "must be an access token, such as syt_dGlwb2Zm_…, and nothing else";
            reader.fault("token", message);
        }
        let base =
            reader.check("server", http::address(settings.text("server").unwrap_or_default()))?;
        let mut secrets = Secrets::default();
        secrets.add(token);
        secrets.add_url(&base);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, login?)]);
        let endpoint = Endpoint { url: base, headers, time: settings.answer_time(), secrets };
        Some(Self { endpoint })
    }

    /// Sends a request with a JSON body, or an empty one, to `/_matrix/client/` and `path`.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &[&str],
        body: Value,
        files: &Arc<dyn Files>,
    ) -> Result<Value, MatrixError> {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let body = Body::new("application/json".to_owned(), vec![Piece::Bytes(body)]);
        self.call(method, self.url("client", path), body, files).await
    }

    /// Uploads a file: "POST /_matrix/media/v3/upload" in the specification.
    pub(super) async fn upload(
        &self,
        name: &str,
        content_type: &str,
        piece: Piece,
        files: &Arc<dyn Files>,
    ) -> Result<Value, MatrixError> {
        let mut url = self.url("media", &["v3", "upload"]);
        let name: String = name.chars().take(NAME_CHARS_MAX).collect();
        url.query_pairs_mut().append_pair("filename", &name);
        let body = Body::new(header_safe(content_type).to_owned(), vec![piece]);
        self.call(Method::POST, url, body, files).await
    }

    /// Sends a request and reads the JSON object in the answer.
    async fn call(
        &self,
        method: Method,
        url: Url,
        body: Body,
        files: &Arc<dyn Files>,
    ) -> Result<Value, MatrixError> {
        let request = self.endpoint.request_to(url, body);
        let answer = http::call(method, request, files).await.map_err(MatrixError::NoAnswer)?;
        answer::read(&answer, &self.endpoint.secrets)
    }

    /// An address of segments, each percent-encoded: a room's ID may contain a slash.
    fn url(&self, area: &str, path: &[&str]) -> Url {
        let mut url = self.endpoint.url.clone();
        // Fails only for addresses without a host.
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(["_matrix", area]).extend(path);
        }
        url
    }
}
