//! Any HTTP server: the alert as JSON by POST, with its files inside or beside it.
//! Follows no redirect, and knows nothing of what the server does with it.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;
use tipoff_model::{Alert, AlertMedia, Outcome, Receipt, Verdict};

use crate::body::{Body, BodyError, Piece};
use crate::http::{self, Answer, Failure, REPAIR_PAUSE, Request, Secrets, repair, retry};
use crate::multipart::Form;
use crate::settings::TIMEOUT;
use crate::{Abilities, BoxFuture, Built, Channel, Context, Entry, Files, Message};
use crate::{Setting, SettingFault, Settings, Shape, alert_json};

/// The same for every attempt at a delivery, so that the server can tell a repetition.
const KEY_HEADER: &str = "idempotency-key";
/// `sha256=` and the HMAC-SHA256 of the body in hexadecimal: the form that GitHub made common.
const SIGNATURE_HEADER: &str = "x-hub-signature-256";
/// What a request has of its own.
const OWN_HEADERS: &[&str] =
    &["content-length", "content-type", "host", KEY_HEADER, SIGNATURE_HEADER, "transfer-encoding"];

/// What a webhook can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "webhook",
    summary: "Any HTTP server: the alert as JSON, by POST.",
    settings: &[
        Setting {
            key: "format",
            shape: Shape::Text,
            required: false,
            doc: "\"json\": one JSON object, the files in it. \"multipart\": a form with the JSON \
                  in the field `alert` and the files, in its order, in fields named `media`. \
                  Without it: \"json\".",
            example: "\"multipart\"",
        },
        Setting {
            key: "headers",
            shape: Shape::Table,
            required: false,
            doc: "Headers to send along, such as one that the server asks for. Without it: none.",
            example: "{ Authorization = \"Bearer …\" }",
        },
        Setting {
            key: "media",
            shape: Shape::Text,
            required: false,
            doc: "How files stand in the JSON. \"data\": their bytes in base64. \"url\": where \
                  Tipoff serves them; a file that has no address yet comes as data. Without it: \
                  \"data\".",
            example: "\"url\"",
        },
        Setting {
            key: "secret",
            shape: Shape::Secret,
            required: false,
            doc: "Signs each request: the header X-Hub-Signature-256 is then \"sha256=\" and the \
                  HMAC-SHA256 of the body with this key, in hexadecimal. Without it: no signature.",
            example: "{ env = \"HOOK_SECRET\" }",
        },
        TIMEOUT,
        Setting {
            key: "url",
            shape: Shape::Text,
            required: true,
            doc: "Where to send alerts: an http or https address, with user and password in it \
                  where the server wants them. The header Idempotency-Key is the same for every \
                  attempt at one alert.",
            example: "\"https://example.org/alert\"",
        },
    ],
    build,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Multipart,
}

struct Webhook {
    url: Url,
    format: Format,
    /// Whether files are named by their address, where they have one.
    by_url: bool,
    key: Option<Hmac<Sha256>>,
    headers: HeaderMap,
    secrets: Secrets,
    time: Duration,
}

fn build(settings: &Settings) -> Built {
    let mut faults = Vec::new();
    let mut fault = |key, message: &str| faults.push(SettingFault { key, message: message.into() });
    let mut secrets = Secrets::default();
    let url = http::address(settings.text("url").unwrap_or_default());
    match &url {
        Ok(url) => secrets.add_url(url),
        Err(error) => fault("url", error),
    }
    let format = match settings.text("format") {
        None | Some("json") => Format::Json,
        Some("multipart") => Format::Multipart,
        Some(_) => {
            fault("format", "must be \"json\" or \"multipart\"");
            Format::Json
        }
    };
    let by_url = match settings.text("media") {
        None | Some("data") => false,
        Some("url") => true,
        Some(_) => {
            fault("media", "must be \"data\" or \"url\"");
            false
        }
    };
    let key = settings.text("secret").and_then(|secret| {
        secrets.add(secret);
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()
    });
    let mut headers = HeaderMap::new();
    for (name, value) in settings.table("headers") {
        secrets.add_value(value);
        match header(name, value) {
            Ok((name, value)) => drop(headers.insert(name, value)),
            Err(error) => fault("headers", &error),
        }
    }
    let time = settings.answer_time();
    match url {
        Ok(url) if faults.is_empty() => {
            Ok(Box::new(Webhook { url, format, by_url, key, headers, secrets, time }))
        }
        _ => Err(faults),
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let lower = name.to_ascii_lowercase();
    if OWN_HEADERS.contains(&lower.as_str()) {
        return Err(format!("{name} is set by Tipoff itself"));
    }
    let name = lower.parse().map_err(|_| format!("{name:?} is not a name of a header"))?;
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| format!("the value of {name} has characters that no header can have"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

impl Channel for Webhook {
    fn abilities(&self) -> Abilities {
        Abilities::Whole
    }

    fn send<'a>(&'a self, _: &'a Message, context: &'a Context<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let answer = self.post(context.alert, context.files).await;
            answer.map_or_else(Verdict::from, |answer| self.judge(&answer)).into()
        })
    }
}

impl Webhook {
    async fn post(&self, alert: &Alert, files: &Arc<dyn Files>) -> Result<Answer, Failure> {
        let stored = |BodyError(error)| Failure::Stored(error);
        let body = self.body(alert).settle(files).await.map_err(stored)?;
        let mut headers = self.headers.clone();
        // Of letters and digits always; a key that could not be sent would be ours to repair.
        if let Ok(key) = HeaderValue::from_str(&alert.idempotency_key) {
            headers.insert(KEY_HEADER, key);
        }
        if let Some(key) = &self.key {
            let sum = body.write_to(files, Sum(key.clone())).await.map_err(stored)?;
            let sum = sum.0.finalize().into_bytes();
            let hex: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
            if let Ok(signature) = HeaderValue::from_str(&format!("sha256={hex}")) {
                headers.insert(SIGNATURE_HEADER, signature);
            }
        }
        let (url, secrets) = (self.url.clone(), &self.secrets);
        http::post(Request { url, headers, body, time: self.time, secrets }, files).await
    }

    fn body(&self, alert: &Alert) -> Body {
        match self.format {
            Format::Json => {
                let mut json = Json(Vec::new());
                self.write_json(alert, &mut json);
                Body::new("application/json".to_owned(), json.0)
            }
            Format::Multipart => {
                let mut form = Form::new();
                form.json("alert", multipart_json(alert));
                for stored in alert_json::files(alert) {
                    form.stored("media", stored);
                }
                form.into_body()
            }
        }
    }

    fn write_json(&self, alert: &Alert, json: &mut Json) {
        json.text(&alert_json::head(alert));
        for (index, stored) in alert_json::files(alert).enumerate() {
            json.text(if index == 0 { "" } else { "," });
            json.text(&alert_json::media(stored));
            match &stored.url {
                Some(url) if self.by_url => {
                    json.text(&format!(",\"url\":{}}}", alert_json::string(url)));
                }
                _ => {
                    json.text(",\"data\":\"");
                    json.data(stored);
                    json.text("\"}");
                }
            }
        }
        json.text(alert_json::TAIL);
    }

    fn judge(&self, answer: &Answer) -> Verdict {
        let status = answer.status;
        let said = answer.said("", &self.secrets);
        let error = format!("the server answered {status}: {said}");
        match status {
            200..=299 => Verdict::Delivered(Receipt::default()),
            // Who redirects has moved; a POST with pictures in it is not sent wherever it says.
            300..=399 => repair(format!(
                "the server answered {status}, a redirect: set its new address in `url`"
            )),
            401 | 403 | 404 => retry(
                Some(answer.retry_after.unwrap_or(REPAIR_PAUSE)),
                format!("{error} (are `url`, `headers` and `secret` right?)"),
            ),
            408 | 425 | 429 | 500.. => retry(answer.retry_after, error),
            _ => Verdict::Refused { error },
        }
    }
}

fn multipart_json(alert: &Alert) -> String {
    let entries: Vec<String> =
        alert_json::files(alert).map(|stored| alert_json::media(stored) + "}").collect();
    alert_json::head(alert) + &entries.join(",") + alert_json::TAIL
}

/// JSON under way: text that belongs together is one piece.
struct Json(Vec<Piece>);

impl Json {
    fn text(&mut self, text: &str) {
        if let Some(Piece::Bytes(bytes)) = self.0.last_mut() {
            bytes.extend_from_slice(text.as_bytes());
        } else {
            self.0.push(Piece::Bytes(text.as_bytes().to_vec()));
        }
    }

    fn data(&mut self, stored: &AlertMedia) {
        self.0.push(Piece::Base64(stored.clone()));
    }
}

/// Sums up a body.
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
