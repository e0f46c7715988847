//! Requests to a service, its answers, and the endpoint that all requests of one channel share. Sends nothing itself:
//! see [`super::call`].

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use tipoff_model::Verdict;

use super::Secrets;
use super::verdicts::{no_answer, retry_message};
use crate::body::Body;

/// Where a channel sends its requests, and what every one of them has.
pub(crate) struct Endpoint {
    /// The address. Services with several methods add the method's path.
    pub(crate) url: Url,
    /// Headers of every request, such as a login.
    pub(crate) headers: HeaderMap,
    /// Time limit for an answer, without the time that the body needs.
    pub(crate) time: Duration,
    /// Values that are hidden in every error text.
    pub(crate) secrets: Secrets,
}

impl Endpoint {
    /// A request to the endpoint's own address.
    pub(crate) fn request(&self, body: Body) -> Request<'_> {
        self.request_to(self.url.clone(), body)
    }

    /// A request to another address of the same server, with the same headers.
    pub(crate) fn request_to(&self, url: Url, body: Body) -> Request<'_> {
        let headers = self.headers.clone();
        Request { url, headers, body, time: self.time, secrets: &self.secrets }
    }

    /// The service's words for an error text: see [`Answer::said`].
    pub(crate) fn said(&self, answer: &Answer, error: &str) -> String {
        answer.said(error, &self.secrets)
    }
}

/// A request.
pub(crate) struct Request<'a> {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    /// Without bytes and content type, the request has no body.
    pub(crate) body: Body,
    /// Time limit, without the time that its body needs.
    pub(crate) time: Duration,
    /// Values that are hidden if the request fails.
    pub(crate) secrets: &'a Secrets,
}

/// An answer, of whatever status.
pub(crate) struct Answer {
    /// The status code (RFC 9110, section 15).
    pub(crate) status: u16,
    /// The pause that the service asks for (Retry-After), at most [`super::RETRY_AFTER_MAX`].
    pub(crate) retry_after: Option<Duration>,
    /// Its beginning. Empty if the connection broke before its end.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body read as JSON, or the default value if it is not JSON of that form: proxies and other servers answer
    /// in HTML.
    pub(crate) fn json<T: DeserializeOwned + Default>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether a web page answers in place of the service: a router's login, another program of the machine. Such servers
    /// answer 200 to whatever they get.
    pub(crate) fn is_web_page(&self) -> bool {
        let text = self.body.trim_ascii_start();
        let begins =
            |tag: &[u8]| text.get(..tag.len()).is_some_and(|it| it.eq_ignore_ascii_case(tag));
        begins(b"<!doctype html") || begins(b"<html")
    }

    /// The service's words for an error text: `error` if the service has an error format of its own, else the body.
    /// Short, and without secrets.
    pub(crate) fn said(&self, error: &str, secrets: &Secrets) -> String {
        let raw = String::from_utf8_lossy(&self.body);
        let said = if error.is_empty() { &raw } else { error };
        secrets.excerpt(said)
    }
}

/// Why there is no answer, in plain words and without secrets.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A file cannot be read from the store. Other messages may be sent meanwhile.
    Stored(String),
    /// The service cannot be reached, or does not answer.
    Service(String),
}

impl From<Failure> for Verdict {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Stored(error) => retry_message(error),
            Failure::Service(error) => no_answer(error),
        }
    }
}
