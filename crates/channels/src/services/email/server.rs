//! A mail server as it is configured: its address, TLS, the login, the time limit. One per channel, shared by all
//! its sessions.

use std::sync::OnceLock;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tipoff_model::Verdict;
use tokio::time::{Instant, timeout_at};

use crate::http::{self, Secrets, no_answer, repair};

/// Whether an unencrypted connection switches to TLS (RFC 3207).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartTls {
    /// It must.
    Required,
    /// Where the server offers it.
    Offered,
    /// It does not.
    Never,
}

/// A mail server and how to connect to it.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether the connection is TLS from the start (RFC 8314, section 3.3).
    pub(super) wrapped: bool,
    pub(super) start_tls: StartTls,
    /// Certificates that are trusted besides the system's.
    pub(super) trust: Option<Certificate>,
    /// See [`Self::tls`].
    pub(super) tls: OnceLock<TlsParameters>,
    pub(super) login: Option<Credentials>,
    /// The name in EHLO.
    pub(super) hello: ClientId,
    /// Time limit of a step, without the time that a mail's bytes need.
    pub(super) time: Duration,
    pub(super) secrets: Secrets,
}

impl Server {
    /// Runs `doing`.
    ///
    /// # Errors
    /// The deadline passed first.
    pub(super) async fn within<T>(
        &self,
        deadline: Instant,
        doing: impl Future<Output = T>,
    ) -> Result<T, Verdict> {
        let late = || format!("{} did not answer within {} s", self.host, self.time.as_secs());
        timeout_at(deadline, doing).await.map_err(|_| no_answer(late()))
    }

    /// The TLS parameters. Built once, because that reads all certificates of the machine.
    pub(super) fn tls(&self) -> Result<TlsParameters, Verdict> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let mut builder = TlsParameters::builder(self.host.clone());
        if let Some(trust) = &self.trust {
            builder = builder.add_root_certificate(trust.clone());
        }
        let tls = builder.build().map_err(|error| {
            repair(format!("no TLS: {}: is `trust` a certificate?", http::innermost(&error)))
        })?;
        Ok(self.tls.get_or_init(|| tls).clone())
    }
}
