//! Notices between nodes, by `LISTEN` and `NOTIFY` on a connection of their own.
//!
//! A notice says that something has changed, so that nobody waits for the next poll. It may get lost: with a broken
//! connection, a database that fails over, a pooler in between that passes none. Then the other side hears a
//! [`Heard::Gap`], and reads again what it keeps in memory. What a node announces is gathered for a moment and sent in a
//! transaction of its own: PostgreSQL commits those with `NOTIFY` one after the other, and arrivals must not wait.

use std::collections::{BTreeSet, VecDeque};
use std::future::poll_fn;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_postgres::{AsyncMessage, Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connection::{CREATE_MAX, fault};
use crate::sql::identity::random_hex;
use crate::{Heard, Result, SpoolError};

/// The name that nodes listen on.
const CHANNEL: &str = "tipoff";
const LISTEN: &str = "LISTEN tipoff";
/// How long notices are gathered.
const GATHER: Duration = Duration::from_millis(20);
/// Notices that wait to be sent; beyond that the others hear of a gap.
const QUEUED_MAX: usize = 4096;
/// Messages that have come and were not taken yet; beyond that there is a gap.
const RECEIVED_MAX: usize = 1024;
/// Bytes of one message. PostgreSQL takes fewer than 8000.
const MESSAGE_MAX: usize = 7900;
/// A node sends something at least this often, and so finds out whether anything arrives.
const SAY_EVERY: Duration = Duration::from_secs(2);
/// A connection on which a node has not heard itself for this long passes nothing.
const DEAF_AFTER: Duration = Duration::from_secs(5);
/// Pause before the next connection is tried, and at most this long a statement takes.
const PAUSE: Duration = Duration::from_secs(1);
const SAY_MAX: Duration = Duration::from_secs(5);
/// Stands for notices that could not be sent.
const GAP: &str = "";

/// What a node announces and hears.
pub(super) struct Notices {
    config: Config,
    tls: MakeRustlsConnect,
    /// A random name: a node does not hear itself.
    sender: String,
    queue: Mutex<Queue>,
    queued: Notify,
    line: tokio::sync::Mutex<Option<Line>>,
}

/// What waits to be sent. The same notice twice is one.
#[derive(Default)]
struct Queue {
    notices: BTreeSet<String>,
    has_gap: bool,
}

/// A connection that listens.
struct Line {
    client: Client,
    messages: mpsc::Receiver<String>,
    /// Drives the connection.
    driver: JoinHandle<()>,
    heard: VecDeque<Heard>,
    /// When this node last heard itself.
    echo_at: Instant,
    said_at: Instant,
}

impl Notices {
    /// Connects to nothing yet.
    pub(super) fn new(config: Config, tls: MakeRustlsConnect) -> Result<Self> {
        Ok(Self {
            config,
            tls,
            sender: random_hex(8)?,
            queue: Mutex::default(),
            queued: Notify::new(),
            line: tokio::sync::Mutex::default(),
        })
    }

    /// See [`crate::Nodes::announce`].
    pub(super) fn announce(&self, notice: String) {
        self.queue().add(notice);
        self.queued.notify_one();
    }

    /// See [`crate::Nodes::hear`].
    pub(super) async fn hear(&self) -> Heard {
        let mut line = self.line.lock().await;
        loop {
            let Some(open) = line.as_mut() else {
                match timeout(CREATE_MAX, self.connect()).await {
                    Ok(Ok(new)) => *line = Some(new),
                    Ok(Err(error)) => {
                        tracing::debug!(%error, "No connection for notices of other nodes.");
                        sleep(PAUSE).await;
                    }
                    Err(_) => tracing::debug!("The database accepts no connection for notices."),
                }
                return Heard::Gap;
            };
            match open.next(self).await {
                Ok(heard) => return heard,
                Err(error) => {
                    tracing::debug!(%error, "The connection for notices of other nodes has ended.");
                    *line = None;
                }
            }
        }
    }

    async fn connect(&self) -> Result<Line> {
        let connected = self.config.connect(self.tls.clone()).await;
        let (client, mut connection) = connected.map_err(|error| fault(&error))?;
        let (received, messages) = mpsc::channel(RECEIVED_MAX);
        let driver = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notification(notification) = message
                    && received.try_send(notification.payload().to_owned()).is_err()
                {
                    // Whoever is so slow begins again with a gap.
                    return;
                }
            }
        });
        let now = Instant::now();
        let line =
            Line { client, messages, driver, heard: VecDeque::new(), echo_at: now, said_at: now };
        line.client.batch_execute(LISTEN).await.map_err(|error| fault(&error))?;
        Ok(line)
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        // A queue is whole after every statement.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn add(&mut self, notice: String) {
        match self.notices.len() < QUEUED_MAX && json_bytes(&notice) < MESSAGE_MAX / 2 {
            true => self.notices.insert(notice),
            false => mem::replace(&mut self.has_gap, true),
        };
    }

    /// Takes everything, as messages of `sender`: JSON arrays of the sender and notices.
    fn take(&mut self, sender: &str) -> Vec<String> {
        let Self { notices, has_gap } = mem::take(self);
        let gap = has_gap.then(|| GAP.to_owned());
        let mut messages = vec![vec![sender.to_owned()]];
        let mut bytes = 0;
        for notice in notices.into_iter().chain(gap) {
            let more = json_bytes(&notice) + 1;
            if bytes + more + json_bytes(sender) > MESSAGE_MAX - 2 {
                messages.push(vec![sender.to_owned()]);
                bytes = 0;
            }
            bytes += more;
            if let Some(last) = messages.last_mut() {
                last.push(notice);
            }
        }
        messages.iter().filter_map(|message| serde_json::to_string(message).ok()).collect()
    }
}

/// Size of a text in JSON.
fn json_bytes(text: &str) -> usize {
    serde_json::to_string(text).map_or(usize::MAX, |json| json.len())
}

/// The notices of a message. `None` if it is of `sender` itself. A message that nobody here sends is a gap.
fn read(message: &str, sender: &str) -> Option<Vec<Heard>> {
    let parts: Vec<String> = serde_json::from_str(message).unwrap_or_default();
    match parts.split_first() {
        Some((from, _)) if from == sender => None,
        Some((_, notices)) => {
            let heard = |notice: &String| match notice.as_str() {
                GAP => Heard::Gap,
                notice => Heard::Notice(notice.to_owned()),
            };
            Some(notices.iter().map(heard).collect())
        }
        None => Some(vec![Heard::Gap]),
    }
}

impl Line {
    /// What is heard next. Sends meanwhile what is announced.
    async fn next(&mut self, notices: &Notices) -> Result<Heard> {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return Ok(heard);
            }
            if self.echo_at.elapsed() > DEAF_AFTER {
                return Err(SpoolError::Database("it passes no notices".to_owned()));
            }
            tokio::select! {
                message = self.messages.recv() => match message {
                    Some(message) => self.receive(&message, &notices.sender),
                    None => return Err(SpoolError::Database("it is closed".to_owned())),
                },
                () = notices.queued.notified() => {
                    sleep(GATHER).await;
                    self.say(notices).await?;
                }
                () = sleep_until(self.said_at + SAY_EVERY) => self.say(notices).await?,
            }
        }
    }

    fn receive(&mut self, message: &str, sender: &str) {
        match read(message, sender) {
            Some(heard) => self.heard.extend(heard),
            None => self.echo_at = Instant::now(),
        }
    }

    /// Sends what waits; without anything, a sign of life. What could not be sent is a gap for the others.
    async fn say(&mut self, notices: &Notices) -> Result<()> {
        self.said_at = Instant::now();
        let messages = notices.queue().take(&notices.sender);
        for message in messages {
            let values = [&CHANNEL as &(dyn tokio_postgres::types::ToSql + Sync), &message];
            let said = self.client.execute("SELECT pg_notify($1, $2)", &values);
            let said: Result<Result<u64, Error>, _> = timeout(SAY_MAX, said).await;
            if !matches!(said, Ok(Ok(_))) {
                notices.queue().has_gap = true;
                return Err(SpoolError::Database("it takes no notices".to_owned()));
            }
        }
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_announced_is_heard_once(
            announced in prop::collection::vec("\\PC{0,300}|[a-z]{1,9}", 0..200),
        ) {
            let mut queue = Queue::default();
            let all: BTreeSet<String> = announced.iter().cloned().collect();
            announced.into_iter().for_each(|notice| queue.add(notice));
            let messages = queue.take("a");
            prop_assert!(!messages.is_empty(), "a sign of life");
            prop_assert!(messages.iter().all(|it| it.len() <= MESSAGE_MAX));
            prop_assert!(messages.iter().all(|it| read(it, "a").is_none()));
            let heard: Vec<Heard> = messages.iter().filter_map(|it| read(it, "b")).flatten().collect();
            let of = |notice: &String| match notice.as_str() {
                "" => Heard::Gap,
                notice => Heard::Notice(notice.to_owned()),
            };
            prop_assert_eq!(heard, all.iter().map(of).collect::<Vec<_>>());
            prop_assert_eq!(queue.take("a"), [r#"["a"]"#]);
        }

        #[test]
        fn any_message_can_be_read(message in "\\PC{0,80}") {
            prop_assert!(read(&message, "a").is_some());
        }
    }

    #[test]
    fn what_is_too_much_is_a_gap() {
        let mut queue = Queue::default();
        queue.add("x".repeat(MESSAGE_MAX));
        assert_eq!(queue.take("a"), [r#"["a",""]"#]);
        (0..=QUEUED_MAX).for_each(|number| queue.add(number.to_string()));
        let heard: Vec<_> =
            queue.take("a").iter().filter_map(|it| read(it, "b")).flatten().collect();
        assert_eq!((heard.len(), heard.last()), (QUEUED_MAX + 1, Some(&Heard::Gap)));
    }
}
