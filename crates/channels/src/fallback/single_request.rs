//! A message as one request: without what is set beside its words, where the service does not take that. Knows no
//! service.

use tipoff_model::Alert;

use super::{Extras, NoFiles, Post, Tried};
use crate::http::{self, Answer, Request};
use crate::{BoxFuture, Context, Message};

/// A service to which a message is one HTTP request by POST.
pub(crate) trait SingleRequest: Send + Sync {
    /// What errors call the service.
    const NAME: &'static str;

    /// The request for a message with these extras.
    ///
    /// # Errors
    /// The service takes no such files.
    fn request(
        &self,
        message: &Message,
        alert: &Alert,
        extras: &Extras,
    ) -> Result<Request<'_>, NoFiles>;

    /// What the answer to that request means.
    fn read(&self, message: &Message, alert: &Alert, extras: &Extras, answer: &Answer) -> Reading;
}

/// What an answer means.
pub(crate) struct Reading {
    /// What the request came to.
    pub(crate) tried: Tried,
    /// What the service said, without secrets.
    pub(crate) said: String,
    /// The extras that it may not have taken: the message goes again without them.
    pub(crate) doubtful: Vec<&'static str>,
}

impl Reading {
    /// Of a service whose messages have no extras.
    pub(crate) fn plain(tried: Tried) -> Self {
        Self { tried, said: String::new(), doubtful: Vec::new() }
    }
}

impl<S: SingleRequest> Post for S {
    fn post<'a>(&'a self, message: &'a Message, context: &'a Context<'a>) -> BoxFuture<'a, Tried> {
        Box::pin(async move {
            let mut extras = Extras::default();
            loop {
                let request = self.request(message, context.alert, &extras)?;
                let answer = match http::post(request, context.files).await {
                    Ok(answer) => answer,
                    Err(failure) => return Ok(failure.into()),
                };
                let Reading { tried, said, doubtful } =
                    self.read(message, context.alert, &extras, &answer);
                // Ends: what is left out already is not left out again.
                if !extras.leave_out(&doubtful, &said) {
                    return tried.map(|verdict| extras.into_verdict(S::NAME, verdict));
                }
            }
        })
    }
}
