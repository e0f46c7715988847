//! The HTTP client of all services: time limits, bounded answers, Retry-After, errors without secrets. It follows no
//! redirect, because a request may contain pictures and a login. It retries nothing: the verdict says whether
//! dispatch sends the message again.

mod request;
mod secrets;
mod verdicts;

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Method, Response, Url};
use tipoff_model::{Timestamp, plain_error};
use tokio::time::{Instant, timeout, timeout_at};

use crate::Files;
use crate::body::BodyError;
use crate::tls::{install_crypto, without_tls};

pub(crate) use request::{Answer, Endpoint, Failure, Request};
pub(crate) use secrets::Secrets;
pub(crate) use verdicts::{
    REPAIR_PAUSE, RETRY_AFTER_MAX, no_answer, repair, repair_message, retry, retry_message,
};

/// Time limit for a connection to be established.
pub(crate) const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long sent bytes may stay unacknowledged (TCP_USER_TIMEOUT): a lost network ends a large upload before the
/// upload's own time limit.
const ACKNOWLEDGED_TIME: Duration = Duration::from_secs(20);
/// How long an unused connection is kept for the next alert.
const IDLE_TIME: Duration = Duration::from_secs(90);
/// How long an HTTP/2 connection may leave a ping unanswered while a request waits.
const PING_TIME: Duration = Duration::from_secs(15);
/// The slowest upload that is waited for, in bytes a second: a time limit grows with what is sent (8 s for each MB).
const UPLOAD_BYTES_PER_S_MIN: u64 = 128 * 1024;
/// Size limit of an answer, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How long the rest of an answer may take once its head is there.
const ANSWER_TIME: Duration = Duration::from_secs(10);

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

/// Sends a request by POST with a client of the channel's own.
pub(crate) async fn post_with(
    client: Result<&Client, String>,
    request: Request<'_>,
    files: &Arc<dyn Files>,
) -> Result<Answer, Failure> {
    call_by(client, Method::POST, request, files, ANSWER_BYTES_MAX).await
}

/// Sends a request and reads at most so many bytes of the answer.
pub(crate) async fn call_reading(
    method: Method,
    request: Request<'_>,
    files: &Arc<dyn Files>,
    answer_bytes_max: usize,
) -> Result<Answer, Failure> {
    call_by(client(&request.url), method, request, files, answer_bytes_max).await
}

async fn call_by(
    client: Result<&Client, String>,
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
        let client = client.map_err(Failure::Service)?;
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
            None => Failure::Service(in_words(error, &host, secrets)),
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

/// The client that all channels share, and so their connections. A system without root certificates can use HTTP only.
fn client(url: &Url) -> Result<&'static Client, String> {
    static WITH_ROOTS: OnceLock<Result<Client, String>> = OnceLock::new();
    static WITHOUT: OnceLock<Result<Client, String>> = OnceLock::new();
    let built = |builder: ClientBuilder| builder.build().map_err(|error| innermost(&error));
    let client = WITH_ROOTS.get_or_init(|| built(builder()));
    let client = match client {
        Err(_) if url.scheme() == "http" => {
            WITHOUT.get_or_init(|| built(builder().tls_certs_only([])))
        }
        client => client,
    };
    client.as_ref().map_err(|error| match url.scheme() {
        "http" => format!("no HTTP client: {error}"),
        _ => format!("HTTPS is not possible: {error}. Install ca-certificates and restart Tipoff"),
    })
}

fn builder() -> ClientBuilder {
    install_crypto();
    Client::builder()
        .user_agent(concat!("Tipoff/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIME)
        .tcp_user_timeout(ACKNOWLEDGED_TIME)
        .pool_idle_timeout(IDLE_TIME)
        .http2_keep_alive_interval(PING_TIME)
        .http2_keep_alive_timeout(PING_TIME)
        .redirect(reqwest::redirect::Policy::none())
}

/// Reads the beginning of a body. Empty if the connection breaks.
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

/// Host and port of an address, for error texts.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// A failed request in plain words. The cause is the innermost error: the outer ones only say that a request failed.
fn in_words(error: reqwest::Error, host: &str, secrets: &Secrets) -> String {
    // The address may hold a token.
    let error = error.without_url();
    if let Some(why) = without_tls(&error) {
        return format!("{host} cannot be reached: {why}, write http:// in place of https://");
    }
    let cause = secrets.excerpt(&innermost(&error));
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => format!("{host} cannot be reached within {} s", CONNECT_TIME.as_secs()),
        (true, false) => format!("{host} cannot be reached: {cause}"),
        _ => format!("the connection to {host} failed: {cause}"),
    }
}

/// The innermost error of a chain, which is the most specific one, in plain words.
pub(crate) fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    plain_error(error)
}

/// The pause in a Retry-After header: seconds or a date (RFC 9110, section 10.2.3).
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
}
