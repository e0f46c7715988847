//! Calls of Slack's Web API: a form, an answer in JSON; and the upload of a file. Shows the token to
//! nobody else.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::Value;

use super::answer::{self, Problem};
use crate::body::{Body, Piece};
use crate::http::{self, Request, Secrets, repair, retry};
use crate::plan::Source;
use crate::settings_reader::SettingsReader;
use crate::{Attachment, Files};

/// Where everybody's Slack is.
const ADDRESS: &str = "https://slack.com/api";
/// What bots' tokens begin with.
const TOKEN_BEGIN: &str = "xoxb-";

/// What a method is called with: a form in an address's way of writing, which every method documents, and
/// `files.getUploadURLExternal` insists on.
#[derive(Default)]
pub(super) struct Form(Vec<(&'static str, String)>);

impl Form {
    /// Adds a field.
    pub(super) fn field(&mut self, name: &'static str, value: impl Into<String>) {
        self.0.push((name, value.into()));
    }

    /// The form behind the address of a method, which knows how fields are written.
    fn into_body(self, mut url: Url) -> Body {
        url.query_pairs_mut().clear().extend_pairs(&self.0);
        let bytes = url.query().unwrap_or_default().as_bytes().to_vec();
        Body::new("application/x-www-form-urlencoded".to_owned(), vec![Piece::Bytes(bytes)])
    }
}

/// The Web API and a bot there.
pub(super) struct Api {
    /// Ends in a slash; the name of a method follows.
    base: Url,
    login: HeaderValue,
    secrets: Secrets,
    time: Duration,
}

impl Api {
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
        Some(Self { base, login: login?, secrets, time: settings.answer_time() })
    }

    /// How long an answer may take.
    pub(super) fn time(&self) -> Duration {
        self.time
    }

    /// Calls a method of the Web API.
    pub(super) async fn call(
        &self,
        method: &str,
        form: Form,
        files: &Arc<dyn Files>,
    ) -> Result<Value, Problem> {
        let url = self.base.join(method).map_err(|error| Problem::NotTaken(error.to_string()))?;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, self.login.clone());
        let body = form.into_body(url.clone());
        let request = Request { url, headers, body, time: self.time, secrets: &self.secrets };
        let answer = http::post(request, files).await.map_err(|it| Problem::Stop(it.into()))?;
        answer::read(&answer, &self.secrets)
    }

    /// Takes a file to where Slack wants it: its number.
    pub(super) async fn upload(
        &self,
        file: &Attachment,
        files: &Arc<dyn Files>,
    ) -> Result<String, Problem> {
        let name = if file.name().is_empty() { "file" } else { file.name() };
        let mut form = Form::default();
        form.field("filename", name);
        form.field("length", file.size().to_string());
        let answer = self.call("files.getUploadURLExternal", form, files).await?;
        let text = |name| answer.get(name).and_then(Value::as_str);
        let (Some(id), Some(url)) = (text("file_id"), text("upload_url")) else {
            return Err(Problem::NotTaken("Slack named no place for it".to_owned()));
        };
        let Some(url) = http::address(url).ok().filter(|url| self.is_good_place(url)) else {
            let error = "Slack named a place for files that is not safe: nothing was sent there";
            return Err(Problem::Stop(repair(error.to_owned())));
        };
        let piece = match &file.source {
            Source::Stored(stored) => Piece::File(stored.clone()),
            Source::Text(text) => Piece::Bytes(text.clone().into_bytes()),
        };
        let body = Body::new("application/octet-stream".to_owned(), vec![piece]);
        // The address is a secret of its own; the token is none of its business.
        let mut secrets = self.secrets.clone();
        secrets.add_url(&url);
        let headers = HeaderMap::new();
        let request = Request { url, headers, body, time: self.time, secrets: &secrets };
        let answer = http::post(request, files).await.map_err(|it| Problem::Stop(it.into()))?;
        let said = answer.said("", &secrets);
        match answer.status {
            200 => Ok(id.to_owned()),
            413 => Err(Problem::NotTaken("too big for Slack".to_owned())),
            status @ (300..=407 | 409..=428 | 430..=499) => {
                Err(Problem::NotTaken(format!("not taken by Slack ({status}, {said})")))
            }
            status => {
                let error = format!("Slack's place for files has a fault ({status}): {said}");
                Err(Problem::Stop(retry(answer.retry_after, error)))
            }
        }
    }

    /// Whether files may be sent there: over TLS, or as the API itself is reached.
    fn is_good_place(&self, url: &Url) -> bool {
        let way = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned));
        url.scheme() == "https" || way(url) == way(&self.base)
    }
}
