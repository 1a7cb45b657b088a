//! Everything that the judgement looks at besides the numbers.

use crate::app::App;
use crate::flows::{Result, exposure::numbers as exposure};
use crate::store::log::LogHead;
use crate::store::{Conn, gate as gate_store, overview, staff};
use countersign_core::gate::budget::Budgets;
use countersign_core::time::Timestamp;
use countersign_core::traffic::{Counts, Facts, GateNow, LogFacts, Outbox};
use std::time::Duration;

/// Gathers it.
pub(super) async fn gather(
    app: &App,
    conn: &mut Conn,
    hour: Counts,
    per_minute: u64,
    head: Option<&LogHead>,
    now: Timestamp,
) -> Result<Facts> {
    Ok(Facts {
        gate: gate(app, conn, per_minute, now).await?,
        hour,
        outbox: outbox(app, conn, now).await?,
        log: log_facts(app, conn, head, now).await?,
        clock_behind: app.clock.behind(),
        leaks: exposure::uncontained(conn).await?,
        pleas: staff::open_pleas(conn).await?.len(),
        unguarded: usize::try_from(overview::unguarded_staff(conn).await?).unwrap_or(0),
        has_accounts: overview::has_accounts(conn).await?,
    })
}

/// The mode is this node's; budgets and numbers are everybody's.
async fn gate(app: &App, conn: &mut Conn, per_minute: u64, now: Timestamp) -> Result<GateNow> {
    let policy = &app.config.gate.policy;
    let stored = gate_store::budgets(conn).await?.unwrap_or_else(|| Budgets::full(&policy.budget, now));
    let budgets = stored.at(now, &policy.budget);
    let mode = app.gate().mode;
    let held = overview::held_requests(conn).await?;
    Ok(GateNow::of(mode, per_minute, &budgets, held, policy))
}

async fn outbox(app: &App, conn: &mut Conn, now: Timestamp) -> Result<Outbox> {
    let next = overview::next_message(conn).await?;
    Ok(Outbox {
        waiting: overview::waiting_messages(conn).await?,
        due_for: next.map(|next| now.since(next)).filter(|due| !due.is_zero()),
        has_server: app.config.mail.host.is_some(),
    })
}

async fn log_facts(app: &App, conn: &mut Conn, head: Option<&LogHead>, now: Timestamp) -> Result<LogFacts> {
    let size = head.map_or(0, |head| head.head.size);
    let first_unsigned = overview::first_unsigned(conn, size).await?;
    Ok(LogFacts {
        in_doubt: app.log.doubt().is_some(),
        unsigned_for: first_unsigned.map(|at| now.since(at)),
        unwitnessed_for: head.filter(|_| !app.log.policy().witnesses().is_empty()).and_then(|h| unwitnessed(h, now)),
    })
}

/// Without a quorum a checkpoint is published in the end, unwitnessed; then it is at least as long ago as that.
fn unwitnessed(head: &LogHead, now: Timestamp) -> Option<Duration> {
    let newest = head.witnessed && head.published_size == head.head.size;
    (!newest).then(|| now.since(head.published_at))
}
