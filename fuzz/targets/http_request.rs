//! What Tipoff itself reads of an HTTP request, beside axum: parts of files, cookies.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/tipoff/src/web/cookie.rs"]
mod cookie;
#[path = "../../crates/tipoff/src/web/range.rs"]
mod range;

fuzz_target!(|input: &[u8]| {
    let Some((size, text)) = input.split_first_chunk() else { return };
    let (size, text) = (u64::from_le_bytes(*size), String::from_utf8_lossy(text));
    if let range::RequestedRange::Part(part) = range::wanted(&text, size) {
        assert!(part.start < part.end && part.end <= size);
    }
    let (name, header) = text.split_once('\n').unwrap_or(("tipoff", &text));
    if let Some(value) = cookie::value(header, name) {
        assert!(!value.contains(';') && header.contains(value));
    }
});
