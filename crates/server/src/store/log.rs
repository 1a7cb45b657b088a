//! The evidence log's tiles, head, keys and time stamps.

use super::db::{Arg, Conn, Row, StoreError, placeholders, sql};
use countersign_core::ids::AccountId;
use countersign_core::time::Timestamp;
use countersign_evidence::tree::Head;
use countersign_evidence::{Commitment, Hash};

/// Rows of tiles in one statement; 8 KiB each.
const TILES_AT_ONCE: usize = 32;

/// The column that numbers entries from 1 (migrations/0003_log.sql).
pub(super) const fn number(conn: &Conn) -> &'static str {
    if conn.is_postgres() { "num" } else { "seq" }
}

/// A key that signs or signed checkpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    /// From 0; the last one signs.
    pub position: i64,
    /// `name+hash+key`.
    pub vkey: String,
    /// It signs checkpoints from this size on.
    pub from_size: u64,
    /// The note by which the key before it handed over; `None` for the first.
    pub rotation: Option<String>,
}

/// The one row of the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHead {
    /// Size and root of the newest checkpoint.
    pub head: Head,
    /// The newest checkpoint, signed.
    pub note: String,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// The size of the checkpoint that is served.
    pub published_size: u64,
    /// The checkpoint that is served, with its cosignatures.
    pub published: String,
    /// When it was published.
    pub published_at: Timestamp,
    /// Whether the policy's quorum has cosigned it.
    pub witnessed: bool,
}

/// A time stamp over a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStamp {
    /// The checkpoint's size.
    pub size: u64,
    /// The checkpoint, signed: what was stamped, byte for byte.
    pub checkpoint: String,
    /// The authority's whole reply.
    pub token: Vec<u8>,
    /// The authority's time.
    pub stamped_at: Timestamp,
    /// The authority's URL.
    pub authority: String,
}

/// A tile as it is stored: up to 256 hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileRow {
    /// Its level.
    pub level: u8,
    /// Which tile of its level.
    pub index: u64,
    /// Its hashes, one after the other.
    pub hashes: Vec<u8>,
}

fn unsigned(row: &Row, index: usize, column: &'static str) -> Result<u64, StoreError> {
    let value = row.int(index)?;
    u64::try_from(value).map_err(|_| StoreError::UnknownValue { column, value: value.to_string() })
}

fn signed(value: u64) -> i64 {
    // A database counts rows in an i64; more of them do not exist.
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The keys, the first one first.
pub async fn keys(conn: &mut Conn) -> Result<Vec<LogKey>, StoreError> {
    let rows =
        sql("SELECT position, vkey, from_size, rotation FROM log_keys ORDER BY position").fetch_all(conn).await?;
    let key = |row: &Row| {
        let from_size = unsigned(row, 2, "log_keys.from_size")?;
        Ok(LogKey { position: row.int(0)?, vkey: row.text(1)?, from_size, rotation: row.opt_text(3)? })
    };
    rows.iter().map(key).collect()
}

/// The key that signs now; `None` where no log was begun.
pub async fn last_vkey(conn: &mut Conn) -> Result<Option<String>, StoreError> {
    let row = sql("SELECT vkey FROM log_keys ORDER BY position DESC LIMIT 1").fetch_optional(conn).await?;
    row.map(|r| r.text(0)).transpose()
}

/// Adds a key; `false` where its position is taken, by another node that was first.
pub async fn add_key(conn: &mut Conn, key: &LogKey) -> Result<bool, StoreError> {
    let text = "INSERT INTO log_keys (position, vkey, from_size, rotation) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (position) DO NOTHING";
    let insert = sql(text).bind(key.position).bind(&key.vkey).bind(signed(key.from_size));
    Ok(insert.bind(key.rotation.clone()).execute(conn).await? == 1)
}

const HEAD: &str =
    "SELECT size, root, note, signed_at, published_size, published, published_at, witnessed FROM log_head";

fn head_row(row: &Row) -> Result<LogHead, StoreError> {
    let root = Hash::new(*row.digest(1)?.bytes());
    let witnessed = match row.int(7)? {
        0 => false,
        1 => true,
        other => return Err(StoreError::UnknownValue { column: "log_head.witnessed", value: other.to_string() }),
    };
    Ok(LogHead {
        head: Head { size: unsigned(row, 0, "log_head.size")?, root },
        note: row.text(2)?,
        signed_at: row.time(3)?,
        published_size: unsigned(row, 4, "log_head.published_size")?,
        published: row.text(5)?,
        published_at: row.time(6)?,
        witnessed,
    })
}

/// The head; `None` where no log was begun.
pub async fn head(conn: &mut Conn) -> Result<Option<LogHead>, StoreError> {
    let row = sql(HEAD).fetch_optional(conn).await?;
    row.as_ref().map(head_row).transpose()
}

/// The head, locked for this transaction.
pub async fn head_locked(conn: &mut Conn) -> Result<Option<LogHead>, StoreError> {
    let row = sql(format!("{HEAD}{}", conn.for_update())).fetch_optional(conn).await?;
    row.as_ref().map(head_row).transpose()
}

/// Begins a log: its first head. `false` where there is one.
pub async fn create_head(conn: &mut Conn, h: &LogHead) -> Result<bool, StoreError> {
    let text = "INSERT INTO log_head (one, size, root, note, signed_at, published_size, published, published_at, \
                witnessed) VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (one) DO NOTHING";
    let insert = sql(text).bind(signed(h.head.size)).bind(h.head.root.bytes().as_slice()).bind(&h.note);
    let insert = insert.bind(h.signed_at).bind(signed(h.published_size)).bind(&h.published);
    Ok(insert.bind(h.published_at).bind(h.witnessed).execute(conn).await? == 1)
}

/// Moves the head from `old` to a newly signed checkpoint, if it still stands at `old` (compare and swap).
pub async fn advance(conn: &mut Conn, old: &Head, new: &Head, note: &str, at: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE log_head SET size = $3, root = $4, note = $5, signed_at = $6 \
                WHERE one = 1 AND size = $1 AND root = $2";
    let update = sql(text).bind(signed(old.size)).bind(old.root.bytes().as_slice());
    let update = update.bind(signed(new.size)).bind(new.root.bytes().as_slice()).bind(note).bind(at);
    Ok(update.execute(conn).await? == 1)
}

/// Makes `note` over `size` entries what is served. `false` where something newer is served already: what was shown once
/// never shrinks.
pub async fn publish(
    conn: &mut Conn,
    size: u64,
    note: &str,
    witnessed: bool,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let text = "UPDATE log_head SET published_size = $1, published = $2, witnessed = $3, published_at = $4 \
                WHERE one = 1 AND published_size <= $1 AND size >= $1 \
                AND (published_size < $1 OR witnessed <= $3)";
    let update = sql(text).bind(signed(size)).bind(note).bind(witnessed).bind(at);
    Ok(update.execute(conn).await? == 1)
}

/// Writes tiles, in the place of what they held before.
pub async fn put_tiles(conn: &mut Conn, tiles: Vec<TileRow>) -> Result<(), StoreError> {
    let mut tiles = tiles.into_iter().peekable();
    while tiles.peek().is_some() {
        let rows: Vec<TileRow> = tiles.by_ref().take(TILES_AT_ONCE).collect();
        let values = placeholders(conn, rows.len(), 3);
        let text = format!(
            "INSERT INTO log_tiles (level, idx, hashes) VALUES {values} \
             ON CONFLICT (level, idx) DO UPDATE SET hashes = excluded.hashes"
        );
        let args = rows.into_iter().flat_map(|t| [i64::from(t.level).into(), signed(t.index).into(), t.hashes.into()]);
        sql(text).bind_all(args.collect::<Vec<Arg>>()).execute(conn).await?;
    }
    Ok(())
}

/// The hashes of a tile, all that it holds by now.
pub async fn tile(conn: &mut Conn, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let text = "SELECT hashes FROM log_tiles WHERE level = $1 AND idx = $2";
    let row = sql(text).bind(i64::from(level)).bind(signed(index)).fetch_optional(conn).await?;
    row.map(|r| r.bytes(0)).transpose()
}

/// How many tiles there are.
pub async fn count_tiles(conn: &mut Conn) -> Result<i64, StoreError> {
    sql("SELECT count(*) FROM log_tiles").fetch_one(conn).await?.int(0)
}

/// The commitments of up to `limit` entries after number `after`, with their numbers, in order.
pub async fn commitments(conn: &mut Conn, after: u64, limit: i64) -> Result<Vec<(u64, Commitment)>, StoreError> {
    let n = number(conn);
    let text = format!("SELECT {n}, commitment FROM evidence WHERE {n} > $1 ORDER BY {n} LIMIT $2");
    let rows = sql(text).bind(signed(after)).bind(limit).fetch_all(conn).await?;
    rows.iter().map(numbered).collect()
}

fn numbered(row: &Row) -> Result<(u64, Commitment), StoreError> {
    Ok((unsigned(row, 0, "evidence.num")?, Commitment::from_bytes(*row.digest(1)?.bytes())))
}

/// Numbers up to `limit` committed entries that have no number yet, following `last`, and gives them back in order. On
/// SQLite they have their number, and this is [`commitments`]. Call it with the head locked.
pub async fn number_new(conn: &mut Conn, last: u64, limit: i64) -> Result<Vec<(u64, Commitment)>, StoreError> {
    if !conn.is_postgres() {
        return commitments(conn, last, limit).await;
    }
    let text = "UPDATE evidence AS e SET num = $1 + n.position FROM \
                (SELECT seq, row_number() OVER (ORDER BY seq) AS position FROM \
                 (SELECT seq FROM evidence WHERE num IS NULL ORDER BY seq LIMIT $2) AS open) AS n \
                WHERE e.seq = n.seq RETURNING e.num, e.commitment";
    let rows = sql(text).bind(signed(last)).bind(limit).fetch_all(conn).await?;
    let mut found: Vec<(u64, Commitment)> = rows.iter().map(numbered).collect::<Result<_, _>>()?;
    found.sort_by_key(|(number, _)| *number);
    Ok(found)
}

/// The highest number that an entry has; 0 where none has one.
pub async fn highest(conn: &mut Conn) -> Result<u64, StoreError> {
    let n = number(conn);
    let row = sql(format!("SELECT coalesce(max({n}), 0) FROM evidence")).fetch_one(conn).await?;
    unsigned(&row, 0, "evidence.num")
}

/// The number of an entry: `None` where there is no such entry, `Some(None)` where it has no number yet.
pub async fn number_of(conn: &mut Conn, id: &str) -> Result<Option<Option<u64>>, StoreError> {
    let text = format!("SELECT {} FROM evidence WHERE id = $1", number(conn));
    let Some(row) = sql(text).bind(id).fetch_optional(conn).await? else { return Ok(None) };
    optional(&row).map(Some)
}

/// An entry with everything that its row holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Its number in the log, from 1; its index there is one less.
    pub number: u64,
    /// Its id.
    pub id: String,
    /// When it was written.
    pub at: Timestamp,
    /// What kind of thing happened.
    pub kind: String,
    /// The account that it is about.
    pub subject: Option<String>,
    /// Canonical JSON; `None` once erased.
    pub payload: Option<Vec<u8>>,
    /// `None` once erased.
    pub salt: Option<Vec<u8>>,
    /// What the log holds.
    pub commitment: Commitment,
}

pub(super) fn entry(row: &Row) -> Result<EntryRow, StoreError> {
    Ok(EntryRow {
        number: unsigned(row, 0, "evidence.num")?,
        id: row.text(1)?,
        at: row.time(2)?,
        kind: row.text(3)?,
        subject: row.opt_text(4)?,
        payload: row.opt_bytes(5)?,
        salt: row.opt_bytes(6)?,
        commitment: Commitment::from_bytes(*row.digest(7)?.bytes()),
    })
}

/// Up to `limit` entries after number `after`, in order.
pub async fn entries(conn: &mut Conn, after: u64, limit: i64) -> Result<Vec<EntryRow>, StoreError> {
    let n = number(conn);
    let text = format!(
        "SELECT {n}, id, at, kind, subject, payload, salt, commitment FROM evidence WHERE {n} > $1 ORDER BY {n} LIMIT $2"
    );
    let rows = sql(text).bind(signed(after)).bind(limit).fetch_all(conn).await?;
    rows.iter().map(entry).collect()
}

/// The first of the first `size` entries that was written at `at` or later; one whose content was erased has no time.
pub async fn first_since(conn: &mut Conn, at: Timestamp, size: u64) -> Result<Option<u64>, StoreError> {
    let n = number(conn);
    let text = format!("SELECT min({n}) FROM evidence WHERE at >= $1 AND {n} <= $2 AND payload IS NOT NULL");
    optional(&sql(text).bind(at).bind(signed(size)).fetch_one(conn).await?)
}

/// The last of the first `size` entries that was written at `at` or earlier.
pub async fn last_until(conn: &mut Conn, at: Timestamp, size: u64) -> Result<Option<u64>, StoreError> {
    let n = number(conn);
    let text = format!("SELECT max({n}) FROM evidence WHERE at <= $1 AND {n} <= $2 AND payload IS NOT NULL");
    optional(&sql(text).bind(at).bind(signed(size)).fetch_one(conn).await?)
}

fn optional(row: &Row) -> Result<Option<u64>, StoreError> {
    Ok(match row.opt_int(0)? {
        Some(_) => Some(unsigned(row, 0, "evidence.num")?),
        None => None,
    })
}

/// The payloads of the first `size` entries that are of a kind, with their numbers.
pub async fn of_kind(conn: &mut Conn, kind: &str, size: u64) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let n = number(conn);
    let text =
        format!("SELECT {n}, payload FROM evidence WHERE kind = $1 AND {n} <= $2 AND payload IS NOT NULL ORDER BY {n}");
    let rows = sql(text).bind(kind).bind(signed(size)).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((unsigned(row, 0, "evidence.num")?, row.bytes(1)?))).collect()
}

/// Which entries are listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Only of this kind.
    pub kind: Option<&'a str>,
    /// Only about this account.
    pub account: Option<&'a AccountId>,
}

/// Up to `limit` entries after number `after`, up to and with `until`, in order.
pub async fn list(
    conn: &mut Conn,
    after: u64,
    until: u64,
    limit: i64,
    filter: &Filter<'_>,
) -> Result<Vec<EntryRow>, StoreError> {
    let n = number(conn);
    let wanted = [("kind", filter.kind), ("subject", filter.account.map(AccountId::as_str))];
    let wanted: Vec<(&str, &str)> = wanted.into_iter().filter_map(|(column, value)| Some((column, value?))).collect();
    let conditions: String =
        wanted.iter().enumerate().map(|(at, (column, _))| format!(" AND {column} = ${}", at + 4)).collect();
    let text = format!(
        "SELECT {n}, id, at, kind, subject, payload, salt, commitment FROM evidence \
         WHERE {n} > $1 AND {n} <= $2{conditions} ORDER BY {n} LIMIT $3"
    );
    let select = sql(text).bind(signed(after)).bind(signed(until)).bind(limit);
    let rows = select.bind_all(wanted.into_iter().map(|(_, value)| value.into())).fetch_all(conn).await?;
    rows.iter().map(entry).collect()
}

/// One entry by its id, if it has a number.
pub async fn entry_by_id(conn: &mut Conn, id: &str) -> Result<Option<EntryRow>, StoreError> {
    let n = number(conn);
    let text = format!(
        "SELECT {n}, id, at, kind, subject, payload, salt, commitment FROM evidence WHERE id = $1 AND {n} IS NOT NULL"
    );
    let row = sql(text).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(entry).transpose()
}

/// Adds a time stamp; the first one for a size stays.
pub async fn add_stamp(conn: &mut Conn, stamp: &LogStamp) -> Result<bool, StoreError> {
    let text = "INSERT INTO log_stamps (size, checkpoint, token, stamped_at, authority) VALUES ($1, $2, $3, $4, $5) \
                ON CONFLICT (size) DO NOTHING";
    let insert = sql(text).bind(signed(stamp.size)).bind(&stamp.checkpoint).bind(stamp.token.clone());
    Ok(insert.bind(stamp.stamped_at).bind(&stamp.authority).execute(conn).await? == 1)
}

/// Every time stamp, the oldest first.
pub async fn stamps(conn: &mut Conn) -> Result<Vec<LogStamp>, StoreError> {
    let text = "SELECT size, checkpoint, token, stamped_at, authority FROM log_stamps ORDER BY size";
    let rows = sql(text).fetch_all(conn).await?;
    let stamp = |row: &Row| {
        Ok(LogStamp {
            size: unsigned(row, 0, "log_stamps.size")?,
            checkpoint: row.text(1)?,
            token: row.bytes(2)?,
            stamped_at: row.time(3)?,
            authority: row.text(4)?,
        })
    };
    rows.iter().map(stamp).collect()
}

/// The size and the time of the last time stamp.
pub async fn last_stamp(conn: &mut Conn) -> Result<Option<(u64, Timestamp)>, StoreError> {
    let text = "SELECT size, stamped_at FROM log_stamps ORDER BY size DESC LIMIT 1";
    let row = sql(text).fetch_optional(conn).await?;
    row.map(|row| Ok((unsigned(&row, 0, "log_stamps.size")?, row.time(1)?))).transpose()
}
