//! Cameras that mail and upload through the balancer, and send again what was not acknowledged.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::scene::CAMERA_ADDRESSES;
use crate::crash::try_upload_by;
use crate::harness::{PATIENCE, PICTURE, mail};
use crate::hostile::try_connect_from;
use crate::nodes::try_sending_over;

/// How many of the cameras upload; the others mail.
const UPLOADERS: usize = 4;
/// How long a camera waits before it sends the next thing, or the same again.
const PAUSE: Duration = Duration::from_millis(400);
/// How often a camera sends the same thing.
const ATTEMPTS_MAX: usize = 5;

/// What the cameras have sent.
#[derive(Default)]
pub struct Cameras {
    /// The names of what was acknowledged, with when it was.
    acknowledged: Mutex<BTreeMap<String, Instant>>,
    /// What became of the last mail that was not acknowledged.
    failure: Mutex<String>,
    next: AtomicUsize,
    over: AtomicBool,
}

impl Cameras {
    /// How many cameras there are.
    pub const COUNT: usize = CAMERA_ADDRESSES.len();

    /// One camera sends until it is over.
    pub fn send(&self, camera: usize, balancer: Ipv4Addr) {
        let source = CAMERA_ADDRESSES[camera];
        while !self.over.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let kind = if camera < UPLOADERS { "upload" } else { "mail" };
            let name = format!("{kind} {number}");
            for _ in 0..ATTEMPTS_MAX {
                let is_stored = match kind {
                    "upload" => send_upload(source, balancer, &name),
                    _ => self.send_mail(source, balancer, &name),
                };
                if is_stored {
                    self.acknowledged.lock().unwrap().insert(name, Instant::now());
                    break;
                }
                std::thread::sleep(PAUSE);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Waits until so many more are acknowledged.
    pub fn wait_for(&self, count: usize, what: &str) {
        let enough = self.acknowledged().len() + count;
        let end = Instant::now() + PATIENCE;
        while self.acknowledged().len() < enough {
            let failure = self.failure.lock().unwrap().clone();
            assert!(
                Instant::now() < end,
                "waited in vain for {what}; the last failed: {failure:?}"
            );
            std::thread::sleep(PAUSE);
        }
    }

    fn send_mail(&self, source: Ipv4Addr, balancer: Ipv4Addr, name: &str) -> bool {
        let address = SocketAddr::from((balancer, 2525));
        let reply = match try_connect_from(source, address) {
            Ok(socket) => try_sending_over(socket, mail(name, &[PICTURE])).unwrap_or_default(),
            Err(error) => {
                *self.failure.lock().unwrap() = error.to_string();
                return false;
            }
        };
        assert!(reply.is_empty() || reply.starts_with(['2', '4']), "not put off: {reply}");
        let is_stored = reply.starts_with("250");
        if !is_stored {
            *self.failure.lock().unwrap() = reply;
        }
        is_stored
    }

    /// Ends the sending.
    pub fn stop(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub fn acknowledged(&self) -> BTreeMap<String, Instant> {
        self.acknowledged.lock().unwrap().clone()
    }

    /// Whether this was acknowledged after a moment.
    pub fn is_after(&self, name: &str, moment: Instant) -> bool {
        self.acknowledged.lock().unwrap().get(name).is_some_and(|at| *at > moment)
    }
}

fn send_upload(source: Ipv4Addr, balancer: Ipv4Addr, name: &str) -> bool {
    let address = SocketAddr::from((balancer, 2121));
    try_upload_by(|address| try_connect_from(source, address), address, name).is_some()
}
