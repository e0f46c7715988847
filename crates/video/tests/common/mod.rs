//! What the tests share: sources made on the spot, a studio in a folder of its own, and what ffprobe
//! says of a result. Without ffmpeg they fail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]
#![allow(dead_code, reason = "every test uses a part of it")]

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use tipoff_video::{
    Audience, Launcher, Limits, Rendition, TempFile, TranscodeJob, Transcoder, VideoError,
    VideoOutcome, VideoSource,
};

/// Enough for every small video.
pub(crate) const ROOMY: u64 = 50_000_000;
/// Three seconds of a test picture.
pub(crate) const PICTURE: &str = "-f lavfi -i testsrc=s=320x240:r=10:d=3";
/// The same, with a tone.
pub(crate) const PICTURE_AND_TONE: &str =
    "-f lavfi -i testsrc=s=320x240:r=10:d=3 -f lavfi -i sine=r=8000:d=3";
pub(crate) const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

pub(crate) fn launcher() -> Launcher {
    Launcher::new(env!("CARGO_BIN_EXE_tipoff-confined-video"), [] as [&str; 0])
}

pub(crate) struct Bench {
    pub(crate) home: TempDir,
    pub(crate) transcoder: Transcoder,
}

impl Bench {
    pub(crate) async fn new() -> Bench {
        Bench::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Bench {
        let home = tempfile::tempdir().unwrap();
        let transcoder =
            Transcoder::open(&home.path().join("scratch"), limits, launcher()).await.unwrap();
        let transcoder = transcoder.expect("these tests need ffmpeg and ffprobe");
        Bench { home, transcoder }
    }

    /// Makes a source with ffmpeg.
    pub(crate) fn film(&self, name: &str, words: &str) -> PathBuf {
        let path = self.home.path().join(name);
        let status = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-y"])
            .args(words.split_whitespace())
            .arg(&path)
            .status()
            .unwrap();
        assert!(status.success(), "{words}");
        path
    }

    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.home.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) async fn prepare(
        &self,
        path: &Path,
        content_type: &str,
        bytes_max: u64,
    ) -> Result<Rendition, VideoError> {
        self.transcoder.prepare(order(path, content_type, bytes_max)).await
    }

    /// Films, prepares without a tight limit, and looks at what was made.
    pub(crate) async fn made(&self, content_type: &str, name: &str, words: &str) -> Seen {
        let path = self.film(name, words);
        let rendition = self.prepare(&path, content_type, ROOMY).await.unwrap();
        let seen = Seen::of(&rendition);
        drop(rendition);
        self.assert_empty();
        seen
    }

    pub(crate) fn scratch(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.home.path().join("scratch")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    pub(crate) fn assert_empty(&self) {
        assert!(self.scratch().is_empty(), "{:?}", self.scratch());
    }
}

pub(crate) fn order(path: &Path, content_type: &str, bytes_max: u64) -> TranscodeJob {
    TranscodeJob {
        source: VideoSource::File(path.to_owned()),
        content_type: content_type.to_owned(),
        bytes_max,
        audience: Audience::Chat,
    }
}

pub(crate) fn order_of_bytes(bytes: Vec<u8>, content_type: &str, bytes_max: u64) -> TranscodeJob {
    TranscodeJob {
        source: VideoSource::Bytes(Box::new(Cursor::new(bytes))),
        content_type: content_type.to_owned(),
        bytes_max,
        audience: Audience::Chat,
    }
}

/// What ffprobe and the bytes say of a video that was made.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) video: String,
    pub(crate) audio: Option<String>,
    pub(crate) width_px: u32,
    pub(crate) size: u64,
}

impl Seen {
    /// Looks at it, and checks what holds for every video that is made.
    pub(crate) fn of(rendition: &Rendition) -> Seen {
        let made = file(rendition);
        let bytes = fs::read(made.path()).unwrap();
        assert_eq!(bytes.len() as u64, made.size());
        let at = |kind: &[u8]| bytes.windows(4).position(|w| w == kind).unwrap();
        assert!(at(b"moov") < at(b"mdat"), "not faststart");
        let seconds = rendition.duration.as_secs_f64();
        assert!((2.5..3.6).contains(&seconds), "{seconds} s");
        assert_poster(rendition);
        let of = |stream: &str, entries: &str| probe(made.path(), stream, entries);
        let video = of("v:0", "codec_name,codec_tag_string,pix_fmt");
        let width_px = of("v:0", "width").parse().unwrap();
        let height_px: u32 = of("v:0", "height").parse().unwrap();
        assert_eq!((rendition.width_px, rendition.height_px), (width_px, height_px));
        let audio = of("a:0", "codec_name");
        Seen {
            video,
            audio: Some(audio).filter(|audio| !audio.is_empty()),
            width_px,
            size: made.size(),
        }
    }
}

pub(crate) fn file(rendition: &Rendition) -> &TempFile {
    match &rendition.video {
        VideoOutcome::Made(made) => made,
        other => panic!("nothing was made: {other:?}"),
    }
}

pub(crate) fn assert_poster(rendition: &Rendition) {
    let poster = rendition.poster.as_ref().expect("no poster");
    let bytes = fs::read(poster.path()).unwrap();
    assert!(bytes.starts_with(&[0xff, 0xd8, 0xff]) && bytes.len() <= 200_000);
    assert_eq!(probe(poster.path(), "v:0", "width"), "320");
}

fn probe(path: &Path, stream: &str, entries: &str) -> String {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-of", "csv=p=0", "-select_streams", stream])
        .arg("-show_entries")
        .arg(format!("stream={entries}"))
        .arg(path)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Waits until it is so; a test that waits in vain fails.
pub(crate) async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("waited in vain: {what}"));
}

/// The programs that have this text in their command line.
pub(crate) fn pids_with(text: &str) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(text)
    })
    .collect()
}
