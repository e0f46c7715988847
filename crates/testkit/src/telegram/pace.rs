//! The limits of Telegram's bot FAQ, "My bot is hitting limits", as 429 enforces them.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::standin::lock;

/// Seconds are this long here: what was sent in time may arrive a little closer together.
const SECOND: Duration = Duration::from_millis(900);

/// When messages were taken, and where.
#[derive(Default)]
pub(super) struct Pace(Mutex<VecDeque<(Instant, String)>>);

impl Pace {
    /// Accepts a message, or returns the seconds after which it may be sent.
    pub(super) fn take(&self, chat: &str, now: Instant) -> Result<(), u64> {
        let mut taken = lock(&self.0);
        taken.retain(|(at, _)| now.duration_since(*at) < 60 * SECOND);
        let within = |seconds: u32, everywhere: bool| {
            let recent = |at: &Instant| now.duration_since(*at) < seconds * SECOND;
            taken.iter().filter(|(at, to)| recent(at) && (everywhere || to == chat)).count()
        };
        let group = chat.starts_with(['-', '@']);
        let too_many = if within(1, true) >= 30 {
            Some(1)
        } else if within(3, false) >= 3 {
            Some(3)
        } else if group && within(60, false) >= 20 {
            Some(30)
        } else {
            None
        };
        if let Some(seconds) = too_many {
            return Err(seconds);
        }
        taken.push_back((now, chat.to_owned()));
        Ok(())
    }
}
