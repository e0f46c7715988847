//! A webhook's other end for many alerts: notes when which channel delivered what.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::Value;

use crate::hook::read;

/// An alert that was received and answered with 200; the answer may get lost.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The last part of the path.
    pub channel: String,
    /// The subject of the mail, or the file's name without its ending.
    pub name: String,
    /// A mail that is sent again becomes another incident.
    pub incident: u64,
    pub at: Instant,
}

/// Listens as long as the test runs.
pub struct Receipts {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Receipt>>>,
}

impl Receipts {
    /// Listens on this address of the machine of this thread.
    pub fn start(address: Ipv4Addr) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let receipts = Self { address: listener.local_addr().unwrap(), received: Arc::default() };
        let received = Arc::clone(&receipts.received);
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let received = Arc::clone(&received);
                std::thread::spawn(move || serve(socket, &received));
            }
        });
        receipts
    }

    /// The configuration of a channel of this name that sends here.
    pub fn channel(&self, name: &str) -> String {
        let url = format!("http://{}/{name}", self.address);
        format!("[[channel]]\nname = {name:?}\ntype = \"webhook\"\nurl = {url:?}\n")
    }

    /// What came since this moment, in order.
    pub fn since(&self, moment: Instant) -> Vec<Receipt> {
        let received = self.received.lock().unwrap();
        received[received.partition_point(|receipt| receipt.at < moment)..].to_vec()
    }

    /// The names and channels of all that came.
    pub fn names(&self) -> BTreeSet<(String, String)> {
        let received = self.received.lock().unwrap();
        received.iter().map(|it| (it.name.clone(), it.channel.clone())).collect()
    }

    /// What came of each incident on each channel, in order.
    pub fn by_incident(&self) -> BTreeMap<(u64, String), Vec<Receipt>> {
        let mut receipts: BTreeMap<_, Vec<Receipt>> = BTreeMap::new();
        for receipt in self.received.lock().unwrap().iter() {
            let key = (receipt.incident, receipt.channel.clone());
            receipts.entry(key).or_default().push(receipt.clone());
        }
        receipts
    }
}

fn serve(socket: TcpStream, received: &Mutex<Vec<Receipt>>) {
    let mut socket = BufReader::new(socket);
    while let Some((head, body)) = read(&mut socket) {
        let channel = head.split(['/', ' ']).nth(2).unwrap().to_owned();
        let alert: Value = serde_json::from_slice(&body).unwrap();
        let subject = alert["subject"].as_str().filter(|subject| subject.starts_with("mail "));
        let name = match subject {
            Some(subject) => subject.to_owned(),
            None => file_name(&alert),
        };
        let incident = alert["incident"].as_u64().unwrap_or_else(|| panic!("{alert}"));
        let mut all = received.lock().unwrap();
        all.push(Receipt { channel, name, incident, at: Instant::now() });
        drop(all);
        if socket.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

fn file_name(alert: &Value) -> String {
    let name = alert["media"][0]["name"].as_str().unwrap_or_else(|| panic!("{alert}"));
    name.rsplit('/').next().unwrap().trim_end_matches(".jpg").to_owned()
}
