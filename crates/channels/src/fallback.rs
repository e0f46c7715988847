//! What is done where a service does not take a message with its files: its words go, and where the
//! files are. No alert is lost for a file.

mod extras;
mod message_channel;
mod single_request;

use tipoff_model::{Outcome, Verdict};

use crate::{BoxFuture, Context, Limits, Message, plan};

pub(crate) use extras::Extras;
pub(crate) use message_channel::{MessageChannel, MessageService};
pub(crate) use single_request::{Reading, SingleRequest};

/// The service does not take the message with its files; in plain words.
pub(crate) struct NoFiles(pub(crate) String);

/// What one request came to.
pub(crate) type Tried = Result<Verdict, NoFiles>;

/// A service to which a message is sent at once. Of one that is asked once a message, a [`SingleRequest`] is made.
pub(crate) trait Post: Send + Sync {
    /// Sends the message as it is.
    fn post<'a>(&'a self, message: &'a Message, context: &'a Context<'a>) -> BoxFuture<'a, Tried>;
}

/// Sends a message, if need be without its files.
pub(crate) fn send<'a>(
    service: &'a dyn Post,
    limits: &'static Limits,
    message: &'a Message,
    context: &'a Context<'a>,
) -> BoxFuture<'a, Outcome> {
    Box::pin(async move {
        let mut tried = service.post(message, context).await;
        if let Err(NoFiles(why)) = &tried {
            let max = limits.text_utf16_max;
            let words = plan::without_files(message, context.alert, max, why);
            tried = service.post(&words, context).await;
        }
        tried.unwrap_or_else(|NoFiles(error)| Verdict::Refused { error }).into()
    })
}
