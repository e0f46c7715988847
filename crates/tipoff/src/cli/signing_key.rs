//! The key that signs links to stored files: `link.key` in the data folder.
//!
//! Only a server reads it. It is replaced only if it is damaged, because links in alerts that were
//! sent must stay valid.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;
use tipoff_spool::durable;

/// Size of the key in bytes.
const KEY_BYTES: usize = 32;

/// Reads the key, or creates one if there is none that can be used. With a new key the links that
/// were sent before no longer open.
pub(super) fn load(data_dir: &Path) -> anyhow::Result<[u8; KEY_BYTES]> {
    let path = data_dir.join("link.key");
    let problem = match std::fs::read(&path) {
        Ok(bytes) => match <[u8; KEY_BYTES]>::try_from(bytes) {
            // A power cut may leave zeros: that would be a key that everybody knows.
            Ok(key) if key != [0; KEY_BYTES] => return Ok(key),
            _ => Some("it is damaged".to_owned()),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => Some(error.to_string()),
    };
    if let Some(problem) = problem {
        tracing::warn!(
            path = %path.display(),
            problem,
            "The key that signs links cannot be used; Tipoff makes a new one. Links in alerts that were \
             sent before no longer open.",
        );
    }
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    durable::write_private_file(&path, &key)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_for_the_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let key = load(folder.path()).unwrap();
        assert_eq!(load(folder.path()).unwrap(), key);
        let mode = fs::metadata(folder.path().join("link.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_a_power_cut_has_damaged_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("link.key");
        for damaged in [vec![], vec![7; KEY_BYTES - 1], vec![0; KEY_BYTES], vec![7; KEY_BYTES + 1]]
        {
            fs::write(&path, &damaged).unwrap();
            let key = load(folder.path()).unwrap();
            assert_ne!(key.to_vec(), damaged);
            assert_eq!(load(folder.path()).unwrap(), key);
        }
    }
}
