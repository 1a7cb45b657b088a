//! A leak that is handed over by the network: taken piece by piece into the match itself, so that it lies nowhere.
//!
//! A connection that breaks loses nothing: whoever asks is told how many bytes have been taken, and goes on from there.
//! A process that ends loses the whole of it, and has put nothing on record.

use super::import::{self, How, Imported, Opened};
use crate::app::App;
use crate::error::AppError;
use crate::expose::open::{self, Letters, Limits};
use crate::expose::run::Watch;
use crate::flows::Result;
use crate::flows::staff::Actor;
use bytes::Bytes;
use countersign_core::expose::layout::Layout;
use countersign_core::expose::sniff::Known;
use countersign_core::ids::UploadId;
use countersign_core::time::Timestamp;
use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Uploads at once: each holds a few megabytes and the marks of the directory.
const MOST: usize = 4;
/// How long one waits for its next piece before it is given up.
pub const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How long a finished one is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);
/// Pieces that wait for the match.
const QUEUE: usize = 16;
/// Largest upload, as it is sent.
pub const MOST_BYTES: u64 = 1 << 40;

/// All that are under way, or ended lately.
#[derive(Debug, Default)]
pub struct Uploads(Mutex<HashMap<UploadId, Arc<Upload>>>);

/// One of them.
pub struct Upload {
    id: UploadId,
    actor: Actor,
    how: How,
    /// Whether the columns are to be confirmed before the match begins.
    confirm: bool,
    known: Known,
    corrections: Vec<String>,
    /// Who sends, one at a time.
    sending: tokio::sync::Mutex<Sending>,
    state: watch::Sender<State>,
    confirmed: Mutex<Option<std::sync::mpsc::Sender<Vec<String>>>>,
    watch: Arc<Watch>,
    touched: Mutex<Timestamp>,
    /// Bytes that have been taken: known also while a piece waits for the match.
    taken: AtomicU64,
}

struct Sending {
    offset: u64,
    /// `None` once the last piece was sent.
    pieces: Option<mpsc::Sender<Bytes>>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upload({})", self.id)
    }
}

/// How far one is.
#[derive(Clone, Debug)]
pub enum State {
    /// Its beginning has not been seen yet.
    Beginning,
    /// The columns are to be confirmed.
    Columns(Layout),
    /// It is matched as it comes.
    Matching(Layout),
    /// It is on record.
    Done(Arc<Imported>),
    /// It has ended, and nothing was kept.
    Failed(Arc<AppError>),
}

impl State {
    /// The word in answers.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Beginning => "beginning",
            Self::Columns(_) => "columns",
            Self::Matching(_) => "matching",
            Self::Done(_) => "done",
            Self::Failed(_) => "failed",
        }
    }

    const fn is_over(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Failed(_))
    }
}

/// What whoever begins one says.
#[derive(Debug)]
pub struct Begin {
    /// What the leak is called, why, and how it is matched.
    pub how: How,
    /// The file's name, for people.
    pub label: String,
    /// Its size as it will be sent, if known.
    pub size: Option<u64>,
    /// The encoding of its letters, where it is not to be guessed.
    pub letters: Option<String>,
    /// How it is written, where that is not to be guessed.
    pub known: Known,
    /// What columns are, where that is not to be guessed.
    pub corrections: Vec<String>,
    /// Whether the match waits until the columns are confirmed.
    pub confirm: bool,
}

/// What is told about one.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its id.
    pub id: UploadId,
    /// How far it is.
    pub state: State,
    /// Bytes that have been taken.
    pub offset: u64,
    /// Records read.
    pub rows: u64,
    /// Accounts found so far.
    pub matched: u64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins one.
///
/// # Errors
/// 409 `uploads_too_many`; 413 for one that says that it is too large; what a door asks of `How`.
pub fn begin(app: &App, actor: &Actor, begin: Begin) -> Result<UploadId> {
    if begin.size.is_some_and(|size| size > MOST_BYTES) {
        return Err(AppError::new(
            413,
            "leak_too_large",
            "An upload has 1 TiB at the most; match larger files by the command.",
        ));
    }
    super::cohorts::shown_name(&begin.how.name)?;
    let wrong = || AppError::invalid("letters", "letters_invalid", "This encoding is not known.");
    let letters = begin.letters.as_deref().map(|name| Letters::named(name).ok_or_else(wrong)).transpose()?;
    let now = app.clock.now();
    let mut all = locked(&app.exposure.uploads.0);
    all.retain(|_, upload| upload.is_wanted(now));
    if all.values().filter(|upload| !upload.state.borrow().is_over()).count() >= MOST {
        let public = format!("{MOST} uploads are under way. Wait for one to end, or cancel it.");
        return Err(AppError::new(409, "uploads_too_many", public));
    }
    let id = UploadId::new(now, &mut app.rng());
    let (pieces, taken) = mpsc::channel(QUEUE);
    let (confirmed, confirms) = std::sync::mpsc::channel();
    let upload = Arc::new(Upload {
        id: id.clone(),
        actor: actor.clone(),
        how: begin.how,
        confirm: begin.confirm,
        known: begin.known,
        corrections: begin.corrections,
        sending: tokio::sync::Mutex::new(Sending { offset: 0, pieces: Some(pieces) }),
        state: watch::Sender::new(State::Beginning),
        confirmed: Mutex::new(Some(confirmed)),
        watch: Arc::new(Watch::new()),
        touched: Mutex::new(now),
        taken: AtomicU64::new(0),
    });
    all.insert(id.clone(), upload.clone());
    let app = app.clone();
    let incoming = Incoming { pieces: taken, piece: Bytes::new() };
    tokio::spawn(async move {
        let state = match taken_in(&app, &upload, incoming, begin.label, begin.size, letters, confirms).await {
            Ok(imported) => State::Done(Arc::new(imported)),
            Err(error) => State::Failed(Arc::new(error)),
        };
        upload.state.send_replace(state);
    });
    Ok(id)
}

impl Upload {
    /// Whether it is still waited for, or remembered.
    fn is_wanted(&self, now: Timestamp) -> bool {
        let idle = now.since(*locked(&self.touched));
        if self.state.borrow().is_over() {
            return idle < REMEMBERED;
        }
        if idle >= PATIENCE {
            self.watch.cancel();
            locked(&self.confirmed).take();
        }
        idle < PATIENCE
    }
}

/// The bytes as they come, for a thread that reads. An upload that is given up ends in an error, never as if it were whole.
struct Incoming {
    pieces: mpsc::Receiver<Bytes>,
    piece: Bytes,
}

impl Read for Incoming {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let len = out.len().min(self.piece.len());
        out[..len].copy_from_slice(&self.piece.split_to(len));
        Ok(len)
    }
}

async fn taken_in(
    app: &App,
    upload: &Arc<Upload>,
    incoming: Incoming,
    label: String,
    size: Option<u64>,
    letters: Option<Letters>,
    confirms: std::sync::mpsc::Receiver<Vec<String>>,
) -> Result<Imported> {
    let of_look = upload.clone();
    let looked = import::apart(move || {
        let source = open::open_stream(&label, Box::new(incoming), size, letters, Limits::default());
        let source = source.map_err(|error| AppError::invalid("file", "leak_unusable", error.to_string()))?;
        let mut opened = Opened::look(vec![source], &of_look.known, &of_look.corrections)?;
        if of_look.confirm {
            of_look.state.send_replace(State::Columns(opened.layout.clone()));
            let cancelled = |_| AppError::new(409, "cancelled", "It was cancelled. Nothing was kept.");
            opened.correct(&confirms.recv().map_err(cancelled)?)?;
        }
        opened.check()?;
        Ok::<_, AppError>(opened)
    });
    let opened = looked.await??;
    upload.state.send_replace(State::Matching(opened.layout.clone()));
    import::import(app, &upload.actor, opened, upload.how.clone(), upload.watch.clone()).await
}

/// One that is under way or ended lately. Another one's is as if it were not there.
fn find(app: &App, actor: &Actor, id: &UploadId) -> Result<Arc<Upload>> {
    let upload = locked(&app.exposure.uploads.0).get(id).cloned();
    let same = |upload: &Arc<Upload>| upload.actor.named() == actor.named();
    let upload = upload.filter(same).ok_or_else(|| {
        AppError::not_found("There is no such upload. If the server was started anew meanwhile, begin again.")
    })?;
    *locked(&upload.touched) = app.clock.now();
    Ok(upload)
}

/// How far one is.
///
/// # Errors
/// 404.
pub async fn see(app: &App, actor: &Actor, id: &UploadId) -> Result<Told> {
    let upload = find(app, actor, id)?;
    // Not under the lock of whoever sends: a piece may wait until somebody has seen the columns and confirmed them.
    let offset = upload.taken.load(Ordering::Relaxed);
    let state = upload.state.borrow().clone();
    Ok(Told { id: id.clone(), state, offset, rows: upload.watch.rows(), matched: upload.watch.matched() })
}

/// Takes bytes from `offset` on, as a body brings them. Returns how many have been taken in all, also where the body
/// broke off: whoever sends asks, and goes on from there.
///
/// # Errors
/// 404; 409 `upload_offset` for another offset than the next one, `upload_ended` after the last piece; the error that the
/// match ended with.
pub async fn take<S, E>(app: &App, actor: &Actor, id: &UploadId, offset: u64, mut body: S) -> Result<u64>
where
    S: futures_util::Stream<Item = std::result::Result<Bytes, E>> + Unpin,
{
    use futures_util::StreamExt;
    let upload = find(app, actor, id)?;
    let mut sending = upload.sending.lock().await;
    if sending.offset != offset {
        let public = format!("{} bytes have been taken; go on from there.", sending.offset);
        return Err(AppError::new(409, "upload_offset", public));
    }
    while let Some(Ok(piece)) = body.next().await {
        if sending.offset + piece.len() as u64 > MOST_BYTES {
            return Err(AppError::new(413, "leak_too_large", "An upload has 1 TiB at the most."));
        }
        let Some(pieces) = &sending.pieces else {
            return Err(AppError::new(409, "upload_ended", "The last piece of this upload was taken before."));
        };
        let len = piece.len() as u64;
        if pieces.send(piece).await.is_err() {
            return Err(ended(&upload).await);
        }
        sending.offset += len;
        upload.taken.store(sending.offset, Ordering::Relaxed);
        *locked(&upload.touched) = app.clock.now();
    }
    Ok(sending.offset)
}

/// Why the match takes no more.
async fn ended(upload: &Upload) -> AppError {
    let mut states = upload.state.subscribe();
    let state = states.wait_for(State::is_over).await.map(|state| state.clone());
    match state {
        Ok(State::Failed(error)) => copy(&error),
        _ => AppError::new(409, "upload_ended", "This upload is over."),
    }
}

/// The same error once more: several may ask for it.
fn copy(error: &AppError) -> AppError {
    AppError {
        field: error.field,
        internal: error.internal.clone(),
        details: error.details.clone(),
        retry_after: error.retry_after,
        ..AppError::new(error.status, error.code, error.public.clone())
    }
}

/// Confirms the columns, corrected or as they were guessed.
///
/// # Errors
/// 404; 409 where they are not asked for; 422 that names the column.
pub fn confirm(app: &App, actor: &Actor, id: &UploadId, corrections: Vec<String>) -> Result<()> {
    let upload = find(app, actor, id)?;
    let not_asked = || AppError::new(409, "columns_not_asked", "The columns of this upload are not waited for.");
    let State::Columns(mut layout) = upload.state.borrow().clone() else { return Err(not_asked()) };
    for correction in &corrections {
        layout.map(correction).map_err(|bad| AppError::invalid("map", "map_invalid", bad.to_string()))?;
    }
    if !layout.finds_accounts() {
        let public = "No column names an account. Say which one does.";
        return Err(AppError::invalid("map", "map_needed", public));
    }
    let confirmed = locked(&upload.confirmed).take().ok_or_else(not_asked)?;
    // Whoever finishes at once must not be told that the columns are waited for still.
    upload.state.send_replace(State::Matching(layout));
    confirmed.send(corrections).map_err(|_| not_asked())
}

/// Says that all has been sent, and waits until it is on record.
///
/// # Errors
/// 404; 409 `columns_needed` while the columns are waited for; whatever the match ended with.
pub async fn finish(app: &App, actor: &Actor, id: &UploadId) -> Result<Arc<Imported>> {
    let upload = find(app, actor, id)?;
    upload.sending.lock().await.pieces.take();
    let mut states = upload.state.subscribe();
    let waits = |state: &State| state.is_over() || matches!(state, State::Columns(_));
    let state = states.wait_for(waits).await.map(|state| state.clone());
    match state {
        Ok(State::Done(imported)) => Ok(imported),
        Ok(State::Failed(error)) => Err(copy(&error)),
        Ok(_) => Err(AppError::new(409, "columns_needed", "Confirm the columns first.")),
        Err(_) => Err(AppError::internal("an upload ended without a word")),
    }
}

/// Gives one up. Nothing of it is kept.
///
/// # Errors
/// 404; 409 where it is over.
pub async fn cancel(app: &App, actor: &Actor, id: &UploadId) -> Result<()> {
    let upload = find(app, actor, id)?;
    if upload.state.borrow().is_over() {
        return Err(AppError::new(409, "upload_ended", "This upload is over."));
    }
    upload.watch.cancel();
    locked(&upload.confirmed).take();
    // The thread that waits for bytes wakes up; what it has is no whole leak, and the watch says so.
    upload.sending.lock().await.pieces.take();
    Ok(())
}
