//! The settings of a webhook, and their checks. Some exclude each other: a GET has no body, and a body that the
//! owner wrote has no files.

use hmac::{Hmac, KeyInit};
use reqwest::Method;
use sha2::Sha256;

use super::Webhook;
use super::address::Address;
use super::headers::Headers;
use super::payload::{Payload, Words};
use crate::http::Secrets;
use crate::settings::TIMEOUT;
use crate::settings_reader::SettingsReader;
use crate::{Built, Setting, Settings, Shape};

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

/// Reads all settings. A template is rendered with an example, so that most of its faults are found here.
pub(super) fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let mut secrets = Secrets::default();
    let url = Address::read(settings.text("url").unwrap_or_default(), &mut secrets);
    let url = reader.check("url", url);
    let method = reader.check("method", method(settings)).unwrap_or(Method::POST);
    let key = settings.text("secret").and_then(|secret| {
        secrets.add(secret);
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()
    });
    let mut headers = Headers::default();
    for (name, value) in settings.table("headers") {
        reader.check("headers", headers.add(name, value, &mut secrets));
    }
    let payload = payload(&mut reader, &method, headers.content_type.as_deref());
    if key.is_some() && is_bare(settings, &method) {
        reader.fault("secret", "signs the body, and there is none here: leave it out");
    }
    let zone = reader.time_zone("time_zone");
    let time = settings.answer_time();
    reader.finish(|| {
        let (url, payload) = (url?, payload?);
        Some(Webhook { method, url, headers, payload, key, zone, secrets, time })
    })
}

/// The method, in any case of letters.
fn method(settings: &Settings) -> Result<Method, &'static str> {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let Some(name) = settings.text("method") else {
        return Ok(Method::POST);
    };
    let found = methods.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(name));
    found.ok_or("must be \"GET\", \"POST\", \"PUT\", \"PATCH\" or \"DELETE\"")
}

/// Whether a request has no body: with GET always (RFC 9110, section 9.3.1), with DELETE unless one is set.
fn is_bare(settings: &Settings, method: &Method) -> bool {
    *method == Method::GET || *method == Method::DELETE && settings.text("body").is_none()
}

/// The kind of the body. `None` if a setting is wrong.
fn payload(
    reader: &mut SettingsReader<'_>,
    method: &Method,
    content_type: Option<&str>,
) -> Option<Payload> {
    let settings = reader.settings;
    let body = settings.text("body");
    let is_form = reader.choice("format", false, &[("json", false), ("multipart", true)]);
    let by_url = reader.choice("media", false, &[("data", false), ("url", true)]);
    let is_bare = is_bare(settings, method);
    if body.is_some() || is_bare {
        for key in ["format", "media"].into_iter().filter(|key| settings.text(key).is_some()) {
            reader.fault(key, "is of no use here: no files are sent with GET, DELETE or `body`");
        }
    }
    if body.is_some() && *method == Method::GET {
        let message = "a GET has none: put values of the alert into `url`, or set another `method`";
        reader.fault("body", message);
    }
    if body.is_none() && content_type.is_some() {
        let message = "Content-Type is set by Tipoff itself where there is no `body`";
        reader.fault("headers", message);
    }
    Some(match body {
        Some(body) => Payload::Template(reader.check("body", Words::read(body, content_type))?),
        None if is_bare => Payload::Empty,
        None if is_form => Payload::Multipart,
        None => Payload::Json { by_url },
    })
}
