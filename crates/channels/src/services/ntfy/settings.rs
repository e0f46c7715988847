//! The settings of ntfy, and its login: an access token, or user and password.

use reqwest::header::HeaderValue;

use crate::buttons::BUTTONS;
use crate::http::{self, Secrets};
use crate::settings::TIMEOUT;
use crate::{Setting, Settings, Shape, words};

/// In alphabetical order.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "actions",
        shape: Shape::List,
        required: false,
        doc: "Up to three buttons, each in ntfy's short form: what it does (`view`, `http`, \
                  `broadcast`, `copy`), its words, and an address or value. `{link}` is where the \
                  incident is shown. They come before those of `buttons`. Without it: none.",
        example: "[\"view, Look, {link}\", \"http, Light, http://nas.lan/light\"]",
    },
    BUTTONS,
    Setting {
        key: "click",
        shape: Shape::Text,
        required: false,
        doc: "The address that a tap on the message opens. Without it: the incident on the \
                  dashboard, where `public_url` in `[http]` is reached.",
        example: "\"http://nas.lan:8080/\"",
    },
    Setting {
        key: "priority",
        shape: Shape::Integer,
        required: false,
        doc: "How urgent the first alert of an incident is, from 1 (no sound) to 5 (rings on). \
                  What follows is at most 2, without a sound. Without it: 3.",
        example: "4",
    },
    Setting {
        key: "server",
        shape: Shape::Text,
        required: false,
        doc: "The address of the server. Without it: https://ntfy.sh.",
        example: "\"https://ntfy.example.org\"",
    },
    Setting {
        key: "tags",
        shape: Shape::List,
        required: false,
        doc: "Tags; those that are names of emojis stand before the title. Without it: none.",
        example: "[\"camera\"]",
    },
    TIMEOUT,
    Setting {
        key: "token",
        shape: Shape::Secret,
        required: false,
        doc: "An access token; with `user`: that user's password. Without it: no login.",
        example: "{ env = \"NTFY_TOKEN\" }",
    },
    Setting {
        key: "topic",
        shape: Shape::Name,
        required: true,
        doc: "The topic that the phone has subscribed to. On ntfy.sh whoever guesses it sees \
                  your pictures: make it long.",
        example: "\"house-2f9c81d44b\"",
    },
    Setting {
        key: "user",
        shape: Shape::Text,
        required: false,
        doc: "The user to log in as, with the password in `token`. Without it: `token` is an \
                  access token.",
        example: "\"tipoff\"",
    },
];

/// The key of a wrong setting, and what is wrong with it.
pub(super) type LoginFault = (&'static str, &'static str);

/// The value of the Authorization header (docs.ntfy.sh/publish, "Authentication"). `None` without a login.
pub(super) fn login(
    settings: &Settings,
    secrets: &mut Secrets,
) -> Result<Option<HeaderValue>, LoginFault> {
    let header = match (settings.text("user"), settings.text("token")) {
        (None, None) => return Ok(None),
        (Some(_), None) => return Err(("user", "`token` is missing: the user's password")),
        (None, Some(token)) => {
            secrets.add(token);
            format!("Bearer {token}")
        }
        (Some(user), Some(password)) => {
            let pair = words::base64(&format!("{user}:{password}"));
            secrets.add(password);
            secrets.add(&pair);
            format!("Basic {pair}")
        }
    };
    let header = http::secret_header(&header);
    header.map(Some).ok_or(("token", "has characters that it cannot be sent with"))
}
