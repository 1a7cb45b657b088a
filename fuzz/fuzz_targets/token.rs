//! Reading a device token, an id or a countersign code never panics, and none is accepted that was not made by us.
#![no_main]

use countersign_core::device::{Claim, read};
use countersign_core::ids::{AccountId, TicketId};
use countersign_core::message::CountersignCode;
use countersign_core::secret::Key;

libfuzzer_sys::fuzz_target!(|text: &str| {
    assert!(read(&Key::new([7; 32]), text).is_none(), "the key is not the fuzzer's");
    if let Some(claim) = Claim::from_stored(text) {
        assert_eq!(Claim::from_stored(&claim.to_stored()), Some(claim));
    }
    for id in [AccountId::parse(text).map(|i| i.to_string()), TicketId::parse(text).map(|i| i.to_string())] {
        assert!(id.is_err() || id.as_deref() == Ok(text));
    }
    if let Ok(code) = CountersignCode::parse(text) {
        let again = CountersignCode::parse(&code.to_string()).expect("a shown code reads back");
        assert_eq!(again.as_str(), code.as_str());
    }
});
