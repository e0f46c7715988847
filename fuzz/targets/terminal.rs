//! Whatever text is printed: nothing that a terminal would obey is left of it, and JSON stays JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/tipoff/src/runtime/escape.rs"]
mod escape;

use escape::{Colors, escape};

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let escaped = escape(&text, Colors::None);
    let is_obeyed = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\t')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!escaped.contains(is_obeyed));
    assert_eq!(escape(&escaped, Colors::None), escaped);
    let kept = escape(&text, Colors::Kept);
    assert!(kept.split('\u{1b}').skip(1).all(|part| part.starts_with('[') && part.contains('m')));
});
