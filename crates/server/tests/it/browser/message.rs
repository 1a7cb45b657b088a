//! The page about one message: the browser checks the proof and compares the address, and nobody else learns it.

use super::driver::{Browser, ENTER, with_browser};
use super::violations;
use crate::support::not_run;
use crate::support::site::Site;
use crate::verify::doors::{cosign, witnessed_log};
use countersign::text::Locale;
use countersign_core::message::CountersignCode;

const SAM: &str = "sam@example.org";
const CHECKED: &str = "Your browser has checked the proof";
/// A browser that does not know Ed25519, as phones from before 2025.
const WITHOUT_ED25519: &str = "const real = SubtleCrypto.prototype.importKey; SubtleCrypto.prototype.importKey = \
     function (format, key, algorithm, ...rest) { return algorithm.name === 'Ed25519' ? \
     Promise.reject(new DOMException('', 'NotSupportedError')) : real.call(this, format, key, algorithm, ...rest); };";

/// Whatever is fetched has one bit flipped, this far into it.
fn tampering(share: f64) -> String {
    format!(
        "const real = window.fetch; window.fetch = async (...args) => {{ const answer = await real(...args); \
         const bytes = new Uint8Array(await answer.arrayBuffer()); bytes[Math.floor(bytes.length * {share})] ^= 1; \
         return new Response(bytes, {{ status: answer.status }}); }};"
    )
}

/// A site with one message in its log.
async fn site() -> (Site, CountersignCode) {
    let site = Site::start(&[]).await;
    let (_, code) = site.sent_to(SAM).await;
    site.grow().await;
    (site, code)
}

async fn open(browser: &Browser, site: &Site, code: &CountersignCode) {
    browser.go(&format!("{}/verify/{code}?lang=en", site.origin)).await;
}

/// Types an address and compares.
async fn compare(browser: &Browser, address: &str) {
    browser.run("document.getElementById('address').value = ''; document.body.focus()").await;
    browser.tab_to("address").await;
    browser.keys(address).await;
    browser.keys(ENTER).await;
}

/// Everything that the page has asked for.
async fn requests(browser: &Browser) -> u64 {
    browser.run("return performance.getEntriesByType('resource').length").await.as_u64().unwrap()
}

#[tokio::test]
async fn a_genuine_message_is_told_from_a_copied_code_without_asking_anybody() {
    with_browser(true, async |browser| {
        let (site, code) = site().await;
        open(browser, &site, &code).await;
        browser.wait_for_text(CHECKED).await;
        let text = browser.text().await;
        assert!(text.contains("Unwitnessed") && !text.contains("Our server has checked"), "{text}");
        assert!(text.contains("It is compared on this device and sent to nobody."), "{text}");
        let (asked, url) = (requests(browser).await, browser.url().await);
        compare(browser, " SAM@Example.ORG ").await;
        browser.wait_for_title("Genuine, and sent to this address \u{b7} Example Accounts").await;
        assert_eq!(browser.focused().await, "Genuine, and sent to this address");
        compare(browser, "mara@example.org").await;
        browser.wait_for_title("Genuine code, but it was issued to another address \u{b7} Example Accounts").await;
        let text = browser.text().await;
        assert!(text.contains("as phishing") && !text.contains("sent to this address"), "{text}");
        compare(browser, "sam at example").await;
        browser.wait_for_text("This is not an e-mail address").await;
        assert!(!browser.text().await.contains("another address"), "the verdict before was on another one");
        compare(browser, "sam@b\u{fc}cher.example").await;
        browser.wait_for_text("issued to another address").await;
        assert_eq!((requests(browser).await, browser.url().await), (asked, url), "nothing left the browser");
        assert_eq!(browser.complaints().await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn an_unknown_code_is_not_from_us() {
    with_browser(true, async |browser| {
        let (site, _) = site().await;
        open(browser, &site, &CountersignCode::parse("0000-0000-0000").unwrap()).await;
        assert_eq!(browser.title().await, "No: this message is not from us \u{b7} Example Accounts");
        assert!(!browser.text().await.contains("Proof"));
    })
    .await;
}

#[tokio::test]
async fn a_proof_that_was_tampered_with_is_not_believed() {
    with_browser(true, async |browser| {
        let (site, code) = site().await;
        for share in [0.0, 0.1, 0.5, 0.7, 0.85, 0.95] {
            let script = browser.before_scripts(&tampering(share)).await;
            open(browser, &site, &code).await;
            browser.wait_for_title("The proof is not right \u{b7} Example Accounts").await;
            browser.without_script(&script).await;
            let text = browser.text().await;
            assert!(text.contains("Do not trust your message") && !text.contains(CHECKED), "{text}");
            assert!(!text.contains("Compare\n") && !text.contains("Our server has checked"), "{text}");
        }
        open(browser, &site, &code).await;
        browser.wait_for_text(CHECKED).await;
    })
    .await;
}

#[tokio::test]
async fn a_browser_without_ed25519_says_that_the_server_checked() {
    with_browser(true, async |browser| {
        let (site, code) = site().await;
        browser.before_scripts(WITHOUT_ED25519).await;
        open(browser, &site, &code).await;
        browser.wait_for_text("Your browser cannot check signatures").await;
        assert!(!browser.text().await.contains(CHECKED));
        compare(browser, "mara@example.org").await;
        browser.wait_for_title("Genuine code, but it was issued to another address \u{b7} Example Accounts").await;
    })
    .await;
}

#[tokio::test]
async fn a_proof_that_is_not_ready_is_waited_for() {
    with_browser(true, async |browser| {
        let site = Site::start(&[]).await;
        let (_, code) = site.sent_to(SAM).await;
        open(browser, &site, &code).await;
        site.grow().await;
        browser.wait_for_text(CHECKED).await;
        compare(browser, SAM).await;
        browser.wait_for_title("Genuine, and sent to this address \u{b7} Example Accounts").await;
    })
    .await;
}

#[tokio::test]
async fn without_scripts_the_server_compares_and_says_so() {
    with_browser(false, async |browser| {
        let (site, code) = site().await;
        open(browser, &site, &code).await;
        let text = browser.text().await;
        assert!(text.contains("Our server has checked the proof; your browser has not."), "{text}");
        assert!(text.contains("It is sent to us for the comparison. We do not keep it."), "{text}");
        assert!(!text.contains(CHECKED) && !text.contains("{"), "{text}");
        compare(browser, "mara@example.org").await;
        browser.wait_for_title("Genuine code, but it was issued to another address \u{b7} Example Accounts").await;
        compare(browser, SAM).await;
        browser.wait_for_title("Genuine, and sent to this address \u{b7} Example Accounts").await;
    })
    .await;
}

#[tokio::test]
async fn witnesses_are_counted_in_the_browser() {
    with_browser(true, async |browser| {
        let (log, witness) = witnessed_log();
        let site = Site::start_with(&[], log).await;
        let (_, code) = site.sent_to(SAM).await;
        site.grow().await;
        cosign(&site, &witness).await;
        open(browser, &site, &code).await;
        browser.wait_for_text(CHECKED).await;
        let text = browser.text().await;
        assert!(text.contains("Witnessed by 1 of 2") && !text.contains("Unwitnessed"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn the_page_fits_a_small_phone_in_every_language() {
    with_browser(true, async |browser| {
        let (site, code) = site().await;
        browser.look(320, "light").await;
        for locale in Locale::ALL {
            browser.go(&format!("{}/verify/{code}?lang={}", site.origin, locale.tag())).await;
            browser.wait_for_state("browser").await;
            browser.run("document.querySelector('details.more').open = true").await;
            let (wide, text) = (browser.run("return document.documentElement.scrollWidth").await, browser.text().await);
            assert!(wide.as_u64() <= Some(320), "{} is {wide} px wide", locale.tag());
            assert!(!text.contains('{'), "{}: {text}", locale.tag());
            assert_eq!(browser.run("return document.dir").await, locale.direction());
        }
    })
    .await;
}

#[tokio::test]
async fn axe_finds_nothing_serious_on_the_page() {
    let Some(axe) = std::env::var_os("COUNTERSIGN_TEST_AXE") else {
        return not_run("axe-core on the hosted pages", "npm install axe-core; COUNTERSIGN_TEST_AXE=…/axe.min.js");
    };
    let axe = std::fs::read_to_string(axe).unwrap();
    with_browser(true, async |browser| {
        let (site, code) = site().await;
        let is_fine = async |browser: &Browser, what: &str| {
            browser.run("for (const one of document.querySelectorAll('details.more')) one.open = true").await;
            let found = violations(browser, &axe).await;
            assert!(found.is_empty(), "{what}: {found:#?}");
        };
        for (lang, width, scheme) in [("en", 390, "light"), ("en", 1440, "dark"), ("ar", 390, "dark")] {
            browser.look(width, scheme).await;
            browser.go(&format!("{}/verify/{code}?lang={lang}", site.origin)).await;
            browser.wait_for_state("browser").await;
            is_fine(browser, "checked").await;
            for address in [SAM, "mara@example.org", "sam at example"] {
                compare(browser, address).await;
                is_fine(browser, address).await;
            }
        }
        browser.before_scripts(&tampering(0.5)).await;
        open(browser, &site, &code).await;
        browser.wait_for_state("wrong").await;
        is_fine(browser, "tampered").await;
    })
    .await;
}
