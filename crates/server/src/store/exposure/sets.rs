//! Sets of accounts that the directory and the gate know, a range of numbers at a time.

use super::super::db::{Conn, Statement, StoreError, sql};
use super::ordinal;
use countersign_core::expose::cohort::Accounts;
use countersign_core::time::Timestamp;

/// What accounts are asked for.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// A second factor.
    SecondFactor,
    /// A party.
    Party(&'a str),
    /// A region.
    Region(&'a str),
    /// One confirmed mailbox, and no other way back.
    OnlyMailbox,
}

/// Those of a range.
pub async fn within(conn: &mut Conn, wanted: Wanted<'_>, from: u32, to: u32) -> Result<Accounts, StoreError> {
    let range = |text: &'static str| sql(text).bind(i64::from(from)).bind(i64::from(to));
    let ask = match wanted {
        Wanted::SecondFactor => {
            range("SELECT number FROM accounts WHERE number >= $1 AND number < $2 AND totp_sealed IS NOT NULL")
        }
        Wanted::Party(party) => {
            range("SELECT number FROM accounts WHERE number >= $1 AND number < $2 AND party = $3").bind(party)
        }
        Wanted::Region(region) => {
            range("SELECT number FROM accounts WHERE number >= $1 AND number < $2 AND region = $3").bind(region)
        }
        Wanted::OnlyMailbox => range(
            "SELECT a.number FROM accounts a WHERE a.number >= $1 AND a.number < $2 \
             AND (SELECT count(*) FROM emails e WHERE e.account_id = a.id AND e.confirmed_at IS NOT NULL) = 1 \
             AND NOT EXISTS (SELECT 1 FROM recovery_codes c WHERE c.account_id = a.id AND c.used_at IS NULL) \
             AND NOT EXISTS (SELECT 1 FROM devices d WHERE d.account_id = a.id AND d.revoked_at IS NULL)",
        ),
    };
    numbers(conn, ask).await
}

async fn numbers(conn: &mut Conn, ask: Statement) -> Result<Accounts, StoreError> {
    let rows = ask.fetch_all(conn).await?;
    Ok(Accounts::of(rows.iter().map(|row| ordinal(row, 0)).collect::<Result<Vec<_>, _>>()?))
}

/// Who asked for recovery since then: accounts that a request led to, so many at the most.
pub async fn asked_since(conn: &mut Conn, since: Timestamp) -> Result<Accounts, StoreError> {
    let text = "SELECT DISTINCT a.number FROM recovery_requests r JOIN tickets t ON t.id = r.ticket_id \
                JOIN accounts a ON a.id = t.account_id WHERE r.received_at >= $1 AND a.number IS NOT NULL";
    numbers(conn, sql(text).bind(since)).await
}
