//! Reading the path of a tile never panics, and each has one spelling.
#![no_main]

use countersign_evidence::tile::TilePath;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Some(path) = TilePath::parse(text) {
        assert_eq!(path.to_string(), text);
        assert!((1..=256).contains(&path.width));
    }
});
