//! The secrets that nodes share: the key that signs links, and the certificate that Tipoff makes for itself. Each node has
//! them in files of its data folder; the database keeps those of the first node, and the others take them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tipoff_spool::{Spool, durable};

use super::signing_key;
use crate::config::Config;
use crate::net::tls;
use crate::runtime::hex::{hex, unhex};

/// Gives the data folder the secrets of all nodes. Without other nodes it keeps its own.
pub(super) async fn agree(spool: &dyn Spool, config: &Config) -> anyhow::Result<()> {
    if !spool.is_shared() {
        return Ok(());
    }
    let folder = &config.data_dir;
    signing_key::load(folder)?;
    agree_on(spool, "secret_link_key", &[folder.join("link.key")]).await?;
    if config.smtp.certificate.is_none() {
        let files = tls::own_files(&config.smtp, folder)?;
        // The key first: a certificate without its key is replaced at the next start.
        agree_on(spool, "secret_certificate", &[files.key, files.chain]).await?;
    }
    Ok(())
}

/// Replaces the contents of these files by those that the nodes agreed on.
async fn agree_on(spool: &dyn Spool, name: &'static str, files: &[PathBuf]) -> anyhow::Result<()> {
    let own: Vec<Vec<u8>> = files.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    let told = own.iter().map(|bytes| hex(bytes)).collect::<Vec<_>>().join(" ");
    let agreed = spool.agree(name, told).await?;
    let agreed: Option<Vec<Vec<u8>>> = agreed.split(' ').map(unhex).collect();
    let agreed = agreed.filter(|agreed| agreed.len() == files.len());
    let agreed = agreed.with_context(|| format!("the database holds no usable {name}"))?;
    for ((path, own), agreed) in files.iter().zip(&own).zip(&agreed) {
        if own != agreed {
            durable::write_private_file(path, agreed)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
