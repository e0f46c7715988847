//! Whether a message is delivered without a sound, for services with silent notifications.

use tipoff_model::Alert;

use crate::Message;

/// True for a silent alert, and for every message of an alert after the first: an alert makes one sound at most.
pub(crate) fn is_silent(message: &Message, alert: &Alert) -> bool {
    alert.is_silent() || message.is_rest || message.title.is_empty()
}
