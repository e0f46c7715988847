//! Tries of somebody who has shown who they are, such as a browser that logged in before: counted for themselves,
//! so that whoever guesses without that neither delays nor refuses them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use super::{TIMES_MAX, TooSoon, Tries};

use crate::runtime::lock::lock;

/// Names remembered; of more, the one that tried longest ago is forgotten.
const NAMES_MAX: usize = 1_024;

/// Counts tries by name. Only names that nobody can make up may be counted here. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct OwnPace(Arc<Mutex<HashMap<String, Tries>>>);

/// A try that has been counted; one that was right must say so.
pub(crate) struct OwnAttempt {
    pace: OwnPace,
    name: String,
}

impl OwnPace {
    /// Counts a try. After a few, the name waits ever longer before its next try is looked at.
    pub(crate) fn enter(&self, name: &str) -> Result<OwnAttempt, TooSoon> {
        self.enter_at(name, Instant::now())
    }

    fn enter_at(&self, name: &str, now: Instant) -> Result<OwnAttempt, TooSoon> {
        let mut table = self.lock();
        if table.len() >= NAMES_MAX && !table.contains_key(name) {
            let oldest = table.iter().min_by_key(|(_, tries)| tries.last);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                table.remove(&oldest);
            }
        }
        let tries = table.entry(name.to_owned()).or_insert_with(|| Tries::new(now));
        tries.forget(now);
        let wait = tries.next.saturating_duration_since(now);
        if !wait.is_zero() {
            return Err(TooSoon { wait });
        }
        tries.times = (tries.times + 1).min(TIMES_MAX);
        tries.last = now;
        tries.next = now + tries.pause();
        Ok(OwnAttempt { pace: self.clone(), name: name.to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Tries>> {
        lock(&self.0)
    }
}

impl OwnAttempt {
    /// It was right: what the name tried before is forgotten.
    pub(crate) fn succeeded(self) {
        self.pace.lock().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::FREE;
    use super::*;

    #[test]
    fn each_name_has_a_pace_of_its_own() {
        let (pace, mut now) = (OwnPace::default(), Instant::now());
        let tries = |name: &str, now| (0..50).filter(|_| pace.enter_at(name, now).is_ok()).count();
        assert_eq!(tries("one", now), FREE as usize);
        assert_eq!(tries("two", now), FREE as usize, "another name has not tried");
        let mut count = 0;
        for _ in 0..3_600 {
            now += Duration::from_secs(1);
            count += tries("one", now);
        }
        assert!((50..90).contains(&count), "{count} in an hour");
        now += Duration::from_secs(60);
        pace.enter_at("one", now).ok().unwrap().succeeded();
        assert_eq!(tries("one", now), FREE as usize, "it was right");
    }

    #[test]
    fn names_are_bounded() {
        let (pace, now) = (OwnPace::default(), Instant::now());
        for number in 0..NAMES_MAX * 2 {
            let at = now + Duration::from_millis(number as u64);
            assert!(pace.enter_at(&number.to_string(), at).is_ok());
        }
        assert_eq!(pace.lock().len(), NAMES_MAX);
    }
}
