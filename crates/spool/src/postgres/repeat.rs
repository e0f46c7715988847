//! Transactions that another one comes in the way of. PostgreSQL ends one of two that wait for each other (SQLSTATE
//! 40P01, after `deadlock_timeout`); nothing of it is written, and it is done again.

use std::time::Duration;

use crate::{Result, SpoolError};

/// How often a transaction is done at the most.
const TIMES_MAX: u32 = 5;
/// The longest pause before the second time, in milliseconds. It doubles each time.
const PAUSE_MAX_MS: u64 = 20;

/// Does a transaction again while others come in its way, a few times. The thread is one for blocking work.
///
/// # Errors
/// Those of the transaction; [`SpoolError::Conflict`] of the last time.
pub(super) fn unless_in_the_way<T>(transaction: impl Fn() -> Result<T>) -> Result<T> {
    for time in 1..TIMES_MAX {
        match transaction() {
            Err(SpoolError::Conflict(reason)) => {
                tracing::debug!(reason, "A transaction is done again.");
                std::thread::sleep(pause(time));
            }
            done => return done,
        }
    }
    transaction()
}

/// A pause of random length: two that came in each other's way come back at different times.
fn pause(time: u32) -> Duration {
    let max = PAUSE_MAX_MS << time;
    Duration::from_millis(getrandom::u64().unwrap_or(max) % max)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// How often a transaction is done that fails so often, and how it ends.
    fn done(conflicts: u32, then: impl Fn() -> Result<()>) -> (u32, Result<()>) {
        let times = Cell::new(0);
        let result = unless_in_the_way(|| {
            times.set(times.get() + 1);
            match times.get() > conflicts {
                true => then(),
                false => Err(SpoolError::Conflict("deadlock detected".to_owned())),
            }
        });
        (times.get(), result)
    }

    #[test]
    fn what_others_came_in_the_way_of_is_done_again_a_few_times() {
        assert!(matches!(done(0, || Ok(())), (1, Ok(()))));
        assert!(matches!(done(4, || Ok(())), (5, Ok(()))));
        assert!(matches!(done(5, || Ok(())), (5, Err(SpoolError::Conflict(_)))));
        let failing = || Err(SpoolError::Database(String::new()));
        assert!(matches!(done(1, failing), (2, Err(SpoolError::Database(_)))));
    }
}
