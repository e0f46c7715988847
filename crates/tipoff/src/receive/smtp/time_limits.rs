//! How long a message and a session may take. Pure: the time is an argument.

use std::time::Duration;

/// The least bytes a second of a message, on average, in addition to the time that a device may be silent. GPRS transfers
/// 1,000 and more; a camera on it sends a picture of 100 KB within two minutes.
const BYTES_PER_SECOND_MIN: u64 = 128;
/// The longest that a message may take: enough for 20 MB over GPRS, and no camera waits longer.
const MESSAGE_MAX: Duration = Duration::from_secs(4 * 60 * 60);
/// The longest that a session may last without a message.
const SESSION_MAX: Duration = Duration::from_secs(60 * 60);

/// The time that `bytes` of a message may have taken, where a device may be silent for `idle`.
pub(super) fn message_may_take(bytes: u64, idle: Duration) -> Duration {
    let for_bytes = Duration::from_secs(bytes / BYTES_PER_SECOND_MIN);
    idle.saturating_add(for_bytes).min(MESSAGE_MAX.max(idle))
}

/// The time that a session may have gone on since its last message ended.
pub(super) fn session_may_take(idle: Duration) -> Duration {
    SESSION_MAX.max(idle.saturating_mul(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_may_be_as_slow_as_the_slowest_modem_and_no_slower() {
        const IDLE: Duration = Duration::from_secs(300);
        for (bytes, seconds) in
            [(0, 300), (1, 300), (128 * 60, 360), (1_000_000, 8_112), (100_000_000, 14_400)]
        {
            let may_take = message_may_take(bytes, IDLE);
            assert_eq!(may_take, Duration::from_secs(seconds), "{bytes}");
        }
        let gprs = Duration::from_secs(10_000_000 / 1_000);
        assert!(gprs < message_may_take(10_000_000, IDLE));
        let a_day = Duration::from_secs(24 * 60 * 60);
        assert_eq!(message_may_take(0, a_day), a_day, "a device that may be silent for a day");
    }
}
