//! Whether a message makes a sound, where the service knows silent ones.

use tipoff_model::Alert;

use crate::Message;

/// A silent alert, and every message of an alert behind its first, whatever becomes of its files: an alert rings
/// once.
pub(crate) fn is_silent(message: &Message, alert: &Alert) -> bool {
    alert.is_silent() || message.is_rest || message.title.is_empty()
}
