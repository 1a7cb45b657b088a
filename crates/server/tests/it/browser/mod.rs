//! The hosted pages in a real browser: nothing serious for axe-core, nothing wider than the window, the solver solves.

pub mod driver;
mod gallery;
mod message;

use crate::support::not_run;
use crate::support::site::Site;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Form, Router};
use countersign::pages;
use countersign::text::Locale;
use countersign_core::gate::{Mode, proof};
use countersign_core::secret::Key;
use countersign_core::time::Timestamp;
use driver::{Browser, with_browser};
use rand::{SeedableRng, rngs::StdRng};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::mpsc;

const KEY: Key = Key::new([5; 32]);
/// Longer than any puzzle here takes on a slow machine.
const LONG: Duration = Duration::from_secs(120);
const NOW: Timestamp = Timestamp::from_secs(1_768_400_000);

/// What came with a form, to be looked at by the test.
type Sent = mpsc::UnboundedSender<HashMap<String, String>>;

async fn show() -> String {
    show_and_take(mpsc::unbounded_channel().0).await
}

/// Pictures at `/{locale}/{name}`, and a waiting page with a real puzzle at `/puzzle`.
async fn show_and_take(sent: Sent) -> String {
    let site = Router::new()
        .route("/{locale}/{name}", get(picture))
        .route("/puzzle", get(|| async { Html(gallery::waiting_for(puzzle())) }))
        .route("/recover/proof", axum::routing::post(take).with_state(sent))
        .merge(pages::assets_router())
        .layer(axum::middleware::map_response(async |answer: Response| {
            countersign::web::headers::secure(answer, false)
        }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, site).into_future());
    origin
}

async fn picture(Path((tag, name)): Path<(String, String)>) -> Response {
    let pictures = Locale::from_tag(&tag).map(gallery::pictures).unwrap_or_default();
    match pictures.into_iter().find(|p| p.name == name) {
        Some(found) => Html(found.html).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn puzzle() -> proof::Challenge {
    proof::challenge(&KEY, "binding", 400_000, proof::expiry(NOW, 60), &mut StdRng::seed_from_u64(7))
}

async fn take(State(sent): State<Sent>, Form(fields): Form<HashMap<String, String>>) -> &'static str {
    sent.send(fields).unwrap();
    "taken"
}

fn names() -> Vec<&'static str> {
    gallery::pictures(Locale::En).iter().map(|p| p.name).collect()
}

#[tokio::test]
async fn no_page_is_wider_than_a_small_phone() {
    with_browser(true, async |browser| {
        let origin = show().await;
        for (width, locales) in [(320, Locale::ALL.as_slice()), (390, &[Locale::De, Locale::Ar])] {
            browser.look(width, "light").await;
            for (locale, name) in locales.iter().flat_map(|l| names().into_iter().map(move |n| (l, n))) {
                browser.go(&format!("{origin}/{}/{name}", locale.tag())).await;
                let wide = browser.run("return document.documentElement.scrollWidth").await;
                assert!(wide.as_u64() <= Some(width.into()), "{}/{name} is {wide} px wide at {width}", locale.tag());
            }
        }
        assert_eq!(browser.complaints().await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn axe_finds_nothing_serious() {
    let Some(axe) = std::env::var_os("COUNTERSIGN_TEST_AXE") else {
        return not_run("axe-core on the hosted pages", "npm install axe-core; COUNTERSIGN_TEST_AXE=…/axe.min.js");
    };
    let axe = std::fs::read_to_string(axe).unwrap();
    with_browser(true, async |browser| {
        let origin = show().await;
        for (locale, width, scheme) in
            [("en", 390, "light"), ("en", 1440, "dark"), ("ar", 390, "light"), ("ar", 390, "dark")]
        {
            browser.look(width, scheme).await;
            for name in names() {
                browser.go(&format!("{origin}/{locale}/{name}")).await;
                let found = violations(browser, &axe).await;
                assert!(found.is_empty(), "{locale}/{name} {scheme}: {found:#?}");
            }
        }
    })
    .await;
}

/// Serious and critical findings, each as rule and place.
pub async fn violations(browser: &Browser, axe: &str) -> Vec<String> {
    let script = format!(
        "{axe}; const done = arguments[0]; axe.run().then(r => done(r.violations
           .filter(v => v.impact === 'serious' || v.impact === 'critical')
           .flatMap(v => v.nodes.map(n => v.id + ' ' + n.target + ' ' + n.failureSummary))))"
    );
    let found = browser.run_async(&script).await;
    found.as_array().unwrap().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_solver_solves_and_sends() {
    with_browser(true, async |browser| {
        let (sent, mut taken) = mpsc::unbounded_channel();
        browser.go(&format!("{}/puzzle", show_and_take(sent).await)).await;
        let fields = tokio::time::timeout(LONG, taken.recv()).await.expect("the solver sends its form").unwrap();
        let solved = proof::verify(&KEY, &fields["altcha"], "binding", NOW);
        assert_eq!(solved.map(|s| s.max_number), Ok(400_000));
        assert_eq!(fields["id"], gallery::REQUEST);
        assert_eq!(browser.complaints().await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn without_scripts_the_page_says_what_happens() {
    with_browser(false, async |browser| {
        let origin = show().await;
        browser.go(&format!("{origin}/en/waiting")).await;
        // WebDriver's own scripts run all the same.
        let text = browser.run("return document.body.innerText").await;
        let text = text.as_str().unwrap();
        assert!(text.contains("drop a request after 30 minutes") && text.contains("You can leave this page"), "{text}");
        assert!(!text.contains("puzzle"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn recovery_is_asked_for_with_the_keyboard_alone() {
    with_browser(true, async |browser| {
        let site = Site::start(&[]).await;
        browser.go(&format!("{}/recover?lang=en", site.origin)).await;
        assert_eq!(browser.title().await, "Get back into your account \u{b7} Example Accounts");
        browser.tab_to("identifier").await;
        browser.keys("someone@example.org").await;
        browser.tab_to("Send me the message").await;
        browser.keys(driver::ENTER).await;
        browser.wait_for_title("Look at your messages \u{b7} Example Accounts").await;
        browser.tab_to("code").await;
        browser.keys("12345678").await;
        browser.keys(driver::ENTER).await;
        browser.wait_for_title("Enter your code \u{b7} Example Accounts").await;
        assert_eq!(browser.focused().await, "code", "the field with the error has the focus");
        let complaints: Vec<_> = browser.complaints().await.into_iter().filter(|c| !c.contains("422")).collect();
        assert_eq!(complaints, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn in_a_siege_the_browser_proves_itself_and_goes_ahead() {
    with_browser(true, async |browser| {
        let site = Site::start(&[]).await;
        site.app.gate().mode = Mode::Proof;
        browser.go(&format!("{}/recover?lang=en", site.origin)).await;
        browser.tab_to("identifier").await;
        browser.keys("someone@example.org").await;
        browser.keys(driver::ENTER).await;
        // The page in between says that the request waits; it is solved before anybody could read it.
        browser.wait_for_title("Look at your messages \u{b7} Example Accounts").await;
        let text = browser.run("return document.body.innerText").await;
        assert!(text.as_str().unwrap().contains("Your request goes ahead of the queue"), "{text}");
    })
    .await;
}

#[test]
fn every_page_says_everything_in_every_language() {
    for locale in Locale::ALL {
        for picture in gallery::pictures(locale) {
            let html = picture.html.replace(Locale::say(locale, "sent.solve_left", &[]).as_str(), "");
            let name = format!("{}/{}", locale.tag(), picture.name);
            assert!(!html.contains('{'), "{name} has a placeholder left: {html}");
            for empty in ["<p></p>", "<h1></h1>", "<label for=\"code\"></label>", "<button></button>", "<li></li>"] {
                assert!(!html.contains(empty), "{name} has {empty}: {html}");
            }
        }
    }
}
