//! `tipoff send`: acts as a camera, and prints what both sides say.
//!
//! The client is written by hand, over a plain connection and without pipelining, as the simplest
//! cameras do: so it can also show what another mail server answers. The configuration only says where to send to.

mod ftp;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use tipoff_model::{Timestamp, plain_error};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::failure::BadUsage;
use super::json::print_json;
use super::{Common, Ending, Failure, block_on, listening, own_url};
use crate::media::test_image;
use crate::runtime::clock::Clock;

/// Time limit for the connection and for each reply.
const REPLY_MAX: Duration = Duration::from_secs(30);
/// The server without `--to` and without a configuration: the default port of `[smtp]` on this machine.
const SMTP: &str = "127.0.0.1:2525";
/// Characters in a line of base64 (RFC 2045, section 6.8).
const BASE64_LINE: usize = 76;
/// The boundary between the parts of the mail. Base64 has no `_`, so a picture never contains it.
const BOUNDARY: &str = "=_tipoff_send";

/// How to act.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Upload by FTP instead of sending a mail
    #[arg(long)]
    ftp: bool,
    /// The server: host and port [default: the Tipoff on this machine]
    #[arg(long, value_name = "HOST:PORT")]
    to: Option<String>,
    /// A picture, or with --ftp any file, to send instead of the one that is drawn
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// With --ftp: the folder that it uploads into
    #[arg(long, default_value = "/", value_name = "FOLDER", requires = "ftp")]
    folder: String,
    /// The address that the camera says it is
    #[arg(long, default_value = "camera@example.com", value_name = "ADDRESS")]
    from: String,
    /// The subject
    #[arg(long, default_value = "Motion detected")]
    subject: String,
    /// Log in as this user
    #[arg(long, requires = "password")]
    user: Option<String>,
    /// The password of the user
    #[arg(long, env = "TIPOFF_SEND_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// Say only how it ended
    #[arg(long)]
    quiet: bool,
    /// For programs: one JSON object, with the server's last reply
    #[arg(long)]
    json: bool,
}

/// Sends one mail with one picture, or uploads a file; says what the server answered.
pub(super) fn run(args: Args, common: &Common, clock: &Clock) -> Ending {
    let to = args.to.clone().unwrap_or_else(|| args.own_server(common));
    let args = &Args { to: Some(to), ..args };
    let (name, bytes) = file(args, clock.now()).map_err(Failure::Failed)?;
    let sent = match args.ftp {
        true => block_on(ftp::send(args, &name, &bytes)),
        false => block_on(send(args, &name, &bytes)),
    };
    let reply = sent?.map_err(Failure::Failed)?;
    if args.json {
        let protocol = if args.ftp { "ftp" } else { "smtp" };
        let sent = Sent { protocol, server: args.server(), name: &name, size: bytes.len(), reply };
        return print_json(&sent).map_err(Failure::Failed);
    }
    println!("The server has taken it: {reply}");
    Ok(())
}

/// What was sent, and what the server said.
#[derive(Serialize)]
struct Sent<'a> {
    protocol: &'static str,
    /// Host and port.
    server: &'a str,
    /// The file's name, and its size in bytes.
    name: &'a str,
    size: usize,
    reply: String,
}

impl Args {
    /// Host and port of the server.
    fn server(&self) -> &str {
        self.to.as_deref().unwrap_or_default()
    }

    /// The first listener of the Tipoff that runs here, else that of the configuration. A configuration that this user
    /// cannot read, or that has faults, is as none.
    fn own_server(&self, common: &Common) -> String {
        let listen = common.load().ok().and_then(|config| {
            let running = listening::look(&config.data_dir);
            match (self.ftp, running) {
                (true, Some(running)) => running.ftp.first().copied(),
                (true, None) => config.ftp.listen.first().map(|it| it.address),
                (false, Some(running)) => running.smtp.first().copied(),
                (false, None) => config.smtp.listen.first().map(|it| it.at.address),
            }
        });
        let default = if self.ftp { ftp::FTP } else { SMTP };
        listen.map_or_else(|| default.to_owned(), |it| own_url::from_here(it).to_string())
    }

    /// Whether the lines of both sides are not printed.
    fn is_quiet(&self) -> bool {
        self.quiet || self.json
    }
}

/// The file to send, with its name.
fn file(args: &Args, now: Timestamp) -> anyhow::Result<(String, Vec<u8>)> {
    Ok(match &args.picture {
        Some(path) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes =
                std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            (name, bytes)
        }
        None => ("test.jpg".to_owned(), test_image::draw(now)?),
    })
}

/// Sends one mail; returns the server's reply to it. The first reply with another code than the expected one ends it.
async fn send(args: &Args, name: &str, picture: &[u8]) -> anyhow::Result<String> {
    let mut camera = Camera::connect(args.server(), args.is_quiet()).await?;
    camera.say("EHLO camera", "250").await?;
    if let (Some(user), Some(password)) = (&args.user, &args.password) {
        let secret = STANDARD.encode(format!("\0{user}\0{password}"));
        camera.say_secretly("AUTH PLAIN ", &secret, "235").await?;
    }
    camera.say(&format!("MAIL FROM:<{}>", args.from), "250").await?;
    camera.say("RCPT TO:<me@example.com>", "250").await?;
    camera.say("DATA", "354").await?;
    let mail = mail(args, name, picture);
    camera.note(&format!("(a mail of {} bytes with {name})", mail.len()));
    camera.socket.write_all(mail.as_bytes()).await?;
    let answer = camera.say(".", "250").await?;
    camera.say("QUIT", "221").await?;
    Ok(answer)
}

/// A mail as cameras write them. No line of it begins with a dot.
fn mail(args: &Args, name: &str, picture: &[u8]) -> String {
    let base64 = STANDARD.encode(picture);
    let mut folded = String::with_capacity(base64.len() + base64.len() / BASE64_LINE * 2);
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(BASE64_LINE));
        folded.push_str(line);
        folded.push_str("\r\n");
        rest = behind;
    }
    let (from, subject) = (&args.from, &args.subject);
    let lines = [
        format!("From: <{from}>"),
        "To: <me@example.com>".to_owned(),
        format!("Subject: {subject}"),
        "MIME-Version: 1.0".to_owned(),
        format!("Content-Type: multipart/mixed; boundary=\"{BOUNDARY}\""),
        String::new(),
        format!("--{BOUNDARY}"),
        "Content-Type: text/plain; charset=utf-8".to_owned(),
        String::new(),
        "This is a test: tipoff send acts as a camera.".to_owned(),
        format!("--{BOUNDARY}"),
        format!("Content-Type: image/jpeg; name=\"{name}\""),
        "Content-Transfer-Encoding: base64".to_owned(),
        format!("Content-Disposition: attachment; filename=\"{name}\""),
        String::new(),
    ];
    format!("{}\r\n{folded}--{BOUNDARY}--\r\n", lines.join("\r\n"))
}

/// Connects, within the time limit. The usual reason of a failure is that no server runs.
async fn connect(to: &str) -> anyhow::Result<TcpStream> {
    let connected = timeout(REPLY_MAX, TcpStream::connect(to)).await;
    let connected = connected.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()));
    connected.map_err(|error| {
        let reason = match error.kind() {
            ErrorKind::InvalidInput => {
                let form = "write HOST:PORT, such as 127.0.0.1:2525";
                return BadUsage(format!("--to: {to:?} is no address with a port: {form}")).into();
            }
            ErrorKind::ConnectionRefused => {
                "nothing listens there: start `tipoff run`, or check the port in --to".to_owned()
            }
            ErrorKind::TimedOut => {
                format!(
                    "no answer within {} s: check the address and the firewall",
                    REPLY_MAX.as_secs()
                )
            }
            _ => format!("{}: check the address in --to", plain_error(error)),
        };
        anyhow::anyhow!("cannot reach {to}: {reason}")
    })
}

/// The camera's side of the session, for SMTP and for FTP's control connection.
struct Camera {
    socket: BufReader<TcpStream>,
    quiet: bool,
}

impl Camera {
    /// Connects and reads the greeting, which begins with 220 in both protocols.
    async fn connect(to: &str, quiet: bool) -> anyhow::Result<Self> {
        let mut camera = Self { socket: BufReader::new(connect(to).await?), quiet };
        let greeting = camera.expect("220").await;
        greeting.map_err(|error| {
            anyhow::anyhow!(
                "{to} does not greet as a server for mail or uploads: {error:#}; check --to"
            )
        })?;
        Ok(camera)
    }

    /// Sends a line and reads the reply, which must begin with `expected`.
    async fn say(&mut self, line: &str, expected: &str) -> anyhow::Result<String> {
        self.note(line);
        self.socket.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.expect(expected).await
    }

    /// The same with a secret behind the line, which is printed as `***`.
    async fn say_secretly(
        &mut self,
        line: &str,
        secret: &str,
        expected: &str,
    ) -> anyhow::Result<String> {
        self.note(&format!("{line}***"));
        self.socket.write_all(format!("{line}{secret}\r\n").as_bytes()).await?;
        self.expect(expected).await
    }

    /// The last line of the reply, which must have this code. A line with `-` behind the code has
    /// others after it (RFC 5321, section 4.2.1; RFC 959, section 4.2).
    async fn expect(&mut self, code: &str) -> anyhow::Result<String> {
        loop {
            let mut line = String::new();
            let read = timeout(REPLY_MAX, self.socket.read_line(&mut line)).await;
            if read.context("the server does not answer")?? == 0 {
                bail!("the server closed the connection");
            }
            let line = line.trim_end();
            if !self.quiet {
                println!("  server: {line}");
            }
            let goes_on = line.as_bytes().get(3) == Some(&b'-');
            if !goes_on && line.starts_with(code) {
                return Ok(line.to_owned());
            }
            if !goes_on {
                bail!("the server said: {line}");
            }
        }
    }

    /// Prints a line of the camera, unless `--quiet` is set.
    fn note(&self, line: &str) {
        if !self.quiet {
            println!("  camera: {line}");
        }
    }
}
