//! Matrix (spec.matrix.org, client-server API): a room, through the API of its user's homeserver. Follow-ups are in
//! the thread of the first alert. Tipoff cannot encrypt, and sends into an encrypted room only if the owner allows
//! it. Words in quotation marks below are sections of the specification.

mod answer;
mod api;
mod content;
mod upload;

use reqwest::Method;
use serde_json::{Value, json};
use tipoff_model::{Outcome, Verdict};

use crate::buttons::BUTTONS;
use crate::http::{repair, retry_message};
use crate::settings::TIMEOUT;
use crate::settings_reader::SettingsReader;
use crate::{
    Abilities, BoxFuture, Built, Channel, Context, Entry, Hint, Limits, Message, message_plan,
};
use crate::{Setting, Settings, Shape};

use answer::{MatrixError, PostFailure};
use api::MatrixApi;

/// Memory key of the joined room: its configured name and its ID, with a space in between.
const ROOM_MEMORY: &str = "room";
/// Number of attempts for a message, each with another room or other content. A safety bound: each correction is
/// made once.
const REPAIRS_MAX: usize = 4;

/// "Size limits": 65,536 bytes for an event. Its text is in it twice, as plain text and as HTML, and a UTF-16 unit
/// has up to 6 bytes in both together. An event has one file, whose size the server limits (`m.upload.size`).
static LIMITS: Limits = Limits {
    video_types: &["video/mp4", "video/webm"],
    animations: true,
    file_bytes_max: 1 << 30,
    replies: true,
    ..Limits::new("Matrix", 8000)
};

/// What Matrix can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "matrix",
    name: "Matrix",
    summary: "A Matrix room, through a user of its own.",
    find: &[
        Hint { key: "server", place: "In Element: Settings, Help & About, \"Homeserver is\"." },
        Hint {
            key: "token",
            place: "Log in to Element as a user made for the alerts: Settings, Help & About, Advanced, Access Token. Do not log that session out.",
        },
        Hint {
            key: "room",
            place: "In Element: the room's settings, General for its alias (#…) or Advanced for its internal ID (!…). The room must not be encrypted.",
        },
    ],
    settings: &[
        BUTTONS,
        Setting {
            key: "replies",
            shape: Shape::Flag,
            required: false,
            doc: "Whether what follows an alert answers it in the room, instead of in its thread. \
                  Without it: false.",
            example: "true",
        },
        Setting {
            key: "room",
            shape: Shape::Text,
            required: true,
            doc: "The room: its alias (#…) or its internal ID (!…). The user that `token` belongs \
                  to must be invited there; it then joins by itself.",
            example: "\"#yard:example.org\"",
        },
        Setting {
            key: "server",
            shape: Shape::Text,
            required: true,
            doc: "The address of the homeserver.",
            example: "\"https://matrix.example.org\"",
        },
        TIMEOUT,
        Setting {
            key: "token",
            shape: Shape::Secret,
            required: true,
            doc: "The access token of the user that alerts come from.",
            example: "{ env = \"MATRIX_TOKEN\" }",
        },
        Setting {
            key: "unencrypted",
            shape: Shape::Flag,
            required: false,
            doc: "Whether alerts may go into a room that is encrypted: they are not, and their \
                  servers can read them. Without it: false.",
            example: "true",
        },
    ],
    build,
};

/// A room, and the user that writes there.
struct Matrix {
    api: MatrixApi,
    /// The configured alias or ID.
    room: String,
    /// Whether follow-ups are replies instead of being in a thread.
    replies: bool,
    /// Whether alerts may go into an encrypted room.
    unencrypted: bool,
    /// Whether first alerts have links that carry out actions.
    buttons: bool,
}

fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let room = settings.text("room").unwrap_or_default();
    if !is_room(room) {
        reader.fault("room", "must be like #yard:example.org, or an internal ID beginning with !");
    }
    let api = MatrixApi::read(&mut reader);
    reader.finish(|| {
        Some(Matrix {
            api: api?,
            room: room.to_owned(),
            replies: settings.flag("replies"),
            unencrypted: settings.flag("unencrypted"),
            buttons: settings.flag_or(BUTTONS.key, true),
        })
    })
}

/// Whether this is an alias or an ID ("Room IDs" and "Room Aliases" in the appendices). Since room version 12, an ID
/// names no server. Both have 255 bytes at most.
fn is_room(room: &str) -> bool {
    let readable = room.len() <= 255 && !room.contains(|it: char| it.is_whitespace());
    match (room.strip_prefix('#'), room.strip_prefix('!')) {
        (Some(alias), _) => readable && alias.split_once(':').is_some_and(|(_, at)| !at.is_empty()),
        (_, Some(id)) => readable && !id.is_empty(),
        _ => false,
    }
}

impl Channel for Matrix {
    /// No rate limit of Tipoff's own: Synapse's default is ten messages at once and then one in 5 s (`rc_message`),
    /// other servers differ, and 429 names the pause.
    fn abilities(&self) -> Abilities {
        Abilities::Messages(&LIMITS)
    }

    fn send<'a>(
        &'a self,
        message: &'a Message,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(self.deliver(message, context))
    }
}

impl Matrix {
    /// Sends a message. If the room is not known or not accessible, joins it first; if the server refuses the file,
    /// sends text in its place.
    async fn deliver(&self, message: &Message, context: &Context<'_>) -> Outcome {
        let mut message = message.clone();
        let mut remember = Vec::new();
        let mut known = self.known_room(context.memory).map(str::to_owned);
        for _ in 0..REPAIRS_MAX {
            // A room that was just joined is not looked for again.
            let is_known = known.is_some();
            let room = match known.take() {
                Some(room) => room,
                None => match self.join(context).await {
                    Ok(room) => {
                        remember = vec![(ROOM_MEMORY.to_owned(), format!("{} {room}", self.room))];
                        room
                    }
                    Err(verdict) => return Outcome { verdict, remember },
                },
            };
            let verdict = match self.post(&room, &message, context).await {
                Ok(receipt) => Verdict::Delivered(receipt),
                // The user was removed from the room, or the alias leads to another one now.
                Err(PostFailure::Shut(_)) if is_known => continue,
                Err(PostFailure::NotTaken(why)) if !message.files.is_empty() => {
                    let max = LIMITS.text_utf16_max;
                    message = message_plan::without_files(&message, context.alert, max, &why);
                    known = Some(room);
                    continue;
                }
                Err(problem) => problem.into(),
            };
            return Outcome { verdict, remember };
        }
        let error = "Matrix asked for one change after the other".to_owned();
        Outcome { verdict: retry_message(error), remember }
    }

    /// The ID of the room that was joined. `None` if the stored one belongs to another configured room.
    fn known_room<'a>(&'a self, memory: &'a [(String, String)]) -> Option<&'a str> {
        memory
            .iter()
            .filter(|(key, _)| key == ROOM_MEMORY)
            .find_map(|(_, value)| value.strip_prefix(&self.room)?.strip_prefix(' '))
    }

    /// Joins the room, which is public or has invited the user, and returns its ID. Joining again changes nothing.
    ///
    /// # Errors
    /// The verdict, with what the owner has to do.
    async fn join(&self, context: &Context<'_>) -> Result<String, Verdict> {
        let path = ["v3", "join", &self.room];
        let joined = self.api.ask(Method::POST, &path, json!({}), context.files).await;
        let fault = match joined.and_then(|joined| text(&joined, "room_id")) {
            Ok(room) => return Ok(room),
            Err(fault) => fault,
        };
        let (room, said) = (&self.room, fault.said());
        match (fault.errcode(), fault.status()) {
            ("M_NOT_FOUND", _) => {
                Err(repair(format!("there is no room {room} ({said}): check `room`")))
            }
            // Synapse's answer for an ID of a room that the server is not in: 404 and M_UNKNOWN.
            ("M_FORBIDDEN", _) | ("M_UNKNOWN", Some(404)) => {
                let me = self.who_am_i(context).await;
                Err(repair(format!(
                    "{me} is not in {room} ({said}): invite it there, and it joins"
                )))
            }
            _ => Err(fault.verdict("join this room")),
        }
    }

    /// The user's ID, for an error text.
    async fn who_am_i(&self, context: &Context<'_>) -> String {
        let path = ["v3", "account", "whoami"];
        let me = self.api.ask(Method::GET, &path, Value::Null, context.files).await;
        me.and_then(|me| text(&me, "user_id")).unwrap_or("the user of `token`".to_owned())
    }

    /// Refuses an encrypted room. Checked for each message, because encryption can be enabled at any time
    /// ("m.room.encryption"), and from then on people expect that no server reads their messages.
    async fn check_encryption(&self, room: &str, context: &Context<'_>) -> Result<(), PostFailure> {
        if self.unencrypted {
            return Ok(());
        }
        let path = ["v3", "rooms", room, "state", "m.room.encryption", ""];
        match self.api.ask(Method::GET, &path, Value::Null, context.files).await {
            Ok(_) => Err(PostFailure::Stop(repair(
                "this room is encrypted, and Tipoff cannot encrypt: set `room` to one that is not, \
                 or `unencrypted = true` to send there what its servers can read"
                    .to_owned(),
            ))),
            Err(fault) if fault.errcode() == "M_NOT_FOUND" => Ok(()),
            Err(fault) => Err(fault.problem("look into this room")),
        }
    }
}

/// A text that an answer has to contain.
fn text(answer: &Value, field: &str) -> Result<String, MatrixError> {
    let text = answer.get(field).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(MatrixError::no_matrix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_aliases_or_ids() {
        for (room, right) in [
            ("#yard:example.org", true),
            ("#yard:example.org:8448", true),
            ("!abc:example.org", true),
            ("!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM", true),
            ("#yard", false),
            ("#yard:", false),
            ("!", false),
            ("yard", false),
            ("@me:example.org", false),
            ("#y ard:example.org", false),
            ("", false),
        ] {
            assert_eq!(is_room(room), right, "{room:?}");
        }
    }
}
