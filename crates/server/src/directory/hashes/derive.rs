//! scrypt (RFC 7914) and PBKDF2 (RFC 8018), in PHC's and Django's spelling.

use super::{BadHash, KEY_BYTES, MAX_SALT_BYTES, base64, equal, number};
use zeroize::Zeroizing;

/// Most scrypt memory, 128 · N · r bytes: 256 MiB, as for Argon2. N = 2^17 with r = 8, the recommended cost, takes 128.
pub const MAX_SCRYPT_BYTES: u64 = 256 << 20;
/// Most scrypt work, memory times p: about three seconds of one core.
pub const MAX_SCRYPT_WORK_BYTES: u64 = 1 << 30;
/// Most PBKDF2 rounds: about a second of one core. Django writes 1 000 000 (5.2) and adds a fifth a year.
pub const MAX_PBKDF2_ROUNDS: u32 = 5_000_000;

const SCRYPT: &str = "scrypt";
const PBKDF2: &str = "pbkdf2_sha256";

#[derive(Clone, PartialEq, Eq)]
pub(super) struct ScryptHash {
    params: Cost,
    salt: Vec<u8>,
    key: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Cost {
    log_n: u8,
    r: u32,
    p: u32,
}

impl ScryptHash {
    /// `ln=17,r=8,p=1$salt$key`, both in base 64.
    pub(super) fn parse_phc(rest: &str) -> Result<Self, BadHash> {
        Self::checked(Self::read_phc(rest))
    }

    /// `16384$salt$8$5$key`: N, a salt of plain text, r, p, the key in base 64.
    pub(super) fn parse_django(rest: &str) -> Result<Self, BadHash> {
        Self::checked(Self::read_django(rest))
    }

    fn read_phc(rest: &str) -> Option<Self> {
        let [costs, salt, key] = fields(rest)?;
        let mut parts = costs.split(',');
        let mut next = |name: &str| number(parts.next()?.strip_prefix(name)?);
        let params = Cost { log_n: u8::try_from(next("ln=")?).ok()?, r: next("r=")?, p: next("p=")? };
        let whole = parts.next().is_none();
        whole.then_some(Self { params, salt: base64(salt, 0..=MAX_SALT_BYTES)?, key: base64(key, KEY_BYTES)? })
    }

    fn read_django(rest: &str) -> Option<Self> {
        let [n, salt, r, p, key] = fields(rest)?;
        let n = number(n).filter(|n| n.is_power_of_two())?;
        let params = Cost { log_n: u8::try_from(n.trailing_zeros()).ok()?, r: number(r)?, p: number(p)? };
        Some(Self { params, salt: plain_salt(salt)?, key: base64(key, KEY_BYTES)? })
    }

    fn checked(hash: Option<Self>) -> Result<Self, BadHash> {
        let hash = hash.ok_or(BadHash::Malformed { scheme: SCRYPT })?;
        match hash.params.excess() {
            Some(what) => Err(BadHash::TooCostly { scheme: SCRYPT, what }),
            None if hash.params.build().is_none() => Err(BadHash::Malformed { scheme: SCRYPT }),
            None => Ok(hash),
        }
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let Some(params) = self.params.build() else { return false };
        let mut out = Zeroizing::new(vec![0; self.key.len()]);
        scrypt::scrypt(password, &self.salt, &params, &mut out).is_ok() && equal(&out, &self.key)
    }
}

impl Cost {
    fn excess(&self) -> Option<&'static str> {
        let memory = 1_u64.checked_shl(u32::from(self.log_n)).and_then(|n| n.checked_mul(128 * u64::from(self.r)));
        let memory = memory.unwrap_or(u64::MAX);
        match self {
            _ if self.log_n > 32 || memory > MAX_SCRYPT_BYTES => Some("memory above 256 MiB"),
            _ if memory.saturating_mul(u64::from(self.p)) > MAX_SCRYPT_WORK_BYTES => Some("memory times p above 1 GiB"),
            _ => None,
        }
    }

    /// N of at least 2 (RFC 7914, section 2); the crate checks the rest.
    fn build(&self) -> Option<scrypt::Params> {
        if self.log_n == 0 {
            return None;
        }
        scrypt::Params::new(self.log_n, self.r, self.p).ok()
    }
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pbkdf2Hash {
    rounds: u32,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl Pbkdf2Hash {
    /// `1000000$salt$key`: rounds, a salt of plain text, the key in base 64.
    pub(super) fn parse_django(rest: &str) -> Result<Self, BadHash> {
        let hash = Self::read(rest).ok_or(BadHash::Malformed { scheme: PBKDF2 })?;
        let fits = hash.rounds <= MAX_PBKDF2_ROUNDS;
        if fits { Ok(hash) } else { Err(BadHash::TooCostly { scheme: PBKDF2, what: "more than 5 000 000 rounds" }) }
    }

    fn read(rest: &str) -> Option<Self> {
        let [rounds, salt, key] = fields(rest)?;
        let rounds = number(rounds).filter(|rounds| *rounds > 0)?;
        // One block of SHA-256: a longer key would cost its owner more than a guesser.
        Some(Self { rounds, salt: plain_salt(salt)?, key: base64(key, 32..=32)? })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let mut out = Zeroizing::new([0; 32]);
        pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password, &self.salt, self.rounds, &mut *out);
        equal(&*out, &self.key)
    }
}

/// Exactly N fields between dollar signs.
fn fields<const N: usize>(text: &str) -> Option<[&str; N]> {
    text.split('$').collect::<Vec<_>>().try_into().ok()
}

fn plain_salt(text: &str) -> Option<Vec<u8>> {
    (!text.is_empty() && text.len() <= MAX_SALT_BYTES).then(|| text.as_bytes().to_vec())
}
