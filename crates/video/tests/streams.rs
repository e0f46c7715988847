//! Frames and clips of live streams, from GStreamer's RTSP server, and what cannot be had.
#![allow(clippy::unwrap_used, reason = "a test fails at what it does not expect")]

mod common;

use common::{Bench, pids_with, until};
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tipoff_testkit::rtsp::{RefusingRtspServer, RtspLogin, RtspServer};
use tipoff_video::{LiveStream, StreamError};
use url::Url;

const USER: &str = "adm in";
/// What a password may have, and addresses, shells and lists may not.
const PASSWORD: &str = "p@ss:'w/ö\"\\$(x)";

/// Half a minute as a camera with sound sends it, a key frame every two seconds.
fn film(bench: &Bench) -> std::path::PathBuf {
    let words = "-f lavfi -i testsrc=s=640x360:r=15:d=30 -f lavfi -i sine=r=8000:d=30 -c:v libx264 \
        -preset ultrafast -pix_fmt yuv420p -g 30 -bf 0 -c:a pcm_alaw -f mov";
    bench.film("camera.mov", words)
}

fn stream(url: &str) -> LiveStream {
    LiveStream::new(&Url::parse(url).unwrap(), Some((USER, PASSWORD))).unwrap()
}

fn shown(path: &Path, entries: &str) -> String {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-of", "csv=p=0", "-show_entries", entries])
        .arg(path)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().replace('\n', " ")
}

#[tokio::test]
async fn a_frame_of_a_stream_is_a_jpeg_of_its_size() {
    let bench = Bench::new().await;
    let film = film(&bench);
    for login in [RtspLogin::Digest, RtspLogin::Basic] {
        let server = RtspServer::start(&film, USER, PASSWORD, login).unwrap();
        let begin = Instant::now();
        let frame = bench.transcoder.frame(&stream(&server.url())).await.unwrap();
        eprintln!("a frame with {login:?} took {} ms", begin.elapsed().as_millis());
        assert_eq!(shown(frame.path(), "stream=codec_name,width,height"), "mjpeg,640,360");
        drop(frame);
        bench.assert_empty();
    }
}

#[tokio::test]
async fn a_clip_has_the_pictures_as_they_are_and_sound_that_plays() {
    let bench = Bench::new().await;
    let server = RtspServer::start(&film(&bench), USER, PASSWORD, RtspLogin::Digest).unwrap();
    let clip = bench.transcoder.clip(&stream(&server.url()), Duration::from_secs(3)).await.unwrap();
    assert_eq!(shown(clip.path(), "stream=codec_name"), "h264 aac");
    let seconds: f64 = shown(clip.path(), "format=duration").parse().unwrap();
    assert!((2.5..3.6).contains(&seconds), "{seconds}");
    drop(clip);
    bench.assert_empty();
}

#[tokio::test]
async fn a_stream_that_ends_early_is_a_shorter_clip() {
    let bench = Bench::new().await;
    let words = "-f lavfi -i testsrc=s=320x240:r=15:d=2 -f lavfi -i sine=r=8000:d=2 -c:v libx264 \
        -preset ultrafast -pix_fmt yuv420p -g 15 -bf 0 -c:a pcm_alaw -f mov";
    let film = bench.film("short.mov", words);
    let server = RtspServer::start(&film, "", "", RtspLogin::Basic).unwrap();
    let clip =
        bench.transcoder.clip(&stream(&server.url()), Duration::from_secs(20)).await.unwrap();
    let seconds: f64 = shown(clip.path(), "format=duration").parse().unwrap();
    assert!((1.0..2.6).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn the_password_is_in_no_list_of_processes_and_no_readable_file() {
    let bench = Bench::new().await;
    let server = RtspServer::start(&film(&bench), USER, PASSWORD, RtspLogin::Digest).unwrap();
    let (transcoder, stream) = (bench.transcoder.clone(), stream(&server.url()));
    let task = tokio::spawn(async move {
        let _ = transcoder.clip(&stream, Duration::from_secs(20)).await;
    });
    let written = |job: &std::path::PathBuf| {
        fs::metadata(job.join("clip.mp4")).is_ok_and(|file| file.len() > 0)
    };
    until("ffmpeg records", || bench.scratch().iter().any(written)).await;
    let folder = bench.scratch().pop().unwrap();
    // Also those of the other tests.
    let ffmpeg = pids_with("file:stream.list");
    assert!(!ffmpeg.is_empty());
    for pid in ffmpeg {
        for file in ["cmdline", "environ"] {
            let text = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            assert!(!text.contains("p@ss") && !text.contains("p%40ss"), "{text}");
        }
    }
    for entry in fs::read_dir(&folder).unwrap().flatten() {
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0);
    }
    task.abort();
    until("its files are gone", || bench.scratch().is_empty()).await;
}

#[tokio::test]
async fn a_refused_login_is_tried_once() {
    let bench = Bench::new().await;
    let server = RefusingRtspServer::start().unwrap();
    let stream = stream(&server.url());
    let error = bench.transcoder.frame(&stream).await.unwrap_err();
    assert!(error.is_about_login(), "{error}");
    assert_eq!(server.logins(), 1);
    let error = bench.transcoder.clip(&stream, Duration::from_secs(1)).await.unwrap_err();
    let host = server.url().replace("/live", "");
    assert_eq!(error.to_string(), format!("{host} refuses the login of the user \"{USER}\""));
    assert_eq!(server.logins(), 2);
    let nobody = LiveStream::new(&Url::parse(&server.url()).unwrap(), None).unwrap();
    let error = bench.transcoder.frame(&nobody).await.unwrap_err();
    assert!(matches!(error, StreamError::LoginMissing { .. }), "{error}");
    assert_eq!(server.logins(), 2);
    bench.assert_empty();
}

#[tokio::test]
async fn the_reason_for_no_picture_is_given_without_the_password() {
    let bench = Bench::new().await;
    let server = RtspServer::start(&film(&bench), "", "", RtspLogin::Basic).unwrap();
    let other = server.url().replace("live", "dead");
    let error = bench.transcoder.frame(&stream(&other)).await.unwrap_err();
    assert!(matches!(&error, StreamError::NotFound { path, .. } if path == "/dead"), "{error}");
    drop(server);
    let error = bench.transcoder.frame(&stream(&other)).await.unwrap_err();
    assert!(matches!(error, StreamError::Unreachable { .. }), "{error}");
    let error = bench.transcoder.frame(&stream("rtsp://no.invalid/")).await.unwrap_err();
    assert!(matches!(error, StreamError::Unreachable { .. }), "{error}");
    // A web server's answer is no RTSP.
    let web = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rtsp://{}/live", web.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in web.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let error = bench.transcoder.frame(&stream(&url)).await.unwrap_err().to_string();
    assert!(!error.contains("ss:") && !error.contains("%40") && !error.contains('@'), "{error}");
    bench.assert_empty();
}

#[tokio::test]
async fn a_silent_camera_is_given_up_in_time() {
    let bench = Bench::new().await;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rtsp://{}/live", silent.local_addr().unwrap());
    let begin = Instant::now();
    let error = bench.transcoder.frame(&stream(&url)).await.unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(12), "{error}");
    assert!(matches!(error, StreamError::Silent { .. }), "{error}");
    bench.assert_empty();
}
