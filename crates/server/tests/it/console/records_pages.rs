//! The records in a real browser.

use super::account::planted;
use super::office::Office;
use super::pages::{axe, walk};
use crate::browser::driver::{Browser, ENTER, with_browser};
use crate::browser::violations;
use countersign::flows::care::{self, Hold};
use countersign::flows::log::erase::{Erase, erase};
use countersign::flows::log::own::By;
use countersign::flows::profile;
use countersign_core::staff::Role;
use std::time::Duration;

#[tokio::test]
async fn records_are_fit_for_everybody() {
    let axe = axe();
    with_browser(true, async |browser| {
        let office = Office::open().await;
        let empty = office.staff("zoe", &[Role::Responder, Role::Auditor]).await;
        empty.sit_down(browser, "/console").await;
        let pages = [("messages-empty", "/console/messages".to_owned()), ("accounts", "/console/accounts".to_owned())];
        walk(browser, &empty.origin, &pages, axe.as_deref()).await;
        let gone = office.site.sent_to("gone@example.org").await.0.account;
        let id = planted(&office).await;
        for n in 0..4 {
            office.app().clock.advance(Duration::from_secs(1000));
            office.site.sent_to(&format!("sam{n}@example.org")).await;
        }
        let ana = office.staff("ana", &[Role::Responder, Role::Admin, Role::Auditor]).await;
        let reason = || profile::reason("Ticket 7: the mailbox was taken over").unwrap();
        care::end_sessions(office.app(), &ana.actor().await, id.clone(), true, reason()).await.unwrap();
        let until = office.app().clock.now().plus(Duration::from_secs(72 * 3600));
        let hold = Hold { account: id.clone(), until, cancel_changes: false, reason: reason() };
        care::hold(office.app(), &ana.actor().await, hold).await.unwrap();
        let ask = Erase { account: gone, reason: "gdpr-17".into(), by: By::CommandLine };
        office.site.grow().await;
        erase(office.app(), &ask, |_| {}).await.unwrap();
        office.site.grow().await;
        let message = ana.page(&format!("/console/messages?account={id}")).await;
        let message =
            message.split("href=\"/console/messages/msg_").nth(1).unwrap().split('"').next().unwrap().to_owned();
        ana.sit_down(browser, "/console").await;
        let pages = [
            ("messages", "/console/messages".to_owned()),
            ("messages-none", "/console/messages?state=failed".to_owned()),
            ("message", format!("/console/messages/msg_{message}")),
            ("account", format!("/console/accounts/{id}")),
            ("account-missing", "/console/accounts/acc_01k9xy3v8e4m7q2r5t6w8z0abc".to_owned()),
            ("evidence", "/console/evidence".to_owned()),
            ("evidence-kind", "/console/evidence?kind=message.sealed".to_owned()),
            ("entry", "/console/evidence/12".to_owned()),
            ("entry-erased", "/console/evidence/8".to_owned()),
            ("audit", "/console/audit".to_owned()),
            ("settings", "/console/settings".to_owned()),
        ];
        walk(browser, &ana.origin, &pages, axe.as_deref()).await;
        for (width, scheme) in [(390, "light"), (390, "dark"), (1440, "light"), (1440, "dark")] {
            browser.look(width, scheme).await;
            acted(
                browser,
                &format!("{}/console/accounts/{id}", ana.origin),
                axe.as_deref(),
                &format!("{width}-{scheme}"),
            )
            .await;
        }
        let complaints: Vec<_> = browser.complaints().await.into_iter().filter(|c| !c.contains("404")).collect();
        assert_eq!(complaints, [""; 0]);
    })
    .await;
}

/// The forms of an account, opened, and its page in the clear.
async fn acted(browser: &Browser, page: &str, axe: Option<&str>, name: &str) {
    browser.go(page).await;
    browser.run("document.querySelectorAll('.acts details').forEach((one) => { one.open = true; })").await;
    browser.picture(&format!("account-acts-{name}")).await;
    fits(browser, axe, &format!("acts {name}")).await;
    browser
        .run("const at = document.getElementById('unmask-reason'); at.value = 'Ticket 7'; at.form.requestSubmit()")
        .await;
    browser.wait_for_text("Personal data is in the clear").await;
    browser.picture(&format!("account-clear-{name}")).await;
    fits(browser, axe, &format!("clear {name}")).await;
}

async fn fits(browser: &Browser, axe: Option<&str>, what: &str) {
    let (wide, window) = ("return document.documentElement.scrollWidth", "return innerWidth");
    assert!(browser.run(wide).await.as_u64() <= browser.run(window).await.as_u64(), "{what} is too wide");
    if let Some(axe) = axe {
        let found = violations(browser, axe).await;
        assert!(found.is_empty(), "{what}: {found:#?}");
    }
}

#[tokio::test]
async fn a_code_is_pasted_into_the_box_and_the_answer_is_there() {
    with_browser(true, async |browser| {
        let office = Office::open().await;
        let (_, code) = office.site.sent_to("sam@example.org").await;
        office.site.grow().await;
        let vera = office.staff("vera", &[Role::Viewer]).await;
        vera.sit_down(browser, "/console/messages").await;
        browser.keys("/").await;
        assert_eq!(browser.focused().await, "find");
        browser.keys(&code.to_string()).await;
        browser.keys(ENTER).await;
        browser.wait_for_text("This message is from us.").await;
        browser.keys("/").await;
        browser.keys("0000-0000-0000").await;
        browser.keys(ENTER).await;
        browser.wait_for_title("Not from us · Example Accounts · Countersign").await;
        // An address that this role may not look up goes on to the register, by the same form.
        browser.keys("/").await;
        browser.keys("sam@example.org").await;
        browser.keys(ENTER).await;
        browser.wait_for_text("to the address that you typed").await;
        assert!(browser.url().await.ends_with("/console/messages"), "{}", browser.url().await);
    })
    .await;
}

#[tokio::test]
async fn an_entry_is_checked_in_the_browser_and_a_changed_one_is_not_believed() {
    with_browser(true, async |browser| {
        let office = Office::open().await;
        planted(&office).await;
        let arthur = office.staff("arthur", &[Role::Auditor]).await;
        arthur.sit_down(browser, "/console/evidence/2").await;
        browser.wait_for_state("browser").await;
        assert!(browser.text().await.contains("Checked in your browser: this is what was written"));
        let tamper = "document.addEventListener('readystatechange', () => { const f = document.querySelector('[data-file]'); \
                      f.textContent = f.textContent.replace(/^(extra .{40})(.)/m, (all, a, c) => a + (c === 'A' ? 'B' : 'A')); });";
        browser.before_scripts(tamper).await;
        browser.go(&format!("{}/console/evidence/2", arthur.origin)).await;
        browser.wait_for_state("wrong").await;
        let text = browser.text().await;
        assert!(text.contains("The proof is not right.") && !text.contains("Checked in your browser"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn without_scripts_the_proof_is_the_servers_word() {
    with_browser(false, async |browser| {
        let office = Office::open().await;
        planted(&office).await;
        let arthur = office.staff("arthur", &[Role::Auditor]).await;
        arthur.sit_down(browser, "/console/evidence/2").await;
        let text = browser.text().await;
        assert!(text.contains("Your browser has not checked it: that needs JavaScript."), "{text}");
        assert!(!text.contains("Checked in your browser"), "{text}");
    })
    .await;
}
