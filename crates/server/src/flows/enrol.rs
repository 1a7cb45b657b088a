//! Second factors of accounts: TOTP secrets (sealed at rest) and saved recovery codes (hashed at rest).

use super::{Result, secrets};
use crate::app::App;
use crate::directory::hashes;
use crate::error::AppError;
use crate::store::evidence::Draft;
use crate::store::{directory, evidence};
use countersign_core::ids::AccountId;
use countersign_core::secret::SecretText;
use countersign_core::totp;
use rand::Rng;
use serde_json::json;

/// Saved recovery codes in a set, the number that most services give.
pub(super) const RECOVERY_CODES: usize = 10;
/// The letters of saved recovery codes: no 0, 1, i, l, o, u, so they survive handwriting.
const LETTERS: &[u8] = b"23456789abcdefghjkmnpqrstvwxyz";

/// The cost of new hashes.
pub fn params(app: &App) -> Result<hashes::Params> {
    let cost = app.config.password.argon2;
    hashes::Params::new(cost.memory_kib, cost.iterations, cost.parallelism)
        .map_err(|error| AppError::internal(error.to_string()))
}

/// The time step of a right one-time code; `None` for a wrong one.
pub fn totp_step(app: &App, account: &AccountId, sealed: &[u8], code: &SecretText) -> Result<Option<i64>> {
    let secret = app.keys.unseal(account.as_str().as_bytes(), sealed);
    let secret = secret.ok_or_else(|| AppError::internal("a TOTP secret could not be opened with this key"))?;
    Ok(totp::step(&secret, code.expose(), app.clock.now()))
}

/// Gives an account a TOTP secret (20 random bytes, RFC 4226, 4); its Base32 form, shown once.
pub async fn totp(app: &App, account: AccountId) -> Result<SecretText> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let (mut secret, mut nonce) = ([0_u8; 20], [0_u8; 12]);
    rng.fill_bytes(&mut secret);
    rng.fill_bytes(&mut nonce);
    let sealed = app.keys.seal(account.as_str().as_bytes(), nonce, &secret);
    let entry = Draft::new("factor.enrolled", Some(&account), json!({ "kind": "totp" }), now, &mut rng);
    let enrolled: Result<()> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                if directory::by_id(conn, &account).await?.is_none() {
                    return Err(AppError::not_found("There is no such account."));
                }
                directory::set_totp(conn, &account, Some(sealed), now).await?;
                evidence::append(conn, vec![entry]).await?;
                Ok(())
            })
        })
        .await;
    enrolled?;
    Ok(SecretText::new(data_encoding::BASE32_NOPAD.encode(&secret)))
}

/// Gives an account a new set of saved recovery codes; shown once, the old ones are void (NIST SP 800-63B-4, 4.2.1.1).
pub async fn recovery_codes(app: &App, account: AccountId) -> Result<Vec<SecretText>> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let codes: Vec<SecretText> = (0..RECOVERY_CODES).map(|_| code(&mut rng)).collect();
    let hashes: Vec<_> = codes.iter().map(|c| secrets::recovery_code_hash(&app.keys, c)).collect();
    let what = json!({ "kind": "recovery_codes", "count": RECOVERY_CODES });
    let entry = Draft::new("factor.enrolled", Some(&account), what, now, &mut rng);
    let enrolled: Result<()> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                if directory::by_id(conn, &account).await?.is_none() {
                    return Err(AppError::not_found("There is no such account."));
                }
                directory::set_recovery_codes(conn, &account, &hashes, now).await?;
                evidence::append(conn, vec![entry]).await?;
                Ok(())
            })
        })
        .await;
    enrolled?;
    Ok(codes)
}

pub(super) fn code(rng: &mut impl Rng) -> SecretText {
    // 25 of 30 letters are 122 bits, above the 112 from which a plain keyed hash is enough.
    let mut out = String::new();
    while out.len() < secrets::RECOVERY_CODE_CHARS {
        // Numbers past the last letter are drawn again, so that every letter is as likely as another.
        out.extend(LETTERS.get((rng.next_u32() & 31) as usize).map(|letter| char::from(*letter)));
    }
    let groups: Vec<&str> = (0..5).map(|g| &out[g * 5..g * 5 + 5]).collect();
    SecretText::new(groups.join("-"))
}
