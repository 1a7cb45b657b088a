//! The gate's shared state: budgets, slots of mailboxes and accounts, spent proofs.

use super::db::{Conn, StoreError, sql};
use countersign_core::gate::budget::{Bucket, Budgets};
use countersign_core::gate::policy::BudgetPolicy;
use countersign_core::gate::slots::Slots;
use countersign_core::secret::Digest;
use countersign_core::time::Timestamp;

const NAMES: [&str; 3] = ["anonymous", "work", "release"];

/// The budgets as stored, locked until the transaction ends; full ones at the first look.
pub async fn budgets_locked(conn: &mut Conn, policy: &BudgetPolicy, now: Timestamp) -> Result<Budgets, StoreError> {
    let full = Budgets::full(policy, now);
    for (name, bucket) in NAMES.iter().zip([full.anonymous, full.work, full.release]) {
        let text = "INSERT INTO budgets (name, level_milli, rate_milli, updated_at) VALUES ($1, $2, $3, $4) \
                    ON CONFLICT (name) DO NOTHING";
        let insert = sql(text).bind(*name).bind(bucket.level_milli).bind(bucket.rate_milli);
        insert.bind(bucket.updated_at).execute(conn).await?;
    }
    let lock = conn.for_update();
    read(conn, lock).await?.ok_or_else(|| StoreError::Damaged("a budget row is missing".into()))
}

/// The budgets as stored; `None` before the first request.
pub async fn budgets(conn: &mut Conn) -> Result<Option<Budgets>, StoreError> {
    read(conn, "").await
}

async fn read(conn: &mut Conn, lock: &str) -> Result<Option<Budgets>, StoreError> {
    // In the order of the names, so that nodes lock the rows in one order.
    let text = format!("SELECT name, level_milli, rate_milli, updated_at FROM budgets ORDER BY name{lock}");
    let rows = sql(text).fetch_all(conn).await?;
    let mut found = [None; 3];
    for row in rows {
        let index = row.parsed(0, "budgets.name", |n| NAMES.iter().position(|known| *known == n))?;
        let bucket = Bucket { level_milli: row.int(1)?, rate_milli: row.int(2)?, updated_at: row.time(3)? };
        found[index] = Some(bucket);
    }
    let [Some(anonymous), Some(work), Some(release)] = found else {
        return Ok(None);
    };
    Ok(Some(Budgets { anonymous, work, release }))
}

/// Stores the budgets.
pub async fn save_budgets(conn: &mut Conn, budgets: &Budgets) -> Result<(), StoreError> {
    for (name, bucket) in NAMES.iter().zip([budgets.anonymous, budgets.work, budgets.release]) {
        let text = "UPDATE budgets SET level_milli = $2, rate_milli = $3, updated_at = $4 WHERE name = $1";
        let update = sql(text).bind(*name).bind(bucket.level_milli).bind(bucket.rate_milli);
        update.bind(bucket.updated_at).execute(conn).await?;
    }
    Ok(())
}

/// The slots of a mailbox or account; empty ones where there are none.
pub async fn slots(conn: &mut Conn, subject: &Digest) -> Result<Slots, StoreError> {
    let text = "SELECT live_until, sent_1, sent_2, sent_3 FROM send_slots WHERE subject_key = $1";
    let Some(row) = sql(text).bind(subject).fetch_optional(conn).await? else {
        return Ok(Slots::default());
    };
    Ok(Slots { live_until: row.time(0)?, sent: [row.time(1)?, row.time(2)?, row.time(3)?] })
}

/// Stores the slots.
pub async fn save_slots(conn: &mut Conn, subject: &Digest, slots: &Slots) -> Result<(), StoreError> {
    let text = "INSERT INTO send_slots (subject_key, live_until, sent_1, sent_2, sent_3) VALUES ($1, $2, $3, $4, $5) \
                ON CONFLICT (subject_key) DO UPDATE SET live_until = excluded.live_until, sent_1 = excluded.sent_1, \
                sent_2 = excluded.sent_2, sent_3 = excluded.sent_3";
    let insert = sql(text).bind(subject).bind(slots.live_until);
    insert.bind(slots.sent[0]).bind(slots.sent[1]).bind(slots.sent[2]).execute(conn).await?;
    Ok(())
}

/// Ends the live link of a mailbox or account, so that its owner may ask again.
pub async fn end_live(conn: &mut Conn, subject: &Digest, now: Timestamp) -> Result<(), StoreError> {
    let text = "UPDATE send_slots SET live_until = $2 WHERE subject_key = $1 AND live_until > $2";
    sql(text).bind(subject).bind(now).execute(conn).await?;
    Ok(())
}

/// Marks a challenge as spent; `false` where it was already.
pub async fn spend(conn: &mut Conn, challenge: &Digest, expires_at: Timestamp) -> Result<bool, StoreError> {
    let text = "INSERT INTO spent_proofs (challenge, expires_at) VALUES ($1, $2) ON CONFLICT (challenge) DO NOTHING";
    Ok(sql(text).bind(challenge).bind(expires_at).execute(conn).await? == 1)
}

/// Forgets spent challenges that have expired, and slots that no limit looks at any more.
pub async fn forget(conn: &mut Conn, now: Timestamp, slots_before: Timestamp) -> Result<u64, StoreError> {
    let spent = sql("DELETE FROM spent_proofs WHERE expires_at < $1").bind(now).execute(conn).await?;
    let text = "DELETE FROM send_slots WHERE sent_1 < $1 AND live_until < $1";
    Ok(spent + sql(text).bind(slots_before).execute(conn).await?)
}
