//! Any bytes, in any pieces, give the same frames of Hichip's container, and what is unpacked from them is
//! little more than they are.
#![no_main]

use std::io::Cursor;
use std::sync::atomic::AtomicBool;

use libfuzzer_sys::fuzz_target;
use tipoff_video::hichip::{Demuxer, FrameKind, Unpacked, unpack};

fuzz_target!(|input: &[u8]| {
    // The first byte says how the input is cut.
    let Some((&step, input)) = input.split_first() else {
        return;
    };
    let whole = frames([input]);
    assert_eq!(frames(input.chunks(usize::from(step) + 1)), whole);
    let bytes: usize = whole.iter().map(|(_, _, bytes)| bytes.len()).sum();
    assert!(bytes <= input.len());

    let mut unpacked = Vec::new();
    let from = &mut Cursor::new(input);
    let ended = unpack(from, Cursor::new(&mut unpacked), u64::MAX, &AtomicBool::new(false));
    assert_ne!(ended.unwrap(), Unpacked::GivenUp);
    // A head, and a cluster and a block for each frame of 16 bytes.
    assert!(unpacked.len() <= 1024 + 4 * input.len());
});

fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<(FrameKind, u32, Vec<u8>)> {
    let mut demuxer = Demuxer::default();
    let mut found = Vec::new();
    let mut take = |demuxer: &mut Demuxer| {
        while let Some(frame) = demuxer.next_frame() {
            found.push((frame.kind, frame.time_ms, frame.bytes.to_vec()));
        }
    };
    for piece in pieces {
        demuxer.push(piece);
        take(&mut demuxer);
    }
    demuxer.end();
    take(&mut demuxer);
    found
}
