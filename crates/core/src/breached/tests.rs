//! Whole files: everything that went in is found, little else is, and what was cut or changed is refused.

use super::*;
use proptest::prelude::*;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::io::Cursor;

/// A file of these hashes, which need not be sorted.
fn file(form: Form, kind: HashKind, mut entries: Vec<(Hash, u32)>) -> Vec<u8> {
    entries.sort_by(|a, b| a.0.bytes().cmp(b.0.bytes()));
    let mut writer = Writer::new(Cursor::new(vec![]), form, kind, entries.len() as u64, 1).unwrap();
    for (hash, count) in entries {
        writer.push(hash, count).unwrap();
    }
    writer.finish().unwrap().0.into_inner()
}

fn made_up(kind: HashKind, rng: &mut StdRng) -> Hash {
    let mut bytes = [0; 20];
    rng.fill_bytes(&mut bytes);
    Hash::from_slice(kind, &bytes)
}

fn many(kind: HashKind, count: usize, seed: u64) -> Vec<(Hash, u32)> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..count).map(|at| (made_up(kind, &mut rng), at as u32)).collect()
}

#[test]
fn every_hash_that_went_in_is_found_and_others_are_not() {
    for (form, kind) in Form::ALL.into_iter().flat_map(|form| HashKind::ALL.map(|kind| (form, kind))) {
        for count in [0, 1, 2, 3, 63, 64, 65, 3000] {
            let entries = many(kind, count, 1);
            let bytes = file(form, kind, entries.clone());
            let layout = Layout::read(&bytes).unwrap();
            layout.verify(&bytes).unwrap();
            assert_eq!(layout.header().keys, count as u64);
            for (hash, seen) in &entries {
                let expected = (form == Form::Ranges).then_some(*seen);
                assert_eq!(layout.find(&bytes, hash), Some(Found { count: expected }), "{form:?} {kind:?} {count}");
            }
            let strangers = many(kind, 300, 2);
            let found = strangers.iter().filter(|(hash, _)| layout.find(&bytes, hash).is_some()).count();
            assert!(found <= usize::from(form == Form::Filter), "{form:?} {kind:?} {count}: {found}");
            assert_eq!(layout.find(&bytes, &Hash::of(kind.other(), "password")), None);
        }
    }
}

#[test]
fn a_filter_is_wrong_as_seldom_as_it_says_and_as_small() {
    let bytes = file(Form::Filter, HashKind::Sha1, many(HashKind::Sha1, 100_000, 3));
    let layout = Layout::read(&bytes).unwrap();
    // Small filters need more bits; benches/breached.rs looks at large ones.
    assert!(layout.header().bits_per_key() < 20.0, "{}", layout.header().bits_per_key());
    let mut rng = StdRng::seed_from_u64(4);
    let tries = 1_000_000;
    let wrong = (0..tries).filter(|_| layout.find(&bytes, &made_up(HashKind::Sha1, &mut rng)).is_some()).count();
    // 15.3 are expected; more than 40 or fewer than 2 would come once in a hundred thousand runs.
    assert!((2..40).contains(&wrong), "{wrong} of {tries}");
}

#[test]
fn hashes_that_are_not_evenly_spread_are_found_too() {
    let mut rng = StdRng::seed_from_u64(5);
    let crowded = |rng: &mut StdRng| {
        let mut bytes = [0x5b; 20];
        rng.fill_bytes(&mut bytes[10..]);
        bytes[7] = (rng.next_u32() % 3) as u8;
        Hash::from_slice(HashKind::Sha1, &bytes)
    };
    let entries: Vec<_> = (0..500).map(|n| (crowded(&mut rng), n)).collect();
    for form in [Form::Exact, Form::Ranges] {
        let bytes = file(form, HashKind::Sha1, entries.clone());
        let layout = Layout::read(&bytes).unwrap();
        assert!(entries.iter().all(|(hash, _)| layout.find(&bytes, hash).is_some()));
    }
}

#[test]
fn a_hash_that_comes_twice_counts_once_and_disorder_is_refused() {
    let (one, two) = (Hash::of(HashKind::Sha1, "a"), Hash::of(HashKind::Sha1, "b"));
    let bytes = file(Form::Ranges, HashKind::Sha1, vec![(one, 1), (one, 2), (two, 3)]);
    assert_eq!(Layout::read(&bytes).unwrap().header().keys, 2);
    let mut writer = Writer::new(Cursor::new(vec![]), Form::Exact, HashKind::Sha1, 2, 1).unwrap();
    let (low, high) = if one.bytes() < two.bytes() { (one, two) } else { (two, one) };
    writer.push(high, 1).unwrap();
    assert!(matches!(writer.push(low, 1), Err(WriteError::Order)));
}

#[test]
fn a_range_is_what_the_public_api_would_say() {
    let mut entries = many(HashKind::Sha1, 50, 6);
    entries
        .extend([(Hash::of(HashKind::Sha1, "password"), 9_545_824), (Hash::of(HashKind::Sha1, "123456"), 37_359_195)]);
    let bytes = file(Form::Ranges, HashKind::Sha1, entries);
    let layout = Layout::read(&bytes).unwrap();
    let of = |prefix: &str| layout.range(&bytes, Prefix::parse(prefix).unwrap()).unwrap();
    assert_eq!(of("5baa6"), ("1E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824".into(), 1));
    assert_eq!(of("7C4A8"), ("D09CA3762AF61E59520943DC26494F8941B:37359195".into(), 1));
    assert_eq!(of("00000"), (String::new(), 0));
    assert_eq!(["5BAA", "5BAA6A", "5BAAG", "+BAA6", ""].map(Prefix::parse), [None; 5]);
    let exact = file(Form::Exact, HashKind::Sha1, vec![]);
    assert_eq!(Layout::read(&exact).unwrap().range(&exact, Prefix::parse("5BAA6").unwrap()), None);
}

#[test]
fn padding_hides_how_long_a_range_is() {
    let mut rng = StdRng::seed_from_u64(7);
    for (have, kind) in [(0, HashKind::Sha1), (90, HashKind::Ntlm)] {
        let mut lines = (0..have).map(|_| "X:1").collect::<Vec<_>>().join("\r\n");
        pad(&mut lines, have, 100, kind, &mut rng);
        let all: Vec<&str> = lines.split("\r\n").collect();
        assert!((101..=300).contains(&all.len()), "{}", all.len());
        let added = &all[have as usize..];
        assert!(added.iter().all(|line| line.len() == kind.digits() - 5 + 2 && line.ends_with(":0")), "{added:?}");
    }
}

#[test]
fn every_cut_and_every_changed_byte_is_noticed() {
    for form in [Form::Filter, Form::Exact] {
        let bytes = file(form, HashKind::Sha1, many(HashKind::Sha1, 200, 8));
        for length in 0..bytes.len() {
            let damage = Layout::read(&bytes[..length]).unwrap_err();
            let expected = matches!(damage, Damage::Foreign | Damage::Length { .. });
            assert!(expected, "{length}: {damage:?}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            let noticed = Layout::read(&changed).and_then(|layout| layout.verify(&changed));
            assert!(noticed.is_err(), "byte {at}");
        }
        let unfinished = [&[0; HEADER_BYTES], &bytes[HEADER_BYTES..]].concat();
        assert_eq!(Layout::read(&unfinished).unwrap_err(), Damage::Foreign);
    }
}

proptest! {
    /// A header that is sealed rightly over a wrong content: nothing may be read beyond the bytes.
    #[test]
    fn looking_up_stays_inside_whatever_the_bytes_say(
        form in prop::sample::select(Form::ALL.to_vec()), prefix_bits in 0_u8..8, keys in 0_u64..40,
        data: Vec<u8>, index in prop::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..300), password: String,
    ) {
        let (data_bytes, index_bytes) = (data.len() as u64, index.len() as u64);
        let header = Header {
            form, hash: HashKind::Sha1, prefix_bits, keys, min_count: 1, false_positive_rate: 0.0, data_bytes, index_bytes,
            content: [0; 32],
        };
        let bytes = [&header.write()[..], &data, &index].concat();
        if let Ok(layout) = Layout::read(&bytes) {
            let _ = layout.find(&bytes, &Hash::of(HashKind::Sha1, &password));
            let _ = layout.find(&[], &Hash::of(HashKind::Sha1, &password));
        }
    }
}
