//! Reading a line of a bundle never panics, each has one spelling, and an opening opens its own entry.
#![no_main]

use countersign_evidence::bundle::{Disclosure, Line, lines};
use countersign_evidence::content::Content;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = lines(text).count();
    let Ok(line) = Line::parse(text) else { return };
    assert_eq!(line.to_string(), text);
    if let Disclosure::Opened(opening) = line.disclosure {
        assert_eq!(opening.commitment(), line.commitment);
        let _ = Content::read(&opening.payload);
    }
});
