//! What staff do for an account, what they see of it, and how it is told afterwards.

use crate::support::db::{Db, on_both};
use crate::support::house::{House, START};
use crate::support::people::{MARA, Person, TOMO};
use countersign::flows::care::{self, Ended, Hold};
use countersign::flows::find::{self, Hit};
use countersign::flows::log::integrate::integrate;
use countersign::flows::register::{self, Ask, To};
use countersign::flows::staff::{Actor, Seat, deeds};
use countersign::flows::{devices, profile, redeem};
use countersign::store::db::sql;
use countersign::store::staff::{NewSession, Staff};
use countersign::store::{StoreError, staff};
use countersign_core::identifier::EmailAddress;
use countersign_core::ids::{AccountId, SessionId, StaffId, StaffSessionId};
use countersign_core::secret::Key;
use countersign_core::staff::{Reason, Role, Roles};
use countersign_core::time::Timestamp;
use std::time::Duration;

on_both! {
    all_sessions_end_and_devices_only_where_asked
    a_hold_closes_the_link_and_leaves_those_with_strong_proof_alone
    a_hold_never_shortens_one_and_is_not_for_ever
    a_waiting_change_is_cancelled_only_where_asked
    whoever_may_not_changes_nothing
    the_profile_is_masked_until_a_reason_is_on_record
    a_text_leads_to_whatever_it_names
    the_register_is_searched_by_an_address_and_its_look
    deeds_are_told_newest_first_and_by_person
}

fn reason() -> Reason {
    Reason::parse("ticket 7").unwrap()
}

fn hold(account: &AccountId, secs: u64) -> Hold {
    let until = START.plus(Duration::from_secs(secs));
    Hold { account: account.clone(), until, cancel_changes: false, reason: reason() }
}

/// Somebody of the staff who has just signed in.
pub async fn seated(house: &House, name: &str, roles: &[Role]) -> Seat {
    let (now, mut rng) = (house.clock.now(), house.app.rng());
    let (id, session) = (StaffId::new(now, &mut rng), StaffSessionId::new(now, &mut rng));
    let person = Staff {
        id: id.clone(),
        name: name.to_lowercase(),
        shown_name: name.to_owned(),
        roles: Roles::of(roles),
        password_hash: None,
        totp_sealed: None,
        oidc_issuer: None,
        created_at: now,
        disabled_at: None,
    };
    let row = NewSession {
        id: session.clone(),
        staff: id.clone(),
        token_hash: Key::new([1; 32]).mac(&[session.as_str().as_bytes()]),
        method: "password",
        agent: "other".into(),
        source: "192.0.2.0/24".into(),
        at: now,
    };
    let (name, roles, until) = (person.name.clone(), person.roles, now.plus(Duration::from_secs(3600)));
    let shown_name = person.shown_name.clone();
    let done: Result<(), StoreError> = house
        .app
        .store
        .write(move |conn| {
            Box::pin(async move {
                staff::insert(conn, &person, None).await?;
                staff::open_session(conn, &row).await
            })
        })
        .await;
    done.unwrap();
    Seat { staff: id, session, name, shown_name, roles, fresh: true, until }
}

async fn responder(house: &House) -> Actor {
    Actor::Staff(Box::new(seated(house, "Ana", &[Role::Responder]).await))
}

async fn open_session(house: &House, account: &AccountId) {
    let session = SessionId::new(house.clock.now(), &mut house.app.rng());
    let mut conn = house.db.conn().await;
    countersign::store::directory::open_session(&mut conn, &session, account, None, START).await.unwrap();
}

/// What the last entry says.
async fn last_said(house: &House) -> String {
    let mut conn = house.db.conn().await;
    let row = sql("SELECT payload FROM evidence ORDER BY seq DESC LIMIT 1").fetch_one(&mut conn).await.unwrap();
    let said = String::from_utf8(row.bytes(0).unwrap()).unwrap();
    said.split_once("\"what\":").unwrap().1.trim_end_matches('}').to_owned()
}

async fn count(house: &House, table: &str) -> i64 {
    sql(format!("SELECT count(*) FROM {table}")).fetch_one(&mut house.db.conn().await).await.unwrap().int(0).unwrap()
}

async fn all_sessions_end_and_devices_only_where_asked(db: Db) {
    let house = House::new(db).await;
    let (mara, tomo) = (house.add(&MARA).await, house.add(&TOMO).await);
    for account in [&mara, &mara, &tomo] {
        open_session(&house, account).await;
    }
    devices::issue(&house.app, mara.clone()).await.unwrap();
    let ana = responder(&house).await;
    let ended = care::end_sessions(&house.app, &ana, mara.clone(), false, reason()).await.unwrap();
    assert_eq!(ended, Ended { sessions: 2, devices: None });
    let said = last_said(&house).await;
    let by = ana.staff().unwrap();
    assert_eq!(said, format!(r#"{{"by":{{"staff":"{by}"}},"devices":null,"reason":"ticket 7","sessions":2"#));
    assert_eq!(count(&house, "sessions WHERE ended_at IS NULL").await, 1, "others keep theirs");
    assert_eq!(count(&house, "devices WHERE revoked_at IS NULL").await, 1);
    let ended = care::end_sessions(&house.app, &Actor::Command, mara, true, reason()).await.unwrap();
    assert_eq!(ended, Ended { sessions: 0, devices: Some(1) });
    assert!(last_said(&house).await.starts_with(r#"{"by":"command","devices":1"#));
    assert_eq!(house.letters().await, [""; 0], "nobody is written to");
}

async fn a_hold_closes_the_link_and_leaves_those_with_strong_proof_alone(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let device = devices::issue(&house.app, mara.clone()).await.unwrap();
    let link = house.opened(&house.message_for("mara").await).await.first.unwrap();
    let held = care::hold(&house.app, &responder(&house).await, hold(&mara, 7200)).await.unwrap();
    assert_eq!((held.links, held.changes, held.until), (1, 0, START.plus(Duration::from_secs(7200))));
    assert!(last_said(&house).await.contains(r#""changes_cancelled":0,"links_closed":1,"reason":"ticket 7","until":"#));
    assert_eq!(redeem::look(&house.app, &link).await.unwrap_err().status, 410);
    house.pass(1000);
    house.ask("mara").await;
    assert_eq!(house.decide().await, 0, "held");
    house.ask_from("mara", &device).await;
    assert_eq!(house.decide().await, 1, "the owner is not locked out");
    care::release(&house.app, &responder_again(&house).await, mara.clone(), reason()).await.unwrap();
    assert_eq!(house.account(&mara).await.hold_until, Timestamp::from_micros(0));
    let again = care::release(&house.app, &Actor::Command, mara, reason()).await.unwrap_err();
    assert_eq!((again.status, again.code), (409, "not_held"));
    assert_eq!(house.kinds().await.iter().filter(|k| *k == "staff.recovery_released").count(), 1);
}

async fn responder_again(house: &House) -> Actor {
    Actor::Staff(Box::new(seated(house, "Bo", &[Role::Responder]).await))
}

async fn a_hold_never_shortens_one_and_is_not_for_ever(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let day = 24 * 3600;
    care::hold(&house.app, &Actor::Command, hold(&mara, 3 * day)).await.unwrap();
    let held = care::hold(&house.app, &Actor::Command, hold(&mara, day)).await.unwrap();
    assert_eq!(held.until, START.plus(Duration::from_secs(3 * day)));
    let before = house.kinds().await.len();
    for secs in [0, 30 * day + 1] {
        let refused = care::hold(&house.app, &Actor::Command, hold(&mara, secs)).await.unwrap_err();
        assert_eq!((refused.status, refused.code, refused.field), (422, "until_invalid", Some("until")));
    }
    let nobody = AccountId::parse("acc_01k9xy3v8e4m7q2r5t6w8z0abc").unwrap();
    assert_eq!(care::hold(&house.app, &Actor::Command, hold(&nobody, day)).await.unwrap_err().status, 404);
    assert_eq!(care::release(&house.app, &Actor::Command, nobody.clone(), reason()).await.unwrap_err().status, 404);
    let ended = care::end_sessions(&house.app, &Actor::Command, nobody, true, reason()).await;
    assert_eq!(ended.unwrap_err().status, 404);
    assert_eq!(house.kinds().await.len(), before, "what did not happen is not on record");
}

async fn a_waiting_change_is_cancelled_only_where_asked(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&Person { flags: "leaked_mailbox", ..MARA }).await;
    let link = house.opened(&house.message_for("mara").await).await.first.unwrap();
    house.redeem(&link).await.unwrap();
    let left = care::hold(&house.app, &Actor::Command, hold(&mara, 7200)).await.unwrap();
    assert_eq!((left.links, left.changes), (0, 0));
    let asked = Hold { cancel_changes: true, ..hold(&mara, 7200) };
    assert_eq!(care::hold(&house.app, &Actor::Command, asked).await.unwrap().changes, 1);
    let seen = profile::look(&house.app, &mara).await.unwrap();
    assert_eq!((seen.changes.len(), seen.changes[0].state.as_str()), (1, "cancelled"));
    assert_eq!((seen.recoveries.len(), seen.recoveries[0].requests.len()), (1, 1));
}

async fn whoever_may_not_changes_nothing(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    open_session(&house, &mara).await;
    for role in [Role::Viewer, Role::Approver, Role::Admin, Role::Auditor] {
        let seat = seated(&house, &format!("Somebody {role}"), &[role]).await;
        // What the seat says of its roles is not believed.
        let actor = Actor::Staff(Box::new(Seat { roles: Roles::of(&[Role::Responder]), ..seat }));
        let refused = [
            care::end_sessions(&house.app, &actor, mara.clone(), true, reason()).await.map(|_| ()),
            care::hold(&house.app, &actor, hold(&mara, 60)).await.map(|_| ()),
            care::release(&house.app, &actor, mara.clone(), reason()).await,
            profile::unmask(&house.app, &actor, &mara, reason()).await.map(|_| ()),
        ];
        assert!(refused.iter().all(|r| r.as_ref().is_err_and(|e| e.code == "not_permitted")), "{role}: {refused:?}");
    }
    let ana = responder(&house).await;
    house.pass(601);
    let stale = care::end_sessions(&house.app, &ana, mara.clone(), true, reason()).await.unwrap_err();
    assert_eq!((stale.status, stale.code), (403, "confirm_needed"));
    house.pass(1800);
    let ended = profile::unmask(&house.app, &ana, &mara, reason()).await.unwrap_err();
    assert_eq!((ended.status, ended.code), (401, "signed_out"));
    assert_eq!(house.kinds().await, [""; 0]);
    assert_eq!(count(&house, "sessions WHERE ended_at IS NULL").await, 1);
}

async fn the_profile_is_masked_until_a_reason_is_on_record(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let mut conn = house.db.conn().await;
    let name = "UPDATE accounts SET external_id = 'crm-mara-7' WHERE id = $1";
    sql(name).bind(mara.as_str()).execute(&mut conn).await.unwrap();
    let phone = "INSERT INTO phones (account_id, number, confirmed_at, position) VALUES ($1, '+15550100123', NULL, 0)";
    sql(phone).bind(mara.as_str()).execute(&mut conn).await.unwrap();
    let seen = profile::look(&house.app, &mara).await.unwrap();
    let texts = |p: &profile::Profile| {
        let names = p.names.iter().map(|n| n.text.clone());
        let places = p.emails.iter().chain(&p.phones).map(|place| place.text.clone());
        let own = p.facts.external_id.clone();
        names.chain(places).chain(own).collect::<Vec<_>>().join(" ")
    };
    let expected =
        "m•••@e•••.com m•••@e•••.net m•••@e•••.org m••• M•••@e•••.org m•••@e•••.net m•••@e•••.com •••23 c•••";
    assert_eq!((texts(&seen).as_str(), seen.in_clear), (expected, false));
    assert_eq!(house.kinds().await, [""; 0]);
    let ana = responder(&house).await;
    let clear = profile::unmask(&house.app, &ana, &mara, reason()).await.unwrap();
    assert!(texts(&clear).contains("Mara@example.org") && texts(&clear).ends_with("+15550100123 crm-mara-7"));
    assert!(clear.in_clear && !format!("{clear:?}").contains("mara"));
    assert_eq!(house.kinds().await, ["staff.unmasked"]);
    let by = ana.staff().unwrap();
    assert_eq!(last_said(&house).await, format!(r#"{{"by":{{"staff":"{by}"}},"reason":"ticket 7""#));
}

async fn a_text_leads_to_whatever_it_names(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    countersign::flows::log::start::start(&house.app, None).await.unwrap();
    let message = house.message_for("mara").await;
    while integrate(&house.app).await.unwrap().more {}
    let code = register::message(&house.app, &message.id).await.unwrap().code;
    let all = Roles::of(&[Role::Responder]);
    let found = async |roles: Roles, typed: &str| find::find(&house.app, roles, typed).await.unwrap();
    let by_code = Hit::Message(message.id.clone());
    let account = Hit::Account(mara.clone());
    for (typed, hit) in [
        (code.to_string(), &by_code),
        (code.as_str().to_lowercase(), &by_code),
        (format!("https://login.example.org/verify/{code}"), &by_code),
        (message.id.to_string(), &by_code),
        (mara.to_string(), &account),
        (message.source_id.clone(), &account),
        ("MARA@example.org".into(), &account),
        ("@mara".into(), &account),
        ("M***@e***.org".into(), &Hit::Masked("M•••@e•••.org".into())),
    ] {
        let found = found(all, &typed).await;
        assert_eq!(found.hits, std::slice::from_ref(hit), "{typed}");
    }
    let number = found(all, "#1").await;
    assert!(matches!(number.hits.as_slice(), [Hit::Entry { number: 1, .. }]), "{number:?}");
    let unknown = found(all, "0000-0000-0000").await;
    assert!(unknown.hits.is_empty() && unknown.code.is_some() && !unknown.withheld);
    let nobody = found(all, "nobody@example.org").await;
    let address = Hit::Address(EmailAddress::parse("nobody@example.org").unwrap());
    assert_eq!(nobody.hits, std::slice::from_ref(&address), "the register may know it");

    let viewer = Roles::of(&[Role::Viewer]);
    assert_eq!(found(viewer, &code.to_string()).await.hits, [by_code]);
    for typed in [mara.as_str(), "@mara", "#1"] {
        let found = found(viewer, typed).await;
        assert!(found.hits.is_empty() && found.withheld, "{typed}");
    }
    let admin = found(Roles::of(&[Role::Admin]), &code.to_string()).await;
    assert!(admin.hits.is_empty() && admin.withheld);
    let mine = "UPDATE accounts SET external_id = 'mara' WHERE id = $1";
    sql(mine).bind(mara.as_str()).execute(&mut house.db.conn().await).await.unwrap();
    assert_eq!(found(all, "mara").await.hits, [account], "once, however it is named");
    assert_eq!(profile::named(&house.app, "mara").await.unwrap(), mara);
    let tomo = house.add(&TOMO).await;
    let other = "UPDATE accounts SET external_id = 'mara2' WHERE id = $1";
    sql(other).bind(tomo.as_str()).execute(&mut house.db.conn().await).await.unwrap();
    assert_eq!(profile::named(&house.app, "mara2").await.unwrap(), tomo);
    assert_eq!(profile::named(&house.app, "").await.unwrap_err().status, 404);
}

async fn the_register_is_searched_by_an_address_and_its_look(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let message = house.message_for("mara").await;
    let to = |to| Ask { to: Some(to), ..Ask::default() };
    let found = async |ask: Ask| {
        let page = register::page(&house.app, &ask).await.unwrap();
        page.messages.into_iter().map(|m| m.message.id).collect::<Vec<_>>()
    };
    let one = std::slice::from_ref(&message.id);
    // The directory has it with a capital, people type it without.
    assert_eq!(found(to(To::Address(EmailAddress::parse("mara@example.org").unwrap()))).await, one);
    assert_eq!(found(to(To::Address(EmailAddress::parse("mona@example.org").unwrap()))).await, []);
    assert_eq!(found(to(To::Masked("M•••@e•••.org".into()))).await, one);
    assert_eq!(found(to(To::Account(mara))).await, one);
    assert_eq!(found(Ask { before: Some(message.id.clone()), ..Ask::default() }).await, []);
    let page = register::page(&house.app, &Ask::default()).await.unwrap();
    assert_eq!((page.next, page.looked_back_to), (None, None));
    let missing = countersign_core::ids::MessageId::parse("msg_01k9xy3v8e4m7q2r5t6w8z0abc").unwrap();
    assert_eq!(register::message(&house.app, &missing).await.unwrap_err().status, 404);
}

async fn deeds_are_told_newest_first_and_by_person(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    countersign::flows::log::start::start(&house.app, None).await.unwrap();
    let (ana, bo) = (responder(&house).await, responder_again(&house).await);
    for n in 0..52 {
        house.pass(1);
        let actor = if n == 0 { &ana } else { &bo };
        care::end_sessions(&house.app, actor, mara.clone(), false, reason()).await.unwrap();
    }
    house.pass(1);
    care::hold(&house.app, &Actor::Command, hold(&mara, 7200)).await.unwrap();
    while integrate(&house.app).await.unwrap().more {}
    let first = deeds::page(&house.app, None, None).await.unwrap();
    assert_eq!((first.done.len(), first.done[0].deed.did.as_str()), (50, "held the recovery of"));
    assert_eq!((first.done[0].until.is_some(), first.done[0].account.clone()), (true, Some(mara.clone())));
    let second = deeds::page(&house.app, first.next, None).await.unwrap();
    assert_eq!((second.done.len(), second.next, second.looked_back_to), (3, None, None));
    let by_ana = deeds::page(&house.app, None, ana.staff()).await.unwrap();
    assert_eq!((by_ana.done.len(), by_ana.next), (1, None));
    assert_eq!(by_ana.names[ana.staff().unwrap().as_str()], "Ana");
    assert_eq!(by_ana.done[0].deed.reason.as_deref(), Some("ticket 7"));
    let of_mara = deeds::with_account(&house.app, &mara, 10).await.unwrap();
    assert_eq!(of_mara.done.len(), 10);
}
