//! A provider that says whatever a test wants.

use super::{of_query, open};
use crate::console::office::{COOKIE, Office, client, leads_to, sets};
use crate::support;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use countersign::clock::Clock;
use countersign::flows::staff::oidc::{self, Callback};
use countersign::flows::staff::{Actor, links, people, sessions};
use countersign_core::secret::SecretText;
use countersign_core::staff::Role;
use countersign_core::time::Timestamp;
use data_encoding::BASE64URL_NOPAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const NOW: i64 = 1_768_400_000;

/// What it says.
struct Says {
    issuer: String,
    key: EcdsaKeyPair,
    key_id: &'static str,
    /// Claims that replace or join the right ones; null takes one away.
    claims: Value,
    /// Of the token's header.
    alg: &'static str,
    user_info: Value,
    /// How often its keys were asked for, and the last request for a token.
    asked: u32,
    token_request: HashMap<String, String>,
    nonce: String,
    status: u16,
}

type Provider = Arc<Mutex<Says>>;

fn new_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
}

async fn start() -> Provider {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let says = Says {
        issuer: format!("http://{}", listener.local_addr().unwrap()),
        key: new_key(),
        key_id: "one",
        claims: json!({}),
        alg: "ES256",
        user_info: json!({}),
        asked: 0,
        token_request: HashMap::new(),
        nonce: String::new(),
        status: 200,
    };
    let provider = Arc::new(Mutex::new(says));
    let site = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/jwks", get(keys))
        .route("/token", post(token))
        .route("/me", get(async |State(p): State<Provider>| Json(p.lock().unwrap().user_info.clone())))
        .with_state(provider.clone());
    tokio::spawn(axum::serve(listener, site).into_future());
    provider
}

async fn discovery(State(provider): State<Provider>) -> Json<Value> {
    let issuer = provider.lock().unwrap().issuer.clone();
    Json(json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"), "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"), "userinfo_endpoint": format!("{issuer}/me"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
    }))
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let mut says = provider.lock().unwrap();
    says.asked += 1;
    let point = says.key.public_key().as_ref();
    let (x, y) = (BASE64URL_NOPAD.encode(&point[1..33]), BASE64URL_NOPAD.encode(&point[33..]));
    Json(
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": says.key_id, "x": x, "y": y }] }),
    )
}

async fn token(
    State(provider): State<Provider>,
    Form(asked): Form<HashMap<String, String>>,
) -> (axum::http::StatusCode, Json<Value>) {
    let mut says = provider.lock().unwrap();
    says.token_request = asked;
    let status = axum::http::StatusCode::from_u16(says.status).unwrap();
    if status.is_client_error() {
        return (status, Json(json!({ "error": "invalid_grant", "error_description": "secret words" })));
    }
    let token = says.id_token();
    (status, Json(json!({ "access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": token })))
}

impl Says {
    fn id_token(&self) -> String {
        let mut claims = json!({
            "iss": self.issuer, "aud": "countersign", "sub": "248289761001", "nonce": self.nonce, "iat": NOW,
            "exp": NOW + 300, "name": "Kim Example", "preferred_username": "kim", "groups": ["soc", "everybody"],
        });
        for (name, value) in self.claims.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let header = json!({ "alg": self.alg, "kid": self.key_id });
        let signed = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes())).join(".");
        let signature = match self.alg {
            "none" => vec![],
            "HS256" => {
                let secret = b"a secret between two programs";
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
                ring::hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
            }
            _ => self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec(),
        };
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    }
}

async fn scene() -> (Office, Provider) {
    let provider = start().await;
    let issuer = provider.lock().unwrap().issuer.clone();
    (open(&issuer, Clock::manual(Timestamp::from_secs(NOW)), &[]).await, provider)
}

/// Begins, and comes back with a code.
async fn go(office: &Office, provider: &Provider) -> Callback {
    let begun = oidc::begin(office.app(), None, "/console/staff".to_owned(), &client()).await.unwrap();
    provider.lock().unwrap().nonce = of_query(&begun.url, "nonce");
    Callback {
        token: begun.token,
        state: of_query(&begun.url, "state"),
        code: Some(SecretText::new("code")),
        issuer: None,
    }
}

async fn sign_in(office: &Office, provider: &Provider) -> Result<oidc::Finished, String> {
    let back = go(office, provider).await;
    let finished = oidc::finish(office.app(), back, None, &client()).await;
    match finished {
        Ok(finished) => Ok(finished),
        Err(error) if error.status == 403 => {
            let entry = office.last_entry("staff.sign_in_failed").await;
            Err(entry["what"]["why"].as_str().unwrap().to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn a_group_makes_a_role_and_a_person() {
    let (office, provider) = scene().await;
    let first = sign_in(&office, &provider).await.unwrap();
    assert_eq!(first.next, "/console/staff");
    let seat = sessions::seat(office.app(), &first.opened.token).await.unwrap().unwrap();
    assert_eq!((seat.name.as_str(), seat.shown_name.as_str()), ("kim", "Kim Example"));
    assert_eq!(seat.roles.to_string(), "viewer responder");
    let request = provider.lock().unwrap().token_request.clone();
    assert_eq!((request["grant_type"].as_str(), request["code_verifier"].len()), ("authorization_code", 43));
    assert_eq!(request["redirect_uri"], format!("{}/console/oidc/callback", office.site.origin));

    provider.lock().unwrap().claims = json!({ "groups": "it" });
    let second = sign_in(&office, &provider).await.unwrap();
    assert_eq!(second.opened.staff, seat.staff);
    let again = sessions::seat(office.app(), &second.opened.token).await.unwrap().unwrap();
    assert_eq!(again.roles.to_string(), "admin");

    provider.lock().unwrap().claims = json!({ "groups": ["everybody"] });
    assert_eq!(sign_in(&office, &provider).await.unwrap_err(), "no_role");
    assert!(sessions::seat(office.app(), &second.opened.token).await.unwrap().is_none(), "who left is out");
    insta::assert_snapshot!(office.entries().await.join(" "), @"staff.joined staff.signed_in staff.roles_renewed staff.signed_in staff.roles_renewed staff.sign_in_failed");

    provider.lock().unwrap().claims = json!({ "groups": ["soc"] });
    sign_in(&office, &provider).await.unwrap();
    people::set_disabled(office.app(), &Actor::Command, seat.staff, true).await.unwrap();
    assert_eq!(sign_in(&office, &provider).await.unwrap_err(), "disabled");
}

#[tokio::test]
async fn groups_may_be_told_at_the_user_info_endpoint_of_the_same_person() {
    let (office, provider) = scene().await;
    provider.lock().unwrap().claims = json!({ "groups": null });
    provider.lock().unwrap().user_info = json!({ "sub": "248289761001", "groups": ["it"] });
    let seat = sign_in(&office, &provider).await.unwrap().opened.token;
    let seat = sessions::seat(office.app(), &seat).await.unwrap().unwrap();
    assert_eq!(seat.roles.to_string(), "admin");
    provider.lock().unwrap().user_info = json!({ "sub": "somebody else", "groups": ["it"] });
    assert!(sign_in(&office, &provider).await.is_err());
}

#[tokio::test]
async fn a_token_that_does_not_hold_is_not_believed() {
    let (office, provider) = scene().await;
    let right = sign_in(&office, &provider).await;
    assert!(right.is_ok(), "{right:?}");
    for (what, claims) in [
        ("another issuer", json!({ "iss": "https://id.example.net" })),
        ("another audience", json!({ "aud": "somebody-else" })),
        ("one audience too many", json!({ "aud": ["countersign", "somebody-else"] })),
        ("no nonce", json!({ "nonce": null })),
        ("another nonce", json!({ "nonce": "another" })),
        ("expired", json!({ "exp": NOW })),
        ("from an hour ago", json!({ "iat": NOW - 3600 })),
        ("from tomorrow", json!({ "iat": NOW + 86_400, "exp": NOW + 90_000 })),
        ("another access token's", json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" })),
    ] {
        provider.lock().unwrap().claims = claims;
        assert_eq!(sign_in(&office, &provider).await.unwrap_err(), "not_believed", "{what}");
    }
    provider.lock().unwrap().claims = json!({});
    for alg in ["none", "HS256"] {
        provider.lock().unwrap().alg = alg;
        assert_eq!(sign_in(&office, &provider).await.unwrap_err(), "not_believed", "{alg}");
    }
    provider.lock().unwrap().alg = "ES256";
    provider.lock().unwrap().status = 400;
    assert_eq!(sign_in(&office, &provider).await.unwrap_err(), "not_believed", "a code that is refused");
    provider.lock().unwrap().status = 200;
    assert!(sign_in(&office, &provider).await.is_ok());
}

#[tokio::test]
async fn new_keys_are_asked_for_but_not_for_every_false_token() {
    let (office, provider) = scene().await;
    sign_in(&office, &provider).await.unwrap();
    assert_eq!(provider.lock().unwrap().asked, 1);
    office.app().clock.advance(Duration::from_secs(40));
    {
        let mut says = provider.lock().unwrap();
        (says.key, says.key_id) = (new_key(), "two");
    }
    sign_in(&office, &provider).await.unwrap();
    assert_eq!(provider.lock().unwrap().asked, 2, "a key that is not known");
    // Now somebody signs with a key of their own, under the right name.
    {
        let mut says = provider.lock().unwrap();
        (says.key, says.key_id) = (new_key(), "three");
    }
    for _ in 0..3 {
        assert_eq!(sign_in(&office, &provider).await.unwrap_err(), "not_believed");
    }
    assert_eq!(provider.lock().unwrap().asked, 2, "not more often than every half minute");
}

#[tokio::test]
async fn what_comes_back_must_have_been_begun_by_this_browser() {
    let (office, provider) = scene().await;
    let app = office.app();
    let mut why = Vec::new();
    let mut refused = async |back: Callback| {
        let error = oidc::finish(app, back, None, &client()).await.unwrap_err();
        assert_eq!((error.status, error.code), (403, "sign_in_refused"));
        why.push(office.last_entry("staff.sign_in_failed").await["what"]["why"].as_str().unwrap().to_owned());
    };
    let right = go(&office, &provider).await;
    refused(Callback { state: "another".to_owned(), ..right.clone() }).await;
    refused(right).await;
    let right = go(&office, &provider).await;
    refused(Callback { token: SecretText::new("another"), ..right.clone() }).await;
    oidc::finish(app, right.clone(), None, &client()).await.unwrap();
    refused(right).await;
    let right = go(&office, &provider).await;
    refused(Callback { issuer: Some("https://id.example.net".to_owned()), ..right }).await;
    let right = go(&office, &provider).await;
    refused(Callback { code: None, ..right }).await;
    let right = go(&office, &provider).await;
    app.clock.advance(Duration::from_secs(301));
    refused(right).await;
    assert_eq!(why, ["not_begun", "not_begun", "not_begun", "not_begun", "not_begun", "refused", "not_begun"]);
}

#[tokio::test]
async fn a_name_that_is_taken_stays_with_whom_it_is() {
    let (office, provider) = scene().await;
    let kim = office.staff("kim", &[Role::Admin]).await;
    let arrived = sign_in(&office, &provider).await.unwrap().opened;
    assert_ne!(arrived.staff, kim.id);
    let seat = sessions::seat(office.app(), &arrived.token).await.unwrap().unwrap();
    assert!(seat.name.starts_with("oidc-") && !seat.roles.contains(Role::Admin), "{}", seat.name);
}

#[tokio::test]
async fn who_comes_by_a_provider_comes_only_by_it() {
    let provider = start().await;
    let issuer = provider.lock().unwrap().issuer.clone();
    let office = open(&issuer, Clock::manual(Timestamp::from_secs(NOW)), &[]).await;
    let token = sign_in(&office, &provider).await.unwrap().opened.token;
    let app = office.app();
    let seat = sessions::seat(app, &token).await.unwrap().unwrap();
    let mut key = crate::console::authenticator::Authenticator::new(&office.site.origin, 1);
    let begun = countersign::flows::staff::passkeys::begin_adding(app, &seat.staff).await.unwrap();
    countersign::flows::staff::passkeys::add(app, &seat, key.create(&begun), "x").await.unwrap();
    let begun = countersign::flows::staff::passkeys::begin_sign_in(app, &client()).await.unwrap();
    let refused = countersign::flows::staff::passkeys::sign_in(app, key.get(&begun), &client()).await.unwrap_err();
    assert_eq!(refused.code, "sign_in_failed");
    let link = links::issue(app, &Actor::Command, seat.staff.clone(), true).await.unwrap_err();
    assert_eq!((link.status, link.code), (409, "vouched_elsewhere"));
    let begun = countersign::flows::staff::passkeys::begin_confirming(app, &seat).await.unwrap();
    countersign::flows::staff::passkeys::confirm(app, &seat, key.get(&begun), &client()).await.unwrap();
}

#[tokio::test]
async fn a_fresh_sign_in_there_confirms_here() {
    let (office, provider) = scene().await;
    let token = sign_in(&office, &provider).await.unwrap().opened.token;
    let app = office.app();
    app.clock.advance(Duration::from_secs(500));
    let seat = sessions::seat(app, &token).await.unwrap().unwrap();
    let confirm = async |claims: Value| {
        let begun = oidc::begin(app, Some(&seat), "/console/me".to_owned(), &client()).await.unwrap();
        assert_eq!((of_query(&begun.url, "prompt"), of_query(&begun.url, "max_age")), ("login".into(), "0".into()));
        {
            let mut says = provider.lock().unwrap();
            (says.nonce, says.claims) = (of_query(&begun.url, "nonce"), claims);
        }
        let (state, code) = (of_query(&begun.url, "state"), Some(SecretText::new("code")));
        let back = Callback { token: begun.token, state, code, issuer: None };
        oidc::finish(app, back, Some(&seat), &client()).await
    };
    let times = |auth: i64| json!({ "auth_time": auth, "iat": NOW + 500, "exp": NOW + 900 });
    assert_eq!(confirm(times(NOW)).await.unwrap_err().status, 403, "signed in before this was asked");
    assert_eq!(
        confirm(json!({ "iat": NOW + 500, "exp": NOW + 900 })).await.unwrap_err().status,
        403,
        "it does not say"
    );
    let mut other = times(NOW + 500);
    other["sub"] = "somebody else".into();
    assert_eq!(confirm(other).await.unwrap_err().status, 403);
    let confirmed = confirm(times(NOW + 500)).await.unwrap();
    assert_eq!((confirmed.renewed, confirmed.next.as_str()), (Some(seat.session.clone()), "/console/me"));
    assert!(sessions::seat(app, &token).await.unwrap().is_none(), "the old cookie is void");
    assert!(sessions::seat(app, &confirmed.opened.token).await.unwrap().unwrap().fresh);
}

#[tokio::test]
async fn a_provider_that_is_away_is_said_to_be_and_one_with_another_name_is_none() {
    let (office, provider) = scene().await;
    provider.lock().unwrap().issuer += "/other";
    let error = oidc::begin(office.app(), None, "/console".to_owned(), &client()).await.unwrap_err();
    assert_eq!(error.status, 503);
    assert!(error.internal.unwrap().contains("calls itself something else"));
    let nobody = open("http://127.0.0.1:9", Clock::manual(Timestamp::from_secs(NOW)), &[]).await;
    let page = nobody.get("/console/oidc/start").await;
    assert_eq!(page.status(), 503);
    assert!(page.text().await.unwrap().contains("does not answer right now"));
    let none = Office::open().await;
    assert_eq!(none.get("/console/oidc/start").await.status(), 404);
    assert_eq!(none.get("/console/oidc/callback?code=a&state=b").await.status(), 404);
}

#[tokio::test]
async fn the_doors_keep_the_page_that_was_asked_for_and_nothing_else() {
    let (office, provider) = scene().await;
    let web = support::web().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let sign_in = office.get("/console/sign-in?next=%2Fconsole%2Fstaff%3Fx%3D1").await.text().await.unwrap();
    let href = sign_in.split_once("/console/oidc/start").unwrap().1.split('"').next().unwrap().replace("&amp;", "&");
    for (start, next) in [
        (format!("/console/oidc/start{href}"), "/console/staff?x=1"),
        ("/console/oidc/start?next=https://example.net/".to_owned(), "/console"),
    ] {
        let begun = office.get(&start).await;
        let cookie = sets(&begun, "cs_console_provider").unwrap();
        assert!(cookie.contains("HttpOnly; SameSite=Lax; Max-Age=300"), "{cookie}");
        provider.lock().unwrap().nonce = of_query(&leads_to(&begun), "nonce");
        let state = of_query(&leads_to(&begun), "state");
        let back = format!("{}/console/oidc/callback?code=c&state={state}", office.site.origin);
        let without = web.get(&back).send().await.unwrap();
        assert_eq!(without.status(), 403, "another browser has no cookie");
        let cookie = format!("cs_console_provider={}", cookie.split(';').next().unwrap());
        let done = web.get(&back).header("cookie", cookie).send().await.unwrap();
        assert_eq!((done.status().as_u16(), leads_to(&done).as_str()), (303, next));
        assert!(sets(&done, COOKIE).is_some() && sets(&done, "cs_console_provider").unwrap().contains("Max-Age=0"));
    }
}
