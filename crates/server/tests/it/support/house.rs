//! An `App` on a database of its own with a clock that stands, people in it, and eyes on everything it leaves behind.

use super::db::Db;
use super::people::{self, Person};
use countersign::app::App;
use countersign::clock::Clock;
use countersign::config::Config;
use countersign::flows::client::Client;
use countersign::flows::dispatch::decide_batch;
use countersign::flows::log::Log;
use countersign::flows::outbox::{self, Material};
use countersign::flows::recover::{self, Accepted, Ask, Door, Proof};
use countersign::flows::redeem::{self, Redeem, Redeemed};
use countersign::flows::seal::Leaving;
use countersign::keyring::Keyring;
use countersign::store::db::sql;
use countersign::store::messages::{self, Message, State};
use countersign::store::{directory, evidence, gate};
use countersign_core::gate::{Mode, proof};
use countersign_core::identifier;
use countersign_core::ids::AccountId;
use countersign_core::message::{MailAddress, Template};
use countersign_core::secret::SecretText;
use countersign_core::time::Timestamp;
use countersign_evidence::Hash;
use countersign_evidence::note::{Algorithm, SigningKey};
use countersign_evidence::policy::Policy;
use rand::{SeedableRng, rngs::StdRng};
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// When every test begins.
pub const START: Timestamp = Timestamp::from_secs(1_768_400_000);
/// A password that the policy likes.
pub const NEW_PASSWORD: &str = "gravel umbrella 42 thistle";

/// One node, and what a test needs around it.
pub struct House {
    pub app: App,
    pub clock: Clock,
    pub db: Db,
    sources: AtomicU64,
    others: AtomicU64,
}

impl House {
    pub async fn new(db: Db) -> Self {
        Self::on(db, log()).await
    }

    /// One whose log is witnessed as `policy` says.
    pub async fn witnessed(db: Db, policy: Policy) -> Self {
        Self::on(db, log_with(policy)).await
    }

    async fn on(db: Db, log: Log) -> Self {
        let clock = Clock::manual(START);
        Self {
            app: node_with(&db, &clock, 1, log).await,
            clock,
            db,
            sources: AtomicU64::new(0),
            others: AtomicU64::new(0),
        }
    }

    /// Another node on the same database, with the same keys and clock.
    pub async fn another(&self) -> App {
        // Every node has dice of its own.
        node(&self.db, &self.clock, 100 + self.others.fetch_add(1, Ordering::SeqCst)).await
    }

    /// The server started again on the same database, with a clock that shows `at`.
    pub async fn restarted(&self, at: Timestamp) -> Self {
        let clock = Clock::manual(at);
        let sources = AtomicU64::new(self.sources.load(Ordering::SeqCst));
        Self { app: node(&self.db, &clock, 3).await, clock, db: self.db.clone(), sources, others: AtomicU64::new(0) }
    }

    pub async fn add(&self, person: &Person) -> AccountId {
        people::insert(&mut self.db.conn().await, person, self.clock.now(), &mut self.app.rng()).await
    }

    pub fn pass(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }

    /// Somebody at an address that no limit has seen.
    pub fn client(&self) -> Client {
        let n = u128::from(self.sources.fetch_add(1, Ordering::SeqCst));
        let ip = Ipv6Addr::from_bits(0x2001_0db8 << 96 | n << 80 | 1);
        Client { ip: IpAddr::V6(ip), user_agent: "Mozilla/5.0 (Android 14)".into(), device: None, locale: None }
    }

    pub fn asking(&self, identifier: &str) -> Ask {
        Ask { identifier: identifier.to_owned(), client: self.client(), proof: None, door: Door::Api }
    }

    pub async fn ask(&self, identifier: &str) -> Accepted {
        recover::request(&self.app, self.asking(identifier)).await.unwrap()
    }

    pub async fn ask_with(&self, identifier: &str, proof: Proof) -> Accepted {
        recover::request(&self.app, Ask { proof: Some(proof), ..self.asking(identifier) }).await.unwrap()
    }

    pub async fn ask_from(&self, identifier: &str, device: &SecretText) -> Accepted {
        let mut ask = self.asking(identifier);
        ask.client.device = Some(device.expose().to_owned());
        recover::request(&self.app, ask).await.unwrap()
    }

    /// The answer to a challenge for an identifier that costs up to `max_number`.
    pub fn solution(&self, identifier: &str, max_number: u64) -> String {
        let (app, now) = (&self.app, self.clock.now());
        let key = recover::identifier_key(app, &identifier::parse(identifier).unwrap());
        let bind = proof::binding(&app.keys.proof, &app.config.server.origin.to_string(), &key);
        let until = proof::expiry(now, app.config.gate.policy.proof.ttl_secs);
        proof::answer(&app.keys.proof, &proof::challenge(&app.keys.proof, &bind, max_number, until, &mut app.rng()))
    }

    pub async fn ask_with_work(&self, identifier: &str) -> Accepted {
        self.ask_with(identifier, Proof::Altcha(self.solution(identifier, 200_000_000))).await
    }

    /// Decides until nothing more can be decided now; how many messages came of it.
    pub async fn decide(&self) -> usize {
        let mut sent = 0;
        loop {
            let done = decide_batch(&self.app).await.unwrap();
            sent += done.sent;
            if done.looked_at == 0 || !done.progressed() {
                return sent;
            }
        }
    }

    /// Asks and decides; the one message that came of it.
    pub async fn message_for(&self, identifier: &str) -> Message {
        self.ask(identifier).await;
        assert_eq!(self.decide().await, 1);
        self.latest(Template::Recovery).await
    }

    /// Likewise with a solved challenge.
    pub async fn message_for_with_work(&self, identifier: &str) -> Message {
        self.ask_with_work(identifier).await;
        assert_eq!(self.decide().await, 1);
        self.latest(Template::Recovery).await
    }

    /// Every message on record, the oldest first.
    pub async fn messages(&self) -> Vec<Message> {
        let mut conn = self.db.conn().await;
        let rows = sql("SELECT id FROM accounts").fetch_all(&mut conn).await.unwrap();
        let mut all = vec![];
        for row in rows {
            let id = AccountId::parse(&row.text(0).unwrap()).unwrap();
            all.extend(messages::of_account(&mut conn, &id, None, 10_000).await.unwrap());
        }
        all.sort_by_key(|m| (m.created_at, m.template, m.to_masked.clone()));
        all
    }

    /// Template, masked address and language of every message on record, the oldest first.
    pub async fn letters(&self) -> Vec<String> {
        let line = |m: &Message| format!("{} {} {}", m.template.as_str(), m.to_masked, m.locale);
        self.messages().await.iter().map(line).collect()
    }

    pub async fn latest(&self, template: Template) -> Message {
        let all = self.messages().await;
        all.into_iter().filter(|m| m.template == template).max_by_key(|m| m.created_at).unwrap()
    }

    /// What the message says in secret.
    pub async fn opened(&self, message: &Message) -> Material {
        outbox::material(&self.app, message).await.unwrap().unwrap()
    }

    /// The kinds of all evidence entries, in order.
    pub async fn kinds(&self) -> Vec<String> {
        let mut conn = self.db.conn().await;
        let rows = sql("SELECT kind FROM evidence ORDER BY seq").fetch_all(&mut conn).await.unwrap();
        rows.iter().map(|row| row.text(0).unwrap()).collect()
    }

    pub async fn account(&self, id: &AccountId) -> directory::Account {
        directory::by_id(&mut self.db.conn().await, id).await.unwrap().unwrap()
    }

    pub async fn password_is(&self, id: &AccountId, password: &str) -> bool {
        people::is_hash_of(self.account(id).await.password_hash.as_deref(), password)
    }

    pub fn redeeming(&self, token: &SecretText) -> Redeem {
        let (token, password) = (token.clone(), SecretText::new(NEW_PASSWORD));
        Redeem { token, password, second_factor: None, client: self.client() }
    }

    pub async fn redeem(&self, token: &SecretText) -> countersign::flows::Result<Redeemed> {
        redeem::redeem(&self.app, self.redeeming(token)).await
    }

    /// Redeems at once; the device token.
    pub async fn done(&self, token: &SecretText) -> SecretText {
        match self.redeem(token).await.unwrap() {
            Redeemed::Done { device_token } => device_token,
            Redeemed::Waiting { .. } => panic!("the change waits"),
        }
    }

    /// Drains the budget of requests that show nothing, so that proof is asked for.
    pub async fn besiege(&self) {
        let mut conn = self.db.conn().await;
        let policy = &self.app.config.gate.policy.budget;
        let mut budgets = gate::budgets_locked(&mut conn, policy, self.clock.now()).await.unwrap();
        budgets.anonymous.level_milli = 0;
        gate::save_budgets(&mut conn, &budgets).await.unwrap();
        decide_batch(&self.app).await.unwrap();
        assert_eq!(self.app.gate().mode, Mode::Proof);
    }

    /// Nothing is left to do, and every evidence entry fits its commitment.
    pub async fn is_sound(&self) {
        let mut conn = self.db.conn().await;
        let (mut after, mut checked) = (0, evidence::Checked::default());
        while let (found, Some(last)) = evidence::check(&mut conn, after, 1000).await.unwrap() {
            (after, checked) = (last, evidence::Checked { sound: checked.sound + found.sound, ..found });
            assert_eq!((found.broken, found.erased), (0, 0));
        }
        assert_eq!(checked.sound, evidence::count(&mut conn).await.unwrap());
        assert_eq!(messages::count_state(&mut conn, State::Sending).await.unwrap(), 0);
    }
}

async fn node(db: &Db, clock: &Clock, seed: u64) -> App {
    node_with(db, clock, seed, log()).await
}

async fn node_with(db: &Db, clock: &Clock, seed: u64, log: Log) -> App {
    let mut config = Config::defaults();
    config.password.argon2.memory_kib = 8;
    config.password.argon2.iterations = 1;
    config.gate.policy.source.table_entries = 1 << 12;
    App::new(config, db.open().await, Keyring::derive(&[9; 32]), log, clock.clone(), StdRng::seed_from_u64(seed))
}

/// A log with the key that every test's log has.
pub fn log() -> Log {
    log_with(Policy::none())
}

/// The same, witnessed as `policy` says.
pub fn log_with(policy: Policy) -> Log {
    log_kept(policy, None)
}

/// The same, with a place for its newest checkpoint.
pub fn log_beside(kept_at: PathBuf) -> Log {
    log_kept(Policy::none(), Some(kept_at))
}

fn log_kept(policy: Policy, kept_at: Option<PathBuf>) -> Log {
    let key = SigningKey::from_seed("login.example.org/evidence", Algorithm::Ed25519, &[6; 32]).unwrap();
    Log::new(key, policy, kept_at)
}

/// A message as it leaves, as far as its seal tells of it, with some text.
pub fn leaving(message: &Message, text: &str) -> Leaving {
    let address = |text: &str| MailAddress::parse(text).unwrap();
    Leaving {
        digest: Hash::of(text.as_bytes()),
        from: address("Accounts@example.org"),
        to: address(&message.to_address),
    }
}
