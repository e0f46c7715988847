//! A webhook in this process that answers 200 to everything and records what arrived when.
//! It keeps no body and never refuses or delays.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::request::Requests;
use crate::stop;

/// Nothing arriving for so long means that nothing will.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// How often a wait looks whether the run was interrupted.
const LOOK: Duration = Duration::from_millis(200);
/// Room for most of a delivery, so that it takes few reads.
const BUFFER_BYTES: usize = 131_072;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A request that was received whole.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    at: Instant,
    pictures: u64,
}

/// The receiving end of deliveries. It listens until the process ends.
pub(crate) struct Hook {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    arrivals: Receiver<Arrival>,
}

impl Hook {
    /// Listens on a free port.
    pub(crate) fn open() -> Result<Self> {
        Self::over(TcpListener::bind("127.0.0.1:0").context("webhook")?)
    }

    /// Listens at this address.
    pub(crate) fn open_at(address: SocketAddr) -> Result<Self> {
        Self::over(TcpListener::bind(address).context("webhook")?)
    }

    fn over(listener: TcpListener) -> Result<Self> {
        let address = listener.local_addr()?;
        let (sender, arrivals) = channel();
        thread::spawn(move || {
            // A connection each for the 16 senders at most, so threads need no limit.
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                thread::spawn(move || serve(&stream, &sender));
            }
        });
        Ok(Self { address, arrivals })
    }

    /// What a configuration calls it.
    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}/", self.address)
    }

    /// Waits until so many pictures have arrived; when the last of them did.
    pub(crate) fn wait_for(&self, pictures: u64) -> Result<Instant> {
        self.wait_within(pictures, SILENCE_MAX)
    }

    /// The same, with another time in which something has to arrive.
    pub(crate) fn wait_within(&self, pictures: u64, silence_max: Duration) -> Result<Instant> {
        let (mut arrived, mut heard) = (0, Instant::now());
        loop {
            match self.arrivals.recv_timeout(LOOK) {
                Ok(arrival) => {
                    heard = arrival.at;
                    arrived += arrival.pictures;
                    if arrived >= pictures {
                        return Ok(arrival.at);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => bail!("the webhook broke down"),
                Err(RecvTimeoutError::Timeout) if stop::asked() => bail!("interrupted"),
                Err(RecvTimeoutError::Timeout) if heard.elapsed() > silence_max => {
                    bail!("only {arrived} of {pictures} pictures arrived at the webhook")
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

fn serve(stream: &TcpStream, sender: &Sender<Arrival>) {
    let _ = stream.set_nodelay(true);
    let mut requests = Requests::new(BufReader::with_capacity(BUFFER_BYTES, stream));
    let mut stream = stream;
    while let Ok(Some(request)) = requests.next() {
        let arrival = Arrival { at: Instant::now(), pictures: request.pictures };
        let told = sender.send(arrival).is_ok() && stream.write_all(ANSWER).is_ok();
        if !told || request.last {
            return;
        }
    }
}

/// Answers 200 to everything on this connection, each after so long.
pub(crate) fn answer_after(stream: &TcpStream, pause: Duration) {
    let mut requests = Requests::new(BufReader::with_capacity(BUFFER_BYTES, stream));
    let mut stream = stream;
    while let Ok(Some(request)) = requests.next() {
        thread::sleep(pause);
        if stream.write_all(ANSWER).is_err() || request.last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn every_request_of_a_kept_connection_is_answered_and_counted() {
        let hook = Hook::open().unwrap();
        let mut stream = TcpStream::connect(hook.address).unwrap();
        let body = r#"{"media":[{"data":"/9j/4A=="},{"data":"/9j/4B=="}]}"#;
        let post = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        for _ in 0..3 {
            let mut answer = vec![0; ANSWER.len()];
            stream.write_all(post.as_bytes()).unwrap();
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(answer, ANSWER);
        }
        assert!(hook.wait_for(6).unwrap() <= Instant::now());
    }
}
