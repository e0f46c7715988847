//! What becomes of recordings of Hichip (hi3510) cameras, checked with ffprobe.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use common::{Bench, ROOMY, file};
use std::fs;
use std::path::Path;
use std::process::Command;
use tipoff_testkit::hichip::Recording;
use tipoff_video::{Rendition, VideoError};

const TYPE: &str = "video/x-hichip";
/// As these cameras encode: no picture refers to a later one, and every eighth is a key frame.
const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 0 -g 8 -f h264";
const H265: &str = "-c:v libx265 -preset ultrafast -pix_fmt yuv420p -x265-params log-level=none:bframes=0:keyint=8 -f hevc";
const PICTURES: usize = 30;
/// 12.5 pictures a second, beginning as in a recording of 2023.
const FIRST_MS: u32 = 220_934_624;
const STEP_MS: u32 = 80;

/// The parts of a recording, which borrows them.
struct Parts {
    stream: Vec<u8>,
    sound: Vec<u8>,
    times_ms: Vec<u32>,
}

impl Parts {
    fn new(bench: &Bench, codec: &str) -> Parts {
        let film = format!("-f lavfi -i testsrc=s=320x240:r=25:d=4 -frames:v {PICTURES} {codec}");
        let sound = "-f lavfi -i sine=r=8000:d=2.5 -ac 1 -f alaw";
        Parts {
            stream: fs::read(bench.film("stream", &film)).unwrap(),
            sound: fs::read(bench.film("sound", sound)).unwrap(),
            times_ms: (0..PICTURES as u32).map(|n| FIRST_MS + n * STEP_MS).collect(),
        }
    }

    fn recording(&self) -> Recording<'_> {
        Recording {
            tag: b"HXVS",
            stream: &self.stream,
            size: (320, 240),
            times_ms: &self.times_ms,
            sound: &self.sound,
            sound_ms: FIRST_MS - 88,
        }
    }
}

/// What is in a video that was made.
#[derive(Debug)]
struct Film {
    codec: String,
    pictures_ms: Vec<u64>,
    sound_s: Option<f64>,
    loudest_db: Option<f64>,
}

impl Film {
    fn of(rendition: &Rendition) -> Film {
        let path = file(rendition).path();
        let times = ffprobe(path, "-select_streams v:0 -show_entries frame=pts_time");
        let to_ms = |time: &str| {
            (time.trim_end_matches(',').parse::<f64>().unwrap() * 1000.0).round() as u64
        };
        let sound = ffprobe(path, "-select_streams a:0 -show_entries stream=codec_name,duration");
        let sound_s = sound.strip_prefix("aac,").map(|duration| duration.parse().unwrap());
        Film {
            codec: ffprobe(path, "-select_streams v:0 -show_entries stream=codec_name"),
            pictures_ms: times.lines().filter(|line| !line.is_empty()).map(to_ms).collect(),
            sound_s,
            loudest_db: sound_s.map(|_| loudest(path)),
        }
    }

    /// Every picture with the camera's own time, and a sound of about this length that is a tone.
    fn assert_is(&self, pictures_ms: &[u64], sound_s: f64) {
        assert_eq!(self.pictures_ms, pictures_ms);
        let made_s = self.sound_s.unwrap();
        assert!((made_s - sound_s).abs() < 0.15, "{made_s} s of sound");
        // ffmpeg's sine has an eighth of the full range: -18 dB. What is read wrongly is noise of -1 dB.
        let loudest = self.loudest_db.unwrap();
        assert!((-20.0..-14.0).contains(&loudest), "{loudest} dB");
    }
}

fn ffprobe(path: &Path, words: &str) -> String {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-of", "csv=p=0"])
        .args(words.split_whitespace())
        .arg(path)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn loudest(path: &Path) -> f64 {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-i"])
        .arg(path)
        .args(["-map", "0:a:0", "-af", "volumedetect", "-f", "null", "-"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let db = said.split("max_volume: ").nth(1).unwrap();
    db.split_whitespace().next().unwrap().parse().unwrap()
}

/// The times of so many pictures from zero on.
fn steps(pictures: usize) -> Vec<u64> {
    (0..pictures as u64).map(|n| n * u64::from(STEP_MS)).collect()
}

async fn prepared(bench: &Bench, content_type: &str, bytes: &[u8]) -> Rendition {
    let path = bench.file("recording.264", bytes);
    bench.prepare(&path, content_type, ROOMY).await.unwrap()
}

#[tokio::test]
async fn plays_with_its_own_times_and_its_sound() {
    let bench = Bench::new().await;
    for (tag, codec, name) in [(b"HXVS", H264, "h264"), (b"HXVT", H265, "hevc")] {
        let parts = Parts::new(&bench, codec);
        let recording = Recording { tag, ..parts.recording() };
        let rendition = prepared(&bench, TYPE, &recording.file()).await;
        assert!((2.3..2.5).contains(&rendition.duration.as_secs_f64()), "{:?}", rendition.duration);
        assert_eq!((rendition.width_px, rendition.height_px), (320, 240));
        common::assert_poster(&rendition);
        let film = Film::of(&rendition);
        assert_eq!(film.codec, name);
        film.assert_is(&steps(PICTURES), 2.4);
    }
    bench.assert_empty();
}

#[tokio::test]
async fn pictures_keep_their_uneven_times() {
    let bench = Bench::new().await;
    let mut parts = Parts::new(&bench, H264);
    // A camera that records fewer pictures in the dark, and none for two seconds.
    let uneven =
        |n: u32| if n < 10 { n * 40 } else { 400 + (n - 10) * 200 + u32::from(n >= 20) * 2000 };
    parts.times_ms = (0..PICTURES as u32).map(|n| FIRST_MS + uneven(n)).collect();
    let expected: Vec<u64> = (0..PICTURES as u32).map(|n| u64::from(uneven(n))).collect();
    let rendition = prepared(&bench, TYPE, &parts.recording().file()).await;
    assert_eq!(Film::of(&rendition).pictures_ms, expected);
}

#[tokio::test]
async fn times_continue_after_the_clock_wraps_or_is_set() {
    let bench = Bench::new().await;
    let mut parts = Parts::new(&bench, H264);
    let starts = [
        // It wraps after ten pictures.
        (u32::MAX - 10 * STEP_MS + 1, 0),
        // It is set by an hour, forward and back.
        (FIRST_MS, 3_600_000_u32),
        (FIRST_MS, 3_600_000_u32.wrapping_neg()),
    ];
    for (first, set) in starts {
        let set = |n: u32| if n < 15 { 0 } else { set };
        parts.times_ms = (0..PICTURES as u32)
            .map(|n| first.wrapping_add(n * STEP_MS).wrapping_add(set(n)))
            .collect();
        let recording = Recording { sound_ms: first, ..parts.recording() };
        let rendition = prepared(&bench, TYPE, &recording.file()).await;
        Film::of(&rendition).assert_is(&steps(PICTURES), 2.5);
    }
}

#[tokio::test]
async fn sound_may_be_missing_or_have_a_clock_of_its_own() {
    let bench = Bench::new().await;
    let parts = Parts::new(&bench, H264);
    let silent = Recording { sound: &[], ..parts.recording() };
    let film = Film::of(&prepared(&bench, TYPE, &silent.file()).await);
    assert_eq!((film.pictures_ms, film.sound_s), (steps(PICTURES), None));
    // Sound that is counted from the camera's start.
    let own = Recording { sound_ms: 7, ..parts.recording() };
    Film::of(&prepared(&bench, TYPE, &own.file()).await).assert_is(&steps(PICTURES), 2.5);
}

#[tokio::test]
async fn a_recording_that_begins_in_the_middle_plays_from_the_next_key_frame_on() {
    let bench = Bench::new().await;
    let parts = Parts::new(&bench, H264);
    let frames = parts.recording().frames();
    let keys: Vec<usize> =
        (0..frames.len()).filter(|&n| frames[n].get(20) == Some(&0x67)).collect();
    // At a frame: the first bytes say what it is. Inside of one: only the name does.
    let from_frame = frames[keys[0] + 6..].concat();
    let inside = [b"garbage \0\0\x01", &from_frame[40..]].concat();
    for (content_type, bytes) in [
        (TYPE, &from_frame),
        ("video/h264", &inside),
        ("video/h265", &inside),
        ("application/octet-stream", &inside),
    ] {
        let film = Film::of(&prepared(&bench, content_type, bytes).await);
        film.assert_is(&steps(PICTURES - 8), 1.85);
    }
}

#[tokio::test]
async fn plays_as_far_as_it_came_and_past_what_is_damaged() {
    let bench = Bench::new().await;
    let parts = Parts::new(&bench, H264);
    let frames = parts.recording().frames();
    let pictures: Vec<usize> =
        (0..frames.len()).filter(|&n| matches!(frames[n].get(20), Some(0x41 | 0x65))).collect();
    assert_eq!(pictures.len(), PICTURES);
    // Cut in the twelfth picture, which is shown as far as it came.
    let mut cut = frames[..=pictures[11]].concat();
    cut.truncate(cut.len() - 5);
    let film = Film::of(&prepared(&bench, TYPE, &cut).await);
    assert_eq!(film.pictures_ms, steps(12));
    // Garbage between all frames, with what looks like a header in it.
    let garbage = [b"\0\0HX HXVF\xff\xff\xff\x7f padding ".to_vec(), vec![0; 300]].concat();
    let mut noisy = Vec::new();
    for frame in &frames {
        noisy.extend_from_slice(frame);
        noisy.extend_from_slice(&garbage);
    }
    Film::of(&prepared(&bench, TYPE, &noisy).await).assert_is(&steps(PICTURES), 2.4);
    // A block of the disk that is missing, from inside of a picture on.
    let (from, to) = (pictures[9], pictures[13]);
    let from_bytes = frames[..from].concat().len() + 30;
    let to_bytes = frames[..to].concat().len() + 30;
    let all = frames.concat();
    let holed = [&all[..from_bytes], &all[to_bytes..]].concat();
    let film = Film::of(&prepared(&bench, TYPE, &holed).await);
    assert!(film.pictures_ms.len() >= PICTURES - 5, "{:?}", film.pictures_ms);
    assert_eq!(film.pictures_ms.last(), steps(PICTURES).last());
    // Two recordings behind each other in one file, and one without its index.
    let two = [frames.concat(), frames[..frames.len() - 1].concat()].concat();
    let film = Film::of(&prepared(&bench, TYPE, &two).await);
    assert_eq!(film.pictures_ms, steps(2 * PICTURES));
}

#[tokio::test]
async fn the_stream_overrides_the_file_header() {
    let bench = Bench::new().await;
    let parts = Parts::new(&bench, H265);
    for (tag, size) in [(b"HXVS", (320, 240)), (b"HXVT", (1920, 1080)), (b"HXVT", (0, 0))] {
        let recording = Recording { tag, size, ..parts.recording() };
        // The generator cuts H.265 only under its own tag.
        let own = Recording { tag: b"HXVT", ..recording.clone() };
        let bytes = [&recording.file()[..16], &own.file()[16..]].concat();
        let rendition = prepared(&bench, TYPE, &bytes).await;
        assert_eq!((rendition.width_px, rendition.height_px), (320, 240));
        let film = Film::of(&rendition);
        assert_eq!(film.codec, "hevc");
        film.assert_is(&steps(PICTURES), 2.4);
    }
}

#[tokio::test]
async fn sound_at_twice_the_rate_is_not_slow() {
    let bench = Bench::new().await;
    let mut parts = Parts::new(&bench, H264);
    parts.sound =
        fs::read(bench.film("wide", "-f lavfi -i sine=r=16000:d=2.5 -ac 1 -f alaw")).unwrap();
    // The generator gives 160 samples 20 ms: make it 10.
    let frames = parts.recording().frames();
    let first = FIRST_MS - 88;
    let faster = |frame: Vec<u8>| match frame.starts_with(b"HXAF") {
        true => {
            let time = u32::from_le_bytes(frame[8..12].try_into().unwrap());
            let time = first + (time - first) / 2;
            [&frame[..8], &time.to_le_bytes(), &frame[12..]].concat()
        }
        false => frame,
    };
    let bytes = frames.into_iter().map(faster).collect::<Vec<_>>().concat();
    Film::of(&prepared(&bench, TYPE, &bytes).await).assert_is(&steps(PICTURES), 2.4);
}

#[tokio::test]
async fn nothing_to_show_is_no_video() {
    let bench = Bench::new().await;
    let parts = Parts::new(&bench, H264);
    let frames = parts.recording().frames();
    let sound_only: Vec<Vec<u8>> =
        frames.into_iter().filter(|frame| !frame.starts_with(b"HXVF")).collect();
    for bytes in [sound_only.concat(), b"HXVS".to_vec(), b"HXVF\0\0\0\0".to_vec()] {
        let path = bench.file("nothing.264", &bytes);
        let made = bench.prepare(&path, TYPE, ROOMY).await;
        assert!(matches!(made, Err(VideoError::NotAVideo(_))), "{made:?}");
    }
    bench.assert_empty();
}
