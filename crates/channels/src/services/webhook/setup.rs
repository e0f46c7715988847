//! What a webhook can be configured with, and how that is read.

use hmac::{Hmac, KeyInit};
use jiff::tz::TimeZone;
use reqwest::Method;
use sha2::Sha256;

use super::Webhook;
use super::address::Address;
use super::headers::Headers;
use super::payload::{Payload, Words};
use crate::http::Secrets;
use crate::settings::TIMEOUT;
use crate::{Built, Setting, SettingFault, Settings, Shape};

/// In alphabetical order.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "body",
        shape: Shape::Text,
        required: false,
        doc: "What is sent instead of the alert's JSON and files: a template in the language of Jinja, with \
              the names that `title` in `[[route]]` has. In JSON a value is written \
              `{{ device | tojson }}`, without quotes around it. Without it: the alert as JSON.",
        example: "\"{\\\"text\\\": {{ device | tojson }}}\"",
    },
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
        doc: "Headers to send along, such as one that the server asks for; their values may be \
              templates. With `body`, Content-Type may be one of them. Without it: none.",
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
        key: "method",
        shape: Shape::Text,
        required: false,
        doc: "GET, POST, PUT, PATCH or DELETE. GET has neither body nor files, DELETE only a `body`. \
              Without it: POST.",
        example: "\"PUT\"",
    },
    Setting {
        key: "secret",
        shape: Shape::Secret,
        required: false,
        doc: "Signs each request: the header X-Hub-Signature-256 is then \"sha256=\" and the \
              HMAC-SHA256 of the body with this key, in hexadecimal. Without it: no signature.",
        example: "{ env = \"HOOK_SECRET\" }",
    },
    Setting {
        key: "time_zone",
        shape: Shape::Text,
        required: false,
        doc: "The time zone of `date` and `time` in templates. Without it: this machine's.",
        example: "\"Europe/Berlin\"",
    },
    TIMEOUT,
    Setting {
        key: "url",
        shape: Shape::Text,
        required: true,
        doc: "Where to send alerts: an http or https address, with user and password in it \
              where the server wants them. Behind the host it may be a template, whose values are \
              percent-encoded. The header Idempotency-Key is the same for every attempt at one alert.",
        example: "\"https://example.org/alert\"",
    },
];

/// Says all that is wrong at once.
pub(super) fn build(settings: &Settings) -> Built {
    let mut faults = Vec::new();
    let mut fault = |key, message: &str| faults.push(SettingFault { key, message: message.into() });
    let mut secrets = Secrets::default();
    let url = Address::read(settings.text("url").unwrap_or_default(), &mut secrets);
    if let Err(error) = &url {
        fault("url", error);
    }
    let method = method(settings).unwrap_or_else(|error| {
        fault("method", error);
        Method::POST
    });
    let key = settings.text("secret").and_then(|secret| {
        secrets.add(secret);
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()
    });
    let mut headers = Headers::default();
    for (name, value) in settings.table("headers") {
        if let Err(error) = headers.add(name, value, &mut secrets) {
            fault("headers", &error);
        }
    }
    let content_type = headers.content_type.as_deref();
    let payload = payload(settings, &method, content_type).unwrap_or_else(|wrong| {
        wrong.iter().for_each(|(key, error)| fault(key, error));
        Payload::Empty
    });
    if key.is_some() && is_bare(settings, &method) {
        fault("secret", "signs the body, and there is none here: leave it out");
    }
    let zone = match settings.text("time_zone").map(TimeZone::get) {
        None => TimeZone::system(),
        Some(Ok(zone)) => zone,
        Some(Err(_)) => {
            fault("time_zone", "must be the name of one, such as Europe/Berlin");
            TimeZone::UTC
        }
    };
    let time = settings.answer_time();
    match url {
        Ok(url) if faults.is_empty() => {
            Ok(Box::new(Webhook { method, url, headers, payload, key, zone, secrets, time }))
        }
        _ => Err(faults),
    }
}

fn method(settings: &Settings) -> Result<Method, &'static str> {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let Some(name) = settings.text("method") else {
        return Ok(Method::POST);
    };
    let found = methods.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(name));
    found.ok_or("must be \"GET\", \"POST\", \"PUT\", \"PATCH\" or \"DELETE\"")
}

/// Whether a request has no body.
fn is_bare(settings: &Settings, method: &Method) -> bool {
    *method == Method::GET || *method == Method::DELETE && settings.text("body").is_none()
}

type Faults = Vec<(&'static str, String)>;

fn payload(
    settings: &Settings,
    method: &Method,
    content_type: Option<&str>,
) -> Result<Payload, Faults> {
    let mut faults = Faults::new();
    let mut fault = |key, message: &str| faults.push((key, message.to_owned()));
    let (body, format, media) =
        (settings.text("body"), settings.text("format"), settings.text("media"));
    let is_form = match format {
        None | Some("json") => false,
        Some("multipart") => true,
        Some(_) => {
            fault("format", "must be \"json\" or \"multipart\"");
            false
        }
    };
    let by_url = match media {
        None | Some("data") => false,
        Some("url") => true,
        Some(_) => {
            fault("media", "must be \"data\" or \"url\"");
            false
        }
    };
    if body.is_some() || is_bare(settings, method) {
        let given = [("format", format.is_some()), ("media", media.is_some())];
        for (key, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
            fault(key, "is of no use here: no files are sent with GET, DELETE or `body`");
        }
    }
    if body.is_some() && *method == Method::GET {
        fault(
            "body",
            "a GET has none: put values of the alert into `url`, or set another `method`",
        );
    }
    if body.is_none() && content_type.is_some() {
        fault("headers", "Content-Type is set by Tipoff itself where there is no `body`");
    }
    let words = body.map(|body| Words::read(body, content_type)).transpose();
    match words {
        Err(error) => faults.push(("body", error)),
        Ok(words) if faults.is_empty() => {
            return Ok(match words {
                Some(words) => Payload::Template(words),
                None if is_bare(settings, method) => Payload::Empty,
                None if is_form => Payload::Multipart,
                None => Payload::Json { by_url },
            });
        }
        Ok(_) => {}
    }
    Err(faults)
}
