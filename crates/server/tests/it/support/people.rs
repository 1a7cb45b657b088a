//! Accounts for tests, written past the flows.

use countersign::directory::hashes::{self, Params, StoredHash};
use countersign::store::Conn;
use countersign::store::db::sql;
use countersign_core::identifier::EmailAddress;
use countersign_core::ids::AccountId;
use countersign_core::secret::SecretText;
use countersign_core::time::Timestamp;
use rand::Rng;

/// Every person's password at first.
pub const OLD_PASSWORD: &str = "lantern quarry 7 meadow";

/// Somebody with an account.
#[derive(Clone, Copy)]
pub struct Person {
    pub user: &'static str,
    /// Addresses, and whether they are confirmed; the first is the first choice.
    pub emails: &'static [(&'static str, bool)],
    pub flags: &'static str,
    pub locale: Option<&'static str>,
}

/// Two confirmed addresses, one that is not, no second factor.
pub const MARA: Person = Person {
    user: "mara",
    emails: &[("Mara@example.org", true), ("mara@example.net", true), ("mara.new@example.com", false)],
    flags: "",
    locale: Some("de"),
};

/// One address.
pub const TOMO: Person = Person { user: "tomo", emails: &[("tomo@example.org", true)], flags: "", locale: None };

/// An address that nobody has confirmed.
pub const UNA: Person = Person { user: "una", emails: &[("una@example.org", false)], flags: "", locale: None };

/// As cheap as argon2id gets: tests are not attacked.
pub fn cheap() -> Params {
    Params::new(8, 1, 1).unwrap()
}

/// Whether a stored hash is of a password.
pub fn is_hash_of(stored: Option<&str>, password: &str) -> bool {
    stored.is_some_and(|s| hashes::verify(&StoredHash::parse(s).unwrap(), &SecretText::new(password)))
}

/// Writes an account with its identifiers and addresses.
pub async fn insert(conn: &mut Conn, person: &Person, now: Timestamp, rng: &mut impl Rng) -> AccountId {
    write(conn, person.user, person.emails, (person.flags, person.locale), now, rng).await
}

/// Writes an account with one confirmed address.
pub async fn insert_named(conn: &mut Conn, user: &str, address: &str, now: Timestamp, rng: &mut impl Rng) -> AccountId {
    write(conn, user, &[(address, true)], ("", None), now, rng).await
}

async fn write(
    conn: &mut Conn,
    user: &str,
    emails: &[(&str, bool)],
    (flags, locale): (&str, Option<&str>),
    now: Timestamp,
    rng: &mut impl Rng,
) -> AccountId {
    let id = AccountId::new(now, rng);
    let hash = hashes::hash_new(&SecretText::new(OLD_PASSWORD), &cheap(), &[7; 16]);
    let text = "INSERT INTO accounts (id, locale, flags, password_hash, created_at, updated_at, number) \
                VALUES ($1, $2, $3, $4, $5, $5, (SELECT coalesce(max(number), -1) + 1 FROM accounts))";
    let account = sql(text).bind(id.as_str()).bind(locale).bind(flags).bind(hash).bind(now);
    account.execute(conn).await.unwrap();
    identifier(conn, "user", user, &id).await;
    for (position, (address, confirmed)) in emails.iter().enumerate() {
        let parsed = EmailAddress::parse(address).unwrap();
        let normalized = parsed.lookup();
        let text = "INSERT INTO emails (account_id, address, normalized, confirmed_at, position) \
                    VALUES ($1, $2, $3, $4, $5)";
        let email = sql(text).bind(id.as_str()).bind(*address).bind(normalized);
        email.bind(confirmed.then_some(now)).bind(position as i64).execute(conn).await.unwrap();
        identifier(conn, "email", normalized, &id).await;
    }
    id
}

async fn identifier(conn: &mut Conn, kind: &str, value: &str, id: &AccountId) {
    let text = "INSERT INTO identifiers (kind, value, account_id) VALUES ($1, $2, $3)";
    sql(text).bind(kind).bind(value).bind(id.as_str()).execute(conn).await.unwrap();
}
