//! Media in a bucket: the bytes of mails and uploads are objects of an S3 server, on either engine, and nothing is lost
//! when it fails.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tipoff_testkit::postgres;
use tipoff_testkit::s3::{self, Counts, S3};
use tipoff_testkit::standin::Behaviour;
use tipoff_testkit::telegram::{CHAT, Options};

use crate::api::{curl, make_token};
use crate::camera::{Camera, reset, upload};
use crate::ftp_uploads::picture;
use crate::harness::{Home, PICTURE, Server, mail, send, wait_for};
use crate::hook::{Hook, files};
use crate::incident::recording;
use crate::nodes::try_mail;
use crate::telegram::Phone;

/// The configuration of media in this bucket; `engine` is that of the rest of the spool.
pub fn configuration(bucket: &S3, engine: &str) -> String {
    format!(
        "[spool]\nmedia = \"s3://{}/cameras\"\n{engine}[spool.s3]\nendpoint = \"{}\"\n\
         region = \"eu-central-1\"\naccess_key = \"{}\"\nsecret_key = \"{}\"\n",
        s3::BUCKET,
        bucket.url(),
        s3::KEY_ID,
        s3::SECRET
    )
}

/// The keys of PostgreSQL in `[spool]`.
fn on(database: &str) -> String {
    format!("engine = \"postgres\"\nurl = {database:?}\n")
}

fn scene(engine: &str) -> (S3, Hook, Home, Server) {
    let (bucket, hook) = (S3::open().unwrap(), Hook::start());
    let home = Home::new(&format!("{}{}", configuration(&bucket, engine), hook.channel()));
    let server = home.start();
    // The sweep of a start sends requests too.
    wait_for("the sweep of the start", || (bucket.counts().list > 0).then_some(()));
    (bucket, hook, home, server)
}

/// The objects of arrivals.
pub fn objects(bucket: &S3) -> Vec<PathBuf> {
    let inside = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let days = inside(&bucket.files().join("cameras")).into_iter().filter(|path| path.is_dir());
    days.flat_map(|day| inside(&day)).collect()
}

/// Files on their way into the bucket, and copies of objects.
fn staged(home: &Home) -> usize {
    std::fs::read_dir(home.data_dir().join("staging")).unwrap().count()
}

/// Requests since `before`.
fn since(bucket: &S3, before: Counts) -> (u64, u64) {
    (bucket.counts().put - before.put, bucket.counts().total() - before.total())
}

#[test]
fn a_mail_alert_takes_one_request() {
    let database = postgres::Server::shared().unwrap().create_database().unwrap();
    for engine in [String::new(), on(database.url())] {
        let (bucket, hook, home, server) = scene(&engine);
        for number in 1..=3 {
            let before = bucket.counts();
            let motion = mail("Motion", &[PICTURE, PICTURE]);
            assert!(send(server.smtp[0], "yard@example.com", &motion).starts_with("250"));
            let alerts = hook.wait_for(number);
            assert_eq!(files(&alerts[number - 1]), [PICTURE, PICTURE]);
            assert_eq!(since(&bucket, before), (1, 1), "{:?}", bucket.counts());
            assert_eq!(objects(&bucket).len(), number);
        }
        assert!(!home.data_dir().join("blobs").exists());
        server.stop();
    }
}

/// As in packaging/cluster.
#[test]
fn the_service_and_its_key_may_come_from_the_environment() {
    let bucket = S3::open().unwrap();
    let home = Home::new(&format!("[spool]\nmedia = \"s3://{}/cameras\"\n", s3::BUCKET));
    let mut command = home.command(&["run"]);
    command
        .env("AWS_ENDPOINT_URL", bucket.url())
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", s3::KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", s3::SECRET);
    let server = Server::start(command);
    assert!(try_mail(server.smtp[0], "front door").unwrap().starts_with("250"));
    assert_eq!(objects(&bucket).len(), 1);
    server.stop();
}

/// A video without pictures, but with all of its boxes.
fn mp4() -> Vec<u8> {
    let mut bytes = b"\0\0\0\x10ftypisom0000\0\0\0\x0cmoovidx!\0\0\0\x48mdat".to_vec();
    bytes.extend(1..=0x40);
    bytes
}

#[test]
fn uploads_that_are_resumed_and_appended_to_are_read_as_one() {
    let database = postgres::Server::shared().unwrap().create_database().unwrap();
    for engine in [String::new(), on(database.url())] {
        let (bucket, hook, home, server) = scene(&engine);
        let video = mp4();
        let mut camera = Camera::connect(server.ftp[0], "yard");
        let mut data = camera.begin("STOR clip.mp4");
        data.write_all(&video[..60]).unwrap();
        wait_for("the bytes", || (staged(&home) > 0).then_some(()));
        reset(data);
        assert!(camera.control.hear().starts_with("426"));
        camera.control.must("SIZE clip.mp4", "213 60");
        camera.control.must("REST 60", "350");
        assert!(camera.transfer("STOR clip.mp4", &video[60..80]).starts_with("226"));
        assert!(camera.transfer("APPE clip.mp4", &video[80..]).starts_with("226"));
        assert_eq!(files(hook.wait_for(1).last().unwrap()), [video.as_slice()]);
        assert_eq!(objects(&bucket).len(), 3);
        server.stop();

        // Another run has no copies.
        let server = home.start();
        let mut camera = Camera::connect(server.ftp[0], "yard");
        camera.control.must("SIZE clip.mp4", &format!("213 {}", video.len()));
        assert_eq!(camera.fetch("RETR clip.mp4"), video);
        let bearer = format!("Authorization: Bearer {}", make_token(&home, &["reader", "--read"]));
        let file = "/api/v1/arrivals/1/files/0";
        for (range, expected) in [("0-9", 0..10), ("50-69", 50..70), ("59-81", 59..82)] {
            let (status, bytes) = curl(&server, file, &["-H", &bearer, "-r", range]);
            assert_eq!((status.as_str(), &bytes[..]), ("206", &video[expected]), "{range}");
        }
        assert_eq!(curl(&server, file, &["-H", &bearer]).1, video);
        // The same file again: what is equal is not sent to the bucket again.
        assert!(camera.transfer("STOR clip.mp4", &video).starts_with("226"));
        assert_eq!(home.incidents().len(), 1);
        server.stop();
    }
}

/// Sends a mail and an upload, which must be put off with this code of SMTP.
fn assert_put_off(server: &Server, code: &str) {
    let reply = try_mail(server.smtp[0], "put off").unwrap();
    assert!(reply.starts_with(code), "{reply}");
    let reply = Camera::connect(server.ftp[0], "yard").transfer("STOR x.jpg", PICTURE);
    assert!(reply.starts_with('4'), "{reply}");
}

#[test]
fn a_bucket_that_fails_puts_devices_off_and_nothing_is_lost() {
    let database = postgres::Server::shared().unwrap().create_database().unwrap();
    for engine in [String::new(), on(database.url())] {
        let (bucket, hook, home, server) = scene(&engine);
        let full = "<Error><Code>XMinioStorageFull</Code><Message>Full.</Message></Error>";
        for (behaviour, code) in [
            (S3::unavailable(), "451"),
            (Behaviour::Down, "451"),
            (Behaviour::answer(507, full), "452"),
        ] {
            bucket.script().always(behaviour);
            assert_put_off(&server, code);
            assert_eq!(curl(&server, "/readyz", &[]).0, "503");
        }
        bucket.kill();
        assert_put_off(&server, "451");
        assert_eq!((staged(&home), home.incidents().len()), (0, 0), "nothing is kept of it");
        // It is back, and with it what the devices send again.
        bucket.script().always(Behaviour::Normal);
        bucket.start().unwrap();
        assert!(try_mail(server.smtp[0], "put off").unwrap().starts_with("250"));
        upload(server.ftp[0], "yard", "x.jpg", &picture(1));
        hook.wait_for(2);
        assert_eq!(curl(&server, "/readyz", &[]).0, "200");
        assert_eq!(objects(&bucket).len(), 2);
        // An answer that is lost: the same object is sent again.
        bucket.script().next([Behaviour::Lost]);
        assert!(try_mail(server.smtp[0], "answer lost").unwrap().starts_with("250"));
        hook.wait_for(3);
        assert_eq!(objects(&bucket).len(), 3);
        server.stop();
    }
}

/// A bucket that takes long, but not too long, delays the acknowledgement; one that never answers does not hold a device
/// for ever, and others are not kept waiting by those that wait.
#[test]
fn a_slow_bucket_delays_and_puts_off_in_the_end() {
    let (bucket, hook, home, server) = scene("");
    bucket.script().always(Behaviour::Slow(Duration::from_secs(1)));
    assert!(try_mail(server.smtp[0], "slow").unwrap().starts_with("250"));
    hook.wait_for(1);
    let kept = staged(&home);
    bucket.script().always(Behaviour::Slow(Duration::from_secs(3600)));
    std::thread::scope(|scope| {
        let senders: Vec<_> =
            (0..20).map(|_| scope.spawn(|| try_mail(server.smtp[0], "never").unwrap())).collect();
        wait_for("all mails on the disk", || (staged(&home) == kept + 20).then_some(()));
        assert_eq!(curl(&server, "/healthz", &[]).0, "200");
        for sender in senders {
            let reply = sender.join().unwrap();
            assert!(reply.starts_with("451"), "{reply}");
        }
    });
    assert_eq!((staged(&home), home.incidents().len()), (kept, 1));
    bucket.script().always(Behaviour::Normal);
    assert!(try_mail(server.smtp[0], "again").unwrap().starts_with("250"));
    server.stop();
}

#[test]
fn a_video_in_a_bucket_is_converted_for_a_chat() {
    let (bucket, phone) = (S3::open().unwrap(), Phone::new(Options::default()));
    let home = Home::new(&format!("{}{}", configuration(&bucket, ""), phone.channel(CHAT, "")));
    let server = home.start();
    let video = recording(&home, "x.avi", &["-c:v", "mjpeg", "-c:a", "pcm_s16le"]);
    let video = std::fs::read(video).unwrap();
    upload(server.ftp[0], "yard", "x.avi", &video);
    let sent = phone.wait_for(1);
    assert_eq!(
        (sent[0].method.as_str(), &sent[0].files[0].bytes[4..8]),
        ("sendVideo", &b"ftyp"[..])
    );
    server.stop();
    // Another run has no copy, and no rendition here: the film of the page is made of the object.
    for made in ["renditions", "video"] {
        let _ = std::fs::remove_dir_all(home.data_dir().join(made));
    }
    let server = home.start();
    let bearer = format!("Authorization: Bearer {}", make_token(&home, &["reader", "--read"]));
    let gets = bucket.counts().get;
    let rendition = wait_for("the film of the page", || {
        let path = "/api/v1/arrivals/1/files/0/rendition";
        let (status, bytes) = curl(&server, path, &["-H", &bearer]);
        (status == "200").then_some(bytes)
    });
    assert_eq!(&rendition[4..8], b"ftyp");
    assert!(bucket.counts().get > gets);
    server.stop();
}

/// A node is killed with a mail on its way to the bucket, and leaves an object that no row names: it stays until it is a
/// day old, because another node may be about to commit it.
#[test]
fn objects_of_other_nodes_are_swept_only_when_no_upload_can_be_so_old() {
    let (bucket, hook, home, server) = scene("");
    assert!(try_mail(server.smtp[0], "stored").unwrap().starts_with("250"));
    hook.wait_for(1);
    let stored = objects(&bucket).remove(0);
    let under_way = stored.with_file_name("other-0.eml");
    let orphan = stored.with_file_name("other-1.eml");
    for path in [&under_way, &orphan] {
        std::fs::write(path, "a mail").unwrap();
    }
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(25 * 3600);
    for path in [&stored, &orphan] {
        std::fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
    }
    std::fs::write(home.data_dir().join("staging/earlier-0"), "half a mail").unwrap();
    server.stop();
    let server = home.start();
    wait_for("the sweep", || (!orphan.exists()).then_some(()));
    assert!(stored.exists() && under_way.exists());
    assert_eq!(staged(&home), 0);
    server.stop();
}
