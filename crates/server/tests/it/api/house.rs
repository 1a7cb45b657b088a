//! A server of its own for each test, and a key to all of it.

use crate::support::site::Site;
use axum::Router;
use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use countersign::api;
use countersign::flows::api_keys::{self, Scope};
use countersign::flows::staff::Actor;
use countersign_core::ids::AccountId;
use serde_json::{Value, json};
use tower::ServiceExt;

/// The server.
pub struct House {
    /// What it stands on.
    pub site: Site,
    /// May do everything.
    pub key: String,
    router: Router,
}

/// A whole response.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

/// Fields that are other in each run.
const RANDOM: [&str; 10] =
    ["id", "salt", "challenge", "signature", "token", "device_token", "session", "account", "secret", "code"];

impl Reply {
    /// Everything that a client sees, but for what is other in each run.
    pub fn text(&self) -> String {
        let headers = self.headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
        let body = self.json();
        let body = body.map_or(self.body.clone(), |v| serde_json::to_string_pretty(&masked(v)).unwrap());
        format!("{}\n{}\n{body}", self.status, headers.collect::<String>())
    }

    /// The status and the body on one line, but for the parts that all problems have.
    pub fn problem(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.body);
        let mut body = self.json().unwrap();
        let fields = body.as_object_mut().unwrap();
        assert_eq!(fields.remove("status").unwrap(), self.status.as_u16());
        let code = fields.remove("code").unwrap();
        assert_eq!(fields.remove("type").unwrap(), format!("urn:countersign:problem:{}", code.as_str().unwrap()));
        assert!(fields.remove("title").unwrap().is_string());
        format!("{} {} {}", self.status.as_u16(), code.as_str().unwrap(), body)
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// A text of the body.
    pub fn field(&self, pointer: &str) -> String {
        self.json()
            .unwrap()
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("{}", self.body))
            .to_owned()
    }
}

fn masked(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mask = |(name, value): (String, Value)| {
                let value =
                    if RANDOM.contains(&name.as_str()) && value.is_string() { json!("…") } else { masked(value) };
                (name, value)
            };
            // A refusal's code is its point; another code is a secret.
            let problem = fields.contains_key("type");
            Value::Object(if problem { fields } else { fields.into_iter().map(mask).collect() })
        }
        Value::Array(items) => Value::Array(items.into_iter().map(masked).collect()),
        other => other,
    }
}

/// Somebody's browser.
pub fn client() -> Value {
    client_at("192.0.2.7")
}

/// Somebody's browser, there.
pub fn client_at(ip: &str) -> Value {
    json!({ "ip": ip, "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0" })
}

impl House {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// One with settings as the environment would give them.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let site = Site::start(settings).await;
        let (_, key) = api_keys::create(&site.app, &Actor::Command, "test", &Scope::ALL, None).await.unwrap();
        let router = api::router(site.app.clone());
        Self { key: key.expose().to_owned(), site, router }
    }

    pub async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Reply { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// A request with the key.
    pub fn request(&self, method: Method, path: &str) -> Builder {
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", self.key))
    }

    /// A POST of JSON with the key.
    pub fn posting(&self, path: &str) -> Builder {
        self.request(Method::POST, path).header("content-type", "application/json")
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.post_text(path, &body.to_string()).await
    }

    pub async fn post_text(&self, path: &str, body: &str) -> Reply {
        self.send(self.posting(path).body(Body::from(body.to_owned())).unwrap()).await
    }

    /// A POST with an idempotency key.
    pub async fn post_once(&self, path: &str, key: &str, body: &Value) -> Reply {
        let request = self.posting(path).header("idempotency-key", key);
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub async fn ask(&self, identifier: &str) -> Reply {
        self.post("/v1/recovery/requests", &json!({ "identifier": identifier, "client": client() })).await
    }

    /// Lets an account ask; the token of its link, the code, and the token of "this was not me".
    pub async fn asked(&self, address: &str) -> (AccountId, [String; 3]) {
        let account = self.site.add_account(address).await;
        assert_eq!(self.ask(address).await.status, StatusCode::ACCEPTED);
        let ticket = self.site.ticket_of(&account).await;
        let secrets = self.site.secrets_of(&ticket);
        (account, secrets)
    }
}
