//! A mail server (RFC 5321): takes what its RFCs allow and nothing else, answers as the test orders at any
//! step, and records the mails that it took.

mod check;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use crate::standin::{Log, lock};

/// The one user, and the password.
pub const USER: &str = "cameras@example.org";
/// The password of [`USER`].
pub const PASSWORD: &str = "pa55-w0rd";

/// A mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// MAIL FROM.
    pub from: String,
    /// The recipients that were taken.
    pub to: Vec<String>,
    /// The parameters of MAIL, as they came.
    pub parameters: Vec<String>,
    /// The mail, without dots that were added for the way.
    pub content: Vec<u8>,
    /// Whether it came by TLS.
    pub tls: bool,
    /// Whether somebody had logged in.
    pub login: bool,
}

/// What the server is like.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether it begins with TLS.
    pub wrapped: bool,
    /// Whether it offers STARTTLS.
    pub start_tls: bool,
    /// Whether only who has logged in may send.
    pub login: bool,
    /// The value of SIZE in the reply to EHLO; `None`: not offered.
    pub size: Option<usize>,
    /// Whether it offers 8BITMIME.
    pub eight_bit: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { wrapped: false, start_tls: true, login: true, size: Some(30 << 20), eight_bit: true }
    }
}

/// A step of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The greeting.
    Greeting,
    /// EHLO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// AUTH.
    Login,
    /// MAIL.
    Sender,
    /// RCPT, of this address.
    Recipient(String),
    /// DATA.
    Data,
    /// The end of the mail.
    End,
}

/// What is done at a step instead of what is usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// This is answered.
    Say(&'static str),
    /// This is answered once; then what is usual is done.
    Once(&'static str),
    /// The connection is closed without an answer.
    Cut,
    /// Nothing is ever answered.
    Hush,
}

/// A running stand-in. Dropping it stops it.
pub struct Email {
    address: SocketAddr,
    certificate: String,
    shared: Arc<Shared>,
    task: AbortHandle,
}

struct Shared {
    options: Options,
    acceptor: TlsAcceptor,
    acts: Mutex<HashMap<Step, Act>>,
    log: Log<Mail>,
}

impl Email {
    /// Starts one.
    pub async fn start(options: Options) -> io::Result<Self> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        let made = made.map_err(io::Error::other)?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.map_err(io::Error::other)?)
            .map_err(io::Error::other)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (acts, log) = Default::default();
        let shared = Arc::new(Shared { options, acceptor, acts, log });
        let serving = serve(listener, Arc::clone(&shared));
        let task = tokio::spawn(serving).abort_handle();
        Ok(Self { address, certificate: made.cert.pem(), shared, task })
    }

    /// The server's address, as a channel's.
    pub fn url(&self) -> String {
        let scheme = if self.shared.options.wrapped { "smtps" } else { "smtp" };
        format!("{scheme}://localhost:{}", self.address.port())
    }

    /// Its own certificate (PEM), in the name of `localhost`.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Does this at that step from now on.
    pub fn act(&self, step: Step, act: Act) {
        lock(&self.shared.acts).insert(step, act);
    }

    /// Does what is usual at every step from now on.
    pub fn behave(&self) {
        lock(&self.shared.acts).clear();
    }

    /// The mails that were taken.
    pub fn log(&self) -> &Log<Mail> {
        &self.shared.log
    }
}

impl Drop for Email {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // A connection that breaks is no fault of the server's.
            let _ = receive(stream, &shared).await;
        });
    }
}

async fn receive(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    if shared.options.wrapped {
        let stream = shared.acceptor.accept(stream).await?;
        return Session::new(stream, shared, true).run(true).await.map(drop);
    }
    let plain = Session::new(stream, shared, false).run(true).await?;
    // What was sent behind STARTTLS in the clear must not be read (RFC 3207, section 6).
    if let Some(stream) = plain {
        let stream = shared.acceptor.accept(stream).await?;
        Session::new(stream, shared, true).run(false).await?;
    }
    Ok(())
}

/// A conversation by one stream.
struct Session<'a, S> {
    stream: BufReader<S>,
    shared: &'a Shared,
    tls: bool,
    greeted: bool,
    login: bool,
    mail: Option<Mail>,
}

/// What follows an answer.
enum Next {
    Command,
    StartTls,
    End,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Session<'a, S> {
    fn new(stream: S, shared: &'a Shared, tls: bool) -> Self {
        let stream = BufReader::new(stream);
        Self { stream, shared, tls, greeted: false, login: false, mail: None }
    }

    /// Runs to its end, or to where TLS begins: then the stream is given back.
    async fn run(mut self, is_new: bool) -> io::Result<Option<S>> {
        if is_new && !self.answer(Step::Greeting, "220 stand-in ESMTP").await? {
            return Ok(None);
        }
        loop {
            let line = self.line().await?;
            match self.command(&line).await? {
                Next::Command => {}
                Next::StartTls => return Ok(Some(self.stream.into_inner())),
                Next::End => return Ok(None),
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        check::command_line(&line).map_err(io::Error::other)
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(format!("{reply}\r\n").as_bytes()).await?;
        self.stream.get_mut().flush().await
    }

    /// Answers as is usual or as was asked for. Whether it was a yes.
    async fn answer(&mut self, step: Step, usual: &str) -> io::Result<bool> {
        let reply = match self.act(&step) {
            None => usual,
            Some(Act::Say(reply) | Act::Once(reply)) => reply,
            Some(Act::Cut) => return Err(io::ErrorKind::ConnectionAborted.into()),
            Some(Act::Hush) => std::future::pending().await,
        };
        self.say(reply).await?;
        Ok(reply.starts_with(['2', '3']))
    }

    fn act(&self, step: &Step) -> Option<Act> {
        let mut acts = lock(&self.shared.acts);
        let act = acts.get(step).copied();
        if let Some(Act::Once(_)) = act {
            acts.remove(step);
        }
        act
    }

    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "EHLO" => self.hello(argument).await?,
            "STARTTLS" if self.shared.options.start_tls && !self.tls => {
                if self.answer(Step::StartTls, "220 go on").await? {
                    return Ok(Next::StartTls);
                }
            }
            "AUTH" => self.log_in(argument).await?,
            "MAIL" => self.sender(argument).await?,
            "RCPT" => self.recipient(argument).await?,
            "DATA" => self.data().await?,
            "RSET" => {
                self.mail = None;
                self.say("250 forgotten").await?;
            }
            "QUIT" => {
                self.say("221 bye").await?;
                return Ok(Next::End);
            }
            _ => self.say("500 5.5.1 no such command").await?,
        }
        Ok(Next::Command)
    }

    async fn hello(&mut self, name: &str) -> io::Result<()> {
        if !check::is_name(name) {
            return self.say("501 5.5.4 no name").await;
        }
        let Options { start_tls, login, size, eight_bit, .. } = self.shared.options;
        let mut offers = vec!["stand-in".to_owned()];
        offers.extend(size.map(|size| format!("SIZE {size}")));
        offers.extend(eight_bit.then(|| "8BITMIME".to_owned()));
        offers.extend((start_tls && !self.tls).then(|| "STARTTLS".to_owned()));
        // Nobody is asked for a password in the clear (RFC 4954, section 4).
        offers.extend((login && self.tls).then(|| "AUTH PLAIN LOGIN".to_owned()));
        let last = offers.pop().unwrap_or_default();
        let reply: String = offers.iter().map(|offer| format!("250-{offer}\r\n")).collect();
        self.greeted = self.answer(Step::Hello, &format!("{reply}250 {last}")).await?;
        self.mail = None;
        Ok(())
    }

    async fn log_in(&mut self, argument: &str) -> io::Result<()> {
        if !self.tls || !self.greeted || self.login {
            return self.say("503 5.5.1 not now").await;
        }
        let right = check::is_plain_login(argument, USER, PASSWORD);
        let usual = if right { "235 2.7.0 welcome" } else { "535 5.7.8 wrong" };
        self.login = self.answer(Step::Login, usual).await?;
        Ok(())
    }

    async fn sender(&mut self, argument: &str) -> io::Result<()> {
        let options = self.shared.options;
        if !self.greeted || self.mail.is_some() {
            return self.say("503 5.5.1 not now").await;
        }
        if options.login && !self.login {
            return self.say("530 5.7.0 who are you").await;
        }
        let read = check::path(argument, "FROM:").and_then(|(from, parameters)| {
            check::parameters(&parameters, options.size, options.eight_bit)?;
            Ok((from, parameters))
        });
        match read {
            Ok((from, parameters)) => {
                if self.answer(Step::Sender, "250 2.1.0 yes").await? {
                    let (tls, login) = (self.tls, self.login);
                    let (to, content) = (Vec::new(), Vec::new());
                    self.mail = Some(Mail { from, to, parameters, content, tls, login });
                }
                Ok(())
            }
            Err(reply) => self.say(reply).await,
        }
    }

    async fn recipient(&mut self, argument: &str) -> io::Result<()> {
        let read = check::path(argument, "TO:");
        let (Ok((to, parameters)), true) = (read, self.mail.is_some()) else {
            return self.say("501 5.5.4 no recipient").await;
        };
        if !parameters.is_empty() {
            return self.say("555 5.5.4 no such parameter").await;
        }
        let taken = self.answer(Step::Recipient(to.clone()), "250 2.1.5 yes").await?;
        if let (true, Some(mail)) = (taken, &mut self.mail) {
            mail.to.push(to);
        }
        Ok(())
    }

    async fn data(&mut self) -> io::Result<()> {
        if self.mail.as_ref().is_none_or(|mail| mail.to.is_empty()) {
            return self.say("554 5.5.1 no recipients").await;
        }
        if !self.answer(Step::Data, "354 go on").await? {
            return Ok(());
        }
        let mut content = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line == b".\r\n" {
                break;
            }
            let stuffed = usize::from(line.starts_with(b"."));
            content.extend(line.into_iter().skip(stuffed));
        }
        let mut mail = self.mail.take();
        let checked = match &mut mail {
            Some(mail) => check::content(&content, &mail.parameters, self.shared.options.size),
            None => Err("503 5.5.1 not now"),
        };
        let usual = checked.err().unwrap_or("250 2.0.0 taken");
        if self.answer(Step::End, usual).await?
            && let Some(mut mail) = mail
        {
            mail.content = content;
            self.shared.log.push(mail);
        }
        Ok(())
    }
}
