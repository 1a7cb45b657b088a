//! What a match costs: normalise, hash, sort, ask. `cargo bench -p countersign-core --bench expose [-- KEYS VALUES]`

#![expect(clippy::disallowed_methods, reason = "a bench measures time, and reads its arguments")]

use countersign_core::expose::index::{Entry, Index, Stale, View};
use countersign_core::expose::key::{HashKey, Kind};
use countersign_core::expose::matching::{Contradictions, Mark, Marks, NO_ROW, Questions};
use countersign_core::expose::normal::{Email, email};
use std::hint::black_box;
use std::time::Instant;

/// Keys of 20 million accounts, and values of a leak of 17.5 million rows, unless told otherwise.
const KEYS: u32 = 46_800_000;
const VALUES: u32 = 36_000_000;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|a| a.parse().ok());
    let (keys, values) = (numbers.next().unwrap_or(KEYS), numbers.next().unwrap_or(VALUES));
    let key = HashKey::new(&[9; 16]);

    let addresses: Vec<String> = (0..1_000_000).map(|n| format!("  First.Last{n}+tag@Example{}.ORG", n % 97)).collect();
    let start = Instant::now();
    let mut out = Email::default();
    for raw in &addresses {
        assert!(email(black_box(raw.as_bytes()), &mut out));
    }
    told("normalise an address", start, 1_000_000);
    let start = Instant::now();
    for raw in &addresses {
        black_box(key.hash(Kind::UserName, black_box(raw.as_bytes())));
    }
    told("hash one", start, 1_000_000);

    let hash = |value: u32| key.hash(Kind::Phone, &value.to_le_bytes());
    let start = Instant::now();
    let entries = (0..keys).map(|n| Entry { hash: hash(n), account: n / 2 }).collect();
    told("make entries", start, keys);
    let start = Instant::now();
    let index = Index::of(entries);
    told("build the index", start, keys);
    println!("{:24} {:>8.2} bytes a key", "", index.size_bytes() as f64 / f64::from(keys));

    let mut marks = Marks::new(keys / 2 + 1, 0);
    let (fresh, stale, mut found) = (Index::empty(), Stale::new(), Contradictions::default());
    let view = View { base: &index, fresh: &fresh, stale: &stale };
    let (start, mut hits) = (Instant::now(), 0);
    let mut questions = Questions::new();
    for n in 0..values {
        // Seven of ten are there.
        let value = if n % 10 < 7 { n.wrapping_mul(2_654_435_761) % keys } else { keys + n };
        questions.push(hash(value), Mark::new(Kind::Phone, 3), NO_ROW);
        if questions.waiting() == 4 << 20 {
            hits += questions.ask(view, &mut marks, &mut found);
        }
    }
    hits += questions.ask(view, &mut marks, &mut found);
    told("hash, sort, ask, mark", start, values);
    println!("{hits} accounts");
}

fn told(what: &str, start: Instant, count: u32) {
    let took = start.elapsed();
    println!("{what:24} {:>8.2} s {:>8.1} ns each", took.as_secs_f64(), took.as_nanos() as f64 / f64::from(count));
}
