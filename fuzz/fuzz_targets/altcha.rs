//! Checking a proof of work never panics, and none is accepted that the key's holder did not make. The input is tried as
//! it comes and as the JSON inside the Base64.
#![no_main]

use countersign_core::gate::proof::verify;
use countersign_core::secret::Key;
use countersign_core::time::Timestamp;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (key, now) = (Key::new([7; 32]), Timestamp::from_secs(1_700_000_000));
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(verify(&key, text, "bind", now).is_err());
    }
    assert!(verify(&key, &data_encoding::BASE64.encode(bytes), "bind", now).is_err());
});
