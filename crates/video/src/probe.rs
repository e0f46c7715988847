//! Reads what ffprobe says of a file, reduced to what the plan needs. It is not trusted: a header can lie, so every
//! number is checked here or measured again later.

use std::time::Duration;

use serde::Deserialize;

/// The largest side of a frame, in pixels: what an H.264 encoder takes.
const SIDE_PX_MAX: u32 = 16_384;
/// Longest duration that is believed: no camera sends a week in one file.
const DURATION_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// Greatest ratio of a pixel's sides that is believed, in either direction.
const PIXEL_RATIO_MAX: u64 = 4;

/// The entries that ffprobe is asked for. No more, so that its answer stays small.
pub(crate) const ENTRIES: &str = "format=duration:stream=codec_type,codec_name,codec_tag_string,\
    pix_fmt,width,height,sample_aspect_ratio,duration";

/// A file with a video in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VideoProbe {
    /// ffmpeg's name of the video codec, such as `h264`.
    pub(crate) codec: String,
    /// How the container names the codec, such as `hvc1`.
    pub(crate) tag: String,
    /// ffmpeg's name of how a pixel is stored, such as `yuv420p`.
    pub(crate) pixels: String,
    pub(crate) size: Size,
    /// ffmpeg's name of the audio codec; `None` without sound or if the codec is unknown.
    pub(crate) audio: Option<String>,
    /// `None` if no stream has a duration that can be believed.
    pub(crate) duration: Option<Duration>,
}

impl VideoProbe {
    /// Whether it is H.264 as phones and browsers decode it: 8 bits, 4:2:0.
    pub(crate) fn is_plain_h264(&self) -> bool {
        self.codec == "h264" && matches!(self.pixels.as_str(), "yuv420p" | "yuvj420p")
    }

    /// Whether it plays in every browser.
    pub(crate) fn plays_in_browsers(&self) -> bool {
        self.is_plain_h264() && self.audio.as_deref().is_none_or(|audio| audio == "aac")
    }
}

/// Size of a frame as it is shown, in square pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width_px: u32,
    pub(crate) height_px: u32,
}

impl Size {
    /// Made to fit inside, in proportion, with even sides as the encoder wants them; never larger.
    pub(crate) fn within(self, width_px_max: u32, height_px_max: u32) -> Size {
        let (w, h) = (u64::from(self.width_px), u64::from(self.height_px));
        let (most_w, most_h) = (u64::from(width_px_max), u64::from(height_px_max));
        let (w, h) = if w > most_w { (most_w, h * most_w / w) } else { (w, h) };
        let (w, h) = if h > most_h { (w * most_h / h, most_h) } else { (w, h) };
        let even = |side: u64| u32::try_from(side & !1).unwrap_or(u32::MAX - 1).max(2);
        Size { width_px: even(w), height_px: even(h) }
    }
}

#[derive(Deserialize)]
struct ProbeAnswer {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

#[derive(Deserialize, Default)]
struct Format {
    duration: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    codec_type: Option<String>,
    codec_name: Option<String>,
    codec_tag_string: Option<String>,
    pix_fmt: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    sample_aspect_ratio: Option<String>,
    duration: Option<String>,
}

/// Reads ffprobe's JSON: the first video stream and the first audio stream, which ffmpeg takes too. The error text is
/// for people.
pub(crate) fn read(json: &[u8]) -> Result<VideoProbe, &'static str> {
    let answer: ProbeAnswer =
        serde_json::from_slice(json).map_err(|_| "its streams cannot be read")?;
    let first = |kind: &str| {
        let mut streams = answer.streams.iter();
        streams.find(|stream| stream.codec_type.as_deref() == Some(kind))
    };
    let video = first("video").ok_or("there is no video in it")?;
    let size = shown_size(video).ok_or("it has no frame of a size that can be shown")?;
    let codec = video.codec_name.clone().unwrap_or_default();
    if nameless(&codec) {
        return Err("its codec is not known");
    }
    let audio = first("audio").and_then(|stream| stream.codec_name.clone());
    let durations = [&answer.format.duration, &video.duration];
    Ok(VideoProbe {
        codec,
        tag: video.codec_tag_string.clone().unwrap_or_default(),
        pixels: video.pix_fmt.clone().unwrap_or_default(),
        size,
        audio: audio.filter(|name| !nameless(name)),
        duration: durations.into_iter().find_map(|text| duration(text.as_deref()?)),
    })
}

/// Whether ffprobe does not know a codec.
fn nameless(codec: &str) -> bool {
    matches!(codec, "" | "none" | "unknown")
}

/// The stored size with its width corrected by the shape of the pixels: old recorders store half of the width.
fn shown_size(video: &Stream) -> Option<Size> {
    let side = |side: Option<u32>| side.filter(|px| (1..=SIDE_PX_MAX).contains(px));
    let (width_px, height_px) = (side(video.width)?, side(video.height)?);
    let (wide, high) = video.sample_aspect_ratio.as_deref().and_then(pixel_ratio).unwrap_or((1, 1));
    let shown = u64::from(width_px) * wide / high;
    Some(Size {
        width_px: u32::try_from(shown).ok().filter(|px| (1..=SIDE_PX_MAX).contains(px))?,
        height_px,
    })
}

fn pixel_ratio(text: &str) -> Option<(u64, u64)> {
    let (wide, high) = text.split_once(':')?;
    let (wide, high): (u32, u32) = (wide.parse().ok()?, high.parse().ok()?);
    let (wide, high) = (u64::from(wide), u64::from(high));
    let sane = wide <= high * PIXEL_RATIO_MAX && high <= wide * PIXEL_RATIO_MAX;
    (wide > 0 && high > 0 && sane).then_some((wide, high))
}

fn duration(text: &str) -> Option<Duration> {
    let duration = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
    (duration > Duration::ZERO && duration <= DURATION_MAX).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(extra: &str) -> String {
        format!(r#"{{"streams":[{{"codec_type":"video","codec_name":"h264"{extra}}}]}}"#)
    }

    fn size_of(extra: &str) -> Option<(u32, u32)> {
        let size = read(stream(extra).as_bytes()).ok()?.size;
        Some((size.width_px, size.height_px))
    }

    #[test]
    fn reads_what_decides() {
        let json = br#"{"programs":[],"streams":[
            {"codec_type":"data"},
            {"codec_type":"audio","codec_name":"pcm_alaw"},
            {"codec_type":"video","codec_name":"hevc","codec_tag_string":"hev1","pix_fmt":"yuv420p",
             "width":1920,"height":1080,"sample_aspect_ratio":"1:1","duration":"3.5"},
            {"codec_type":"video","codec_name":"mjpeg","width":8,"height":8}],
            "format":{"duration":"4.25"}}"#;
        let expected = VideoProbe {
            codec: "hevc".into(),
            tag: "hev1".into(),
            pixels: "yuv420p".into(),
            size: Size { width_px: 1920, height_px: 1080 },
            audio: Some("pcm_alaw".into()),
            duration: Some(Duration::from_millis(4250)),
        };
        assert_eq!(read(json), Ok(expected));
    }

    #[test]
    fn refuses_what_is_no_video() {
        let table = [
            "",
            "{",
            "{}",
            r#"{"streams":[{"codec_type":"audio","codec_name":"aac"}]}"#,
            r#"{"streams":[{"codec_type":"video","width":2,"height":2}]}"#,
            r#"{"streams":[{"codec_type":"video","codec_name":"unknown","width":2,"height":2}]}"#,
            r#"{"streams":[{"codec_type":"video","codec_name":"h264"}]}"#,
        ];
        for json in table {
            assert!(read(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn believes_sizes_up_to_the_limit() {
        assert_eq!(size_of(r#","width":16384,"height":16384"#), Some((16384, 16384)));
        assert_eq!(size_of(r#","width":16385,"height":2"#), None);
        assert_eq!(size_of(r#","width":2,"height":16385"#), None);
        assert_eq!(size_of(r#","width":0,"height":2"#), None);
        assert_eq!(size_of(r#","width":-2,"height":2"#), None);
        let shaped = |ratio: &str| {
            size_of(&format!(r#","width":704,"height":576,"sample_aspect_ratio":"{ratio}""#))
        };
        assert_eq!(shaped("16:11"), Some((1024, 576)));
        assert_eq!(shaped("4:1"), Some((2816, 576)));
        for ratio in ["5:1", "1:5", "0:1", "1:0", "x", "99999999999:1"] {
            assert_eq!(shaped(ratio), Some((704, 576)), "{ratio}");
        }
    }

    #[test]
    fn believes_durations_up_to_the_limit() {
        let of = |text: &str| {
            let extra = format!(r#","width":2,"height":2,"duration":"{text}""#);
            read(stream(&extra).as_bytes()).unwrap().duration
        };
        assert_eq!(of("604800"), Some(DURATION_MAX));
        for text in ["604801", "N/A", "0.000", "-1", "nan", "inf", "1e300"] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn fits_frames_in_proportion() {
        let within = |w: u32, h: u32, most_w: u32, most_h: u32| {
            let size = Size { width_px: w, height_px: h }.within(most_w, most_h);
            (size.width_px, size.height_px)
        };
        assert_eq!(within(3840, 2160, 1920, u32::MAX), (1920, 1080));
        assert_eq!(within(1920, 1080, 1920, u32::MAX), (1920, 1080));
        assert_eq!(within(641, 481, 1920, u32::MAX), (640, 480));
        assert_eq!(within(1080, 1920, 320, 320), (180, 320));
        assert_eq!(within(16384, 1, 320, 320), (320, 2));
    }
}
