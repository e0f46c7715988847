//! The channel of a service that takes messages within limits. Independent of the service.

use tipoff_model::Outcome;

use super::MessageSender;
use crate::{Abilities, BoxFuture, Channel, Context, Limits, Message, Pace};

/// A service that takes messages within limits.
pub(crate) trait MessageService: MessageSender {
    /// Limits of a message.
    const LIMITS: &'static Limits;

    /// See [`Channel::paces`].
    fn paces(&self) -> Vec<Pace> {
        Vec::new()
    }
}

/// The [`Channel`] of a [`MessageService`].
pub(crate) struct MessageChannel<S>(pub(crate) S);

impl<S: MessageService> Channel for MessageChannel<S> {
    fn abilities(&self) -> Abilities {
        Abilities::Messages(S::LIMITS)
    }

    fn paces(&self, _memory: &[(String, String)]) -> Vec<Pace> {
        self.0.paces()
    }

    fn send<'a>(
        &'a self,
        message: &'a Message,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, Outcome> {
        super::send_or_without_files(&self.0, S::LIMITS, message, context)
    }
}
