//! Any HTTP server. It gets the alert as JSON by POST, with the files inside or beside it, or a request that
//! the owner wrote as a template. The JSON's fields are a contract with users (docs/channels/webhook.md).
//! Redirects are not followed: the request may contain pictures and secrets.

mod address;
mod headers;
mod payload;
mod settings;

use std::io::{self, Write};
use std::time::Duration;

use hmac::{Hmac, Mac};
use jiff::tz::TimeZone;
use reqwest::Method;
use reqwest::header::HeaderValue;
use sha2::Sha256;
use tipoff_model::{Alert, Outcome, Receipt, TemplateValues, Verdict};

use self::address::Address;
use self::headers::{Headers, KEY_HEADER, SIGNATURE_HEADER};
use self::payload::Payload;
use self::settings::build;
use crate::body::BodyError;
use crate::http::{
    self, Answer, Failure, REPAIR_PAUSE, Request, Secrets, repair, repair_message, retry,
    retry_message,
};
use crate::{Abilities, BoxFuture, Channel, Context, Entry, Hint, Message, alert_json, words};

/// What a webhook can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "webhook",
    name: "Webhook",
    summary: "Any HTTP server: the alert as JSON, by POST; or a request in your own words.",
    find: &[Hint {
        key: "url",
        place: "Your program or service shows it where it offers webhooks. In Home Assistant: Settings, Automations & scenes, a trigger \"Webhook\", and its address /api/webhook/ID.",
    }],
    settings: settings::SETTINGS,
    build,
};

/// An HTTP server, and how its requests are made.
struct Webhook {
    method: Method,
    url: Address,
    headers: Headers,
    payload: Payload,
    /// Signs each body, if `secret` is set.
    key: Option<Hmac<Sha256>>,
    /// Time zone of the times in templates.
    zone: TimeZone,
    secrets: Secrets,
    /// Time limit for an answer, without the time that the body needs.
    time: Duration,
}

impl Channel for Webhook {
    fn abilities(&self) -> Abilities {
        Abilities::AcceptsAlert
    }

    fn send<'a>(&'a self, _: &'a Message, context: &'a Context<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let verdict = match self.post(&self.payload, context).await {
                Err(verdict) => verdict,
                Ok(answer) if answer.status == 413 => match self.payload.without_bytes() {
                    Some(payload) if alert_json::files(context.alert).next().is_some() => {
                        self.post_names(&payload, &answer, context).await
                    }
                    _ => self.judge(&answer),
                },
                Ok(answer) => self.judge(&answer),
            };
            verdict.into()
        })
    }
}

impl Webhook {
    /// Sends a request with this payload.
    async fn post(&self, payload: &Payload, context: &Context<'_>) -> Result<Answer, Verdict> {
        match self.request(payload, context.alert) {
            Ok(request) => self.call(request, context).await.map_err(Verdict::from),
            // The template may work for other alerts: this one waits until the owner corrects it.
            Err(error) => Err(repair_message(self.secrets.hide(&error))),
        }
    }

    /// Sends an alert again that is too large for the server: with the names and addresses of the files, without
    /// their bytes.
    async fn post_names(
        &self,
        payload: &Payload,
        answer: &Answer,
        context: &Context<'_>,
    ) -> Verdict {
        let said = answer.said("", &self.secrets);
        let mut verdict = match self.post(payload, context).await {
            Ok(answer) => self.judge(&answer),
            Err(verdict) => verdict,
        };
        if let Verdict::Delivered(receipt) = &mut verdict {
            receipt.repair = Some(format!(
                "sent without its files, which are too large for the server (413: {said}): let it take more, \
                 or set `media` to \"url\""
            ));
        }
        verdict
    }

    /// The request for an alert, without a signature.
    ///
    /// # Errors
    /// A template fails with the values of this alert, although it works with the example.
    fn request(&self, payload: &Payload, alert: &Alert) -> Result<Request<'_>, String> {
        let at = jiff::Timestamp::from_millisecond(alert.received_at.as_ms()).unwrap_or_default();
        let at = at.to_zoned_datetime(self.zone.clone());
        let (date, time) = (at.strftime("%Y-%m-%d"), at.strftime("%H:%M"));
        let values = TemplateValues::of(alert, date.to_string(), time.to_string());
        let fault = |key| move |error| format!("the template in `{key}` failed: {error}");
        let url = self.url.url(&values).map_err(fault("url"))?;
        let mut headers = self.headers.of(&values).map_err(fault("headers"))?;
        let body = payload.body(alert, &values).map_err(fault("body"))?;
        // Keys consist of letters and digits, so that this never fails.
        if let Ok(key) = HeaderValue::from_str(&alert.idempotency_key) {
            headers.insert(KEY_HEADER, key);
        }
        Ok(Request { url, headers, body, time: self.time, secrets: &self.secrets })
    }

    /// Signs a request, if a key is set, and sends it.
    async fn call(&self, request: Request<'_>, context: &Context<'_>) -> Result<Answer, Failure> {
        let Request { url, mut headers, body, time, secrets } = request;
        let stored = |BodyError(error)| Failure::Stored(error);
        let body = body.settle(context.files).await.map_err(stored)?;
        if let Some(key) = &self.key {
            let sum = body.write_to(context.files, Sum(key.clone())).await.map_err(stored)?;
            let sum = sum.0.finalize().into_bytes();
            let signature = format!("sha256={}", words::hex(&sum));
            if let Ok(signature) = HeaderValue::from_str(&signature) {
                headers.insert(SIGNATURE_HEADER, signature);
            }
        }
        let request = Request { url, headers, body, time, secrets };
        http::call(self.method.clone(), request, context.files).await
    }

    /// Whether the owner wrote a part of the request as a template.
    fn is_in_own_words(&self) -> bool {
        matches!(self.payload, Payload::Template(_))
            || matches!(self.url, Address::Template { .. })
            || self.headers.have_templates()
    }

    /// What an answer means. A server that answers 2xx has accepted the alert.
    fn judge(&self, answer: &Answer) -> Verdict {
        let status = answer.status;
        let said = answer.said("", &self.secrets);
        let error = format!("the server answered {status}: {said}");
        match status {
            200..=299 => Verdict::Delivered(Receipt::default()),
            // A POST with pictures is not sent to an address that the owner did not choose.
            300..=399 => repair(format!(
                "the server answered {status}, a redirect: set its new address in `url`"
            )),
            401 | 403 | 404 => retry(
                Some(answer.retry_after.unwrap_or(REPAIR_PAUSE)),
                format!("{error} (are `url`, `headers` and `secret` right?)"),
            ),
            408 | 425 | 429 | 500.. => retry(answer.retry_after, error),
            // About the form of the request, which is the same for every alert.
            405..=407 | 411 | 414 | 415 | 421 | 426 | 431 => {
                repair(format!("{error} (are `url`, `method` and `headers` right?)"))
            }
            // The cause may be the owner's template instead of what a device sent.
            400 | 409 | 422 if self.is_in_own_words() => {
                retry_message(format!("{error} (are `url`, `headers` and `body` right?)"))
            }
            _ => Verdict::Refused { error },
        }
    }
}

/// Computes the signature of a body that is written to it.
struct Sum(Hmac<Sha256>);

impl Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
