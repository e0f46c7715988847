//! The certificates that Tipoff makes for itself and keeps in the data folder: one with a P-256 key at the first start, and
//! one with an RSA key when the first client needs it.
//!
//! Making an RSA key takes half a second or more, and most installations never need one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use getrandom::SysRng;
use rcgen::KeyPair;
use rsa::pkcs8::EncodePrivateKey as _;
use tipoff_spool::durable;

use super::identity::Identity;
use crate::config::Certificate;
use crate::runtime::lock::lock;

/// Size of the RSA key. Old devices may refuse longer ones, new ones shorter ones.
const RSA_BITS: usize = 2048;

/// Which of the two certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    P256,
    Rsa,
}

impl Kind {
    /// Its files in the data folder.
    fn files(self, data_dir: &Path) -> Certificate {
        let folder = data_dir.join("tls");
        let (chain, key) = match self {
            Self::P256 => ("certificate.pem", "key.pem"),
            Self::Rsa => ("rsa-certificate.pem", "rsa-key.pem"),
        };
        Certificate { chain: folder.join(chain), key: folder.join(key) }
    }

    fn make_key(self) -> anyhow::Result<KeyPair> {
        match self {
            Self::P256 => Ok(KeyPair::generate()?),
            Self::Rsa => {
                let key = rsa::PrivateKey::new(&mut SysRng, RSA_BITS)?;
                Ok(KeyPair::try_from(key.to_pkcs8_der()?.as_bytes())?)
            }
        }
    }
}

/// The certificate of the first start, made where there is none that can be used, and its files.
pub(super) fn first(data_dir: &Path, host_name: &str) -> anyhow::Result<(Certificate, Identity)> {
    let files = Kind::P256.files(data_dir);
    if let Some(identity) = kept(&files) {
        return Ok((files, identity));
    }
    let made = Pem::make(Kind::P256, host_name).and_then(|pem| {
        pem.write(&files)?;
        Identity::load(&files)
    });
    let folder = data_dir.join("tls");
    let made = made.with_context(|| format!("cannot make a certificate in {}", folder.display()));
    Ok((files, made?))
}

/// The certificate that these files have, if it can be used.
fn kept(files: &Certificate) -> Option<Identity> {
    if [&files.chain, &files.key].into_iter().all(|path| path.symlink_metadata().is_err()) {
        return None;
    }
    match Identity::load(files) {
        Ok(identity) => Some(identity),
        // A power cut may have left it torn, or only one of the two. Without any, nothing starts.
        Err(error) => {
            tracing::warn!(
                error = format!("{error:#}"),
                "Tipoff's own certificate cannot be used; it makes a new one. Where a device was told to \
                 trust the old one, let it trust the new one.",
            );
            None
        }
    }
}

/// A certificate and its key, as files contain them.
struct Pem {
    chain: String,
    key: String,
}

impl Pem {
    /// Makes a self-signed certificate.
    fn make(kind: Kind, host_name: &str) -> anyhow::Result<Self> {
        let names = vec![host_name.to_owned(), "localhost".to_owned()];
        let mut params = rcgen::CertificateParams::new(names)?;
        params.distinguished_name.push(rcgen::DnType::CommonName, "Tipoff");
        // Old firmware reads no year after 2049 (RFC 5280, section 4.1.2.5.1: UTCTime ends there).
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2049, 12, 31);
        let key = kind.make_key()?;
        let certificate = params.self_signed(&key)?;
        Ok(Self { chain: certificate.pem(), key: key.serialize_pem() })
    }

    /// Writes the files. The key is written first: a certificate without its key is replaced at the next start.
    fn write(&self, files: &Certificate) -> anyhow::Result<()> {
        if let Some(folder) = files.key.parent() {
            durable::make_private_folder(folder)?;
        }
        durable::write_private_file(&files.key, self.key.as_bytes())?;
        durable::write_private_file(&files.chain, self.chain.as_bytes())?;
        Ok(())
    }
}

/// The RSA certificate, once it is loaded or made; `None` if it cannot be made.
type Making = Shared<BoxFuture<'static, Option<Arc<Identity>>>>;

/// The RSA certificate, which is loaded or made when the first client needs it.
pub(super) struct OwnRsa {
    data_dir: PathBuf,
    host_name: String,
    /// Begun by the first client that needs it.
    making: Mutex<Option<Making>>,
}

impl OwnRsa {
    /// An RSA certificate that nobody has needed yet.
    pub(super) fn new(data_dir: &Path, host_name: &str) -> Self {
        let (data_dir, host_name) = (data_dir.to_owned(), host_name.to_owned());
        Self { data_dir, host_name, making: Mutex::new(None) }
    }

    /// The certificate. It is made once, also if many clients ask at the same time, and if the client that asked first
    /// gives up meanwhile. `None` if it cannot be made; this has been logged.
    pub(super) async fn get(&self) -> Option<Arc<Identity>> {
        let making = lock(&self.making).get_or_insert_with(|| self.begin()).clone();
        making.await
    }

    /// Begins to load or make it, on a thread for such work. The work goes on if nobody waits for it.
    fn begin(&self) -> Making {
        let (data_dir, host_name) = (self.data_dir.clone(), self.host_name.clone());
        let work = tokio::task::spawn_blocking(move || load_or_make(&data_dir, &host_name));
        let made = work.map(|done| match done.map_err(anyhow::Error::from).flatten() {
            Ok(identity) => Some(Arc::new(identity)),
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "An RSA certificate for old devices cannot be made.",
                );
                None
            }
        });
        made.boxed().shared()
    }
}

/// The RSA certificate in the data folder, made where there is none that can be used.
fn load_or_make(data_dir: &Path, host_name: &str) -> anyhow::Result<Identity> {
    let files = Kind::Rsa.files(data_dir);
    if let Some(identity) = kept(&files) {
        return Ok(identity);
    }
    let pem = Pem::make(Kind::Rsa, host_name)?;
    match pem.write(&files) {
        Ok(()) => {
            let file = files.chain.display().to_string();
            tracing::info!(file, "A device needs an RSA certificate; Tipoff has made one.");
        }
        // Devices are served all the same; the next start makes another one.
        Err(error) => tracing::warn!(
            error = format!("{error:#}"),
            "The RSA certificate for old devices could not be written; it is in use until the program ends.",
        ),
    }
    Identity::from_pem(pem.chain.as_bytes(), pem.key.as_bytes(), &files)
}

#[cfg(test)]
mod tests;
