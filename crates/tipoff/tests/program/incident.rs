//! One detection over two protocols: the picture by mail at once, the video by FTP as a reply to it.

use std::path::PathBuf;
use std::process::Command;

use tipoff_testkit::telegram::CHAT;

use crate::camera::upload;
use crate::ftp_uploads::picture;
use crate::harness::{Home, PICTURE, Server, mail, require, send, succeeded, wait_for};
use crate::hook::Hook;
use crate::telegram::Phone;

fn scene() -> (Phone, Home, Server) {
    let phone = Phone::new(tipoff_testkit::telegram::Options::default());
    let home = Home::new(&phone.channel(CHAT, ""));
    let server = home.start();
    (phone, home, server)
}

/// Two seconds of what a Foscam records: Matroska with a sound that no phone plays.
pub fn recording(home: &Home, name: &str, arguments: &[&str]) -> PathBuf {
    let path = home.file(name);
    let made = Command::new(require("ffmpeg"))
        .args(["-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=2"])
        .args(["-f", "lavfi", "-i", "sine=duration=2"])
        .args(arguments)
        .arg(&path)
        .output()
        .unwrap();
    succeeded(&made);
    path
}

#[test]
fn the_video_of_a_mail_is_a_reply_to_its_picture_and_plays() {
    let (phone, home, server) = scene();
    let arguments = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "pcm_alaw"];
    let video = recording(&home, "MDalarm_20250712_213837.mkv", &arguments);
    let picture_mail = mail("Motion in the yard", &[PICTURE]);
    assert!(send(server.smtp[0], "cam1@example.com", &picture_mail).starts_with("250"));
    upload(
        server.ftp[0],
        "cam1",
        "record/MDalarm_20250712_213837.mkv",
        &std::fs::read(video).unwrap(),
    );
    let sent = phone.wait_for(2);
    assert_eq!((sent[0].method.as_str(), &sent[0].files[0].bytes[..]), ("sendPhoto", PICTURE));
    assert_eq!(sent[1].method, "sendVideo");
    assert_eq!(sent[1].reply_to, Some(sent[0].id));
    let file = &sent[1].files[0];
    assert_eq!(
        (file.name.as_str(), file.content_type.as_str()),
        ("MDalarm_20250712_213837.mp4", "video/mp4")
    );
    assert_eq!(&file.bytes[4..8], b"ftyp");
    let clip = file.clip.clone().unwrap();
    assert_eq!((clip.width_px, clip.height_px, clip.thumbnail), (320, 240, true));
    assert!((2..=3).contains(&clip.duration_s), "{clip:?}");
    let incidents = home.incidents();
    assert_eq!(incidents.len(), 1, "one incident: {incidents:?}");
    assert_eq!(incidents[0]["arrivals"], 2);
    assert!(phone.telegram.errors().is_empty());
    server.stop();
}

/// KKMoon, H811 and others write a container that ffmpeg did not read before version 8.1.
#[test]
fn the_recording_of_a_hichip_camera_plays() {
    let (phone, _home, server) = scene();
    for (number, name) in (1..).zip(["A231126_181503_181517.265", "20231126/RECORD.250", "x.264"]) {
        let bytes = crate::browser::film::hichip(number * 1000);
        upload(server.ftp[0], "yard", name, &bytes);
        let sent = phone.wait_for(number as usize);
        let video = &sent[number as usize - 1];
        assert_eq!(video.method, "sendVideo", "{name}");
        assert_eq!(&video.files[0].bytes[4..8], b"ftyp");
        let clip = video.files[0].clip.clone().unwrap();
        assert_eq!((clip.width_px, clip.height_px, clip.duration_s), (320, 240, 3), "{name}");
    }
    server.stop();
}

#[test]
fn files_first_and_then_the_mail_are_one_incident_too() {
    let hook = Hook::start();
    let home = Home::new(&hook.channel());
    let server = home.start();
    upload(server.ftp[0], "yard", "x.jpg", PICTURE);
    // The mail says nothing of who it is but its address.
    assert!(send(server.smtp[0], "alarm@example.com", &mail("Motion", &[])).starts_with("250"));
    let alerts = hook.wait_for(2);
    assert_eq!((&alerts[0]["kind"], &alerts[1]["kind"]), (&"first".into(), &"followup".into()));
    assert_eq!(alerts[0]["incident"], alerts[1]["incident"]);
    assert_eq!(alerts[1]["device"], "yard");
    // Another sender at the address is somebody else.
    send(server.smtp[0], "door@example.com", &mail("Motion", &[PICTURE]));
    assert_eq!(hook.wait_for(3)[2]["device"], "door");
    server.stop();
}

#[test]
fn pictures_that_follow_are_an_album_and_do_not_wait_for_the_video() {
    let (phone, home, server) = scene();
    let video = recording(&home, "x.avi", &["-c:v", "mjpeg", "-c:a", "pcm_s16le"]);
    upload(server.ftp[0], "yard", "1.jpg", &picture(1));
    phone.wait_for(1);
    upload(server.ftp[0], "yard", "x.avi", &std::fs::read(video).unwrap());
    upload(server.ftp[0], "yard", "2.jpg", &picture(2));
    upload(server.ftp[0], "yard", "3.jpg", &picture(3));
    let sent = phone.wait_for(3);
    let methods: Vec<&str> = sent.iter().map(|sent| sent.method.as_str()).collect();
    assert_eq!(methods[0], "sendPhoto");
    assert!(methods.contains(&"sendMediaGroup") && methods.contains(&"sendVideo"), "{methods:?}");
    assert!(sent[1..].iter().all(|reply| reply.reply_to == Some(sent[0].id)));
    server.stop();
}

#[test]
fn a_file_that_is_no_video_is_sent_unchanged() {
    let (phone, _home, server) = scene();
    upload(server.ftp[0], "yard", "x.mp4", b"\0\0\0\x18ftypisom no video at all");
    let sent = phone.wait_for(1);
    assert_eq!(
        (sent[0].method.as_str(), sent[0].files[0].name.as_str()),
        ("sendDocument", "x.mp4")
    );
    wait_for("the reason in the log", || {
        server.log().contains("Nothing that plays could be made").then_some(())
    });
    server.stop();
}

/// The camera lost its power, or the connection broke: the index of an MP4 is written last.
#[test]
fn a_recording_without_its_index_says_so_and_is_a_file() {
    let made = Home::new("");
    let arguments = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"];
    let whole = std::fs::read(recording(&made, "x.mp4", &arguments)).unwrap();
    let index = whole.windows(4).position(|kind| kind == b"moov").unwrap() - 4;
    let cut = &whole[..index];
    for path in [None, Some("/nowhere")] {
        let phone = Phone::new(tipoff_testkit::telegram::Options::default());
        let home = Home::new(&phone.channel(CHAT, ""));
        let mut command = home.command(&["run"]);
        if let Some(path) = path {
            command.env("PATH", path);
        }
        let server = Server::start(command);
        upload(server.ftp[0], "yard", "x.mp4", cut);
        let uploaded = phone.wait_for(1).remove(0);
        // The same bytes would not be alerted again.
        let shorter = &cut[..cut.len() - 1];
        let mailed = mail("Motion", &[shorter]);
        assert!(send(server.smtp[0], "door@example.com", &mailed).starts_with("250"));
        let mailed = phone.wait_for(2).remove(1);
        for (sent, bytes) in [(uploaded, cut), (mailed, shorter)] {
            assert_eq!((sent.method.as_str(), &sent.files[0].bytes[..]), ("sendDocument", bytes));
            assert!(sent.text.contains("incomplete"), "{}", sent.text);
        }
        server.stop();
    }
}

/// A Canon's raw picture has the boxes of an MP4, and is none.
#[test]
fn a_raw_picture_goes_as_a_file_and_is_no_video() {
    let (phone, home, server) = scene();
    let cr3 = [b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom".to_vec(), vec![7; 5000]].concat();
    upload(server.ftp[0], "yard", "IMG_0001.CR3", &cr3);
    let sent = phone.wait_for(1).remove(0);
    assert_eq!(
        (sent.method.as_str(), sent.files[0].name.as_str()),
        ("sendDocument", "IMG_0001.CR3")
    );
    assert!(!sent.text.contains("incomplete"), "{}", sent.text);
    let media = home.incident(1)["arrivals"][0]["content"]["media"][0].clone();
    assert_eq!(
        (&media["content_type"], &media["kind"]),
        (&"image/x-canon-cr3".into(), &"picture".into())
    );
    server.stop();
}

/// As a Xerox does it: a job log, and each page a file of its own.
#[test]
fn a_scan_of_several_pages_is_one_message_and_its_job_log_is_last() {
    let (phone, home, server) = scene();
    let page = |number: u8| [b"II*\0\x08\0\0\0", &[number; 300][..]].concat();
    upload(server.ftp[0], "scanner", "DOC.XST", b"[service xrxscan]\njob");
    for number in 1..=3 {
        let name = format!("DOC.XSM/0000000{number}.TIF");
        upload(server.ftp[0], "scanner", &name, &page(number));
    }
    let sent = phone.wait_for(1).remove(0);
    assert_eq!(sent.method, "sendMediaGroup");
    let names: Vec<&str> = sent.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["00000001.TIF", "00000002.TIF", "00000003.TIF", "DOC.XST"]);
    assert_eq!(home.incidents().len(), 1);
    // A picture is alerted at once, and takes along what waits.
    upload(server.ftp[0], "camera", "camera.log", b"moved");
    upload(server.ftp[0], "camera", "1.jpg", PICTURE);
    let sent = wait_for("the picture and the log", || {
        let sent = phone.telegram.log().all();
        let files: Vec<String> =
            sent.iter().skip(1).flat_map(|it| &it.files).map(|file| file.name.clone()).collect();
        (files.len() >= 2).then_some(files)
    });
    assert_eq!(sent, ["1.jpg", "camera.log"]);
    assert_eq!(home.incident(2)["deliveries"].as_array().unwrap().len(), 1, "in one alert");
    server.stop();
}

#[test]
fn without_ffmpeg_a_recording_is_sent_as_a_file() {
    let phone = Phone::new(tipoff_testkit::telegram::Options::default());
    let home = Home::new(&phone.channel(CHAT, ""));
    let video = recording(&home, "x.mkv", &["-c:v", "libx264", "-c:a", "pcm_alaw"]);
    let mut command = home.command(&["run"]);
    command.env("PATH", "/nowhere");
    let server = Server::start(command);
    let bytes = std::fs::read(video).unwrap();
    upload(server.ftp[0], "yard", "x.mkv", &bytes);
    let sent = phone.wait_for(1);
    assert_eq!((sent[0].method.as_str(), &sent[0].files[0].bytes), ("sendDocument", &bytes));
    assert!(server.log().contains("ffmpeg is not installed"));
    server.stop();
}

#[test]
fn send_acts_as_a_camera_that_uploads() {
    let hook = Hook::start();
    let home = Home::new(&format!(
        "{}[access]\nrequire_login = true\nuser = \"front\"\npassword = \"s3cret\"\n",
        hook.channel()
    ));
    let server = home.start();
    let to = server.ftp[0].to_string();
    let login = ["--user", "front", "--password", "s3cret"];
    let said =
        home.run(&[&["send", "--ftp", "--to", &to, "--folder", "/a/b"][..], &login].concat());
    assert!(said.contains("camera: STOR /a/b/test.jpg"), "{said}");
    assert!(said.contains("camera: PASS ***") && !said.contains("s3cret"), "{said}");
    assert_eq!(hook.wait_for(1)[0]["media"][0]["name"], "test.jpg");
    let wrong = home.command(&["send", "--ftp", "--to", &to]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    server.stop();
}
