//! A channel of a service that takes messages within limits. Knows no service, and decides nothing.

use tipoff_model::Outcome;

use super::Post;
use crate::{Abilities, BoxFuture, Channel, Context, Limits, Message, Pace};

/// A service that takes messages, if need be without their files.
pub(crate) trait MessageService: Post {
    /// What a message may have.
    const LIMITS: &'static Limits;

    /// See [`Channel::paces`].
    fn paces(&self) -> Vec<Pace> {
        Vec::new()
    }
}

/// The channel of such a service.
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
        super::send(&self.0, S::LIMITS, message, context)
    }
}
