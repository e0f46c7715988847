//! The certificate that devices are shown: the owner's, or one made at the first start and kept.
//!
//! Cameras check no names; they want any certificate at all, and the same one tomorrow.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::{Certificate, Smtp};

/// The certificate in use; a renewed one is used from the next handshake on.
pub(crate) struct Tls(Mutex<Loaded>);

/// A certificate that can be used.
pub(crate) struct Loaded {
    files: Certificate,
    config: Arc<ServerConfig>,
    /// When the files were changed that it was loaded from.
    changed: [Option<SystemTime>; 2],
}

impl Loaded {
    /// The owner's certificate, or the one in the data folder, which is made where there is none.
    pub(crate) fn of(settings: &Smtp, data_dir: &Path) -> anyhow::Result<Self> {
        let files = match &settings.certificate {
            Some(certificate) => certificate.clone(),
            None => own_certificate(data_dir, &settings.host_name)?,
        };
        let changed = changed_at(&files);
        let config = Arc::new(load(&files)?);
        Ok(Self { files, config, changed })
    }
}

impl Tls {
    /// Loads the certificate of the configuration.
    pub(crate) fn load(settings: &Smtp, data_dir: &Path) -> anyhow::Result<Self> {
        Ok(Self(Mutex::new(Loaded::of(settings, data_dir)?)))
    }

    /// With another one from the next handshake on.
    pub(crate) fn replace(&self, loaded: Loaded) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = loaded;
    }

    /// The settings for a handshake now.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = changed_at(&current.files);
        if changed != current.changed {
            // Looked at once, also where it cannot be used: while only one of the two files has
            // been replaced they do not fit, and the second one changes this again.
            current.changed = changed;
            match load(&current.files) {
                Ok(config) => {
                    current.config = Arc::new(config);
                    tracing::info!("The renewed certificate is in use.");
                }
                Err(error) => tracing::error!(
                    error = format!("{error:#}"),
                    "The changed certificate cannot be used; the old one stays in use.",
                ),
            }
        }
        Arc::clone(&current.config)
    }
}

fn changed_at(files: &Certificate) -> [Option<SystemTime>; 2] {
    [&files.chain, &files.key].map(|path| fs::metadata(path).and_then(|file| file.modified()).ok())
}

fn load(files: &Certificate) -> anyhow::Result<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(&files.chain)
        .and_then(|certificates| certificates.collect::<Result<Vec<_>, _>>())
        .with_context(|| format!("cannot read the certificate {}", files.chain.display()))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .with_context(|| format!("cannot read the private key {}", files.key.display()))?;
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| {
            let (chain, key) = (files.chain.display(), files.key.display());
            format!("the certificate {chain} and the key {key} cannot be used together")
        })
}

/// The self-signed certificate in the data folder, made where there is none.
fn own_certificate(data_dir: &Path, host_name: &str) -> anyhow::Result<Certificate> {
    let folder = data_dir.join("tls");
    let files = Certificate { chain: folder.join("certificate.pem"), key: folder.join("key.pem") };
    if files.chain.exists() && files.key.exists() {
        return Ok(files);
    }
    let make = || -> anyhow::Result<()> {
        fs::create_dir_all(&folder)?;
        let names = vec![host_name.to_owned(), "localhost".to_owned()];
        let mut params = rcgen::CertificateParams::new(names)?;
        params.distinguished_name.push(rcgen::DnType::CommonName, "Tipoff");
        // Old firmware reads no year after 2049 (RFC 5280, section 4.1.2.5.1: UTCTime ends there).
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2049, 12, 31);
        let key = rcgen::KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        write_private(&files.key, key.serialize_pem().as_bytes())?;
        write_private(&files.chain, certificate.pem().as_bytes())?;
        Ok(())
    };
    make().with_context(|| format!("cannot make a certificate in {}", folder.display()))?;
    Ok(files)
}

/// Whole or not at all, and for the owner only.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let temporary = path.with_extension("new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}
