//! The index of the directory: what a leak is matched against, and who an account is.
//!
//! A file holds the directory as it was at one time; accounts that changed since then are kept in memory beside it, and count
//! in its place. A new file is built beside the old one, which is used meanwhile, and takes its place by a rename.

use super::former;
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::flows::staff::Actor;
use crate::keyring::Keyring;
use crate::store::evidence::Draft;
use crate::store::exposure::{directory, former as former_store};
use crate::store::{Conn, evidence};
use countersign_core::expose::index::{Builder, Entry, FORMER, Header, Index, Stale, View};
use countersign_core::expose::key::{HashKey, Hashed, Kind};
use countersign_core::expose::normal;
use countersign_core::ids::AccountId;
use countersign_core::staff::Permission;
use countersign_core::time::Timestamp;
use serde_json::json;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

/// The index's name in the data directory.
pub const FILE_NAME: &str = "directory.index";
/// Changes younger than this are looked at again: transactions commit in another order than they take their time.
const OVERLAP: Duration = Duration::from_secs(30);
/// Accounts that are read at once.
const BATCH: u32 = 5000;
/// Rows of changes that are read at once.
const CHANGES: i64 = 5000;
/// Accounts beside the file above which a new one is built.
const MOST_BESIDE: usize = 100_000;

/// What a process holds of the directory.
#[derive(Debug, Default)]
pub struct Directory {
    place: OnceLock<PathBuf>,
    shown: RwLock<Option<Arc<Standing>>>,
    following: tokio::sync::Mutex<Option<Following>>,
    /// Accounts read so far by a build that is under way, and how many there are; zero of zero while there is none.
    progress: (AtomicU32, AtomicU32),
}

/// The directory at one moment.
#[derive(Clone)]
pub struct Standing {
    base: Index,
    fresh: Index,
    stale: Stale,
    key: HashKey,
    /// Which of the keys that is.
    pub generation: u32,
    /// One more than the greatest number of an account.
    pub accounts: u32,
    /// One more than the greatest number of a former value.
    pub formers: u32,
}

impl std::fmt::Debug for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Standing({} accounts)", self.accounts)
    }
}

impl Standing {
    /// What a match asks.
    pub fn view(&self) -> View<'_> {
        View { base: &self.base, fresh: &self.fresh, stale: &self.stale }
    }

    /// The key of its hashes.
    pub const fn key(&self) -> &HashKey {
        &self.key
    }

    /// Whether this is of a follower's file and key.
    fn is_of(&self, state: &Following) -> bool {
        self.generation == state.generation && self.base.header() == state.base.header()
    }

    /// Keys in the file, and beside it.
    pub fn keys(&self) -> (usize, usize) {
        (self.base.len(), self.fresh.len())
    }
}

/// What the follower knows.
struct Following {
    base: Index,
    key: HashKey,
    generation: u32,
    /// Changes up to here have been looked at.
    floor: Timestamp,
    /// Changes since then that have been looked at as well.
    seen: HashMap<u32, Timestamp>,
    /// Keys of accounts that changed.
    fresh: HashMap<u32, Vec<Entry>>,
    formers: Vec<Entry>,
    last_former: u32,
    stale: Stale,
    end: u32,
}

impl std::fmt::Debug for Following {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Following({} beside)", self.fresh.len())
    }
}

/// The hash key of a generation.
fn hash_key(keys: &Keyring, generation: u32) -> HashKey {
    let whole = keys.expose.mac(&[b"directory index", &generation.to_be_bytes()]);
    let mut half = [0; 16];
    half.copy_from_slice(&whole.bytes()[..16]);
    HashKey::new(&half)
}

impl Directory {
    /// Says where the index is kept; without a place it is kept in memory only.
    pub fn keep_at(&self, data: &std::path::Path) {
        // The first one stays: a process has one data directory.
        let _ = self.place.set(data.join(FILE_NAME));
    }

    /// The directory as it is known now; `None` while the first index is built.
    pub fn shown(&self) -> Option<Arc<Standing>> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of an account, by our id or by the platform's.
    pub fn number_of(&self, id: &str, external: bool) -> Option<u32> {
        let shown = self.shown()?;
        let hash = shown.key.hash(Kind::AccountId, &id_key(id, external));
        shown.view().accounts(hash).find(|number| *number < FORMER)
    }

    /// How far a build is that is under way: accounts done, and all of them.
    pub fn progress(&self) -> Option<(u32, u32)> {
        let all = self.progress.1.load(Ordering::Relaxed);
        (all > 0).then(|| (self.progress.0.load(Ordering::Relaxed), all))
    }
}

/// What an account's id is hashed as: ours and the platform's cannot be taken for each other.
fn id_key(id: &str, external: bool) -> Vec<u8> {
    if external { [b"x:", id.as_bytes()].concat() } else { id.as_bytes().to_vec() }
}

/// Every key of an account.
fn entries(key: &HashKey, account: &directory::Keys) -> Vec<Entry> {
    let mut found = vec![key.hash(Kind::AccountId, &id_key(&account.id, false))];
    if let Some(external) = &account.external_id {
        found.push(key.hash(Kind::AccountId, &id_key(external, true)));
        let mut text = normal::Text::new();
        if normal::platform_id(external.as_bytes(), &mut text) {
            found.push(key.hash(Kind::PlatformId, text.as_bytes()));
        }
    }
    for (kind, value) in &account.values {
        of_value(key, kind, value.as_bytes(), &mut found);
    }
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|hash| Entry { hash, account: account.number }).collect()
}

/// The keys of a value of the directory; one that cannot be read is one that no leak finds.
fn of_value(key: &HashKey, kind: &str, value: &[u8], found: &mut Vec<Hashed>) {
    let mut text = normal::Text::new();
    match kind {
        "email" => {
            let mut email = normal::Email::default();
            if normal::email(value, &mut email) {
                found.extend(key.email(&email).all());
            }
        }
        "phone" if normal::phone_by_plan(value, b"", &[], &mut text) => {
            found.push(key.hash(Kind::Phone, text.as_bytes()));
        }
        "user" if normal::user_name(value, &mut text) => found.push(key.hash(Kind::UserName, text.as_bytes())),
        _ => {}
    }
}

/// Looks at what changed since the last time. Whether a new file should be built: there is none for a directory of this
/// size, or too much stands beside it.
///
/// # Errors
/// 503; what was known stays known then.
pub async fn follow(app: &App) -> Result<bool> {
    let mut following = app.exposure.directory.following.lock().await;
    let conn = &mut app.store.read().await?;
    let generation = generation(conn).await?;
    if following.as_ref().is_some_and(|f| f.generation != generation) {
        *following = None;
    }
    if following.is_none() {
        let key = hash_key(&app.keys, generation);
        let Some(base) = base(app, conn, &key).await? else { return Ok(true) };
        *following = Some(Following::from_file(base, key, generation));
    }
    let Some(state) = following.as_mut() else { return Ok(true) };
    let changed = state.take_changes(conn, app.clock.now()).await? | state.take_formers(app, conn).await?;
    let shown = app.exposure.directory.shown();
    let is_shown = shown.is_some_and(|shown| shown.is_of(state));
    if changed || !is_shown {
        let standing = Arc::new(state.standing());
        *app.exposure.directory.shown.write().unwrap_or_else(PoisonError::into_inner) = Some(standing);
    }
    Ok(state.fresh.len() > MOST_BESIDE.max(state.base.header().accounts as usize / 16))
}

/// What a start does: opens the file, and shows it before what changed since is read, which may be much. Whoever asks for
/// an account that is not in it yet is answered from the database.
///
/// # Errors
/// 503.
pub async fn open(app: &App) -> Result<()> {
    let mut following = app.exposure.directory.following.lock().await;
    let conn = &mut app.store.read().await?;
    let generation = generation(conn).await?;
    let key = hash_key(&app.keys, generation);
    if let Some(base) = base(app, conn, &key).await? {
        let state = Following::from_file(base, key, generation);
        let standing = Arc::new(state.standing());
        *app.exposure.directory.shown.write().unwrap_or_else(PoisonError::into_inner) = Some(standing);
        *following = Some(state);
    }
    Ok(())
}

/// The file, if it is of this key and these rules. A small directory needs none: everything in it is a change.
async fn base(app: &App, conn: &mut Conn, key: &HashKey) -> Result<Option<Index>> {
    if let Some(index) = from_file(app, key) {
        return Ok(Some(index));
    }
    let small = directory::end(conn).await? as usize <= MOST_BESIDE / 10;
    Ok(small.then(Index::empty))
}

/// Opens the file. One that is not as it should be is built again; that is no loss, since the store has it all.
fn from_file(app: &App, key: &HashKey) -> Option<Index> {
    let path = app.exposure.directory.place.get()?;
    if !path.exists() {
        return None;
    }
    match crate::expose::index_file::open(path, key.id()) {
        Ok(index) => Some(index),
        Err(error) => {
            tracing::warn!(%error, "{}: the index of the directory is built anew", path.display());
            None
        }
    }
}

impl Following {
    fn from_file(base: Index, key: HashKey, generation: u32) -> Self {
        let header = base.header();
        Self {
            key,
            generation,
            floor: Timestamp::from_micros(header.as_of),
            seen: HashMap::new(),
            fresh: HashMap::new(),
            formers: vec![],
            last_former: header.formers,
            stale: Stale::new(),
            end: header.accounts,
            base,
        }
    }

    fn standing(&self) -> Standing {
        let all = self.fresh.values().flatten().chain(&self.formers).copied();
        Standing {
            base: self.base.clone(),
            fresh: Index::of(all.collect()),
            stale: self.stale.clone(),
            key: self.key.clone(),
            generation: self.generation,
            accounts: self.end,
            formers: self.last_former + 1,
        }
    }

    /// Accounts that changed.
    async fn take_changes(&mut self, conn: &mut Conn, now: Timestamp) -> Result<bool> {
        let (mut after, mut changed) = ((self.floor, -1), vec![]);
        loop {
            let rows = directory::changed(conn, after, CHANGES).await?;
            for (number, at) in &rows {
                if self.seen.insert(*number, *at) != Some(*at) {
                    changed.push(*number);
                }
            }
            match rows.last() {
                Some((number, at)) if rows.len() as i64 == CHANGES => after = (*at, i64::from(*number)),
                _ => break,
            }
        }
        self.floor = self.floor.max(now.minus(OVERLAP));
        self.seen.retain(|_, at| *at >= self.floor);
        changed.sort_unstable();
        changed.dedup();
        for part in runs(&changed) {
            self.take_accounts(conn, part).await?;
        }
        Ok(!changed.is_empty())
    }

    /// Reads the accounts of a run of numbers and puts them beside the file.
    async fn take_accounts(&mut self, conn: &mut Conn, numbers: &[u32]) -> Result<()> {
        let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { return Ok(()) };
        for account in directory::keys(conn, *first, last + 1).await? {
            if numbers.binary_search(&account.number).is_err() {
                continue;
            }
            self.stale.insert(account.number);
            self.end = self.end.max(account.number + 1);
            self.fresh.insert(account.number, entries(&self.key, &account));
        }
        Ok(())
    }

    /// Values that accounts had before and that were recorded since.
    async fn take_formers(&mut self, app: &App, conn: &mut Conn) -> Result<bool> {
        let before = self.last_former;
        loop {
            let rows = former_store::after(conn, i64::from(self.last_former), CHANGES).await?;
            for row in &rows {
                self.formers.extend(former_entries(app, &self.key, row));
                self.last_former = self.last_former.max(row.number);
            }
            if (rows.len() as i64) < CHANGES {
                return Ok(self.last_former != before);
            }
        }
    }
}

fn former_entries(app: &App, key: &HashKey, row: &former_store::Former) -> Vec<Entry> {
    let Some(value) = former::unsealed(app, &row.account_id, &row.sealed) else { return vec![] };
    let mut found = vec![];
    of_value(key, &row.kind, &value, &mut found);
    // One key is enough to tell an old value by, and the weak one could be somebody else's.
    let strong = found.into_iter().filter(|hash| hash.tag & Hashed::STRONG != 0);
    strong.map(|hash| Entry { hash, account: FORMER + row.number }).collect()
}

/// Ascending numbers in runs that are worth one query each: near each other, and no more than a batch apart.
fn runs(numbers: &[u32]) -> impl Iterator<Item = &[u32]> {
    let mut rest = numbers;
    std::iter::from_fn(move || {
        let first = *rest.first()?;
        let mut len = rest.iter().take_while(|n| **n - first < BATCH).count();
        // Numbers far apart are cheaper one by one than with all that is between them.
        if len > 1 && rest[len - 1] - first > 50 * len as u32 {
            len = 1;
        }
        let (run, after) = rest.split_at(len);
        rest = after;
        Some(run)
    })
}

/// Builds a new file from the directory and takes it into use; the old one is used meanwhile.
///
/// # Errors
/// 503 for the database; 500 where the file cannot be written, and nothing has changed.
pub async fn rebuild(app: &App) -> Result<()> {
    let own = &app.exposure.directory;
    let done = build(app).await;
    own.progress.1.store(0, Ordering::Relaxed);
    let (index, key, generation) = done?;
    let mut following = own.following.lock().await;
    *following = Some(Following::from_file(index, key, generation));
    drop(following);
    // Shown with what changed while it was built.
    follow(app).await.map(|_| ())
}

async fn build(app: &App) -> Result<(Index, HashKey, u32)> {
    let own = &app.exposure.directory;
    let conn = &mut app.store.read().await?;
    let generation = generation(conn).await?;
    let key = hash_key(&app.keys, generation);
    // What changes from here on is looked at again.
    let as_of = app.clock.now().minus(OVERLAP).micros();
    let (end, formers) = (directory::end(conn).await?, former_store::last(conn).await?);
    own.progress.0.store(0, Ordering::Relaxed);
    own.progress.1.store(end.max(1), Ordering::Relaxed);
    let mut builder = Builder::new(Header { key: key.id(), as_of, accounts: end, formers });
    let mut from = 0;
    while from < end {
        let to = end.min(from + BATCH);
        for account in directory::keys(conn, from, to).await? {
            entries(&key, &account).into_iter().for_each(|entry| builder.push(entry));
        }
        own.progress.0.store(to, Ordering::Relaxed);
        from = to;
    }
    let mut last = 0;
    while last < formers {
        let rows = former_store::after(conn, i64::from(last), CHANGES).await?;
        let Some(end) = rows.last() else { break };
        last = end.number;
        let within = rows.iter().filter(|row| row.number <= formers);
        within.for_each(|row| former_entries(app, &key, row).into_iter().for_each(|entry| builder.push(entry)));
    }
    let path = own.place.get().cloned();
    let finished = tokio::task::spawn_blocking(move || crate::expose::index_file::finish(builder, path.as_deref()));
    let index = finished.await.map_err(|error| AppError::internal(error.to_string()))?;
    Ok((index.map_err(|error| AppError::internal(error.to_string()))?, key, generation))
}

async fn generation(conn: &mut Conn) -> Result<u32> {
    Ok(crate::store::exposure::generation(conn).await?)
}

/// Changes the key of the directory's hashes: the index is built anew under the next one.
///
/// # Errors
/// What `Asks::check` says; 503.
pub async fn rotate_key(app: &App, actor: &Actor) -> Result<u32> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let (asks, by) = (actor.asks(app, Permission::ActOnExposure), actor.named());
    let done: Result<u32> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                let next = crate::store::exposure::next_generation(conn).await?;
                let what = json!({ "by": by, "generation": next });
                let entry = Draft::new("staff.exposure_key_rotated", None, what, now, &mut rng);
                evidence::append(conn, vec![entry]).await?;
                Ok(next)
            })
        })
        .await;
    let next = done?;
    rebuild(app).await?;
    Ok(next)
}

/// The number of an account in the index, for tests and for whoever shows one.
pub fn number_of(app: &App, id: &AccountId) -> Option<u32> {
    app.exposure.directory.number_of(id.as_str(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_near_each_other_are_read_together() {
        let of = |numbers: &[u32]| runs(numbers).map(<[u32]>::to_vec).collect::<Vec<_>>();
        assert_eq!(of(&[]), Vec::<Vec<u32>>::new());
        assert_eq!(of(&[1, 2, 3]), [[1, 2, 3]]);
        assert_eq!(of(&[1, 900]), [[1], [900]]);
        assert_eq!(of(&[1, 2, 9000]), [vec![1, 2], vec![9000]]);
    }
}
