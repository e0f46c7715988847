//! An incoming webhook of a Slack app ("Sending messages using incoming webhooks"). It takes no files:
//! Slack fetches pictures by their link, where that leads through the internet. It knows no threads,
//! so what follows is a message of its own.

use serde_json::{Map, Value, json};
use tipoff_model::{Receipt, Verdict};

use super::answer::{self, SlackFailure};
use super::wording;
use crate::buttons::Link;
use crate::chat_webhook::{self, ChatWebhook, LinkedMessage};
use crate::http::{Answer, Request, repair, retry};
use crate::message_service::{
    AnswerMeaning, FilesRefused, HttpService, MessageChannel, MessageService, OutgoingMessage,
    SendResult,
};
use crate::settings_reader::SettingsReader;
use crate::{Built, Limits, Pace, Settings};

/// What stands before the three words that name a webhook.
const MARKER: &str = "/services/";
/// "Image block": what it may show.
const PICTURE_TYPES: &[&str] = &["image/jpeg", "image/png", "image/gif"];
/// "Image block": its `image_url`.
const PICTURE_URL_CHARS_MAX: usize = 3000;

/// "Truncating really long messages": 4,000 characters are recommended, 40,000 are kept; a character
/// may need five here.
static LIMITS: Limits = chat_webhook::limits("this Slack webhook", 3000, PICTURE_TYPES);

/// An incoming webhook of a Slack app.
struct SlackHook(ChatWebhook);

/// Makes a channel of `url` and `timeout`.
pub(super) fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let example = "https://hooks.slack.com/services/T000/B000/KEY";
    let hook = ChatWebhook::read(&mut reader, MARKER, 3, example);
    reader.finish(|| Some(MessageChannel(SlackHook(hook?))))
}

impl MessageService for SlackHook {
    const LIMITS: &'static Limits = &LIMITS;

    /// "Rate limits": one message a second to a webhook, with short bursts.
    fn paces(&self) -> Vec<Pace> {
        // The first two words name the workspace and the app; the third is the key.
        let name: Vec<&str> = self.0.segments_behind(MARKER).take(2).collect();
        vec![super::pace(&name.join("/"))]
    }
}

impl HttpService for SlackHook {
    const NAME: &'static str = "Slack";

    fn request(&self, outgoing: &OutgoingMessage<'_>) -> Result<Request<'_>, FilesRefused> {
        let links = self.0.links(outgoing.message, outgoing.alert);
        Ok(self.0.request(&payload(outgoing, &links)))
    }

    fn read_answer(&self, outgoing: &OutgoingMessage<'_>, answer: &Answer) -> AnswerMeaning {
        AnswerMeaning::without_extras(self.judge(answer, outgoing.has_files()))
    }
}

impl SlackHook {
    /// What an answer means: `ok`, or an error of one word as plain text.
    fn judge(&self, answer: &Answer, with_files: bool) -> SendResult {
        let told = String::from_utf8_lossy(answer.body.trim_ascii());
        let (said, status) = (self.0.said(answer, ""), answer.status);
        Ok(match (status, answer::problem(&told, &said, answer)) {
            (200..=299, _) if told == "ok" => Verdict::Delivered(Receipt::default()),
            (_, SlackFailure::Stop(verdict)) => verdict,
            // Slack cannot fetch a picture, for one: words are taken.
            (400, problem) => return problem.into_result(with_files),
            (408 | 429, _) => answer::wait(answer, &said),
            (500.., _) => {
                retry(answer.retry_after, format!("Slack has a fault of its own: {said}"))
            }
            _ => repair(format!("this is no webhook of Slack's ({status}, {said}): check `url`")),
        })
    }
}

/// The message as JSON.
fn payload(outgoing: &OutgoingMessage<'_>, links: &[Link<'_>]) -> Value {
    let OutgoingMessage { message, alert, .. } = *outgoing;
    let LinkedMessage { words, pictures } =
        chat_webhook::linked(message, alert, &LIMITS, can_fetch);
    let mut payload = Map::new();
    payload.insert("text".to_owned(), wording::text(&words, alert, links).into());
    // A preview of whatever a camera links to is no part of the alert.
    payload.insert("unfurl_links".to_owned(), false.into());
    payload.insert("unfurl_media".to_owned(), false.into());
    let pictures = pictures.iter().map(
        |picture| json!({ "type": "image", "image_url": picture.url, "alt_text": picture.name }),
    );
    let blocks: Vec<Value> = pictures.collect();
    if !blocks.is_empty() {
        // Beside the text; blocks of the message itself would stand in its place.
        payload.insert("attachments".to_owned(), json!([{ "blocks": blocks }]));
    }
    payload.into()
}

/// Whether Slack's own servers may reach it.
fn can_fetch(url: &str) -> bool {
    url.starts_with("https://") && url.len() <= PICTURE_URL_CHARS_MAX
}
