//! A thin layer over sqlx: one SQL text, `$1` placeholders, integers, texts and bytes, on both databases.

use sqlx::pool::PoolConnection;
use sqlx::{Column, Postgres, Row as _, Sqlite, SqliteConnection};
use sqlx::{postgres::PgRow, sqlite::SqliteRow};
use std::borrow::Cow;

/// A connection, inside or outside a transaction.
pub enum Conn {
    /// A SQLite connection of its own, outside the shared transactions.
    Sqlite(Box<SqliteConnection>),
    /// SQLite's one writer, in a transaction that several works share.
    Writer(Box<WriterConn>),
    /// A read-only SQLite connection.
    SqliteReader(PoolConnection<Sqlite>),
    /// PostgreSQL.
    Postgres(PoolConnection<Postgres>),
}

/// The connection of SQLite's one writer.
pub struct WriterConn {
    conn: SqliteConnection,
    scope: Scope,
    /// Entries of the works so far; they are written together at the end of the transaction.
    pub(super) entries: Vec<super::evidence::Draft>,
}

/// Whose statements run on the writer's connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// The writer's own.
    Own,
    /// A work's that has run none yet; its savepoint is made with the first, so that a work which only appends
    /// entries costs no statement at all.
    Untouched,
    /// A work's, within its savepoint.
    InSavepoint,
}

impl WriterConn {
    /// Wraps the connection.
    pub(super) const fn new(conn: SqliteConnection) -> Self {
        Self { conn, scope: Scope::Own, entries: Vec::new() }
    }

    /// From now on statements are those of a work.
    pub(super) const fn enter(&mut self) {
        self.scope = Scope::Untouched;
    }

    /// From now on statements are the writer's own again; whether the work had a savepoint.
    pub(super) fn leave(&mut self) -> bool {
        std::mem::replace(&mut self.scope, Scope::Own) == Scope::InSavepoint
    }

    /// Whether a work is running.
    pub(super) fn in_work(&self) -> bool {
        self.scope != Scope::Own
    }
}

impl std::fmt::Debug for Conn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_postgres() { "Conn(postgresql)" } else { "Conn(sqlite)" })
    }
}

impl Conn {
    /// Whether this is PostgreSQL, for the few statements (row locks, DDL) on which the two differ.
    pub const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Gives a work its savepoint before its first statement.
    async fn prepare(&mut self) -> Result<(), StoreError> {
        if let Self::Writer(writer) = self
            && writer.scope == Scope::Untouched
        {
            sqlx::query("SAVEPOINT work").execute(&mut writer.conn).await?;
            writer.scope = Scope::InSavepoint;
        }
        Ok(())
    }

    /// ` FOR UPDATE` where rows must be locked; SQLite's single writer needs none.
    pub const fn for_update(&self) -> &'static str {
        if self.is_postgres() { " FOR UPDATE" } else { "" }
    }
}

/// What can go wrong in the store. Internal: visitors never see its text.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no, or is away.
    #[error("database: {0}")]
    Sql(#[from] sqlx::Error),
    /// The schema is newer than this program.
    #[error("the database has schema version {found}, this program knows {known}: run a newer countersign")]
    Newer {
        /// In the database.
        found: i64,
        /// In this program.
        known: i64,
    },
    /// The database's own check failed, or an applied migration is not the one that this program carries.
    #[error("the database is damaged or was changed by hand: {0}; restore it from a backup")]
    Damaged(String),
    /// A stored value that this version does not know.
    #[error("unknown value in column {column}: {value:?}")]
    UnknownValue {
        /// Which column.
        column: &'static str,
        /// What was there.
        value: String,
    },
    /// The work itself panicked; it was rolled back.
    #[error("a transaction panicked and was rolled back")]
    Panicked,
    /// The writer is gone, because the server is stopping or the disk failed.
    #[error("the database writer has stopped")]
    Stopped,
}

impl StoreError {
    /// Whether the database answered, and what it holds is not what it should.
    pub const fn is_about_content(&self) -> bool {
        let decoding = matches!(self, Self::Sql(sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)));
        decoding || matches!(self, Self::UnknownValue { .. } | Self::Damaged(_))
    }
}

/// One bound value.
#[derive(Debug, Clone)]
pub enum Arg {
    /// An integer or NULL.
    Int(Option<i64>),
    /// A text or NULL.
    Text(Option<String>),
    /// Bytes or NULL.
    Bytes(Option<Vec<u8>>),
}

impl From<i64> for Arg {
    fn from(v: i64) -> Self {
        Self::Int(Some(v))
    }
}
impl From<bool> for Arg {
    fn from(v: bool) -> Self {
        Self::Int(Some(i64::from(v)))
    }
}
impl From<Option<i64>> for Arg {
    fn from(v: Option<i64>) -> Self {
        Self::Int(v)
    }
}
impl From<countersign_core::time::Timestamp> for Arg {
    fn from(v: countersign_core::time::Timestamp) -> Self {
        Self::Int(Some(v.micros()))
    }
}
impl From<Option<countersign_core::time::Timestamp>> for Arg {
    fn from(v: Option<countersign_core::time::Timestamp>) -> Self {
        Self::Int(v.map(countersign_core::time::Timestamp::micros))
    }
}
impl From<&str> for Arg {
    fn from(v: &str) -> Self {
        Self::Text(Some(v.to_owned()))
    }
}
impl From<&String> for Arg {
    fn from(v: &String) -> Self {
        Self::Text(Some(v.clone()))
    }
}
impl From<String> for Arg {
    fn from(v: String) -> Self {
        Self::Text(Some(v))
    }
}
impl From<Option<String>> for Arg {
    fn from(v: Option<String>) -> Self {
        Self::Text(v)
    }
}
impl From<Option<&str>> for Arg {
    fn from(v: Option<&str>) -> Self {
        Self::Text(v.map(str::to_owned))
    }
}
impl From<&countersign_core::secret::Digest> for Arg {
    fn from(v: &countersign_core::secret::Digest) -> Self {
        Self::Bytes(Some(v.bytes().to_vec()))
    }
}
impl From<Option<&countersign_core::secret::Digest>> for Arg {
    fn from(v: Option<&countersign_core::secret::Digest>) -> Self {
        Self::Bytes(v.map(|d| d.bytes().to_vec()))
    }
}
impl From<&[u8]> for Arg {
    fn from(v: &[u8]) -> Self {
        Self::Bytes(Some(v.to_vec()))
    }
}
impl From<Vec<u8>> for Arg {
    fn from(v: Vec<u8>) -> Self {
        Self::Bytes(Some(v))
    }
}
impl From<Option<Vec<u8>>> for Arg {
    fn from(v: Option<Vec<u8>>) -> Self {
        Self::Bytes(v)
    }
}

/// A statement and its values.
#[derive(Debug)]
pub struct Statement {
    text: Cow<'static, str>,
    args: Vec<Arg>,
}

/// Starts a statement. The text comes from this program; values go through `bind`.
pub fn sql(text: impl Into<Cow<'static, str>>) -> Statement {
    Statement { text: text.into(), args: Vec::new() }
}

/// `($1, $2), ($3, $4) …` for an insert of `rows` rows of `columns` values.
///
/// On SQLite the placeholders have no numbers: it keeps a numbered or named one in a list that is searched from the start
/// for each, so that a statement of thousands would take time in proportion to their square.
pub fn placeholders(conn: &Conn, rows: usize, columns: usize) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        out.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            out.push_str(if column == 0 { "" } else { ", " });
            // Writing to a String cannot fail.
            let _ = if conn.is_postgres() { write!(out, "${}", row * columns + column + 1) } else { write!(out, "?") };
        }
        out.push(')');
    }
    out
}

macro_rules! with_query {
    ($self:ident, $conn:ident, |$query:ident, $raw:ident| $run:expr, $wrap_sqlite:expr, $wrap_pg:expr) => {
        match $conn {
            Conn::Sqlite(c) => {
                let $raw = &mut **c;
                let $query = bind_all(sqlx::query::<Sqlite>(sqlx::AssertSqlSafe($self.text)), $self.args);
                $run.await.map($wrap_sqlite)
            }
            Conn::Writer(c) => {
                let $raw = &mut c.conn;
                let $query = bind_all(sqlx::query::<Sqlite>(sqlx::AssertSqlSafe($self.text)), $self.args);
                $run.await.map($wrap_sqlite)
            }
            Conn::SqliteReader(c) => {
                let $raw = &mut **c;
                let $query = bind_all(sqlx::query::<Sqlite>(sqlx::AssertSqlSafe($self.text)), $self.args);
                $run.await.map($wrap_sqlite)
            }
            Conn::Postgres(c) => {
                let $raw = &mut **c;
                let $query = bind_all_pg(sqlx::query::<Postgres>(sqlx::AssertSqlSafe($self.text)), $self.args);
                $run.await.map($wrap_pg)
            }
        }
    };
}

impl Statement {
    /// Binds the next placeholder.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Arg>) -> Self {
        self.args.push(value.into());
        self
    }

    /// Binds the next placeholders.
    #[must_use]
    pub fn bind_all(mut self, values: impl IntoIterator<Item = Arg>) -> Self {
        self.args.extend(values);
        self
    }

    /// Runs it; the number of rows that changed.
    pub async fn execute(self, conn: &mut Conn) -> Result<u64, StoreError> {
        conn.prepare().await?;
        let done = with_query!(self, conn, |q, c| q.execute(c), |r| r.rows_affected(), |r| r.rows_affected());
        Ok(done?)
    }

    /// Runs an insert; the number of the last row on SQLite, whose rows of one statement have consecutive numbers, and 0 on
    /// PostgreSQL.
    pub async fn insert(self, conn: &mut Conn) -> Result<i64, StoreError> {
        conn.prepare().await?;
        Ok(with_query!(self, conn, |q, c| q.execute(c), |r| r.last_insert_rowid(), |_| 0)?)
    }

    /// All rows.
    pub async fn fetch_all(self, conn: &mut Conn) -> Result<Vec<Row>, StoreError> {
        conn.prepare().await?;
        let rows = with_query!(
            self,
            conn,
            |q, c| q.fetch_all(c),
            |rows: Vec<SqliteRow>| rows.into_iter().map(Row::Sqlite).collect(),
            |rows: Vec<PgRow>| rows.into_iter().map(Row::Postgres).collect()
        );
        Ok(rows?)
    }

    /// The first row, if there is one.
    pub async fn fetch_optional(self, conn: &mut Conn) -> Result<Option<Row>, StoreError> {
        conn.prepare().await?;
        let row = with_query!(
            self,
            conn,
            |q, c| q.fetch_optional(c),
            |r: Option<SqliteRow>| r.map(Row::Sqlite),
            |r: Option<PgRow>| r.map(Row::Postgres)
        );
        Ok(row?)
    }

    /// The first row; an error where there is none.
    pub async fn fetch_one(self, conn: &mut Conn) -> Result<Row, StoreError> {
        self.fetch_optional(conn).await?.ok_or(StoreError::Sql(sqlx::Error::RowNotFound))
    }
}

type SqliteQuery<'q> = sqlx::query::Query<'q, Sqlite, <Sqlite as sqlx::Database>::Arguments>;
type PgQuery<'q> = sqlx::query::Query<'q, Postgres, <Postgres as sqlx::Database>::Arguments>;

fn bind_all<'q>(query: SqliteQuery<'q>, args: Vec<Arg>) -> SqliteQuery<'q> {
    args.into_iter().fold(query, |q, arg| match arg {
        Arg::Int(v) => q.bind(v),
        Arg::Text(v) => q.bind(v),
        Arg::Bytes(v) => q.bind(v),
    })
}

fn bind_all_pg<'q>(query: PgQuery<'q>, args: Vec<Arg>) -> PgQuery<'q> {
    args.into_iter().fold(query, |q, arg| match arg {
        Arg::Int(v) => q.bind(v),
        Arg::Text(v) => q.bind(v),
        Arg::Bytes(v) => q.bind(v),
    })
}

/// A row of either database.
#[derive(Debug)]
pub enum Row {
    /// SQLite's.
    Sqlite(SqliteRow),
    /// PostgreSQL's.
    Postgres(PgRow),
}

macro_rules! getter {
    ($(#[$doc:meta])* $name:ident -> $type:ty) => {
        $(#[$doc])*
        pub fn $name(&self, index: usize) -> Result<$type, StoreError> {
            Ok(match self {
                Self::Sqlite(row) => row.try_get(index)?,
                Self::Postgres(row) => row.try_get(index)?,
            })
        }
    };
}

impl Row {
    getter!(/// An integer.
        int -> i64);
    getter!(/// An integer or NULL.
        opt_int -> Option<i64>);
    getter!(/// A text.
        text -> String);
    getter!(/// A text or NULL.
        opt_text -> Option<String>);
    getter!(/// Bytes.
        bytes -> Vec<u8>);
    getter!(/// Bytes or NULL.
        opt_bytes -> Option<Vec<u8>>);

    /// A point in time.
    pub fn time(&self, index: usize) -> Result<countersign_core::time::Timestamp, StoreError> {
        self.int(index).map(countersign_core::time::Timestamp::from_micros)
    }

    /// A point in time or NULL.
    pub fn opt_time(&self, index: usize) -> Result<Option<countersign_core::time::Timestamp>, StoreError> {
        Ok(self.opt_int(index)?.map(countersign_core::time::Timestamp::from_micros))
    }

    /// A 32-byte hash.
    pub fn digest(&self, index: usize) -> Result<countersign_core::secret::Digest, StoreError> {
        let bytes = self.bytes(index)?;
        countersign_core::secret::Digest::from_slice(&bytes).ok_or_else(|| self.unknown(index, "not 32 bytes"))
    }

    fn unknown(&self, index: usize, what: &str) -> StoreError {
        let column = match self {
            Self::Sqlite(row) => row.column(index).name().to_owned(),
            Self::Postgres(row) => row.column(index).name().to_owned(),
        };
        StoreError::Damaged(format!("column {column}: {what}"))
    }

    /// A text that `parse` must know; an unknown value is an error, never something harmless.
    pub fn parsed<T>(
        &self,
        index: usize,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        let value = self.text(index)?;
        parse(&value).ok_or(StoreError::UnknownValue { column, value })
    }
}
