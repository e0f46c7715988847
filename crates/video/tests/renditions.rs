//! What becomes of each kind of video that cameras write, checked with ffprobe.
#![allow(clippy::unwrap_used, reason = "a test fails at what it does not expect")]

mod common;

use common::{Bench, H264, PICTURE, PICTURE_AND_TONE, ROOMY, Seen, assert_poster};
use common::{file, order, order_of_bytes};
use std::fs;
use tipoff_video::{Audience, TranscodeJob, VideoError, VideoOutcome, VideoProgress};

const AVC: &str = "h264,avc1,yuv420p";

#[tokio::test]
async fn makes_an_mp4_of_every_container_and_codec() {
    let bench = Bench::new().await;
    let x265 = "-c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p";
    let hvc1 = "hevc,hvc1,yuv420p";
    let table = [
        ("video/x-msvideo", "a.avi", "-c:v mjpeg -c:a pcm_s16le", AVC, true),
        ("video/x-msvideo", "b.avi", "-c:v mpeg4 -c:a mp2", AVC, true),
        ("video/x-msvideo", "c.avi", "-c:v msmpeg4 -an", AVC, false),
        ("video/x-matroska", "d.mkv", &format!("{H264} -c:a pcm_alaw"), AVC, true),
        ("video/x-matroska", "e.mkv", &format!("{x265} -c:a pcm_mulaw"), hvc1, true),
        ("video/webm", "f.webm", "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime", AVC, true),
        ("video/quicktime", "g.mov", &format!("{H264} -c:a aac"), AVC, true),
        ("video/3gpp", "h.3gp", &format!("{H264} -an"), AVC, false),
        ("video/mp2t", "i.ts", &format!("{H264} -c:a aac"), AVC, true),
        ("video/mpeg", "j.mpg", "-r 25 -c:v mpeg2video -c:a mp2", AVC, true),
        ("video/x-flv", "k.flv", &format!("{H264} -c:a aac"), AVC, true),
        ("video/x-ms-wmv", "l.asf", "-c:v wmv2 -c:a wmav2", AVC, true),
        ("video/mp4", "m.mp4", &format!("{H264} -c:a aac"), AVC, true),
        ("video/mp4", "n.mp4", &format!("{x265} -movflags +faststart -an"), hvc1, false),
        ("video/mp4", "o.mp4", "-c:v libx264 -pix_fmt yuv422p10le -an", AVC, false),
        ("video/x-matroska", "p.mkv", "-c:v mjpeg -ar 8000 -c:a g726", AVC, true),
    ];
    for (content_type, name, codecs, video, sounds) in table {
        let words = format!("{PICTURE_AND_TONE} {codecs}");
        let seen = bench.made(content_type, name, &words).await;
        assert_eq!(seen.video, video, "{name}");
        assert_eq!(seen.audio, sounds.then(|| "aac".to_owned()), "{name}");
        assert_eq!(seen.width_px, 320, "{name}");
    }
}

#[tokio::test]
async fn makes_an_mp4_of_raw_streams_with_and_without_a_header() {
    let bench = Bench::new().await;
    let raw = format!("{PICTURE} {H264} -f h264");
    assert_eq!(bench.made("video/h264", "a.h264", &raw).await.video, AVC);
    let raw =
        format!("{PICTURE} -c:v libx265 -x265-params log-level=none -pix_fmt yuv420p -f hevc");
    assert_eq!(bench.made("video/h265", "a.h265", &raw).await.video, "hevc,hvc1,yuv420p");
    // A recorder's own header, as XMEye boxes write: nothing in it is known.
    for name in ["a.h264", "a.h265"] {
        let stream = fs::read(bench.home.path().join(name)).unwrap();
        let path = bench.file("vendor", &[b"\x00\x01VENDOR\x00".repeat(60), stream].concat());
        let rendition = bench.prepare(&path, "application/octet-stream", ROOMY).await.unwrap();
        Seen::of(&rendition);
    }
}

#[tokio::test]
async fn reads_a_program_stream_behind_hikvisions_header() {
    let bench = Bench::new().await;
    let stream = bench.film("a.mpg", &format!("{PICTURE} {H264} -f vob"));
    let header = [&b"IMKH"[..], &[1; 36]].concat();
    let path = bench.file("b.mp4", &[header, fs::read(stream).unwrap()].concat());
    let rendition = bench.prepare(&path, "video/x-hikvision", ROOMY).await.unwrap();
    assert_eq!(Seen::of(&rendition).video, AVC);
}

#[tokio::test]
async fn reads_what_dahua_cameras_record() {
    let bench = Bench::new().await;
    // Key frames only, so that each begins with its parameter set and can be cut out.
    let stream = bench.film("a.h264", &format!("{PICTURE} {H264} -g 1 -f h264"));
    let stream = fs::read(stream).unwrap();
    let is_start = |at: &usize| stream[*at..].starts_with(&[0, 0, 0, 1, 0x67]);
    let mut cuts: Vec<usize> = (0..stream.len()).filter(is_start).collect();
    cuts.push(stream.len());
    let frames = cuts.windows(2).zip(0_u16..);
    let film: Vec<u8> = frames.flat_map(|(cut, n)| dhav(&stream[cut[0]..cut[1]], n)).collect();
    let path = bench.file("a.dav", &film);
    let rendition = bench.prepare(&path, "video/x-dav", ROOMY).await.unwrap();
    assert_eq!(Seen::of(&rendition).video, AVC);
}

/// One frame of a DHAV file: a header with the size and the codec, the picture, a trailer.
fn dhav(picture: &[u8], n: u16) -> Vec<u8> {
    let extension = [0x80, 0, (320_u16 / 8) as u8, 240 / 8, 0x81, 0, 2, 10];
    let length = u32::try_from(24 + extension.len() + picture.len() + 8).unwrap().to_le_bytes();
    let seconds = u32::from(n / 10);
    let date = (24 << 26 | 5 << 22 | 17 << 17 | 12 << 12 | 30 << 6 | seconds).to_le_bytes();
    let milliseconds = (n * 100).to_le_bytes();
    let number = u32::from(n).to_le_bytes();
    [
        b"DHAV\xfd\x00\x00\x00",
        &number[..],
        &length,
        &date,
        &milliseconds,
        &[8, 0],
        &extension,
        picture,
        b"dhav",
        &length,
    ]
    .concat()
}

#[tokio::test]
async fn leaves_a_good_mp4_alone() {
    let bench = Bench::new().await;
    let words = format!("{PICTURE_AND_TONE} {H264} -qp 1 -c:a aac -movflags +faststart");
    let path = bench.film("good.mp4", &words);
    let rendition = bench.prepare(&path, "video/mp4", ROOMY).await.unwrap();
    assert!(matches!(rendition.video, VideoOutcome::AsItIs));
    assert_eq!((rendition.width_px, rendition.height_px), (320, 240));
    assert!(rendition.duration.as_secs_f64() > 2.9);
    assert_poster(&rendition);
    // The same, read once, and over the limit by one byte.
    let bytes = fs::read(&path).unwrap();
    let size = bytes.len() as u64;
    let at = |limit| bench.transcoder.prepare(order_of_bytes(bytes.clone(), "video/mp4", limit));
    assert!(matches!(at(size).await.unwrap().video, VideoOutcome::AsItIs));
    let over = at(size - 1).await.unwrap();
    assert!(file(&over).size() < size);
    drop((rendition, over));
    bench.assert_empty();
}

#[tokio::test]
async fn shows_half_lines_in_their_shape() {
    let bench = Bench::new().await;
    let words = "-f lavfi -i testsrc=s=352x576:r=5:d=3 -vf setsar=24/11 -c:v mpeg4";
    let seen = bench.made("video/x-msvideo", "cif.avi", words).await;
    assert_eq!(seen.width_px, 768);
}

#[tokio::test]
async fn fits_under_a_limit_or_says_that_it_does_not() {
    let bench = Bench::new().await;
    // Noise, which no encoder makes small.
    let noise = "-f lavfi -i testsrc=s=1600x900:r=10:d=3 -vf noise=alls=60:allf=t";
    let path = bench.film("noise.mkv", &format!("{noise} {H264}"));
    let size = fs::metadata(&path).unwrap().len();
    for (limit, width_px) in [(900_000, 1280), (400_000, 854), (150_000, 640)] {
        assert!(size > limit * 2);
        let rendition = bench.prepare(&path, "video/x-matroska", limit).await.unwrap();
        let seen = Seen::of(&rendition);
        assert!(seen.size <= limit, "{} of {limit}", seen.size);
        assert!(seen.size > limit / 2, "{} of {limit}", seen.size);
        assert_eq!((seen.width_px, &*seen.video), (width_px, AVC));
    }
    let rendition = bench.prepare(&path, "video/x-matroska", 40_000).await.unwrap();
    assert!(matches!(rendition.video, VideoOutcome::DoesNotFit));
    assert_eq!(rendition.width_px, 1600);
    assert_poster(&rendition);
    drop(rendition);
    bench.assert_empty();
}

#[tokio::test]
async fn fits_a_raw_stream_without_a_known_duration() {
    let bench = Bench::new().await;
    let noise = "-f lavfi -i testsrc=s=640x480:r=10:d=3 -vf noise=alls=60:allf=t";
    let path = bench.film("noise.h264", &format!("{noise} {H264} -f h264"));
    let rendition = bench.prepare(&path, "video/h264", 300_000).await.unwrap();
    assert!(Seen::of(&rendition).size <= 300_000);
    let rendition = bench.prepare(&path, "video/h264", 20_000).await.unwrap();
    assert!(matches!(rendition.video, VideoOutcome::DoesNotFit));
    assert_poster(&rendition);
}

#[tokio::test]
async fn goes_on_without_a_sound_that_cannot_be_decoded() {
    let bench = Bench::new().await;
    // FLAC is none of the decoders that may run, as a vendor's own sound would be.
    let words = format!("{PICTURE_AND_TONE} {H264} -c:a flac");
    let seen = bench.made("video/x-matroska", "a.mkv", &words).await;
    assert_eq!((&*seen.video, seen.audio), (AVC, None));
}

#[tokio::test]
async fn takes_what_can_be_read_of_a_torn_file() {
    let bench = Bench::new().await;
    let film = |name: &str, codecs: &str| {
        let bytes = fs::read(bench.film(name, &format!("{PICTURE} {codecs}"))).unwrap();
        bench.file(name, &bytes[..bytes.len() * 9 / 10])
    };
    for (content_type, path) in [
        ("video/x-msvideo", film("torn.avi", "-c:v mjpeg")),
        ("video/x-matroska", film("torn.mkv", H264)),
        ("video/h264", film("torn.h264", &format!("{H264} -f h264"))),
    ] {
        let rendition = bench.prepare(&path, content_type, ROOMY).await.unwrap();
        Seen::of(&rendition);
    }
    let trouble = bench.prepare(&film("torn.mp4", H264), "video/mp4", ROOMY).await.unwrap_err();
    let words = trouble.to_string();
    assert!(matches!(trouble, VideoError::NotAVideo(_)));
    assert_eq!(words, "not a video that can be read: moov atom not found");
    bench.assert_empty();
}

#[tokio::test]
async fn makes_h264_for_a_browser_and_says_how_far_it_is() {
    let bench = Bench::new().await;
    let x265 = "-c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p";
    let h265 = format!("{PICTURE_AND_TONE} {x265} -c:a pcm_alaw");
    let h264 = format!("{PICTURE_AND_TONE} {H264} -c:a aac -movflags +faststart");
    for (content_type, name, words) in [
        ("video/x-matroska", "a.mkv", h265.as_str()),
        ("video/x-msvideo", "b.avi", &format!("{PICTURE} -c:v mjpeg")),
        ("video/mp4", "c.mp4", &h264),
    ] {
        let path = bench.film(name, words);
        let order =
            TranscodeJob { audience: Audience::Browser, ..order(&path, content_type, ROOMY) };
        let progress = VideoProgress::default();
        let rendition = bench.transcoder.prepare_apart(order, &progress).await.unwrap();
        assert!(rendition.plays_in_browsers && rendition.poster.is_none(), "{name}");
        assert!(file(&rendition).size() > 0);
        assert!(progress.percent().is_some_and(|percent| percent >= 80), "{progress:?}");
    }
    // What was made for a chat says whether a browser plays it as well.
    for (name, content_type, plays) in
        [("a.mkv", "video/x-matroska", false), ("b.avi", "video/x-msvideo", true)]
    {
        let rendition = bench.prepare(&bench.home.path().join(name), content_type, ROOMY).await;
        assert_eq!(rendition.unwrap().plays_in_browsers, plays, "{name}");
    }
    bench.assert_empty();
}
