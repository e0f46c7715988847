//! Videos that browsers do not play as they are: the page plays them all the same, or says why not.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use tipoff_testkit::hichip::Recording;
use tipoff_testkit::telegram::{CHAT, Options};

use super::{page, set_up};
use crate::api::{curl, make_token};
use crate::browser::driver::{Browser, Screen};
use crate::camera::upload;
use crate::harness::{Home, Server, succeeded, wait_for};
use crate::telegram::Phone;

const H265: &[&str] =
    &["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=0"];

/// Three seconds of a test picture and a tone.
pub(crate) fn film(name: &str, codec: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let lavfi = ["testsrc=duration=3:size=320x240:rate=10", "sine=duration=3:sample_rate=8000"];
    let inputs = lavfi.iter().flat_map(|source| ["-f", "lavfi", "-i", source]);
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error"])
        .args(inputs)
        .args(["-pix_fmt", "yuv420p"])
        .args(codec)
        .arg(&path)
        .output()
        .unwrap();
    succeeded(&output);
    std::fs::read(path).unwrap()
}

/// What a Hichip camera records, in H.265.
pub(crate) fn hichip(first_ms: u32) -> Vec<u8> {
    let times_ms: Vec<u32> = (0..30).map(|n| first_ms + n * 100).collect();
    let recording = Recording {
        tag: b"HXVT",
        stream: &film("a.h265", &[H265, &["-an", "-f", "hevc"]].concat()),
        size: (320, 240),
        times_ms: &times_ms,
        sound: &film("a.alaw", &["-vn", "-ar", "8000", "-f", "alaw"]),
        sound_ms: first_ms - 88,
    };
    recording.file()
}

/// Uploads it, and opens the page of its incident.
fn open(home: &Home, server: &Server, browser: &Browser, name: &str, bytes: &[u8]) {
    let incident = home.incidents().len() + 1;
    upload(server.ftp[0], &format!("device{incident}"), name, bytes);
    wait_for("the incident", || (home.incidents().len() == incident).then_some(()));
    browser.go(&page(server, &format!("/incidents/{incident}")));
}

pub(super) fn assert_plays(browser: &Browser, name: &str) {
    let video = "document.querySelector('video')";
    browser.until(
        &format!("{name} is loaded"),
        &format!("{video}?.readyState >= 1 && {video}.videoWidth > 0"),
    );
    let seconds = browser.run(&format!("return {video}.duration")).as_f64().unwrap();
    assert!((2.5..3.5).contains(&seconds), "{name}: {seconds} s");
    browser.run(&format!("{video}.muted = true; {video}.play()"));
    browser
        .until(&format!("{name} plays"), &format!("{video}.currentTime > 0.5 && !{video}.error"));
    assert_eq!(browser.run(&format!("return {video}.videoWidth")), json!(320), "{name}");
    browser.until("nothing to say", "document.querySelector('.film').textContent === ''");
}

#[test]
fn what_cameras_record_plays_in_the_page() {
    let home = Home::new("");
    let server = home.start();
    let browser = Browser::open(Screen::Desktop);
    set_up(&server, &browser);
    let h265 = |more: &[&'static str]| [H265, more].concat();
    let films = [
        ("/a.avi", film("a.avi", &["-c:v", "mjpeg", "-c:a", "pcm_s16le"])),
        ("/b.mkv", film("b.mkv", &h265(&["-c:a", "pcm_alaw"]))),
        ("/c.mp4", film("c.mp4", &h265(&["-c:a", "aac", "-tag:v", "hvc1"]))),
        ("/A231126_181503_181517.265", hichip(220_934_624)),
        ("/e.mp4", film("e.mp4", &["-c:v", "libx264", "-c:a", "aac"])),
    ];
    for (name, bytes) in films {
        open(&home, &server, &browser, name, &bytes);
        assert_plays(&browser, name);
        browser.picture(&format!("film{}", name.replace('/', "-")));
    }
    assert_eq!(browser.errors(), Vec::<String>::new());
    // A live page does not begin anew what plays in it.
    browser.run("document.querySelector('video').loop = true; window.film = document.querySelector('video')");
    upload(server.ftp[0], "another", "/x.jpg", &crate::ftp_uploads::picture(1));
    browser.run("document.dispatchEvent(new Event('visibilitychange'))");
    browser.until("it still plays", "window.film.isConnected && !window.film.paused");
    // The second look is served from what is kept.
    assert_eq!(kept(&home.data_dir()), 4);
    browser.go(&page(&server, "/incidents/1"));
    assert_plays(&browser, "/a.avi again");
}

/// How many renditions are kept.
fn kept(data_dir: &Path) -> usize {
    std::fs::read_dir(data_dir.join("renditions")).map_or(0, Iterator::count)
}

#[test]
fn what_was_made_for_a_channel_is_served() {
    let phone = Phone::new(Options::default());
    let home = Home::new(&phone.channel(CHAT, ""));
    let server = home.start();
    let film = film("a.avi", &["-c:v", "mpeg4", "-c:a", "mp2"]);
    upload(server.ftp[0], "yard", "/a.avi", &film);
    phone.wait_for(1);
    assert_eq!(kept(&home.data_dir()), 1);
    let browser = Browser::open(Screen::Phone);
    set_up(&server, &browser);
    browser.go(&page(&server, "/incidents/1"));
    assert_plays(&browser, "a.avi");
    assert_eq!(kept(&home.data_dir()), 1);
}

#[test]
fn a_shared_incident_plays_as_well() {
    let home = Home::new("");
    let server = home.start();
    let browser = Browser::open(Screen::Phone);
    set_up(&server, &browser);
    open(&home, &server, &browser, "/a.avi", &film("a.avi", &["-c:v", "mjpeg"]));
    let link = browser.run_async(
        "fetch('/api/v1/incidents/1/share', { method: 'POST', body: JSON.stringify({ lasts_s: 600 }),
            headers: { 'content-type': 'application/json',
                       'x-csrf-token': document.querySelector('meta[name=csrf]').content } })
            .then(answer => answer.json()).then(told => done(told.url))",
    );
    browser.forget();
    browser.go(link.as_str().unwrap());
    assert_plays(&browser, "a.avi");
}

#[test]
fn what_does_not_play_is_said_and_offered() {
    let broken = [b"RIFF\x10\x00\x00\x00AVI LIST".to_vec(), vec![0; 100]].concat();
    let avi = film("a.avi", &["-c:v", "mjpeg"]);
    let mut cut = film("c.mp4", &["-c:v", "libx264"]);
    cut.truncate(cut.windows(4).position(|kind| kind == b"moov").unwrap() - 4);
    for (settings, name, bytes, words) in [
        ("[video]\nconvert = false\n", "/a.avi", &avi, "ffmpeg is not installed"),
        ("", "/b.avi", &broken, "This video cannot be played"),
        ("", "/c.mp4", &cut, "the recording is incomplete: its index is missing"),
    ] {
        let home = Home::new(settings);
        let server = home.start();
        let browser = Browser::open(Screen::Phone);
        set_up(&server, &browser);
        open(&home, &server, &browser, name, bytes);
        browser.reads(words);
        let file = browser.run_async(
            "fetch(document.querySelector('.film a').href).then(answer => answer.arrayBuffer())
                .then(bytes => done(bytes.byteLength))",
        );
        assert_eq!(file, json!(bytes.len()), "{name}");
        browser.picture(&format!("film-not{}", name.replace('/', "-")));
    }
}

/// What the script asks: until the video is there, the answer says how far it is.
#[test]
fn the_api_says_how_far_a_video_is() {
    let home = Home::new("");
    let server = home.start();
    let token = format!("Authorization: Bearer {}", make_token(&home, &["tester"]));
    let slow = ["-vf", "scale=1280:960,noise=alls=40:allf=t", "-c:v", "mjpeg", "-q:v", "3"];
    upload(server.ftp[0], "yard", "/a.avi", &film("a.avi", &slow));
    upload(server.ftp[0], "yard", "/1.jpg", &crate::ftp_uploads::picture(1));
    let ask = |arrival: u32| {
        let path = format!("/api/v1/arrivals/{arrival}/files/0/rendition");
        curl(&server, &path, &["-H", &token, "-H", "Range: bytes=4-7"])
    };
    let (status, body) = ask(1);
    assert_eq!((status.as_str(), &body[..]), ("202", &br#"{"percent":null}"#[..]));
    let mut percents = Vec::new();
    let part = wait_for("the video", || {
        let (status, body) = ask(1);
        if status == "206" {
            return Some(body);
        }
        assert_eq!(status, "202");
        let said: serde_json::Value = serde_json::from_slice(&body).unwrap();
        percents.extend(said["percent"].as_u64());
        None
    });
    assert_eq!(part, b"ftyp");
    assert!(!percents.is_empty() && percents.is_sorted(), "{percents:?}");
    assert_eq!(ask(2).0, "404", "a picture has none");
    assert_eq!(curl(&server, "/api/v1/arrivals/1/files/0/rendition", &[]).0, "401");
    server.stop();
}
