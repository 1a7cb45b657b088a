//! Recovery traffic in numbers: counted from the rows that say what happened, and kept by the minute, the half hour and
//! the quarter of a day. All of it is derived; nothing here is state that the evidence log would have to tell of.

use super::db::{Arg, Conn, Row as DbRow, StoreError, placeholders, sql};
use countersign_core::time::Timestamp;
use countersign_core::traffic::{Row, What, Window, time_of};

/// Rows written in one statement.
const ROWS_AT_ONCE: usize = 64;
const MICROS: i64 = 1_000_000;

/// Minutes whose numbers are in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// The first minute of which anything is known.
    pub since: i64,
    /// The first minute that is not in the table.
    pub until: i64,
}

/// Where things are counted: table, column of the time, column of the word, and the family of the word.
type Place = (&'static str, &'static str, &'static str, &'static str);
const PLACES: [Place; 3] = [
    ("recovery_requests", "decided_at", "outcome", "outcome"),
    ("messages", "closed_at", "state", "message"),
    ("tickets", "closed_at", "state", "ticket"),
];

/// How many of one thing in one slice of time.
pub type Slice = (i64, What, u64);

const KEPT: &str =
    "SELECT minute, what, number FROM traffic WHERE step = $1 AND minute >= $2 AND minute < $3 ORDER BY minute";
const SETTLED: &str = "SELECT since, until FROM traffic_settled";
const FIRST_REQUEST: &str = "SELECT min(received_at) FROM recovery_requests";

fn requests_statement(size: i64) -> String {
    format!(
        "SELECT received_at / {size}, count(*) FROM recovery_requests \
         WHERE received_at >= $1 AND received_at < $2 GROUP BY 1"
    )
}

fn words_statement((table, time, word, _): &Place, size: i64) -> String {
    format!("SELECT {time} / {size}, {word}, count(*) FROM {table} WHERE {time} >= $1 AND {time} < $2 GROUP BY 1, 2")
}

fn first_statement((table, time, _, _): &Place) -> String {
    format!("SELECT min({time}) FROM {table} WHERE {time} IS NOT NULL")
}

/// Every statement by which this room reads for a page, so that a test and a bench can ask how they are answered.
pub fn statements() -> Vec<String> {
    let mut all = vec![SETTLED.to_owned(), KEPT.to_owned(), FIRST_REQUEST.to_owned(), requests_statement(5 * MICROS)];
    all.extend(PLACES.iter().flat_map(|place| [words_statement(place, 5 * MICROS), first_statement(place)]));
    all
}

/// Counts from the rows themselves what happened from one time up to another, in slices of `secs` seconds numbered from
/// 1970. It reads indexes only; what it costs grows with what happened in that time.
pub async fn count(conn: &mut Conn, from: Timestamp, to: Timestamp, secs: i64) -> Result<Vec<Slice>, StoreError> {
    let size = secs * MICROS;
    let rows = sql(requests_statement(size)).bind(from).bind(to).fetch_all(conn).await?;
    let request = |row: &DbRow| Ok((row.int(0)?, What::Requests, number(row, 1)?));
    let mut found: Vec<Slice> = rows.iter().map(request).collect::<Result<_, StoreError>>()?;
    for place in &PLACES {
        let (_, _, word, family) = *place;
        for row in sql(words_statement(place, size)).bind(from).bind(to).fetch_all(conn).await? {
            found.push((row.int(0)?, row.parsed(1, word, |text| What::of(family, text))?, number(&row, 2)?));
        }
    }
    Ok(found)
}

fn number(row: &DbRow, index: usize) -> Result<u64, StoreError> {
    let value = row.int(index)?;
    u64::try_from(value).map_err(|_| StoreError::UnknownValue { column: "traffic.number", value: value.to_string() })
}

/// When the first thing happened that is still on record; `None` where nothing is.
pub async fn earliest(conn: &mut Conn) -> Result<Option<Timestamp>, StoreError> {
    let mut times = vec![sql(FIRST_REQUEST).fetch_one(conn).await?.opt_time(0)?];
    for place in &PLACES {
        times.push(sql(first_statement(place)).fetch_one(conn).await?.opt_time(0)?);
    }
    Ok(times.into_iter().flatten().min())
}

/// Which minutes are in the table; `None` before the first count.
pub async fn settled(conn: &mut Conn) -> Result<Option<Settled>, StoreError> {
    read_settled(conn, "").await
}

async fn read_settled(conn: &mut Conn, lock: &str) -> Result<Option<Settled>, StoreError> {
    let row = sql(format!("{SETTLED}{lock}")).fetch_optional(conn).await?;
    row.map(|row| Ok(Settled { since: row.int(0)?, until: row.int(1)? })).transpose()
}

/// Begins: nothing is known from before `since`. Of several nodes the first one says so.
pub async fn begin(conn: &mut Conn, since: i64) -> Result<(), StoreError> {
    let text = "INSERT INTO traffic_settled (one, since, until) VALUES (1, $1, $1) ON CONFLICT (one) DO NOTHING";
    sql(text).bind(since).execute(conn).await?;
    Ok(())
}

/// Keeps the numbers of the minutes from `from` up to `until`, and moves on. `false` where another node was first; then
/// nothing changes. Doing it twice with the same numbers gives the same table.
pub async fn settle(conn: &mut Conn, rows: &[Row], from: i64, until: i64) -> Result<bool, StoreError> {
    let lock = conn.for_update();
    if read_settled(conn, lock).await?.is_none_or(|settled| settled.until != from) {
        return Ok(false);
    }
    for rows in rows.chunks(ROWS_AT_ONCE) {
        keep(conn, rows).await?;
    }
    for window in Window::ALL.into_iter().filter(|window| window.step() > 1) {
        roll_up(conn, window.step(), from, until).await?;
    }
    sql("UPDATE traffic_settled SET until = $1 WHERE one = 1").bind(until).execute(conn).await?;
    Ok(true)
}

const REPLACES: &str = "ON CONFLICT (step, minute, what) DO UPDATE SET number = excluded.number";

async fn keep(conn: &mut Conn, rows: &[Row]) -> Result<(), StoreError> {
    let values = placeholders(conn, rows.len(), 4);
    let text = format!("INSERT INTO traffic (step, minute, what, number) VALUES {values} {REPLACES}");
    let args = rows.iter().flat_map(|row| {
        // More than an i64 holds was never counted.
        let number = i64::try_from(row.number).unwrap_or(i64::MAX);
        [Arg::from(1), row.minute.into(), row.what.as_str().into(), number.into()]
    });
    sql(text).bind_all(args.collect::<Vec<_>>()).execute(conn).await?;
    Ok(())
}

/// Adds up every longer step that the minutes touch, from all of its minutes that are there: the last one is not over yet.
async fn roll_up(conn: &mut Conn, step: i64, from: i64, until: i64) -> Result<(), StoreError> {
    let text = format!(
        "INSERT INTO traffic (step, minute, what, number) \
         SELECT {step}, minute / {step} * {step}, what, CAST(sum(number) AS BIGINT) FROM traffic \
         WHERE step = 1 AND minute >= $1 AND minute < $2 GROUP BY minute / {step} * {step}, what {REPLACES}"
    );
    sql(text).bind(from.div_euclid(step) * step).bind(until).execute(conn).await?;
    Ok(())
}

/// The numbers that are kept for a window's steps from one minute up to another.
pub async fn kept(conn: &mut Conn, window: Window, from: i64, until: i64) -> Result<Vec<Row>, StoreError> {
    let rows = sql(KEPT).bind(window.step()).bind(from).bind(until).fetch_all(conn).await?;
    let row = |row: &DbRow| {
        Ok(Row { minute: row.int(0)?, what: row.parsed(1, "traffic.what", What::parse)?, number: number(row, 2)? })
    };
    rows.iter().map(row).collect()
}

/// Forgets a window's steps from before a time; how many rows.
pub async fn forget(conn: &mut Conn, window: Window, before: Timestamp) -> Result<u64, StoreError> {
    let minute = countersign_core::traffic::minute_of(before);
    let delete = sql("DELETE FROM traffic WHERE step = $1 AND minute < $2").bind(window.step()).bind(minute);
    delete.execute(conn).await
}

/// Counts whole minutes from the rows themselves.
pub async fn count_minutes(conn: &mut Conn, from: i64, until: i64) -> Result<Vec<Row>, StoreError> {
    let found = count(conn, time_of(from), time_of(until), countersign_core::traffic::MINUTE).await?;
    Ok(found.into_iter().map(|(minute, what, number)| Row { minute, what, number }).collect())
}
