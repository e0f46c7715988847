use super::*;
use proptest::prelude::*;

const UNIT: &[u8] = b"\0\0\0\x01\x67\x4D\0\x1F";
const SOUND: &[u8] = b"\0\x01\x02\0\xD5\xD5\xD5\xD5";

fn head(tag: &[u8; 4], first: u32, second: u32, third: u32) -> Vec<u8> {
    let numbers = [first, second, third].map(u32::to_le_bytes).concat();
    [&tag[..], &numbers].concat()
}

fn frame(tag: &[u8; 4], time_ms: u32, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap();
    [&head(tag, length, time_ms, 1)[..], content].concat()
}

fn file() -> Vec<Vec<u8>> {
    let index = [&head(b"HXFI", 40, 60, 3)[..], &[0; 40]].concat();
    vec![
        head(b"HXVS", 1280, 720, 0),
        frame(b"HXVF", 7, UNIT),
        frame(b"HXAF", 8, SOUND),
        frame(b"HXVF", 9, UNIT),
        index,
    ]
}

type Found = Vec<(FrameKind, u32, Vec<u8>)>;

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Found {
    let mut demuxer = Demuxer::default();
    let mut found = Vec::new();
    let mut take = |demuxer: &mut Demuxer| {
        while let Some(Frame { kind, time_ms, bytes }) = demuxer.next_frame() {
            found.push((kind, time_ms, bytes.to_vec()));
        }
        assert!(demuxer.held() <= 2 * (FRAME_BYTES_MAX + 2 * HEADER_BYTES + 65_536));
    };
    for piece in pieces {
        demuxer.push(piece);
        take(&mut demuxer);
    }
    demuxer.end();
    take(&mut demuxer);
    found
}

fn whole() -> Found {
    vec![
        (FrameKind::Video, 7, UNIT.to_vec()),
        (FrameKind::Sound, 8, SOUND.to_vec()),
        (FrameKind::Video, 9, UNIT.to_vec()),
    ]
}

#[test]
fn finds_the_frames_of_a_file() {
    assert_eq!(read([&file().concat()[..]]), whole());
    let mut demuxer = Demuxer::default();
    demuxer.push(&file().concat());
    demuxer.next_frame();
    assert_eq!((demuxer.codec(), demuxer.size()), (Some(Codec::H264), Some((1280, 720))));
}

#[test]
fn a_file_may_begin_anywhere() {
    assert_eq!(read([&file()[1..].concat()[..]]), whole());
    let all = file().concat();
    // In the first frame: the second is found.
    for cut in 17..40 {
        assert_eq!(read([&all[cut..]]), whole()[1..], "{cut}");
    }
}

#[test]
fn a_file_may_end_anywhere() {
    let all = file().concat();
    // In the last frame: as much of it as came.
    let end = all.len() - 56;
    for missing in 0..UNIT.len() {
        let found = read([&all[..end - missing]]);
        assert_eq!(found[..2], whole()[..2], "{missing}");
        assert_eq!(found[2].2, UNIT[..UNIT.len() - missing]);
    }
    assert_eq!(read([&all[..end - UNIT.len() - 1]]), whole()[..2]);
}

#[test]
fn garbage_between_frames_is_passed_over() {
    for garbage in
        [&b"x"[..], b"HX", b"HXVF", &[0; 500], b"HXVF\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\x01"]
    {
        let mut file = file();
        for at in [4, 3, 2, 1, 0] {
            file.insert(at, garbage.to_vec());
        }
        let found = read([&file.concat()[..]]);
        let bytes = |found: &Found| found.iter().map(|it| (it.0, it.1)).collect::<Vec<_>>();
        assert_eq!(bytes(&found), bytes(&whole()), "{garbage:?}");
    }
}

#[test]
fn what_only_looks_like_a_header_in_garbage_is_none_in_any_pieces() {
    let false_mark = [&head(b"HXVF", 3, 5, 1)[..], b"xyz"].concat();
    let all =
        [file()[..3].concat(), b"garbage".to_vec(), false_mark, file()[3..].concat()].concat();
    for step in 1..all.len() {
        assert_eq!(read(all.chunks(step)), whole(), "{step}");
    }
}

#[test]
fn bytes_that_are_missing_cost_one_frame() {
    let all = file().concat();
    // Six bytes of the content of the first picture.
    let torn = [&all[..34], &all[40..]].concat();
    let found = read([&torn[..]]);
    assert_eq!(found[0].2, UNIT[..2]);
    assert_eq!(found[1..], whole()[1..]);
}

#[test]
fn frames_are_believed_up_to_their_limit() {
    let with = |length: usize| {
        let frame = frame(b"HXVF", 1, &[UNIT, &vec![9; length - UNIT.len()]].concat());
        read([&[frame, file()[1..].concat()].concat()[..]])
    };
    let found = with(FRAME_BYTES_MAX);
    assert_eq!((found.len(), found[0].2.len()), (4, FRAME_BYTES_MAX));
    assert_eq!(with(FRAME_BYTES_MAX + 1), whole());
}

proptest! {
    #[test]
    fn any_split_gives_the_same_frames(cuts in proptest::collection::vec(0_usize..200, 0..8),
        damage in proptest::collection::vec((0_usize..200, any::<u8>()), 0..6)) {
        let mut all = file().concat();
        for (at, byte) in damage {
            let at = at % all.len();
            all[at] = byte;
        }
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % all.len()).collect();
        cuts.extend([0, all.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &all[pair[0]..pair[1]]);
        prop_assert_eq!(read(pieces), read([&all[..]]));
    }

    #[test]
    fn bears_any_bytes(pieces in proptest::collection::vec(prop_oneof![
        Just(b"HXVS".to_vec()), Just(b"HXVF".to_vec()), Just(b"HXAF".to_vec()), Just(b"HXFI".to_vec()),
        proptest::collection::vec(0_u8..3, 0..20), proptest::collection::vec(any::<u8>(), 0..20)], 0..30)) {
        let all = pieces.concat();
        let found = read([&all[..]]);
        prop_assert!(found.iter().map(|it| it.2.len()).sum::<usize>() <= all.len());
    }
}
