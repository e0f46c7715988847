//! Pushover (pushover.net/api): notifications on phones, each with one picture. It knows no replies and
//! no files but pictures, so what follows is a message of its own, and quieter.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use tipoff_model::{Alert, Outcome, Priority, Receipt, Verdict};

use crate::body::Body;
use crate::fallback::{self, NoFiles, Post, Tried};
use crate::http::{self, Answer, REPAIR_PAUSE, Request, Secrets, repair, retry};
use crate::multipart::Form;
use crate::plan::Role;
use crate::settings::TIMEOUT;
use crate::{Abilities, BoxFuture, Built, Channel, Context, Entry, Limits, Message, Pace};
use crate::{PictureLimits, Setting, SettingFault, Settings, Shape, sound};

const API: &str = "https://api.pushover.net";
/// From "no notification at all" to "until somebody has seen it".
const PRIORITIES: std::ops::RangeInclusive<i64> = -2..=2;
/// What rings again and again, and needs `retry` and `expire`.
const EMERGENCY: i64 = 2;
/// The highest priority without a sound.
const QUIET: i64 = -1;
/// "Emergency Priority": at least 30 s between two rings, for at most 3 hours.
const RETRY_MIN: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_secs(60);
const RETRY_FOR_MAX: Duration = Duration::from_secs(10_800);
const RETRY_FOR: Duration = Duration::from_secs(1_800);
/// "Supplementary URLs": an address below the message has 512 characters at most.
const URL_CHARS_MAX: usize = 512;

/// "Limits" and "Attachments": 1,024 characters, 250 in the title, one picture of 5 MB.
static LIMITS: Limits = Limits {
    service: "Pushover",
    text_utf16_max: 1024,
    caption_utf16_max: 1024,
    album_files_max: 1,
    documents_max: 1,
    album_bytes_max: 5 << 20,
    picture: PictureLimits {
        types: &["image/jpeg", "image/png", "image/gif"],
        bytes_max: 5 << 20,
        sides_px_max: usize::MAX,
        ratio_max: usize::MAX,
    },
    video_types: &[],
    animations: false,
    file_bytes_max: 5 << 20,
    replies: false,
};

/// What Pushover can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "pushover",
    summary: "Pushover: notifications on phones, with the picture.",
    settings: &[
        Setting {
            key: "api",
            shape: Shape::Text,
            required: false,
            doc: "Another server with the same API. Without it: https://api.pushover.net.",
            example: "\"http://127.0.0.1:8081\"",
        },
        Setting {
            key: "device",
            shape: Shape::List,
            required: false,
            doc: "The names of the devices that ring. Without it: all.",
            example: "[\"phone\"]",
        },
        Setting {
            key: "priority",
            shape: Shape::Integer,
            required: false,
            doc: "How urgent first alerts are: -2 (seen in the app only), -1 (quiet), 0, 1 (also in \
                  quiet hours), 2 (rings until somebody has seen it). Without it: 0.",
            example: "1",
        },
        Setting {
            key: "retry",
            shape: Shape::Duration,
            required: false,
            doc: "How long priority 2 waits before it rings again, at least 30 s. Without it: 60 s.",
            example: "\"30 s\"",
        },
        Setting {
            key: "retry_for",
            shape: Shape::Duration,
            required: false,
            doc: "How long priority 2 goes on ringing, at most 3 hours. Without it: 30 minutes.",
            example: "\"1 h\"",
        },
        Setting {
            key: "sound",
            shape: Shape::Text,
            required: false,
            doc: "The name of the sound. Without it: as set in the app.",
            example: "\"siren\"",
        },
        TIMEOUT,
        Setting {
            key: "token",
            shape: Shape::Secret,
            required: true,
            doc: "The API token of an application that you make at pushover.net/apps.",
            example: "\"azGDORePK8gMaC0QOYAMyEEuzJnyUi\"",
        },
        Setting {
            key: "user",
            shape: Shape::Secret,
            required: true,
            doc: "Your user key, or that of a group: at the top of pushover.net.",
            example: "\"uQiRzpo4DXghDmr9QzzfQu27cmVRsG\"",
        },
    ],
    build,
};

struct Pushover {
    url: Url,
    token: String,
    user: String,
    device: String,
    sound: Option<String>,
    priority: i64,
    retry: Duration,
    retry_for: Duration,
    secrets: Secrets,
    time: Duration,
}

fn build(settings: &Settings) -> Built {
    let mut faults = Vec::new();
    let mut fault = |key, message: &str| faults.push(SettingFault { key, message: message.into() });
    let mut secrets = Secrets::default();
    let mut key = |key: &'static str| {
        let text = settings.text(key).unwrap_or_default().trim().to_owned();
        secrets.add(&text);
        let is_key = text.len() == 30 && text.bytes().all(|it| it.is_ascii_alphanumeric());
        if !is_key {
            fault(key, "must be of 30 letters and digits, as pushover.net shows it");
        }
        text
    };
    let (token, user) = (key("token"), key("user"));
    let base = settings.text("api").unwrap_or(API).trim_end_matches('/');
    let url = http::address(&format!("{base}/1/messages.json"));
    if let Err(error) = &url {
        fault("api", error);
    }
    let priority = settings.integer("priority").unwrap_or(0);
    if !PRIORITIES.contains(&priority) {
        fault("priority", "must be from -2 to 2");
    }
    let retry = settings.duration("retry").unwrap_or(RETRY);
    if retry < RETRY_MIN {
        fault("retry", "Pushover rings again after 30 s at the earliest");
    }
    let retry_for = settings.duration("retry_for").unwrap_or(RETRY_FOR);
    if retry_for > RETRY_FOR_MAX {
        fault("retry_for", "Pushover rings for 3 hours at most");
    }
    match url {
        Ok(url) if faults.is_empty() => Ok(Box::new(Pushover {
            url,
            token,
            user,
            device: settings.list("device").join(","),
            sound: settings.text("sound").map(str::to_owned),
            priority,
            retry,
            retry_for,
            secrets,
            time: settings.answer_time(),
        })),
        _ => Err(faults),
    }
}

/// What Pushover calls a priority.
fn number(priority: Priority) -> i64 {
    match priority {
        Priority::Lowest => -2,
        Priority::Low => -1,
        Priority::Normal => 0,
        Priority::High => 1,
        Priority::Urgent => 2,
    }
}

impl Channel for Pushover {
    fn abilities(&self) -> Abilities {
        Abilities::Messages(&LIMITS)
    }

    /// "Being Friendly to our API": two connections at most, which is what a paced channel has.
    fn paces(&self, _memory: &[(String, String)]) -> Vec<Pace> {
        vec![Pace { key: "pushover".to_owned(), count: 10, per: Duration::from_secs(1) }]
    }

    fn send<'a>(
        &'a self,
        message: &'a Message,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, Outcome> {
        fallback::send(self, &LIMITS, message, context)
    }
}

impl Post for Pushover {
    fn post<'a>(&'a self, message: &'a Message, context: &'a Context<'a>) -> BoxFuture<'a, Tried> {
        Box::pin(async move {
            if message.files.iter().any(|file| file.role != Role::Picture) {
                return Err(NoFiles("Pushover takes pictures only".to_owned()));
            }
            let (url, headers) = (self.url.clone(), HeaderMap::new());
            let body = self.body(message, context.alert);
            let request = Request { url, headers, body, time: self.time, secrets: &self.secrets };
            match http::post(request, context.files).await {
                Ok(answer) => self.judge(&answer, !message.files.is_empty()),
                Err(failure) => Ok(failure.into()),
            }
        })
    }
}

impl Pushover {
    fn body(&self, message: &Message, alert: &Alert) -> Body {
        let file = message.files.first();
        // There is no message without a text.
        let name = file.map_or("", |file| file.name());
        let (title, text) = match (message.title.as_str(), message.text.as_str()) {
            ("", "") => ("", name),
            (title, "") => ("", title),
            (title, text) => (title, text),
        };
        let mut priority = alert.manner.priority.map_or(self.priority, number);
        if sound::is_silent(message, alert) {
            priority = priority.min(QUIET);
        }
        let mut form = Form::new();
        form.field("token", &self.token);
        form.field("user", &self.user);
        form.field("message", text);
        form.field("priority", priority.to_string());
        form.field("timestamp", (alert.received_at.as_ms() / 1000).to_string());
        if priority == EMERGENCY {
            form.field("retry", self.retry.as_secs().to_string());
            form.field("expire", self.retry_for.as_secs().to_string());
        }
        let optional = [
            ("title", title),
            ("device", &self.device),
            ("sound", self.sound.as_deref().unwrap_or_default()),
            (
                "url",
                alert.link.as_deref().filter(|it| it.len() <= URL_CHARS_MAX).unwrap_or_default(),
            ),
        ];
        for (name, value) in optional.into_iter().filter(|(_, value)| !value.is_empty()) {
            form.field(name, value);
        }
        if let Some(file) = file {
            form.attachment("attachment", file);
        }
        form.into_body()
    }

    fn judge(&self, answer: &Answer, with_file: bool) -> Tried {
        let fault: Fault = serde_json::from_slice(&answer.body).unwrap_or_default();
        let said = answer.said(&fault.errors.join("; "), &self.secrets);
        let status = answer.status;
        Ok(match status {
            200..=299 => Verdict::Delivered(Receipt::default()),
            300..=399 | 404 | 405 => {
                repair(format!("this is no Pushover ({status}, {said}): check `api`"))
            }
            _ if fault.token.is_some() => {
                repair(format!("Pushover does not know this application ({said}): check `token`"))
            }
            _ if fault.user.is_some() => {
                repair(format!("Pushover does not know this user ({said}): check `user`"))
            }
            _ if fault.device.is_some() => {
                repair(format!("Pushover does not know this device ({said}): check `device`"))
            }
            413 if with_file => return Err(NoFiles("too big for Pushover".to_owned())),
            408 => retry(answer.retry_after, format!("Pushover did not wait: {said}")),
            // All messages of the month are spent: see "Limits".
            429 => retry(
                answer.retry_after.or(Some(REPAIR_PAUSE)),
                format!("Pushover takes no more messages for now: {said}"),
            ),
            500.. => retry(
                answer.retry_after,
                format!("Pushover has a fault of its own ({status}): {said}"),
            ),
            _ if with_file => return Err(NoFiles(format!("not taken by Pushover ({said})"))),
            _ => Verdict::Refused { error: format!("Pushover answered {status}: {said}") },
        })
    }
}

/// How Pushover tells what is wrong: in words, and with the name of the parameter.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fault {
    errors: Vec<String>,
    token: Option<String>,
    user: Option<String>,
    device: Option<String>,
}
