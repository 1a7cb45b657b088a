//! The hosted pages of a real `App` on a free port, with a database of its own.

use axum::Router;
use countersign::app::App;
use countersign::clock::Clock;
use countersign::config::Config;
use countersign::keyring::Keyring;
use countersign::pages;
use countersign::store::{Place, Store};
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
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let own = [("COUNTERSIGN_SERVER__ORIGIN", origin.as_str()), ("COUNTERSIGN_SITE__NAME", "Example Accounts")];
        let vars = own.iter().chain(settings).map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let config = Config::from_parts(None, vars).unwrap();
        let store = Store::open(&Place::File(dir.path().join("test.db")), 4).await.unwrap();
        let clock = Clock::manual(Timestamp::from_secs(1_768_400_000));
        let app = App::new(config, store, Keyring::derive(&[9; 32]), clock, StdRng::seed_from_u64(11));
        let pages: Router = pages::router(&app).with_state(app.clone());
        let service = pages.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(axum::serve(listener, service).into_future());
        Self { origin, app, _dir: dir }
    }
}
