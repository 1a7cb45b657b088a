//! Reading a saved mail never panics, and what was read is within the form that a digest is over.
#![no_main]

use countersign_evidence::message::{Eml, header_form};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(eml) = Eml::read(bytes) else { return };
    let mail = eml.mail();
    assert_eq!(header_form(mail.subject), mail.subject);
    assert!(!mail.from.contains(char::is_whitespace) && mail.from.contains('@'));
    assert!(mail.text.len() <= bytes.len() && mail.html.len() <= bytes.len());
    assert_eq!(eml.digest(), Eml::read(bytes).expect("it was read").digest());
});
