//! What Telegram can be configured with: `check`, its errors, the reference and the dashboard read this.

use crate::settings::TIMEOUT;
use crate::{Hint, Setting, Shape};

/// In alphabetical order.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "allowed_chats",
        shape: Shape::Names,
        required: false,
        doc: "Further chats in which people may press buttons and write commands, by number or \
              @name. Without it: the chat of this channel only. A chat that anybody can join \
              (one with a public @name) has to stand here even if it is the channel's own.",
        example: "[-1001234567890]",
    },
    Setting {
        key: "api",
        shape: Shape::Text,
        required: false,
        doc: "The address of a Bot API server of your own. Without it: Telegram's.",
        example: "\"http://localhost:8081\"",
    },
    Setting {
        key: "arm_mode",
        shape: Shape::Text,
        required: false,
        doc: "The mode that `/arm` sets. Without it: the one called \"away\".",
        example: "\"away\"",
    },
    Setting {
        key: "buttons",
        shape: Shape::Flag,
        required: false,
        doc: "Whether first alerts have buttons: mute the device, set another home mode, end the \
              alerts of the incident, open it. Without it: true.",
        example: "false",
    },
    Setting {
        key: "chat",
        shape: Shape::Name,
        required: true,
        doc: "The number of a chat or group, or the @name of a channel. A group that becomes a \
              supergroup, with another number, is followed.",
        example: "123456789",
    },
    Setting {
        key: "commands",
        shape: Shape::Flag,
        required: false,
        doc: "Whether `/status`, `/arm`, `/disarm`, `/mute`, `/last` and `/devices` are answered. \
              Without it: true.",
        example: "false",
    },
    Setting {
        key: "disarm_mode",
        shape: Shape::Text,
        required: false,
        doc: "The mode that `/disarm` sets. Without it: the one called \"home\".",
        example: "\"home\"",
    },
    Setting {
        key: "edit_in_place",
        shape: Shape::Flag,
        required: false,
        doc: "Whether what follows an alert is put into its first message instead of a reply: the \
              latest picture, a video in its place, words below. What one message cannot hold \
              comes as a reply. Without it: false.",
        example: "true",
    },
    Setting {
        key: "silent",
        shape: Shape::Flag,
        required: false,
        doc: "Whether alerts come without a sound. Without it: false.",
        example: "true",
    },
    Setting {
        doc: "How long an answer may take, besides 8 s for each MB that is sent. Without it: \
              60 s.",
        example: "\"30 s\"",
        ..TIMEOUT
    },
    Setting {
        key: "token",
        shape: Shape::Secret,
        required: true,
        doc: "The bot's token, from @BotFather.",
        example: "{ env = \"TELEGRAM_TOKEN\" }",
    },
    Setting {
        key: "topic",
        shape: Shape::Integer,
        required: false,
        doc: "The number of a topic in a group that has topics. Where the topic is closed or \
              gone, alerts come into the group itself. Without it: no topic.",
        example: "4",
    },
    Setting {
        key: "updates",
        shape: Shape::Text,
        required: false,
        doc: "How Telegram's presses and commands come here: `\"poll\"` asks Telegram, \
              `\"webhook\"` has Telegram call `http.public_url`, which must begin with https://, \
              `\"off\"`: not at all. Without it: poll.",
        example: "\"webhook\"",
    },
];

/// Where the values of those are found that everybody needs.
pub(super) const FIND: &[Hint] = &[
    Hint {
        key: "token",
        place: "In Telegram, open a chat with @BotFather, send /newbot, and give the bot a name; BotFather answers with the token.",
    },
    Hint {
        key: "chat",
        place: "Write any message to your bot; this page then finds the number of the chat. For a group: add the bot to it and write there.",
    },
];
