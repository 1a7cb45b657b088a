//! Argon2 (RFC 9106).

use super::{BadHash, KEY_BYTES, MAX_SALT_BYTES, base64, equal, number};
use argon2::{Algorithm, Argon2, Version};
use zeroize::Zeroizing;

/// 256 MiB: libsodium's MODERATE. More than this for one sign-in is a way to run a server out of memory.
pub const MAX_MEMORY_KIB: u32 = 256 * 1024;
/// Most passes over the memory.
pub const MAX_PASSES: u32 = 16;
/// Most memory times passes, in KiB: about a second of one core. 256 MiB thrice and 128 MiB eight times fit.
pub const MAX_WORK_KIB: u32 = 1024 * 1024;
/// Most lanes; they are computed one after the other here and cost nothing extra.
pub const MAX_LANES: u32 = 64;

const SCHEME: &str = "argon2";
const NEW_KEY_BYTES: usize = 32;

/// The cost of new hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Why parameters are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "argon2: 8 KiB to 256 MiB of memory for each lane, 1 to 16 passes, 1 to 64 lanes, at most 1 GiB written in all"
)]
pub struct BadParams;

impl Params {
    /// Parameters within the limits of this room, so that we make no hash that we would not take.
    ///
    /// # Errors
    /// [`BadParams`].
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, BadParams> {
        let params = Self { memory_kib, passes, lanes };
        if params.excess().is_none() && params.build(NEW_KEY_BYTES).is_some() { Ok(params) } else { Err(BadParams) }
    }

    fn excess(&self) -> Option<&'static str> {
        match self {
            _ if self.memory_kib > MAX_MEMORY_KIB => Some("memory above 256 MiB"),
            _ if self.passes > MAX_PASSES => Some("more than 16 passes"),
            _ if self.memory_kib.saturating_mul(self.passes) > MAX_WORK_KIB => Some("memory times passes above 1 GiB"),
            _ if self.lanes > MAX_LANES => Some("more than 64 lanes"),
            _ => None,
        }
    }

    fn build(&self, key_bytes: usize) -> Option<argon2::Params> {
        argon2::Params::new(self.memory_kib, self.passes, self.lanes, Some(key_bytes)).ok()
    }
}

impl Default for Params {
    /// OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane. The memory also bounds what a flood of sign-ins
    /// may take.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 }
    }
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Argon2Hash {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl Argon2Hash {
    /// `$argon2id$v=19$m=65536,t=3,p=4$salt$key`; hashes from before 2016 have no `v` and are version 0x10.
    pub(super) fn parse(text: &str) -> Result<Self, BadHash> {
        let hash = Self::read(text).ok_or(BadHash::Malformed { scheme: SCHEME })?;
        match hash.params.excess() {
            Some(what) => Err(BadHash::TooCostly { scheme: SCHEME, what }),
            None if hash.params.build(hash.key.len()).is_none() => Err(BadHash::Malformed { scheme: SCHEME }),
            None => Ok(hash),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('$')?.split('$').peekable();
        let algorithm = Algorithm::new(parts.next()?).ok()?;
        let version = match parts.next_if(|part| part.starts_with("v=")) {
            None | Some("v=16") => Version::V0x10,
            Some("v=19") => Version::V0x13,
            Some(_) => return None,
        };
        let params = costs(parts.next()?)?;
        // Argon2 takes salts from 8 bytes on (RFC 9106, 3.1).
        let salt = base64(parts.next()?, 8..=MAX_SALT_BYTES)?;
        let key = base64(parts.next()?, KEY_BYTES)?;
        parts.next().is_none().then_some(Self { algorithm, version, params, salt, key })
    }

    pub(super) const fn name(&self) -> &'static str {
        self.algorithm.as_str()
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let Some(params) = self.params.build(self.key.len()) else { return false };
        let argon = Argon2::new(self.algorithm, self.version, params);
        let mut out = Zeroizing::new(vec![0; self.key.len()]);
        argon.hash_password_into(password, &self.salt, &mut out).is_ok() && equal(&out, &self.key)
    }

    pub(super) fn is_below(&self, wanted: &Params) -> bool {
        let current = self.algorithm == Algorithm::Argon2id && self.version == Version::V0x13;
        let enough = self.params.memory_kib >= wanted.memory_kib && self.params.passes >= wanted.passes;
        !current || !enough || self.key.len() < NEW_KEY_BYTES
    }
}

fn costs(text: &str) -> Option<Params> {
    let mut parts = text.split(',');
    let mut next = |name: &str| number(parts.next()?.strip_prefix(name)?);
    let params = Params { memory_kib: next("m=")?, passes: next("t=")?, lanes: next("p=")? };
    parts.next().is_none().then_some(params)
}

pub(super) fn hash_new(password: &[u8], params: &Params, salt: &[u8; 16]) -> String {
    let mut key = Zeroizing::new([0; NEW_KEY_BYTES]);
    let built = params.build(NEW_KEY_BYTES).map(|p| Argon2::new(Algorithm::Argon2id, Version::V0x13, p));
    match built.map(|argon| argon.hash_password_into(password, salt, &mut *key)) {
        Some(Ok(())) => phc(params, salt, &*key),
        // `Params::new` has built these parameters once, and salt and key have the lengths that Argon2 takes.
        _ => unreachable!("checked parameters make a hash"),
    }
}

fn phc(params: &Params, salt: &[u8], key: &[u8]) -> String {
    let Params { memory_kib, passes, lanes } = params;
    let encode = |bytes| data_encoding::BASE64_NOPAD.encode(bytes);
    format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${}${}", encode(salt), encode(key))
}
