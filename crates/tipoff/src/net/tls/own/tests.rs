use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

fn own(data_dir: &Path) -> (String, String) {
    let (files, _) = first(data_dir, "tipoff").unwrap();
    (fs::read_to_string(files.chain).unwrap(), fs::read_to_string(files.key).unwrap())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_certificate_of_our_own_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let made = own(folder.path());
    assert_eq!(own(folder.path()), made);
    for name in ["tls/key.pem", "tls/certificate.pem"] {
        assert_eq!(mode(&folder.path().join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_certificate_of_our_own_that_a_power_cut_has_damaged_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    own(other.path());
    own(folder.path());
    for name in ["tls/key.pem", "tls/certificate.pem"] {
        let (path, other) = (folder.path().join(name), other.path().join(name));
        let whole = fs::read(&path).unwrap();
        let half = whole[..whole.len() / 2].to_vec();
        let zeros = vec![0; whole.len()];
        // Also one that is of another time than the other, and one that is missing.
        for damaged in [vec![], half, zeros, fs::read(&other).unwrap(), b"gone".to_vec()] {
            let before = own(folder.path());
            fs::write(&path, &damaged).unwrap();
            if damaged == b"gone" {
                fs::remove_file(&path).unwrap();
            }
            let after = own(folder.path());
            assert_ne!(after, before, "{name}");
            assert_eq!(own(folder.path()), after, "{name}");
        }
    }
}

#[tokio::test]
async fn the_rsa_certificate_is_made_once_by_the_first_client_that_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let files = Kind::Rsa.files(folder.path());
    let rsa = Arc::new(OwnRsa::new(folder.path(), "tipoff"));
    assert!(!files.key.exists());
    // The client that asked first gives up; the work goes on for the others.
    {
        let mut first = Box::pin(rsa.get());
        assert!(futures_util::poll!(&mut first).is_pending());
    }
    let asked: Vec<_> = (0..20)
        .map(|_| {
            let rsa = Arc::clone(&rsa);
            tokio::spawn(async move { rsa.get().await.unwrap() })
        })
        .collect();
    let mut made = Vec::new();
    for task in asked {
        made.push(task.await.unwrap());
    }
    assert!(made.iter().all(|it| Arc::ptr_eq(it, &made[0])));
    assert!(made[0].ability.is_rsa());
    assert_eq!([mode(&files.key), mode(&files.chain)], [0o600; 2]);
    // The next start finds it.
    let before = fs::read(&files.key).unwrap();
    OwnRsa::new(folder.path(), "tipoff").get().await.unwrap();
    assert_eq!(fs::read(&files.key).unwrap(), before);
    // A damaged one is made anew.
    fs::write(&files.key, &before[..before.len() / 2]).unwrap();
    OwnRsa::new(folder.path(), "tipoff").get().await.unwrap();
    assert_ne!(fs::read(&files.key).unwrap(), before);
}

#[tokio::test]
async fn an_rsa_certificate_that_cannot_be_written_is_used_until_the_end() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tls"), b"no folder").unwrap();
    let rsa = OwnRsa::new(folder.path(), "tipoff");
    let made = rsa.get().await.unwrap();
    assert!(Arc::ptr_eq(&rsa.get().await.unwrap(), &made));
}
