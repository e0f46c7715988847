//! The first message of a TLS client: any bytes end in one result, the same however they are cut, and none is lost.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "the choice of the TLS library uses the rest")]
#[path = "../../crates/tipoff/src/net/client_hello.rs"]
mod client_hello;

use client_hello::{HelloReader, Progress};

fuzz_target!(|input: &[u8]| {
    // The first byte says how the input is cut.
    let Some((&step, input)) = input.split_first() else { return };
    let whole = HelloReader::default().push(input);
    let mut reader = HelloReader::default();
    let mut in_pieces = Progress::Incomplete;
    let mut taken = 0;
    for piece in input.chunks(usize::from(step) + 1) {
        in_pieces = reader.push(piece);
        taken += piece.len();
        if in_pieces != Progress::Incomplete {
            break;
        }
    }
    assert_eq!(in_pieces, whole);
    assert_eq!(reader.into_bytes(), &input[..taken]);
});
