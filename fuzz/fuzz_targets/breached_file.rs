//! Reading a file of leaked passwords never panics and never reads beyond it, whatever its header says. The input is tried
//! as it comes, and behind a header that is sealed rightly.
#![no_main]

use countersign_core::breached::{Form, Hash, HashKind, Header, Layout, Prefix};

fn ask(file: &[u8]) {
    let Ok(layout) = Layout::read(file) else { return };
    for password in ["", "password", "gravel umbrella 42 thistle"] {
        for kind in HashKind::ALL {
            let _ = layout.find(file, &Hash::of(kind, password));
        }
    }
    let _ = Prefix::parse("5BAA6").and_then(|prefix| layout.range(file, prefix));
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    ask(bytes);
    let [form, prefix_bits, keys, index @ .., rest] = bytes else { return };
    let data_bytes = u64::from(*rest).min(index.len() as u64);
    let header = Header {
        form: Form::ALL[usize::from(form % 3)],
        hash: HashKind::Sha1,
        prefix_bits: prefix_bits % 12,
        keys: u64::from(*keys),
        min_count: 1,
        false_positive_rate: 0.0,
        data_bytes,
        index_bytes: index.len() as u64 - data_bytes,
        content: [0; 32],
    };
    ask(&[&header.write()[..], index].concat());
});
