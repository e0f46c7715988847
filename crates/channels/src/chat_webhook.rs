//! What the incoming webhooks of chat services share: a secret address, a message as JSON, pictures by link, text
//! that mentions nobody. Mattermost, Rocket.Chat and Slack's webhook build on it. Sends no files.

mod markup;
mod sender;

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value};
use tipoff_model::Alert;

use crate::body::Body;
use crate::buttons::{self, BUTTONS, Link};
use crate::http::{self, Answer, Endpoint, Request, Secrets};
use crate::message_service::OutgoingMessage;
use crate::settings_reader::SettingsReader;
use crate::{Built, Channel, Limits, Message, PictureLimits, Settings};

pub(crate) use markup::{
    LinkedMessage, LinkedPicture, Markdown, linked, push_parted, safe_address, spelled,
};
pub(crate) use sender::{SenderFields, settings};

/// Number of pictures in a message. No service limits them, but more are tedious to look through.
const PICTURES_MAX: usize = 10;

/// The limits of a webhook: words of this length, and pictures of these types by their link. The pictures' bytes
/// never pass through the webhook, so that their size does not matter.
pub(crate) const fn limits(
    service: &'static str,
    text_utf16_max: usize,
    types: &'static [&'static str],
) -> Limits {
    Limits {
        album_files_max: PICTURES_MAX,
        documents_max: PICTURES_MAX,
        picture: PictureLimits { types, ..PictureLimits::ANY_SIZE },
        ..Limits::new(service, text_utf16_max)
    }
}

/// An incoming webhook.
pub(crate) struct ChatWebhook {
    endpoint: Endpoint,
    /// Whether first alerts have links that carry out actions.
    buttons: bool,
}

impl ChatWebhook {
    /// Reads `url`, `timeout` and `buttons`: an address in whose path `parts` segments follow `marker`.
    pub(crate) fn read(
        reader: &mut SettingsReader<'_>,
        marker: &str,
        parts: usize,
        example: &str,
    ) -> Option<Self> {
        let settings = reader.settings;
        let url = http::address(settings.text("url").unwrap_or_default().trim()).ok();
        let url = url.filter(|url| segments_behind(url, marker).count() >= parts);
        let Some(url) = url else {
            reader.fault("url", format!("must be like {example}"));
            return None;
        };
        let mut secrets = Secrets::default();
        secrets.add_url(&url);
        let (headers, time) = (HeaderMap::new(), settings.answer_time());
        let endpoint = Endpoint { url, headers, time, secrets };
        Some(Self { endpoint, buttons: settings.flag_or(BUTTONS.key, true) })
    }

    /// The segments of the address behind `marker`.
    pub(crate) fn segments_behind(&self, marker: &str) -> impl Iterator<Item = &str> {
        segments_behind(&self.endpoint.url, marker)
    }

    /// The links below a message whose title leads to the incident.
    pub(crate) fn links<'a>(&self, message: &Message, alert: &'a Alert) -> Vec<Link<'a>> {
        if self.buttons { buttons::action_links(message, alert) } else { Vec::new() }
    }

    /// The message as JSON: its text in Markdown, and its pictures as `attachments`, each written by `attachment`.
    pub(crate) fn markdown_payload(
        &self,
        outgoing: &OutgoingMessage<'_>,
        limits: &Limits,
        markdown: &Markdown,
        attachment: impl Fn(&LinkedPicture<'_>) -> Value,
    ) -> Map<String, Value> {
        let OutgoingMessage { message, alert, .. } = *outgoing;
        let LinkedMessage { words, pictures } = linked(message, alert, limits, |_| true);
        let text = markdown.text(&words, alert, &self.links(message, alert));
        let mut payload = Map::new();
        payload.insert("text".to_owned(), text.into());
        let pictures: Vec<Value> = pictures.iter().map(attachment).collect();
        if !pictures.is_empty() {
            payload.insert("attachments".to_owned(), pictures.into());
        }
        payload
    }

    /// The service's words for an error text: see [`Answer::said`].
    pub(crate) fn said(&self, answer: &Answer, error: &str) -> String {
        self.endpoint.said(answer, error)
    }

    /// The request that sends a message.
    pub(crate) fn request(&self, payload: &Value) -> Request<'_> {
        self.endpoint.request(Body::json(payload))
    }
}

/// The segments of an address's path behind `marker`.
fn segments_behind<'a>(url: &'a Url, marker: &str) -> impl Iterator<Item = &'a str> {
    let behind = url.path().split_once(marker).map(|(_, behind)| behind);
    behind.unwrap_or_default().split('/').filter(|segment| !segment.is_empty())
}

/// Reads all settings of a webhook that has a [`SenderFields`]: see [`ChatWebhook::read`] and [`SenderFields::read`].
pub(crate) fn build<C: Channel + 'static>(
    settings: &Settings,
    parts: usize,
    example: &str,
    names: [&'static str; 3],
    make: impl FnOnce(ChatWebhook, SenderFields) -> C,
) -> Built {
    let mut reader = SettingsReader::new(settings);
    let hook = ChatWebhook::read(&mut reader, "/hooks/", parts, example);
    let sender = SenderFields::read(&mut reader, names);
    reader.finish(|| Some(make(hook?, sender)))
}
