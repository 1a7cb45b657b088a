//! The whole story with npm's oidc-provider, in a browser.

use super::open;
use crate::browser::driver::{Browser, ENTER, TAB, with_browser};
use crate::console::office::Office;
use crate::support::{self, not_run};
use countersign::clock::Clock;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A provider that runs as long as this value lives.
struct Provider {
    child: Child,
    issuer: String,
}

/// Where the packages are, if oidc-provider is among them; says that it was not run otherwise.
fn packages() -> Option<(PathBuf, PathBuf)> {
    let modules = std::env::var_os("COUNTERSIGN_TEST_NODE_MODULES").map(PathBuf::from);
    let found = modules.filter(|modules| modules.join("oidc-provider/package.json").is_file()).zip(support::node());
    if found.is_none() {
        let how = "npm install oidc-provider@9, and set COUNTERSIGN_TEST_NODE_MODULES";
        not_run("sign-in by a real OpenID Connect provider", how);
    }
    found
}

impl Provider {
    fn start(modules: &Path, node: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/js/oidc_provider.mjs");
        let mut command = Command::new(node);
        command.arg(script).arg(modules).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let issuer = lines.find(|line| line.starts_with("http://")).expect("the provider says where it is");
        // It must not meet a closed pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, issuer }
    }

    async fn tell(&self, path: &str, what: &Value) {
        let request = support::web().build().unwrap().post(format!("{}/test/{path}", self.issuer)).json(what);
        assert!(request.send().await.unwrap().status().is_success());
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn press(browser: &Browser, what: &str) {
    browser.tab_to(what).await;
    browser.keys(ENTER).await;
}

/// Types a name and a password on the provider's page.
async fn sign_in_there(browser: &Browser, name: &str) {
    browser.wait_for_title("Sign-in").await;
    browser.run("document.querySelector('input[name=login]').focus()").await;
    browser.keys(&format!("{name}{TAB}any password{ENTER}")).await;
}

async fn sign_out(browser: &Browser, origin: &str) {
    browser.go(&format!("{origin}/console/me")).await;
    browser.run("document.querySelector('form[action=\"/console/sign-out\"]').requestSubmit()").await;
    browser.wait_for_title("Sign in · Example Accounts · Countersign").await;
}

async fn roles(office: &Office) -> String {
    let people = countersign::store::staff::all(&mut office.app().store.read().await.unwrap()).await.unwrap();
    people.iter().map(|who| format!("{} {}: {}", who.name, who.shown_name, who.roles)).collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn groups_at_the_provider_open_the_console_and_close_it_again() {
    let Some((modules, node)) = packages() else { return };
    with_browser(true, async |browser| {
        let provider = Provider::start(&modules, &node);
        let office = open(&provider.issuer, Clock::system(), &[]).await;
        let origin = office.site.origin.clone();
        provider.tell("redirect", &json!(format!("{origin}/console/oidc/callback"))).await;
        provider.tell("groups/kim", &json!(["soc", "it", "everybody"])).await;
        browser.look(390, "dark").await;

        // A deep link, signed out: the provider leads back to the page that was asked for.
        browser.go(&format!("{origin}/console/staff?x=1")).await;
        browser.picture("sign-in-provider").await;
        press(browser, "Sign in with Example ID").await;
        sign_in_there(browser, "kim").await;
        browser.wait_for_title("Staff · Example Accounts · Countersign").await;
        assert_eq!(browser.url().await, format!("{origin}/console/staff?x=1"));
        assert_eq!(roles(&office).await, "kim kim Example: viewer responder admin");

        // Confirming asks for the password again, although there is a session at the provider.
        browser.go(&format!("{origin}/console/confirm?next=%2Fconsole%2Fme")).await;
        press(browser, "Sign in with Example ID").await;
        sign_in_there(browser, "kim").await;
        browser.wait_for_title("You · Example Accounts · Countersign").await;
        assert_eq!(office.last_entry("staff.confirmed").await["what"]["method"], "oidc");

        // Another group, another role; the session at the provider is enough.
        provider.tell("groups/kim", &json!(["soc"])).await;
        sign_out(browser, &origin).await;
        press(browser, "Sign in with Example ID").await;
        browser.wait_for_title("Overview · Example Accounts · Countersign").await;
        assert_eq!(roles(&office).await, "kim kim Example: viewer responder");

        // No group, no way in.
        provider.tell("groups/kim", &json!(["everybody"])).await;
        sign_out(browser, &origin).await;
        press(browser, "Sign in with Example ID").await;
        browser.wait_for_title("Not signed in · Example Accounts · Countersign").await;
        browser.picture("provider-refused").await;
        assert_eq!(office.last_entry("staff.sign_in_failed").await["what"]["why"], "no_role");
        browser.go(&format!("{origin}/console")).await;
        browser.wait_for_title("Sign in · Example Accounts · Countersign").await;
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_refused_by_both_sides() {
    let Some((modules, node)) = packages() else { return };
    with_browser(true, async |browser| {
        let provider = Provider::start(&modules, &node);
        let office = open(&provider.issuer, Clock::system(), &[]).await;
        let origin = office.site.origin.clone();
        provider.tell("redirect", &json!(format!("{origin}/console/oidc/callback"))).await;
        provider.tell("groups/kim", &json!(["soc"])).await;
        browser.go(&format!("{origin}/console/sign-in")).await;
        press(browser, "Sign in with Example ID").await;
        browser.wait_for_title("Sign-in").await;
        browser.go(&format!("{origin}/console/oidc/callback?code=stolen&state=guessed")).await;
        browser.wait_for_title("Not signed in · Example Accounts · Countersign").await;
        assert_eq!(office.last_entry("staff.sign_in_failed").await["what"]["why"], "not_begun");

        // A code that the provider never gave, with the right state.
        let begun = office.get("/console/oidc/start").await;
        let state = super::of_query(&crate::console::office::leads_to(&begun), "state");
        let cookie = crate::console::office::sets(&begun, "cs_console_provider").unwrap();
        browser.cookie("cs_console_provider", cookie.split(';').next().unwrap()).await;
        browser.go(&format!("{origin}/console/oidc/callback?code=stolen&state={state}")).await;
        browser.wait_for_title("Not signed in · Example Accounts · Countersign").await;
        assert_eq!(office.last_entry("staff.sign_in_failed").await["what"]["why"], "not_believed");
    })
    .await;
}
