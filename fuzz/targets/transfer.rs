//! Any bytes are decoded in any pieces to the same bytes, and counted to their number.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tipoff_model::Encoding;
use tipoff_model::transfer::{Counter, Decoder};

fuzz_target!(|input: &[u8]| {
    // The first byte says how the input is encoded and cut.
    let Some((&how, input)) = input.split_first() else {
        return;
    };
    let encoding = match how & 7 {
        0 => Encoding::Identity,
        1 => Encoding::Base64,
        2 => Encoding::QuotedPrintable,
        3 => Encoding::Base64InBase64,
        4 => Encoding::Base64InQuotedPrintable,
        5 => Encoding::Base64Escaped,
        _ => Encoding::Uuencode,
    };
    let step = usize::from(how >> 3) + 1;
    let whole = decode(encoding, [input]);
    assert_eq!(decode(encoding, input.chunks(step)), whole);
    let mut counter = Counter::new(encoding);
    input.chunks(step).for_each(|piece| counter.push(piece));
    assert_eq!(counter.size(), whole.len() as u64);
});

fn decode<'a>(encoding: Encoding, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut decoder = Decoder::new(encoding);
    let mut output = Vec::new();
    for piece in pieces {
        decoder.push(piece, &mut output);
    }
    decoder.finish(&mut output);
    output
}
