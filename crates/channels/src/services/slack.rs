//! Slack (docs.slack.dev): a channel through a bot, with pictures, videos and threads, or through an incoming
//! webhook, which accepts text alone. Which of them is used depends on the settings. What a camera writes mentions
//! nobody.

mod answer;
mod api;
mod bot;
mod webhook;
mod wording;

use std::time::Duration;

use crate::buttons::BUTTONS;
use crate::settings::TIMEOUT;
use crate::{Built, Entry, Hint, Pace, Setting, SettingFault, Settings, Shape};

/// What Slack can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "slack",
    name: "Slack",
    summary: "A Slack channel, through a bot with files and threads, or through an incoming webhook.",
    find: &[
        Hint {
            key: "token",
            place: "At api.slack.com/apps: Create New App, From scratch; OAuth & Permissions, Bot Token Scopes chat:write, files:write, files:read; Install; copy the Bot User OAuth Token.",
        },
        Hint {
            key: "channel",
            place: "In Slack: click the channel's name; its id is at the bottom of About. Write /invite and the app's @name in the channel.",
        },
        Hint {
            key: "url",
            place: "At api.slack.com/apps: your app, Incoming Webhooks, Add New Webhook to Workspace. Not needed with a token.",
        },
    ],
    settings: &[
        Setting {
            key: "api",
            shape: Shape::Text,
            required: false,
            doc: "The address of the Web API, such as GovSlack's. Without it: \
                  https://slack.com/api.",
            example: "\"https://slack-gov.com/api\"",
        },
        BUTTONS,
        Setting {
            key: "channel",
            shape: Shape::Text,
            required: false,
            doc: "With `token`: the channel's id, which its details in Slack show at the bottom. Invite \
                  the bot there. Without it: `url` is needed.",
            example: "\"C0123456789\"",
        },
        TIMEOUT,
        Setting {
            key: "token",
            shape: Shape::Secret,
            required: false,
            doc: "The bot's token, of an app with the scopes chat:write, files:write and files:read. \
                  Without it: `url` is needed.",
            example: "{ env = \"SLACK_TOKEN\" }",
        },
        Setting {
            key: "url",
            shape: Shape::Secret,
            required: false,
            doc: "The address of an incoming webhook, which takes words alone, instead of `token` and \
                  `channel`. Without it: the bot.",
            example: "\"https://hooks.slack.com/services/T000/B000/KEY\"",
        },
    ],
    build,
};

/// A bot if `token` is set, a webhook if `url` is set.
fn build(settings: &Settings) -> Built {
    let given = |key| settings.text(key).is_some();
    let fault = |key, message: &str| Err(vec![SettingFault { key, message: message.to_owned() }]);
    match (given("token"), given("url")) {
        (true, false) => bot::build(settings),
        (false, true) if given("channel") => {
            fault("channel", "a webhook writes to its own channel: leave it out, or set `token`")
        }
        (false, true) if given("api") => fault("api", "is of use with `token` only"),
        (false, true) => webhook::build(settings),
        (true, true) => fault("url", "give either this, or `token` and `channel`"),
        (false, false) => {
            fault("token", "is missing: give `token` and `channel`, or a webhook's `url`")
        }
    }
}

/// The rate limit of one message a second, with short bursts ("Rate limits"). `name` must be no secret.
fn pace(name: &str) -> Pace {
    Pace { key: format!("slack:{name}"), count: 3, per: Duration::from_secs(3) }
}
