//! TLS 1.0 and 1.1, and the suites of TLS 1.2 that rustls does not have, by OpenSSL.
//!
//! Serves only clients that rustls cannot serve, on ports that allow it. What they send can be read and changed by somebody
//! who is in between and makes an effort.

use std::io;
use std::pin::Pin;

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{
    AlpnError, Ssl, SslAcceptor, SslContext, SslMethod, SslOptions, SslSessionCacheMode,
    SslVersion, select_next_proto,
};
use openssl::x509::X509;
use tokio::sync::OnceCell;
use tokio_openssl::SslStream;

use super::alpn::Alpn;
use super::identity::{Identity, SESSIONS_MAX};
use crate::net::rewound::Rewound;

/// All suites that authenticate the server by its certificate and encrypt. At level 0 OpenSSL also accepts what TLS 1.0
/// cannot do without: signatures with SHA-1 and MD5.
const CIPHERS: &str = "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0";

/// OpenSSL with one certificate, prepared by the first client that needs it.
#[derive(Default)]
pub(super) struct LazyContexts(OnceCell<Contexts>);

/// The settings of OpenSSL for each protocol, each with sessions of its own.
struct Contexts {
    smtp: SslContext,
    /// Data connections take up the session of the control connection.
    ftp: SslContext,
}

impl LazyContexts {
    /// Begins TLS.
    ///
    /// # Errors
    /// The connection failed, or the client and OpenSSL have nothing in common.
    pub(super) async fn accept(
        &self,
        identity: &Identity,
        socket: Rewound,
        alpn: Alpn,
    ) -> io::Result<SslStream<Rewound>> {
        let prepare = async || Contexts::new(identity).map_err(io::Error::other);
        let contexts = self.0.get_or_try_init(prepare).await?;
        let stream = Ssl::new(contexts.of(alpn)).and_then(|ssl| SslStream::new(ssl, socket));
        let mut stream = stream.map_err(io::Error::other)?;
        match Pin::new(&mut stream).accept().await {
            Ok(()) => Ok(stream),
            Err(error) => Err(error.into_io_error().unwrap_or_else(io::Error::other)),
        }
    }
}

impl Contexts {
    fn new(identity: &Identity) -> Result<Self, ErrorStack> {
        Ok(Self { smtp: context(identity, Alpn::Smtp)?, ftp: context(identity, Alpn::FtpData)? })
    }

    fn of(&self, alpn: Alpn) -> &SslContext {
        match alpn {
            Alpn::Ftp | Alpn::FtpData => &self.ftp,
            Alpn::Smtp | Alpn::Http => &self.smtp,
        }
    }
}

/// Settings with this certificate, for the names of this protocol.
fn context(identity: &Identity, alpn: Alpn) -> Result<SslContext, ErrorStack> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.clear_options(SslOptions::NO_TLSV1 | SslOptions::NO_TLSV1_1);
    // No upper limit: a client that speaks TLS 1.3 sees if somebody in between made it come with an older version (RFC
    // 8446, section 4.1.3).
    builder.set_min_proto_version(Some(SslVersion::TLS1))?;
    builder.set_max_proto_version(None)?;
    builder.set_security_level(0);
    builder.set_cipher_list(CIPHERS)?;
    // Tickets behind the handshake lose uploads (see `identity.rs`), and a client that renegotiates again and again costs
    // processor time.
    builder.set_num_tickets(0)?;
    let options = SslOptions::NO_TICKET | SslOptions::NO_RENEGOTIATION;
    builder.set_options(options | SslOptions::CIPHER_SERVER_PREFERENCE);
    builder.set_session_cache_mode(SslSessionCacheMode::SERVER);
    builder.set_session_cache_size(SESSIONS_MAX.try_into().unwrap_or(i32::MAX));
    builder.set_session_id_context(alpn.names().first().copied().unwrap_or_default())?;
    let names: Vec<u8> = alpn.names().iter().flat_map(|name| with_length(name)).collect();
    builder.set_alpn_select_callback(move |_, offered| {
        let name = select_next_proto(&names, offered).ok_or(AlpnError::ALERT_FATAL)?;
        // The name as the client has it, which lives as long as the connection.
        offered.windows(name.len()).find(|part| *part == name).ok_or(AlpnError::ALERT_FATAL)
    });
    let mut chain = identity.chain.iter();
    if let Some(certificate) = chain.next() {
        builder.set_certificate(&*X509::from_der(certificate)?)?;
    }
    for signer in chain {
        builder.add_extra_chain_cert(X509::from_der(signer)?)?;
    }
    builder.set_private_key(&*PKey::private_key_from_der(identity.key.secret_der())?)?;
    Ok(builder.build().into_context())
}

/// A name of ALPN as it is sent (RFC 7301, section 3.1).
fn with_length(name: &[u8]) -> impl Iterator<Item = u8> {
    let length = u8::try_from(name.len()).unwrap_or_default();
    std::iter::once(length).chain(name.iter().copied())
}
