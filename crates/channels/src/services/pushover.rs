//! Pushover (pushover.net/api): notifications on phones, each with one picture. It has no replies, so that a
//! follow-up is a message of its own, with a lower priority. It accepts no files but pictures: all others become
//! lines of text. Titles in quotation marks below are sections of its documentation.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;
use tipoff_model::Priority;

use crate::body::Body;
use crate::http::{Answer, Endpoint, REPAIR_PAUSE, Request, Secrets, repair, retry};
use crate::message_plan::Role;
use crate::message_service::{
    AnswerMeaning, FilesRefused, HttpService, MessageChannel, MessageService, OutgoingMessage,
    SendResult, other_server, usual_result,
};
use crate::multipart::Form;
use crate::settings::TIMEOUT;
use crate::settings_reader::SettingsReader;
use crate::{Built, Entry, Hint, Limits, Pace};
use crate::{PictureLimits, Setting, Settings, Shape, sound};

/// Pushover's own server.
const API: &str = "https://api.pushover.net";
/// From "no notification at all" to "until somebody has seen it".
const PRIORITIES: std::ops::RangeInclusive<i64> = -2..=2;
/// The priority that rings until somebody has seen the message. Needs `retry` and `expire`.
const EMERGENCY: i64 = 2;
/// The highest priority without a sound.
const QUIET: i64 = -1;
/// The shortest time between two rings ("Emergency Priority").
const RETRY_MIN: Duration = Duration::from_secs(30);
/// The time between two rings if `retry` is not set.
const RETRY: Duration = Duration::from_secs(60);
/// The longest time of ringing: 3 hours ("Emergency Priority").
const RETRY_FOR_MAX: Duration = Duration::from_secs(10_800);
/// The time of ringing if `retry_for` is not set.
const RETRY_FOR: Duration = Duration::from_secs(1_800);
/// "Application registration": the length of a token and of a user key.
const KEY_CHARS: usize = 30;
/// "Identifying devices": letters, digits, hyphens and underscores, 25 of them at most.
const DEVICE_CHARS_MAX: usize = 25;
/// The extras of a message: the names of their settings, with Pushover's names of their parameters.
const EXTRAS: &[(&str, &[&str])] = &[
    ("device", &["device"]),
    ("priority", &["priority", "retry", "expire"]),
    ("public_url", &["url"]),
    ("sound", &["sound"]),
];
/// "Supplementary URLs": an address below the message has 512 characters at most.
const URL_CHARS_MAX: usize = 512;

/// "Limits" and "Attachments": 1,024 characters, 250 in the title, one picture of 5 MB. A title never exceeds 250,
/// because all services have titles of at most 200 characters.
static LIMITS: Limits = Limits {
    picture: PictureLimits {
        types: &["image/jpeg", "image/png", "image/gif"],
        ..PictureLimits::ANY_SIZE
    },
    video_types: &[],
    file_bytes_max: 5 << 20,
    ..Limits::new("Pushover", 1024)
};

/// What Pushover can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "pushover",
    name: "Pushover",
    summary: "Pushover: notifications on phones, with the picture.",
    find: &[
        Hint {
            key: "user",
            place: "At pushover.net after login: \"Your User Key\", at the top right.",
        },
        Hint {
            key: "token",
            place: "At pushover.net/apps/build: Create an Application; its page shows the API token.",
        },
    ],
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

/// An application, and the user or group that gets its messages.
struct Pushover {
    endpoint: Endpoint,
    /// The application's token.
    token: String,
    /// The key of a user or a group.
    user: String,
    /// Names of devices with commas in between; empty for all.
    device: String,
    /// The name of a sound. `None` for the app's own.
    sound: Option<String>,
    /// The priority of first alerts, if it is set.
    priority: Option<i64>,
    /// How an emergency rings.
    ringing: Ringing,
}

/// How often and how long a message of priority 2 rings until somebody has seen it.
struct Ringing {
    /// Time between two rings.
    retry: Duration,
    /// When the ringing ends.
    retry_for: Duration,
}

fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let mut secrets = Secrets::default();
    let mut key = |key: &'static str| {
        let text = settings.text(key).unwrap_or_default().trim().to_owned();
        secrets.add(&text);
        if text.len() != KEY_CHARS || !text.bytes().all(|it| it.is_ascii_alphanumeric()) {
            reader.fault(key, "must be of 30 letters and digits, as pushover.net shows it");
        }
        text
    };
    let (token, user) = (key("token"), key("user"));
    let url = reader.address("api", API, "/1/messages.json");
    let priority = reader.integer_in("priority", PRIORITIES);
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(is_of_name);
    if !settings.list("device").iter().all(|it| is_name(it) && it.len() <= DEVICE_CHARS_MAX) {
        let message = "must be names of devices: up to 25 letters, digits, - and _ each";
        reader.fault("device", message);
    }
    let sound = settings.text("sound").map(str::to_owned);
    if sound.as_ref().is_some_and(|sound| !is_name(sound)) {
        let message = "must be the name of a sound, such as siren: letters, digits, - and _";
        reader.fault("sound", message);
    }
    let ringing = ringing(&mut reader);
    let (device, time) = (settings.list("device").join(","), settings.answer_time());
    reader.finish(|| {
        let endpoint = Endpoint { url: url?, headers: HeaderMap::new(), time, secrets };
        Some(MessageChannel(Pushover { endpoint, token, user, device, sound, priority, ringing }))
    })
}

/// Reads `retry` and `retry_for`.
fn ringing(reader: &mut SettingsReader<'_>) -> Ringing {
    let retry = reader.settings.duration("retry").unwrap_or(RETRY);
    if retry < RETRY_MIN {
        reader.fault("retry", "Pushover rings again after 30 s at the earliest");
    }
    let retry_for = reader.settings.duration("retry_for").unwrap_or(RETRY_FOR);
    if retry_for > RETRY_FOR_MAX {
        reader.fault("retry_for", "Pushover rings for 3 hours at most");
    }
    Ringing { retry, retry_for }
}

/// Pushover's number of a route's priority.
fn number(priority: Priority) -> i64 {
    match priority {
        Priority::Lowest => -2,
        Priority::Low => -1,
        Priority::Normal => 0,
        Priority::High => 1,
        Priority::Urgent => 2,
    }
}

impl MessageService for Pushover {
    const LIMITS: &'static Limits = &LIMITS;

    /// "Being Friendly to our API" asks for no more than two connections at once. A channel with a rate limit keeps
    /// to that.
    fn paces(&self) -> Vec<Pace> {
        vec![Pace { key: "pushover".to_owned(), count: 10, per: Duration::from_secs(1) }]
    }
}

impl HttpService for Pushover {
    const NAME: &'static str = "Pushover";

    fn request(&self, outgoing: &OutgoingMessage<'_>) -> Result<Request<'_>, FilesRefused> {
        if outgoing.message.files.iter().any(|file| file.role != Role::Picture) {
            return Err(FilesRefused("Pushover takes pictures only".to_owned()));
        }
        Ok(self.endpoint.request(self.body(outgoing)))
    }

    fn read_answer(&self, outgoing: &OutgoingMessage<'_>, answer: &Answer) -> AnswerMeaning {
        let fault = PushoverError(answer.json());
        let said = self.endpoint.said(answer, &fault.errors());
        let result = judge(answer, &fault, &said, outgoing.has_files());
        AnswerMeaning { result, said, doubtful_extras: self.doubtful(outgoing, answer, &fault) }
    }
}

impl Pushover {
    /// Extras of a message that Pushover refused: those whose parameters it names, or all if it names none.
    fn doubtful(
        &self,
        outgoing: &OutgoingMessage<'_>,
        answer: &Answer,
        fault: &PushoverError,
    ) -> Vec<&'static str> {
        let of_others = ["token", "user", "message", "title", "attachment"];
        if answer.status / 100 != 4 || matches!(answer.status, 401..=408 | 413 | 429) {
            return Vec::new();
        }
        if of_others.iter().any(|name| fault.names(name)) {
            return Vec::new();
        }
        let OutgoingMessage { alert, extras, .. } = *outgoing;
        let is_set = |key: &str| match key {
            "device" => !self.device.is_empty(),
            "priority" => self.priority.is_some() || alert.manner.priority.is_some(),
            "public_url" => alert.link.is_some(),
            _ => self.sound.is_some(),
        };
        let there = EXTRAS.iter().filter(|(key, _)| is_set(key) && extras.has(key));
        let named = there.clone().filter(|(_, names)| names.iter().any(|name| fault.names(name)));
        let named: Vec<&'static str> = named.map(|(key, _)| *key).collect();
        if named.is_empty() { there.map(|(key, _)| *key).collect() } else { named }
    }

    /// The form of a message. A parameter that has no value is left out: Pushover refuses an empty one.
    fn body(&self, outgoing: &OutgoingMessage<'_>) -> Body {
        let OutgoingMessage { message, alert, extras } = *outgoing;
        let file = message.files.first();
        let (title, text) = message.title_and_text("", file.map_or("", |file| file.name()));
        let priority = alert.manner.priority.map(number).or(self.priority);
        let mut priority = priority.filter(|_| extras.has("priority")).unwrap_or_default();
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
            form.field("retry", self.ringing.retry.as_secs().to_string());
            form.field("expire", self.ringing.retry_for.as_secs().to_string());
        }
        let link = alert.link.as_deref().filter(|it| it.len() <= URL_CHARS_MAX);
        let extra = |key, value: Option<_>| value.filter(|_| extras.has(key)).unwrap_or_default();
        let optional = [
            ("title", title),
            ("device", extra("device", Some(self.device.as_str()))),
            ("sound", extra("sound", self.sound.as_deref())),
            ("url", extra("public_url", link)),
        ];
        for (name, value) in optional.into_iter().filter(|(_, value)| !value.is_empty()) {
            form.field(name, value);
        }
        if let Some(file) = file {
            form.attachment("attachment", file);
        }
        form.into_body()
    }
}

/// What an answer means. Pushover names the wrong parameter of a refused request.
fn judge(answer: &Answer, fault: &PushoverError, said: &str, with_file: bool) -> SendResult {
    Ok(match answer.status {
        300..=399 | 404 | 405 => other_server("Pushover", "api", answer, said),
        200..=299 if answer.is_web_page() => other_server("Pushover", "api", answer, said),
        300.. if fault.names("token") => {
            repair(format!("Pushover does not know this application ({said}): check `token`"))
        }
        300.. if fault.names("user") => {
            repair(format!("Pushover does not know this user ({said}): check `user`"))
        }
        413 if with_file => return Err(FilesRefused("too big for Pushover".to_owned())),
        408 => retry(answer.retry_after, format!("Pushover did not wait: {said}")),
        // The application's messages of this month are used up ("Limits").
        429 => retry(
            answer.retry_after.or(Some(REPAIR_PAUSE)),
            format!("Pushover takes no more messages for now: {said}"),
        ),
        _ => return usual_result(Pushover::NAME, answer, said, with_file),
    })
}

/// Pushover's error format: error texts, and a field with the name of the wrong parameter.
struct PushoverError(Value);

impl PushoverError {
    /// Whether it names this parameter.
    fn names(&self, parameter: &str) -> bool {
        self.0.get(parameter).is_some()
    }

    /// All error texts.
    fn errors(&self) -> String {
        let errors = self.0.get("errors").and_then(Value::as_array).into_iter().flatten();
        errors.filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
    }
}
