//! The hosted pages of a real `App` on a free port, with a database of its own.

use super::house::leaving;
use countersign::app::App;
use countersign::clock::Clock;
use countersign::config::Config;
use countersign::flows::client::Client;
use countersign::flows::dispatch;
use countersign::flows::log::integrate::integrate;
use countersign::flows::log::{Log, start as log_start};
use countersign::flows::outbox::{self, Ended};
use countersign::flows::recover::{self, Ask, Door};
use countersign::flows::secrets::{self, Purpose};
use countersign::keyring::Keyring;
use countersign::last_seen;
use countersign::serve;
use countersign::store::db::sql;
use countersign::store::messages::Message;
use countersign::store::tickets::{self, Ticket};
use countersign::store::{Place, Store, StoreError};
use countersign_core::ids::AccountId;
use countersign_core::message::CountersignCode;
use countersign_core::time::Timestamp;
use rand::{SeedableRng, rngs::StdRng};
use std::net::SocketAddr;

/// A site that runs until the test ends.
pub struct Site {
    /// Where it is reached.
    pub origin: String,
    /// What it is made of.
    pub app: App,
    _dir: tempfile::TempDir,
}

impl Site {
    /// Starts it with settings as the environment would give them.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = super::house::log_beside(dir.path().join(last_seen::FILE_NAME));
        Self::start_in(dir, settings, log).await
    }

    /// Likewise, with a log of the test's own.
    pub async fn start_with(settings: &[(&str, &str)], log: Log) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), settings, log).await
    }

    /// Likewise, reached by a name (passkeys belong to one), with a clock of the test's choice.
    pub async fn start_named(settings: &[(&str, &str)], clock: Clock) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = super::house::log_beside(dir.path().join(last_seen::FILE_NAME));
        Self::start_at("localhost", dir, settings, log, clock).await
    }

    async fn start_in(dir: tempfile::TempDir, settings: &[(&str, &str)], log: Log) -> Self {
        let clock = Clock::manual(Timestamp::from_secs(1_768_400_000));
        Self::start_at("127.0.0.1", dir, settings, log, clock).await
    }

    async fn start_at(host: &str, dir: tempfile::TempDir, settings: &[(&str, &str)], log: Log, clock: Clock) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{host}:{}", listener.local_addr().unwrap().port());
        let own = [("COUNTERSIGN_SERVER__ORIGIN", origin.as_str()), ("COUNTERSIGN_SITE__NAME", "Example Accounts")];
        let vars = own.iter().chain(settings).map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let config = Config::from_parts(None, vars).unwrap();
        let store = Store::open(&Place::File(dir.path().join("test.db")), 4).await.unwrap();
        let app = App::new(config, store, Keyring::derive(&[9; 32]), log, clock, StdRng::seed_from_u64(11));
        log_start::start(&app, None).await.unwrap();
        serve::open_breached(&app).unwrap();
        let service = serve::router(&app).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(axum::serve(listener, service).into_future());
        Self { origin, app, _dir: dir }
    }

    /// Adds an account with one confirmed address.
    pub async fn add_account(&self, address: &str) -> AccountId {
        let now = self.app.clock.now();
        let id = AccountId::new(now, &mut self.app.rng());
        let (account, address) = (id.as_str().to_owned(), address.to_owned());
        let added: Result<(), StoreError> = self
            .app
            .store
            .write(move |conn| {
                Box::pin(async move {
                    let at = now.micros();
                    let accounts = "INSERT INTO accounts (id, created_at, updated_at, number) \
                                    VALUES ($1, $2, $3, (SELECT coalesce(max(number), -1) + 1 FROM accounts))";
                    sql(accounts).bind(account.clone()).bind(at).bind(at).execute(conn).await?;
                    let names = "INSERT INTO identifiers (kind, value, account_id) VALUES ('email', $1, $2)";
                    sql(names).bind(address.clone()).bind(account.clone()).execute(conn).await?;
                    let emails = "INSERT INTO emails (account_id, address, normalized, confirmed_at, position)
                        VALUES ($1, $2, $3, $4, 0)";
                    sql(emails).bind(account).bind(address.clone()).bind(address).bind(at).execute(conn).await?;
                    Ok(())
                })
            })
            .await;
        added.unwrap();
        id
    }

    /// Lets the dispatcher decide what was asked, and gives the account's newest live ticket.
    pub async fn ticket_of(&self, account: &AccountId) -> Ticket {
        dispatch::decide_batch(&self.app).await.unwrap();
        let mut conn = self.app.store.read().await.unwrap();
        tickets::live_of(&mut conn, account, self.app.clock.now()).await.unwrap().unwrap()
    }

    /// A recovery message to a new account with this address that was handed over, to nobody; and its code.
    pub async fn sent_to(&self, address: &str) -> (Message, CountersignCode) {
        let (account, app) = (self.add_account(address).await, &self.app);
        let client = Client { ip: [192, 0, 2, 7].into(), user_agent: String::new(), device: None, locale: None };
        let ask = Ask { identifier: address.to_owned(), client, proof: None, door: Door::Api };
        recover::request(app, ask).await.unwrap();
        dispatch::decide_batch(app).await.unwrap();
        let claimed = outbox::claim(app, 10).await.unwrap();
        let message = claimed.into_iter().find(|message| message.account == account).unwrap();
        assert!(outbox::begin(app, &message, &leaving(&message, "text")).await.unwrap());
        outbox::finish(app, &message, Ended::Sent).await.unwrap();
        let code = secrets::countersign(&app.keys, &message.id);
        (message, code)
    }

    /// Lets the sequencer take in what was committed.
    pub async fn grow(&self) {
        while integrate(&self.app).await.unwrap().more {}
    }

    /// What the message would hold: the link's token, the code and the token of "this was not me".
    pub fn secrets_of(&self, ticket: &Ticket) -> [String; 3] {
        let (keys, id) = (&self.app.keys, ticket.id.as_str());
        let token = |purpose| secrets::token(keys, purpose, id, &ticket.nonce).expose().to_owned();
        let code = secrets::code(keys, id, &ticket.nonce).expose().to_owned();
        [token(Purpose::Link), code, token(Purpose::NotMe)]
    }
}
