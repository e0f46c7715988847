//! Matrix (spec.matrix.org, client-server API): a room, by its server's own API. Follow-ups stand in the
//! thread of the first alert. Cannot encrypt, and never sends into an encrypted room unless it is told to.

mod answer;
mod api;
mod content;
mod upload;

use reqwest::Method;
use serde_json::{Value, json};
use tipoff_model::{Outcome, Scope, Verdict};

use crate::buttons::BUTTONS;
use crate::http::repair;
use crate::settings::TIMEOUT;
use crate::settings_reader::SettingsReader;
use crate::{Abilities, BoxFuture, Built, Channel, Context, Entry, Limits, Message, plan};
use crate::{PictureLimits, Setting, Settings, Shape};

use answer::{Fault, Problem};
use api::Api;

/// The room that was joined: as it is set and its ID, parted by a space.
const ROOM_MEMORY: &str = "room";
/// How often a message is changed, or its room looked for, and sent again at once: a bound, for each is
/// done once.
const REPAIRS_MAX: usize = 4;

/// "Size limits" in the specification: 65,536 bytes for an event, in which each UTF-16 unit of the words
/// stands twice and has up to 6 bytes altogether. An event holds one file. How large it may be, the
/// server says (`m.upload.size`).
static LIMITS: Limits = Limits {
    service: "Matrix",
    text_utf16_max: 8000,
    caption_utf16_max: 8000,
    album_files_max: 1,
    documents_max: 1,
    album_bytes_max: 1 << 30,
    picture: PictureLimits {
        types: &["image/jpeg", "image/png", "image/gif", "image/webp"],
        bytes_max: 1 << 30,
        sides_px_max: usize::MAX,
        ratio_max: usize::MAX,
    },
    video_types: &["video/mp4", "video/webm"],
    animations: true,
    file_bytes_max: 1 << 30,
    replies: true,
};

/// What Matrix can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "matrix",
    summary: "A Matrix room, through a user of its own.",
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

struct Matrix {
    api: Api,
    /// An alias or an ID, as it was set.
    room: String,
    replies: bool,
    unencrypted: bool,
    buttons: bool,
}

fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let room = settings.text("room").unwrap_or_default();
    if !is_room(room) {
        reader.fault("room", "must be like #yard:example.org, or an internal ID beginning with !");
    }
    let api = Api::read(&mut reader);
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

/// "Room IDs" and "Room Aliases" in the specification's appendices: since version 12 of rooms an ID names
/// no server. Both have 255 bytes at most.
fn is_room(room: &str) -> bool {
    let readable = room.len() <= 255 && !room.contains(|it: char| it.is_whitespace());
    match (room.strip_prefix('#'), room.strip_prefix('!')) {
        (Some(alias), _) => readable && alias.split_once(':').is_some_and(|(_, at)| !at.is_empty()),
        (_, Some(id)) => readable && !id.is_empty(),
        _ => false,
    }
}

impl Channel for Matrix {
    /// Synapse gives ten messages at once and then one in 5 s, where its owner has not said otherwise
    /// (`rc_message`): 429 says what holds, and nothing is held back before.
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
    async fn deliver(&self, message: &Message, context: &Context<'_>) -> Outcome {
        let mut message = message.clone();
        let mut remember = Vec::new();
        let mut known = self.known_room(context.memory).map(str::to_owned);
        for _ in 0..REPAIRS_MAX {
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
                // Removed from the room, or its alias leads to another one by now.
                Err(Problem::Shut(_)) if is_known => continue,
                Err(Problem::NotTaken(why)) if !message.files.is_empty() => {
                    let max = LIMITS.text_utf16_max;
                    message = plan::without_files(&message, context.alert, max, &why);
                    known = Some(room);
                    continue;
                }
                Err(problem) => problem.into(),
            };
            return Outcome { verdict, remember };
        }
        let error = "Matrix asked for one change after the other".to_owned();
        Outcome { verdict: Verdict::Retry { scope: Scope::Message, after: None, error }, remember }
    }

    /// The room that was joined. What is remembered of another one, from before the configuration was
    /// changed, is of no use.
    fn known_room<'a>(&'a self, memory: &'a [(String, String)]) -> Option<&'a str> {
        memory
            .iter()
            .filter(|(key, _)| key == ROOM_MEMORY)
            .find_map(|(_, value)| value.strip_prefix(&self.room)?.strip_prefix(' '))
    }

    /// Finds the room by its alias, and joins it where it is open to all or has sent an invitation. Who is
    /// in it already stays so.
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
            // Synapse says 404 and M_UNKNOWN of a room that it has never heard of.
            ("M_FORBIDDEN", _) | ("M_UNKNOWN", Some(404)) => {
                let me = self.who_am_i(context).await;
                Err(repair(format!(
                    "{me} is not in {room} ({said}): invite it there, and it joins"
                )))
            }
            _ => Err(fault.verdict("join this room")),
        }
    }

    async fn who_am_i(&self, context: &Context<'_>) -> String {
        let path = ["v3", "account", "whoami"];
        let me = self.api.ask(Method::GET, &path, Value::Null, context.files).await;
        me.and_then(|me| text(&me, "user_id")).unwrap_or("the user of `token`".to_owned())
    }

    /// Refuses an encrypted room. It is asked each time, for encryption can be switched on at any time
    /// ("m.room.encryption" in the specification), and then nobody expects that a server reads along.
    async fn check_encryption(&self, room: &str, context: &Context<'_>) -> Result<(), Problem> {
        if self.unencrypted {
            return Ok(());
        }
        let path = ["v3", "rooms", room, "state", "m.room.encryption", ""];
        match self.api.ask(Method::GET, &path, Value::Null, context.files).await {
            Ok(_) => Err(Problem::Stop(repair(
                "this room is encrypted, and Tipoff cannot encrypt: set `room` to one that is not, \
                 or `unencrypted = true` to send there what its servers can read"
                    .to_owned(),
            ))),
            Err(fault) if fault.errcode() == "M_NOT_FOUND" => Ok(()),
            Err(fault) => Err(fault.problem("look into this room")),
        }
    }
}

/// A text that must be in an answer.
fn text(answer: &Value, field: &str) -> Result<String, Fault> {
    let text = answer.get(field).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(Fault::no_matrix)
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
