//! Reading an identifier never panics, and its look-up text is its own look-up text.
#![no_main]

use countersign_core::identifier::{Identifier, MAX_IDENTIFIER_BYTES, parse};
use countersign_core::mailbox::canonical;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(first) = parse(text) else { return };
    assert!(first.lookup().len() <= MAX_IDENTIFIER_BYTES);
    assert!(!first.lookup().chars().any(char::is_control));
    let second = parse(first.lookup()).expect("a look-up text is an identifier");
    assert_eq!((first.kind(), first.lookup()), (second.kind(), second.lookup()));
    if let Identifier::Email(email) = first {
        let _ = canonical(&email);
    }
});
