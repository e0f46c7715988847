//! What tests of failures share: numbers that look random, and a node that is killed and started again.

use std::net::SocketAddr;
use std::sync::RwLock;

use crate::harness::Server;

/// Numbers that look random and are the same for the same seed.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        // Nothing comes of 0, and seeds that are alike begin alike otherwise.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    /// One of these.
    pub fn one_of<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.below(values.len() as u64) as usize].clone()
    }

    /// Puts these into another order.
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// A node that is killed and started again, with its data and on the same shared spool.
pub struct KillableNode {
    begin: Box<dyn Fn() -> Server + Send + Sync>,
    /// `None` while it is down.
    server: RwLock<Option<Server>>,
}

impl KillableNode {
    /// Starts it; `begin` is how.
    pub fn start(begin: impl Fn() -> Server + Send + Sync + 'static) -> Self {
        let server = RwLock::new(Some(begin()));
        Self { begin: Box::new(begin), server }
    }

    /// Where it receives mail, while it runs.
    pub fn smtp(&self) -> Option<SocketAddr> {
        Some(self.server.read().unwrap().as_ref()?.smtp[0])
    }

    /// Kills it with SIGKILL.
    pub fn kill(&self) {
        if let Some(server) = self.server.write().unwrap().take() {
            server.kill_now();
        }
    }

    pub fn start_again(&self) {
        *self.server.write().unwrap() = Some((self.begin)());
    }
}
