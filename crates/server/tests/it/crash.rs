//! kill −9 in the middle of sending, and a mail server that is away: nothing is lost, nothing is sent twice (R1).

use crate::mail::sink::Sink;
use crate::support::db::{Db, rows};
use crate::support::people;
use countersign::app::App;
use countersign::clock::Clock;
use countersign::config::Config;
use countersign::flows::client::Client;
use countersign::flows::dispatch::decide_batch;
use countersign::flows::recover::{self, Ask, Door};
use countersign::keyring;
use countersign::store::messages::{self, State};
use countersign::store::{Store, evidence};
use rand::{SeedableRng, rngs::StdRng};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Hand-overs at the same time: as many may be cut off by one kill.
const CONNECTIONS: usize = 4;
/// People who ask; the messages of half of them are on record before the first start.
const PEOPLE: usize = 200;
/// No condition below takes a tenth of this.
const PATIENCE: Duration = Duration::from_secs(60);

/// Settings of the server, and of the `App` with which a test prepares its data.
fn settings(port: u16) -> Vec<(String, String)> {
    let of = |key: &str, value: &str| (format!("COUNTERSIGN_{key}"), value.to_owned());
    vec![
        of("SERVER__LISTEN", "127.0.0.1:0"),
        of("MAIL__HOST", "127.0.0.1"),
        of("MAIL__PORT", &port.to_string()),
        of("MAIL__SECURITY", "none"),
        of("MAIL__FROM_ADDRESS", "accounts@example.org"),
        of("MAIL__CONNECTIONS", &CONNECTIONS.to_string()),
        of("MAIL__PACE__PER_SECOND", "1000"),
        of("MAIL__PACE__BURST", "1000"),
        of("MAIL__RETRY__BASE", "1s"),
        of("GATE__BUDGET__ANONYMOUS__BURST", "1000"),
        of("GATE__SOURCE__TABLE_ENTRIES", "4096"),
    ]
}

/// A data directory with people who asked.
struct Scene {
    dir: tempfile::TempDir,
    db: Db,
}

impl Scene {
    /// `asked` people asked; the requests of the first `decided` are messages already.
    async fn new(asked: usize, decided: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::file(dir.path().join("countersign.db"));
        let mut rng = StdRng::seed_from_u64(7);
        let keys = keyring::load_or_create(&dir.path().join(keyring::FILE_NAME), false, &mut rng).unwrap();
        let config = Config::from_parts(None, settings(25)).unwrap();
        let app = App::new(
            config,
            Store::open(&db.place, 2).await.unwrap(),
            keys,
            crate::support::house::log(),
            Clock::system(),
            rng,
        );
        let mut conn = db.conn().await;
        for n in 0..asked {
            let address = format!("person{n}@example.org");
            people::insert_named(&mut conn, &format!("person{n}"), &address, app.clock.now(), &mut app.rng()).await;
        }
        for n in 0..asked {
            ask(&app, n).await;
            if n + 1 == decided {
                while decide_batch(&app).await.unwrap().looked_at > 0 {}
            }
        }
        Self { dir, db }
    }

    fn start(&self, port: u16) -> Running {
        let child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["--data", self.dir.path().to_str().unwrap(), "serve"])
            .current_dir(self.dir.path())
            .env_clear()
            .envs(settings(port))
            .stdout(Stdio::null())
            .stderr(std::fs::File::options().create(true).append(true).open(self.dir.path().join("log.txt")).unwrap())
            .spawn();
        Running(child.unwrap())
    }

    async fn count(&self, state: State) -> usize {
        let mut conn = self.db.conn().await;
        usize::try_from(messages::count_state(&mut conn, state).await.unwrap()).unwrap()
    }

    async fn is_done(&self) -> bool {
        let waiting = rows(&mut self.db.conn().await, "recovery_requests", &["state"]).await;
        waiting.iter().all(|r| r == "state=done ")
            && self.count(State::Queued).await + self.count(State::Sending).await == 0
    }

    async fn evidence_is_sound(&self) {
        let mut conn = self.db.conn().await;
        let (mut after, mut sound) = (0, 0);
        while let (found, Some(last)) = evidence::check(&mut conn, after, 1000).await.unwrap() {
            assert_eq!((found.broken, found.erased), (0, 0));
            (after, sound) = (last, sound + found.sound);
        }
        assert_eq!(sound, evidence::count(&mut conn).await.unwrap());
    }
}

async fn ask(app: &App, n: usize) {
    let ip = IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | (n as u128) << 80 | 1));
    let client = Client { ip, user_agent: String::new(), device: None, locale: None };
    let ask = Ask { identifier: format!("person{n}"), client, proof: None, door: Door::Api };
    recover::request(app, ask).await.unwrap();
}

/// A server of our own; it is killed when the test ends.
struct Running(Child);

impl Running {
    /// SIGKILL: no destructor runs, nothing is flushed.
    fn kill(mut self) {
        assert!(self.0.try_wait().unwrap().is_none(), "it had ended by itself");
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Looks until the condition holds.
async fn until(what: &str, log: &Path, mut holds: impl AsyncFnMut() -> bool) {
    let looked = tokio::time::timeout(PATIENCE, async {
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        while !holds().await {
            tick.tick().await;
        }
    });
    let told = || std::fs::read_to_string(log).unwrap_or_default();
    assert!(looked.await.is_ok(), "{what} did not come about; the server's log:\n{}", told());
}

/// Message ids in the sink, each with how often it is there.
fn arrived(sink: &Sink) -> HashMap<String, usize> {
    let mut all = HashMap::new();
    for mail in sink.kept() {
        let text = String::from_utf8(mail.bytes()).unwrap();
        let line = text.lines().find_map(|l| l.strip_prefix("Message-ID: <")).unwrap();
        *all.entry(line.split('@').next().unwrap().to_owned()).or_default() += 1;
    }
    all
}

/// How many messages the sink has written out, without reading them.
fn kept(sink: &Sink) -> usize {
    let files = std::fs::read_dir(sink.dir.path()).unwrap();
    files.filter(|f| f.as_ref().unwrap().path().extension().is_some_and(|e| e == "json")).count()
}

async fn killed_at(moments: &[usize]) {
    let Some(sink) = Sink::start(&[]) else { return };
    let scene = Scene::new(PEOPLE, PEOPLE / 2).await;
    let log = scene.dir.path().join("log.txt");
    for moment in moments {
        let server = scene.start(sink.port);
        until(&format!("{moment} messages"), &log, async || kept(&sink) >= *moment).await;
        server.kill();
        assert!(kept(&sink) < PEOPLE, "it was killed too late to cut anything off");
    }
    let server = scene.start(sink.port);
    until("an empty outbox", &log, async || scene.is_done().await).await;
    server.kill();

    let arrived = arrived(&sink);
    assert!(arrived.values().all(|times| *times == 1), "sent twice");
    let mut recipients: Vec<String> = sink.kept().iter().map(|m| m.facts["to"][0].to_string()).collect();
    recipients.sort();
    recipients.dedup();
    assert_eq!(recipients.len(), arrived.len(), "one message for each mailbox");
    let on_record = rows(&mut scene.db.conn().await, "messages", &["id", "state"]).await;
    assert_eq!(on_record.len(), PEOPLE, "nothing is lost");
    for row in &on_record {
        let (id, state) = row.trim().split_once(" state=").unwrap();
        let there = arrived.contains_key(id.strip_prefix("id=").unwrap());
        assert!(matches!((state, there), ("sent", true) | ("unknown", _)), "{row} in the sink: {there}");
    }
    let unknown = scene.count(State::Unknown).await;
    assert!(unknown <= CONNECTIONS * moments.len(), "{unknown} unknown after {} kills", moments.len());
    scene.evidence_is_sound().await;
}

#[tokio::test]
async fn killed_early() {
    killed_at(&[1]).await;
}

#[tokio::test]
async fn killed_in_the_middle_and_again_and_again() {
    killed_at(&[20, 61, 128]).await;
}

#[tokio::test]
async fn a_mail_server_that_is_away_costs_time_and_no_message() {
    let Some(sink) = Sink::start(&[]) else { return };
    let scene = Scene::new(6, 6).await;
    let log = scene.dir.path().join("log.txt");
    // A port that nobody listens on: bound, then let go.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = scene.start(nobody);
    let tried = async || {
        let attempts = rows(&mut scene.db.conn().await, "messages", &["attempts", "state"]).await;
        attempts.iter().all(|r| r.ends_with("state=queued ") && !r.starts_with("attempts=0"))
    };
    until("a try of every message", &log, tried).await;
    server.kill();
    let server = scene.start(sink.port);
    until("an empty outbox", &log, async || scene.is_done().await).await;
    server.kill();
    assert_eq!((scene.count(State::Sent).await, arrived(&sink).len(), kept(&sink)), (6, 6, 6));
    scene.evidence_is_sound().await;
}
