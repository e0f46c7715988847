//! What hostile bytes and impatient callers cannot do: hang, reach other files, or leave anything.
#![allow(clippy::unwrap_used, reason = "a test fails at what it does not expect")]

mod common;

use common::{Bench, PICTURE, ROOMY, launcher, order, order_of_bytes, pids_with, until};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tipoff_video::{Limits, TranscodeJob, VideoError, VideoSource};

const TYPES: [&str; 15] = [
    "application/octet-stream",
    "video/3gpp",
    "video/h264",
    "video/h265",
    "video/mp2t",
    "video/mp4",
    "video/mpeg",
    "video/quicktime",
    "video/webm",
    "video/x-dav",
    "video/x-flv",
    "video/x-hikvision",
    "video/x-matroska",
    "video/x-ms-wmv",
    "video/x-msvideo",
];

/// A stream that must be encoded, for minutes: longer than any test waits.
fn long_film(bench: &Bench) -> PathBuf {
    let picture = "-f lavfi -i testsrc=s=1920x1080:r=10:d=1";
    let words = format!("{picture} -c:v libx264 -pix_fmt yuv444p -crf 40 -f h264");
    let short = fs::read(bench.film("short.h264", &words)).unwrap();
    bench.file("long.h264", &short.repeat(1500))
}

#[tokio::test]
async fn garbage_is_an_error_whatever_its_type() {
    let bench = Bench::new().await;
    // No pattern, and the same in every run.
    let noise: Vec<u8> =
        (0..40_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for bytes in [noise, Vec::new(), vec![0; 5000]] {
        for content_type in TYPES {
            let order = order_of_bytes(bytes.clone(), content_type, ROOMY);
            let trouble = bench.transcoder.prepare(order).await.unwrap_err();
            assert!(
                matches!(trouble, VideoError::NotAVideo(_) | VideoError::Failed(_)),
                "{trouble:?}"
            );
            let words = trouble.to_string();
            assert!(!words.contains('/') && !words.contains(" @ "), "{content_type}: {words}");
        }
    }
    bench.assert_empty();
}

#[tokio::test]
async fn a_playlist_opens_no_other_file() {
    let bench = Bench::new().await;
    let film = bench.film("film.ts", &format!("{PICTURE} -c:v libx264 -f mpegts"));
    let lists = [
        format!(
            "#EXTM3U\n#EXTINF:3,\nfile://{0}\n#EXTINF:3,\n{0}\n#EXT-X-ENDLIST\n",
            film.display()
        ),
        format!("ffconcat version 1.0\nfile '{}'\n", film.display()),
    ];
    for list in lists {
        for content_type in TYPES {
            let path = bench.file("list.mp4", list.as_bytes());
            bench.prepare(&path, content_type, ROOMY).await.unwrap_err();
        }
    }
    bench.assert_empty();
}

#[tokio::test]
async fn dropping_an_order_ends_its_program_and_removes_its_files() {
    let bench = Bench::new().await;
    let path = long_film(&bench);
    let name = path.to_str().unwrap().to_owned();
    let transcoder = bench.transcoder.clone();
    let task = tokio::spawn(async move {
        let _ = transcoder.prepare(order(&path, "video/h264", ROOMY)).await;
    });
    let written =
        |order: &PathBuf| fs::metadata(order.join("video.mp4")).is_ok_and(|it| it.len() > 0);
    until("ffmpeg writes", || bench.scratch().iter().any(written)).await;
    let pid = pids_with(&name)[0];
    task.abort();
    until("it is gone, and waited for", || !fs::exists(format!("/proc/{pid}")).unwrap()).await;
    until("its files are gone", || bench.scratch().is_empty()).await;
    assert!(pids_with(&name).is_empty());
}

#[tokio::test]
async fn the_clock_ends_an_order() {
    let limits = Limits { time: Duration::from_secs(1), ..Limits::default() };
    let bench = Bench::with(limits).await;
    let path = long_film(&bench);
    let trouble = bench.prepare(&path, "video/h264", ROOMY).await.unwrap_err();
    assert!(matches!(trouble, VideoError::TimedOut), "{trouble:?}");
    bench.assert_empty();
    until("no program is left", || pids_with(path.to_str().unwrap()).is_empty()).await;
}

#[tokio::test]
async fn memory_and_scratch_are_bounded() {
    let little = Limits { memory_bytes: 16 << 20, ..Limits::default() };
    // So little that ffmpeg itself does not start: it counts as not installed.
    let home = tempfile::tempdir().unwrap();
    let none = tipoff_video::Transcoder::open(home.path(), little, launcher()).await.unwrap();
    assert!(none.is_none());

    let tight = Limits { scratch_bytes_max: 10_000, ..Limits::default() };
    let bench = Bench::with(tight).await;
    let film = bench.film("a.avi", &format!("{PICTURE} -c:v mjpeg"));
    let trouble = bench.prepare(&film, "video/x-msvideo", ROOMY).await.unwrap_err();
    assert!(matches!(trouble, VideoError::Failed(_)), "{trouble:?}");
    let at = |size| bench.transcoder.prepare(order_of_bytes(vec![0; size], "video/mp4", ROOMY));
    assert!(matches!(at(10_000).await.unwrap_err(), VideoError::NotAVideo(_)));
    assert!(matches!(at(10_001).await.unwrap_err(), VideoError::TooLarge));
    bench.assert_empty();
}

#[tokio::test]
async fn only_files_are_opened() {
    let bench = Bench::new().await;
    for path in [bench.home.path().to_owned(), "/dev/zero".into()] {
        let trouble = bench.prepare(&path, "video/mp4", ROOMY).await.unwrap_err();
        assert!(matches!(trouble, VideoError::NotAVideo(_)));
    }
    let missing = bench.home.path().join("missing");
    let trouble = bench.prepare(&missing, "video/mp4", ROOMY).await.unwrap_err();
    assert!(matches!(trouble, VideoError::Machine(_)));
    bench.assert_empty();
}

#[tokio::test]
async fn only_listed_decoders_run() {
    let bench = Bench::new().await;
    // A codec of film studios, which no camera writes.
    let film = bench.film("a.mov", &format!("{PICTURE} -c:v prores"));
    let trouble = bench.prepare(&film, "video/quicktime", ROOMY).await.unwrap_err();
    assert_eq!(trouble.to_string(), "not a video that can be read: Codec (prores)");
}

#[tokio::test]
async fn a_broken_source_is_an_error() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let bench = Bench::new().await;
    let order = TranscodeJob {
        source: VideoSource::Bytes(Box::new(Broken)),
        content_type: "video/mp4".to_owned(),
        bytes_max: ROOMY,
        audience: tipoff_video::Audience::Chat,
    };
    assert!(matches!(bench.transcoder.prepare(order).await, Err(VideoError::Machine(_))));
    bench.assert_empty();
}

#[tokio::test]
async fn the_version_of_ffmpeg_is_reported() {
    let bench = Bench::new().await;
    assert!(bench.transcoder.version().chars().any(|c| c.is_ascii_digit()));
}

#[tokio::test]
async fn the_extent_of_the_confinement_is_known() {
    let bench = Bench::new().await;
    let held = bench.transcoder.held();
    assert!(held.calls, "{held}");
}
