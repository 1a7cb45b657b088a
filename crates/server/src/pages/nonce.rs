//! Form nonces: proof that a form was fetched from us not long ago; some may be used only once.
//!
//! A nonce is `minute.random.mac`, so nothing is stored when it is handed out. One-time use is kept in memory, bounded:
//! link scanners that press "ask again" many times with one form are told apart from people who come back.

use countersign_core::secret::{Digest, Key};
use countersign_core::time::Timestamp;
use rand::Rng;
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// How long a form may lie open: people go and look for a note with their user name.
const LIFE_MINUTES: i64 = 120;

/// Used nonces that are remembered, 16 bytes each, a few MiB in all. The oldest is forgotten first; a repetition then
/// costs no more than a new form would.
const MAX_USED: usize = 100_000;

/// A fresh nonce for forms of this purpose.
pub fn issue(key: &Key, purpose: &str, now: Timestamp, rng: &mut impl Rng) -> String {
    let minute = minute_of(now);
    let random = rng.next_u64();
    let mac = mac(key, purpose, minute, random).hex();
    format!("{minute:x}.{random:016x}.{}", &mac[..32])
}

/// What a nonce that came back says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nonce {
    /// Ours and young enough; the number names it for one-time use.
    Good(u64),
    /// Ours once, or never: the form has to be fetched anew.
    Stale,
}

/// Checks a nonce that came back with a form.
pub fn check(key: &Key, purpose: &str, text: &str, now: Timestamp) -> Nonce {
    let parts: Vec<&str> = text.splitn(4, '.').collect();
    let [minute, random, given] = parts[..] else { return Nonce::Stale };
    let (Ok(minute), Ok(random)) = (i64::from_str_radix(minute, 16), u64::from_str_radix(random, 16)) else {
        return Nonce::Stale;
    };
    let age = minute_of(now).saturating_sub(minute);
    let wanted = mac(key, purpose, minute, random).hex();
    let ours: bool = subtle::ConstantTimeEq::ct_eq(&wanted.as_bytes()[..32], given.as_bytes()).into();
    if ours && (0..=LIFE_MINUTES).contains(&age) { Nonce::Good(random) } else { Nonce::Stale }
}

fn minute_of(now: Timestamp) -> i64 {
    now.secs().div_euclid(60)
}

fn mac(key: &Key, purpose: &str, minute: i64, random: u64) -> Digest {
    key.mac(&[b"form nonce", purpose.as_bytes(), &minute.to_be_bytes(), &random.to_be_bytes()])
}

/// The nonces that were used, the youngest `MAX_USED` of them.
#[derive(Clone, Default, Debug)]
pub struct Used(Arc<Mutex<Inner>>);

#[derive(Default, Debug)]
struct Inner {
    seen: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Used {
    /// Uses a nonce; `false` if it was used before.
    pub fn first_use(&self, nonce: u64) -> bool {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !inner.seen.insert(nonce) {
            return false;
        }
        inner.order.push_back(nonce);
        if inner.order.len() > MAX_USED
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.seen.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    const KEY: Key = Key::new([3; 32]);
    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    fn fresh() -> String {
        issue(&KEY, "ask", NOW, &mut StdRng::seed_from_u64(1))
    }

    #[test]
    fn a_nonce_is_good_for_its_purpose_and_its_time() {
        let nonce = fresh();
        assert!(matches!(check(&KEY, "ask", &nonce, NOW), Nonce::Good(_)));
        assert_eq!(check(&KEY, "resend", &nonce, NOW), Nonce::Stale);
        let late = NOW.plus(std::time::Duration::from_secs(60 * 122));
        assert_eq!(check(&KEY, "ask", &nonce, late), Nonce::Stale);
        let early = NOW.minus(std::time::Duration::from_secs(120));
        assert_eq!(check(&KEY, "ask", &nonce, early), Nonce::Stale);
    }

    #[test]
    fn what_we_did_not_make_is_stale() {
        let nonce = fresh();
        let cut = &nonce[..nonce.len() - 1];
        for text in ["", ".", "..", "1.2.3", "a.b.c.d", "é.é.é", cut, &format!("{nonce}0"), &"9".repeat(10_000)] {
            assert_eq!(check(&KEY, "ask", text, NOW), Nonce::Stale);
        }
    }

    #[test]
    fn a_nonce_is_used_once() {
        let used = Used::default();
        assert!(used.first_use(7));
        assert!(!used.first_use(7));
        assert!(used.first_use(8));
    }

    #[test]
    fn the_memory_of_used_nonces_is_bounded() {
        let used = Used::default();
        for nonce in 0..=MAX_USED as u64 {
            used.first_use(nonce);
        }
        assert_eq!(used.0.lock().unwrap().seen.len(), MAX_USED);
        assert!(!used.first_use(MAX_USED as u64));
    }
}
