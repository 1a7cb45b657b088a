//! How many evidence entries a second can 64 writers have durable, each before its answer, while the log is grown, signed
//! and published beside them? In the same run, on the same disk: one SQLite insert a transaction, 256 rows a transaction,
//! and a bare append with group commit, which is the limit that fsync sets.
//!
//! `cargo bench -p countersign --bench evidence_log [-- ROUNDS [DIRECTORY]]`

#![expect(clippy::disallowed_methods, reason = "a bench measures time, and reads its arguments")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on fails")]

use countersign::app::App;
use countersign::clock::{self, Clock};
use countersign::config::Config;
use countersign::flows::log::{Log, start as log_start};
use countersign::jobs::{Jobs, Outside};
use countersign::keyring::Keyring;
use countersign::store::evidence::{self, Draft};
use countersign::store::{Place, Store, StoreError, log};
use countersign_evidence::note::{Algorithm, SigningKey};
use countersign_evidence::policy::Policy;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Writers at the same time.
const WRITERS: u64 = 64;
/// How long each contender runs in a round.
const LASTS: Duration = Duration::from_secs(3);
/// Rows in a transaction of the third contender.
const BATCH: usize = 256;

/// Entries a second of one round.
struct Round {
    single: f64,
    batches: f64,
    append: f64,
    ours: f64,
    provable: Duration,
}

fn main() {
    let mut args = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let rounds: usize = args.next().and_then(|a| a.parse().ok()).unwrap_or(7);
    let place = args.next().unwrap_or_else(|| std::env::temp_dir().display().to_string());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    println!("{rounds} rounds of {} s for each, in {place}; entries a second", LASTS.as_secs());
    println!("round   1 a transaction   {BATCH} a transaction   bare append   countersign   provable after");
    let mut all = Vec::new();
    for n in 0..rounds {
        let dir = tempfile::tempdir_in(&place).unwrap();
        let round = Round {
            single: runtime.block_on(transactions(dir.path(), 1)),
            append: bare_append(dir.path()),
            batches: runtime.block_on(transactions(dir.path(), BATCH)),
            ..runtime.block_on(ours(dir.path()))
        };
        println!(
            "{n:5} {:17.0} {:19.0} {:13.0} {:13.0} {:13.0} ms   {:.1}x",
            round.single,
            round.batches,
            round.append,
            round.ours,
            round.provable.as_secs_f64() * 1e3,
            round.ours / round.single
        );
        all.push(round);
    }
    let ratio = |other: fn(&Round) -> f64| median(all.iter().map(|r| r.ours / other(r)).collect());
    println!("median of the ratios: to one insert a transaction {:.1}", ratio(|r| r.single));
    println!("                      to {BATCH} rows a transaction   {:.2}", ratio(|r| r.batches));
    println!("                      to a bare append            {:.2}", ratio(|r| r.append));
    let slowest = all.iter().map(|r| r.provable).max().unwrap_or_default();
    println!("provable after at most {} ms", slowest.as_millis());
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn draft(rng: &mut StdRng, now: countersign_core::time::Timestamp) -> Draft {
    let what = json!({ "door": "api", "source": "2001:db8::", "outcome": "accepted" });
    Draft::new("recovery.requested", None, what, now, rng)
}

/// Ours: every writer waits until its entry is durable; the sequencer runs beside them.
async fn ours(dir: &Path) -> Round {
    let store = Store::open(&Place::File(dir.join("countersign.db")), 4).await.unwrap();
    let key = SigningKey::from_seed("bench.example.org/evidence", Algorithm::Ed25519, &[7; 32]).unwrap();
    let log = Log::new(key, Policy::none(), None);
    let clock = Clock::system();
    let app = App::new(Config::defaults(), store, Keyring::derive(&[7; 32]), log, clock, clock::generator());
    log_start::start(&app, None).await.unwrap();
    let jobs = Jobs::start(&app, Outside::default());
    let (written, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let start = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| tokio::spawn(write(app.clone(), StdRng::seed_from_u64(n), written.clone(), stop.clone())))
        .collect();
    let watcher = tokio::spawn(watch(app.clone(), stop.clone()));
    tokio::time::sleep(LASTS).await;
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    let rate = written.load(Ordering::SeqCst) as f64 / start.elapsed().as_secs_f64();
    let provable = watcher.await.unwrap();
    jobs.stop().await;
    let mut conn = app.store.read().await.unwrap();
    let head = log::head(&mut conn).await.unwrap().unwrap();
    assert_eq!(head.published_size, written.load(Ordering::SeqCst) + 1, "every entry is in the log");
    Round { single: 0.0, batches: 0.0, append: 0.0, ours: rate, provable }
}

async fn write(app: App, mut rng: StdRng, written: Arc<AtomicU64>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let draft = draft(&mut rng, app.clock.now());
        let done: Result<(), StoreError> =
            app.store.write(move |conn| Box::pin(async move { evidence::append(conn, vec![draft]).await })).await;
        done.unwrap();
        written.fetch_add(1, Ordering::Relaxed);
    }
}

/// How long it takes until what is durable now can be proven: the longest of many looks.
async fn watch(app: App, stop: Arc<AtomicBool>) -> Duration {
    let mut longest = Duration::ZERO;
    while !stop.load(Ordering::SeqCst) {
        let mut conn = app.store.read().await.unwrap();
        let durable = log::highest(&mut conn).await.unwrap();
        let start = Instant::now();
        while log::head(&mut conn).await.unwrap().unwrap().published_size < durable {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        longest = longest.max(start.elapsed());
        tokio::time::sleep(Duration::from_millis(17)).await;
    }
    longest
}

/// One connection and the same table: `rows` inserts in each transaction, `synchronous = FULL`.
async fn transactions(dir: &Path, rows: usize) -> f64 {
    let options = SqliteConnectOptions::new().filename(dir.join(format!("bare-{rows}.db"))).create_if_missing(true);
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let options = options.pragma("cache_size", "-16384");
    let mut conn = SqliteConnection::connect_with(&options).await.unwrap();
    let table = "CREATE TABLE evidence (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at BIGINT NOT NULL, \
                 kind TEXT NOT NULL, subject TEXT, payload BLOB, salt BLOB, commitment BLOB NOT NULL)";
    sqlx::query(table).execute(&mut conn).await.unwrap();
    let (mut rng, mut written, start) = (StdRng::seed_from_u64(9), 0, Instant::now());
    while start.elapsed() < LASTS {
        if rows > 1 {
            sqlx::query("BEGIN IMMEDIATE").execute(&mut conn).await.unwrap();
        }
        for _ in 0..rows {
            let row = bytes(&mut rng);
            let text =
                "INSERT INTO evidence (id, at, kind, subject, payload, salt, commitment) VALUES (?, ?, ?, ?, ?, ?, ?)";
            let insert = sqlx::query(text).bind(row.id).bind(row.at).bind("recovery.requested").bind(None::<String>);
            insert.bind(row.payload).bind(row.salt).bind(row.commitment).execute(&mut conn).await.unwrap();
        }
        if rows > 1 {
            sqlx::query("COMMIT").execute(&mut conn).await.unwrap();
        }
        written += rows;
    }
    let rate = written as f64 / start.elapsed().as_secs_f64();
    conn.close().await.unwrap();
    rate
}

/// The same content as ours.
struct Row {
    id: String,
    at: i64,
    payload: Vec<u8>,
    salt: Vec<u8>,
    commitment: Vec<u8>,
}

fn bytes(rng: &mut StdRng) -> Row {
    let now = countersign_core::time::Timestamp::from_secs(1_768_400_000);
    let draft = draft(rng, now);
    let (payload, salt, commitment) = draft.parts();
    Row {
        id: draft.id().as_str().to_owned(),
        at: now.micros(),
        payload: payload.to_vec(),
        salt: salt.to_vec(),
        commitment: commitment.bytes().to_vec(),
    }
}

/// 64 threads hand their bytes to one that appends what is there and calls fdatasync before it answers: no database, no tree.
fn bare_append(dir: &Path) -> f64 {
    type Item = (Vec<u8>, mpsc::SyncSender<()>);
    let (queue, items) = mpsc::channel::<Item>();
    let mut file = std::fs::File::create(dir.join("append.log")).unwrap();
    let writer = std::thread::spawn(move || {
        while let Ok(first) = items.recv() {
            let batch: Vec<Item> = std::iter::once(first).chain(items.try_iter()).collect();
            let joined: Vec<u8> = batch.iter().flat_map(|(bytes, _)| bytes).copied().collect();
            file.write_all(&joined).unwrap();
            file.sync_data().unwrap();
            batch.iter().for_each(|(_, done)| done.send(()).unwrap());
        }
    });
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let start = Instant::now();
    let producers: Vec<_> = (0..WRITERS)
        .map(|n| {
            let (queue, stop, written) = (queue.clone(), stop.clone(), written.clone());
            std::thread::spawn(move || {
                let mut rng = StdRng::seed_from_u64(n);
                let (done, durable) = mpsc::sync_channel(1);
                while !stop.load(Ordering::Relaxed) {
                    let row = bytes(&mut rng);
                    let all = [row.id.as_bytes(), &row.payload, &row.salt, &row.commitment].concat();
                    queue.send((all, done.clone())).unwrap();
                    durable.recv().unwrap();
                    written.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    std::thread::sleep(LASTS);
    stop.store(true, Ordering::SeqCst);
    producers.into_iter().for_each(|p| p.join().unwrap());
    let rate = written.load(Ordering::SeqCst) as f64 / start.elapsed().as_secs_f64();
    drop(queue);
    writer.join().unwrap();
    rate
}
