//! Pigeon (made up, for CONTRIBUTING.md): words by carrier pigeon. A pigeon carries no files, knows the
//! way to one loft, and does not wait for an answer to what it brought before.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderMap;
use tipoff_model::{Outcome, Receipt, Scope, Verdict};

use crate::body::{Body, Piece};
use crate::http::{self, Answer, REPAIR_PAUSE, Request, Secrets};
use crate::message_service::{self, FilesRefused, MessageSender, SendResult};
use crate::settings_reader::SettingsReader;
use crate::{Abilities, BoxFuture, Built, Channel, Context, Entry, Hint, Limits, Message, Pace};
use crate::{PictureLimits, Setting, Settings, Shape};

/// How long an answer may take.
const TIME: Duration = Duration::from_secs(30);

/// "What fits on a leg" in the loft's documentation: 200 characters, no files.
static LIMITS: Limits = Limits {
    service: "Pigeon",
    text_utf16_max: 200,
    caption_utf16_max: 200,
    album_files_max: 1,
    documents_max: 1,
    album_bytes_max: u64::MAX,
    picture: PictureLimits { types: &[], bytes_max: 0, sides_px_max: 0, ratio_max: 0 },
    video_types: &[],
    animations: false,
    file_bytes_max: u64::MAX,
    replies: false,
};

/// What Pigeon can be configured with: `check`, its errors, the reference and the dashboard read this.
pub(crate) const ENTRY: Entry = Entry {
    kind: "pigeon",
    name: "Pigeon",
    summary: "A loft of carrier pigeons.",
    find: &[Hint { key: "loft", place: "In the pigeon app: Lofts, your loft, Address." }],
    settings: &[
        Setting {
            key: "loft",
            shape: Shape::Text,
            required: true,
            doc: "The address of the loft.",
            example: "\"http://loft.lan\"",
        },
        Setting {
            key: "ring",
            shape: Shape::Secret,
            required: false,
            doc: "The number on the ring, where the loft asks for it. Without it: none.",
            example: "{ env = \"PIGEON_RING\" }",
        },
    ],
    build,
};

struct Pigeon {
    url: Url,
    headers: HeaderMap,
    secrets: Secrets,
}

/// All faults are reported at once, each at its key.
fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let mut secrets = Secrets::default();
    let url = reader.address("loft", "", "/fly");
    let mut headers = HeaderMap::new();
    if let Some(ring) = settings.text("ring") {
        secrets.add(ring);
        match http::secret_header(ring) {
            Some(ring) => drop(headers.insert("x-ring", ring)),
            None => reader.fault("ring", "must be letters and digits"),
        }
    }
    reader.finish(|| Some(Pigeon { url: url?, headers, secrets }))
}

impl Channel for Pigeon {
    fn abilities(&self) -> Abilities {
        Abilities::Messages(&LIMITS)
    }

    /// A pigeon needs a rest.
    fn paces(&self, _memory: &[(String, String)]) -> Vec<Pace> {
        vec![Pace { key: "pigeon".to_owned(), count: 10, per: Duration::from_secs(1) }]
    }

    fn send<'a>(
        &'a self,
        message: &'a Message,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, Outcome> {
        message_service::send_or_without_files(self, &LIMITS, message, context)
    }
}

impl MessageSender for Pigeon {
    fn send_once<'a>(
        &'a self,
        message: &'a Message,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, SendResult> {
        Box::pin(async move {
            if !message.files.is_empty() {
                // Then it is asked again, with words in their place.
                return Err(FilesRefused("a pigeon carries no files".to_owned()));
            }
            let words = format!("{}\n{}", message.title, message.text);
            let body = Body::new("text/plain".to_owned(), vec![Piece::Bytes(words.into_bytes())]);
            let (url, headers) = (self.url.clone(), self.headers.clone());
            let request = Request { url, headers, body, time: TIME, secrets: &self.secrets };
            Ok(match http::post(request, context.files).await {
                Ok(answer) => self.judge(&answer),
                Err(failure) => failure.into(),
            })
        })
    }
}

impl Pigeon {
    /// The one question: try again? And if so, does it concern this message or all of them?
    fn judge(&self, answer: &Answer) -> Verdict {
        let said = answer.said("", &self.secrets);
        let retry = |after, error| Verdict::Retry { scope: Scope::Channel, after, error };
        match answer.status {
            200..=299 => Verdict::Delivered(Receipt::default()),
            401 | 403 => retry(
                Some(REPAIR_PAUSE),
                format!("the loft knows no such ring ({said}): set `ring`"),
            ),
            429 | 500.. => retry(answer.retry_after, format!("no pigeon is there: {said}")),
            status => Verdict::Refused { error: format!("the loft answered {status}: {said}") },
        }
    }
}
