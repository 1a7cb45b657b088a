//! Reading a policy never panics; it reads back, and without cosignatures its quorum is reached only when it asks for none.
#![no_main]

use countersign_evidence::note::Note;
use countersign_evidence::policy::Policy;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(policy) = Policy::parse(text) else { return };
    assert_eq!(Policy::parse(&policy.to_string()).as_ref(), Ok(&policy));
    let note = Note { text: "text\n".to_owned(), signatures: Vec::new() };
    let judged = policy.judge(&note).expect("no signature can be forged");
    assert_eq!(judged.reached, !policy.needs_witnesses());
});
