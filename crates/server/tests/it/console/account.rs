//! The page of an account: what it shows, what it hides, what is done on it.

use super::office::{Office, Person, leads_to};
use countersign::flows::devices;
use countersign::store::StoreError;
use countersign::store::db::sql;
use countersign_core::ids::{AccountId, SessionId};
use countersign_core::staff::Role;
use std::time::Duration;

/// Texts that are in the directory and must not be on a masked page.
const PLANTED: [&str; 6] =
    ["mara.planted@example.org", "mara.planted@", "planted-user", "+15550100177", "5550100177", "crm-planted-7"];

/// An account with something of everything.
pub async fn planted(office: &Office) -> AccountId {
    let id = office.site.sent_to("mara.planted@example.org").await.0.account;
    let (account, now) = (id.as_str().to_owned(), office.app().clock.now());
    let session = SessionId::new(now, &mut office.app().rng());
    let done: Result<(), StoreError> = office
        .app()
        .store
        .write(move |conn| {
            Box::pin(async move {
                let own = "UPDATE accounts SET external_id = 'crm-planted-7', locale = 'de' WHERE id = $1";
                sql(own).bind(&account).execute(conn).await?;
                for (kind, value) in [("user", "planted-user"), ("phone", "+15550100177")] {
                    let text = "INSERT INTO identifiers (kind, value, account_id) VALUES ($1, $2, $3)";
                    sql(text).bind(kind).bind(value).bind(&account).execute(conn).await?;
                }
                let phone = "INSERT INTO phones (account_id, number, position) VALUES ($1, '+15550100177', 0)";
                sql(phone).bind(&account).execute(conn).await?;
                let text = "INSERT INTO sessions (id, account_id, created_at) VALUES ($1, $2, $3)";
                sql(text).bind(session.as_str()).bind(&account).bind(now).execute(conn).await?;
                Ok(())
            })
        })
        .await;
    done.unwrap();
    devices::issue(office.app(), id.clone()).await.unwrap();
    office.site.grow().await;
    id
}

/// What is read of a page: tags gone, white space as one space.
pub fn text(html: &str) -> String {
    let main = html.split_once("<main").map_or(html, |(_, rest)| rest.split_once('>').unwrap().1);
    let main = main.split("</main>").next().unwrap();
    let mut out = String::new();
    let mut inside = false;
    for c in main.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                out.push(' ');
            }
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn shown(person: &Person, path: &str) -> String {
    let answer = person.get(path).await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["cache-control"].to_str().unwrap()),
        (200, "no-store"),
        "{path}"
    );
    answer.text().await.unwrap()
}

#[tokio::test]
async fn masked_pages_hold_nothing_of_the_person() {
    let office = Office::open().await;
    let id = planted(&office).await;
    let ana = office.staff("ana", &[Role::Responder, Role::Admin]).await;
    let message = ana.page(&format!("/console/messages?account={id}")).await;
    let message = message.split("/console/messages/msg_").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for path in [
        format!("/console/accounts/{id}"),
        format!("/console/messages?account={id}"),
        "/console/messages".to_owned(),
        format!("/console/messages/msg_{message}"),
        "/console/evidence".to_owned(),
        format!("/console/evidence?account={id}"),
        "/console/evidence/3".to_owned(),
        "/console/evidence/5".to_owned(),
        "/console/audit".to_owned(),
        "/console/settings".to_owned(),
    ] {
        let page = shown(&ana, &path).await;
        for planted in PLANTED {
            assert!(!page.contains(planted), "{planted} is on {path}");
        }
    }
    let page = text(&shown(&ana, &format!("/console/accounts/{id}")).await);
    for masked in [
        "m•••@e•••.org confirmed",
        "User name p•••",
        "•••77 not confirmed",
        "Your id of it c•••",
        "Open sessions 1",
        "Known devices 1",
    ] {
        assert!(page.contains(masked), "{masked}: {page}");
    }
}

#[tokio::test]
async fn personal_data_is_shown_once_and_for_a_reason() {
    let office = Office::open().await;
    let id = planted(&office).await;
    let ana = office.staff("ana", &[Role::Responder]).await;
    let path = format!("/console/accounts/{id}/unmask");
    let without = ana.post(&path, &[("reason", " ")]).await;
    assert_eq!(without.status(), 422);
    let said = without.text().await.unwrap();
    assert!(said.contains("Say why, in a few words.") && !said.contains("mara.planted@"));
    assert!(!office.entries().await.contains(&"staff.unmasked".to_owned()));

    let clear = ana.post(&path, &[("reason", "Ticket 7 <b>")]).await;
    assert_eq!((clear.status().as_u16(), clear.headers()["cache-control"].to_str().unwrap()), (200, "no-store"));
    let clear = clear.text().await.unwrap();
    for planted in ["mara.planted@example.org", "planted-user", "+15550100177", "crm-planted-7"] {
        assert!(clear.contains(planted), "{planted}");
    }
    assert!(clear.contains("Personal data is in the clear on this page") && !clear.contains("Ticket 7 <b>"));
    let entry = office.last_entry("staff.unmasked").await;
    assert_eq!(
        (&entry["what"]["by"]["staff"], &entry["what"]["reason"]),
        (&ana.id.as_str().into(), &"Ticket 7 <b>".into())
    );
    assert_eq!(entry["subject"], id.as_str());
    let link = ana.get(&path).await;
    assert_eq!(link.status(), 405, "no link leads there");
    office.site.grow().await;
    let page = ana.page(&format!("/console/accounts/{id}")).await;
    assert!(!page.contains("mara.planted@") && page.contains("Ticket 7 &#60;b&#62;"), "it is masked again, and told");

    ana.grow_stale();
    let late = ana.post(&path, &[("reason", "x")]).await;
    assert_eq!(leads_to(&late), "/console/confirm?next=%2Fconsole%2Fme");
}

#[tokio::test]
async fn sessions_are_ended_and_recovery_is_held_and_released() {
    let office = Office::open().await;
    let id = planted(&office).await;
    let ana = office.staff("ana", &[Role::Responder]).await;
    let (page, path) = (format!("/console/accounts/{id}"), |rest: &str| format!("/console/accounts/{id}{rest}"));
    let ended = ana.post(&path("/sessions/end"), &[("reason", "Ticket 7"), ("devices", "on")]).await;
    assert_eq!(leads_to(&ended), format!("{page}?done=account_devices"));
    let what = office.last_entry("staff.account_sessions_ended").await["what"].clone();
    assert_eq!((&what["sessions"], &what["devices"]), (&1.into(), &1.into()));
    let held = ana.post(&path("/hold"), &[("reason", "Ticket 7"), ("span", "72h")]).await;
    assert_eq!(leads_to(&held), format!("{page}?done=held"));
    let what = office.last_entry("staff.recovery_held").await["what"].clone();
    let until = office.app().clock.now().plus(Duration::from_secs(72 * 3600));
    assert_eq!((&what["until"], &what["links_closed"]), (&until.micros().into(), &1.into()));
    let shown = text(&ana.page(&page).await);
    for words in ["recovery held", "Open sessions 0", "Hold recovery longer", "Release the hold", "closed"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let released = ana.post(&path("/hold/release"), &[("reason", "Ticket 7")]).await;
    assert_eq!(leads_to(&released), format!("{page}?done=released"));
    let again = ana.post(&path("/hold/release"), &[("reason", "Ticket 7")]).await;
    assert_eq!(again.status(), 409);
    assert!(again.text().await.unwrap().contains("The recovery of this account is not held."));
    for (fields, wrong) in [
        ([("reason", ""), ("span", "72h")], "Say why, in a few words."),
        ([("reason", "x"), ("span", "31d")], "Recovery is held for 30 days at most"),
        ([("reason", "x"), ("span", "soon")], "is a number and a unit"),
    ] {
        let answer = ana.post(&path("/hold"), &fields).await;
        assert_eq!(answer.status(), 422);
        assert!(answer.text().await.unwrap().contains(wrong), "{wrong}");
    }
    office.site.grow().await;
    let told = text(&ana.page(&page).await);
    assert!(told.contains("ana ended 1 session and forgot 1 device of this account · Ticket 7"), "{told}");
    assert_eq!(ana.get("/console/accounts/acc_01k9xy3v8e4m7q2r5t6w8z0abc").await.status(), 404);
}

#[tokio::test]
async fn who_only_reads_is_offered_nothing_to_do() {
    let office = Office::open().await;
    let id = planted(&office).await;
    for role in [Role::Approver, Role::Auditor] {
        let person = office.staff(&format!("p-{role}"), &[role]).await;
        let page = person.page(&format!("/console/accounts/{id}")).await;
        assert!(page.contains("Names and addresses") && !page.contains("<h2>Act</h2>") && !page.contains("/unmask"));
    }
}
