//! Reading an import never panics, reads every byte, and repeats no secret.
#![no_main]

use countersign_core::import::{Format, Reader};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = Reader::new(Format::Csv, bytes) else { return };
    let mut last = 0;
    while let Some(row) = reader.next_row().expect("memory can be read") {
        assert!(row.line > last);
        last = row.line;
        if let Err(rejected) = row.outcome {
            let record = rejected.record.unwrap_or_default();
            assert!(!record.contains_key("password_hash") && !record.contains_key("totp_secret"));
        }
    }
    assert_eq!(reader.bytes(), bytes.len() as u64);
});
