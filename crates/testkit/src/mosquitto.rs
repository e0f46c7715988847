//! A real MQTT broker, Debian's mosquitto, in a folder and on ports of its own; and eyes on it by its
//! own tools, which know nothing of Tipoff.

use std::io::{self, BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::standin::Log;

/// How long a broker may take to start.
const START_TIME: Duration = Duration::from_secs(20);
/// How often another port is tried where somebody else was faster.
const PORTS_MAX: usize = 10;

/// A message as a subscriber sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Where it was published.
    pub topic: String,
    /// With what quality of service it came.
    pub qos: u8,
    /// Whether it was there before the subscriber.
    pub retained: bool,
    /// Its bytes.
    pub payload: Vec<u8>,
}

impl Heard {
    /// The payload as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }

    /// The payload as JSON; null where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.payload).unwrap_or_default()
    }
}

/// A broker; it ends when this is dropped.
pub struct Mosquitto {
    folder: tempfile::TempDir,
    /// Where the program under test connects.
    port: u16,
    /// Where the test looks on, without a login.
    eyes: u16,
    child: Option<Child>,
}

impl Mosquitto {
    /// Starts a broker whose listener has these lines in its configuration (mosquitto.conf(5)); `files` are
    /// put beside it, and `{folder}` in the lines is where.
    pub fn start(lines: &str, files: &[(&str, &str)]) -> io::Result<Self> {
        let mut problem = io::Error::other("no port is free");
        for _ in 0..PORTS_MAX {
            let folder = tempfile::tempdir()?;
            let (port, eyes) = free_ports()?;
            for (name, text) in files {
                std::fs::write(folder.path().join(name), text)?;
            }
            let lines = lines.replace("{folder}", &folder.path().to_string_lossy());
            // It would give up the rights to read its own folder.
            let configuration = format!(
                "per_listener_settings true\nuser root\nlistener {eyes} 127.0.0.1\nallow_anonymous \
                 true\nlistener {port}\n{lines}\n"
            );
            std::fs::write(folder.path().join("mosquitto.conf"), configuration)?;
            let mut broker = Self { folder, port, eyes, child: None };
            match broker.resume() {
                Ok(()) => return Ok(broker),
                Err(error) => problem = error,
            }
        }
        Err(problem)
    }

    /// One that lets everybody do everything.
    pub fn open() -> io::Result<Self> {
        Self::start("allow_anonymous true", &[])
    }

    /// Where the program under test connects.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The same as an address.
    pub fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Kills the broker; its retained messages are lost.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again, on the same ports.
    pub fn resume(&mut self) -> io::Result<()> {
        self.stop();
        let log = std::fs::File::create(self.folder.path().join("log"))?;
        let mut child = Command::new(installed("mosquitto")?)
            .arg("-c")
            .arg(self.folder.path().join("mosquitto.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let end = Instant::now() + START_TIME;
        while Instant::now() < end {
            if child.try_wait()?.is_some() {
                return Err(io::Error::other(self.log()));
            }
            if listens(self.port) && listens(self.eyes) {
                self.child = Some(child);
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
        Err(io::Error::other("mosquitto did not start"))
    }

    /// Makes a user in a password file of the folder; the broker reads it when it starts.
    pub fn put_user(&self, file: &str, user: &str, password: &str) -> io::Result<()> {
        let path = self.folder.path().join(file);
        let mut command = Command::new(installed("mosquitto_passwd")?);
        match command.arg("-b").arg(path).args([user, password]).status()?.success() {
            true => Ok(()),
            false => Err(io::Error::other("mosquitto_passwd failed")),
        }
    }

    /// The log of the broker.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Listens to topics from now on; the broker knows of it when this returns.
    pub fn listen(&self, filter: &str) -> io::Result<Listener> {
        // Into a pipe it would write only whole pages.
        let mut child = Command::new(installed("stdbuf")?)
            .arg("-oL")
            .arg(installed("mosquitto_sub")?)
            .args(["-d", "-q", "1", "-h", "127.0.0.1", "-p", &self.eyes.to_string()])
            .args(["-t", filter, "-F", "heard %q %r %x %t"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut lines = BufReader::new(stdout).lines();
        let log: Arc<Log<Heard>> = Arc::default();
        let listener = Listener { child, log: Arc::clone(&log) };
        for line in lines.by_ref() {
            let line = line?;
            if line.starts_with("Subscribed") {
                std::thread::spawn(move || {
                    let heard = lines.map_while(Result::ok).filter_map(|line| parse(&line));
                    heard.for_each(|heard| log.push(heard));
                });
                return Ok(listener);
            }
        }
        Err(io::Error::other("mosquitto_sub did not subscribe"))
    }

    /// Publishes something, as somebody else.
    pub fn publish(&self, topic: &str, payload: &[u8], retain: bool) -> io::Result<()> {
        let mut command = Command::new(installed("mosquitto_pub")?);
        command.args(["-q", "1", "-h", "127.0.0.1", "-p", &self.eyes.to_string(), "-t", topic]);
        if retain {
            command.arg("-r");
        }
        let from = if payload.is_empty() { "-n" } else { "-s" };
        let mut child = command.arg(from).stdin(Stdio::piped()).spawn()?;
        io::Write::write_all(&mut child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?, payload)?;
        match child.wait()?.success() {
            true => Ok(()),
            false => Err(io::Error::other("mosquitto_pub failed")),
        }
    }

    /// What is retained now, by topic.
    pub async fn retained(&self) -> io::Result<Vec<Heard>> {
        const MARK: &str = "the/end/of/what/is/retained";
        let listener = self.listen("#")?;
        // What is retained comes first.
        self.publish(MARK, b"", false)?;
        listener.wait_for(|heard| heard.topic == MARK).await;
        let heard = listener.log.all().into_iter();
        Ok(heard.filter(|heard| heard.retained).collect())
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A subscriber.
pub struct Listener {
    child: Child,
    log: Arc<Log<Heard>>,
}

impl Listener {
    /// Every message that was received.
    pub fn log(&self) -> &Log<Heard> {
        &self.log
    }

    /// The first message that fits; none where it does not come within 20 s.
    pub async fn wait_for(&self, fits: impl Fn(&Heard) -> bool) -> Option<Heard> {
        let mut count = 0;
        loop {
            let all = self.log.all();
            if let Some(heard) = all.iter().find(|heard| fits(heard)) {
                return Some(heard.clone());
            }
            if all.len() < count {
                return None;
            }
            count = all.len() + 1;
            self.log.wait_for(count).await;
        }
    }

    /// The first message on a topic.
    pub async fn on(&self, topic: &str) -> Option<Heard> {
        self.wait_for(|heard| heard.topic == topic).await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The word `heard`, then quality, whether it is retained, the bytes in hexadecimal, the topic.
fn parse(line: &str) -> Option<Heard> {
    let mut words = line.strip_prefix("heard ")?.splitn(4, ' ');
    let (qos, retained, hex) = (words.next()?, words.next()?, words.next()?);
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    Some(Heard {
        topic: words.next()?.to_owned(),
        qos: qos.parse().ok()?,
        retained: retained == "1",
        payload: pairs.map(byte).collect::<Option<_>>()?,
    })
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn free_ports() -> io::Result<(u16, u16)> {
    let (one, two) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    Ok((one.local_addr()?.port(), two.local_addr()?.port()))
}

fn installed(program: &str) -> io::Result<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    let found = folders.iter().map(|folder| Path::new(folder).join(program)).find(|it| it.exists());
    found.ok_or_else(|| {
        io::Error::other(format!("{program} is not installed: ./test.sh installs it"))
    })
}
