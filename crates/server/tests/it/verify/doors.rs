//! The proof's own door, what the API adds, and the page as a browser without scripts sees it.

use crate::support::house::log;
use crate::support::site::Site;
use crate::support::web;
use countersign::flows::log::erase::{Erase, erase};
use countersign::flows::log::own::By;
use countersign::flows::log::{Log, publish::publish, read};
use countersign::flows::seal;
use countersign::store::StoreError;
use countersign::store::db::sql;
use countersign_core::message::CountersignCode;
use countersign_evidence::cosignature;
use countersign_evidence::note::{Algorithm, SigningKey};
use countersign_evidence::policy::Policy;
use countersign_evidence::proof::ProofFile;
use countersign_evidence::sealed::Sealed;
use countersign_evidence::{Hash, Opening};
use reqwest::{Response, StatusCode};

const SAM: &str = "sam@example.org";

async fn get(site: &Site, path: &str) -> Response {
    web().build().unwrap().get(format!("{}{path}", site.origin)).send().await.unwrap()
}

/// Status and the problem's code.
async fn problem(answer: Response) -> String {
    let status = answer.status().as_u16();
    let body: serde_json::Value = answer.json().await.unwrap();
    format!("{status} {}", body["code"].as_str().unwrap())
}

fn proof_path(code: &CountersignCode) -> String {
    format!("/evidence/message/{}", seal::code_digest(code).to_hex())
}

async fn page(site: &Site, code: &CountersignCode) -> String {
    get(site, &format!("/verify/{code}?lang=en")).await.text().await.unwrap()
}

/// The same, after the address was sent to the server.
async fn compared(site: &Site, code: &CountersignCode, address: &str) -> (StatusCode, String) {
    let body = url::form_urlencoded::Serializer::new(String::new()).append_pair("address", address).finish();
    let request = web().build().unwrap().post(format!("{}/verify/{code}?lang=en", site.origin));
    let answer = request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

/// What is not hidden of a page, tags and all.
fn seen(html: &str) -> String {
    let hidden = |line: &&str| !line.contains(" hidden>") && !line.contains("hidden\">");
    let mut shown = String::new();
    let mut within_hidden = false;
    for line in html.lines() {
        if line.starts_with("<div data-verdict") {
            within_hidden = line.contains(" hidden>");
        }
        if line.starts_with("<form method=\"post\" action=\"/verify/") {
            within_hidden = false;
        }
        if !within_hidden && hidden(&line) {
            shown.push_str(line);
            shown.push('\n');
        }
    }
    shown
}

#[tokio::test]
async fn a_message_can_be_proven_by_the_hash_of_its_code() {
    let site = Site::start(&[]).await;
    let (message, code) = site.sent_to(SAM).await;
    let early = get(&site, &proof_path(&code)).await;
    assert_eq!(early.headers()["retry-after"], "1");
    assert_eq!(problem(early).await, "409 proof_pending");
    site.grow().await;
    let answer = get(&site, &proof_path(&code)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(header("content-disposition"), "attachment; filename=\"message.tlog-proof\"");
    assert_eq!((header("cache-control").as_str(), header("x-content-type-options").as_str()), ("no-store", "nosniff"));
    let proof = ProofFile::parse(&answer.text().await.unwrap()).unwrap();
    let opening = Opening::decode(proof.extra.as_ref().unwrap()).unwrap();
    let key = site.app.log.key().verifier().clone();
    assert!(proof.verify(&opening.commitment().leaf(), &[key]).is_ok());
    let sealed = Sealed::read(&opening).unwrap();
    assert!(sealed.is_for(SAM) && sealed.has_code(&code.to_string()) && sealed.message == message.id.as_str());
}

#[tokio::test]
async fn nothing_personal_is_in_a_proof() {
    let site = Site::start(&[]).await;
    let (message, code) = site.sent_to(SAM).await;
    site.grow().await;
    let text = get(&site, &proof_path(&code)).await.text().await.unwrap();
    let opening = Opening::decode(ProofFile::parse(&text).unwrap().extra.as_ref().unwrap()).unwrap();
    let payload = String::from_utf8(opening.payload).unwrap();
    let ticket = site.ticket_of(&message.account).await;
    let secrets = site.secrets_of(&ticket);
    let account = message.account.as_str();
    let plain = code.as_str();
    for secret in [account, SAM, "sam", &message.source_id, &message.to_masked, plain]
        .into_iter()
        .chain(secrets.iter().map(String::as_str))
    {
        assert!(!payload.contains(secret) && !text.contains(secret), "{secret}: {payload}");
    }
    let keys: Vec<String> =
        serde_json::from_str::<serde_json::Map<_, _>>(&payload).unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["at", "id", "kind", "subject_hash", "v", "what"]);
}

#[tokio::test]
async fn what_is_not_from_us_is_never_a_maybe() {
    let site = Site::start(&[]).await;
    let unknown = CountersignCode::parse("0000-0000-0000").unwrap();
    for hash in
        [&Hash::of(b"x").to_hex(), "x", &"a".repeat(63), &Hash::of(b"x").to_hex().to_uppercase(), "7K3M-Q9RX-2HTB"]
    {
        assert_eq!(problem(get(&site, &format!("/evidence/message/{hash}")).await).await, "404 not_from_us", "{hash}");
    }
    assert_eq!(problem(get(&site, &proof_path(&unknown)).await).await, "404 not_from_us");
    for answer in [page(&site, &unknown).await, compared(&site, &unknown, SAM).await.1] {
        assert!(answer.contains("<h1>No: this message is not from us</h1>"), "{answer}");
    }
}

#[tokio::test]
async fn a_message_without_a_seal_is_ours_and_not_proven() {
    let site = Site::start(&[]).await;
    let (message, code) = site.sent_to(SAM).await;
    let id = message.id.to_string();
    let unsealed: Result<u64, StoreError> = site
        .app
        .store
        .write(move |conn| {
            let text = "UPDATE messages SET sealed_entry = NULL, seal_digest = NULL WHERE id = $1";
            Box::pin(async move { sql(text).bind(id).execute(conn).await })
        })
        .await;
    assert_eq!(unsealed.unwrap(), 1);
    assert_eq!(problem(get(&site, &proof_path(&code)).await).await, "409 not_sealed");
    let html = seen(&page(&site, &code).await);
    assert!(html.contains("There is no proof for this message") && !html.contains("verify.js"), "{html}");
    let (_, html) = compared(&site, &code, SAM).await;
    assert!(seen(&html).contains("Genuine, and sent to this address"), "{html}");
}

#[tokio::test]
async fn a_message_that_was_erased_is_ours_and_no_longer_proven() {
    let site = Site::start(&[]).await;
    let (message, code) = site.sent_to(SAM).await;
    site.grow().await;
    let ask = Erase { account: message.account, reason: "request".into(), by: By::CommandLine };
    erase(&site.app, &ask, |_| ()).await.unwrap();
    site.grow().await;
    assert_eq!(problem(get(&site, &proof_path(&code)).await).await, "410 erased");
    for html in [page(&site, &code).await, compared(&site, &code, SAM).await.1, compared(&site, &code, "x").await.1] {
        let html = seen(&html);
        assert!(html.contains("were erased") && html.contains("This code is from us"), "{html}");
        assert!(html.contains("If that is not your address") && html.contains("s•••@e•••.org"), "{html}");
        assert!(!html.contains("/evidence/") && !html.contains("id=\"address\""), "nothing to compare: {html}");
    }
}

#[tokio::test]
async fn proofs_are_limited_for_each_source_and_given_where_the_log_is_not_public() {
    let site = Site::start(&[("COUNTERSIGN_EVIDENCE__PUBLIC", "false")]).await;
    let (_, code) = site.sent_to(SAM).await;
    site.grow().await;
    assert_eq!(get(&site, "/evidence/checkpoint").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get(&site, &proof_path(&code)).await.status(), StatusCode::OK);
    let mut refused = None;
    for _ in 0..200 {
        let answer = get(&site, &proof_path(&code)).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(problem(refused).await, "429 rate_limited");
    assert_eq!(
        get(&site, &format!("/verify/{code}")).await.status(),
        StatusCode::OK,
        "pages have a limit of their own"
    );
}

#[tokio::test]
async fn the_api_says_where_the_proof_is() {
    let site = Site::start(&[]).await;
    let (_, code) = site.sent_to(SAM).await;
    site.grow().await;
    let found: serde_json::Value = get(&site, &format!("/v1/verify/{code}")).await.json().await.unwrap();
    assert_eq!(found["sealed"], true);
    assert_eq!(found["proof_url"], format!("{}{}", site.origin, proof_path(&code)));
    let unknown: serde_json::Value = get(&site, "/v1/verify/0000-0000-0000").await.json().await.unwrap();
    assert_eq!(unknown, serde_json::json!({ "known": false }));
}

#[tokio::test]
async fn without_scripts_the_page_says_who_checked_and_compares_on_request() {
    let site = Site::start(&[]).await;
    let (message, code) = site.sent_to(SAM).await;
    let html = seen(&page(&site, &code).await);
    assert!(html.contains("Its proof will be ready in about a second."), "{html}");
    site.grow().await;
    let answer = get(&site, &format!("/verify/{code}?lang=en")).await;
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.ends_with("connect-src 'self'") && !policy.contains("unsafe"), "{policy}");
    let whole = answer.text().await.unwrap();
    assert!(!whole.contains("<script>") && !whole.contains(" style=") && !whole.contains(" onclick"));
    assert!(!whole.contains(message.account.as_str()) && !whole.contains(SAM), "{whole}");
    let html = seen(&whole);
    for said in [
        "<h1 tabindex=\"-1\">This code is from us</h1>",
        "Our server has checked the proof; your browser has not.",
        "Unwitnessed",
        "It is sent to us for the comparison. We do not keep it.",
        "s•••@e•••.org",
        &site.app.log.key().verifier().to_string().replace('+', "&#43;"),
        &format!("href=\"{}\" download=\"message.tlog-proof\"", proof_path(&code)),
        "countersign-verify message MAIL.eml --proof message.tlog-proof",
    ] {
        assert!(html.contains(said) || html.contains(&said.replace("&#43;", "+")), "{said}: {html}");
    }
    for unsaid in ["Your browser has checked", "It is compared on this device"] {
        assert!(!html.contains(unsaid), "{unsaid}: {html}");
    }
    let (status, html) = compared(&site, &code, " SAM@Example.org ").await;
    assert_eq!(status, StatusCode::OK);
    assert!(seen(&html).contains("Genuine, and sent to this address"), "{html}");
    let (status, html) = compared(&site, &code, "mara@example.org").await;
    assert_eq!(status, StatusCode::OK);
    let html = seen(&html);
    assert!(
        html.contains("Genuine code, but it was issued to another address") && html.contains("as phishing"),
        "{html}"
    );
    assert!(html.contains("<title>Genuine code, but it was issued to another address"));
    let (status, html) = compared(&site, &code, "sam at example").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        seen(&html).contains("This is not an e-mail address") && html.contains("value=\"sam at example\""),
        "{html}"
    );
}

/// A log that one of two witnesses must have cosigned.
pub fn witnessed_log() -> (Log, SigningKey) {
    let key = |seed| SigningKey::from_seed("witness.example.org", Algorithm::CosignatureV1, &[seed; 32]).unwrap();
    let text = format!(
        "witness one {} https://witness.example.org/secret-place\nwitness two {}\ngroup g any one two\nquorum g\n",
        key(41).verifier(),
        key(42).verifier()
    );
    let signer = SigningKey::from_seed(&log().origin(), Algorithm::Ed25519, &[6; 32]).unwrap();
    (Log::new(signer, Policy::parse(&text).unwrap(), None), key(42))
}

/// Publishes the newest checkpoint, cosigned by this witness.
pub async fn cosign(site: &Site, witness: &SigningKey) {
    let mut newest = read::newest(&site.app).await.unwrap();
    let at = u64::try_from(site.app.clock.now().secs()).unwrap();
    newest.note.signatures.push(cosignature::cosign(witness, &newest.note.text, at));
    assert!(publish(&site.app, newest.head.size, &newest.note, true).await.unwrap());
}

#[tokio::test]
async fn witnesses_are_counted() {
    let (log, witness) = witnessed_log();
    let site = Site::start_with(&[], log).await;
    let (_, code) = site.sent_to(SAM).await;
    site.grow().await;
    assert_eq!(problem(get(&site, &proof_path(&code)).await).await, "409 proof_pending", "it waits for its witnesses");
    cosign(&site, &witness).await;
    let whole = page(&site, &code).await;
    let html = seen(&whole);
    assert!(html.contains("Witnessed by 1 of 2") && !html.contains("Unwitnessed"), "{html}");
    assert!(!whole.contains("secret-place"), "where we reach a witness is nobody's business");
}
