//! The arguments of ffmpeg and ffprobe. No argument contains text from outside: a path is always behind `file:`, so
//! that it cannot be an option or another protocol, and everything else is a constant or a number.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::input::{Input, InputFormat};
use crate::plan::{AUDIO_BITS_PER_S, PictureRecipe, Recipe, SoundRecipe};
use crate::probe::{ENTRIES, Size};

/// The decoders that may run: those for what cameras and recorders write. Hostile bytes do not reach the others, of
/// which many are old and unmaintained.
const VIDEO_DECODERS: &str = "h264,hevc,mjpeg,mpeg4,msmpeg4v1,msmpeg4v2,msmpeg4,h263,flv,\
    mpeg1video,mpeg2video,mpegvideo,vp8,vp9,libdav1d,av1,wmv1,wmv2,wmv3,vc1";
/// The same for sound.
const AUDIO_DECODERS: &str = "aac,mp2,mp2float,mp3,mp3float,pcm_alaw,pcm_mulaw,pcm_s16le,pcm_s16be,\
    pcm_u8,adpcm_ima_wav,adpcm_ms,adpcm_ima_qt,g722,g726,g726le,amrnb,amrwb,opus,vorbis,wmav1,wmav2";
/// Number of threads that decode, and of threads that encode: enough for a phone's video. The rest of the machine is
/// left to the alerts.
const THREADS: &str = "2";
/// Quality of encoding (x264's constant rate factor, 0 to 51, lower is better; its default is 23).
const QUALITY: &str = "26";
/// Part of a second's bits that the encoder may save for a burst, in percent.
const BURST_PERCENT: u64 = 50;

/// The arguments of ffprobe for a source.
pub(crate) fn probe(input: Input, path: &Path) -> Vec<OsString> {
    let mut words = list(&["-hide_banner", "-v", "error", "-of", "json", "-show_entries"]);
    words.push(ENTRIES.into());
    // ffprobe fails at any stream whose decoder is not listed. Only video is limited here, because an unknown sound or
    // subtitle must not hide the pictures; nothing is decoded yet.
    words.extend(list(&["-codec_whitelist:v", VIDEO_DECODERS]));
    words.extend(source(input, path));
    words
}

/// The arguments that make an MP4 which plays while it loads. `output` is a name in the working folder.
pub(crate) fn make(input: Input, path: &Path, recipe: Recipe, output: &str) -> Vec<OsString> {
    let mut words = start();
    words.extend(list(&["-progress", "pipe:1"]));
    words.extend(listed_decoders());
    // Raw streams and some AVI have no timestamps: they get them by the stream's frame rate, or by 25.
    words.extend(list(&["-fflags", "+genpts"]));
    words.extend(source(input, path));
    words.extend(list(&["-map", "0:v:0"]));
    if recipe.audio != SoundRecipe::None {
        words.extend(list(&["-map", "0:a:0"]));
    }
    words.extend(list(&["-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"]));
    words.extend(picture(recipe.video));
    words.extend(sound(recipe.audio));
    words.extend(list(&["-movflags", "+faststart", "-f", "mp4"]));
    words.push(format!("file:{output}").into());
    words
}

/// The arguments that make a still of this size. ffmpeg chooses the most typical of ten frames from `at` on.
pub(crate) fn poster(
    input: Input,
    path: &Path,
    size: Size,
    at: Duration,
    output: &str,
) -> Vec<OsString> {
    let (width, height, at) = (size.width_px, size.height_px, at.as_secs_f64());
    let mut words = start();
    words.extend(listed_decoders());
    words.extend(source(input, path));
    words.extend(list(&["-map", "0:v:0", "-an", "-sn", "-dn", "-map_metadata", "-1", "-vf"]));
    // Scaled first, so that the frames it chooses from are small.
    words.push(
        format!("select='gte(t,{at:.3})',scale={width}:{height},setsar=1,thumbnail=n=10").into(),
    );
    words.extend(list(&["-frames:v", "1", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "4"]));
    words.extend(list(&["-f", "image2", "-update", "1"]));
    words.push(format!("file:{output}").into());
    words
}

/// Arguments before all others: no input, no prompts, errors only, and an existing output is overwritten.
fn start() -> Vec<OsString> {
    list(&["-nostdin", "-hide_banner", "-v", "error", "-y", "-filter_threads", "1"])
}

/// The decoders that may run.
fn listed_decoders() -> Vec<OsString> {
    vec!["-codec_whitelist".into(), format!("{VIDEO_DECODERS},{AUDIO_DECODERS}").into()]
}

/// The source as a plain file of a known format.
fn source(input: Input, path: &Path) -> Vec<OsString> {
    let mut words = list(&["-protocol_whitelist", "file", "-threads", THREADS]);
    words.extend(list(&["-f", input.format.name()]));
    if input.format == InputFormat::Mov {
        // An MP4 can name other files that hold its pictures.
        words.extend(list(&["-enable_drefs", "0", "-use_absolute_path", "0"]));
    }
    if input.skip_bytes > 0 {
        words.push("-skip_initial_bytes".into());
        words.push(input.skip_bytes.to_string().into());
    }
    let mut file = OsString::from("file:");
    file.push(path);
    words.extend(["-i".into(), file]);
    words
}

/// How the pictures are made. `hvc1` is the tag by which phones recognise H.265.
fn picture(video: PictureRecipe) -> Vec<OsString> {
    let (size, bits_per_s_max) = match video {
        PictureRecipe::Copy { hvc1: false } => return list(&["-c:v", "copy"]),
        PictureRecipe::Copy { hvc1: true } => return list(&["-c:v", "copy", "-tag:v", "hvc1"]),
        PictureRecipe::Encode { size, bits_per_s_max } => (size, bits_per_s_max),
    };
    let mut words = list(&["-c:v", "libx264", "-preset", "veryfast", "-crf", QUALITY]);
    words.extend(list(&["-threads", THREADS, "-pix_fmt", "yuv420p", "-vf"]));
    words.push(format!("scale={}:{},setsar=1", size.width_px, size.height_px).into());
    if let Some(rate) = bits_per_s_max {
        let burst = rate * BURST_PERCENT / 100;
        words.extend(["-maxrate".into(), rate.to_string().into()]);
        words.extend(["-bufsize".into(), burst.to_string().into()]);
    }
    words
}

/// How the sound is made.
fn sound(audio: SoundRecipe) -> Vec<OsString> {
    match audio {
        SoundRecipe::None => list(&["-an"]),
        SoundRecipe::Copy => list(&["-c:a", "copy"]),
        SoundRecipe::Encode => {
            let mut words = list(&["-c:a", "aac", "-ac", "1", "-b:a"]);
            words.push(AUDIO_BITS_PER_S.to_string().into());
            words
        }
    }
}

/// The arguments that open the list of a live stream. ffmpeg opens what is in the list by TCP, with or without TLS,
/// and as RTSP only. `safe` would refuse every address.
fn live(list_name: &str, wants_frame: bool) -> Vec<OsString> {
    let mut words = start();
    words.extend(listed_decoders());
    words.extend(list(&[
        "-protocol_whitelist",
        "file,tcp,tls",
        "-format_whitelist",
        "concat,rtsp",
    ]));
    words.extend(list(&["-f", "concat", "-safe", "0"]));
    if wants_frame {
        // The first key frame is decoded at once: no second thread waits for the next one.
        words.extend(list(&["-threads", "1", "-skip_frame", "nokey"]));
        words.extend(list(&["-analyzeduration", "0", "-fpsprobesize", "0"]));
    }
    words.extend(["-i".into(), format!("file:{list_name}").into()]);
    words
}

/// The arguments that make a JPEG of the first key frame of a live stream.
pub(crate) fn frame(list_name: &str, output: &str) -> Vec<OsString> {
    let mut words = live(list_name, true);
    words.extend(list(&["-map", "0:v:0", "-an", "-sn", "-dn", "-map_metadata", "-1"]));
    words.extend(list(&["-frames:v", "1", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "3"]));
    words.extend(list(&["-f", "image2", "-update", "1"]));
    words.push(format!("file:{output}").into());
    words
}

/// The arguments that record a live stream. The pictures are copied. The sound is encoded, because MP4 takes none of
/// the kinds that cameras usually send (G.711, G.726). In fragments, so that what is there plays whenever it ends.
pub(crate) fn clip(
    list_name: &str,
    duration: Duration,
    bytes_max: u64,
    output: &str,
) -> Vec<OsString> {
    let mut words = live(list_name, false);
    words.extend(["-t".into(), format!("{:.3}", duration.as_secs_f64()).into()]);
    words.extend(["-fs".into(), bytes_max.to_string().into()]);
    words.extend(list(&["-map", "0:v:0", "-map", "0:a:0?", "-sn", "-dn", "-map_metadata", "-1"]));
    words.extend(list(&["-c:v", "copy"]));
    words.extend(sound(SoundRecipe::Encode));
    words.extend(list(&["-movflags", "+frag_keyframe+empty_moov", "-f", "mp4"]));
    words.push(format!("file:{output}").into());
    words
}

fn list(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[OsString]) -> String {
        let words: Vec<_> = words.iter().map(|w| w.to_string_lossy()).collect();
        words.join(" ")
    }

    #[test]
    fn opens_a_source_as_a_plain_file_of_a_known_kind() {
        let raw = Input { format: InputFormat::H264, skip_bytes: 64 };
        let words = line(&probe(raw, Path::new("/in/-i x")));
        assert!(words.contains("-codec_whitelist:v h264,"), "{words}");
        assert!(words.contains("-protocol_whitelist file "), "{words}");
        assert!(words.ends_with("-f h264 -skip_initial_bytes 64 -i file:/in/-i x"), "{words}");
        let words = line(&probe(Input::MP4, Path::new("/in")));
        assert!(words.ends_with("-f mov -enable_drefs 0 -use_absolute_path 0 -i file:/in"));
    }

    #[test]
    fn says_what_the_recipe_says() {
        let size = Size { width_px: 640, height_px: 480 };
        let made = |video, audio| {
            line(&make(Input::MP4, Path::new("/in"), Recipe { video, audio }, "out.mp4"))
        };
        let copied = made(PictureRecipe::Copy { hvc1: true }, SoundRecipe::Copy);
        assert!(copied.contains("-codec_whitelist h264,"), "{copied}");
        assert!(copied.contains("-map 0:v:0 -map 0:a:0 -sn -dn -map_metadata -1"));
        assert!(copied.contains("-c:v copy -tag:v hvc1 -c:a copy -movflags +faststart"));
        assert!(copied.ends_with("-f mp4 file:out.mp4"));
        let rate = Some(1000);
        let encode = |bits_per_s_max| PictureRecipe::Encode { size, bits_per_s_max };
        let fitted = made(encode(rate), SoundRecipe::Encode);
        assert!(fitted.contains("-crf 26 "), "{fitted}");
        assert!(
            fitted.contains("scale=640:480,setsar=1 -maxrate 1000 -bufsize 500 -c:a aac -ac 1")
        );
        let silent = made(encode(None), SoundRecipe::None);
        assert!(!silent.contains("0:a:0") && !silent.contains("-maxrate"));
        assert!(silent.contains(" -an "));
    }
}
