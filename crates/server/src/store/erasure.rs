//! What is taken out of the database when somebody's content is erased.

use super::db::{Conn, StoreError, sql};
use super::log::number;
use super::{Kind, Store};
use countersign_core::ids::AccountId;
use sqlx::{Connection, SqliteConnection};

/// What one chunk took out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blanked {
    /// The numbers of the entries.
    pub entries: Vec<u64>,
    /// How many messages.
    pub messages: u64,
}

/// Takes out the content of up to `limit` entries about an account, and of up to `limit` of its closed messages. Entries
/// that have no number yet are left.
pub async fn blank(conn: &mut Conn, account: &AccountId, limit: i64) -> Result<Blanked, StoreError> {
    let entries = entries(conn, account, limit).await?;
    unseal(conn, account).await?;
    Ok(Blanked { entries, messages: messages(conn, account, limit).await? })
}

/// A message that has not left and whose seal was erased is sealed anew when it leaves.
async fn unseal(conn: &mut Conn, account: &AccountId) -> Result<(), StoreError> {
    let text = "UPDATE messages SET sealed_entry = NULL, seal_digest = NULL \
                WHERE account_id = $1 AND state IN ('queued', 'sending') AND sealed_entry IS NOT NULL \
                AND NOT EXISTS (SELECT 1 FROM evidence AS e WHERE e.id = messages.sealed_entry)";
    sql(text).bind(account.as_str()).execute(conn).await?;
    Ok(())
}

async fn entries(conn: &mut Conn, account: &AccountId, limit: i64) -> Result<Vec<u64>, StoreError> {
    let n = number(conn);
    // One statement: what it takes out is what it names, whoever commits beside it.
    let text = format!(
        "UPDATE evidence SET id = 'erased_' || {n}, at = 0, kind = 'erased', subject = NULL, payload = NULL, salt = NULL \
         WHERE subject = $1 AND seq IN \
         (SELECT seq FROM evidence WHERE subject = $1 AND {n} IS NOT NULL ORDER BY seq LIMIT $2) RETURNING {n}"
    );
    let rows = sql(text).bind(account.as_str()).bind(limit).fetch_all(conn).await?;
    let mut numbers: Vec<u64> = rows.iter().map(|row| row.int(0).map(i64::unsigned_abs)).collect::<Result<_, _>>()?;
    numbers.sort_unstable();
    Ok(numbers)
}

/// The register keeps what it says to whoever has a code: template, times, state, the masked address.
async fn messages(conn: &mut Conn, account: &AccountId, limit: i64) -> Result<u64, StoreError> {
    let text = "UPDATE messages SET to_address = '', to_domain = '', params = '{}', last_error = NULL WHERE id IN \
                (SELECT id FROM messages WHERE account_id = $1 AND state IN ('sent', 'failed', 'unknown') \
                 AND to_address <> '' ORDER BY created_at LIMIT $2)";
    sql(text).bind(account.as_str()).bind(limit).execute(conn).await
}

/// Messages to an account that are under way.
pub async fn open_messages(conn: &mut Conn, account: &AccountId) -> Result<u64, StoreError> {
    let text = "SELECT count(*) FROM messages WHERE account_id = $1 AND state IN ('queued', 'sending')";
    sql(text).bind(account.as_str()).fetch_one(conn).await?.int(0).map(i64::unsigned_abs)
}

/// Whether any entry is about an account.
pub async fn any(conn: &mut Conn, account: &AccountId) -> Result<bool, StoreError> {
    let text = "SELECT seq FROM evidence WHERE subject = $1 LIMIT 1";
    Ok(sql(text).bind(account.as_str()).fetch_optional(conn).await?.is_some())
}

impl Store {
    /// Brings what was taken out of the database out of its file: SQLite overwrites it as it goes (`secure_delete`), but
    /// the write-ahead log holds older pages until it is emptied. `Some(false)` where a reader keeps it from being
    /// emptied now; `None` on PostgreSQL.
    pub async fn forget_old_pages(&self) -> Result<Option<bool>, StoreError> {
        let Kind::Sqlite { options, .. } = &self.kind else { return Ok(None) };
        let mut conn = Conn::Sqlite(Box::new(SqliteConnection::connect_with(options).await?));
        let busy = sql("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut conn).await?.int(0)?;
        Ok(Some(busy == 0))
    }
}
