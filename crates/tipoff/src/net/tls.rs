//! TLS of all ports: the certificates, and who serves which client.
//!
//! The certificate is the owner's, or one that is made at the first start and kept. Cameras check no names. They need any
//! certificate at all, and the same one every day. Beside one with an elliptic curve is one with an RSA key, for devices
//! that know no curves.

mod accept;
mod alpn;
mod choice;
mod identity;
#[cfg(feature = "legacy-tls")]
mod legacy;
mod own;

use std::fs;
use std::mem::{Discriminant, discriminant};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

pub(crate) use self::accept::TlsPort;
pub(crate) use self::alpn::Alpn;
use self::identity::Identity;
use self::own::OwnRsa;
use super::TlsFault;
use crate::config::{Certificate, Smtp};
use crate::runtime::lock::lock;
use crate::runtime::per_minute::{PerMinute, network};

/// The certificates in use; a renewed one is used from the next handshake on.
pub(crate) struct Tls {
    current: Mutex<Current>,
    /// Handshakes that failed, by address and reason.
    failures: PerMinute<(IpAddr, Discriminant<TlsFault>)>,
}

/// The certificates in use, and when their files were changed.
struct Current {
    loaded: Arc<Loaded>,
    changed: Vec<Option<SystemTime>>,
}

impl Current {
    fn new(loaded: Loaded) -> Self {
        let changed = loaded.changed_at();
        Self { loaded: Arc::new(loaded), changed }
    }
}

/// Certificates that can be used.
pub(crate) struct Loaded {
    files: Files,
    main: Arc<Identity>,
    rsa: RsaCertificate,
    /// OpenSSL with these certificates.
    #[cfg(feature = "legacy-tls")]
    legacy: legacy::LazyContexts,
}

/// Where certificates are loaded from.
#[derive(Clone)]
struct Files {
    main: Certificate,
    /// The owner's RSA certificate.
    rsa: Option<Certificate>,
}

/// The RSA certificate beside the first one.
#[derive(Clone)]
enum RsaCertificate {
    /// There is none: the first one is the owner's, or an RSA certificate itself.
    None,
    /// The owner's.
    Given(Arc<Identity>),
    /// One that Tipoff makes.
    Own(Arc<OwnRsa>),
}

impl Loaded {
    /// The owner's certificate, or the one in the data folder, which is made where there is none that
    /// can be used.
    pub(crate) fn of(settings: &Smtp, data_dir: &Path) -> anyhow::Result<Self> {
        let (main, identity) = match &settings.certificate {
            Some(certificate) => (certificate.clone(), Identity::load(certificate)?),
            None => own::first(data_dir, &settings.host_name)?,
        };
        let rsa = match &settings.rsa_certificate {
            Some(files) => RsaCertificate::Given(load_rsa(files)?),
            None if settings.certificate.is_some() || identity.ability.is_rsa() => {
                RsaCertificate::None
            }
            None => RsaCertificate::Own(Arc::new(OwnRsa::new(data_dir, &settings.host_name))),
        };
        let files = Files { main, rsa: settings.rsa_certificate.clone() };
        Ok(Self::new(files, identity, rsa))
    }

    fn new(files: Files, main: Identity, rsa: RsaCertificate) -> Self {
        Self {
            files,
            main: Arc::new(main),
            rsa,
            #[cfg(feature = "legacy-tls")]
            legacy: legacy::LazyContexts::default(),
        }
    }

    /// The same from the files as they are now.
    fn again(&self) -> anyhow::Result<Self> {
        let rsa = match &self.files.rsa {
            Some(files) => RsaCertificate::Given(load_rsa(files)?),
            None => self.rsa.clone(),
        };
        Ok(Self::new(self.files.clone(), Identity::load(&self.files.main)?, rsa))
    }

    /// The RSA certificate beside the first one, if there is one; made if nobody needed it before.
    async fn rsa(&self) -> Option<Arc<Identity>> {
        match &self.rsa {
            RsaCertificate::None => None,
            RsaCertificate::Given(identity) => Some(Arc::clone(identity)),
            RsaCertificate::Own(own) => own.get().await,
        }
    }

    /// The times of all files; `None` for a file that cannot be read.
    fn changed_at(&self) -> Vec<Option<SystemTime>> {
        let files = [Some(&self.files.main), self.files.rsa.as_ref()].into_iter().flatten();
        let paths = files.flat_map(|files| [&files.chain, &files.key]);
        let changed = |path: &PathBuf| fs::metadata(path).and_then(|file| file.modified()).ok();
        paths.map(changed).collect()
    }
}

/// Loads the owner's RSA certificate.
fn load_rsa(files: &Certificate) -> anyhow::Result<Arc<Identity>> {
    let identity = Identity::load(files)?;
    let key = files.key.display();
    anyhow::ensure!(identity.ability.is_rsa(), "`rsa_certificate` in [smtp]: {key} is no RSA key");
    Ok(Arc::new(identity))
}

impl Tls {
    /// Loads the certificates of the configuration.
    pub(crate) fn load(settings: &Smtp, data_dir: &Path) -> anyhow::Result<Self> {
        let current = Mutex::new(Current::new(Loaded::of(settings, data_dir)?));
        Ok(Self { current, failures: PerMinute::default() })
    }

    /// How often handshakes of this address have failed so since the last line of the log; `None`: it says so already.
    pub(crate) fn failure_due(&self, peer: IpAddr, fault: &TlsFault) -> Option<u64> {
        self.failures.due((network(peer), discriminant(fault)))
    }

    /// Replaces the certificates, from the next handshake on.
    pub(crate) fn replace(&self, loaded: Loaded) {
        *lock(&self.current) = Current::new(loaded);
    }

    /// The certificates for a handshake now.
    fn current(&self) -> Arc<Loaded> {
        let mut current = lock(&self.current);
        let changed = current.loaded.changed_at();
        if changed != current.changed {
            // Looked at once, also where it cannot be used: while only one of the two files has
            // been replaced they do not fit, and the second one changes this again.
            current.changed = changed;
            match current.loaded.again() {
                Ok(loaded) => {
                    current.loaded = Arc::new(loaded);
                    tracing::info!("The renewed certificate is in use.");
                }
                Err(error) => tracing::error!(
                    error = format!("{error:#}"),
                    "The changed certificate cannot be used; the old one stays in use.",
                ),
            }
        }
        Arc::clone(&current.loaded)
    }
}

/// The files of the self-signed certificate in the data folder, which is made where there is none that can be used.
pub(crate) fn own_files(settings: &Smtp, data_dir: &Path) -> anyhow::Result<Certificate> {
    Ok(own::first(data_dir, &settings.host_name)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owners_certificate_that_cannot_be_used_is_an_error_and_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        own::first(folder.path(), "tipoff").unwrap();
        let key = folder.path().join("tls/key.pem");
        fs::write(&key, "").unwrap();
        let chain = folder.path().join("tls/certificate.pem");
        let certificate = Some(Certificate { chain, key: key.clone() });
        let settings = Smtp { certificate, ..crate::testing::config("").smtp };
        let error = Loaded::of(&settings, folder.path()).err().unwrap();
        assert!(format!("{error:#}").contains("cannot read the private key"), "{error:#}");
        assert_eq!(fs::read(key).unwrap(), b"");
    }

    #[test]
    fn an_rsa_certificate_of_the_owner_has_an_rsa_key() {
        let folder = tempfile::tempdir().unwrap();
        let (files, _) = own::first(folder.path(), "tipoff").unwrap();
        let settings = Smtp { rsa_certificate: Some(files), ..crate::testing::config("").smtp };
        let error = Loaded::of(&settings, folder.path()).err().unwrap();
        assert!(error.to_string().contains("is no RSA key"), "{error:#}");
    }
}
