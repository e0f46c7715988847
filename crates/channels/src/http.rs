//! The one HTTP client: time limits, bounded answers, Retry-After, errors without secrets.
//! Follows no redirect, retries nothing, and knows no service.

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method, Response, Url};
use tipoff_model::{Scope, Timestamp, Verdict};
use tokio::time::{Instant, timeout, timeout_at};

use crate::Files;
use crate::body::{Body, BodyError};
use crate::words;

/// How long a connection may take to come up.
pub(crate) const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long bytes that were sent may stay unacknowledged by the other machine: then the network or the
/// machine is gone, and no time limit of a large upload is waited for.
const ACKNOWLEDGED_TIME: Duration = Duration::from_secs(20);
/// How long an unused connection is kept for the next alert.
const IDLE_TIME: Duration = Duration::from_secs(90);
/// How long an HTTP/2 connection may leave a ping unanswered while a request waits.
const PING_TIME: Duration = Duration::from_secs(15);
/// The slowest upload that is waited for: a time limit grows with what is sent.
const UPLOAD_BYTES_PER_S_MIN: u64 = 128 * 1024;
/// How much of an answer is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How long the rest of an answer may take once its head is there.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// The longest pause that a service may ask for.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// The pause after a failure that somebody has to repair: no use in asking every second.
pub(crate) const REPAIR_PAUSE: Duration = Duration::from_secs(5 * 60);

/// The whole channel waits, and is tried again: not before `after`, where the service named a time.
pub(crate) fn retry(after: Option<Duration>, error: String) -> Verdict {
    Verdict::Retry { scope: Scope::Channel, after, error }
}

/// No answer came: the whole channel waits until the destination can be reached.
pub(crate) fn no_answer(error: String) -> Verdict {
    Verdict::Retry { scope: Scope::Unreachable, after: None, error }
}

/// The whole channel waits for somebody to repair something; nothing is lost meanwhile.
pub(crate) fn repair(error: String) -> Verdict {
    retry(Some(REPAIR_PAUSE), error)
}

/// What must never be shown, as it is looked for in every error.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// Hides `secret` from now on.
    pub(crate) fn add(&mut self, secret: &str) {
        if !secret.is_empty() {
            self.0.push(secret.to_owned());
            // What holds another is hidden first, or its rest would stay.
            self.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
    }

    /// Hides a value that may be a secret, unless it is too short to be one.
    pub(crate) fn add_value(&mut self, value: &str) {
        /// Shorter ones are words ("api", "v1", "json") that would turn an error into a riddle.
        const VALUE_BYTES_MIN: usize = 6;
        if value.len() >= VALUE_BYTES_MIN {
            self.add(value);
        }
    }

    /// Hides what `url` may hold of secrets: everything but the name of the host.
    pub(crate) fn add_url(&mut self, url: &Url) {
        url.path().split('/').chain(url.query()).for_each(|part| self.add_value(part));
        url.query_pairs().for_each(|(_, value)| self.add_value(&value));
        self.add(url.username());
        self.add(url.password().unwrap_or_default());
    }

    /// `text` without secrets.
    pub(crate) fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "[hidden]"))
    }
}

/// A request.
pub(crate) struct Request<'a> {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// How long it may take, besides the time that its body needs.
    pub(crate) time: Duration,
    pub(crate) secrets: &'a Secrets,
}

/// An answer, of whatever status.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    /// Its beginning; nothing where it broke off.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// What the service said, for an error: `told`, where it told that in its own form, else what
    /// came; short, and without secrets.
    pub(crate) fn said(&self, told: &str, secrets: &Secrets) -> String {
        /// How much is shown, in UTF-16 units.
        const EXCERPT_UTF16_MAX: usize = 200;
        let raw = String::from_utf8_lossy(&self.body);
        let said = if told.is_empty() { &raw } else { told };
        secrets.hide(&words::excerpt(said, EXCERPT_UTF16_MAX))
    }
}

/// Why there is no answer. In plain words, without secrets.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A file cannot be read from the store.
    Stored(String),
    /// The service cannot be reached, or does not answer.
    Service(String),
}

impl From<Failure> for Verdict {
    fn from(failure: Failure) -> Self {
        let (scope, error) = match failure {
            Failure::Stored(error) => (Scope::Message, error),
            Failure::Service(error) => (Scope::Unreachable, error),
        };
        Self::Retry { scope, after: None, error }
    }
}

/// Sends a request by POST and reads the answer.
pub(crate) async fn post(request: Request<'_>, files: &Arc<dyn Files>) -> Result<Answer, Failure> {
    call(Method::POST, request, files).await
}

/// Sends a request and reads the answer.
pub(crate) async fn call(
    method: Method,
    request: Request<'_>,
    files: &Arc<dyn Files>,
) -> Result<Answer, Failure> {
    call_reading(method, request, files, ANSWER_BYTES_MAX).await
}

/// Sends a request and reads at most so many bytes of the answer.
pub(crate) async fn call_reading(
    method: Method,
    request: Request<'_>,
    files: &Arc<dyn Files>,
    answer_bytes_max: usize,
) -> Result<Answer, Failure> {
    let Request { url, headers, body, time, secrets } = request;
    let time = time + upload_time(body.len());
    let deadline = Instant::now() + time;
    let host = host(&url);
    let late = || Failure::Service(format!("{host} did not answer within {} s", time.as_secs()));
    let sending = async {
        let client = client().map_err(Failure::Service)?;
        let body = body.settle(files).await.map_err(|BodyError(error)| Failure::Stored(error))?;
        let (length, content_type) = (body.len(), body.content_type().to_owned());
        let (body, broken) = body.open(files);
        let mut request = client.request(method, url).headers(headers);
        // What has neither bytes nor a type is no body.
        if length > 0 || !content_type.is_empty() {
            request = request.header(CONTENT_TYPE, content_type).header(CONTENT_LENGTH, length);
            request = request.body(body);
        }
        request.send().await.map_err(|error| match broken.get() {
            Some(BodyError(error)) => Failure::Stored(error.clone()),
            None => Failure::Service(secrets.hide(&in_words(error, &host))),
        })
    };
    let response = timeout_at(deadline, sending).await.map_err(|_| late())??;
    let status = response.status().as_u16();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| retry_after(value, SystemTime::now()));
    // Past its head an answer cannot turn into a failure any more: what was said was said.
    let body = timeout(ANSWER_TIME, read(response, answer_bytes_max)).await.unwrap_or_default();
    Ok(Answer { status, retry_after, body })
}

/// How long so many bytes may take besides.
pub(crate) fn upload_time(bytes: u64) -> Duration {
    Duration::from_secs(bytes / UPLOAD_BYTES_PER_S_MIN)
}

/// An address that requests can be sent to, or what is wrong with it.
pub(crate) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| "must be an address that begins with http:// or https://".to_owned())
}

/// The client that all channels share, and so their connections.
fn client() -> Result<&'static Client, String> {
    static CLIENT: OnceLock<Result<Client, String>> = OnceLock::new();
    let client = CLIENT.get_or_init(|| {
        install_crypto();
        Client::builder()
            .user_agent(concat!("Tipoff/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIME)
            .tcp_user_timeout(ACKNOWLEDGED_TIME)
            .pool_idle_timeout(IDLE_TIME)
            .http2_keep_alive_interval(PING_TIME)
            .http2_keep_alive_timeout(PING_TIME)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| format!("no HTTP client: {}", innermost(&error)))
    });
    client.as_ref().map_err(Clone::clone)
}

/// Has to be called before the first client is made, of whatever library.
pub(crate) fn install_crypto() {
    // Fails where one is installed already: then that one serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

async fn read(mut response: Response, bytes_max: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while body.len() < bytes_max {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(_) => return Vec::new(),
        }
    }
    body.truncate(bytes_max);
    body
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn in_words(error: reqwest::Error, host: &str) -> String {
    // The address may hold a token.
    let error = error.without_url();
    let cause = words::excerpt(&innermost(&error), 200);
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => format!("{host} cannot be reached within {} s", CONNECT_TIME.as_secs()),
        (true, false) => format!("{host} cannot be reached: {cause}"),
        _ => format!("the connection to {host} failed: {cause}"),
    }
}

/// What is at the bottom of a chain of errors says most.
pub(crate) fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// RFC 9110, section 10.2.3: seconds or a date.
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let pause = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(value).ok()?;
            Timestamp::from_ms(date.timestamp().as_millisecond()).since(Timestamp::from(now))
        }
    };
    Some(pause.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_700);
        for (value, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("86400", Some(86_400)),
            ("86401", Some(86_400)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(77)),
            ("Sat, 05 Nov 1994 08:49:37 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value:?}");
        }
    }

    #[test]
    fn every_part_of_an_address_but_its_host_is_hidden() {
        let url = "https://me:passphrase@example.org/api/services/T0PS3CRET?key=k3yk3yk3y&x=1";
        let mut secrets = Secrets::default();
        secrets.add_url(&Url::parse(url).unwrap());
        let hidden = secrets.hide(&format!("{url} and T0PS3CRET, k3yk3yk3y, passphrase"));
        for secret in ["passphrase", "T0PS3CRET", "k3yk3yk3y", "me:"] {
            assert!(!hidden.contains(secret), "{secret} in {hidden}");
        }
        assert!(hidden.contains("example.org/api/"), "{hidden}");
    }

    #[test]
    fn a_secret_within_a_secret_leaves_nothing() {
        let mut secrets = Secrets::default();
        secrets.add("abc");
        secrets.add("123:abc");
        secrets.add("");
        assert_eq!(secrets.hide("123:abc abc x"), "[hidden] [hidden] x");
    }
}
