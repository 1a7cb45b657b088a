//! The message register: messages newest first, by whom they went to and what became of them. Nothing here reads more of
//! the table than `LOOK` rows, however many there are.

use super::db::{Arg, Conn, StoreError, sql};
use super::messages::{MESSAGE, Message, State, message};
use countersign_core::ids::{AccountId, MessageId};

/// Rows that one call looks through for those that fit.
pub const LOOK: i64 = 10_000;

/// Whose messages.
#[derive(Debug, Clone, Copy)]
pub enum Of<'a> {
    /// Everybody's.
    Everybody,
    /// An account's.
    Account(&'a AccountId),
    /// Those whose recipient looks like this.
    Masked(&'a str),
    /// Of those, the ones to this address; in lower case.
    Address(&'a str, &'a str),
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// Whose.
    pub of: Of<'a>,
    /// Only in this state.
    pub state: Option<State>,
    /// Only older than this one.
    pub before: Option<&'a MessageId>,
    /// At most so many.
    pub limit: i64,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The newest first.
    pub messages: Vec<Message>,
    /// The oldest message that was looked at, where there may be more.
    pub looked_to: Option<MessageId>,
}

/// A condition and its values.
struct Where {
    text: String,
    args: Vec<Arg>,
}

impl Where {
    fn and(&mut self, condition: &str, value: impl Into<Arg>) {
        self.args.push(value.into());
        let join = if self.text.is_empty() { " WHERE " } else { " AND " };
        self.text.push_str(join);
        self.text.push_str(&condition.replace('?', &format!("${}", self.args.len())));
    }
}

impl Search<'_> {
    /// What an index finds.
    fn base(&self) -> Where {
        let mut base = Where { text: String::new(), args: Vec::new() };
        match self.of {
            Of::Everybody => {}
            Of::Account(account) => base.and("account_id = ?", account.as_str()),
            Of::Masked(masked) | Of::Address(masked, _) => base.and("to_masked = ?", masked),
        }
        if let Some(state) = self.state.filter(|_| self.state_is_indexed()) {
            // In the words of the index `messages_trouble`, or it is not used.
            base.and("state IN ('failed', 'unknown') AND state = ?", state.as_str());
        }
        if let Some(before) = self.before {
            base.and("id < ?", before.as_str());
        }
        base
    }

    /// Trouble is rare, and is found by an index of its own.
    const fn state_is_indexed(&self) -> bool {
        matches!((self.of, self.state), (Of::Everybody, Some(State::Failed | State::Unknown)))
    }

    /// Whether each row must be looked at to know whether it fits.
    const fn looks(&self) -> bool {
        (self.state.is_some() && !self.state_is_indexed()) || matches!(self.of, Of::Address(..))
    }
}

/// The statement of a page, from `bound` on; one row more than is shown tells whether there is more.
pub fn statement(search: &Search<'_>, bound: Option<&MessageId>) -> (String, Vec<Arg>) {
    let mut wanted = search.base();
    if let Some(bound) = bound {
        wanted.and("id >= ?", bound.as_str());
    }
    if let Some(state) = search.state.filter(|_| !search.state_is_indexed()) {
        // Joined to nothing: else SQLite takes the index over states, which has ten million sent ones, and sorts them.
        wanted.and("(state || '') = ?", state.as_str());
    }
    if let Of::Address(_, address) = search.of {
        wanted.and("lower(to_address) = ?", address);
    }
    let count = wanted.args.len() + 1;
    wanted.args.push((search.limit + 1).into());
    (format!("{MESSAGE}{} ORDER BY id DESC LIMIT ${count}", wanted.text), wanted.args)
}

/// The statement for the last of the next `LOOK` rows. The index alone answers it; the offset is of fixed length.
pub fn bound_statement(search: &Search<'_>) -> (String, Vec<Arg>) {
    let mut base = search.base();
    let count = base.args.len() + 1;
    base.args.push((LOOK - 1).into());
    (format!("SELECT id FROM messages{} ORDER BY id DESC LIMIT 1 OFFSET ${count}", base.text), base.args)
}

/// One page of what fits, the newest first.
pub async fn search(conn: &mut Conn, search: &Search<'_>) -> Result<Found, StoreError> {
    let bound = if search.looks() { last_looked_at(conn, search).await? } else { None };
    let (text, args) = statement(search, bound.as_ref());
    let rows = sql(text).bind_all(args).fetch_all(conn).await?;
    let mut messages: Vec<Message> = rows.iter().map(message).collect::<Result<_, _>>()?;
    if messages.len() as i64 > search.limit {
        messages.pop();
        let looked_to = messages.last().map(|m| m.id.clone());
        return Ok(Found { messages, looked_to });
    }
    Ok(Found { messages, looked_to: bound })
}

/// `None` where there are not so many.
async fn last_looked_at(conn: &mut Conn, search: &Search<'_>) -> Result<Option<MessageId>, StoreError> {
    let (text, args) = bound_statement(search);
    let row = sql(text).bind_all(args).fetch_optional(conn).await?;
    row.map(|r| r.parsed(0, "messages.id", |t| MessageId::parse(t).ok())).transpose()
}

/// What the console shows of a message beyond what everybody needs.
#[derive(Debug, Clone)]
pub struct More {
    /// The mail server's last reply, as codes.
    pub last_error: Option<String>,
    /// When it is tried again, where it waits.
    pub next_at: countersign_core::time::Timestamp,
}

/// One message by its id.
pub async fn by_id(conn: &mut Conn, id: &MessageId) -> Result<Option<Message>, StoreError> {
    let row = sql(format!("{MESSAGE} WHERE id = $1")).bind(id.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(message).transpose()
}

/// The rest of a message.
pub async fn more(conn: &mut Conn, id: &MessageId) -> Result<Option<More>, StoreError> {
    let row =
        sql("SELECT last_error, next_at FROM messages WHERE id = $1").bind(id.as_str()).fetch_optional(conn).await?;
    row.map(|row| Ok(More { last_error: row.opt_text(0)?, next_at: row.time(1)? })).transpose()
}
