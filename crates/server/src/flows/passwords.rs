//! Has this password leaked? For new passwords, for platforms that ask, and as the range API of Pwned Passwords.
//!
//! Nothing of it is recorded: what was asked says something about somebody's password.

use super::Result;
use crate::app::App;
pub use crate::breached::{Answer, Range};
use crate::error::AppError;
use countersign_core::breached::{Form, Hash, HashKind, Prefix};
use countersign_core::gate::limiter::Admission;
use countersign_core::gate::policy::Rate;
use countersign_core::password::{self, MAX_BYTES_PER_CHAR, Weakness};
use countersign_core::secret::SecretText;
use std::net::IpAddr;

/// Ranges from one source. A client asks once for each password that somebody sets, and the source is a whole platform;
/// reading all 1 048 576 of them takes a day at this rate.
const RANGES: Rate = Rate { burst: 1000, per_hour: 43_200 };
const RANGE_PURPOSE: u8 = 40;

/// What is asked for.
#[derive(Debug)]
pub enum Asked {
    /// A password.
    Password(SecretText),
    /// Its hash.
    Hash(Hash),
}

/// What is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Checked {
    /// Whether the files know it.
    pub leaked: Answer,
    /// Whether it is one of the most common ones, as it is or in disguise; nobody can tell from a hash.
    pub common: Option<bool>,
}

impl Checked {
    /// Why it should not be used, in the codes of `password_weak`.
    pub fn reasons(&self) -> Vec<&'static str> {
        let leaked = matches!(self.leaked, Answer::Leaked { .. });
        let found = [(self.common == Some(true), Weakness::Common), (leaked, Weakness::Breached)];
        found.into_iter().filter(|(is, _)| *is).map(|(_, weakness)| weakness.code()).collect()
    }

    /// Whether the answer may be wrong by chance, one time in 65 536: a filter's yes.
    pub const fn by_chance(&self) -> bool {
        matches!(self.leaked, Answer::Leaked { form: Form::Filter, .. })
    }
}

/// The refusal of a new password, with every weakness; `otherwise` is the sentence where it did not leak. NIST SP
/// 800-63B-4, 3.1.1.2: the reason is said, and another one is asked for.
pub fn weak(weaknesses: &[Weakness], otherwise: &str) -> AppError {
    let details = weaknesses.iter().map(|weakness| weakness.code()).collect();
    let leaked = "This password is on lists of leaked passwords, which attackers try. Choose another one.";
    let public = if weaknesses.contains(&Weakness::Breached) { leaked } else { otherwise };
    AppError { details, ..AppError::invalid("password", "password_weak", public) }
}

/// Looks a password or a hash up.
///
/// # Errors
/// 422 for a password that is longer than any that could be set.
pub fn check(app: &App, asked: &Asked) -> Result<Checked> {
    match asked {
        Asked::Hash(hash) => Ok(Checked { leaked: app.breached.hash(hash), common: None }),
        Asked::Password(given) => {
            let text = given.expose();
            if text.len() > app.config.password.max_length.saturating_mul(MAX_BYTES_PER_CHAR) {
                return Err(AppError::invalid("password", "too_long", "This is longer than any password may be."));
            }
            Ok(Checked { leaked: app.breached.password(text), common: Some(password::is_common(text)) })
        }
    }
}

/// All leaked hashes that begin with the same five digits, as Pwned Passwords says them.
///
/// # Errors
/// 404 where it is switched off or there is no file for it; 400 for a prefix that is none; 429.
pub fn range(app: &App, ip: IpAddr, prefix: &str, kind: HashKind, padded: bool) -> Result<Range> {
    if !app.config.password.range_api {
        return Err(not_served());
    }
    if let Admission::Refused { retry_after } = app.limiter.admit_purpose(RANGE_PURPOSE, ip, RANGES, app.clock.now()) {
        return Err(AppError::rate_limited(retry_after));
    }
    let prefix = Prefix::parse(prefix)
        .ok_or_else(|| AppError::new(400, "prefix_invalid", "The prefix must be five hex digits."))?;
    let mut rng = padded.then(|| app.rng());
    app.breached.range(kind, prefix, rng.as_mut()).ok_or_else(not_served)
}

fn not_served() -> AppError {
    AppError::not_found("There is nothing at this address.")
}
