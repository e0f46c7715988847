//! Starts the real program in a folder of its own, on free ports, and stops it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::failure;

/// No condition takes longer than this, unless it will never come.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A small picture that decoders take.
pub const PICTURE: &[u8] = include_bytes!("picture.jpg");

/// Waits for a condition, never for a time.
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A folder with a configuration and the data of one server, over its starts and stops.
pub struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    /// With this configuration, to which free ports and a data folder are added.
    pub fn new(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Self { folder };
        home.configure(configuration);
        home
    }

    /// Changes the configuration for the next start.
    pub fn configure(&self, configuration: &str) {
        let data = self.data_dir();
        let mut file = format!("data_dir = {:?}\n", data.to_str().unwrap());
        if !configuration.contains("[http]") {
            file.push_str("http.listen = \"127.0.0.1:0\"\n");
        }
        if !configuration.contains("[smtp]") {
            file.push_str("smtp.listen = [\"127.0.0.1:0\"]\n");
        }
        if !configuration.contains("[ftp]") {
            file.push_str("ftp.listen = [\"127.0.0.1:0\"]\n");
        }
        file.push_str(configuration);
        std::fs::write(self.file("tipoff.toml"), file).unwrap();
    }

    pub fn data_dir(&self) -> PathBuf {
        self.file("data")
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file with these bytes; its path.
    pub fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The program with this home's configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tipoff"));
        command
            .arg("--config")
            .arg(self.file("tipoff.toml"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("TIPOFF_TELEGRAM_TOKEN")
            .env_remove("TIPOFF_TELEGRAM_CHAT")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command
    }

    /// Runs a subcommand that must succeed; what it printed.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        succeeded(&output);
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a subcommand that prints JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(arguments)).unwrap()
    }

    /// All incidents, the newest first.
    pub fn incidents(&self) -> Vec<Value> {
        let list = self.json(&["incidents", "list", "--limit", "100000", "--json"]);
        list.as_array().unwrap().clone()
    }

    /// One incident with all that belongs to it.
    pub fn incident(&self, number: i64) -> Value {
        self.json(&["incidents", "show", &number.to_string(), "--json"])
    }

    /// Starts the server and waits until it is ready.
    pub fn start(&self) -> Server {
        Server::start(self.command(&["run"]))
    }
}

/// Says what a failed program said.
pub fn succeeded(output: &Output) {
    assert!(
        output.status.success(),
        "{}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

/// A running server.
pub struct Server {
    child: Child,
    /// The ports that it said it listens on, in the order of the configuration.
    pub smtp: Vec<SocketAddr>,
    pub ftp: Vec<SocketAddr>,
    pub http: SocketAddr,
    /// Listeners of `[alarm]`: those that speak HTTP, and those that take frames.
    pub alarms: Vec<SocketAddr>,
    pub framed: Vec<SocketAddr>,
    /// All that it printed at its start.
    pub said: String,
    /// Where it said its dashboard is.
    pub dashboard: String,
    /// The program and its first arguments, which name the configuration.
    beside: Vec<std::ffi::OsString>,
    log: Arc<Mutex<String>>,
}

impl Server {
    pub fn start(command: Command) -> Self {
        let log = Arc::new(Mutex::new(String::new()));
        let log_of_reader = Arc::clone(&log);
        let (reader, writer) = std::io::pipe().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(reader).lines() {
                let Ok(line) = line else { return };
                let mut log = log_of_reader.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self::start_with(command, writer.into(), log)
    }

    /// With this as its standard error, which is for the caller to read, or not to.
    pub fn start_logging_to(command: Command, stderr: Stdio) -> Self {
        Self::start_with(command, stderr, Arc::default())
    }

    fn start_with(mut command: Command, stderr: Stdio, log: Arc<Mutex<String>>) -> Self {
        failure::note_panics();
        let arguments = command.get_args().take_while(|argument| *argument != "run");
        let beside = [command.get_program()].into_iter().chain(arguments);
        let beside = beside.map(std::ffi::OsStr::to_owned).collect();
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        // It holds the other end of a pipe.
        drop(command);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut smtp, mut ftp, mut http) = (Vec::new(), Vec::new(), None);
        let (mut said, mut dashboard) = (String::new(), String::new());
        let (mut alarms, mut framed) = (Vec::new(), Vec::new());
        // A host name, or none, is this machine in tests.
        let here = IpAddr::from(Ipv4Addr::LOCALHOST);
        let (mut host, mut is_ftp) = (here.to_string(), false);
        for line in lines.by_ref() {
            let line = line.unwrap();
            said += &line;
            said.push('\n');
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [protocol, "server", address] => {
                    host = (*address).to_owned();
                    is_ftp = *protocol == "FTP";
                }
                ["port", port] => {
                    let address =
                        SocketAddr::new(host.parse().unwrap_or(here), port.parse().unwrap());
                    if is_ftp { &mut ftp } else { &mut smtp }.push(address);
                }
                ["address", url] => {
                    let address = url.trim_start_matches("http://").trim_end_matches("/h");
                    alarms.extend(address.parse::<SocketAddr>());
                }
                ["XMEye", address] => framed.push(address.parse().unwrap()),
                ["Dashboard", url, ..] => dashboard = (*url).to_owned(),
                ["Health", url] => {
                    let port = url.split(':').nth(2).unwrap().split('/').next().unwrap();
                    http = Some(format!("127.0.0.1:{port}").parse().unwrap());
                }
                ["Try", ..] => break,
                _ => {}
            }
        }
        // What it prints later is not read, but must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        let log_now = log.lock().unwrap().clone();
        assert!(!smtp.is_empty(), "the server did not start:\n{log_now}");
        let http = http.unwrap_or_else(|| "127.0.0.1:1".parse().unwrap());
        // The first one is the HTTP port.
        alarms.retain(|it| *it != http);
        Self { child, smtp, ftp, http, alarms, framed, said, dashboard, beside, log }
    }

    /// A link that sets the password of the dashboard, as the command prints it.
    pub fn setup_link(&self) -> String {
        let mut command = Command::new(&self.beside[0]);
        command.args(&self.beside[1..]).args(["password", "--link"]).stdin(Stdio::null());
        let output = command.output().unwrap();
        succeeded(&output);
        String::from_utf8(output.stdout).unwrap().trim().replace(
            // The command knows the configuration only, in which the port is free to choose.
            "127.0.0.1:0",
            &self.http.to_string(),
        )
    }

    /// The first SMTP port.
    pub fn port(&self) -> String {
        self.smtp[0].port().to_string()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Dies at once, as by a power cut, while others still talk to it.
    pub fn kill_now(&self) {
        let sent = Command::new("kill").args(["-9", &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        let sent = Command::new("kill").arg(self.pid().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end; whether it was a good one.
    pub fn wait(mut self) -> bool {
        let child = &mut self.child;
        wait_for("the server's end", || child.try_wait().unwrap()).success()
    }

    /// Asks it to end and sees that it does, well.
    pub fn stop(self) {
        self.terminate();
        let log = Arc::clone(&self.log);
        assert!(self.wait(), "{}", log.lock().unwrap());
    }

    /// The body of a GET on the HTTP port, which must be answered with 200.
    pub fn get(&self, path: &str) -> String {
        String::from_utf8(self.get_bytes(path)).unwrap()
    }

    /// The same for what is no text.
    pub fn get_bytes(&self, path: &str) -> Vec<u8> {
        let mut socket = TcpStream::connect(self.http).unwrap();
        write!(socket, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        answer.split_off(end + 4)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- the server's log\n{}", self.log());
            eprintln!("--- why the test failed\n{}", failure::reasons().join("\n"));
        }
    }
}

/// A hand-made client of SMTP, and of FTP's control connection, for what real ones never do.
pub struct Client {
    socket: BufReader<TcpStream>,
}

impl Client {
    /// Connects and hears the greeting.
    pub fn connect(address: SocketAddr) -> Self {
        let mut client = Self::silent(address);
        assert!(client.hear().starts_with("220 "));
        client
    }

    /// Connects from this address and hears the greeting.
    pub fn connect_from(from: &str, address: SocketAddr) -> Self {
        Self::over(crate::camera::connect_from(from, address))
    }

    /// Connects and hears nothing.
    pub fn silent(address: SocketAddr) -> Self {
        Self::silently_over(TcpStream::connect(address).unwrap())
    }

    /// Hears the greeting of this connection.
    pub fn over(socket: TcpStream) -> Self {
        let mut client = Self::silently_over(socket);
        let greeting = client.hear();
        assert!(greeting.starts_with("220 "), "{greeting}");
        client
    }

    /// The same without hearing anything.
    pub fn silently_over(socket: TcpStream) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket: BufReader::new(socket) }
    }

    /// The last line of the next reply; empty at the end.
    pub fn hear(&mut self) -> String {
        loop {
            let mut line = String::new();
            if self.socket.read_line(&mut line).unwrap_or(0) == 0 {
                return String::new();
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.trim_end().to_owned();
            }
        }
    }

    /// The next reply, if it is there already.
    pub fn hear_now(&mut self) -> Option<String> {
        self.socket.get_ref().set_nonblocking(true).unwrap();
        let is_there = self.socket.fill_buf().is_ok_and(|bytes| !bytes.is_empty());
        self.socket.get_ref().set_nonblocking(false).unwrap();
        is_there.then(|| self.hear())
    }

    /// All lines up to the one that begins so.
    pub fn until(&mut self, last: &str) -> String {
        let mut lines = String::new();
        loop {
            let before = lines.len();
            assert!(self.socket.read_line(&mut lines).unwrap() > 0, "{lines}");
            if lines[before..].starts_with(last) {
                return lines;
            }
        }
    }

    /// Says a line and hears the reply.
    pub fn say(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes());
        self.hear()
    }

    /// Says a line whose reply must have this code.
    pub fn must(&mut self, line: &str, code: &str) {
        let reply = self.say(line);
        assert!(reply.starts_with(code), "{line}: {reply}");
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.socket.get_mut().write_all(bytes).unwrap();
    }

    /// Says all up to the reply to DATA.
    pub fn begin(&mut self, from: &str) {
        self.must("EHLO camera", "250");
        self.must(&format!("MAIL FROM:<{from}>"), "250");
        self.must("RCPT TO:<me@example.com>", "250");
        self.must("DATA", "354");
    }
}

/// Sends a whole mail over a connection of its own; the reply to its end.
pub fn send(address: SocketAddr, from: &str, mail: &[u8]) -> String {
    let mut client = Client::connect(address);
    client.begin(from);
    client.send(mail);
    let reply = client.say(".");
    client.say("QUIT");
    reply
}

/// A mail as a camera writes it, with these pictures.
pub fn mail(subject: &str, pictures: &[&[u8]]) -> Vec<u8> {
    use base64::Engine as _;
    let mut mail = format!(
        "From: <camera@example.com>\r\nTo: <me@example.com>\r\nSubject: {subject}\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"part\"\r\n\r\n\
         --part\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSomething moved.\r\n",
    );
    for (number, picture) in (1..).zip(pictures) {
        mail.push_str(&format!(
            "--part\r\nContent-Type: image/jpeg; name=\"{number}.jpg\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n",
        ));
        let base64 = base64::engine::general_purpose::STANDARD.encode(picture);
        for line in base64.as_bytes().chunks(76) {
            mail.push_str(std::str::from_utf8(line).unwrap());
            mail.push_str("\r\n");
        }
    }
    mail.push_str("--part--\r\n");
    mail.into_bytes()
}

/// Whether a program is there; the tests that need one say so when it is missing.
pub fn require(program: &str) -> PathBuf {
    let folders = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    folders
        .split(':')
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{program} is not installed: ./test.sh installs it"))
}
