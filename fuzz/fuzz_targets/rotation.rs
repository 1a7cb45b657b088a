//! Reading key rotations never panics, a file has one spelling, and a chain that is followed has every key once.
#![no_main]

use countersign_evidence::rotation::{from_file, keys_after, to_file};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(rotations) = from_file(text) else { return };
    assert_eq!(to_file(&rotations), text);
    let Some(first) = rotations.first() else { return };
    let Ok(keys) = keys_after(first.old(), &rotations) else { return };
    assert_eq!(keys.len(), rotations.len() + 1);
    assert!(keys.iter().enumerate().all(|(at, key)| !keys[..at].contains(key)));
});
