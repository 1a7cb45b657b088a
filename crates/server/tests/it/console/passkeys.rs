//! Passkeys: in a real browser with Chromium's virtual authenticator, and with one of our own that does what none should.

use super::authenticator::Authenticator;
use super::office::{Office, PASSWORD, Person, client, code_of};
use super::pages::{axe, walk};
use crate::browser::driver::{Browser, ENTER, with_browser};
use countersign::clock::Clock;
use countersign::error::AppError;
use countersign::flows::staff::sign_in::{self, SignIn};
use countersign::flows::staff::{Actor, links, passkeys, people};
use countersign::store::db::sql;
use countersign_core::secret::SecretText;
use countersign_core::staff::{Role, Roles};
use countersign_core::time::Timestamp;
use std::time::Duration;

async fn open() -> Office {
    Office::open_named(&[], Clock::manual(Timestamp::from_secs(1_768_400_000))).await
}

async fn with_passkey(office: &Office, who: &Person, id: u8) -> Authenticator {
    let mut authenticator = Authenticator::new(&office.site.origin, id);
    let seat = who.seat().await.unwrap();
    let begun = passkeys::begin_adding(office.app(), &who.id).await.unwrap();
    let answer = authenticator.create(&begun);
    passkeys::add(office.app(), &seat, answer, " Blue key ").await.unwrap();
    authenticator
}

#[tokio::test]
async fn a_passkey_signs_its_owner_in_without_a_name() {
    let office = open().await;
    let ana = office.staff("ana", &[Role::Admin]).await;
    let mut key = with_passkey(&office, &ana, 1).await;
    let begun = passkeys::begin_sign_in(office.app(), &client()).await.unwrap();
    assert_eq!(begun.options["allowCredentials"].as_array().map_or(0, Vec::len), 0, "{}", begun.options);
    assert_eq!(begun.options["userVerification"], "required");
    let signed_in = passkeys::sign_in(office.app(), key.get(&begun), &client()).await.unwrap();
    assert_eq!(signed_in.opened.staff, ana.id);
    let kept = passkeys::list(office.app(), &ana.seat().await.unwrap()).await.unwrap();
    assert_eq!((kept.len(), kept[0].name.as_str()), (1, "Blue key"));
    assert!(kept[0].last_used_at.is_some() && kept[0].credential.contains("\"counter\":2"), "{}", kept[0].credential);
    let entry = office.last_entry("staff.signed_in").await;
    assert_eq!((&entry["what"]["method"], &entry["what"]["staff"]), (&"passkey".into(), &ana.id.as_str().into()));
}

#[tokio::test]
async fn whatever_is_wrong_with_a_passkey_gets_the_same_answer() {
    let office = open().await;
    let (ana, bea) = (office.staff("ana", &[Role::Admin]).await, office.staff("bea", &[Role::Viewer]).await);
    let app = office.app();
    let mut key = with_passkey(&office, &ana, 1).await;
    let mut hers = with_passkey(&office, &bea, 2).await;
    let mut refusals = Vec::new();
    let mut refused = async |what: &str, answer: passkeys::Answer| {
        let error = passkeys::sign_in(app, answer, &client()).await.expect_err(what);
        refusals.push((error.status, error.code, error.public));
    };
    let begin = async || passkeys::begin_sign_in(app, &client()).await.unwrap();

    let used = key.get(&begin().await);
    passkeys::sign_in(app, used.clone(), &client()).await.unwrap();
    refused("a challenge is used up", used).await;
    let (one, other) = (begin().await, begin().await);
    let mut mixed = key.get(&one);
    mixed.token = other.token;
    refused("the challenge of another beginning", mixed).await;
    let late = begin().await;
    app.clock.advance(Duration::from_secs(301));
    refused("a challenge that is too old", key.get(&late)).await;
    key.origin = "http://localhost.example.org".to_owned();
    refused("another origin", key.get(&begin().await)).await;
    key.origin = office.site.origin.clone();
    key.host = "example.org".to_owned();
    refused("a key for another host", key.get(&begin().await)).await;
    key.host = "localhost".to_owned();
    key.verifies = false;
    refused("an authenticator that did not look who it is", key.get(&begin().await)).await;
    key.verifies = true;
    key.counter = 0;
    refused("a counter that goes back: a copy", key.get(&begin().await)).await;
    key.counter += 100;
    let handle = std::mem::replace(&mut key.handle, hers.handle.clone());
    refused("somebody else's handle", key.get(&begin().await)).await;
    key.handle = handle;
    refused("nobody's key", Authenticator::new(&office.site.origin, 9).get(&begin().await)).await;
    let mut forged = Authenticator::new(&office.site.origin, 1);
    forged.handle = key.handle.clone();
    forged.counter = 500;
    refused("another key under the same id", forged.get(&begin().await)).await;
    let mut garbled = key.get(&begin().await);
    garbled.credential = serde_json::json!({ "id": 1 });
    refused("no credential at all", garbled).await;
    let confirming = passkeys::begin_confirming(app, &ana.seat().await.unwrap()).await.unwrap();
    refused("a beginning for something else", key.get(&confirming)).await;
    people::set_disabled(app, &Actor::Command, bea.id.clone(), true).await.unwrap();
    refused("somebody who is shut out", hers.get(&begin().await)).await;

    let tries = refusals.len();
    refusals.dedup();
    assert_eq!(refusals.len(), 1, "{refusals:#?}");
    assert_eq!((refusals[0].0, refusals[0].1), (401, "sign_in_failed"));
    let failed = office.entries().await.iter().filter(|kind| *kind == "staff.sign_in_failed").count();
    assert_eq!(failed, tries, "each is on record");
    passkeys::sign_in(app, key.get(&begin().await), &client()).await.unwrap();
}

#[tokio::test]
async fn tries_with_passkeys_from_one_place_are_limited() {
    let office = open().await;
    let here = client();
    let answer = passkeys::Answer { token: SecretText::new("x"), credential: serde_json::Value::Null };
    let mut last = None;
    for _ in 0..16 {
        last = passkeys::sign_in(office.app(), answer.clone(), &here).await.err();
    }
    assert_eq!(last.map(|error: AppError| error.status), Some(429));
    let mut begun = 0;
    while passkeys::begin_sign_in(office.app(), &here).await.is_ok() {
        begun += 1;
    }
    assert_eq!(begun, 60);
}

#[tokio::test]
async fn a_passkey_confirms_its_owner_and_nobody_else() {
    let office = open().await;
    let (ana, bea) = (office.staff("ana", &[Role::Admin]).await, office.staff("bea", &[Role::Admin]).await);
    let (mut key, mut hers) = (with_passkey(&office, &ana, 1).await, with_passkey(&office, &bea, 2).await);
    ana.grow_stale();
    let seat = ana.seat().await.unwrap();
    assert!(!seat.fresh);
    let begin = async || passkeys::begin_confirming(office.app(), &seat).await.unwrap();
    assert_eq!(begin().await.options["allowCredentials"].as_array().unwrap().len(), 1);
    let wrong = passkeys::confirm(office.app(), &seat, hers.get(&begin().await), &client()).await.unwrap_err();
    assert_eq!((wrong.status, wrong.code), (422, "passkey_refused"));
    let theirs = passkeys::begin_confirming(office.app(), &bea.seat().await.unwrap()).await.unwrap();
    let wrong = passkeys::confirm(office.app(), &seat, hers.get(&theirs), &client()).await.unwrap_err();
    assert_eq!(wrong.code, "passkey_refused", "what somebody else began");
    let answer = key.get(&begin().await);
    let renewed = passkeys::confirm(office.app(), &seat, answer.clone(), &client()).await.unwrap();
    assert!(countersign::flows::staff::sessions::seat(office.app(), &renewed.token).await.unwrap().unwrap().fresh);
    assert!(ana.seat().await.is_none(), "the cookie from before the proof is void");
    assert!(passkeys::confirm(office.app(), &seat, answer, &client()).await.is_err(), "once");
    assert_eq!(office.last_entry("staff.confirmed").await["what"]["method"], "passkey");
}

#[tokio::test]
async fn adding_one_takes_a_fresh_proof_and_is_nobody_elses() {
    let office = open().await;
    let (ana, bea) = (office.staff("ana", &[Role::Viewer]).await, office.staff("bea", &[Role::Viewer]).await);
    let mut key = Authenticator::new(&office.site.origin, 1);
    let begun = passkeys::begin_adding(office.app(), &ana.id).await.unwrap();
    let (made, seat) = (key.create(&begun), bea.seat().await.unwrap());
    let wrong = passkeys::add(office.app(), &seat, made, "x").await.unwrap_err();
    assert_eq!(wrong.code, "passkey_refused", "what somebody else began");
    let begun = passkeys::begin_adding(office.app(), &ana.id).await.unwrap();
    key.origin = "http://localhost:1".to_owned();
    let seat = ana.seat().await.unwrap();
    let wrong = passkeys::add(office.app(), &seat, key.create(&begun), "x").await.unwrap_err();
    assert_eq!(wrong.code, "passkey_refused", "another origin");
    with_passkey(&office, &ana, 1).await;
    let mut copy = Authenticator::new(&office.site.origin, 1);
    let begun = passkeys::begin_adding(office.app(), &bea.id).await.unwrap();
    let twice = passkeys::add(office.app(), &bea.seat().await.unwrap(), copy.create(&begun), "x").await.unwrap_err();
    assert_eq!(twice.code, "passkey_refused", "an id that somebody has");
    let begun = passkeys::begin_adding(office.app(), &ana.id).await.unwrap();
    assert_eq!(begun.options["excludeCredentials"].as_array().unwrap().len(), 1);
    let late = Authenticator::new(&office.site.origin, 3).create(&begun);
    office.app().clock.advance(Duration::from_secs(301));
    assert_eq!(passkeys::add(office.app(), &seat, late, "x").await.unwrap_err().code, "passkey_refused", "too late");
    office.app().clock.advance(Duration::from_secs(200));
    let begun = passkeys::begin_adding(office.app(), &ana.id).await.unwrap();
    office.app().clock.advance(Duration::from_secs(200));
    let unproved = Authenticator::new(&office.site.origin, 3).create(&begun);
    let unproved = passkeys::add(office.app(), &seat, unproved, "x").await.unwrap_err();
    assert_eq!((unproved.status, unproved.code), (403, "confirm_needed"));
}

#[tokio::test]
async fn the_last_way_in_cannot_be_removed() {
    let office = open().await;
    let (id, issued) = invite(&office, "kim").await;
    let mut key = Authenticator::new(&office.site.origin, 1);
    let secret = SecretText::new(issued.rsplit('/').next().unwrap());
    let begun = links::begin_passkey(office.app(), &secret, &client()).await.unwrap();
    let enrolled = links::enrol_passkey(office.app(), &secret, key.create(&begun), "Key", &client()).await.unwrap();
    assert!(links::begin_passkey(office.app(), &secret, &client()).await.is_err_and(|e| e.status == 410), "once");
    let app = office.app();
    let seat = countersign::flows::staff::sessions::seat(app, &enrolled.opened.token).await.unwrap().unwrap();
    assert_eq!((&seat.staff, seat.fresh), (&id, true));
    let first = passkeys::list(app, &seat).await.unwrap()[0].id.clone();
    let last = passkeys::remove(app, &seat, first.clone()).await.unwrap_err();
    assert_eq!((last.status, last.code), (409, "last_way_in"));
    app.clock.advance(Duration::from_secs(1));
    let begun = passkeys::begin_adding(app, &id).await.unwrap();
    let mut second = Authenticator::new(&office.site.origin, 2);
    passkeys::add(app, &seat, second.create(&begun), "").await.unwrap();
    passkeys::rename(app, &seat, first.clone(), "Old key").await.unwrap();
    let names: Vec<_> = passkeys::list(app, &seat).await.unwrap().into_iter().map(|p| p.name).collect();
    assert_eq!(names, ["Old key", "Passkey"]);
    passkeys::remove(app, &seat, first.clone()).await.unwrap();
    assert_eq!(passkeys::remove(app, &seat, first).await.unwrap_err().status, 404);
    let begun = passkeys::begin_sign_in(app, &client()).await.unwrap();
    assert!(passkeys::sign_in(app, key.get(&begun), &client()).await.is_err(), "what was removed opens nothing");
    let bea = office.staff("bea", &[Role::Viewer]).await;
    with_passkey(&office, &bea, 5).await;
    let theirs = passkeys::list(app, &bea.seat().await.unwrap()).await.unwrap()[0].id.clone();
    assert_eq!(passkeys::remove(app, &seat, theirs.clone()).await.unwrap_err().status, 404, "somebody else's");
    passkeys::remove(app, &bea.seat().await.unwrap(), theirs).await.unwrap();
}

async fn invite(office: &Office, name: &str) -> (countersign_core::ids::StaffId, String) {
    let ask = people::Invite {
        name: name.to_owned(),
        shown_name: "Kim Example".to_owned(),
        roles: Roles::of(&[Role::Viewer, Role::Admin]),
    };
    let (id, issued) = people::invite(office.app(), &Actor::Command, &ask).await.unwrap();
    (id, issued.url.expose().to_owned())
}

#[tokio::test]
async fn a_link_for_somebody_who_lost_everything_voids_what_was_lost() {
    let office = open().await;
    let ana = office.staff("ana", &[Role::Viewer]).await;
    let mut lost = with_passkey(&office, &ana, 1).await;
    let app = office.app();
    let kept = links::issue(app, &Actor::Command, ana.id.clone(), false).await.unwrap();
    let secret = SecretText::new(kept.url.expose().rsplit('/').next().unwrap());
    let around = links::begin_passkey(app, &secret, &client()).await.unwrap_err();
    assert_eq!(around.status, 410, "a passkey is no way around the second factor");
    let reset = links::issue(app, &Actor::Command, ana.id.clone(), true).await.unwrap();
    let secret = SecretText::new(reset.url.expose().rsplit('/').next().unwrap());
    let begun = links::begin_passkey(app, &secret, &client()).await.unwrap();
    let made = Authenticator::new(&office.site.origin, 2).create(&begun);
    links::enrol_passkey(app, &secret, made, "", &client()).await.unwrap();
    let begun = passkeys::begin_sign_in(app, &client()).await.unwrap();
    assert!(passkeys::sign_in(app, lost.get(&begun), &client()).await.is_err());
    app.clock.advance(Duration::from_secs(60));
    let (password, code) = (SecretText::new(PASSWORD), SecretText::new(code_of(app, &ana.secret)));
    let old = SignIn { name: "ana".to_owned(), password, code, client: client() };
    assert!(sign_in::sign_in(app, old).await.is_err());
    assert!(ana.seat().await.is_none());
}

#[tokio::test]
async fn what_was_begun_and_never_finished_is_forgotten() {
    let office = open().await;
    for _ in 0..3 {
        passkeys::begin_sign_in(office.app(), &client()).await.unwrap();
    }
    let rows = async || {
        let mut conn = office.app().store.read().await.unwrap();
        sql("SELECT count(*) FROM staff_ceremonies").fetch_one(&mut conn).await.unwrap().int(0).unwrap()
    };
    assert_eq!(rows().await, 3);
    office.app().clock.advance(Duration::from_secs(301));
    countersign::flows::housekeeping::forget(office.app()).await.unwrap();
    assert_eq!(rows().await, 0);
}

async fn press(browser: &Browser, what: &str) {
    browser.tab_to(what).await;
    browser.keys(ENTER).await;
}

#[tokio::test]
async fn in_a_browser_a_link_becomes_a_passkey_that_signs_in_confirms_and_is_removed() {
    with_browser(true, async |browser| {
        let office = open().await;
        let origin = office.site.origin.clone();
        let (_, url) = invite(&office, "kim").await;
        let authenticator = browser.plug_in_authenticator().await;
        browser.look(1440, "light").await;
        browser.go(&url).await;
        browser.picture("welcome-passkey").await;
        press(browser, "Set up a passkey and sign in").await;
        browser.wait_for_title("Overview · Example Accounts · Countersign").await;

        // A deep link, signed out: the passkey leads to the page that was asked for.
        sign_out(browser, &origin).await;
        browser.go(&format!("{origin}/console/staff?x=1")).await;
        browser.picture("sign-in-passkey").await;
        press(browser, "Sign in with a passkey").await;
        browser.wait_for_title("Staff · Example Accounts · Countersign").await;
        assert_eq!(browser.url().await, format!("{origin}/console/staff?x=1"));

        // Too long ago for privileged steps.
        office.app().clock.advance(Duration::from_secs(660));
        browser.go(&format!("{origin}/console/confirm?next=%2Fconsole%2Fme")).await;
        browser.picture("confirm-passkey").await;
        press(browser, "Confirm with a passkey").await;
        browser.wait_for_title("You · Example Accounts · Countersign").await;
        browser.wait_for_text("You can take privileged steps").await;

        // The same authenticator twice is refused by the browser; a second one is not.
        press(browser, "Add a passkey").await;
        browser.wait_for_text("has a passkey for you here already").await;
        press(browser, "Remove").await;
        browser.wait_for_text("This is your only way to sign in").await;
        let complaints = browser.complaints().await;
        assert!(complaints.len() == 1 && complaints[0].contains("409"), "{complaints:?}");
        browser.unplug_authenticator(&authenticator).await;
        browser.plug_in_authenticator().await;
        browser.go(&format!("{origin}/console/me")).await;
        browser.tab_to("passkey-name").await;
        browser.keys("Second key").await;
        press(browser, "Add a passkey").await;
        browser.wait_for_text("The passkey was added").await;
        browser.picture("me-passkeys").await;
        press(browser, "Remove").await;
        browser.wait_for_text("The passkey was removed").await;
        assert!(browser.run("return document.querySelector('[name=name]').value").await == "Second key");
        assert_eq!(browser.complaints().await, [""; 0]);
    })
    .await;
}

async fn sign_out(browser: &Browser, origin: &str) {
    browser.go(&format!("{origin}/console/me")).await;
    browser.run("document.querySelector('form[action=\"/console/sign-out\"]').requestSubmit()").await;
    browser.wait_for_title("Sign in · Example Accounts · Countersign").await;
}

#[tokio::test]
async fn in_a_browser_without_a_passkey_the_page_says_what_happened() {
    with_browser(true, async |browser| {
        let office = open().await;
        browser.go(&format!("{}/console/sign-in", office.site.origin)).await;
        browser.run("navigator.credentials.get = async () => { throw new DOMException('x', 'NotAllowedError') }").await;
        press(browser, "Sign in with a passkey").await;
        browser.wait_for_text("No passkey was used: it was cancelled, or it took too long. Try again.").await;
        let script = browser.before_scripts("delete window.PublicKeyCredential;").await;
        browser.go(&format!("{}/console/sign-in", office.site.origin)).await;
        browser.wait_for_text("This browser has no passkeys.").await;
        browser.without_script(&script).await;
    })
    .await;
}

#[tokio::test]
async fn pages_with_passkeys_and_a_provider_are_fit_for_everybody() {
    let axe = axe();
    with_browser(true, async |browser| {
        let settings = [
            ("COUNTERSIGN_CONSOLE__OIDC__ISSUER", "https://id.example.org"),
            ("COUNTERSIGN_CONSOLE__OIDC__CLIENT_ID", "countersign"),
            ("COUNTERSIGN_CONSOLE__OIDC__ROLES", r#"["soc=responder"]"#),
        ];
        let office = Office::open_named(&settings, Clock::manual(Timestamp::from_secs(1_768_400_000))).await;
        let (_, url) = invite(&office, "kim").await;
        let welcome = url.strip_prefix(&office.site.origin).unwrap().to_owned();
        let outside = [
            ("sign-in-ways", "/console/sign-in".to_owned()),
            ("welcome-ways", welcome),
            ("refused", "/console/oidc/callback?state=a".to_owned()),
        ];
        walk(browser, &office.site.origin, &outside, axe.as_deref()).await;
        let ana = office.staff("ana", &[Role::Admin]).await;
        with_passkey(&office, &ana, 1).await;
        with_passkey(&office, &ana, 2).await;
        ana.sit_down(browser, "/console/me").await;
        let inside = [("me-ways", "/console/me".to_owned()), ("confirm-ways", "/console/confirm".to_owned())];
        walk(browser, &office.site.origin, &inside, axe.as_deref()).await;
    })
    .await;
}
