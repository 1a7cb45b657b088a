//! Exposure in a real browser.

use super::super::pages::{axe, walk};
use super::{Leaked, matched, put};
use crate::browser::driver::{Browser, with_browser};
use countersign::flows::exposure::{contain, follow, leaks};
use countersign::flows::profile;
use countersign_core::expose::containment::Containment;
use countersign_core::staff::Role;
use std::time::Duration;

/// A leak that counts, one that does not, a containment in force and one that was.
async fn furnished() -> (Leaked, String) {
    let leaked = Leaked::open().await;
    let app = leaked.office.app().clone();
    let actor = leaked.office.staff("ana", &[Role::Responder]).await.actor().await;
    let reason = || profile::reason("A leak is on sale").unwrap();
    let old = put(&leaked.office, "A test file with quite a long name that somebody typed", 8, matched(8)).await;
    leaks::withdraw(&app, &actor, old.id, reason()).await.unwrap();
    let until = Some(app.clock.now().plus(Duration::from_secs(30 * 24 * 3600)));
    let contained = |kind| contain::Put { cohort: leaked.leak.cohort, kind, until, reason: reason() };
    let past = contain::put(&app, &actor, contained(Containment::RecoveryHeld)).await.unwrap();
    contain::lift(&app, &actor, past.id, reason()).await.unwrap();
    let open = contain::put(&app, &actor, contained(Containment::MustReset)).await.unwrap();
    follow(&app).await.unwrap();
    (leaked, open.id.to_string())
}

#[tokio::test]
async fn exposure_is_fit_for_everybody() {
    let axe = axe();
    with_browser(true, async |browser| {
        let empty = super::Office::open().await;
        let zoe = empty.staff("zoe", &[Role::Responder]).await;
        zoe.sit_down(browser, "/console").await;
        let pages = [
            ("exposure-empty", "/console/exposure".to_owned()),
            ("cohorts-empty", "/console/exposure/cohorts".to_owned()),
            ("containments-empty", "/console/exposure/containments".to_owned()),
        ];
        walk(browser, &zoe.origin, &pages, axe.as_deref()).await;
        let (leaked, containment) = furnished().await;
        let rita = leaked.office.staff("rita", &[Role::Responder]).await;
        rita.sit_down(browser, "/console").await;
        let count = "/console/exposure/cohorts/count?query";
        let pages = [
            ("overview-exposure", "/console".to_owned()),
            ("exposure", "/console/exposure".to_owned()),
            ("leak", leaked.page()),
            ("cohorts", "/console/exposure/cohorts".to_owned()),
            (
                "cohorts-count",
                format!("{count}=leak%3A{0}%3Astrong+and+not+leak%3A{0}%3Ashows%3Aphone", leaked.leak.id),
            ),
            ("cohorts-wrong", format!("{count}=leak%3A{}+and+nobody", leaked.leak.id)),
            ("cohort", leaked.cohort()),
            ("contain", format!("{}/contain?kind=recovery_held&span=30d", leaked.cohort())),
            ("containments", "/console/exposure/containments".to_owned()),
            ("containment", format!("/console/exposure/containments/{containment}")),
            ("account-leaks", format!("/console/accounts/{}", leaked.accounts[3])),
        ];
        walk(browser, &rita.origin, &pages, axe.as_deref()).await;
        let complaints: Vec<_> = browser.complaints().await.into_iter().filter(|c| !c.contains("422")).collect();
        assert_eq!(complaints, [""; 0]);
    })
    .await;
}

/// Presses what has this text.
async fn press(browser: &Browser, selector: &str, text: &str) {
    let script = format!(
        "const one = [...document.querySelectorAll('{selector}')].find((one) => one.textContent.includes('{text}')); \
         if (!one) return false; one.closest('details')?.setAttribute('open', ''); one.click(); return true"
    );
    assert_eq!(browser.run(&script).await.as_bool(), Some(true), "{text} is not on the page");
}

async fn fill(browser: &Browser, id: &str, text: &str) {
    browser.run(&format!("document.getElementById('{id}').value = '{text}'")).await;
}

/// From the leak to its cohort, to a containment, to an account, to its end; with scripts and without.
async fn walked(scripts: bool) {
    with_browser(scripts, async |browser| {
        let leaked = Leaked::open().await;
        let rita = leaked.office.staff("rita", &[Role::Responder]).await;
        rita.sit_down(browser, "/console/exposure").await;
        press(browser, "main a", "On sale in January").await;
        browser.wait_for_text("How old it looks").await;
        press(browser, "main a", "Its cohort of 30 accounts").await;
        browser.wait_for_text("Put a containment on it").await;
        press(browser, "main label", "new password first").await;
        press(browser, "main button", "See what it would do").await;
        browser.wait_for_text("It would hold for").await;
        fill(browser, "contain-reason", "A leak is on sale").await;
        press(browser, "main button", "Put it on 30 accounts").await;
        browser.wait_for_text("The containment is in force.").await;
        browser.go(&format!("{}/console/accounts/{}", rita.origin, leaked.accounts[3])).await;
        browser.wait_for_text("Before the next sign-in a new password must be set.").await;
        press(browser, "main a", "the containment").await;
        browser.wait_for_text("Lift it").await;
        fill(browser, "lift-reason", "It is over").await;
        press(browser, "main button", "Lift the containment").await;
        browser.wait_for_text("The containment is lifted.").await;
        browser.go(&format!("{}/console/accounts/{}", rita.origin, leaked.accounts[3])).await;
        browser.wait_for_text("No containment holds for this account.").await;
    })
    .await;
}

#[tokio::test]
async fn from_a_leak_to_a_containment_and_its_end() {
    walked(true).await;
}

#[tokio::test]
async fn the_same_without_scripts() {
    walked(false).await;
}

#[tokio::test]
async fn the_keyboard_leads_there_and_a_file_can_be_taken_twice() {
    with_browser(true, async |browser| {
        let leaked = Leaked::open().await;
        let rita = leaked.office.staff("rita", &[Role::Responder]).await;
        rita.sit_down(browser, "/console").await;
        browser.keys("gl").await;
        browser.wait_for_title("Exposure · Example Accounts · Countersign").await;
        browser.go(&format!("{}{}", rita.origin, leaked.cohort())).await;
        // The form is posted and the page stays: the guard against a second post leaves it alone.
        let sent = "const form = document.querySelector('form[data-file]'); \
                    const event = () => new SubmitEvent('submit', { cancelable: true, bubbles: true }); \
                    const first = form.dispatchEvent(event()); return [first, form.dispatchEvent(event())]";
        assert_eq!(browser.run(sent).await, serde_json::json!([true, true]));
    })
    .await;
}

/// Puts a file into the form and sends it.
async fn hand_over(browser: &Browser, origin: &str, csv: &str) {
    browser.go(&format!("{origin}/console/exposure/import")).await;
    browser
        .run(&format!(
            "const all = new DataTransfer(); all.items.add(new File([{}], 'dump.csv')); \
             document.getElementById('file').files = all.files",
            serde_json::Value::from(csv)
        ))
        .await;
    fill(browser, "name", "From a forum").await;
    fill(browser, "import-reason", "A leak was published").await;
    press(browser, "main button", "Look at the file").await;
    browser.wait_for_text("What the columns are").await;
}

#[tokio::test]
async fn a_file_is_handed_over_looked_at_and_matched() {
    let axe = axe();
    with_browser(true, async |browser| {
        let leaked = Leaked::open().await;
        let rita = leaked.office.staff("rita", &[Role::Responder]).await;
        rita.sit_down(browser, "/console/exposure").await;
        let lines: String =
            (0..5000).map(|n| format!("p{n}@example.org,Some Body,+1555010{:04}\n", n % 10_000)).collect();
        for (width, scheme) in [(390, "dark"), (1440, "light")] {
            browser.look(width, scheme).await;
            hand_over(browser, &rita.origin, &format!("mail,who,tel{width}\n{lines}")).await;
            browser.picture(&format!("import-columns-{width}-{scheme}")).await;
            if let Some(axe) = &axe {
                let found = crate::browser::violations(browser, axe).await;
                assert!(found.is_empty(), "{found:#?}");
            }
            press(browser, "main button", "Match it").await;
            browser.wait_for_title("Leak: From a forum · Example Accounts · Countersign").await;
            browser.wait_for_text("mail").await;
        }
        let page = super::super::account::text(&rita.page("/console/exposure").await);
        assert!(
            page.contains("From a forum counts 40 accounts are in it, 40 by a strong key. 5,000 lines were read;"),
            "{page}"
        );
        hand_over(browser, &rita.origin, "mail\np1@example.org\n").await;
        press(browser, "main button", "Cancel").await;
        browser.wait_for_text("It was cancelled. Nothing was kept.").await;
    })
    .await;
}
