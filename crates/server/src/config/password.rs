//! `[password]`: what a new password must be, and what hashing one costs.

use super::reader::Reader;
use std::path::PathBuf;

/// What a new password must be, and what hashing one costs.
#[derive(Clone, Debug)]
pub struct Password {
    /// Characters where the password stands alone.
    pub min_length: usize,
    /// Characters where a second factor is there.
    pub min_length_with_second_factor: usize,
    /// Most characters.
    pub max_length: usize,
    /// zxcvbn's estimate to reach, 0 to 4.
    pub min_score: u8,
    /// zxcvbn's score that a new password must reach beside a second factor, 0 to 4.
    pub min_score_with_second_factor: u8,
    /// A file of leaked passwords that `passwords build` made; `None`: only the built-in list.
    pub breached_file: Option<PathBuf>,
    /// A second one, of the other hash.
    pub breached_other_file: Option<PathBuf>,
    /// Whether `/range/{prefix}` is served from them.
    pub range_api: bool,
    /// The cost of argon2id.
    pub argon2: Argon2,
}

/// The cost of argon2id (RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2 {
    /// Memory of one hashing, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
    /// Hashings at the same time.
    pub at_once: usize,
}

impl Password {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let password = Self {
            min_length: r.number("password.min_length", 8, 128),
            min_length_with_second_factor: r.number("password.min_length_with_second_factor", 8, 128),
            // NIST SP 800-63B-4, 3.1.1.2: at least 64 characters must be permitted.
            max_length: r.number("password.max_length", 64, 4096),
            min_score: r.number("password.min_score", 0, 4),
            min_score_with_second_factor: r.number("password.min_score_with_second_factor", 0, 4),
            breached_file: r.path("password.breached_file"),
            breached_other_file: r.path("password.breached_other_file"),
            range_api: r.flag("password.range_api"),
            argon2: Argon2::read(r),
        };
        let served = !password.range_api || password.breached_files().next().is_some();
        r.check(served, "password.range_api", "needs password.breached_file, built with `passwords build --range`");
        let room = password.min_length.max(password.min_length_with_second_factor) < password.max_length;
        r.check(room, "password.max_length", "must be more than the least lengths");
        password
    }

    /// The files of leaked passwords.
    pub fn breached_files(&self) -> impl Iterator<Item = &PathBuf> {
        self.breached_file.iter().chain(&self.breached_other_file)
    }
}

impl Argon2 {
    fn read(r: &mut Reader<'_>) -> Self {
        let cost = Self {
            memory_kib: r.number("password.argon2.memory_kib", 7168, 256 * 1024),
            iterations: r.number("password.argon2.iterations", 1, 16),
            parallelism: r.number("password.argon2.parallelism", 1, 64),
            at_once: r.number("password.argon2.at_once", 1, 1024),
        };
        let message = "is below every setting that OWASP recommends: 47104 KiB with 1 pass, 19456 with 2, 12288 with 3, \
                       9216 with 4, 7168 with 5";
        // What `directory::hashes` verifies at most, so that no hash is made that cannot be checked.
        let bounded = u64::from(cost.memory_kib) * u64::from(cost.iterations) <= 1024 * 1024;
        r.check(bounded, "password.argon2.iterations", "memory_kib times iterations must be at most 1 GiB");
        r.check(cost.recommended(), "password.argon2.memory_kib", message);
        cost
    }

    /// Whether it is at least one of the settings of the OWASP Password Storage Cheat Sheet.
    fn recommended(self) -> bool {
        let least = [(47104, 1), (19456, 2), (12288, 3), (9216, 4), (7168, 5)];
        least.iter().any(|(memory, passes)| self.memory_kib >= *memory && self.iterations >= *passes)
    }
}
