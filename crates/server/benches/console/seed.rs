//! Fills a database with generated accounts, messages, tickets and requests, as fast as SQLite writes: rows are made inside
//! of it, in the order of their keys, a few hundred thousand in a transaction; indexes are made once the rows are there.

use countersign::app::App;
use countersign::store::db::sql;
use countersign::store::{Place, Store};
use countersign_core::time::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection, Executor, Row, SqliteConnection};
use std::path::Path;
use std::time::Instant;

/// When all of it is looked at.
pub const NOW: Timestamp = Timestamp::from_secs(1_768_400_000);
/// A fortnight.
const SPAN_MICROS: i64 = 14 * 24 * 3600 * 1_000_000;
/// Rows in one transaction.
const BATCH: i64 = 250_000;

/// How many of each.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Each with an address and a name to find it by.
    pub accounts: i64,
    /// Over the last two years.
    pub messages: i64,
    /// Over the last fortnight; an eighth of them led to a message.
    pub requests: i64,
}

/// The id of the nth account.
pub fn account_id(n: i64) -> String {
    format!("acc_{n:026}")
}

/// How many accounts there are.
pub async fn accounts(app: &App) -> i64 {
    let mut conn = app.store.read().await.unwrap();
    sql("SELECT max(id) FROM accounts").fetch_one(&mut conn).await.unwrap().text(0).unwrap()[4..].parse().unwrap()
}

/// Makes the file.
pub async fn fill(path: &Path, size: Size) {
    // The schema is the program's own.
    drop(Store::open(&Place::File(path.to_owned()), 1).await.unwrap());
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(false)
        .pragma("cache_size", "-2000000")
        .pragma("temp_store", "FILE");
    let mut conn = SqliteConnection::connect_with(&options).await.unwrap();
    let indexes = take_indexes(&mut conn).await;
    for (name, many, text) in tables(size) {
        let begun = Instant::now();
        let mut from = 0;
        while from < many {
            let until = many.min(from + BATCH);
            let text = format!(
                "WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {until}) {text}"
            );
            conn.execute(AssertSqlSafe(text)).await.unwrap();
            from = until;
        }
        println!("{many} {name} in {:.0} s", begun.elapsed().as_secs_f64());
    }
    let begun = Instant::now();
    for text in indexes {
        conn.execute(AssertSqlSafe(text)).await.unwrap();
    }
    println!("indexes in {:.0} s", begun.elapsed().as_secs_f64());
    conn.close().await.unwrap();
}

/// Drops the indexes that are no part of a table, and says how they are made.
async fn take_indexes(conn: &mut SqliteConnection) -> Vec<String> {
    let text = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
    let rows = conn.fetch_all(text).await.unwrap();
    let mut made = Vec::new();
    for row in rows {
        let (name, text): (String, String) = (row.get(0), row.get(1));
        conn.execute(AssertSqlSafe(format!("DROP INDEX {name}"))).await.unwrap();
        made.push(text);
    }
    made
}

/// Name, number, and the insert from a list of numbers `n(i)`.
type Table = (&'static str, i64, String);

fn tables(size: Size) -> Vec<Table> {
    [people(size), register(size), gate(size)].into_iter().flatten().collect()
}

fn account(n: &str) -> String {
    format!("printf('acc_%026d', {n})")
}

/// The account of the ith row: in no order, as in life.
fn somebody(accounts: i64) -> String {
    account(&format!("(i * 7919 + 13) % {accounts}"))
}

fn people(Size { accounts, .. }: Size) -> Vec<Table> {
    let (now, own) = (NOW.micros(), account("i"));
    vec![
        (
            "accounts",
            accounts,
            format!(
                "INSERT INTO accounts (id, external_id, flags, created_at, updated_at, number) \
                 SELECT {own}, printf('user-%09d', i), '', {now} - 70000000000000, {now} - 70000000000000, i FROM n"
            ),
        ),
        (
            "names",
            accounts,
            format!(
                "INSERT INTO identifiers (kind, value, account_id) \
                 SELECT 'email', printf('person%08d@example.org', i), {own} FROM n"
            ),
        ),
        (
            "addresses",
            accounts,
            format!(
                "INSERT INTO emails (account_id, address, normalized, confirmed_at, position) \
                 SELECT {own}, printf('person%08d@example.org', i), printf('person%08d@example.org', i), \
                 {now} - 70000000000000, 0 FROM n"
            ),
        ),
    ]
}

fn register(Size { accounts, messages, .. }: Size) -> Vec<Table> {
    let (now, somebody) = (NOW.micros(), somebody(accounts));
    let message_at = format!("({now} - (({messages} - i) * (63072000000000 / {messages})))");
    vec![(
        "messages",
        messages,
        format!(
            "INSERT INTO messages (id, account_id, template, source_id, to_address, to_masked, to_domain, locale, \
                 params, code_hash, code_digest, created_at, state, attempts, next_at, closed_at) \
                 SELECT printf('msg_%026d', i), {somebody}, 'recovery', printf('tkt_%026d', i), \
                 printf('person%08d@example.org', (i * 7919 + 13) % {accounts}), \
                 printf('p•••%d@e•••.org', i % 9973), 'example.org', 'en', '{{\"minutes\":15}}', randomblob(32), \
                 randomblob(32), {message_at}, \
                 CASE WHEN i % 500 = 0 THEN 'failed' WHEN i % 3001 = 0 THEN 'unknown' ELSE 'sent' END, 1, {message_at}, \
                 {message_at} + 2000000 FROM n"
        ),
    )]
}

fn gate(Size { accounts, requests, .. }: Size) -> Vec<Table> {
    let (now, somebody, sent) = (NOW.micros(), somebody(accounts), requests / 8);
    let request_at = format!("({now} - (({requests} - i) * ({SPAN_MICROS} / {requests})))");
    vec![
        (
            "requests",
            requests,
            format!(
                "INSERT INTO recovery_requests (id, received_at, door, identifier_key, source_key, agent, class, state, \
                 outcome, ticket_id, wake_at, expires_at, decided_at) \
                 SELECT printf('req_%026d', i), {request_at}, 'api', randomblob(32), randomblob(32), 'unknown', \
                 'anonymous', CASE WHEN i % 8 = 7 THEN 'expired' ELSE 'done' END, \
                 CASE i % 8 WHEN 0 THEN 'sent' WHEN 1 THEN 'live_link' WHEN 2 THEN 'mailbox_limit' WHEN 3 THEN 'no_account' \
                 WHEN 4 THEN 'no_account' WHEN 5 THEN 'account_limit' WHEN 6 THEN 'disavowed' ELSE 'expired' END, \
                 CASE WHEN i % 8 = 0 THEN printf('tkt_%026d', i / 8) END, {request_at}, {request_at} + 1800000000, \
                 {request_at} + 1500000 FROM n"
            ),
        ),
        (
            "tickets",
            sent,
            format!(
                "INSERT INTO tickets (id, account_id, created_at, expires_at, state, class, siege, nonce, secret_hash, \
                 code_hash, not_me_hash, mailbox_key, closed_at) \
                 SELECT printf('tkt_%026d', i), {somebody}, t, t + 900000000, \
                 CASE WHEN i % 3 = 0 THEN 'live' WHEN i % 50 = 1 THEN 'revoked' ELSE 'used' END, 'anonymous', 0, \
                 randomblob(16), randomblob(32), randomblob(32), randomblob(32), randomblob(32), \
                 CASE WHEN i % 3 > 0 THEN t + 120000000 END \
                 FROM (SELECT i, ({now} - (({sent} - i) * ({SPAN_MICROS} / {sent}))) AS t FROM n)"
            ),
        ),
    ]
}
