//! Connections to the database: one for each transaction, from a pool.
//!
//! Everything has a time limit: getting a connection, a statement, and a network that swallows packets. A connection
//! on which anything but a plain refusal happened is not used again.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use rustls::ClientConfig;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use tokio_postgres::Config;
use tokio_postgres::error::{Error, SqlState};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::PostgresConfig;
use crate::{Result, SpoolError};

/// How long one host may take to accept a connection.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// How long a transaction waits for a free connection.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// How long a new connection may take: of several hosts each is tried.
pub(super) const CREATE_MAX: Duration = Duration::from_secs(10);
/// How long a statement may take. The server ends it, and the client stops waiting a little later; for a commit, which
/// may wait for a standby, only the client does.
const STATEMENT_MAX: Duration = Duration::from_secs(20);
/// How much longer the client waits than the server.
pub(super) const ANSWER_MAX: Duration = STATEMENT_MAX.saturating_add(Duration::from_secs(5));
/// How long the machine of the server may acknowledge nothing, whatever its programs do. Then the connection is broken,
/// and the next one looks for a server that takes writes: the primary may have lost its power or its network.
const SILENT_MAX: Duration = Duration::from_secs(5);
/// Time without data after which the system asks the machine of the server for an acknowledgement.
const IDLE_MAX: Duration = Duration::from_secs(3);
/// Time after which it asks again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// How to connect to the database of `config`.
///
/// # Errors
/// [`SpoolError::Database`] if the URL or the certificates cannot be read. The text has no password.
pub(super) fn settings(config: &PostgresConfig) -> Result<(Config, MakeRustlsConnect)> {
    let mut url: Config = config.url.parse().map_err(|error: Error| unusable(&error))?;
    if url.get_connect_timeout().is_none() {
        url.connect_timeout(CONNECT_MAX);
    }
    url.keepalives_idle(IDLE_MAX).keepalives_interval(ASK_AGAIN).tcp_user_timeout(SILENT_MAX);
    if url.get_application_name().is_none() {
        url.application_name("tipoff");
    }
    let limit = STATEMENT_MAX.as_millis();
    // No statement runs long enough for a compiler of statements to help.
    let options = url.get_options().unwrap_or_default();
    // The server, too, gives up a machine that acknowledges nothing: what a node without power has locked is free again.
    let (silent, idle, again) = (SILENT_MAX.as_millis(), IDLE_MAX.as_secs(), ASK_AGAIN.as_secs());
    let asked = SILENT_MAX.saturating_sub(IDLE_MAX).as_secs();
    url.options(format!(
        "-c client_min_messages=error -c jit=off -c statement_timeout={limit} -c idle_in_transaction_session_timeout={limit} \
         -c tcp_user_timeout={silent} -c tcp_keepalives_idle={idle} -c tcp_keepalives_interval={again} \
         -c tcp_keepalives_count={asked} {options}"
    ));
    Ok((url, MakeRustlsConnect::new(tls(config.ca.as_deref())?)))
}

/// A pool of at most so many connections. Connects to nothing yet.
///
/// # Errors
/// [`SpoolError::Database`] if it cannot be made.
pub(super) fn pool((url, tls): (Config, MakeRustlsConnect), connections: usize) -> Result<Pool> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let timeouts =
        Timeouts { wait: Some(WAIT_MAX), create: Some(CREATE_MAX), recycle: Some(CREATE_MAX) };
    Pool::builder(Manager::from_config(url, tls, recycling))
        .max_size(connections)
        .timeouts(timeouts)
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| SpoolError::Database(error.to_string()))
}

fn unusable(error: &dyn std::error::Error) -> SpoolError {
    SpoolError::Database(format!("the URL of the database cannot be used: {error}"))
}

/// TLS as the URL's `sslmode` asks for it. Certificates are verified by the system's authorities and those of `ca`.
fn tls(ca: Option<&Path>) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |error: &dyn std::error::Error| SpoolError::Database(error.to_string());
    let roots = match ca {
        Some(path) => authorities(path)?,
        None => Vec::new(),
    };
    let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider))
        .map_err(|error| failed(&error))?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?;
    let verified = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    Ok(verified.with_no_client_auth())
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let failed = |error: String| SpoolError::File(format!("{}: {error}", path.display()));
    let pem = fs::read(path).map_err(|error| failed(error.to_string()))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| failed(error.to_string()))?;
    if certificates.is_empty() {
        return Err(failed("there is no certificate in it".to_owned()));
    }
    Ok(certificates)
}

/// A connection, within the time limits.
pub(super) async fn get(pool: &Pool) -> Result<Object> {
    pool.get().await.map_err(|error| match error {
        deadpool_postgres::PoolError::Backend(error) => fault(&error),
        other => SpoolError::Database(format!("no connection to the database: {other}")),
    })
}

/// Closes a connection that may be in any state.
pub(super) fn discard(connection: Object) {
    drop(Object::take(connection));
}

/// What an error of the database means to whoever stores.
pub(super) fn fault(error: &Error) -> SpoolError {
    let Some(refused) = error.as_db_error() else {
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
        return SpoolError::Database(format!("{error}{}", cause.unwrap_or_default()));
    };
    let text = refused.message().to_owned();
    match *refused.code() {
        SqlState::DISK_FULL | SqlState::OUT_OF_MEMORY => SpoolError::Full(text),
        // The last: a row that this transaction has read and names was removed meanwhile.
        SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::LOCK_NOT_AVAILABLE
        | SqlState::FOREIGN_KEY_VIOLATION => SpoolError::Conflict(text),
        _ => SpoolError::Database(text),
    }
}

/// Whether the server refused a statement and the connection can be used again. A server that has become a standby
/// refuses every change: its connections are closed, so that the next one finds the server that takes them.
pub(super) fn is_reusable(error: &Error) -> bool {
    let read_only = [SqlState::READ_ONLY_SQL_TRANSACTION, SqlState::ADMIN_SHUTDOWN];
    !error.is_closed() && error.code().is_some_and(|code| !read_only.contains(code))
}
