//! How often somebody may try a wrong password, on all ports together: SMTP, FTP, the dashboard, tokens.
//!
//! Each try is counted when it comes in, before anything is compared, so that many at once are as slow as one after
//! the other. After a few, an address waits ever longer before its next try is looked at. What is tried again with
//! the same wrong password is no guess and costs nothing: a device with an old password never locks out another one
//! behind the same address. Who succeeded at an address before gets in there at a pace of its own.

mod own_pace;

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

pub(crate) use own_pace::{OwnAttempt, OwnPace};

use crate::runtime::lock::lock;
use crate::runtime::per_minute::{PerMinute, network};

/// Wrong tries of an address without a pause.
const FREE: u32 = 5;
/// The pause after the next one; each further one doubles it.
const PAUSE: Duration = Duration::from_secs(2);
/// The longest pause: whoever has the right password waits no longer than this.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// One wrong try is forgotten after each such time without another.
const FORGET: Duration = Duration::from_secs(120);
/// Wrong tries counted for an address at most, so that it is forgiven within a quarter of an hour.
const TIMES_MAX: u32 = 12;
/// A reply may be this late; who would have to wait longer is told to come again.
const WAIT_MAX: Duration = Duration::from_secs(4);
/// Tries that wait for their turn, of one address; they hold connections.
const WAITING_MAX: u32 = 4;
/// Wrong credentials of an address that are recognised when they come again.
const KNOWN_WRONG_MAX: usize = 32;
/// Tries of all addresses together: at once …
const ALL_BURST: f64 = 60.0;
/// … and each second. Addresses that have tried often share another such allowance than those that have not, so
/// that they cannot use up what is left for a device that comes for the first time.
const ALL_PER_SECOND: f64 = 2.5;
/// The first tries of an address are not kept waiting by those of others, so that a device that comes for the first
/// time gets in while hundreds of addresses guess: so many of each …
const FIRST: u32 = 2;
/// … and of all addresses together so many at once …
const FIRST_BURST: f64 = 600.0;
/// … and each second. An address forgets one try in two minutes, so this is for more than a thousand of them.
const FIRST_PER_SECOND: f64 = 20.0;
/// Tries of somebody who succeeded at the address before: at once …
const TRUSTED_BURST: f64 = 10.0;
/// … and each second.
const TRUSTED_PER_SECOND: f64 = 0.2;
/// Addresses remembered; of more, those that tried longest ago are forgotten.
const ADDRESSES_MAX: usize = 4_096;
/// Users remembered for an address at which they succeeded.
const USERS_MAX: usize = 64;

/// Counts the logins of all ports. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct LoginThrottle(Arc<ThrottleShared>);

#[derive(Default)]
struct ThrottleShared {
    table: Mutex<ThrottleTable>,
    notes: PerMinute<IpAddr>,
    /// Makes digests of passwords worthless outside of this process.
    key: std::sync::OnceLock<[u8; 32]>,
}

struct ThrottleTable {
    addresses: HashMap<IpAddr, Tries>,
    /// What is left for the first tries of addresses.
    first: Bucket,
    /// What is left for addresses that have tried seldom.
    seldom: Bucket,
    /// The same for those that have tried often.
    often: Bucket,
}

impl Default for ThrottleTable {
    fn default() -> Self {
        let full = || Bucket::full(ALL_BURST, Instant::now());
        let first = Bucket::full(FIRST_BURST, Instant::now());
        Self { addresses: HashMap::new(), first, seldom: full(), often: full() }
    }
}

/// The tries of an address.
struct Tries {
    /// Wrong tries that are not forgotten yet.
    times: u32,
    /// When the last one was counted, or was forgotten.
    last: Instant,
    /// When the next one is looked at.
    next: Instant,
    /// Tries that wait for their turn.
    waiting: u32,
    /// Digests of wrong credentials, the latest last.
    known_wrong: VecDeque<[u8; 32]>,
    /// Users who succeeded here.
    succeeded: HashSet<String>,
    /// The tries of those users.
    trusted: Bucket,
}

/// An allowance that refills with time (a token bucket): `burst` tries at once, and `per_second` more each second.
struct Bucket {
    tokens: f64,
    /// When it was refilled last.
    filled: Instant,
}

impl Bucket {
    fn full(burst: f64, now: Instant) -> Self {
        Self { tokens: burst, filled: now }
    }

    fn take(&mut self, burst: f64, per_second: f64, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + since * per_second).min(burst);
        self.filled = now;
        let is_there = self.tokens >= 1.0;
        if is_there {
            self.tokens -= 1.0;
        }
        is_there
    }

    fn give_back(&mut self) {
        self.tokens += 1.0;
    }
}

impl Tries {
    fn new(now: Instant) -> Self {
        Self {
            times: 0,
            last: now,
            next: now,
            waiting: 0,
            known_wrong: VecDeque::new(),
            succeeded: HashSet::new(),
            trusted: Bucket::full(TRUSTED_BURST, now),
        }
    }

    fn forget(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.last);
        let forgotten = u32::try_from(since.as_secs() / FORGET.as_secs()).unwrap_or(u32::MAX);
        if forgotten > 0 {
            self.times = self.times.saturating_sub(forgotten);
            self.last += FORGET.saturating_mul(forgotten);
        }
    }

    fn pause(&self) -> Duration {
        match self.times.checked_sub(FREE) {
            Some(over) => PAUSE.saturating_mul(1 << over.min(16)).min(PAUSE_MAX),
            None => Duration::ZERO,
        }
    }
}

/// Who tries to log in, with what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'a> {
    pub(crate) peer: IpAddr,
    pub(crate) user: &'a str,
    /// The password, where the same one can be recognised and comparing it again costs nothing.
    pub(crate) secret: Option<&'a str>,
    /// Whether a known device is at the address: it does not wait for what others try elsewhere.
    pub(crate) is_known: bool,
}

/// Why a try is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooSoon {
    /// When the next one is.
    pub(crate) wait: Duration,
}

/// A try that is looked at, after [`Attempt::wait`]. It has been counted; one that was right must say so.
pub(crate) struct Attempt {
    throttle: LoginThrottle,
    address: IpAddr,
    user: String,
    digest: Option<[u8; 32]>,
    is_counted: bool,
    is_waiting: bool,
    wait: Duration,
}

impl LoginThrottle {
    /// Counts a try. Its reply may have to wait; where that is too long, it is not looked at.
    pub(crate) fn enter(&self, claim: Claim<'_>) -> Result<Attempt, TooSoon> {
        self.enter_at(claim, Instant::now())
    }

    /// The same where nobody waits with a reply: it is looked at now, or not.
    pub(crate) fn enter_now(&self, claim: Claim<'_>) -> Result<Attempt, TooSoon> {
        self.enter_within(claim, Instant::now(), Duration::ZERO)
    }

    fn enter_at(&self, claim: Claim<'_>, now: Instant) -> Result<Attempt, TooSoon> {
        self.enter_within(claim, now, WAIT_MAX)
    }

    fn enter_within(
        &self,
        claim: Claim<'_>,
        now: Instant,
        wait_max: Duration,
    ) -> Result<Attempt, TooSoon> {
        let address = network(claim.peer);
        let user = bare(claim.user);
        let digest = claim.secret.map(|secret| self.digest(&user, secret));
        let attempt = |is_counted, wait: Duration| Attempt {
            throttle: self.clone(),
            address,
            user: user.clone(),
            digest,
            is_counted,
            is_waiting: !wait.is_zero(),
            wait,
        };
        let mut table = self.lock();
        table.make_room();
        let ThrottleTable { addresses, first, seldom, often } = &mut *table;
        let tries = addresses.entry(address).or_insert_with(|| Tries::new(now));
        tries.forget(now);
        // It was compared before: to compare it again tells nobody anything, unless the right one has changed.
        if digest.is_some_and(|digest| tries.known_wrong.contains(&digest)) {
            return Ok(attempt(false, Duration::ZERO));
        }
        if tries.succeeded.contains(&user)
            && tries.trusted.take(TRUSTED_BURST, TRUSTED_PER_SECOND, now)
        {
            return Ok(attempt(false, Duration::ZERO));
        }
        let wait = tries.next.saturating_duration_since(now);
        if wait > wait_max || (!wait.is_zero() && tries.waiting >= WAITING_MAX) {
            return Err(TooSoon { wait: wait.max(PAUSE) });
        }
        let is_allowed = claim.is_known
            || tries.times < FIRST && first.take(FIRST_BURST, FIRST_PER_SECOND, now)
            || tries.times < FREE && seldom.take(ALL_BURST, ALL_PER_SECOND, now)
            || tries.times >= FREE && often.take(ALL_BURST, ALL_PER_SECOND, now);
        if !is_allowed {
            return Err(TooSoon { wait: PAUSE });
        }
        tries.times = (tries.times + 1).min(TIMES_MAX);
        tries.last = now;
        tries.next = now.max(tries.next) + tries.pause();
        tries.waiting += u32::from(!wait.is_zero());
        Ok(attempt(true, wait))
    }

    /// Counts what was wrong and could not have been guessed, such as a token; whether it was one too many.
    pub(crate) fn wrong_token(&self, peer: IpAddr, token: &str) -> Result<(), TooSoon> {
        let claim = Claim { peer, user: "", secret: Some(token), is_known: false };
        self.enter_now(claim)?.failed();
        Ok(())
    }

    /// The tries of this address since the last message, where it is time for one.
    pub(crate) fn message_due(&self, peer: IpAddr) -> Option<u64> {
        self.0.notes.due(network(peer))
    }

    fn digest(&self, user: &str, secret: &str) -> [u8; 32] {
        let key = self.0.key.get_or_init(|| {
            let mut key = [0; 32];
            // Without randomness it is a digest without a key, in memory only.
            let _ = getrandom::fill(&mut key);
            key
        });
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher.update(&(user.len() as u64).to_le_bytes());
        hasher.update(user.as_bytes());
        hasher.update(secret.as_bytes());
        *hasher.finalize().as_bytes()
    }

    fn lock(&self) -> MutexGuard<'_, ThrottleTable> {
        lock(&self.0.table)
    }
}

impl ThrottleTable {
    fn make_room(&mut self) {
        if self.addresses.len() < ADDRESSES_MAX {
            return;
        }
        // Those at which somebody succeeded are forgotten last: a stranger with many addresses must not do that.
        let oldest = self.addresses.iter().filter(|(_, it)| it.waiting == 0);
        let oldest = oldest.min_by_key(|(_, it)| (!it.succeeded.is_empty(), it.last));
        if let Some(address) = oldest.map(|(address, _)| *address) {
            self.addresses.remove(&address);
        }
    }
}

/// Devices are given the bare user name or one with a domain, and send either.
fn bare(user: &str) -> String {
    user.split('@').next().unwrap_or_default().chars().take(64).collect::<String>().to_lowercase()
}

impl Attempt {
    /// How long to wait before it is looked at.
    pub(crate) fn wait(&self) -> Duration {
        self.wait
    }

    /// It was right: it counts for nothing, and the next time nothing that others try here delays it.
    pub(crate) fn succeeded(mut self) {
        let throttle = self.throttle.clone();
        let mut table = throttle.lock();
        self.is_waiting &= !self.stops_waiting(&mut table);
        let ThrottleTable { addresses, seldom, .. } = &mut *table;
        if std::mem::take(&mut self.is_counted) {
            seldom.give_back();
            if let Some(tries) = addresses.get_mut(&self.address) {
                let pause = tries.pause();
                tries.times = tries.times.saturating_sub(1);
                tries.next = tries.next.checked_sub(pause).unwrap_or(tries.next);
            }
        }
        if let Some(tries) = addresses.get_mut(&self.address) {
            // Whoever has one password may have many names, but not without end.
            if tries.succeeded.len() < USERS_MAX {
                tries.succeeded.insert(std::mem::take(&mut self.user));
            }
            tries.known_wrong.retain(|known| Some(*known) != self.digest);
        }
    }

    /// It was wrong: the same again is no guess.
    pub(crate) fn failed(self) {
        let mut table = self.throttle.lock();
        if let (Some(digest), Some(tries)) = (self.digest, table.addresses.get_mut(&self.address))
            && !tries.known_wrong.contains(&digest)
        {
            tries.known_wrong.push_back(digest);
            if tries.known_wrong.len() > KNOWN_WRONG_MAX {
                tries.known_wrong.pop_front();
            }
        }
    }

    fn stops_waiting(&self, table: &mut ThrottleTable) -> bool {
        let tries = table.addresses.get_mut(&self.address).filter(|_| self.is_waiting);
        tries.map(|tries| tries.waiting = tries.waiting.saturating_sub(1)).is_some()
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.is_waiting {
            let throttle = self.throttle.clone();
            let mut table = throttle.lock();
            self.stops_waiting(&mut table);
        }
    }
}

#[cfg(test)]
mod tests;
