//! Does the time of an answer tell whether an account exists (invariant G1)? Sends pairs of requests, one for an account
//! that exists and one for a name that nobody has, in random order over loopback, to the JSON API and to the hosted form,
//! and prints Welch's t for each. Likewise the console's sign-in: a name that nobody has against one of the staff with the
//! right password and a wrong code, which is the longest way through. The usual bound for "no leak was found" is |t| < 4.5 (TVLA, Goodwill et al. 2011).
//!
//! `cargo bench -p countersign --bench recovery_timing [-- PAIRS]`

#![expect(clippy::disallowed_methods, reason = "a bench measures time, and reads its one argument")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on fails")]

use countersign::app::App;
use countersign::clock::{self, Clock};
use countersign::config::Config;
use countersign::flows::accounts::{Import, Numbered};
use countersign::flows::api_keys::{self, Scope};
use countersign::flows::log::{Log, start as log_start};
use countersign::flows::redeem;
use countersign::flows::staff::Actor;
use countersign::jobs::Outside;
use countersign::keyring::Keyring;
use countersign::serve;
use countersign::store::staff::{self, Staff};
use countersign::store::{Place, Store, StoreError};
use countersign_core::identifier::EmailAddress;
use countersign_core::ids::StaffId;
use countersign_core::import::{AccountRecord, EmailEntry};
use countersign_core::secret::SecretText;
use countersign_core::staff::{Role, Roles};
use countersign_core::time::Timestamp;
use countersign_evidence::note::{Algorithm, SigningKey};
use countersign_evidence::policy::Policy;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

/// Of everybody on the staff.
const PASSWORD: &str = "gravel umbrella 42 thistle";
/// Pairs for each door, unless told otherwise.
const PAIRS: usize = 20_000;
/// Accounts that exist.
const ACCOUNTS: u32 = 20_000;
/// People on the staff; each name has ten tries.
const STAFF: u32 = 2_000;
/// Pairs for the console are fewer: each sign-in hashes a password.
const FEWER: usize = 20;
/// The bound.
const BOUND: f64 = 4.5;

fn main() {
    let pairs = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(PAIRS);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (running, key) = runtime.block_on(start(dir.path()));
    let mut worst = 0.0_f64;
    for (door, pairs) in
        [(Door::Api(key), pairs), (Door::Hosted, pairs), (Door::Console, (pairs / FEWER).min(STAFF as usize * 4))]
    {
        let name = door.name();
        let (known, unknown) = measure(running.address, &door, pairs);
        for (what, share) in [("all", 1.0), ("without the slowest 5 %", 0.95)] {
            let (a, b) = (cropped(&known, &unknown, share), cropped(&unknown, &known, share));
            let t = welch(&a, &b);
            println!(
                "{name:7}  {what:24}  known {:8.1} µs ({})  unknown {:8.1} µs ({})  t = {t:+.2}",
                mean(&a) / 1e3,
                a.len(),
                mean(&b) / 1e3,
                b.len()
            );
            worst = worst.max(t.abs());
        }
    }
    println!("largest |t| = {worst:.2}, bound {BOUND}: {}", if worst < BOUND { "no leak was found" } else { "LEAK" });
    runtime.block_on(running.stop());
    std::process::exit(i32::from(worst >= BOUND));
}

async fn start(dir: &std::path::Path) -> (serve::Running, String) {
    let vars = [("COUNTERSIGN_SERVER__TRUSTED_PROXIES", r#"["127.0.0.1/32"]"#)];
    let vars = vars.map(|(k, v)| (k.to_owned(), v.to_owned()));
    let config = Config::from_parts(None, vars).unwrap();
    let store = Store::open(&Place::File(dir.join("countersign.db")), 4).await.unwrap();
    let key = SigningKey::from_seed("bench.example.org/evidence", Algorithm::Ed25519, &[7; 32]).unwrap();
    let log = Log::new(key, Policy::none(), None);
    let app = App::new(config, store, Keyring::derive(&[7; 32]), log, Clock::system(), clock::generator());
    log_start::start(&app, None).await.unwrap();
    make_accounts(&app).await;
    make_staff(&app).await;
    let (_, key) = api_keys::create(&app, &Actor::Command, "bench", &[Scope::RecoveryRequest], None).await.unwrap();
    let address = "127.0.0.1:0".parse().unwrap();
    (serve::start(app, Outside::default(), address).await.unwrap(), key.expose().to_owned())
}

/// The address of account `number`, or one of the same length that nobody has.
fn name_of(number: u32, exists: bool) -> String {
    format!("{}{number:06}@example.org", if exists { "somebody" } else { "nobodies" })
}

async fn make_accounts(app: &App) {
    let mut import = Import::new(app.clone(), false);
    for first in (0..ACCOUNTS).step_by(2000) {
        let batch = (first..ACCOUNTS.min(first + 2000)).map(|n| {
            let email = EmailAddress::parse(&name_of(n, true)).unwrap();
            Numbered { line: u64::from(n) + 1, record: account(n, email) }
        });
        assert!(import.batch(batch.collect()).await.unwrap().rejected.is_empty());
    }
}

/// People with one password and one authenticator.
async fn make_staff(app: &App) {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let hash = redeem::hash(app, SecretText::new(PASSWORD)).await.unwrap();
    let everybody: Vec<Staff> = (0..STAFF).map(|n| person(StaffId::new(now, &mut rng), n, now)).collect();
    let secrets: Vec<Vec<u8>> =
        everybody.iter().map(|s| app.keys.seal(s.id.as_str().as_bytes(), [0; 12], &[7; 20])).collect();
    let made: Result<(), StoreError> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                for (who, secret) in everybody.iter().zip(secrets) {
                    assert!(staff::insert(conn, who, None).await?);
                    staff::set_password(conn, &who.id, Some(&hash)).await?;
                    staff::set_totp(conn, &who.id, Some(secret), 0).await?;
                }
                Ok(())
            })
        })
        .await;
    made.unwrap();
}

fn person(id: StaffId, number: u32, now: Timestamp) -> Staff {
    Staff {
        id,
        name: staff_name(number, true),
        shown_name: "somebody".to_owned(),
        roles: Roles::of(&[Role::Viewer]),
        password_hash: None,
        totp_sealed: None,
        oidc_issuer: None,
        created_at: now,
        disabled_at: None,
    }
}

/// What somebody signs in with, or a name of the same length that nobody has.
fn staff_name(number: u32, exists: bool) -> String {
    format!("{}{number:06}", if exists { "person" } else { "nobody" })
}

fn account(number: u32, address: EmailAddress) -> AccountRecord {
    AccountRecord {
        external_id: format!("bench-{number}"),
        user_names: vec![],
        emails: vec![EmailEntry { address, confirmed: true }],
        phones: vec![],
        locale: None,
        region: None,
        party: None,
        flags: vec![],
        password_hash: None,
        totp_secret: None,
        created_at: None,
    }
}

enum Door {
    Api(String),
    Hosted,
    Console,
}

impl Door {
    const fn name(&self) -> &'static str {
        match self {
            Self::Api(_) => "api",
            Self::Hosted => "hosted",
            Self::Console => "console",
        }
    }

    /// A request for `identifier` from an address that is seen once.
    fn request(&self, identifier: &str, source: u64, nonce: &str) -> Vec<u8> {
        let [a, b, c, d] = [48, 32, 16, 0].map(|shift| (source >> shift) & 0xffff);
        let ip = format!("2001:db8:{a:x}:{b:x}:{c:x}:{d:x}::1");
        let (path, kind, extra, body) = match self {
            Self::Api(key) => (
                "/v1/recovery/requests",
                "application/json",
                format!("Authorization: Bearer {key}\r\n"),
                format!(r#"{{"identifier":"{identifier}","client":{{"ip":"{ip}","user_agent":"bench"}}}}"#),
            ),
            Self::Hosted => (
                "/recover",
                "application/x-www-form-urlencoded",
                format!("X-Forwarded-For: {ip}\r\n"),
                format!("nonce={nonce}&identifier={}", identifier.replace('@', "%40")),
            ),
            Self::Console => (
                "/console/sign-in",
                "application/x-www-form-urlencoded",
                format!("X-Forwarded-For: {ip}\r\n"),
                format!("name={identifier}&password={}&code=000000", PASSWORD.replace(' ', "+")),
            ),
        };
        let length = body.len();
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n");
        format!("{head}{extra}\r\n{body}").into_bytes()
    }
}

/// Nanoseconds for known and for unknown identifiers.
fn measure(address: SocketAddr, door: &Door, pairs: usize) -> (Vec<f64>, Vec<f64>) {
    let mut rng = StdRng::seed_from_u64(42);
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_nodelay(true).unwrap();
    let (mut known, mut unknown) = (vec![], vec![]);
    let mut nonce = String::new();
    for pair in 0..pairs {
        // A form is good for a while; a fresh one now and then.
        if pair % 1000 == 0 && matches!(door, Door::Hosted) {
            nonce = form_nonce(address);
        }
        let known_first = rng.next_u32() & 1 == 0;
        for turn in [known_first, !known_first] {
            let name = match door {
                Door::Console => staff_name(pair as u32 % STAFF, turn),
                _ => name_of(rng.next_u32() % ACCOUNTS, turn),
            };
            let request = door.request(&name, rng.next_u64(), &nonce);
            let took = exchange(&mut connection, &request);
            if pair >= pairs / 50 {
                if turn { &mut known } else { &mut unknown }.push(took);
            }
        }
    }
    (known, unknown)
}

fn exchange(connection: &mut TcpStream, request: &[u8]) -> f64 {
    let start = Instant::now();
    connection.write_all(request).unwrap();
    let status = read_answer(connection).0;
    let took = start.elapsed().as_nanos() as f64;
    assert!(matches!(status, 200 | 202 | 401), "an answer of {status}");
    took
}

/// One answer with a Content-Length: its status and its body.
fn read_answer(connection: &mut TcpStream) -> (u16, String) {
    let mut bytes = Vec::with_capacity(8192);
    let mut chunk = [0; 16_384];
    loop {
        let count = connection.read(&mut chunk).unwrap();
        assert!(count > 0, "the connection was closed");
        bytes.extend_from_slice(&chunk[..count]);
        let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).map_or(0, |l| l.parse().unwrap());
        if bytes.len() >= end + 4 + length {
            let status = head[9..12].parse().unwrap();
            return (status, String::from_utf8_lossy(&bytes[end + 4..]).into_owned());
        }
    }
}

fn form_nonce(address: SocketAddr) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(b"GET /recover HTTP/1.1\r\nHost: bench\r\n\r\n").unwrap();
    let page = read_answer(&mut connection).1;
    let field = page.split("name=\"nonce\"").nth(1).unwrap();
    field.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// The samples below the share's quantile of both together: one bound for both, or the cut itself would differ.
fn cropped(samples: &[f64], others: &[f64], share: f64) -> Vec<f64> {
    let mut all: Vec<f64> = samples.iter().chain(others).copied().collect();
    all.sort_by(f64::total_cmp);
    let bound = all[((all.len() - 1) as f64 * share) as usize];
    samples.iter().copied().filter(|s| *s <= bound).collect()
}

fn mean(samples: &[f64]) -> f64 {
    samples.iter().sum::<f64>() / samples.len() as f64
}

/// Welch's t (B. L. Welch, 1947).
fn welch(a: &[f64], b: &[f64]) -> f64 {
    let spread = |s: &[f64]| {
        let mean = mean(s);
        s.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (s.len() as f64 - 1.0) / s.len() as f64
    };
    (mean(a) - mean(b)) / (spread(a) + spread(b)).sqrt()
}
