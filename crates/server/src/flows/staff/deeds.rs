//! What staff did, newest first: read from the evidence, told in words.

use crate::app::App;
use crate::flows::Result;
use crate::store::log::EntryRow;
use crate::store::{Conn, api_keys, browse, profile, staff};
use countersign_core::ids::{AccountId, StaffId};
use countersign_core::staff::deed::{self, Deed, Who, Whom};
use countersign_core::time::Timestamp;
use countersign_evidence::content::Content;
use std::collections::HashMap;

/// Deeds on one page.
pub const PAGE: usize = 50;
/// Entries that are read at once.
const CHUNK: i64 = 200;
/// Entries that are looked through for one page of one person's.
const LOOK: usize = 5000;

/// Something that somebody did.
#[derive(Debug, Clone)]
pub struct Done {
    /// The entry's number.
    pub number: u64,
    /// The entry's id.
    pub entry: String,
    /// When.
    pub at: Timestamp,
    /// What, in words.
    pub deed: Deed,
    /// Until when, of a hold.
    pub until: Option<Timestamp>,
    /// The account that it is about.
    pub account: Option<AccountId>,
}

/// One page.
#[derive(Debug, Clone)]
pub struct Page {
    /// The newest first.
    pub done: Vec<Done>,
    /// `before` of the next page, if there may be one.
    pub next: Option<u64>,
    /// Since when entries were looked through, where the page is not full although there are more.
    pub looked_back_to: Option<Timestamp>,
    /// What people and keys are called, by id.
    pub names: HashMap<String, String>,
}

/// One page of what staff did, or one of them.
///
/// # Errors
/// 503.
pub async fn page(app: &App, before: Option<u64>, who: Option<&StaffId>) -> Result<Page> {
    let mut conn = app.store.read().await?;
    let mut page = Page { done: vec![], next: None, looked_back_to: None, names: names(&mut conn).await? };
    let (mut before, mut looked) = (before.unwrap_or(u64::MAX), 0);
    loop {
        let rows = browse::of_staff(&mut conn, before, CHUNK).await?;
        let last = (rows.len() as i64) < CHUNK;
        for row in rows {
            if page.done.len() == PAGE {
                page.next = Some(before);
                return Ok(page);
            }
            (before, page.looked_back_to, looked) = (row.number, Some(row.at), looked + 1);
            page.done.extend(read(row).filter(|done| who.is_none_or(|who| is_of(done, who))));
        }
        if last || looked >= LOOK {
            page.next = (!last).then_some(before);
            page.looked_back_to = page.looked_back_to.filter(|_| !last);
            return Ok(page);
        }
    }
}

/// Whether somebody did it, or it was done to them.
fn is_of(done: &Done, who: &StaffId) -> bool {
    let is = |id: &str| id == who.as_str();
    matches!(&done.deed.who, Who::Staff(id) if is(id)) || matches!(&done.deed.whom, Whom::Staff(id) if is(id))
}

/// `None` once erased. An entry that was tampered with hides no other: it is told by its kind, as nobody's.
fn read(row: EntryRow) -> Option<Done> {
    let what = Content::read(row.payload.as_ref()?).map_or(serde_json::Value::Null, |content| content.what);
    let until = what.get("until").and_then(serde_json::Value::as_i64).map(Timestamp::from_micros);
    Some(Done {
        number: row.number,
        entry: row.id,
        at: row.at,
        deed: deed::read(&row.kind, &what),
        until,
        account: row.subject.as_deref().and_then(|subject| AccountId::parse(subject).ok()),
    })
}

/// What staff did with an account, the newest first.
///
/// # Errors
/// 503.
pub async fn with_account(app: &App, id: &AccountId, limit: i64) -> Result<Page> {
    let mut conn = app.store.read().await?;
    let rows = profile::staff_entries(&mut conn, id, limit).await?;
    let done = rows.into_iter().filter_map(read).collect();
    Ok(Page { done, next: None, looked_back_to: None, names: names(&mut conn).await? })
}

/// What staff and keys are called; there are few of both.
async fn names(conn: &mut Conn) -> Result<HashMap<String, String>> {
    let people = staff::all(conn).await?.into_iter().map(|person| (person.id.to_string(), person.shown_name));
    let keys =
        api_keys::all(conn).await?.into_iter().map(|key| (key.id.to_string(), format!("the program {}", key.name)));
    Ok(people.chain(keys).collect())
}
