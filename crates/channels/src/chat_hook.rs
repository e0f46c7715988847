//! What the incoming webhooks of chat services share: a secret address, a message as JSON, pictures by link, text that
//! mentions nobody. Sends no files.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value};
use tipoff_model::Alert;

use crate::body::Body;
use crate::buttons::{self, BUTTONS, Link};
use crate::http::{self, Answer, Request, Secrets};
use crate::message_service::Extras;
use crate::plan::{self, Role};
use crate::settings_reader::SettingsReader;
use crate::{Built, Channel, Limits, Message, PictureLimits, Setting, Settings, Shape};

/// Zero-width space: keeps a character from being read as markup.
const NOTHING: char = '\u{200b}';
/// What browsers and phones show.
pub(crate) const PICTURE_TYPES: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp"];
/// Number of pictures in a message. No service limits them; more are tedious to look through.
const PICTURES_MAX: usize = 10;
/// Characters that would end an address or mention somebody, with their percent-encoding.
const UNSAFE_IN_ADDRESS: &[(char, &str)] =
    &[('<', "%3C"), ('>', "%3E"), ('|', "%7C"), ('@', "%40"), ('(', "%28"), (')', "%29")];

/// The setting `channel`.
pub(crate) const CHANNEL: Setting = Setting {
    key: "channel",
    shape: Shape::Text,
    required: false,
    doc: "Another channel than the webhook's own, or a @user, where the webhook may write there. \
          Without it: the webhook's own.",
    example: "\"cameras\"",
};
/// The setting `icon`.
pub(crate) const ICON: Setting = Setting {
    key: "icon",
    shape: Shape::Text,
    required: false,
    doc: "The address of the picture that stands beside alerts, where the server allows it. Without \
          it: the webhook's own.",
    example: "\"https://example.org/camera.png\"",
};
/// The setting `username`.
pub(crate) const USERNAME: Setting = Setting {
    key: "username",
    shape: Shape::Text,
    required: false,
    doc: "The name that alerts stand under, where the server allows it. Without it: the webhook's \
          own.",
    example: "\"Cameras\"",
};

/// What a webhook takes: words of this length, and pictures of these types by their link, whose bytes
/// never pass through it.
pub(crate) const fn limits(
    service: &'static str,
    text_utf16_max: usize,
    types: &'static [&'static str],
) -> Limits {
    Limits {
        service,
        text_utf16_max,
        caption_utf16_max: text_utf16_max,
        album_files_max: PICTURES_MAX,
        documents_max: PICTURES_MAX,
        album_bytes_max: u64::MAX,
        picture: PictureLimits {
            types,
            bytes_max: u64::MAX,
            sides_px_max: usize::MAX,
            ratio_max: usize::MAX,
        },
        video_types: &["video/mp4"],
        animations: false,
        file_bytes_max: u64::MAX,
        replies: false,
    }
}

/// An incoming webhook.
pub(crate) struct Hook {
    url: Url,
    secrets: Secrets,
    time: Duration,
    buttons: bool,
}

impl Hook {
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
        let (time, buttons) = (settings.answer_time(), settings.flag_or(BUTTONS.key, true));
        Some(Self { url, secrets, time, buttons })
    }

    /// The segments of the address behind `marker`.
    pub(crate) fn segments_behind(&self, marker: &str) -> impl Iterator<Item = &str> {
        segments_behind(&self.url, marker)
    }

    /// The links below a message whose title leads to the incident.
    pub(crate) fn links<'a>(&self, message: &Message, alert: &'a Alert) -> Vec<Link<'a>> {
        if self.buttons { buttons::action_links(message, alert) } else { Vec::new() }
    }

    /// The service's words for an error text.
    pub(crate) fn said(&self, answer: &Answer, told: &str) -> String {
        answer.said(told, &self.secrets)
    }

    /// The request that sends a message.
    pub(crate) fn request(&self, payload: &Value) -> Request<'_> {
        let (url, headers, secrets) = (self.url.clone(), HeaderMap::new(), &self.secrets);
        Request { url, headers, body: Body::json(payload), time: self.time, secrets }
    }
}

/// The segments of an address's path behind `marker`.
fn segments_behind<'a>(url: &'a Url, marker: &str) -> impl Iterator<Item = &'a str> {
    let behind = url.path().split_once(marker).map(|(_, behind)| behind);
    behind.unwrap_or_default().split('/').filter(|segment| !segment.is_empty())
}

/// Reads all settings of a webhook that has a [`Sender`]: see [`Hook::read`] and [`Sender::read`].
pub(crate) fn build<C: Channel + 'static>(
    settings: &Settings,
    parts: usize,
    example: &str,
    names: [&'static str; 3],
    make: impl FnOnce(Hook, Sender) -> C,
) -> Built {
    let mut reader = SettingsReader::new(settings);
    let hook = Hook::read(&mut reader, "/hooks/", parts, example);
    let sender = Sender::read(&mut reader, names);
    reader.finish(|| Some(make(hook?, sender)))
}

/// Where and as whom a webhook writes: [`CHANNEL`], [`ICON`] and [`USERNAME`].
pub(crate) struct Sender {
    /// The keys of the three, the service's names for them, and their values.
    fields: Vec<(&'static str, &'static str, String)>,
}

impl Sender {
    /// Reads them; `names` are what the service calls channel, icon and username.
    fn read(reader: &mut SettingsReader<'_>, names: [&'static str; 3]) -> Self {
        let mut fields = Vec::new();
        for (key, name) in [CHANNEL.key, ICON.key, USERNAME.key].into_iter().zip(names) {
            let Some(value) = reader.settings.text(key) else {
                continue;
            };
            if value.trim().is_empty() {
                reader.fault(key, "must not be empty");
            } else if key == ICON.key {
                reader.check(key, http::address(value));
            }
            fields.push((key, name, value.to_owned()));
        }
        Self { fields }
    }

    /// Writes them into a message, but for those that are left out.
    pub(crate) fn sign(&self, payload: &mut Map<String, Value>, extras: &Extras) {
        for (_, name, value) in self.fields.iter().filter(|(key, ..)| extras.has(key)) {
            payload.insert((*name).to_owned(), value.as_str().into());
        }
    }

    /// The settings that a server may refuse although the webhook is valid. The channel is not one of them.
    pub(crate) fn extras(&self) -> Vec<&'static str> {
        self.fields.iter().map(|(key, ..)| *key).filter(|key| *key != CHANNEL.key).collect()
    }
}

/// A message for a service that accepts no files.
pub(crate) struct Linked<'a> {
    /// Title and text; of files that cannot be shown it says where they are.
    pub(crate) words: Message,
    /// What is shown by its link.
    pub(crate) pictures: Vec<Picture<'a>>,
}

/// A picture that the service or the reader's app fetches.
pub(crate) struct Picture<'a> {
    /// The file's name.
    pub(crate) name: &'a str,
    /// Where it is.
    pub(crate) url: &'a str,
}

/// Parts a message into pictures at addresses that are good for the service, and words.
pub(crate) fn linked<'a>(
    message: &'a Message,
    alert: &Alert,
    limits: &Limits,
    is_good: fn(&str) -> bool,
) -> Linked<'a> {
    let (mut pictures, mut files) = (Vec::new(), Vec::new());
    for file in &message.files {
        let url = file.stored().and_then(|stored| stored.url.as_deref());
        match url.filter(|url| file.role == Role::Picture && is_good(url)) {
            Some(url) => pictures.push(Picture { name: file.name(), url }),
            None => files.push(file.clone()),
        }
    }
    let none_left = files.is_empty();
    let words = Message { files, ..message.clone() };
    let words = if none_left {
        words
    } else {
        let why = format!("{} takes no files", limits.service);
        plan::without_files(&words, alert, limits.text_utf16_max, &why)
    };
    Linked { words, pictures }
}

/// Title and text in Markdown: the title stands between `bold`, and leads to the incident.
pub(crate) fn markdown(
    words: &Message,
    alert: &Alert,
    bold: &str,
    plain: fn(&str) -> String,
) -> String {
    let title = match (plain(&words.title), &alert.link) {
        (title, _) if title.is_empty() => title,
        (title, Some(link)) => format!("{bold}[{title}]({}){bold}", safe_address(link)),
        (title, None) => format!("{bold}{title}{bold}"),
    };
    let parted = if title.is_empty() || words.text.is_empty() { "" } else { "\n" };
    format!("{title}{parted}{}", plain(&words.text))
}

/// Links on a line of their own, of at most `room` UTF-16 units; the empty string where there are none.
pub(crate) fn markdown_links(links: &[Link<'_>], room: usize, plain: fn(&str) -> String) -> String {
    let write = |link: &Link<'_>| format!("[{}]({})", plain(link.label), safe_address(link.url));
    match buttons::line(links, room, write) {
        line if line.is_empty() => line,
        line => format!("\n{line}"),
    }
}

/// `text` with its addresses by `address` and every other character by `sign`.
pub(crate) fn spelled(
    text: &str,
    address: impl Fn(&str) -> String,
    sign: impl Fn(char, &mut String),
) -> String {
    let mut spelled = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        if word.starts_with("http://") || word.starts_with("https://") {
            let (word, space) = word.split_at(word.trim_end().len());
            spelled.push_str(&address(&safe_address(word)));
            spelled.push_str(space);
        } else {
            word.chars().for_each(|character| sign(character, &mut spelled));
        }
    }
    spelled
}

/// An address that leads to the same place and ends where it ends.
pub(crate) fn safe_address(address: &str) -> String {
    UNSAFE_IN_ADDRESS.iter().fold(address.to_owned(), |it, (sign, code)| it.replace(*sign, code))
}

/// Writes a sign so that what follows it does not complete it: `@all` calls all, this does not.
pub(crate) fn push_parted(sign: char, out: &mut String) {
    out.push(sign);
    out.push(NOTHING);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stay_and_cannot_call() {
        let spell = |text| {
            spelled(text, |it| format!("[{it}]"), |sign, out| out.extend(sign.to_uppercase()))
        };
        assert_eq!(spell("open http://h/a_b\nnow"), "OPEN [http://h/a_b]\nNOW");
        assert_eq!(spell("https://h/<!all>|@all()"), "[https://h/%3C!all%3E%7C%40all%28%29]");
        assert_eq!(spell(""), "");
    }
}
