//! The HTTP client of all services: time limits, bounded answers, Retry-After, errors without secrets. It follows no
//! redirect and retries nothing.

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Response, Url};
use serde::de::DeserializeOwned;
use tipoff_model::{Scope, Timestamp, Verdict};
use tokio::time::{Instant, timeout, timeout_at};

use crate::Files;
use crate::body::{Body, BodyError};
use crate::words;

/// Time limit for a connection to be established.
pub(crate) const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long sent bytes may stay unacknowledged (TCP_USER_TIMEOUT): a lost network ends a large upload before the
/// upload's own time limit.
const ACKNOWLEDGED_TIME: Duration = Duration::from_secs(20);
/// How long an unused connection is kept for the next alert.
const IDLE_TIME: Duration = Duration::from_secs(90);
/// How long an HTTP/2 connection may leave a ping unanswered while a request waits.
const PING_TIME: Duration = Duration::from_secs(15);
/// The slowest upload that is waited for: a time limit grows with what is sent.
const UPLOAD_BYTES_PER_S_MIN: u64 = 128 * 1024;
/// Size limit of an answer, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How long the rest of an answer may take once its head is there.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// The longest pause that a service may ask for.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// The pause after a failure that the owner has to repair.
pub(crate) const REPAIR_PAUSE: Duration = Duration::from_secs(5 * 60);

/// The whole channel waits and is retried, not before `after` if the service named a time.
pub(crate) fn retry(after: Option<Duration>, error: String) -> Verdict {
    Verdict::Retry { scope: Scope::Channel, after, error }
}

/// No answer came: the whole channel waits until the destination can be reached.
pub(crate) fn no_answer(error: String) -> Verdict {
    Verdict::Retry { scope: Scope::Unreachable, after: None, error }
}

/// The whole channel waits until the owner repairs something. No alert is lost meanwhile.
pub(crate) fn repair(error: String) -> Verdict {
    retry(Some(REPAIR_PAUSE), error)
}

/// Values that must never be shown. They are replaced in every error text.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// Hides `secret` from now on.
    pub(crate) fn add(&mut self, secret: &str) {
        if !secret.is_empty() {
            self.0.push(secret.to_owned());
            // A secret that contains another one is replaced first, or a part of it would stay.
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

    /// Hides all parts of `url` that may be secrets: everything but the host.
    pub(crate) fn add_url(&mut self, url: &Url) {
        url.path().split('/').chain(url.query()).for_each(|part| self.add_value(part));
        url.query_pairs().for_each(|(_, value)| self.add_value(&value));
        self.add_login(url);
    }

    /// Those of the user and password in `url`.
    pub(crate) fn of_login(url: &Url) -> Self {
        let mut secrets = Self::default();
        secrets.add_login(url);
        secrets
    }

    /// Hides the user and the password in `url`.
    pub(crate) fn add_login(&mut self, url: &Url) {
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
    /// Time limit, without the time that its body needs.
    pub(crate) time: Duration,
    pub(crate) secrets: &'a Secrets,
}

/// An answer, of whatever status.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    /// Its beginning. Empty if the connection broke before its end.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body read from JSON; the default value where it is not of that form.
    pub(crate) fn json<T: DeserializeOwned + Default>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The service's words for an error text: `told` if the service has an error format of its own, else the body.
    /// Short, and without secrets.
    pub(crate) fn said(&self, told: &str, secrets: &Secrets) -> String {
        /// How much is shown, in UTF-16 units.
        const EXCERPT_UTF16_MAX: usize = 200;
        let raw = String::from_utf8_lossy(&self.body);
        let said = if told.is_empty() { &raw } else { told };
        secrets.hide(&words::excerpt(said, EXCERPT_UTF16_MAX))
    }
}

/// Why there is no answer, in plain words and without secrets.
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
    // The status has arrived: a body that breaks off does not turn the answer into a failure.
    let body = timeout(ANSWER_TIME, read(response, answer_bytes_max)).await.unwrap_or_default();
    Ok(Answer { status, retry_after, body })
}

/// Additional time limit for sending so many bytes.
pub(crate) fn upload_time(bytes: u64) -> Duration {
    Duration::from_secs(bytes / UPLOAD_BYTES_PER_S_MIN)
}

/// An http or https address, or the fault in it.
pub(crate) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| "must be an address that begins with http:// or https://".to_owned())
}

/// A header value that holds a secret. `None` if it has characters that no header can have.
pub(crate) fn secret_header(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some(value)
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

/// Installs the TLS implementation. Has to be called before any library makes its first client.
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

/// The innermost error of a chain, which is the most specific one.
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
