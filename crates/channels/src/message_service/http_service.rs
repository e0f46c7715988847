//! Services to which a message is one HTTP request. Where the service refuses extras, the request is sent again
//! without them.

use tipoff_model::Alert;

use super::{Extras, FilesRefused, MessageSender, SendResult};
use crate::http::{self, Answer, Request};
use crate::{BoxFuture, Context, Message};

/// A service to which a message is one POST request.
pub(crate) trait HttpService: Send + Sync {
    /// Name of the service in error texts.
    const NAME: &'static str;

    /// The request for a message.
    ///
    /// # Errors
    /// The service accepts no such files.
    fn request(&self, outgoing: &OutgoingMessage<'_>) -> Result<Request<'_>, FilesRefused>;

    /// What the answer to that request means.
    fn read_answer(&self, outgoing: &OutgoingMessage<'_>, answer: &Answer) -> AnswerMeaning;
}

/// A message on its way to a service.
pub(crate) struct OutgoingMessage<'a> {
    /// Its words and files.
    pub(crate) message: &'a Message,
    /// The whole alert that the message is a part of.
    pub(crate) alert: &'a Alert,
    /// The extras that the service refused at an earlier attempt: the request does without them.
    pub(crate) extras: &'a Extras,
}

impl OutgoingMessage<'_> {
    /// Whether the message has files, so that it may be accepted without them.
    pub(crate) fn has_files(&self) -> bool {
        !self.message.files.is_empty()
    }
}

/// What the answer to a request means.
pub(crate) struct AnswerMeaning {
    /// Result of the request.
    pub(crate) result: SendResult,
    /// The service's error text, without secrets.
    pub(crate) said: String,
    /// Extras that may be the cause of the refusal: the message is sent again without them.
    pub(crate) doubtful_extras: Vec<&'static str>,
}

impl AnswerMeaning {
    /// For a service whose messages have no extras.
    pub(crate) fn without_extras(result: SendResult) -> Self {
        Self { result, said: String::new(), doubtful_extras: Vec::new() }
    }
}

impl<S: HttpService> MessageSender for S {
    fn send_once<'a>(
        &'a self,
        message: &'a Message,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, SendResult> {
        Box::pin(async move {
            let mut extras = Extras::default();
            loop {
                let outgoing = OutgoingMessage { message, alert: context.alert, extras: &extras };
                let answer = match http::post(self.request(&outgoing)?, context.files).await {
                    Ok(answer) => answer,
                    Err(failure) => return Ok(failure.into()),
                };
                let AnswerMeaning { result, said, doubtful_extras } =
                    self.read_answer(&outgoing, &answer);
                // Terminates: an extra is left out only once.
                if !extras.leave_out(&doubtful_extras, &said) {
                    return result.map(|verdict| extras.into_verdict(S::NAME, verdict));
                }
            }
        })
    }
}
