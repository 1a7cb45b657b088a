//! How soon does a containment on 17.5 million of 20 million accounts hold, also after a restart, and what does a check cost?
//!
//! `cargo bench -p countersign --bench containment -- DIRECTORY [ACCOUNTS [CONTAINED]]`
//!
//! The directory's index is made of account ids only, without rows in the database behind it: the check asks memory, and
//! that is what is measured. The server is a process's whole `serve` on loopback; the client keeps one connection.

#![expect(clippy::disallowed_methods, reason = "a bench measures time, and reads its arguments")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on fails")]

use countersign::app::App;
use countersign::config::Config;
use countersign::expose::index_file;
use countersign::flows::api_keys::{self, Scope};
use countersign::flows::exposure::check::{self, Who};
use countersign::flows::exposure::contain::{self, Put};
use countersign::flows::exposure::{self, directory};
use countersign::flows::staff::Actor;
use countersign::jobs::Outside;
use countersign::serve::{self, Running};
use countersign::store::exposure::cohorts::{self, Cohort};
use countersign::store::{Place, StoreError};
use countersign_core::expose::cohort::Accounts;
use countersign_core::expose::containment::Containment;
use countersign_core::expose::index::{Builder, Entry, Header};
use countersign_core::expose::key::Kind;
use countersign_core::ids::AccountId;
use countersign_core::staff::Reason;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

const CHECKS: u32 = 1_000_000;
const ROUNDS: usize = 20_000;

fn main() {
    let mut args = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let Some(dir) = args.next() else {
        println!("containment: not run; name a directory: cargo bench -p countersign --bench containment -- DIRECTORY");
        return;
    };
    let mut number = |fallback: u32| args.next().and_then(|a| a.parse().ok()).unwrap_or(fallback);
    let (accounts, contained) = (number(20_000_000), number(17_500_000));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(Path::new(&dir), accounts, contained));
}

/// The id of an account: as long and as mixed as real ones.
fn id(number: u32) -> AccountId {
    let mut value = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut text = String::from("acc_");
    for n in 0..26 {
        if n == 12 {
            value = u64::from(number).wrapping_mul(0xd6e8_feb8_6659_fd93) ^ 0x5bd1;
        }
        text.push(char::from(b"0123456789abcdefghjkmnpqrstvwxyz"[(value & 31) as usize]));
        value >>= 5;
    }
    AccountId::parse(&text).unwrap()
}

async fn open(dir: &Path) -> App {
    let config = Config::from_parts(None, []).unwrap();
    serve::open(config, &Place::File(dir.join("countersign.db")), dir).await.unwrap()
}

async fn start(app: App) -> Running {
    serve::start(app, Outside::default(), "127.0.0.1:0".parse().unwrap()).await.unwrap()
}

async fn run(dir: &Path, accounts: u32, contained: u32) {
    std::fs::create_dir_all(dir).unwrap();
    let app = open(dir).await;
    index(&app, dir, accounts).await;
    let (_, key) = api_keys::create(&app, &Actor::Command, "bench", &Scope::ALL, None).await.unwrap();
    let running = start(app).await;
    let mut client = Client::new(running.address, key.expose());
    let set = somebody(accounts, contained);
    let inside = id(set.iter().next().unwrap());
    assert_eq!(client.check(&inside), "allow");
    println!("{} of {accounts} accounts, {} bytes as a bitmap", set.len(), set.size_bytes());

    let begun = Instant::now();
    let digest = commit(&running.app, set).await;
    let kind = Containment::MustReset;
    let put = Put { cohort: digest, kind, until: None, reason: Reason::parse("bench").unwrap() };
    contain::put(&running.app, &Actor::Command, put).await.unwrap();
    let put = begun.elapsed();
    assert_eq!(client.check(&inside), "must_reset");
    println!(
        "from the commit of the cohort to the first check that says so: {:?} ({put:?} until it was put)",
        begun.elapsed()
    );

    checks(&running.app, accounts).await;
    trips(&mut client, accounts);
    running.stop().await;

    let begun = Instant::now();
    let running = start(open(dir).await).await;
    let up = begun.elapsed();
    let mut client = Client::new(running.address, key.expose());
    assert_eq!(client.check(&inside), "must_reset");
    println!("after a restart: {:?} from the opening of the database ({up:?} until it listens)", begun.elapsed());
    running.stop().await;
}

/// An index of nothing but ids.
async fn index(app: &App, dir: &Path, accounts: u32) {
    exposure::follow(app).await.unwrap();
    let key = app.exposure.directory.shown().unwrap().key().clone();
    let (begun, path) = (Instant::now(), dir.join(directory::FILE_NAME));
    let as_of = app.clock.now().micros();
    let mut builder = Builder::new(Header { key: key.id(), as_of, accounts, formers: 0 });
    for number in 0..accounts {
        builder.push(Entry { hash: key.hash(Kind::AccountId, id(number).as_str().as_bytes()), account: number });
    }
    let index = index_file::finish(builder, Some(&path)).unwrap();
    println!("index of {} ids made in {:.1} s", index.len(), begun.elapsed().as_secs_f64());
    directory::open(app).await.unwrap();
}

/// So many of all, at random: runs would be too easy for a bitmap.
fn somebody(accounts: u32, contained: u32) -> Accounts {
    let mut rng = StdRng::seed_from_u64(7);
    let share = f64::from(contained) / f64::from(accounts);
    Accounts::of((0..accounts).filter(|_| rng.random_bool(share)))
}

async fn commit(app: &App, set: Accounts) -> countersign_core::expose::cohort::CohortDigest {
    let digest = set.digest();
    let size = set.len() as i64;
    let cohort = Cohort { digest, name: "bench".into(), query: "bench".into(), size, created_at: app.clock.now() };
    let done: Result<bool, StoreError> =
        app.store.write(move |conn| Box::pin(async move { cohorts::insert(conn, &cohort, &set).await })).await;
    done.unwrap();
    digest
}

/// What a check costs in the server, without HTTP.
async fn checks(app: &App, accounts: u32) {
    let mut rng = StdRng::seed_from_u64(9);
    let who: Vec<Who> = (0..CHECKS).map(|_| Who::Id(id(rng.random_range(0..accounts)))).collect();
    let (begun, mut held) = (Instant::now(), 0);
    for one in &who {
        held += u32::from(!check::one(app, one).await.unwrap().reasons.is_empty());
    }
    let each = begun.elapsed() / CHECKS;
    println!("a check in the server: {each:?}, {:.1} % of them held", f64::from(held) * 100.0 / f64::from(CHECKS));
}

/// What a check takes over loopback, one after the other.
fn trips(client: &mut Client, accounts: u32) {
    let mut rng = StdRng::seed_from_u64(11);
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let who = id(rng.random_range(0..accounts));
            let begun = Instant::now();
            client.check(&who);
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("a check over HTTP: p50 {:?}, p95 {:?}, p99 {:?}", at(0.5), at(0.95), at(0.99));
}

/// One connection that is kept.
struct Client {
    stream: BufReader<TcpStream>,
    key: String,
}

impl Client {
    fn new(to: SocketAddr, key: &str) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream), key: key.to_owned() }
    }

    /// The decision.
    fn check(&mut self, who: &AccountId) -> String {
        let request = format!(
            "POST /v1/accounts/{who}/check HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}",
            self.key
        );
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut length, mut line) = (0, String::new());
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        body["decision"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
    }
}
