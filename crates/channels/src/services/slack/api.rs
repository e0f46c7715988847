//! Calls of Slack's Web API: a form, an answer in JSON; and the upload of a file. Only the Web API gets the token:
//! the place for an upload is another server.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::Value;

use super::answer::{self, SlackFailure};
use crate::body::{Body, Piece};
use crate::http::{self, Endpoint, Request, Secrets, repair, retry};
use crate::settings_reader::SettingsReader;
use crate::{Attachment, Files};

/// The address of the Web API, except for GovSlack.
const ADDRESS: &str = "https://slack.com/api";
/// Prefix of the tokens of bots.
const TOKEN_BEGIN: &str = "xoxb-";

/// The arguments of a method, as `application/x-www-form-urlencoded`: every method documents that form, and
/// `files.getUploadURLExternal` accepts no other.
#[derive(Default)]
pub(super) struct UrlEncodedForm(Vec<(&'static str, String)>);

impl UrlEncodedForm {
    /// Adds a field.
    pub(super) fn field(&mut self, name: &'static str, value: impl Into<String>) {
        self.0.push((name, value.into()));
    }

    /// The form as a body. `url` only serves to encode the fields.
    fn into_body(self, mut url: Url) -> Body {
        url.query_pairs_mut().clear().extend_pairs(&self.0);
        let bytes = url.query().unwrap_or_default().as_bytes().to_vec();
        Body::new("application/x-www-form-urlencoded".to_owned(), vec![Piece::Bytes(bytes)])
    }
}

/// The Web API and a bot there.
pub(super) struct SlackApi {
    /// Its address ends in a slash; the name of a method follows. Every request has the token in a header.
    endpoint: Endpoint,
}

impl SlackApi {
    /// Reads `api`, `timeout` and `token`.
    pub(super) fn read(reader: &mut SettingsReader<'_>) -> Option<Self> {
        let settings = reader.settings;
        let token = settings.text("token").unwrap_or_default().trim();
        let is_bots = token.strip_prefix(TOKEN_BEGIN).is_some_and(|rest| !rest.is_empty());
        let login = http::secret_header(&format!("Bearer {token}")).filter(|_| is_bots);
        if login.is_none() {
            reader.fault("token", "is not a bot's token, which begins with xoxb-");
        }
        let base = reader.address("api", ADDRESS, "/")?;
        let mut secrets = Secrets::of_login(&base);
        secrets.add(token);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, login?)]);
        let endpoint = Endpoint { url: base, headers, time: settings.answer_time(), secrets };
        Some(Self { endpoint })
    }

    /// How long an answer may take.
    pub(super) fn time(&self) -> Duration {
        self.endpoint.time
    }

    /// Calls a method of the Web API.
    pub(super) async fn call(
        &self,
        method: &str,
        form: UrlEncodedForm,
        files: &Arc<dyn Files>,
    ) -> Result<Value, SlackFailure> {
        let url = self.endpoint.url.join(method);
        let url = url.map_err(|error| SlackFailure::NotTaken(error.to_string()))?;
        let request = self.endpoint.request_to(url.clone(), form.into_body(url));
        let answer =
            http::post(request, files).await.map_err(|it| SlackFailure::Stop(it.into()))?;
        answer::read(&answer, &self.endpoint.secrets)
    }

    /// Uploads a file to the place that Slack names, and returns its ID.
    pub(super) async fn upload(
        &self,
        file: &Attachment,
        files: &Arc<dyn Files>,
    ) -> Result<String, SlackFailure> {
        let name = if file.name().is_empty() { "file" } else { file.name() };
        let mut form = UrlEncodedForm::default();
        form.field("filename", name);
        form.field("length", file.size().to_string());
        let answer = self.call("files.getUploadURLExternal", form, files).await?;
        let text = |name| answer.get(name).and_then(Value::as_str);
        let (Some(id), Some(url)) = (text("file_id"), text("upload_url")) else {
            return Err(SlackFailure::NotTaken("Slack named no place for it".to_owned()));
        };
        let Some(url) = http::address(url).ok().filter(|url| self.is_good_place(url)) else {
            let error =
                "the address that Slack named for files is not safe: nothing was sent there";
            return Err(SlackFailure::Stop(repair(error.to_owned())));
        };
        let body = Body::new("application/octet-stream".to_owned(), vec![file.piece()]);
        // The address is a secret of its own. This server must not get the token.
        let mut secrets = self.endpoint.secrets.clone();
        secrets.add_url(&url);
        let headers = HeaderMap::new();
        let request = Request { url, headers, body, time: self.endpoint.time, secrets: &secrets };
        let answer =
            http::post(request, files).await.map_err(|it| SlackFailure::Stop(it.into()))?;
        let said = answer.said("", &secrets);
        match answer.status {
            200 => Ok(id.to_owned()),
            413 => Err(SlackFailure::NotTaken("too big for Slack".to_owned())),
            status @ (300..=407 | 409..=428 | 430..=499) => {
                Err(SlackFailure::NotTaken(format!("not taken by Slack ({status}, {said})")))
            }
            status => {
                let error = format!("Slack's place for files has a fault ({status}): {said}");
                Err(SlackFailure::Stop(retry(answer.retry_after, error)))
            }
        }
    }

    /// Whether files may be sent to an address: over TLS, or to the same scheme and host as the Web API.
    fn is_good_place(&self, url: &Url) -> bool {
        let way = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned));
        url.scheme() == "https" || way(url) == way(&self.endpoint.url)
    }
}
