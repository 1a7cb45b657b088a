//! Reading the manifest or the keys of a bundle never panics, each has one spelling, and no name leads out of the directory.
#![no_main]

use countersign_evidence::bundle::{Manifest, check_signature, is_file_name, keys_from_file, keys_to_file};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(keys) = keys_from_file(text) {
        assert_eq!(keys_to_file(&keys), text);
    }
    assert!(check_signature(text, b"{}", &[]).is_err());
    let Ok(manifest) = Manifest::parse(text) else { return };
    assert_eq!(manifest.to_json(), text);
    assert!(manifest.files.keys().all(|path| is_file_name(path) && !path.contains("..") && !path.starts_with('/')));
    assert!(manifest.last().is_none_or(|last| last < manifest.size));
});
