//! When the database is away (G9): a clear 503, never a wrong yes, and nothing that comes up afterwards.

use crate::support::db::{self, Db};
use crate::support::house::House;
use crate::support::people::TOMO;
use countersign::flows::recover::{self, Proof};
use countersign::store::Place;
use countersign::store::db::sql;

/// Every door to a request answers that nothing was taken up.
async fn unavailable(house: &House) {
    let plain = house.asking("tomo");
    let proven =
        recover::Ask { proof: Some(Proof::Altcha(house.solution("tomo", 200_000_000))), ..house.asking("tomo") };
    for ask in [plain, proven] {
        let error = recover::request(&house.app, ask).await.unwrap_err();
        assert_eq!((error.status, error.code, error.retry_after.is_some()), (503, "unavailable", true));
        assert!(!error.public.contains("database") && !error.public.contains("table"));
    }
}

async fn works_again(house: &House) {
    assert_eq!(house.decide().await, 0, "what was answered with 503 does not come up afterwards");
    house.ask("tomo").await;
    assert_eq!(house.decide().await, 1);
    house.is_sound().await;
}

#[tokio::test]
async fn a_sqlite_that_cannot_be_written_is_a_503() {
    let house = House::new(Db::sqlite()).await;
    house.add(&TOMO).await;
    let mut conn = house.db.conn().await;
    sql("ALTER TABLE recovery_requests RENAME TO away").execute(&mut conn).await.unwrap();
    unavailable(&house).await;
    sql("ALTER TABLE away RENAME TO recovery_requests").execute(&mut conn).await.unwrap();
    works_again(&house).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_that_is_away_is_a_503() {
    db::on_postgres(|db| async move {
        let house = House::new(db).await;
        house.add(&TOMO).await;
        let Place::Url(url) = &house.db.place else { unreachable!("made as an address") };
        let (server, name) = url.rsplit_once('/').unwrap();
        let server = format!("{server}/postgres");
        db::run(&server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        db::run(&server, &end).await;
        unavailable(&house).await;
        db::run(&server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
        works_again(&house).await;
    })
    .await;
}
