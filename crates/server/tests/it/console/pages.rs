//! The pages in a real browser: nothing serious for axe-core, nothing wider than the window, the keyboard suffices.

use super::office::{Office, PASSWORD};
use crate::browser::driver::{Browser, ENTER, with_browser};
use crate::browser::violations;
use crate::support::not_run;
use countersign::flows::staff::{people, pleas};
use countersign_core::staff::Role;

/// What is looked at: name of the picture, path.
pub(super) async fn walk(browser: &Browser, origin: &str, pages: &[(&str, String)], axe: Option<&str>) {
    for (width, scheme) in [(390, "light"), (390, "dark"), (1440, "light"), (1440, "dark")] {
        browser.look(width, scheme).await;
        for (name, path) in pages {
            browser.go(&format!("{origin}{path}")).await;
            let wide = browser.run("return document.documentElement.scrollWidth").await;
            assert!(wide.as_u64() <= Some(width.into()), "{name} is {wide} px wide at {width}");
            browser.picture(&format!("{name}-{width}-{scheme}")).await;
            if let Some(axe) = axe {
                let found = violations(browser, axe).await;
                assert!(found.is_empty(), "{name} {width} {scheme}: {found:#?}");
            }
        }
    }
}

/// axe-core, or a line that says that it is not there.
pub(super) fn axe() -> Option<String> {
    let Some(path) = std::env::var_os("COUNTERSIGN_TEST_AXE") else {
        not_run("axe-core on the console", "npm install axe-core; COUNTERSIGN_TEST_AXE=…/axe.min.js");
        return None;
    };
    Some(std::fs::read_to_string(path).unwrap())
}

#[tokio::test]
async fn the_way_in_is_fit_for_everybody() {
    let axe = axe();
    with_browser(true, async |browser| {
        let office = Office::open().await;
        let first = people::first_link(office.app()).await.unwrap().unwrap();
        let welcome = first.url.expose().split_once("/console").map(|(_, rest)| format!("/console{rest}")).unwrap();
        let pages = [
            ("sign-in", "/console/sign-in".to_owned()),
            ("help", "/console/help".to_owned()),
            ("welcome", welcome),
            ("gone", "/console/welcome/none".to_owned()),
        ];
        walk(browser, &office.site.origin, &pages, axe.as_deref()).await;
    })
    .await;
}

#[tokio::test]
async fn ones_own_pages_and_administration_are_fit_for_everybody() {
    let axe = axe();
    with_browser(true, async |browser| {
        let office = Office::open().await;
        let ana = office.staff("ana", &[Role::Admin]).await;
        let bea = office.staff("bea", &[Role::Viewer, Role::Responder]).await;
        pleas::call(office.app(), "bea", &super::office::client()).await.unwrap();
        ana.post("/console/keys", &[("name", "sign-in page"), ("lives", "30d"), ("recovery:request", "on")]).await;
        ana.sit_down(browser, "/console").await;
        let pages = [
            ("me", "/console/me".to_owned()),
            ("authenticator", "/console/me/authenticator".to_owned()),
            ("confirm", "/console/confirm".to_owned()),
            ("staff", "/console/staff".to_owned()),
            ("person", format!("/console/staff/{}", bea.id)),
            ("keys", "/console/keys".to_owned()),
            ("not-permitted", "/console/none".to_owned()),
        ];
        walk(browser, &ana.origin, &pages, axe.as_deref()).await;
        // Not every script may run and not every address exists: the browser has nothing else to complain about.
        let complaints: Vec<_> = browser.complaints().await.into_iter().filter(|c| !c.contains("404")).collect();
        assert_eq!(complaints, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn the_console_is_entered_and_walked_with_the_keyboard_alone() {
    with_browser(true, async |browser| {
        let office = Office::open().await;
        let ana = office.staff("ana", &[Role::Admin]).await;
        browser.go(&format!("{}/console/staff", ana.origin)).await;
        assert_eq!(browser.focused().await, "name", "the first field has the focus");
        browser.keys("ana").await;
        browser.tab_to("password").await;
        browser.keys(PASSWORD).await;
        browser.tab_to("code").await;
        browser.keys(&ana.next_code()).await;
        browser.keys(ENTER).await;
        browser.wait_for_title("Staff · Example Accounts · Countersign").await;
        browser.keys("gk").await;
        browser.wait_for_title("API keys · Example Accounts · Countersign").await;
        browser.keys("?").await;
        browser.wait_for_text("Keyboard shortcuts").await;
        browser.keys("\u{e00c}").await;
        browser.keys("/").await;
        assert_eq!(browser.focused().await, "find");
        browser.run("document.activeElement.blur()").await;
        browser
            .run("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, bubbles: true }))")
            .await;
        browser.keys("staff").await;
        browser.keys(ENTER).await;
        browser.wait_for_title("Staff · Example Accounts · Countersign").await;
    })
    .await;
}
