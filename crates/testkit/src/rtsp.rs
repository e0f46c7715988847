//! A real RTSP server, GStreamer's, which serves a film as a camera does; and a server that refuses every login and
//! counts them.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The script, for Debian's Python, which knows GStreamer.
const SCRIPT: &str = include_str!("rtsp/serve.py");
const PYTHON: &str = "/usr/bin/python3";

/// The way in which a server asks for a login.
#[derive(Clone, Copy, Debug)]
pub enum RtspLogin {
    /// In plain text (RFC 7617).
    Basic,
    /// By a hash (RFC 7616, with MD5).
    Digest,
}

/// A server on a port of its own; it ends with the test.
pub struct RtspServer {
    child: Child,
    port: u16,
}

impl RtspServer {
    /// Serves a QuickTime film with H.264 and G.711 (A-law) at `/live`, to this user and password; to everybody if
    /// the user is empty.
    pub fn start(film: &Path, user: &str, password: &str, login: RtspLogin) -> io::Result<Self> {
        let method = match login {
            RtspLogin::Basic => "basic",
            RtspLogin::Digest => "digest",
        };
        let mut child = Command::new(PYTHON)
            .args(["-c", SCRIPT])
            .arg(film)
            .args([user, password, method])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        BufReader::new(stdout).read_line(&mut line)?;
        let port = line.trim().parse().map_err(|_| {
            io::Error::other("GStreamer's RTSP server did not start: see test.sh for its packages")
        });
        let port = port.inspect_err(|_| drop(child.kill()))?;
        Ok(Self { child, port })
    }

    /// The address of the stream, without its login.
    pub fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/live", self.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for RtspServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that answers every request with 401 and counts those that bring a login.
pub struct RefusingRtspServer {
    port: u16,
    logins: Arc<AtomicUsize>,
}

impl RefusingRtspServer {
    /// Starts it; it runs until the process ends.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let logins = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&logins);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || refuse(stream, &counter));
            }
        });
        Ok(Self { port, logins })
    }

    /// The address of a stream.
    pub fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/live", self.port)
    }

    /// How many requests had a login.
    pub fn logins(&self) -> usize {
        self.logins.load(Ordering::SeqCst)
    }
}

/// Answers the requests of one connection. None has a body.
fn refuse(mut stream: TcpStream, logins: &AtomicUsize) -> io::Result<()> {
    let (mut head, mut byte) = (String::new(), [0]);
    while stream.read(&mut byte)? == 1 {
        head.push(char::from(byte[0]));
        if !head.ends_with("\r\n\r\n") {
            continue;
        }
        if head.contains("\r\nAuthorization:") {
            logins.fetch_add(1, Ordering::SeqCst);
        }
        let number = head.lines().find_map(|line| line.strip_prefix("CSeq: ")).unwrap_or("0");
        let status = if head.starts_with("OPTIONS") { "200 OK" } else { "401 Unauthorized" };
        write!(
            stream,
            "RTSP/1.0 {status}\r\nCSeq: {number}\r\nWWW-Authenticate: Digest realm=\"cam\", nonce=\"1\"\r\n\r\n"
        )?;
        head.clear();
    }
    Ok(())
}
