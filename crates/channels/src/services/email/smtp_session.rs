//! One session with a mail server (RFC 5321), over lettre: the connection, TLS, the login, mails. It tracks its step,
//! because the meaning of a reply depends on the step.

use std::fmt::Display;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use tipoff_model::{Scope, Verdict};
use tokio::time::{Instant, timeout};

use super::answer::{MailRefusal, SmtpStep};
use super::server::{Server, StartTls};
use crate::http::{self, CONNECT_TIME, repair};

/// Size of a write to the network, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;
/// Time limit for QUIT. All mails are sent before it.
const QUIT_TIME: Duration = Duration::from_secs(2);

/// Sender of a mail, and the recipients who do not have it yet.
pub(super) struct Envelope<'a> {
    pub(super) from: &'a Address,
    pub(super) to: &'a [Address],
    /// Whether other recipients already have the mail.
    pub(super) is_rest: bool,
}

/// Which recipients the server accepted for a mail.
#[derive(Debug, Default)]
pub(super) struct RecipientResults {
    /// Recipients for whom the server accepted the mail.
    pub(super) served: Vec<Address>,
    /// Recipients to retry, with the reasons.
    pub(super) later: Vec<String>,
    /// Recipients that the server refuses for good, with the reasons.
    pub(super) never: Vec<String>,
}

/// An open session.
pub(super) struct SmtpSession<'a> {
    server: &'a Server,
    connection: AsyncSmtpConnection,
    /// When the current step has to be done. Each mail gets a new one, by its size.
    deadline: Instant,
    /// Size limit of a mail, in bytes. `None` if the server announces none (RFC 1870).
    pub(super) bytes_max: Option<u64>,
    /// Whether the server supports SIZE, so that MAIL FROM may announce the size.
    announces_size: bool,
    /// Whether a mail was sent in this session.
    used: bool,
}

/// The verdict if the server accepts no recipient.
fn of_recipients(verdict: Verdict, is_rest: bool) -> Verdict {
    match (verdict, is_rest) {
        // Other recipients have this alert, so only this message is retried.
        (Verdict::Retry { scope: Scope::Channel, after, error }, true) => {
            Verdict::Retry { scope: Scope::Message, after, error }
        }
        // No mail is delivered until the owner corrects the addresses.
        (Verdict::Refused { error }, false) => repair(format!("{error}: check `to`")),
        (verdict, _) => verdict,
    }
}

impl<'a> SmtpSession<'a> {
    /// Opens a session: connects, encrypts, logs in.
    pub(super) async fn begin(server: &'a Server) -> Result<Self, Verdict> {
        let deadline = Instant::now() + server.time;
        let tls = match server.wrapped {
            true => Some(server.tls()?),
            false => None,
        };
        let address = (server.host.as_str(), server.port);
        let hello = &server.hello;
        let connecting =
            AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT_TIME), hello, tls, None);
        let step = if server.wrapped { SmtpStep::Tls } else { SmtpStep::Greeting };
        let connection = server
            .within(deadline, connecting)
            .await?
            .map_err(|error| server.fault(step, &error))?;
        let mut talk = SmtpSession {
            server,
            connection,
            deadline,
            bytes_max: None,
            announces_size: false,
            used: false,
        };
        talk.encrypt().await?;
        talk.read_size().await?;
        talk.log_in().await?;
        Ok(talk)
    }

    /// Switches to TLS (RFC 3207), if the connection has none and the settings allow it. A login is never sent
    /// without TLS unless the owner set `tls = "never"`.
    async fn encrypt(&mut self) -> Result<(), Verdict> {
        let Server { host, hello, start_tls, login, .. } = self.server;
        if self.server.wrapped || *start_tls == StartTls::Never {
            return Ok(());
        }
        if self.connection.can_starttls() {
            let starting = self.connection.starttls(self.server.tls()?, hello);
            let started = self.server.within(self.deadline, starting).await?;
            return started.map_err(|error| self.server.fault(SmtpStep::Tls, &error));
        }
        match (start_tls, login) {
            (StartTls::Offered, None) => Ok(()),
            _ => Err(repair(format!(
                "{host} offers no TLS (STARTTLS): set `server` to smtps://{host}, or `tls` to \
                 \"never\" if nobody can read along"
            ))),
        }
    }

    /// Repeats EHLO, because lettre does not expose SIZE. A second EHLO is allowed (RFC 5321, section 4.1.4).
    async fn read_size(&mut self) -> Result<(), Verdict> {
        let offers = self.command(SmtpStep::Greeting, Ehlo::new(self.server.hello.clone())).await?;
        let of_size = |line: &str| {
            let mut words = line.split_ascii_whitespace();
            let is_size = words.next().is_some_and(|word| word.eq_ignore_ascii_case("SIZE"));
            is_size.then(|| words.next().and_then(|number| number.parse().ok()))
        };
        let size = offers.message().find_map(of_size);
        self.announces_size = size.is_some();
        // 0 means that there is no limit (RFC 1870, section 3).
        self.bytes_max = size.flatten().filter(|&bytes: &u64| bytes > 0);
        Ok(())
    }

    /// Logs in (RFC 4954), if a login is set. Only by PLAIN and LOGIN.
    async fn log_in(&mut self) -> Result<(), Verdict> {
        let Some(login) = &self.server.login else {
            return Ok(());
        };
        let known = [Mechanism::Plain, Mechanism::Login];
        if self.connection.server_info().get_auth_mechanism(&known).is_none() {
            return Err(repair(format!(
                "{} lets nobody log in by PLAIN or LOGIN here: check its port in `server`, or \
                 remove `user`",
                self.server.host
            )));
        }
        let logging_in = self.connection.auth(&known, login);
        let logged_in = self.server.within(self.deadline, logging_in).await?;
        logged_in.map(drop).map_err(|error| self.server.fault(SmtpStep::Login, &error))
    }

    /// Whether the server accepts a mail with bytes outside ASCII.
    pub(super) fn takes_eight_bit(&self) -> bool {
        self.connection.server_info().supports_feature(Extension::EightBitMime)
    }

    /// Sends a mail to some of its recipients. The mail is delivered to those whom the server accepts, and the
    /// results name the others.
    pub(super) async fn mail(
        &mut self,
        envelope: &Envelope<'_>,
        mail: &[u8],
    ) -> Result<RecipientResults, MailRefusal> {
        let Envelope { from, to, is_rest } = *envelope;
        self.deadline = Instant::now() + self.server.time + http::upload_time(mail.len() as u64);
        if std::mem::replace(&mut self.used, true) {
            // Clears the state that a refused mail leaves behind.
            self.say(SmtpStep::Sender, Rset).await?;
        }
        let mut parameters = Vec::new();
        if self.announces_size {
            parameters.push(MailParameter::Size(mail.len()));
        }
        if !mail.is_ascii() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let sender = Mail::new(Some(from.clone()), parameters);
        self.say(SmtpStep::Sender, sender).await?;
        let mut taken = RecipientResults::default();
        let mut fault = None;
        for address in to {
            match self.reply(Rcpt::new(address.clone(), Vec::new())).await? {
                Ok(_) => taken.served.push(address.clone()),
                Err(error) => {
                    let told = format!("{address}: {}", self.server.said(&error));
                    let list = match error.is_permanent() {
                        true => &mut taken.never,
                        false => &mut taken.later,
                    };
                    list.push(told);
                    let verdict = self.server.fault(SmtpStep::Recipient, &error);
                    // One recipient to retry keeps the mail from being refused for good.
                    if !matches!(&fault, Some(Verdict::Retry { .. })) {
                        fault = Some(verdict);
                    }
                    if self.connection.has_broken() {
                        break;
                    }
                }
            }
        }
        if let (true, Some(verdict)) = (taken.served.is_empty(), fault) {
            return Err(MailRefusal::Verdict(of_recipients(verdict, is_rest)));
        }
        self.say(SmtpStep::Content, Data).await?;
        let sending = self.connection.message_iter(mail.chunks(CHUNK_BYTES));
        let sent =
            self.server.within(self.deadline, sending).await.map_err(MailRefusal::Verdict)?;
        sent.map(|_| taken).map_err(|error| self.server.refusal(SmtpStep::Content, &error))
    }

    /// Sends QUIT.
    pub(super) async fn end(mut self) {
        let _ = timeout(QUIT_TIME, self.connection.quit()).await;
    }

    /// Sends a command. An error reply is a value, because its meaning depends on the caller.
    async fn reply(
        &mut self,
        command: impl Display,
    ) -> Result<Result<Response, Error>, MailRefusal> {
        let replying = self.connection.command(command);
        self.server.within(self.deadline, replying).await.map_err(MailRefusal::Verdict)
    }

    /// Sends a command before the first mail.
    async fn command(
        &mut self,
        step: SmtpStep,
        command: impl Display,
    ) -> Result<Response, Verdict> {
        let replying = self.connection.command(command);
        let reply = self.server.within(self.deadline, replying).await?;
        reply.map_err(|error| self.server.fault(step, &error))
    }

    /// Sends a command about a mail.
    async fn say(
        &mut self,
        step: SmtpStep,
        command: impl Display,
    ) -> Result<Response, MailRefusal> {
        self.reply(command).await?.map_err(|error| self.server.refusal(step, &error))
    }
}
