//! A webhook's other end, which can be told to misbehave.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use serde_json::Value;

use crate::harness::wait_for;

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// With 200.
    Fine,
    /// With this status line and headers.
    Status(&'static str),
    /// With bytes that are no HTTP.
    Garbage,
    /// Not at all: the connection is closed.
    HangUp,
    /// Not at all: the connection stays open.
    Silent,
}

/// A request that was taken.
#[derive(Clone, Debug)]
pub struct Request {
    pub head: String,
    pub body: Vec<u8>,
    /// Whether it was answered with 200.
    pub taken: bool,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// The decoded files of an alert.
pub fn files(alert: &Value) -> Vec<Vec<u8>> {
    let engine = base64::engine::general_purpose::STANDARD;
    let media = alert["media"].as_array().unwrap();
    media.iter().map(|file| engine.decode(file["data"].as_str().unwrap()).unwrap()).collect()
}

/// The configuration of a channel that sends to this address.
pub fn channel_at(address: SocketAddr) -> String {
    format!("[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://{address}/in\"\n")
}

/// Listens until it is dropped.
pub struct Hook {
    pub address: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Hook {
    pub fn start() -> Self {
        Self::over(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// An address at which nobody listens yet.
    pub fn nobody() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    /// The service at this address is back.
    pub fn start_at(address: SocketAddr) -> Self {
        Self::over(TcpListener::bind(address).unwrap())
    }

    fn over(listener: TcpListener) -> Self {
        let hook = Self {
            address: listener.local_addr().unwrap(),
            manner: Arc::new(Mutex::new(Manner::Fine)),
            requests: Arc::default(),
        };
        let (manner, requests) = (Arc::clone(&hook.manner), Arc::clone(&hook.requests));
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (manner, requests) = (Arc::clone(&manner), Arc::clone(&requests));
                std::thread::spawn(move || serve(socket, &manner, &requests));
            }
        });
        hook
    }

    /// The address to post to.
    pub fn url(&self) -> String {
        format!("http://{}/alert", self.address)
    }

    /// The configuration of a channel that sends here.
    pub fn channel(&self) -> String {
        channel_at(self.address)
    }

    /// From now on requests are answered so.
    pub fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// All requests so far, in the order in which they ended.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The alerts that were answered with 200.
    pub fn alerts(&self) -> Vec<Value> {
        self.requests().iter().filter(|request| request.taken).map(Request::json).collect()
    }

    /// How often each mail was taken, by subject.
    pub fn delivered(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for alert in self.alerts() {
            *counts.entry(alert["subject"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        counts
    }

    /// Waits until so many alerts were taken.
    pub fn wait_for(&self, count: usize) -> Vec<Value> {
        wait_for(&format!("{count} alerts at the webhook"), || {
            Some(self.alerts()).filter(|alerts| alerts.len() >= count)
        })
    }

    /// Waits until so many requests came, however they were answered.
    pub fn wait_for_requests(&self, count: usize) -> Vec<Request> {
        wait_for(&format!("{count} requests at the webhook"), || {
            Some(self.requests()).filter(|requests| requests.len() >= count)
        })
    }
}

fn serve(socket: TcpStream, manner: &Mutex<Manner>, requests: &Mutex<Vec<Request>>) {
    let mut socket = BufReader::new(socket);
    while let Some((head, body)) = read(&mut socket) {
        let manner = *manner.lock().unwrap();
        let answer = match manner {
            Manner::Fine => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned(),
            Manner::Status(status) => format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"),
            Manner::Garbage => "what do you want\r\n\r\n".to_owned(),
            Manner::HangUp | Manner::Silent => String::new(),
        };
        let taken = manner == Manner::Fine;
        requests.lock().unwrap().push(Request { head, body, taken });
        let gone = socket.get_mut().write_all(answer.as_bytes()).is_err();
        if gone || matches!(manner, Manner::Garbage | Manner::HangUp) {
            return;
        }
    }
}

/// Reads the next request: its head and its body.
pub fn read(socket: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if socket.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let request = Request { head, body: Vec::new(), taken: false };
    let length = request.header("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    socket.read_exact(&mut body).ok()?;
    Some((request.head, body))
}
