//! What time alone brings about: requests expire, waiting changes take effect, old rows go.

use super::Result;
use super::change::Apply;
use crate::app::App;
use crate::store::evidence::Draft;
use crate::store::{
    StoreError, api_keys, ceremonies, directory, evidence, gate as gate_store, requests, staff, tickets,
};
use serde_json::json;
use std::time::Duration;

/// Closed requests are kept this long: long enough to look into last week's attack. They hold no identifier any more.
const KEEP_REQUESTS: Duration = Duration::from_secs(14 * 24 * 3600);
/// Answers are remembered this long for clients that repeat a request.
const KEEP_ANSWERS: Duration = Duration::from_secs(24 * 3600);
/// Slots are kept longer than any limit looks back.
const KEEP_SLOTS: Duration = Duration::from_secs(48 * 3600);
/// Sessions and links of staff are kept this long after they were made; what they did stays in the evidence.
const KEEP_SESSIONS: Duration = Duration::from_secs(30 * 24 * 3600);
/// Changes applied in one transaction.
const CHANGES: i64 = 20;

/// Requests expired in one transaction, so that other writers need not wait long.
pub const EXPIRE: u64 = 1000;

/// Expires requests that nobody waits for; how many. Call again while it is as many as go into one transaction.
pub async fn expire_requests(app: &App) -> Result<u64> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let expired: std::result::Result<u64, StoreError> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                let expired = requests::expire(conn, now, EXPIRE as i64).await?;
                if expired > 0 {
                    let what = json!({ "expired": expired });
                    evidence::append(conn, vec![Draft::new("recovery.expired", None, what, now, &mut rng)]).await?;
                }
                Ok(expired)
            })
        })
        .await;
    Ok(expired?)
}

/// Applies changes whose cool-off is over; how many.
pub async fn apply_changes(app: &App) -> Result<usize> {
    let (now, mut rng, keys) = (app.clock.now(), app.rng(), app.keys.clone());
    let fallback = app.config.site.default_locale;
    let applied: std::result::Result<usize, StoreError> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                let due = tickets::changes_due(conn, now, CHANGES).await?;
                for change in &due {
                    let Some(account) = directory::by_id(conn, &change.account).await? else { continue };
                    let ticket = tickets::by_id(conn, &change.ticket).await?;
                    let mailbox_key = match ticket {
                        Some(ticket) => ticket.mailbox_key,
                        None => super::dispatch::account_key(&keys, &account.id),
                    };
                    if !tickets::close_change(conn, &change.id, "applied", now).await? {
                        continue;
                    }
                    let client = json!({ "after_cool_off": true });
                    let apply = Apply {
                        keys: &keys,
                        account: &account,
                        new_hash: &change.password_hash,
                        mailbox_key,
                        locale: None,
                        fallback,
                        client: &client,
                        now,
                    };
                    apply.run(conn, &mut rng).await?;
                }
                Ok(due.len())
            })
        })
        .await;
    let applied = applied?;
    if applied > 0 {
        app.outbox_wake.notify_one();
    }
    Ok(applied)
}

/// Deletes what no limit, page or person looks at any more; how many rows.
pub async fn forget(app: &App) -> Result<u64> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let forgotten: std::result::Result<u64, StoreError> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                let mut rows = requests::forget(conn, now.minus(KEEP_REQUESTS)).await?;
                rows += gate_store::forget(conn, now, now.minus(KEEP_SLOTS)).await?;
                rows += tickets::forget_undos(conn, now).await?;
                rows += api_keys::forget(conn, now.minus(KEEP_ANSWERS)).await?;
                rows += staff::forget(conn, now.minus(KEEP_SESSIONS)).await?;
                rows += ceremonies::forget(conn, now).await?;
                if rows > 0 {
                    let what = json!({ "rows": rows });
                    evidence::append(conn, vec![Draft::new("store.forgot", None, what, now, &mut rng)]).await?;
                }
                Ok(rows)
            })
        })
        .await;
    Ok(forgotten?)
}
