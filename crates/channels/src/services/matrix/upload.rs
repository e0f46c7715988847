//! Sends a message into a joined room: first the file into the server's media store, then the event. However often
//! the same message is sent, the room shows it once: the transaction ID is the same for each attempt.

use reqwest::Method;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tipoff_model::{Alert, AlertMedia, Receipt};

use super::answer::{MatrixError, PostFailure};
use super::content::{self, Poster, Relation, UploadedFile};
use super::{Matrix, text};
use crate::body::Piece;
use crate::buttons;
use crate::message_plan::Role;
use crate::{Attachment, Context, Message, sides, words};

/// Up to this size, a file is sent without asking for the server's limit first, in bytes. Nearly all servers accept
/// more, and one that does not answers 413.
const UNASKED_BYTES_MAX: u64 = 4 << 20;

impl Matrix {
    /// Sends a message. Returns the receipt, with the room's and the event's ID.
    pub(super) async fn post(
        &self,
        room: &str,
        message: &Message,
        context: &Context<'_>,
    ) -> Result<Receipt, PostFailure> {
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
        // The first alert was deleted, or is in a thread itself: this message is sent on its own.
        if relation.is_some() && answer.as_ref().is_err_and(MatrixError::is_about_content) {
            answer = self.put(room, message, &content, None, context).await;
        }
        let event = answer.and_then(|answer| text(&answer, "event_id"));
        let event = event.map_err(|fault| fault.problem("write to this room"))?;
        Ok(Receipt { reference: Some(format!("{room} {event}")), ..Receipt::default() })
    }

    /// The relation to the first alert of the incident. `None` if that is in another room.
    fn relation(&self, room: &str, message: &Message) -> Option<Relation> {
        let event = message.reply_to.as_deref()?.strip_prefix(room)?.strip_prefix(' ')?.to_owned();
        Some(if self.replies { Relation::Reply(event) } else { Relation::Thread(event) })
    }

    /// Sends the event ("PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}").
    async fn put(
        &self,
        room: &str,
        message: &Message,
        content: &Value,
        relation: Option<&Relation>,
        context: &Context<'_>,
    ) -> Result<Value, MatrixError> {
        let mut content = content.clone();
        if let (Some(content), Some(relation)) = (content.as_object_mut(), relation) {
            content.insert("m.relates_to".to_owned(), relation.json());
        }
        let transaction = transaction(message, context.alert);
        let path = ["v3", "rooms", room, "send", "m.room.message", &transaction];
        self.api.ask(Method::PUT, &path, content, context.files).await
    }

    /// Uploads a file, and the poster that a video shows until it plays.
    async fn upload_all(
        &self,
        file: &Attachment,
        context: &Context<'_>,
    ) -> Result<UploadedFile, PostFailure> {
        if file.size() > UNASKED_BYTES_MAX
            && let Some(limit) = self.upload_limit(context).await
            && file.size() > limit
        {
            let limit = words::size(limit);
            let why = format!("too big for this Matrix server (limit {limit})");
            return Err(PostFailure::NotTaken(why));
        }
        let url = self.upload(file.name(), file.content_type(), file.piece(), context).await;
        let url = url.map_err(MatrixError::problem_of_file)?;
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
        Ok(UploadedFile { url, sides_px, poster })
    }

    /// Uploads a poster. `None` if that fails: the video is shown without it.
    async fn upload_poster(&self, poster: &AlertMedia, context: &Context<'_>) -> Option<Poster> {
        let (media, piece) = (&poster.media, Piece::File(poster.clone()));
        let url = self.upload(&media.name, &media.content_type, piece, context).await.ok()?;
        let sides_px = sides::of(poster, context.files).await;
        Some(Poster { url, sides_px, media: media.clone() })
    }

    /// Uploads bytes and returns their address: `mxc://…`.
    async fn upload(
        &self,
        name: &str,
        content_type: &str,
        piece: Piece,
        context: &Context<'_>,
    ) -> Result<String, MatrixError> {
        let answer = self.api.upload(name, content_type, piece, context.files).await;
        answer.and_then(|answer| text(&answer, "content_uri"))
    }

    /// The server's size limit (`m.upload.size`), in bytes. `None` if it does not say, such as an older server.
    async fn upload_limit(&self, context: &Context<'_>) -> Option<u64> {
        let path = ["v1", "media", "config"];
        let config = self.api.ask(Method::GET, &path, Value::Null, context.files).await;
        config.ok()?.get("m.upload.size")?.as_u64()
    }
}

/// The transaction ID: the same for every attempt at a message and different for all others, so that the server
/// accepts the message once ("Transaction identifiers"). It does not depend on how late the alert is, which changes
/// with each attempt.
fn transaction(message: &Message, alert: &Alert) -> String {
    let late = alert.late.as_deref().unwrap_or_default();
    let title = message.title.strip_suffix(late).unwrap_or(&message.title);
    let file = message.files.first();
    let place = file.and_then(Attachment::stored).map(|it| (it.place, it.media.name.as_str()));
    let whole =
        format!("{:?}", (&alert.idempotency_key, title, &message.text, file.is_some(), place));
    let sum = words::hex(&Sha256::digest(whole));
    format!("tipoff-{}", sum.get(..32).unwrap_or(&sum))
}
