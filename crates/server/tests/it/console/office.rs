//! A site with people at work in its console.

use crate::browser::driver::Browser;
use crate::support;
use crate::support::site::Site;
use countersign::app::App;
use countersign::clock::Clock;
use countersign::flows::client::Client;
use countersign::flows::staff::links::{self, Enrol};
use countersign::flows::staff::people::{self, Invite};
use countersign::flows::staff::sessions::Opened;
use countersign::flows::staff::{Actor, Seat, sessions};
use countersign::store::db::sql;
use countersign_core::ids::StaffId;
use countersign_core::secret::SecretText;
use countersign_core::staff::{Role, Roles};
use reqwest::{Response, redirect};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A password that the policy likes.
pub const PASSWORD: &str = "gravel umbrella 42 thistle";
/// The cookie of a session over plain HTTP.
pub const COOKIE: &str = "cs_console";

/// Somebody from a network that no limit has seen.
pub fn client() -> Client {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let n = u128::from(NEXT.fetch_add(1, Ordering::SeqCst));
    let ip = std::net::Ipv6Addr::from_bits(0x2001_0db8 << 96 | n << 80 | 1);
    let agent = "Mozilla/5.0 (X11; Linux x86_64)".to_owned();
    Client { ip: ip.into(), user_agent: agent, device: None, locale: None }
}

/// The site and its staff.
pub struct Office {
    pub site: Site,
}

impl Office {
    pub async fn open() -> Self {
        Self::open_with(&[]).await
    }

    pub async fn open_with(settings: &[(&str, &str)]) -> Self {
        Self { site: Site::start(settings).await }
    }

    /// One that is reached by a name.
    pub async fn open_named(settings: &[(&str, &str)], clock: Clock) -> Self {
        Self { site: Site::start_named(settings, clock).await }
    }

    pub fn app(&self) -> &App {
        &self.site.app
    }

    /// Somebody with these roles, enrolled and signed in a moment ago.
    pub async fn staff(&self, name: &str, roles: &[Role]) -> Person {
        let invite = Invite { name: name.to_owned(), shown_name: String::new(), roles: Roles::of(roles) };
        let (id, issued) = people::invite(self.app(), &Actor::Command, &invite).await.unwrap();
        let url = issued.url.expose().to_owned();
        let (opened, secret, codes) = enrol(self.app(), &url).await;
        Person { id, origin: self.site.origin.clone(), opened, secret, codes, app: self.app().clone() }
    }

    /// Whoever is not signed in.
    pub async fn get(&self, path: &str) -> Response {
        web().get(format!("{}{path}", self.site.origin)).send().await.unwrap()
    }

    /// Kinds of the entries since the beginning that tell of staff.
    pub async fn entries(&self) -> Vec<String> {
        let text = "SELECT kind FROM evidence WHERE kind >= 'staff.' AND kind < 'staff/' ORDER BY seq";
        let rows = sql(text).fetch_all(&mut self.app().store.read().await.unwrap()).await.unwrap();
        rows.iter().map(|row| row.text(0).unwrap()).collect()
    }

    /// What the last entry of a kind says.
    pub async fn last_entry(&self, kind: &str) -> serde_json::Value {
        let text = "SELECT payload FROM evidence WHERE kind = $1 ORDER BY seq DESC LIMIT 1";
        let row = sql(text).bind(kind).fetch_one(&mut self.app().store.read().await.unwrap()).await.unwrap();
        serde_json::from_slice(&row.bytes(0).unwrap()).unwrap()
    }
}

/// Follows a one-time link to its end.
pub async fn enrol(app: &App, url: &str) -> (Opened, String, Vec<String>) {
    let secret = SecretText::new(url.rsplit('/').next().unwrap());
    let welcome = links::look(app, &secret, &client()).await.unwrap();
    let offered = welcome.offer.unwrap().text().expose().to_owned();
    let code = SecretText::new(code_of(app, &offered));
    let ask = Enrol { secret, password: SecretText::new(PASSWORD), code, client: client() };
    let enrolled = links::enrol(app, ask).await.unwrap();
    let codes = enrolled.codes.iter().map(|c| c.expose().to_owned()).collect();
    (enrolled.opened, offered, codes)
}

/// The code that an authenticator with this secret (Base32) shows now.
pub fn code_of(app: &App, secret: &str) -> String {
    let bytes = data_encoding::BASE32_NOPAD.decode(secret.replace(' ', "").as_bytes()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(bytes).build().unwrap();
    totp.generate(app.clock.now().secs().unsigned_abs()).to_string()
}

fn web() -> reqwest::Client {
    support::web().redirect(redirect::Policy::none()).build().unwrap()
}

/// Somebody of the staff with a browser.
pub struct Person {
    pub id: StaffId,
    pub origin: String,
    pub opened: Opened,
    /// Of the authenticator.
    pub secret: String,
    pub codes: Vec<String>,
    pub(super) app: App,
}

impl Person {
    pub fn cookie(&self) -> String {
        format!("{COOKIE}={}", self.opened.token.expose())
    }

    pub async fn get(&self, path: &str) -> Response {
        web().get(format!("{}{path}", self.origin)).header("cookie", self.cookie()).send().await.unwrap()
    }

    pub async fn page(&self, path: &str) -> String {
        self.get(path).await.text().await.unwrap()
    }

    /// The token of this session's forms.
    pub async fn csrf(&self) -> String {
        hidden(&self.page("/console/me").await, "csrf")
    }

    /// Sends a form of a page of ours.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let csrf = self.csrf().await;
        let fields: Vec<_> = fields.iter().copied().chain([("csrf", csrf.as_str())]).collect();
        self.post_bare(path, &fields).await
    }

    /// Sends a form just as it is.
    pub async fn post_bare(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let request = web().post(format!("{}{path}", self.origin)).header("cookie", self.cookie());
        let request = request.header("referer", format!("{}/console/me", self.origin));
        form(request, fields).await
    }

    pub async fn seat(&self) -> Option<Seat> {
        sessions::seat(&self.app, &self.opened.token).await.unwrap()
    }

    pub async fn actor(&self) -> Actor {
        Actor::Staff(Box::new(self.seat().await.unwrap()))
    }

    /// Lets time pass until the last proof is too old for privileged steps.
    pub fn grow_stale(&self) {
        self.app.clock.advance(Duration::from_secs(11 * 60));
    }

    /// The code that this person's authenticator shows now; later than any that was taken.
    pub fn next_code(&self) -> String {
        self.app.clock.advance(Duration::from_secs(30));
        code_of(&self.app, &self.secret)
    }

    /// Puts this person's session into a browser and opens a page.
    pub async fn sit_down(&self, browser: &Browser, path: &str) {
        browser.go(&format!("{}/console/help", self.origin)).await;
        browser.cookie(COOKIE, self.opened.token.expose()).await;
        browser.go(&format!("{}{path}", self.origin)).await;
    }
}

/// Sends a form.
pub async fn form(request: reqwest::RequestBuilder, fields: &[(&str, &str)]) -> Response {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.unwrap()
}

/// Sends a form of a page of ours from a browser that nobody is signed in with.
pub async fn stranger_posts(office: &Office, path: &str, fields: &[(&str, &str)]) -> Response {
    form(web().post(format!("{}{path}", office.site.origin)), fields).await
}

/// The value of the first hidden field with this name.
pub fn hidden(html: &str, name: &str) -> String {
    let at = format!("name=\"{name}\" value=\"");
    let rest = html.split_once(&at).unwrap_or_else(|| panic!("no field {name} in {html}")).1;
    rest.split('"').next().unwrap().to_owned()
}

/// Where an answer sends the browser.
pub fn leads_to(answer: &Response) -> String {
    answer.headers()["location"].to_str().unwrap().to_owned()
}

/// The cookie that an answer sets.
pub fn sets(answer: &Response, name: &str) -> Option<String> {
    let all = answer.headers().get_all("set-cookie").iter().filter_map(|v| v.to_str().ok());
    all.filter_map(|c| c.split_once('=')).find(|(key, _)| *key == name).map(|(_, rest)| rest.to_owned())
}
