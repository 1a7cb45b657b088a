//! A log with entries of every kind in it.

use crate::support::db::Db;
use crate::support::house::House;
use crate::support::people;
use countersign::flows::log::audit::{Ask, Report, audit};
use countersign::flows::log::integrate::integrate;
use countersign::flows::log::{read, stamp, start};
use countersign::store::db::sql;
use countersign::store::evidence::{self, Draft};
use countersign::store::log::LogStamp;
use countersign::store::{Place, StoreError, frozen};
use countersign_core::ids::AccountId;
use countersign_evidence::Hash;
use countersign_evidence::policy::Policy;
use serde_json::json;
use std::time::Duration;

pub struct Scene {
    pub house: House,
    pub mara: AccountId,
}

impl Scene {
    /// A log that has begun, and one account.
    pub async fn new(db: Db) -> Self {
        let house = House::new(db).await;
        start::start(&house.app, None).await.unwrap();
        let mara = house.add(&people::MARA).await;
        let scene = Self { house, mara };
        scene.grow().await;
        scene
    }

    /// Writes entries: every third names Mara, every third names her by a hash, every third nobody.
    pub async fn write(&self, count: usize) {
        let (app, mut rng) = (&self.house.app, self.house.app.rng());
        let mut draft = |n: usize| {
            let (now, what) = (self.house.clock.now(), json!({ "n": n, "text": "Zoë — 花" }));
            match n % 3 {
                0 => Draft::new("test.named", Some(&self.mara), what, now, &mut rng),
                1 => Draft::disclosable("test.hashed", Some(&self.mara), what, now, &mut rng),
                _ => Draft::new("test.nobody", None, what, now, &mut rng),
            }
        };
        let drafts: Vec<Draft> = (0..count).map(&mut draft).collect();
        let wrote: Result<(), StoreError> =
            app.store.write(move |conn| Box::pin(async move { evidence::append(conn, drafts).await })).await;
        wrote.unwrap();
    }

    /// Writes entries that name an account.
    pub async fn write_about(&self, account: &AccountId, count: usize) {
        let (app, mut rng, now) = (&self.house.app, self.house.app.rng(), self.house.clock.now());
        let drafts: Vec<Draft> =
            (0..count).map(|n| Draft::new("test.about", Some(account), json!({ "n": n }), now, &mut rng)).collect();
        let wrote: Result<(), StoreError> =
            app.store.write(move |conn| Box::pin(async move { evidence::append(conn, drafts).await })).await;
        wrote.unwrap();
    }

    /// One number.
    pub async fn int(&self, text: &str) -> i64 {
        sql(text.to_owned()).fetch_one(&mut self.house.db.conn().await).await.unwrap().int(0).unwrap()
    }

    pub const fn on_postgres(&self) -> bool {
        matches!(self.house.db.place, Place::Url(_))
    }

    /// Brings everything that is committed under a checkpoint.
    pub async fn grow(&self) {
        while integrate(&self.house.app).await.unwrap().added > 0 {}
    }

    /// Time-stamps the newest checkpoint, as an authority does that nobody has to believe.
    pub async fn stamp(&self) {
        let newest = read::newest(&self.house.app).await.unwrap();
        let checkpoint = newest.note.to_string();
        let token =
            [&[0x30, 0x80, 0x04, 0x20], Hash::of(checkpoint.as_bytes()).bytes().as_slice(), b"signature"].concat();
        let stamped_at = self.house.clock.now();
        let authority = "https://tsa.example.org/tsr".to_owned();
        let stamp = LogStamp { size: newest.head.size, checkpoint, token, stamped_at, authority };
        assert!(stamp::record(&self.house.app, stamp).await.unwrap());
    }

    pub async fn audit(&self) -> Report {
        self.audit_against(&[]).await
    }

    /// As the command does it: by a reader of its own, that can write nothing.
    pub async fn audit_against(&self, kept: &[(String, String)]) -> Report {
        let mut conn = frozen::open(&self.house.db.place, Duration::from_secs(10)).await.unwrap().unwrap();
        let (policy, now) = (Policy::none(), self.house.clock.now());
        audit(&mut conn, &Ask { kept, policy: &policy, now }, |_, _| {}).await.unwrap()
    }

    /// What an audit finds, a line each.
    pub async fn findings(&self) -> Vec<String> {
        self.audit().await.findings.kept().iter().map(ToString::to_string).collect()
    }
}
