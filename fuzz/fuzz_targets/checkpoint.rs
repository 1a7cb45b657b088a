//! Reading a checkpoint never panics, and each has one spelling.
#![no_main]

use countersign_evidence::checkpoint::Checkpoint;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
    }
});
