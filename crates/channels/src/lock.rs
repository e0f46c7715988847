//! Locking without a second failure.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`, also after a task panicked while it held the lock. What these mutexes guard is
/// valid after every single step, so that a panic leaves it usable.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
