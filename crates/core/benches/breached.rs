//! Leaked passwords: how large is the file, how often is the filter wrong, how long does a look-up take, hashing included?
//! Look-ups go in random order through a map of the file, warm; half of the passwords are in it. Times are those that this
//! thread had the processor, where the system says (Linux), so that neighbours count less. Files of an earlier run with as many
//! hashes are taken again.
//!
//! `cargo bench -p countersign-core --bench breached [-- HASHES [PROBES [DIRECTORY]]]`

#![expect(clippy::disallowed_methods, reason = "a bench measures time, and reads its arguments")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on fails")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use countersign_core::breached::{Form, Hash, HashKind, Layout, Writer};
use countersign_mapped::Mapped;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::fs::File;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Passwords of a round.
const PASSWORDS: usize = 2_000_000;
const ROUNDS: usize = 5;

fn main() {
    let mut args = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let keys: u64 = args.next().and_then(|a| a.parse().ok()).unwrap_or(10_000_000);
    let probes: u64 = args.next().and_then(|a| a.parse().ok()).unwrap_or(30_000_000);
    let dir = args.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let files = [Form::Filter, Form::Exact].map(|form| dir.join(format!("breached.{}", form.as_str())));
    if !files.iter().all(|path| is_of(path, keys)) {
        let begun = Stopwatch::start();
        let mut hashes: Vec<[u8; 9]> = (0..keys).map(|n| beginning(&leaked(n))).collect();
        hashes.sort_unstable();
        println!("{keys} hashes generated and sorted in {:.1} s", begun.nanos() / 1e9);
        files.iter().zip([Form::Filter, Form::Exact]).for_each(|(path, form)| write(path, form, &hashes));
    }
    let passwords = passwords(keys);
    println!("{PASSWORDS} passwords in random order; ns each, SHA-1 included");
    hashing(&passwords);
    for (path, form) in files.iter().zip([Form::Filter, Form::Exact]) {
        look_up(path, form, &passwords);
        if form == Form::Filter {
            wrong(path, probes);
        }
    }
}

/// The password number `n` of the list.
fn leaked(n: u64) -> String {
    format!("leaked password {n}")
}

fn beginning(password: &str) -> [u8; 9] {
    let mut first = [0; 9];
    first.copy_from_slice(&Hash::of(HashKind::Sha1, password).bytes()[..9]);
    first
}

/// Time on the processor, or by the clock where the system does not say.
struct Stopwatch {
    wall: Instant,
    busy: Option<u64>,
}

impl Stopwatch {
    fn start() -> Self {
        Self { busy: busy(), wall: Instant::now() }
    }

    fn nanos(&self) -> f64 {
        match (self.busy, busy()) {
            (Some(then), Some(now)) => (now - then) as f64,
            _ => self.wall.elapsed().as_nanos() as f64,
        }
    }
}

/// Nanoseconds that this thread has had a processor.
fn busy() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

fn is_of(path: &Path, keys: u64) -> bool {
    let Ok(file) = Mapped::open(path) else { return false };
    Layout::read(&file).is_ok_and(|layout| layout.header().keys.abs_diff(keys) < 1000)
}

fn write(path: &Path, form: Form, hashes: &[[u8; 9]]) {
    let begun = Stopwatch::start();
    let file = File::create(path).unwrap();
    let mut writer = Writer::new(&file, form, HashKind::Sha1, hashes.len() as u64, 1).unwrap();
    for hash in hashes {
        writer.push(Hash::beginning(HashKind::Sha1, hash), 1).unwrap();
    }
    let (_, header) = writer.finish().unwrap();
    let (seconds, bits) = (begun.nanos() / 1e9, header.bits_per_key());
    let (bytes, each) = (file.metadata().unwrap().len(), seconds * 1e9 / header.keys as f64);
    let form = form.as_str();
    println!("{form}: {bytes} bytes, {bits:.3} bits a hash; written in {seconds:.1} s, {each:.0} ns a hash");
}

fn passwords(keys: u64) -> Vec<String> {
    let mut rng = StdRng::seed_from_u64(1);
    let one = |at: usize| {
        let n = rng.next_u64() % keys;
        if at.is_multiple_of(2) { leaked(n) } else { format!("other password {n}") }
    };
    (0..PASSWORDS).map(one).collect()
}

/// The part of a look-up that is SHA-1.
fn hashing(passwords: &[String]) {
    let begun = Stopwatch::start();
    for password in passwords {
        black_box(Hash::of(HashKind::Sha1, password));
    }
    println!("SHA-1 alone: {:.0}", begun.nanos() / PASSWORDS as f64);
}

fn look_up(path: &Path, form: Form, passwords: &[String]) {
    let file = Mapped::open(path).unwrap();
    let layout = Layout::read(&file).unwrap();
    let begun = Stopwatch::start();
    layout.verify(&file).unwrap();
    println!("{}: checked from end to end on one core in {:.2} s", form.as_str(), begun.nanos() / 1e9);
    file.read_at_random();
    let (mut rounds, mut found) = (vec![], 0);
    for _ in 0..ROUNDS {
        let begun = Stopwatch::start();
        let find = |password: &&String| layout.find(&file, &Hash::of(HashKind::Sha1, password)).is_some();
        found = passwords.iter().filter(find).count();
        rounds.push(format!("{:.0}", begun.nanos() / PASSWORDS as f64));
    }
    println!("{}: {} ({found} found)", form.as_str(), rounds.join(", "));
}

fn wrong(path: &Path, probes: u64) {
    let file = Mapped::open(path).unwrap();
    let layout = Layout::read(&file).unwrap();
    let stranger = |n: &u64| layout.find(&file, &Hash::of(HashKind::Sha1, &format!("stranger {n}"))).is_some();
    let wrong = (0..probes).filter(stranger).count();
    println!("filter: {wrong} of {probes} strangers taken for leaked, {:.3e}", wrong as f64 / probes as f64);
}
