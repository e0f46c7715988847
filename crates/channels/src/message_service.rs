//! Services that accept messages within [`Limits`]. Sends a message, and decides what to leave out if the service
//! refuses a part of it: first extras, then files. A refused file becomes a line of text with its link, so that no
//! alert is lost because of a file.

mod extras;
mod http_service;
mod message_channel;
mod usual_answers;

use tipoff_model::{Outcome, Verdict};

use crate::{BoxFuture, Context, Limits, Message, message_plan};

pub(crate) use extras::Extras;
pub(crate) use http_service::{AnswerMeaning, HttpService, OutgoingMessage};
pub(crate) use message_channel::{MessageChannel, MessageService};
pub(crate) use usual_answers::{
    asks_to_wait, internal_error, not_taken, other_server, usual_result,
};

/// The service refuses the message because of its files. Holds the reason in plain words.
pub(crate) struct FilesRefused(pub(crate) String);

/// Result of sending a message once.
pub(crate) type SendResult = Result<Verdict, FilesRefused>;

/// Sends one message. Services that need one HTTP request per message implement [`HttpService`] instead.
pub(crate) trait MessageSender: Send + Sync {
    /// Sends the message with its files.
    fn send_once<'a>(
        &'a self,
        message: &'a Message,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, SendResult>;
}

/// Sends a message. If the service refuses the files, sends it again with text in place of the files.
pub(crate) fn send_or_without_files<'a>(
    service: &'a dyn MessageSender,
    limits: &'static Limits,
    message: &'a Message,
    context: &'a Context<'a>,
) -> BoxFuture<'a, Outcome> {
    Box::pin(async move {
        let mut result = service.send_once(message, context).await;
        if let Err(FilesRefused(why)) = &result {
            let max = limits.text_utf16_max;
            let words = message_plan::without_files(message, context.alert, max, why);
            result = service.send_once(&words, context).await;
        }
        result.unwrap_or_else(|FilesRefused(error)| Verdict::Refused { error }).into()
    })
}
