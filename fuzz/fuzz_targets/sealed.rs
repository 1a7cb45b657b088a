//! Reading the opening of an entry, its content, or a sealed message never panics, and each has one spelling.
#![no_main]

use countersign_evidence::content::Content;
use countersign_evidence::sealed::Sealed;
use countersign_evidence::{Opening, message};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(opening) = Opening::decode(bytes) {
        let again = Opening::decode(&opening.encode()).expect("what was written reads back");
        assert_eq!(again.commitment(), opening.commitment());
    }
    let opening = Opening { salt: [0; 32], payload: bytes.to_vec() };
    if let Ok(sealed) = Sealed::read(&opening) {
        let content = Content::read(bytes).expect("it was read");
        assert_eq!(sealed.what(), content.what);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let form = message::body_form(text);
        assert_eq!(message::body_form(&form), form);
        let _ = message::code_hash(text);
    }
});
