use super::*;

const COPY: PictureRecipe = PictureRecipe::Copy { hvc1: false };
const COPY_HVC1: PictureRecipe = PictureRecipe::Copy { hvc1: true };
const MB: u64 = 1_000_000;

fn probe(codec: &str, pixels: &str, audio: Option<&str>) -> VideoProbe {
    VideoProbe {
        codec: codec.into(),
        tag: "avc1".into(),
        pixels: pixels.into(),
        size: size(2560, 1440),
        audio: audio.map(str::to_owned),
        duration: Some(Duration::from_secs(10)),
    }
}

fn plan(probe: &VideoProbe, streamable: bool, bytes: u64, bytes_max: u64) -> Plan {
    decide(probe, SourceFacts { streamable, bytes, audience: Audience::Chat }, bytes_max)
}

fn size(width_px: u32, height_px: u32) -> Size {
    Size { width_px, height_px }
}

fn encode_to(width_px: u32, height_px: u32) -> PictureRecipe {
    PictureRecipe::Encode { size: size(width_px, height_px), bits_per_s_max: None }
}

#[test]
fn copies_what_phones_play_and_encodes_the_rest() {
    let full_hd = encode_to(1920, 1080);
    let table = [
        ("h264", "yuv420p", None, COPY, SoundRecipe::None),
        ("h264", "yuvj420p", Some("aac"), COPY, SoundRecipe::Copy),
        ("h264", "yuv420p10le", Some("aac"), full_hd, SoundRecipe::Copy),
        ("h264", "yuv422p", None, full_hd, SoundRecipe::None),
        ("h264", "", None, full_hd, SoundRecipe::None),
        ("hevc", "yuv420p", Some("pcm_alaw"), COPY_HVC1, SoundRecipe::Encode),
        ("hevc", "yuv420p10le", None, COPY_HVC1, SoundRecipe::None),
        ("hevc", "yuv444p", None, full_hd, SoundRecipe::None),
        ("mjpeg", "yuvj422p", Some("pcm_s16le"), full_hd, SoundRecipe::Encode),
        ("mpeg4", "yuv420p", Some("mp2"), full_hd, SoundRecipe::Encode),
        ("msmpeg4v3", "yuv420p", Some("adpcm_g726"), full_hd, SoundRecipe::Encode),
        ("vp9", "yuv420p", Some("opus"), full_hd, SoundRecipe::Encode),
    ];
    for (codec, pixels, sound, video, audio) in table {
        let probe = probe(codec, pixels, sound);
        let expected = Plan::Make(Recipe { video, audio });
        assert_eq!(plan(&probe, false, MB, MB), expected, "{codec} {pixels} {sound:?}");
    }
}

#[test]
fn leaves_alone_only_what_plays_streams_and_fits() {
    let good = probe("h264", "yuv420p", Some("aac"));
    assert_eq!(plan(&good, true, MB, MB), Plan::AsItIs);
    assert_ne!(plan(&good, true, MB + 1, MB), Plan::AsItIs);
    assert_ne!(plan(&good, false, MB, MB), Plan::AsItIs);
    let timeless = VideoProbe { duration: None, ..good.clone() };
    assert_ne!(plan(&timeless, true, MB, MB), Plan::AsItIs);
    let tag = |tag: &str| VideoProbe { tag: tag.into(), ..probe("hevc", "yuv420p", None) };
    assert_eq!(plan(&tag("hvc1"), true, MB, MB), Plan::AsItIs);
    assert_ne!(plan(&tag("hev1"), true, MB, MB), Plan::AsItIs);
    assert_ne!(plan(&probe("h264", "yuv420p", Some("mp3")), true, 1, MB), Plan::AsItIs);
    assert_ne!(plan(&probe("mpeg4", "yuv420p", None), true, 1, MB), Plan::AsItIs);
}

#[test]
fn copies_first_what_is_hardly_too_large() {
    let probe = probe("h264", "yuv420p", None);
    let squeezed_at = |bytes| match plan(&probe, false, bytes, MB) {
        Plan::Make(recipe) => recipe.is_squeezed(),
        other => panic!("{other:?}"),
    };
    assert!(!squeezed_at(1_100_000));
    assert!(squeezed_at(1_100_001));
    // Without a duration there is no rate: copy, and measure.
    let timeless = VideoProbe { duration: None, ..probe };
    let copy = Recipe { video: COPY, audio: SoundRecipe::None };
    assert_eq!(plan(&timeless, true, 9 * MB, MB), Plan::Make(copy));
}

#[test]
fn steps_down_with_the_rate() {
    let silent = probe("h264", "yuv420p", None);
    // 0.93 of the limit's bits over ten seconds: 744 kbit/s for each megabyte.
    let at = |bits_per_s: u64| {
        let bytes = (bits_per_s * 10).div_ceil(8) * 100 / 93 + 200;
        let recipe = squeezed(&silent, Duration::from_secs(10), bytes, Squeeze::First)?;
        match recipe.video {
            PictureRecipe::Encode { size, .. } => Some(size.width_px),
            PictureRecipe::Copy { .. } => None,
        }
    };
    assert_eq!(at(4_000_000), Some(1920));
    assert_eq!(at(3_990_000), Some(1280));
    assert_eq!(at(1_500_000), Some(1280));
    assert_eq!(at(1_490_000), Some(854));
    assert_eq!(at(500_000), Some(854));
    assert_eq!(at(490_000), Some(640));
    assert_eq!(at(120_000), Some(640));
    assert_eq!(at(119_000), None);
}

#[test]
fn gives_sound_its_part_and_presses_harder_the_second_time() {
    let rate = |audio: Option<&str>, squeeze| {
        let probe = probe("h264", "yuv420p", audio);
        let recipe = squeezed(&probe, Duration::from_secs(10), MB, squeeze).unwrap();
        match recipe.video {
            PictureRecipe::Encode { bits_per_s_max, .. } => (bits_per_s_max.unwrap(), recipe.audio),
            PictureRecipe::Copy { .. } => panic!("copied"),
        }
    };
    assert_eq!(rate(None, Squeeze::First), (744_000, SoundRecipe::None));
    assert_eq!(rate(Some("aac"), Squeeze::First), (680_000, SoundRecipe::Encode));
    assert_eq!(rate(None, Squeeze::Second), (595_200, SoundRecipe::None));
    assert_eq!(rate(Some("mp2"), Squeeze::Second), (531_200, SoundRecipe::Encode));
}

#[test]
fn bears_any_numbers() {
    let probe = probe("h264", "yuv420p", Some("aac"));
    for bytes_max in [0, 1, u64::MAX] {
        for duration in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            let recipe = squeezed(&probe, duration, bytes_max, Squeeze::Second);
            assert_eq!(recipe.is_some(), bytes_max == u64::MAX && duration < Duration::MAX);
        }
        plan(&probe, false, u64::MAX, bytes_max);
    }
    assert_eq!(plan(&probe, true, MB, 0), Plan::DoesNotFit);
}

#[test]
fn tries_what_else_may_work() {
    let probe = probe("h264", "yuv420p", Some("pcm_alaw"));
    let recipe = |video, audio| Recipe { video, audio };
    let full_hd = encode_to(1920, 1080);
    assert_eq!(
        recipe(COPY, SoundRecipe::Encode).attempts(&probe),
        [
            recipe(COPY, SoundRecipe::Encode),
            recipe(COPY, SoundRecipe::None),
            recipe(full_hd, SoundRecipe::Encode),
            recipe(full_hd, SoundRecipe::None),
        ]
    );
    let last = recipe(full_hd, SoundRecipe::None);
    assert_eq!(last.attempts(&probe), [last]);
}

#[test]
fn a_browser_gets_a_file_of_its_own_in_h264() {
    let made = |codec: &str, pixels: &str, audio| {
        let probe = probe(codec, pixels, audio);
        let source = SourceFacts { streamable: true, bytes: MB, audience: Audience::Browser };
        decide(&probe, source, MB)
    };
    let (hd, recipe) = (encode_to(1280, 720), |video, audio| Plan::Make(Recipe { video, audio }));
    assert_eq!(made("h264", "yuv420p", Some("aac")), recipe(COPY, SoundRecipe::Copy));
    assert_eq!(made("h264", "yuv420p", Some("pcm_alaw")), recipe(COPY, SoundRecipe::Encode));
    assert_eq!(made("hevc", "yuv420p", None), recipe(hd, SoundRecipe::None));
    assert_eq!(made("h264", "yuv420p10le", None), recipe(hd, SoundRecipe::None));
    assert_eq!(made("mjpeg", "yuvj422p", Some("mp2")), recipe(hd, SoundRecipe::Encode));
}
