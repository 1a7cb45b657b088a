//! Reading a bundle of entries or a tile never panics, each has one spelling, and a log of one such file is audited.
#![no_main]

use countersign_evidence::Hash;
use countersign_evidence::mirror::{Plan, Source, audit};
use countersign_evidence::tile::{Edge, Kind, TilePath, decode, decode_entries, encode, encode_entries};
use countersign_evidence::tree::Head;

/// The fuzzer's bytes as the only bundle, with the tile that belongs to it.
struct Files<'a> {
    bundle: &'a [u8],
    tile: Vec<u8>,
}

impl Source for Files<'_> {
    type Error = ();

    fn read(&mut self, path: TilePath, _: usize, into: &mut Vec<u8>) -> Result<bool, ()> {
        into.clear();
        match path.kind {
            Kind::Entries => into.extend_from_slice(self.bundle),
            Kind::Hashes(0) => into.extend_from_slice(&self.tile),
            Kind::Hashes(_) => return Ok(false),
        }
        Ok(true)
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(hashes) = decode(bytes) {
        assert_eq!(encode(&hashes), bytes);
    }
    let Some(entries) = decode_entries(bytes) else { return };
    assert_eq!(encode_entries(entries.iter().copied()).as_deref(), Some(bytes));
    if entries.len() == 256 {
        return;
    }
    let leaves: Vec<Hash> = entries.iter().map(|entry| Hash::leaf(entry)).collect();
    let mut edge = Edge::new();
    leaves.iter().for_each(|leaf| edge.push(*leaf, |_| {}));
    let head = Head { size: entries.len() as u64, root: edge.root() };
    let mut files = Files { bundle: bytes, tile: encode(&leaves) };
    let done = audit(&mut files, &Plan { head, kept: &[head], older: &[] }, |_| {});
    assert_eq!(done.map(|done| done.entries), Ok(head.size));
});
