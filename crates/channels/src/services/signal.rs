//! Signal, through the owner's signal-cli-rest-api (github.com/bbernhard/signal-cli-rest-api): people or a group.
//! Follow-ups quote the first alert. The server has no silent and no urgent messages.

mod answer;
mod request;

use std::time::Duration;

use reqwest::header::HeaderMap;
use tipoff_model::{Receipt, Verdict};

use crate::http::{Answer, Endpoint, Request, Secrets};
use crate::message_service::{
    AnswerMeaning, FilesRefused, HttpService, MessageChannel, MessageService, OutgoingMessage,
};
use crate::settings::TIMEOUT;
use crate::settings_reader::SettingsReader;
use crate::{Built, Entry, Hint, Limits};
use crate::{Setting, Settings, Shape};

/// Time limit for an answer if `timeout` is not set. The server itself gives signal-cli 120 s
/// (`SIGNAL_CLI_CMD_TIMEOUT`): with a shorter limit, a message that was sent would be sent again.
const TIME: Duration = Duration::from_secs(130);
/// Number of recipients. For more, use a group.
const RECIPIENTS_MAX: usize = 50;

/// Of a text over 2,000 bytes, signal-cli sends the rest as a "long text", which apps show after "Read more". Apps
/// send 32 files in a message, and 100 MiB in a file including the padding of encryption of up to 5 %
/// (`android.attachments.maxCount`, `global.attachments.maxBytes`). The server holds a whole request in memory, so
/// that all files of a message have no more than one may have. Apps show only one document of a message
/// (`getDocumentSlide` in Signal for Android).
static LIMITS: Limits = Limits {
    album_files_max: 32,
    album_bytes_max: 95 << 20,
    animations: true,
    file_bytes_max: 95 << 20,
    replies: true,
    ..Limits::new("Signal", 4000)
};

/// What Signal can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "signal",
    name: "Signal",
    summary: "People or a group on Signal, through signal-cli-rest-api.",
    find: &[
        Hint { key: "server", place: "The address of your signal-cli-rest-api, with its port." },
        Hint {
            key: "number",
            place: "The number that you registered or linked in signal-cli-rest-api, with + and the country's code.",
        },
        Hint {
            key: "recipients",
            place: "Phone numbers with + and the country's code. For a group, its ID from signal-cli-rest-api: GET /v1/groups/NUMBER.",
        },
    ],
    settings: &[
        Setting {
            key: "number",
            shape: Shape::Name,
            required: true,
            doc: "The phone number that alerts come from, registered or linked in \
                  signal-cli-rest-api, with + and the country's code.",
            example: "\"+491511234567\"",
        },
        Setting {
            key: "recipients",
            shape: Shape::List,
            required: true,
            doc: "Who gets alerts: phone numbers, or usernames, or one group by its ID, which \
                  begins with \"group.\".",
            example: "[\"+491517654321\"]",
        },
        Setting {
            key: "server",
            shape: Shape::Text,
            required: true,
            doc: "The address of signal-cli-rest-api.",
            example: "\"http://192.168.1.10:8080\"",
        },
        Setting {
            doc: "How long an answer may take, besides 8 s for each MB that is sent. Without it: \
                  130 s.",
            example: "\"60 s\"",
            ..TIMEOUT
        },
    ],
    build,
};

/// A sender and its recipients, at a signal-cli-rest-api.
struct Signal {
    endpoint: Endpoint,
    /// The account that alerts come from.
    number: String,
    /// Numbers, usernames or one group.
    recipients: Vec<String>,
}

fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let number = settings.text("number").unwrap_or_default().to_owned();
    if !is_number(&number) {
        reader.fault("number", "must be like +491511234567: with + and the country's code");
    }
    let recipients = settings.list("recipients").to_vec();
    reader.check("recipients", check_recipients(&recipients));
    let url = reader.address("server", "", "/v2/send");
    let (headers, time) = (HeaderMap::new(), settings.answer_time_or(TIME));
    reader.finish(|| {
        let url = url?;
        let secrets = Secrets::of_login(&url);
        let endpoint = Endpoint { url, headers, time, secrets };
        Some(MessageChannel(Signal { endpoint, number, recipients }))
    })
}

/// Whether this is a phone number in international form (E.164): a plus and digits.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Checks the recipients. The server accepts one kind of them in a message, and one group. What begins with + has to
/// be a number: the server would take it for a username.
fn check_recipients(recipients: &[String]) -> Result<(), &'static str> {
    if recipients.is_empty() || recipients.len() > RECIPIENTS_MAX {
        return Err("must be 1 to 50 phone numbers or usernames, or one group");
    }
    let is_wrong = |it: &String| it.trim().is_empty() || it.starts_with('+') && !is_number(it);
    if recipients.iter().any(is_wrong) {
        return Err("must be like +491517654321, a username, or a group's ID (group.…)");
    }
    let groups = recipients.iter().filter(|it| it.starts_with("group.")).count();
    let numbers = recipients.iter().filter(|it| it.starts_with('+')).count();
    match (groups, numbers, recipients.len()) {
        (0, 0, _) | (1, 0, 1) => Ok(()),
        (0, numbers, all) if numbers == all => Ok(()),
        _ => Err("must be numbers only, usernames only, or one group: make a channel for each"),
    }
}

impl MessageService for Signal {
    /// Signal publishes no rate limits, and answers 429 beyond them.
    const LIMITS: &'static Limits = &LIMITS;
}

impl HttpService for Signal {
    const NAME: &'static str = "Signal";

    fn request(&self, outgoing: &OutgoingMessage<'_>) -> Result<Request<'_>, FilesRefused> {
        let body = request::body(outgoing.message, &self.number, &self.recipients);
        Ok(self.endpoint.request(body))
    }

    fn read_answer(&self, outgoing: &OutgoingMessage<'_>, answer: &Answer) -> AnswerMeaning {
        let OutgoingMessage { message, alert, .. } = *outgoing;
        let judged = answer::judge(answer, outgoing.has_files(), &self.endpoint.secrets);
        AnswerMeaning::without_extras(judged.map(|sent| match sent {
            Ok(timestamp) => {
                // A follow-up quotes the first alert by the time at which it was sent, and its first line.
                let title = message.title.as_str();
                let title = if title.is_empty() { alert.device.as_str() } else { title };
                let reference = Some(format!("{timestamp} {title}"));
                Verdict::Delivered(Receipt { reference, ..Receipt::default() })
            }
            Err(verdict) => verdict,
        }))
    }
}
