//! A small WebDriver client (W3C WebDriver, JSON over HTTP) for Chromium by way of chromedriver.

use crate::support;
use futures_util::FutureExt;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::panic::AssertUnwindSafe;
use std::process::{Child, Command, Stdio};

/// Key codes of WebDriver (17.4.2).
pub const TAB: &str = "\u{e004}";
/// The same.
pub const ENTER: &str = "\u{e007}";

/// Longer than a page takes on a slow machine.
const LONG: std::time::Duration = std::time::Duration::from_secs(30);

const CHROMIUM: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// One browser window.
pub struct Browser {
    http: reqwest::Client,
    session: String,
}

/// Runs `test` with a browser of its own, and ends the browser also when the test fails.
pub async fn with_browser(javascript: bool, test: impl AsyncFnOnce(&Browser)) {
    let Some(driver) = support::program("chromedriver") else {
        return support::not_run("pages in Chromium", "apt-get install chromium chromium-driver");
    };
    let profile = tempfile::tempdir().unwrap();
    let mut driver = Driver::start(Command::new(driver));
    let browser = Browser::open(driver.port, profile.path(), javascript).await;
    let outcome = AssertUnwindSafe(test(&browser)).catch_unwind().await;
    browser.call("DELETE", "", None).await;
    driver.stop();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// A chromedriver process on a free port.
struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    fn start(mut command: Command) -> Self {
        let mut child = command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let started = lines.map_while(Result::ok).find(|line| line.contains("started successfully on port"));
        let digits: String = started.unwrap().chars().filter(char::is_ascii_digit).collect();
        Self { child, port: digits.parse().unwrap() }
    }

    fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Also when the browser could not be opened; a process that is gone already is fine.
        let _ = self.child.kill();
    }
}

impl Browser {
    async fn open(port: u16, profile: &std::path::Path, javascript: bool) -> Self {
        let mut args: Vec<String> = CHROMIUM.map(String::from).into();
        args.push(format!("--user-data-dir={}", profile.display()));
        // 1 allows scripts, 2 does not.
        let prefs = json!({"profile.managed_default_content_settings.javascript": if javascript { 1 } else { 2 }});
        let options = json!({"args": args, "prefs": prefs});
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        let base = format!("http://127.0.0.1:{port}/session");
        let http = crate::support::web().build().unwrap();
        let answer: Value = http.post(&base).json(&wanted).send().await.unwrap().json().await.unwrap();
        let id = answer["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("no browser: {answer}"));
        Self { session: format!("{base}/{id}"), http }
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", self.session);
        let mut request = self.http.request(method.parse().unwrap(), url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
        let value = answer["value"].take();
        assert!(value.get("error").is_none(), "{method} {path}: {} {}", value["error"], value["message"]);
        value
    }

    /// Opens a page and waits until it is loaded.
    pub async fn go(&self, url: &str) {
        self.call("POST", "/url", Some(json!({"url": url}))).await;
    }

    /// Where the window is.
    pub async fn url(&self) -> String {
        self.call("GET", "/url", None).await.as_str().unwrap().to_owned()
    }

    /// The window's title.
    pub async fn title(&self) -> String {
        self.call("GET", "/title", None).await.as_str().unwrap().to_owned()
    }

    /// Waits until the page that a form leads to is there.
    pub async fn wait_for_title(&self, wanted: &str) {
        let arrived = async {
            while self.title().await != wanted {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(LONG, arrived).await.is_err() {
            panic!("{} is titled {}", self.url().await, self.title().await);
        }
    }

    /// What a reader sees.
    pub async fn text(&self) -> String {
        self.run("return document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page says this.
    pub async fn wait_for_text(&self, wanted: &str) {
        let said = async {
            while !self.text().await.contains(wanted) {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(LONG, said).await.is_err() {
            panic!("{} says {}", self.url().await, self.text().await);
        }
    }

    /// Waits until a page shows the element with this `data-state`.
    pub async fn wait_for_state(&self, name: &str) {
        let script = format!("return document.querySelector('[data-state={name}]').hidden");
        let shown = async {
            while self.run(&script).await != false {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(LONG, shown).await.is_err() {
            panic!("{} says {}", self.url().await, self.text().await);
        }
    }

    /// Runs a script on every page from now on, before those of the page; its name.
    pub async fn before_scripts(&self, script: &str) -> String {
        let params = json!({ "source": format!("(function () {{ {script} }})();") });
        let added = self.devtools("Page.addScriptToEvaluateOnNewDocument", params).await;
        added["identifier"].as_str().unwrap().to_owned()
    }

    /// No longer runs the script with this name.
    pub async fn without_script(&self, name: &str) {
        self.devtools("Page.removeScriptToEvaluateOnNewDocument", json!({ "identifier": name })).await;
    }

    /// Runs a function's body in the page.
    pub async fn run(&self, script: &str) -> Value {
        self.call("POST", "/execute/sync", Some(json!({"script": script, "args": []}))).await
    }

    /// Runs a script that calls `arguments[0]` with its result.
    pub async fn run_async(&self, script: &str) -> Value {
        self.call("POST", "/execute/async", Some(json!({"script": script, "args": []}))).await
    }

    /// Types into whatever has the focus; the only input that these tests use.
    pub async fn keys(&self, text: &str) {
        let strokes = text.chars().flat_map(|c| {
            let key = c.to_string();
            [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})]
        });
        let actions = json!({"actions": [{"type": "key", "id": "keys", "actions": strokes.collect::<Vec<_>>()}]});
        self.call("POST", "/actions", Some(actions)).await;
    }

    /// What has the focus: its id, or its text.
    pub async fn focused(&self) -> String {
        let script = "const at = document.activeElement; return at.id || at.textContent.trim()";
        self.run(script).await.as_str().unwrap_or_default().to_owned()
    }

    /// Presses Tab until `what` (an id or a text) has the focus.
    pub async fn tab_to(&self, what: &str) {
        for _ in 0..40 {
            if self.focused().await == what {
                return;
            }
            self.keys(TAB).await;
        }
        panic!("{what} is not reached by the Tab key on {}", self.url().await);
    }

    /// Sets the window's width in CSS pixels and the colour scheme.
    pub async fn look(&self, width: u32, scheme: &str) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    async fn devtools(&self, command: &str, params: Value) -> Value {
        self.call("POST", "/goog/cdp/execute", Some(json!({"cmd": command, "params": params}))).await
    }

    /// Gives the page's site a cookie.
    pub async fn cookie(&self, name: &str, value: &str) {
        let cookie = json!({"cookie": {"name": name, "value": value, "path": "/", "httpOnly": true}});
        self.call("POST", "/cookie", Some(cookie)).await;
    }

    /// Keeps a picture of the whole page, where somebody wants to look at it (`COUNTERSIGN_TEST_PICTURES`, a directory).
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("COUNTERSIGN_TEST_PICTURES") else { return };
        let shot = self.devtools("Page.captureScreenshot", json!({"captureBeyondViewport": true})).await;
        let png = data_encoding::BASE64.decode(shot["data"].as_str().unwrap().as_bytes()).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), png).unwrap();
    }

    /// Plugs in an authenticator whose owner is always there and always says yes (Web Authentication, Level 3, 11.3); its id.
    pub async fn plug_in_authenticator(&self) -> String {
        let made = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "isUserConsenting": true,
        });
        self.call("POST", "/webauthn/authenticator", Some(made)).await.as_str().unwrap().to_owned()
    }

    /// Takes an authenticator away.
    pub async fn unplug_authenticator(&self, id: &str) {
        self.call("DELETE", &format!("/webauthn/authenticator/{id}"), None).await;
    }

    /// What the browser complained about since the last question: blocked scripts, failed requests.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.call("POST", "/se/log", Some(json!({"type": "browser"}))).await;
        log.as_array().into_iter().flatten().map(|entry| entry["message"].to_string()).collect()
    }
}
