//! The certificate of all ports: the owner's, or one that is made at the first start and kept.
//!
//! Cameras check no names. They need any certificate at all, and the same one every day.

use std::fs;
use std::mem::{Discriminant, discriminant};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::ServerSessionMemoryCache;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tipoff_spool::durable;

use super::TlsFault;
use crate::config::{Certificate, Smtp};
use crate::runtime::lock::lock;
use crate::runtime::per_minute::{PerMinute, network};

/// Sessions that a client may take up again (TLS 1.2), for each protocol.
const SESSIONS_MAX: usize = 256;

/// The protocol that a port speaks inside of TLS (ALPN, RFC 7301). A client that names only others is refused: what a
/// browser was led to send here by somebody else's page must not be taken for SMTP or FTP (alpaca-attack.com). Clients
/// that name none, as nearly all devices, are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alpn {
    /// No name is registered for SMTP; this is the one that would be.
    Smtp,
    /// FTP's control connection.
    Ftp,
    /// FTP's data connections; FileZilla calls them so.
    FtpData,
    /// The HTTP port.
    Http,
}

impl Alpn {
    /// The names in IANA's list of "ALPN protocol IDs", and those in use.
    const fn names(self) -> &'static [&'static [u8]] {
        match self {
            Self::Smtp => &[b"smtp"],
            Self::Ftp => &[b"ftp"],
            Self::FtpData => &[b"ftp-data", b"ftp"],
            Self::Http => &[b"http/1.1", b"http/1.0"],
        }
    }
}

/// The settings for handshakes with one certificate.
struct Configs {
    smtp: Arc<ServerConfig>,
    ftp: Arc<ServerConfig>,
    ftp_data: Arc<ServerConfig>,
    http: Arc<ServerConfig>,
}

impl Configs {
    fn new(base: ServerConfig) -> Self {
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
        let (smtp, http) = (Arc::new(own(Alpn::Smtp)), Arc::new(own(Alpn::Http)));
        Self { smtp, ftp: Arc::new(ftp), ftp_data, http }
    }

    fn of(&self, alpn: Alpn) -> &Arc<ServerConfig> {
        match alpn {
            Alpn::Smtp => &self.smtp,
            Alpn::Ftp => &self.ftp,
            Alpn::FtpData => &self.ftp_data,
            Alpn::Http => &self.http,
        }
    }
}

/// The certificate in use; a renewed one is used from the next handshake on.
pub(crate) struct Tls {
    loaded: Mutex<Loaded>,
    /// Handshakes that failed, by address and reason.
    failures: PerMinute<(IpAddr, Discriminant<TlsFault>)>,
}

/// A certificate that can be used.
pub(crate) struct Loaded {
    files: Certificate,
    configs: Configs,
    /// When the files were changed that it was loaded from.
    changed: [Option<SystemTime>; 2],
}

impl Loaded {
    /// The owner's certificate, or the one in the data folder, which is made where there is none that
    /// can be used.
    pub(crate) fn of(settings: &Smtp, data_dir: &Path) -> anyhow::Result<Self> {
        let (files, config) = match &settings.certificate {
            Some(certificate) => (certificate.clone(), load(certificate)?),
            None => own_certificate(data_dir, &settings.host_name)?,
        };
        let changed = changed_at(&files);
        Ok(Self { files, configs: Configs::new(config), changed })
    }
}

impl Tls {
    /// Loads the certificate of the configuration.
    pub(crate) fn load(settings: &Smtp, data_dir: &Path) -> anyhow::Result<Self> {
        let loaded = Mutex::new(Loaded::of(settings, data_dir)?);
        Ok(Self { loaded, failures: PerMinute::default() })
    }

    /// How often handshakes of this address have failed so since the last line of the log; `None`: it says so already.
    pub(crate) fn failure_due(&self, peer: IpAddr, fault: &TlsFault) -> Option<u64> {
        self.failures.due((network(peer), discriminant(fault)))
    }

    /// Replaces the certificate, from the next handshake on.
    pub(crate) fn replace(&self, loaded: Loaded) {
        *lock(&self.loaded) = loaded;
    }

    /// The settings for a handshake now.
    pub(crate) fn config(&self, alpn: Alpn) -> Arc<ServerConfig> {
        let mut current = lock(&self.loaded);
        let changed = changed_at(&current.files);
        if changed != current.changed {
            // Looked at once, also where it cannot be used: while only one of the two files has
            // been replaced they do not fit, and the second one changes this again.
            current.changed = changed;
            match load(&current.files) {
                Ok(config) => {
                    current.configs = Configs::new(config);
                    tracing::info!("The renewed certificate is in use.");
                }
                Err(error) => tracing::error!(
                    error = format!("{error:#}"),
                    "The changed certificate cannot be used; the old one stays in use.",
                ),
            }
        }
        Arc::clone(current.configs.of(alpn))
    }
}

/// The times of both files; `None` for a file that cannot be read.
fn changed_at(files: &Certificate) -> [Option<SystemTime>; 2] {
    [&files.chain, &files.key].map(|path| fs::metadata(path).and_then(|file| file.modified()).ok())
}

/// Loads a certificate and its key, and checks that they belong together.
fn load(files: &Certificate) -> anyhow::Result<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(&files.chain)
        .and_then(|certificates| certificates.collect::<Result<Vec<_>, _>>())
        .with_context(|| format!("cannot read the certificate {}", files.chain.display()))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .with_context(|| format!("cannot read the private key {}", files.key.display()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| {
            let (chain, key) = (files.chain.display(), files.key.display());
            format!("the certificate {chain} and the key {key} cannot be used together")
        })?;
    // TLS 1.3 sends tickets behind the handshake (RFC 8446, section 4.6.1). A client that only writes never
    // reads them, and closing a socket with unread bytes resets it: what was still on its way is lost
    // (RFC 1122, section 4.2.2.13). Ruby, lftp and libesmtp lost uploads so. TLS 1.2 has none without a
    // ticketer, and resumes sessions all the same.
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// The files of the self-signed certificate in the data folder, which is made where there is none that can be used.
pub(crate) fn own_files(settings: &Smtp, data_dir: &Path) -> anyhow::Result<Certificate> {
    Ok(own_certificate(data_dir, &settings.host_name)?.0)
}

/// The self-signed certificate in the data folder, made where there is none that can be used.
fn own_certificate(
    data_dir: &Path,
    host_name: &str,
) -> anyhow::Result<(Certificate, ServerConfig)> {
    let folder = data_dir.join("tls");
    let files = Certificate { chain: folder.join("certificate.pem"), key: folder.join("key.pem") };
    if [&files.chain, &files.key].into_iter().any(|path| path.symlink_metadata().is_ok()) {
        match load(&files) {
            Ok(config) => return Ok((files, config)),
            // A power cut may have left it torn, or only one of the two. Without any, nothing starts.
            Err(error) => tracing::warn!(
                error = format!("{error:#}"),
                "Tipoff's own certificate cannot be used; it makes a new one. Where a device was told to \
                 trust the old one, let it trust the new one.",
            ),
        }
    }
    make_certificate(&files, host_name)
        .with_context(|| format!("cannot make a certificate in {}", folder.display()))?;
    let config = load(&files)?;
    Ok((files, config))
}

/// Makes a self-signed certificate. The key is written first: a certificate without its key is replaced at the next start.
fn make_certificate(files: &Certificate, host_name: &str) -> anyhow::Result<()> {
    if let Some(folder) = files.key.parent() {
        durable::make_private_folder(folder)?;
    }
    let names = vec![host_name.to_owned(), "localhost".to_owned()];
    let mut params = rcgen::CertificateParams::new(names)?;
    params.distinguished_name.push(rcgen::DnType::CommonName, "Tipoff");
    // Old firmware reads no year after 2049 (RFC 5280, section 4.1.2.5.1: UTCTime ends there).
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2049, 12, 31);
    let key = rcgen::KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    durable::write_private_file(&files.key, key.serialize_pem().as_bytes())?;
    durable::write_private_file(&files.chain, certificate.pem().as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn own(data_dir: &Path) -> anyhow::Result<(String, String)> {
        let (files, _) = own_certificate(data_dir, "tipoff")?;
        Ok((fs::read_to_string(files.chain)?, fs::read_to_string(files.key)?))
    }

    #[test]
    fn a_certificate_of_our_own_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let made = own(folder.path()).unwrap();
        assert_eq!(own(folder.path()).unwrap(), made);
        for name in ["tls/key.pem", "tls/certificate.pem"] {
            let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_certificate_of_our_own_that_a_power_cut_has_damaged_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        own(other.path()).unwrap();
        own(folder.path()).unwrap();
        for name in ["tls/key.pem", "tls/certificate.pem"] {
            let (path, other) = (folder.path().join(name), other.path().join(name));
            let whole = fs::read(&path).unwrap();
            let half = whole[..whole.len() / 2].to_vec();
            let zeros = vec![0; whole.len()];
            // Also one that is of another time than the other, and one that is missing.
            for damaged in [vec![], half, zeros, fs::read(&other).unwrap(), b"gone".to_vec()] {
                let before = own(folder.path()).unwrap();
                fs::write(&path, &damaged).unwrap();
                if damaged == b"gone" {
                    fs::remove_file(&path).unwrap();
                }
                let after = own(folder.path()).unwrap();
                assert_ne!(after, before, "{name}");
                assert_eq!(own(folder.path()).unwrap(), after, "{name}");
            }
        }
    }

    #[test]
    fn the_owners_certificate_that_cannot_be_used_is_an_error_and_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        own(folder.path()).unwrap();
        let key = folder.path().join("tls/key.pem");
        fs::write(&key, "").unwrap();
        let chain = folder.path().join("tls/certificate.pem");
        let certificate = Some(Certificate { chain, key: key.clone() });
        let settings = Smtp { certificate, ..crate::testing::config("").smtp };
        let error = Loaded::of(&settings, folder.path()).err().unwrap();
        assert!(format!("{error:#}").contains("cannot read the private key"), "{error:#}");
        assert_eq!(fs::read(key).unwrap(), b"");
    }
}
