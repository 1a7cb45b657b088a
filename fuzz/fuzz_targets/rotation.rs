//! Reading key rotations never panics, a file has one spelling, and no key is followed that nobody signed for.
#![no_main]

use countersign_evidence::rotation::{from_file, keys_after, to_file};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(rotations) = from_file(text) else { return };
    assert_eq!(to_file(&rotations), text);
    if let Some(first) = rotations.first() {
        assert!(keys_after(first.old(), &rotations).is_err(), "the fuzzer cannot sign");
    }
});
