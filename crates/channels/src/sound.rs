//! Whether a message makes a sound, where the service knows silent ones.

use tipoff_model::Alert;

use crate::Message;

/// A silent alert, and every message of an alert behind its first: that one has the title.
pub(crate) fn is_silent(message: &Message, alert: &Alert) -> bool {
    alert.is_silent() || message.title.is_empty()
}
