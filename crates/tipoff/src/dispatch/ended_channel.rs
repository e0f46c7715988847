//! Removes a channel whose destination has ended by itself: a browser that ended its subscription.

use tipoff_spool::SpoolError;

use super::DispatchContext;

impl DispatchContext {
    /// Removes the subscription behind a channel. If that fails, the next alert finds the same.
    pub(super) async fn remove_ended(&self, channel: &str) {
        match self.remove_subscription(channel).await {
            Ok(true) => {
                tracing::info!(
                    channel,
                    "A browser has ended its subscription; its channel is removed."
                );
                self.reload_requests.read_soon();
            }
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(channel, %error, "The ended subscription of a browser could not be removed.");
            }
        }
    }

    async fn remove_subscription(&self, channel: &str) -> Result<bool, SpoolError> {
        let all = self.spool.push_subscriptions().await?;
        match all.iter().find(|subscription| subscription.channel() == channel) {
            Some(subscription) => self.spool.remove_push_subscription(subscription.id).await,
            None => Ok(false),
        }
    }
}
