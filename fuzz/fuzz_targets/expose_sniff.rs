//! Telling what a leak is never panics, and what it says can be read and shows no letter and no digit.
#![no_main]

use countersign_core::expose::read::Reader;
use countersign_core::expose::sniff::{Known, sniff};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(layout) = sniff(bytes, bytes.len() % 2 == 0, &Known::default()) else { return };
    assert!(!layout.columns.is_empty());
    let shapes = layout.columns.iter().flat_map(|column| column.shapes.iter());
    assert!(shapes.flat_map(|shape| shape.chars()).all(|c| !c.is_alphanumeric() || c == 'a' || c == '9'));
    let mut cutter = Reader::new(&layout).cutter();
    let _ = cutter.cut(bytes, true);
});
