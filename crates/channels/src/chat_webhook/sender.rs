//! Where and under which name a webhook writes: settings that Mattermost and Rocket.Chat share under other names.

use serde_json::{Map, Value};

use crate::buttons::BUTTONS;
use crate::http;
use crate::message_service::Extras;
use crate::settings::TIMEOUT_OF_WORDS;
use crate::settings_reader::SettingsReader;
use crate::{Setting, Shape};

/// The setting `channel`. The server checks the right to write there.
const CHANNEL: Setting = Setting {
    key: "channel",
    shape: Shape::Text,
    required: false,
    doc: "Another channel than the webhook's own, or a @user, where the webhook may write there. \
          Without it: the webhook's own.",
    example: "\"cameras\"",
};
/// The setting `icon`.
const ICON: Setting = Setting {
    key: "icon",
    shape: Shape::Text,
    required: false,
    doc: "The address of the picture that stands beside alerts, where the server allows it. Without \
          it: the webhook's own.",
    example: "\"https://example.org/camera.png\"",
};
/// The setting `username`.
const USERNAME: Setting = Setting {
    key: "username",
    shape: Shape::Text,
    required: false,
    doc: "The name that alerts stand under, where the server allows it. Without it: the webhook's \
          own.",
    example: "\"Cameras\"",
};

/// The settings of a webhook that has a [`SenderFields`], in alphabetical order. `doc` says where the owner finds the
/// webhook's address, and `example` shows one.
pub(crate) const fn settings(doc: &'static str, example: &'static str) -> [Setting; 6] {
    let url = Setting { key: "url", shape: Shape::Secret, required: true, doc, example };
    [BUTTONS, CHANNEL, ICON, TIMEOUT_OF_WORDS, url, USERNAME]
}

/// Where and as whom a webhook writes: [`CHANNEL`], [`ICON`] and [`USERNAME`].
pub(crate) struct SenderFields {
    /// The keys of the three, the service's names for them, and their values.
    fields: Vec<(&'static str, &'static str, String)>,
}

impl SenderFields {
    /// Reads them; `names` are what the service calls channel, icon and username.
    pub(super) fn read(reader: &mut SettingsReader<'_>, names: [&'static str; 3]) -> Self {
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
