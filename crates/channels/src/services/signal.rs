//! Signal, through signal-cli-rest-api (github.com/bbernhard/signal-cli-rest-api), which one runs oneself:
//! people or a group. Follow-ups quote the first alert. Signal knows no silent and no urgent messages here.

mod answer;
mod request;

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderMap;
use tipoff_model::{Alert, Receipt, Verdict};

use crate::http::{Answer, Request, Secrets};
use crate::message_service::{
    AnswerMeaning, Extras, FilesRefused, HttpService, MessageChannel, MessageService,
};
use crate::settings_reader::SettingsReader;
use crate::{Built, Entry, Limits, Message};
use crate::{PictureLimits, Setting, Settings, Shape};

/// How long an answer may take, where it is not set: the server itself gives signal-cli 120 s
/// (`SIGNAL_CLI_CMD_TIMEOUT`). Who goes earlier does not learn that a message was sent.
const TIME: Duration = Duration::from_secs(130);
/// What people write to at once.
const RECIPIENTS_MAX: usize = 50;

/// Of a text over 2,000 bytes signal-cli sends the rest as a "long text", which apps show behind "Read
/// more". Apps send 32 files in a message, and 100 MiB in a file with what encryption adds: padding of up
/// to 5 % (`android.attachments.maxCount`, `global.attachments.maxBytes`). The server holds a request in
/// memory whole, so that a message has no more than that. Apps show one document of a message, and not the
/// others (`getDocumentSlide` in Signal for Android).
static LIMITS: Limits = Limits {
    service: "Signal",
    text_utf16_max: 4000,
    caption_utf16_max: 4000,
    album_files_max: 32,
    documents_max: 1,
    album_bytes_max: 95 << 20,
    picture: PictureLimits {
        types: &["image/jpeg", "image/png", "image/gif", "image/webp"],
        bytes_max: 95 << 20,
        sides_px_max: usize::MAX,
        ratio_max: usize::MAX,
    },
    video_types: &["video/mp4"],
    animations: true,
    file_bytes_max: 95 << 20,
    replies: true,
};

/// What Signal can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "signal",
    summary: "People or a group on Signal, through signal-cli-rest-api.",
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
            key: "timeout",
            shape: Shape::Duration,
            required: false,
            doc: "How long an answer may take, besides 8 s for each MB that is sent. Without it: \
                  130 s.",
            example: "\"60 s\"",
        },
    ],
    build,
};

struct Signal {
    url: Url,
    number: String,
    recipients: Vec<String>,
    secrets: Secrets,
    time: Duration,
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
    let time = settings.duration("timeout").unwrap_or(TIME);
    reader.finish(|| {
        let url = url?;
        let secrets = Secrets::of_login(&url);
        Some(MessageChannel(Signal { url, number, recipients, secrets, time }))
    })
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The server takes recipients of one kind only, and one group. What begins with + must be a number: it
/// would be taken for a username else.
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
    /// Signal tells nobody how much it takes; who sends too much is answered 429.
    const LIMITS: &'static Limits = &LIMITS;
}

impl HttpService for Signal {
    const NAME: &'static str = "Signal";

    fn request(
        &self,
        message: &Message,
        _: &Alert,
        _: &Extras,
    ) -> Result<Request<'_>, FilesRefused> {
        let (url, headers) = (self.url.clone(), HeaderMap::new());
        let body = request::body(message, &self.number, &self.recipients);
        Ok(Request { url, headers, body, time: self.time, secrets: &self.secrets })
    }

    fn read_answer(
        &self,
        message: &Message,
        alert: &Alert,
        _: &Extras,
        answer: &Answer,
    ) -> AnswerMeaning {
        let judged = answer::judge(answer, !message.files.is_empty(), &self.secrets);
        AnswerMeaning::without_extras(judged.map(|sent| match sent {
            Ok(timestamp) => {
                // What a follow-up quotes: when it was sent, and its first line.
                let title = message.title.as_str();
                let title = if title.is_empty() { alert.device.as_str() } else { title };
                let reference = Some(format!("{timestamp} {title}"));
                Verdict::Delivered(Receipt { reference, ..Receipt::default() })
            }
            Err(verdict) => verdict,
        }))
    }
}
