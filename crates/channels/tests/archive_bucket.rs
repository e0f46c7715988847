//! An archive in a bucket, against a real service: moto, which checks keys, rights and conditions.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use common::{Story, channel, delivered, jpeg, nowhere, retried, send, text};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use tipoff_channels::{Channel, Value};
use tipoff_model::{ArrivalId, MediaKind, MediaPlace, Scope};

/// The service; it ends with this.
struct Service {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    endpoint: String,
    key: String,
    secret: String,
}

impl Service {
    fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut child = Command::new(folder.join("../../.venv/bin/python"))
            .arg(folder.join("tests/archive/bucket.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("./test.sh installs moto into .venv");
        let input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let told = line(&mut output);
        let text = |key: &str| told[key].as_str().unwrap().to_owned();
        let (endpoint, key, secret) = (text("endpoint"), text("key"), text("secret"));
        Self { child, input, output, endpoint, key, secret }
    }

    /// What is in the bucket, as another client sees it: paths, digests, parts.
    fn list(&mut self) -> Vec<(String, String, i64)> {
        self.input.write_all(b"list\n").unwrap();
        self.input.flush().unwrap();
        let told = line(&mut self.output);
        assert_eq!(told["unfinished"], 0, "uploads that nobody ends cost money");
        let text = |value: &Json| value.as_str().unwrap().to_owned();
        let of = |it: &Json| (text(&it["key"]), text(&it["sha256"]), it["parts"].as_i64().unwrap());
        told["objects"].as_array().unwrap().iter().map(of).collect()
    }

    fn archive(&self, more: &[(&str, Value)]) -> Box<dyn Channel> {
        let mut values = vec![
            ("bucket", text("cameras")),
            ("endpoint", text(&self.endpoint)),
            ("access_key", text(&self.key)),
            ("secret_key", text(&self.secret)),
            ("path", text("{device}/{name}")),
        ];
        values.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
        values.extend_from_slice(more);
        channel("archive", &values)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line(output: &mut BufReader<ChildStdout>) -> Json {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn files_are_archived_and_never_overwritten() {
    let mut service = Service::start();
    let archive = service.archive(&[]);
    let file = |name: &str, bytes: &[u8], arrival| {
        Story::new().file(name, "image/jpeg", MediaKind::Picture, bytes.to_vec()).change(|alert| {
            let index = Some(0);
            alert.media[0].place = MediaPlace { arrival: ArrivalId(arrival), index };
        })
    };
    for _ in 0..2 {
        delivered(&send(&*archive, Story::new().picture("snap.jpg")).await);
        delivered(&send(&*archive, file("a ü 车.jpg", b"first", 1)).await);
        delivered(&send(&*archive, file("a ü 车.jpg", b"secnd", 2)).await);
    }
    assert_eq!(
        service.list(),
        [
            ("Front yard/a ü 车-2.0.jpg".to_owned(), digest(b"secnd"), 1),
            ("Front yard/a ü 车.jpg".to_owned(), digest(b"first"), 1),
            ("Front yard/snap.jpg".to_owned(), digest(&jpeg(64, 48)), 1),
        ]
    );
    delivered(&send(&*archive, Story::new().zeros("empty", "x/y", MediaKind::File, 0)).await);
    assert_eq!(service.list().len(), 4);
}

#[tokio::test]
async fn large_files_go_in_parts() {
    let mut service = Service::start();
    let archive = service.archive(&[]);
    let part = 8 << 20;
    let (whole, one_more, many) = (part, part + 1, 3 * part);
    let story = || {
        [("1", whole), ("2", one_more), ("3", many)]
            .into_iter()
            .fold(Story::new(), |story, (name, size)| {
                story.zeros(name, "video/mp4", MediaKind::Video, size)
            })
    };
    for _ in 0..2 {
        delivered(&send(&*archive, story()).await);
    }
    let zeros = |size: u64| digest(&vec![0; usize::try_from(size).unwrap()]);
    assert_eq!(
        service.list(),
        [
            ("Front yard/1".to_owned(), zeros(whole), 1),
            ("Front yard/2".to_owned(), zeros(one_more), 2),
            ("Front yard/3".to_owned(), zeros(many), 3),
        ]
    );
    // Of a file that breaks off nothing stays, and no part of it.
    let broken = Story::new().change(|alert| {
        let size = part * 2;
        alert.media.push(common::stored("b", "video/mp4", MediaKind::Video, size, "gone"));
    });
    let (scope, _, error) = retried(&send(&*archive, broken).await);
    assert_eq!(scope, Scope::Message);
    assert!(error.contains("b cannot be read"), "{error}");
    assert_eq!(service.list().len(), 3);
}

#[tokio::test]
async fn a_wrong_setting_is_a_fault_at_its_key() {
    let service = Service::start();
    let repair = (Scope::Channel, Some(Duration::from_secs(300)));
    let closed = nowhere();
    for (key, value, expected, told) in [
        ("access_key", "AKIAWRONGWRONGWRONG1", repair, "set `access_key`"),
        ("secret_key", "wr0ng-wr0ng-wr0ng", repair, "set `secret_key`"),
        ("bucket", "nowhere", repair, "there is no bucket nowhere"),
        ("endpoint", closed.as_str(), (Scope::Unreachable, None), "cannot be written to"),
    ] {
        let archive = service.archive(&[(key, text(value))]);
        for size in [5, 9 << 20] {
            let story = Story::new().zeros("a", "x/y", MediaKind::File, size);
            let (scope, pause, error) = retried(&send(&*archive, story).await);
            assert_eq!((scope, pause), expected, "{key}: {error}");
            assert!(error.contains(told), "{key}: {error}");
            assert!(!error.contains(&service.secret) && !error.contains("wr0ng"), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let values = [
        ("bucket", text("cameras")),
        ("endpoint", text(&format!("http://{}", silent.local_addr().unwrap()))),
        ("access_key", text("AK")),
        ("secret_key", text("s3cr3t")),
        ("timeout", Value::Duration(Duration::from_millis(50))),
    ];
    let (scope, after, error) =
        retried(&send(&*channel("archive", &values), Story::new().picture("a.jpg")).await);
    assert_eq!((scope, after), (Scope::Unreachable, None));
    assert!(error.contains("was not kept within 0 s"), "{error}");
}
