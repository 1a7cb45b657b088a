//! A data directory as a server has it: the database, the keys, the last checkpoint.

use crate::support::db::Db;
use countersign::app::App;
use countersign::config::Config;
use countersign::flows::log::audit::{Ask, Report, audit};
use countersign::flows::log::integrate::integrate;
use countersign::serve::{self, StartError};
use countersign::store::evidence::{self, Draft};
use countersign::store::{StoreError, frozen};
use countersign_evidence::policy::Policy;
use serde_json::json;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

pub struct Dir {
    pub dir: tempfile::TempDir,
    pub db: Db,
}

impl Dir {
    /// An empty one; on SQLite the database is in it.
    pub fn new(db: &Db) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = match &db.place {
            countersign::store::Place::File(_) => Db::file(dir.path().join("countersign.db")),
            countersign::store::Place::Url(_) => db.clone(),
        };
        Self { dir, db }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Starts a node.
    pub async fn try_open(&self) -> Result<App, StartError> {
        let settings = [("COUNTERSIGN_GATE__SOURCE__TABLE_ENTRIES".to_owned(), "4096".to_owned())];
        let config = Config::from_parts(None, settings).unwrap();
        serve::open(config, &self.db.place, self.dir.path()).await
    }

    pub async fn open(&self) -> App {
        self.try_open().await.unwrap()
    }

    /// A node with entries under a checkpoint.
    pub async fn with_entries(&self, count: usize) -> App {
        let app = self.open().await;
        write(&app, count).await;
        grow(&app).await;
        app
    }

    pub async fn audit(&self) -> Report {
        let mut conn = frozen::open(&self.db.place, Duration::from_secs(10)).await.unwrap().unwrap();
        let ask = Ask { kept: &[], policy: &Policy::none(), now: countersign::clock::Clock::system().now() };
        audit(&mut conn, &ask, |_, _| {}).await.unwrap()
    }

    /// Runs the program; on PostgreSQL with the database's URL.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.env_clear().arg("--data").arg(self.dir.path()).args(arguments);
        if let countersign::store::Place::Url(url) = &self.db.place {
            command.env("COUNTERSIGN_STORE__URL", url);
        }
        command.output().unwrap()
    }
}

pub async fn write(app: &App, count: usize) {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let drafts = (0..count).map(|n| Draft::new("test.nobody", None, json!({ "n": n }), now, &mut rng)).collect();
    let wrote: Result<(), StoreError> =
        app.store.write(move |conn| Box::pin(async move { evidence::append(conn, drafts).await })).await;
    wrote.unwrap();
}

pub async fn grow(app: &App) {
    while integrate(app).await.unwrap().added > 0 {}
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
