//! A message into a room that was joined: its file into the server's store, then the event.
//! The same message is never twice in a room, however often it is sent.

use reqwest::Method;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tipoff_model::{Alert, AlertMedia, Receipt};

use super::answer::{Fault, Problem};
use super::content::{self, Poster, Relation, Sent};
use super::{Matrix, text};
use crate::body::Piece;
use crate::buttons;
use crate::plan::{Role, Source};
use crate::{Attachment, Context, Message, sides, words};

/// Up to here a file is sent without asking first how much the server takes: nearly all take more, and
/// one that does not says so.
const UNASKED_BYTES_MAX: u64 = 4 << 20;

impl Matrix {
    pub(super) async fn post(
        &self,
        room: &str,
        message: &Message,
        context: &Context<'_>,
    ) -> Result<Receipt, Problem> {
        self.check_encryption(room, context).await?;
        let sent = match message.files.first() {
            Some(file) => Some(self.upload_all(file, context).await?),
            None => None,
        };
        let alert = context.alert;
        let links = if self.buttons { buttons::action_links(message, alert) } else { Vec::new() };
        let content = content::content(message, context.alert, &links, sent.as_ref());
        let relation = self.relation(room, message);
        let mut answer = self.put(room, message, &content, relation.as_ref(), context).await;
        // What was followed is gone, or itself in a thread: then this one stands alone.
        if relation.is_some() && answer.as_ref().is_err_and(Fault::is_about_content) {
            answer = self.put(room, message, &content, None, context).await;
        }
        let event = answer.and_then(|answer| text(&answer, "event_id"));
        let event = event.map_err(|fault| fault.problem("write to this room"))?;
        Ok(Receipt { reference: Some(format!("{room} {event}")), ..Receipt::default() })
    }

    /// The alert that is followed. In another room its thread would be in nobody's sight.
    fn relation(&self, room: &str, message: &Message) -> Option<Relation> {
        let event = message.reply_to.as_deref()?.strip_prefix(room)?.strip_prefix(' ')?.to_owned();
        Some(if self.replies { Relation::Reply(event) } else { Relation::Thread(event) })
    }

    async fn put(
        &self,
        room: &str,
        message: &Message,
        content: &Value,
        relation: Option<&Relation>,
        context: &Context<'_>,
    ) -> Result<Value, Fault> {
        let mut content = content.clone();
        if let (Some(content), Some(relation)) = (content.as_object_mut(), relation) {
            content.insert("m.relates_to".to_owned(), relation.json());
        }
        let transaction = transaction(message, context.alert);
        let path = ["v3", "rooms", room, "send", "m.room.message", &transaction];
        self.api.ask(Method::PUT, &path, content, context.files).await
    }

    /// Uploads a file, and the picture that stands for a video until it plays.
    async fn upload_all(&self, file: &Attachment, context: &Context<'_>) -> Result<Sent, Problem> {
        if file.size() > UNASKED_BYTES_MAX
            && let Some(limit) = self.upload_limit(context).await
            && file.size() > limit
        {
            let limit = words::size(limit);
            let why = format!("too big for this Matrix server (limit {limit})");
            return Err(Problem::NotTaken(why));
        }
        let (content_type, piece) = match &file.source {
            Source::Stored(stored) => {
                (stored.media.content_type.as_str(), Piece::File(stored.clone()))
            }
            Source::Text(text) => {
                ("text/plain; charset=utf-8", Piece::Bytes(text.as_bytes().to_vec()))
            }
        };
        let url = self.upload(file.name(), content_type, piece, context).await;
        let url = url.map_err(Fault::problem_of_file)?;
        let sides_px = match (file.role, file.stored()) {
            (Role::Picture | Role::Animation, Some(picture)) => {
                sides::of(picture, context.files).await
            }
            _ => None,
        };
        let poster = match content::poster(file) {
            Some(poster) => self.upload_poster(poster, context).await,
            None => None,
        };
        Ok(Sent { url, sides_px, poster })
    }

    /// A video is shown without it, too: what goes wrong here is no reason to fail.
    async fn upload_poster(&self, poster: &AlertMedia, context: &Context<'_>) -> Option<Poster> {
        let (media, piece) = (&poster.media, Piece::File(poster.clone()));
        let url = self.upload(&media.name, &media.content_type, piece, context).await.ok()?;
        let sides_px = sides::of(poster, context.files).await;
        Some(Poster { url, sides_px, media: media.clone() })
    }

    async fn upload(
        &self,
        name: &str,
        content_type: &str,
        piece: Piece,
        context: &Context<'_>,
    ) -> Result<String, Fault> {
        let answer = self.api.upload(name, content_type, piece, context.files).await;
        answer.and_then(|answer| text(&answer, "content_uri"))
    }

    /// What the server says that it takes (`m.upload.size`); an older one does not say.
    async fn upload_limit(&self, context: &Context<'_>) -> Option<u64> {
        let path = ["v1", "media", "config"];
        let config = self.api.ask(Method::GET, &path, Value::Null, context.files).await;
        config.ok()?.get("m.upload.size")?.as_u64()
    }
}

/// The same for every attempt at a message, different for every other one: the server then takes it once
/// ("Transaction identifiers" in the specification). How late it is changes with each attempt, and is no part of
/// it.
fn transaction(message: &Message, alert: &Alert) -> String {
    let late = alert.late.as_deref().unwrap_or_default();
    let title = message.title.strip_suffix(late).unwrap_or(&message.title);
    let file = message.files.first();
    let place = file.and_then(Attachment::stored).map(|it| (it.place, it.media.name.as_str()));
    let whole =
        format!("{:?}", (&alert.idempotency_key, title, &message.text, file.is_some(), place));
    let sum = Sha256::digest(whole);
    sum.iter().take(16).fold("tipoff-".to_owned(), |id, byte| format!("{id}{byte:02x}"))
}
