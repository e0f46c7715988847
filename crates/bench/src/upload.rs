//! The uploading side: a camera that opens a session for each file, as busybox's ftpput does.
//! It never sends the same file twice, for who has seen one may not want it again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// No server takes so long for an answer, or for more of a file; one that does is stuck.
const ANSWER_SECONDS_MAX: Duration = Duration::from_secs(120);
/// The longest line of an answer.
const LINE_BYTES_MAX: u64 = 1_024;
/// How much is handed over at once.
const STEP_BYTES: usize = 256 * 1024;

/// How a load is put on a server.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Where the server listens.
    pub(crate) address: SocketAddr,
    /// How many files.
    pub(crate) files: u64,
    /// How large each is.
    pub(crate) bytes: u64,
    /// How many sessions at a time, each for one file.
    pub(crate) sessions: usize,
    /// The number of the first file: no two loads share one.
    pub(crate) first: u64,
}

impl Load {
    /// Uploads all files; the time that took. Every file must be taken.
    pub(crate) fn run(self) -> Result<Duration> {
        let next = AtomicU64::new(0);
        let step: Vec<u8> = (0..STEP_BYTES).map(|at| (at % 251) as u8).collect();
        let begun = Instant::now();
        thread::scope(|scope| {
            let cameras: Vec<_> =
                (0..self.sessions).map(|_| scope.spawn(|| self.camera(&next, &step))).collect();
            for camera in cameras {
                camera.join().map_err(|_| anyhow::anyhow!("a camera broke down"))??;
            }
            Ok(begun.elapsed())
        })
    }

    fn camera(self, next: &AtomicU64, step: &[u8]) -> Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.files {
                return Ok(());
            }
            upload(self.address, self.first + number, self.bytes, step)?;
        }
    }
}

/// Logs in, uploads a file, and takes leave.
fn upload(address: SocketAddr, number: u64, bytes: u64, step: &[u8]) -> Result<()> {
    let mut control = Control::open(address)?;
    control.say("USER anonymous", "331")?;
    control.say("PASS camera@example.com", "230")?;
    control.say("TYPE I", "200")?;
    let data = passive(&control.say("PASV", "227")?).context("PASV")?;
    let mut data = TcpStream::connect(data)?;
    data.set_write_timeout(Some(ANSWER_SECONDS_MAX))?;
    control.say(&format!("STOR in/{number}.jpg"), "1")?;
    // A JPEG from its first to its last byte, by its markers: its pixels are not checked.
    let head = [b"\xFF\xD8\xFF\xE0".as_slice(), &number.to_be_bytes()].concat();
    data.write_all(&head)?;
    let mut left = bytes.saturating_sub(head.len() as u64 + 2);
    while left > 0 {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(step.len());
        data.write_all(step.get(..count).unwrap_or_default())?;
        left -= count as u64;
    }
    data.write_all(b"\xFF\xD9")?;
    drop(data);
    control.expect("226")?;
    control.say("QUIT", "221")?;
    Ok(())
}

struct Control(BufReader<TcpStream>);

impl Control {
    fn open(address: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(ANSWER_SECONDS_MAX))?;
        socket.set_write_timeout(Some(ANSWER_SECONDS_MAX))?;
        let mut control = Self(BufReader::new(socket));
        control.expect("220")?;
        Ok(control)
    }

    fn say(&mut self, line: &str, wanted: &str) -> Result<String> {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
        self.expect(wanted).with_context(|| line.to_owned())
    }

    fn expect(&mut self, wanted: &str) -> Result<String> {
        loop {
            let mut line = String::new();
            self.0.by_ref().take(LINE_BYTES_MAX).read_line(&mut line)?;
            if !line.ends_with('\n') {
                bail!("the connection ended, or the answer does not");
            }
            if line.as_bytes().get(3) == Some(&b'-') {
                continue;
            }
            if line.starts_with(wanted) {
                return Ok(line);
            }
            bail!("answered {}", line.trim_end());
        }
    }
}

/// The address in `227 … (h1,h2,h3,h4,p1,p2)`.
pub(crate) fn passive(reply: &str) -> Option<SocketAddr> {
    let inside = reply.split(['(', ')']).nth(1)?;
    let numbers: Vec<u8> = inside.split(',').filter_map(|number| number.parse().ok()).collect();
    let [a, b, c, d, high, low] = numbers.try_into().ok()?;
    Some(SocketAddr::from(([a, b, c, d], u16::from_be_bytes([high, low]))))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_address_of_pasv_is_read() {
        let reply = "227 Entering Passive Mode (127,0,0,1,200,10).\r\n";
        assert_eq!(passive(reply), Some("127.0.0.1:51210".parse().unwrap()));
        for reply in ["227 what", "227 (127,0,0,1,200)", "227 (127,0,0,1,256,1)"] {
            assert_eq!(passive(reply), None, "{reply}");
        }
    }

    /// Serves one session. Returns the name of the file and its bytes; `kept` is the reply after them.
    fn session(listener: &TcpListener, kept: &str) -> (String, Vec<u8>) {
        let (mut control, _) = listener.accept().unwrap();
        let passive = TcpListener::bind("127.0.0.1:0").unwrap();
        let [high, low] = passive.local_addr().unwrap().port().to_be_bytes();
        let mut file = (String::new(), Vec::new());
        control.write_all(b"220-hello\r\n220 here\r\n").unwrap();
        for line in BufReader::new(control.try_clone().unwrap()).lines() {
            // A client that was refused disconnects without QUIT.
            let Ok(line) = line else { break };
            let answer = match line.split(' ').next().unwrap() {
                "USER" => "331 the password".to_owned(),
                "PASS" => "230 in".to_owned(),
                "TYPE" => "200 done".to_owned(),
                "PASV" => format!("227 Entering Passive Mode (127,0,0,1,{high},{low})."),
                "STOR" => {
                    control.write_all(b"150 go on\r\n").unwrap();
                    passive.accept().unwrap().0.read_to_end(&mut file.1).unwrap();
                    file.0 = line;
                    kept.to_owned()
                }
                "QUIT" => "221 bye".to_owned(),
                _ => "500 what?".to_owned(),
            };
            control.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
        }
        file
    }

    fn load(listener: &TcpListener, files: u64, bytes: u64) -> Load {
        Load { address: listener.local_addr().unwrap(), files, bytes, sessions: 2, first: 40 }
    }

    #[test]
    fn files_come_whole_with_the_marks_of_a_jpeg_and_none_is_like_another() {
        let step = STEP_BYTES as u64;
        // The head of 12 bytes and the end of 2, and then around one step.
        for bytes in [14, 15, 300_000, step + 13, step + 14, step + 15] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let load = load(&listener, 3, bytes);
            let server =
                thread::spawn(move || [(); 3].map(|()| session(&listener, "226 kept")).to_vec());
            load.run().unwrap();
            let mut files = server.join().unwrap();
            files.sort();
            let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["STOR in/40.jpg", "STOR in/41.jpg", "STOR in/42.jpg"]);
            let mut contents: Vec<_> = files.into_iter().map(|(_, content)| content).collect();
            for content in &contents {
                assert_eq!(content.len() as u64, bytes);
                assert!(content.starts_with(b"\xFF\xD8\xFF") && content.ends_with(b"\xFF\xD9"));
            }
            contents.sort();
            contents.dedup();
            assert_eq!(contents.len(), 3);
        }
    }

    #[test]
    fn a_file_that_is_not_taken_fails_the_run() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let load = load(&listener, 1, 1_000);
        let server = thread::spawn(move || session(&listener, "451 the disk is full"));
        let error = format!("{:#}", load.run().unwrap_err());
        assert!(error.contains("451 the disk is full"), "{error}");
        server.join().unwrap();
    }

    #[test]
    fn an_answer_longer_than_a_line_may_be_is_not_waited_for() {
        for (bytes, taken) in [(LINE_BYTES_MAX, true), (LINE_BYTES_MAX + 1, false)] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let server = thread::spawn(move || {
                let (mut control, _) = listener.accept().unwrap();
                let text = "x".repeat(usize::try_from(bytes).unwrap() - "220 \r\n".len());
                control.write_all(format!("220 {text}\r\n").as_bytes()).unwrap();
                control
            });
            assert_eq!(Control::open(address).is_ok(), taken, "{bytes}");
            drop(server.join());
        }
    }
}
