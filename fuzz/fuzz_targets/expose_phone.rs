//! Reading a phone number never panics, and gives `+` and digits.
#![no_main]

use countersign_core::expose::normal::{Text, phone_by_plan};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [a, b, raw @ ..] = bytes else { return };
    let mut out = Text::new();
    if phone_by_plan(raw, &[*a, *b], &[*b"DE", *b"US"], &mut out) {
        let [b'+', digits @ ..] = out.as_bytes() else { panic!("no plus") };
        assert!((7..=15).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit));
    }
});
