//! The header of a balancer: any bytes end in a header or a fault, the same however they are cut, and what follows the
//! header is left alone.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "the log and doctor use the rest")]
#[path = "../../crates/tipoff/src/net/proxy_header.rs"]
mod proxy_header;

use proxy_header::{HeaderParser, REST_BYTES_MAX};

fuzz_target!(|input: &[u8]| {
    // The first byte says how the input is cut.
    let Some((&step, input)) = input.split_first() else { return };
    let whole = HeaderParser::default().push(input);
    let mut parser = HeaderParser::default();
    let mut taken = 0;
    let mut in_pieces = Ok((0, None));
    for piece in input.chunks(usize::from(step) + 1) {
        in_pieces = parser.push(piece).map(|(count, header)| {
            taken += count;
            (taken, header)
        });
        if !matches!(in_pieces, Ok((_, None))) {
            break;
        }
    }
    assert_eq!(in_pieces, whole);
    if let Ok((count, Some(header))) = whole {
        assert!(count <= 16 + REST_BYTES_MAX);
        assert!(proxy_header::begins(input));
        // The header alone is the same header.
        assert_eq!(HeaderParser::default().push(&input[..count]), Ok((count, Some(header))));
    }
});
