//! Values that accounts had before: recorded where an import changes one, or told by the platform, sealed; in the index as
//! keyed hashes like the present ones.

use crate::app::App;
use crate::keyring::Keyring;
use crate::store::exposure::former::NewFormer;
use countersign_core::ids::AccountId;
use countersign_core::time::Timestamp;
use rand::Rng;

/// A value that an account had.
#[derive(Clone)]
pub struct Value {
    /// `user`, `email` or `phone`.
    pub kind: &'static str,
    /// Normalised, as the directory has it.
    pub text: String,
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value({})", self.kind)
    }
}

/// What a seal is bound to.
fn context(account: &str) -> Vec<u8> {
    [b"former value ".as_slice(), account.as_bytes()].concat()
}

/// A row to be written.
pub fn sealed(keys: &Keyring, account: &AccountId, value: &Value, until: Timestamp, rng: &mut impl Rng) -> NewFormer {
    let mut nonce = [0; 12];
    rng.fill_bytes(&mut nonce);
    let parts: [&[u8]; 4] =
        [b"former value", account.as_str().as_bytes(), value.kind.as_bytes(), value.text.as_bytes()];
    NewFormer {
        account: account.clone(),
        kind: value.kind,
        key: keys.subject.mac(&parts),
        sealed: keys.seal(&context(account.as_str()), nonce, value.text.as_bytes()),
        until,
    }
}

/// What a sealed value says; `None` for one of another key or another account.
pub fn unsealed(app: &App, account: &str, sealed: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    app.keys.unseal(&context(account), sealed)
}
