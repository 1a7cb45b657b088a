//! How fast are the pages of the console with 10 million accounts and 10 million messages in SQLite?
//!
//! `cargo bench -p countersign --bench console -- DIRECTORY [ACCOUNTS [MESSAGES [REQUESTS]]]`
//!
//! The first run fills `DIRECTORY/countersign.db` (about 12 GB, some minutes); later runs find it there. Then it shows how
//! SQLite answers every question of the overview, serves the console over loopback HTTP, and asks for pages one after
//! the other. The clock is moved by a second before each request, so that none is answered from the numbers of the last.

#![expect(clippy::disallowed_methods, reason = "a bench measures time, and reads its arguments")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on fails")]

#[path = "console/seed.rs"]
mod seed;

use countersign::app::App;
use countersign::clock::{self, Clock};
use countersign::config::Config;
use countersign::flows::client::Client;
use countersign::flows::log::{Log, start as log_start};
use countersign::flows::staff::links::{self, Enrol};
use countersign::flows::staff::people::{self, Invite};
use countersign::flows::staff::{Actor, sessions};
use countersign::flows::traffic;
use countersign::keyring::Keyring;
use countersign::serve;
use countersign::store::db::sql;
use countersign::store::{Place, Store, overview, traffic as numbers};
use countersign_core::secret::SecretText;
use countersign_core::staff::{Role, Roles};
use countersign_evidence::note::{Algorithm, SigningKey};
use countersign_evidence::policy::Policy;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// Requests for each figure.
const ROUNDS: usize = 400;

fn main() {
    let mut args = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let Some(dir) = args.next() else {
        println!("console: not run; name a directory: cargo bench -p countersign --bench console -- DIRECTORY");
        return;
    };
    let mut number = |fallback: i64| args.next().and_then(|a| a.parse().ok()).unwrap_or(fallback);
    let size = seed::Size { accounts: number(10_000_000), messages: number(10_000_000), requests: number(2_000_000) };
    // The client speaks plain HTTP here, but does not start without knowing how to do more.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(Path::new(&dir), size));
}

async fn run(dir: &Path, size: seed::Size) {
    let path = dir.join("countersign.db");
    std::fs::create_dir_all(dir).unwrap();
    if !dir.join("seeded").exists() {
        seed::fill(&path, size).await;
        std::fs::write(dir.join("seeded"), "").unwrap();
    }
    println!("database: {:.1} GB", std::fs::metadata(&path).unwrap().len() as f64 / 1e9);
    let begun = Instant::now();
    let app = app(&path).await;
    println!("opened (SQLite's own check reads all of it) in {:.1} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    while traffic::settle(&app).await.unwrap() {}
    println!("a fortnight of minutes counted in {:.1} s", begun.elapsed().as_secs_f64());
    plans(&app).await;
    let bench = Bench::start(app).await;
    bench.all().await;
}

async fn app(path: &Path) -> App {
    let store = Store::open(&Place::File(path.to_owned()), 4).await.unwrap();
    let key = SigningKey::from_seed("bench.example.org/evidence", Algorithm::Ed25519, &[7; 32]).unwrap();
    let vars = [("COUNTERSIGN_CONSOLE__IDLE_TIMEOUT", "1h"), ("COUNTERSIGN_CONSOLE__SESSION_LIFETIME", "24h")];
    let vars = vars.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let config = Config::from_parts(None, vars).unwrap();
    // A start later than the last run's end, so that its sessions and entries are in the past.
    let mut conn = store.read().await.unwrap();
    let latest = countersign::store::evidence::latest(&mut conn).await.unwrap();
    drop(conn);
    let now = latest.map_or(seed::NOW, |at| at.plus(Duration::from_secs(1)).max(seed::NOW));
    let log = Log::new(key, Policy::none(), None);
    let app = App::new(config, store, Keyring::derive(&[7; 32]), log, Clock::manual(now), clock::generator());
    log_start::start(&app, None).await.unwrap();
    app
}

async fn plans(app: &App) {
    println!("\nhow SQLite answers what the overview asks:");
    let mut conn = app.store.read().await.unwrap();
    for statement in numbers::statements().into_iter().chain(overview::statements()) {
        println!("  {statement}");
        for row in sql(format!("EXPLAIN QUERY PLAN {statement}")).fetch_all(&mut conn).await.unwrap() {
            println!("      {}", row.text(3).unwrap());
        }
    }
}

/// A server with somebody signed in.
struct Bench {
    app: App,
    origin: String,
    cookie: String,
    web: reqwest::Client,
}

impl Bench {
    async fn start(app: App) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let service = serve::router(&app).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(axum::serve(listener, service).into_future());
        let cookie = sign_in(&app).await;
        let web = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { app, origin, cookie, web }
    }

    /// Time and size of one answer.
    async fn get(&self, path: &str) -> (Duration, usize) {
        let begun = Instant::now();
        let answer =
            self.web.get(format!("{}{path}", self.origin)).header("cookie", &self.cookie).send().await.unwrap();
        let status = answer.status();
        let body = answer.bytes().await.unwrap();
        assert!(status.is_success(), "{path}: {status}");
        (begun.elapsed(), body.len())
    }

    async fn row(&self, name: &str, path: &str, step: Duration) {
        let mut times = Vec::with_capacity(ROUNDS);
        let mut size = 0;
        for _ in 0..ROUNDS {
            self.app.clock.advance(step);
            let (time, bytes) = self.get(path).await;
            times.push(time);
            size = bytes;
        }
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        println!("{name:<42} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {:>8}", at(0.5), at(0.95), at(0.99), at(1.0), size);
    }

    /// The first answers when nothing is in memory.
    async fn cold(&self, path: &str) {
        let mut told = Vec::new();
        for _ in 0..10 {
            let dropped = std::fs::write("/proc/sys/vm/drop_caches", "1").is_ok();
            self.app.clock.advance(Duration::from_secs(1));
            let (time, _) = self.get(path).await;
            told.push(format!("{:.1}{}", time.as_secs_f64() * 1e3, if dropped { "" } else { " (warm)" }));
        }
        println!("cold, ms, the system's cache dropped before each: {path}: {}", told.join(" "));
    }

    async fn all(&self) {
        let second = Duration::from_secs(1);
        let account = seed::account_id(4_000_000.min(seed::accounts(&self.app).await - 1));
        let account = format!("/console/accounts/{account}");
        println!();
        for path in ["/console", "/console/traffic?span=fortnight", "/console/messages", &account] {
            self.cold(path).await;
        }
        println!(
            "\n{:<42} {:>8} {:>8} {:>8} {:>8} {:>8}",
            "page, warm; ms over loopback", "p50", "p95", "p99", "most", "bytes"
        );
        self.row("overview, numbers looked up anew", "/console", second).await;
        self.row("overview, within the same second", "/console", Duration::ZERO).await;
        self.row("traffic, an hour", "/console/traffic?span=hour", second).await;
        self.row("traffic, a day", "/console/traffic?span=day", second).await;
        self.row("traffic, a fortnight", "/console/traffic?span=fortnight", second).await;
        self.row("register", "/console/messages", second).await;
        self.row("an account", &account, second).await;
        self.weight().await;
    }

    async fn weight(&self) {
        let (_, page) = self.get("/console").await;
        let answer =
            self.web.get(format!("{}/console", self.origin)).header("cookie", &self.cookie).send().await.unwrap();
        let html = answer.text().await.unwrap();
        let mut all = page;
        for link in html.split('"').filter(|text| text.starts_with("/assets/")) {
            all += self.get(link).await.1;
        }
        println!("\noverview: {page} bytes with a cache, {all} without");
    }
}

async fn sign_in(app: &App) -> String {
    let client = Client { ip: [192, 0, 2, 1].into(), user_agent: String::new(), device: None, locale: None };
    let name = format!("bench{}", app.clock.now().secs());
    let roles = Roles::of(&Role::ALL);
    let invite = Invite { name, shown_name: String::new(), roles };
    let (_, issued) = people::invite(app, &Actor::Command, &invite).await.unwrap();
    let secret = SecretText::new(issued.url.expose().rsplit('/').next().unwrap());
    let welcome = links::look(app, &secret, &client).await.unwrap();
    let offered = welcome.offer.unwrap().text().expose().replace(' ', "");
    let bytes = data_encoding::BASE32_NOPAD.decode(offered.as_bytes()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(bytes).build().unwrap();
    let code = SecretText::new(totp.generate(app.clock.now().secs().unsigned_abs()).to_string());
    let password = SecretText::new("gravel umbrella 42 thistle");
    let enrolled = links::enrol(app, Enrol { secret, password, code, client }).await.unwrap();
    assert!(sessions::seat(app, &enrolled.opened.token).await.unwrap().is_some());
    format!("cs_console={}", enrolled.opened.token.expose())
}
