//! A certificate with its key, and the settings of rustls with it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::ServerSessionMemoryCache;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::alpn::Alpn;
use super::choice::Ability;
use crate::config::Certificate;

/// Sessions that a client may take up again (TLS 1.2), for each protocol.
pub(super) const SESSIONS_MAX: usize = 256;

/// What the server proves in a handshake.
pub(super) struct Identity {
    /// What clients it is for.
    pub(super) ability: Ability,
    /// The certificate first, then those that signed it.
    #[cfg(feature = "legacy-tls")]
    pub(super) chain: Vec<CertificateDer<'static>>,
    #[cfg(feature = "legacy-tls")]
    pub(super) key: PrivateKeyDer<'static>,
    smtp: Arc<ServerConfig>,
    ftp: Arc<ServerConfig>,
    ftp_data: Arc<ServerConfig>,
    http: Arc<ServerConfig>,
}

impl Identity {
    /// Loads a certificate and its key, and checks that they belong together.
    pub(super) fn load(files: &Certificate) -> anyhow::Result<Self> {
        let read = |path: &Path| std::fs::read(path);
        let chain = read(&files.chain).with_context(|| no_certificate(files))?;
        let key = read(&files.key).with_context(|| no_key(files))?;
        Self::from_pem(&chain, &key, files)
    }

    /// The same from the contents of the files.
    pub(super) fn from_pem(chain: &[u8], key: &[u8], files: &Certificate) -> anyhow::Result<Self> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .with_context(|| no_certificate(files))?;
        let key = PrivateKeyDer::from_pem_slice(key).with_context(|| no_key(files))?;
        let provider = Arc::new(ring::default_provider());
        #[cfg(feature = "legacy-tls")]
        let (own_chain, own_key) = (chain.clone(), key.clone_key());
        let certified = CertifiedKey::from_der(chain, key, &provider).with_context(|| {
            let (chain, key) = (files.chain.display(), files.key.display());
            format!("the certificate {chain} and the key {key} cannot be used together")
        })?;
        let ability = Ability::of(&*certified.key);
        let mut base = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        // TLS 1.3 sends tickets behind the handshake (RFC 8446, section 4.6.1). A client that only writes never
        // reads them, and closing a socket with unread bytes resets it: what was still on its way is lost
        // (RFC 1122, section 4.2.2.13). Ruby, lftp and libesmtp lost uploads so. TLS 1.2 has none without a
        // ticketer, and resumes sessions all the same.
        base.send_tls13_tickets = 0;
        let with = |base: &ServerConfig, alpn: Alpn| {
            let mut config = base.clone();
            config.alpn_protocols = alpn.names().iter().map(|name| name.to_vec()).collect();
            config
        };
        // A session of one protocol is not taken up by another; FTP's data connections take up that of the control
        // connection.
        let own = |alpn: Alpn| {
            let mut config = with(&base, alpn);
            config.session_storage = ServerSessionMemoryCache::new(SESSIONS_MAX);
            config
        };
        let ftp = own(Alpn::Ftp);
        let ftp_data = Arc::new(with(&ftp, Alpn::FtpData));
        Ok(Self {
            ability,
            #[cfg(feature = "legacy-tls")]
            chain: own_chain,
            #[cfg(feature = "legacy-tls")]
            key: own_key,
            smtp: Arc::new(own(Alpn::Smtp)),
            ftp: Arc::new(ftp),
            ftp_data,
            http: Arc::new(own(Alpn::Http)),
        })
    }

    /// The settings for handshakes of this protocol.
    pub(super) fn config(&self, alpn: Alpn) -> Arc<ServerConfig> {
        Arc::clone(match alpn {
            Alpn::Smtp => &self.smtp,
            Alpn::Ftp => &self.ftp,
            Alpn::FtpData => &self.ftp_data,
            Alpn::Http => &self.http,
        })
    }
}

fn no_certificate(files: &Certificate) -> String {
    format!("cannot read the certificate {}", files.chain.display())
}

fn no_key(files: &Certificate) -> String {
    format!("cannot read the private key {}", files.key.display())
}
