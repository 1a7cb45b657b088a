//! The two doors as their users see them: the JSON API behind a platform's own pages, and the hosted pages.

use super::wire::{Call, Line, Reply, form};
use countersign_core::gate::proof::Challenge;
use serde::Deserialize;
use serde_json::json;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// What a browser calls itself.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// What a request came to.
#[derive(Debug)]
pub enum Asked {
    /// It was taken up.
    Accepted {
        /// Its id.
        id: String,
        /// Whether it waits for proof.
        waits: bool,
        /// What would show proof; the hosted page has one only where it is wanted.
        challenge: Option<Challenge>,
    },
    /// Too many from this source.
    Limited,
    /// Something else: the status.
    Refused(u16),
}

/// The API, with a key.
#[derive(Debug)]
pub struct Api {
    line: Line,
    head: String,
}

#[derive(Deserialize)]
struct Accepted {
    id: String,
    proof: Proof,
}

#[derive(Deserialize)]
struct Proof {
    wanted: bool,
    challenge: Challenge,
}

fn asked(reply: &Reply) -> Asked {
    match (reply.status, serde_json::from_str::<Accepted>(&reply.body)) {
        (202, Ok(Accepted { id, proof })) => {
            Asked::Accepted { id, waits: proof.wanted, challenge: Some(proof.challenge) }
        }
        (429, _) => Asked::Limited,
        (status, _) => Asked::Refused(status),
    }
}

impl Api {
    /// A connection of a platform's backend.
    pub fn new(to: SocketAddr, key: &str) -> Self {
        Self { line: Line::new(to), head: format!("Authorization: Bearer {key}\r\n") }
    }

    async fn post(&mut self, path: &str, body: &serde_json::Value) -> io::Result<Reply> {
        let body = body.to_string();
        let call = Call { method: "POST", path, headers: &self.head, body: Some(("application/json", &body)) };
        self.line.send(call).await
    }

    /// Asks for a recovery; the whole answer is read.
    pub async fn ask(&mut self, identifier: &str, from: IpAddr, device: Option<&str>) -> io::Result<Asked> {
        let client = json!({ "ip": from, "user_agent": BROWSER, "device": device });
        let body = json!({ "identifier": identifier, "client": client });
        Ok(asked(&self.post("/v1/recovery/requests", &body).await?))
    }

    /// Asks, and looks at nothing but the status: what a flood can afford.
    pub async fn ask_blindly(&mut self, identifier: &str, from: IpAddr) -> io::Result<Reply> {
        let body = format!(r#"{{"identifier":"{identifier}","client":{{"ip":"{from}","user_agent":"curl/8"}}}}"#);
        let headers = &self.head;
        let call =
            Call { method: "POST", path: "/v1/recovery/requests", headers, body: Some(("application/json", &body)) };
        self.line.send(call).await
    }

    /// Shows a solved challenge.
    pub async fn prove(&mut self, id: &str, solution: &str, from: IpAddr) -> io::Result<Asked> {
        let body = json!({ "altcha": solution, "client": { "ip": from, "user_agent": BROWSER } });
        Ok(asked(&self.post(&format!("/v1/recovery/requests/{id}/proof"), &body).await?))
    }

    /// Exchanges a code for a token.
    pub async fn enter_code(&mut self, identifier: &str, code: &str, from: IpAddr) -> io::Result<Option<String>> {
        let client = json!({ "ip": from, "user_agent": BROWSER });
        let body = json!({ "identifier": identifier, "code": code, "client": client });
        let reply = self.post("/v1/recovery/codes", &body).await?;
        let answer: Option<serde_json::Value> = serde_json::from_str(&reply.body).ok();
        Ok(answer.and_then(|a| Some(a.get("token")?.as_str()?.to_owned())))
    }

    /// Sets a new password; whether that completed the recovery, or the status.
    pub async fn redeem(&mut self, token: &str, password: &str, from: IpAddr) -> io::Result<Result<(), u16>> {
        let client = json!({ "ip": from, "user_agent": BROWSER });
        let body = json!({ "token": token, "password": password, "client": client });
        let reply = self.post("/v1/recovery/redemptions", &body).await?;
        let done = reply.status == 200 && reply.body.contains("completed");
        Ok(if done { Ok(()) } else { Err(reply.status) })
    }
}

/// What a challenge found in an answer would have to be searched up to.
pub fn challenge_in(body: &str) -> Option<(String, Challenge)> {
    let Accepted { id, proof } = serde_json::from_str(body).ok()?;
    Some((id, proof.challenge))
}

/// Somebody's browser on the hosted pages.
#[derive(Debug)]
pub struct Browser {
    line: Line,
    head: String,
}

impl Browser {
    /// A browser at `from`, with the cookie of a known device or without.
    pub fn new(to: SocketAddr, from: IpAddr, device: Option<&str>) -> Self {
        let cookie = device.map(|token| format!("Cookie: cs_device={token}\r\n")).unwrap_or_default();
        let head = format!(
            "X-Forwarded-For: {from}\r\nUser-Agent: {BROWSER}\r\nAccept-Language: en\r\nSec-Fetch-Site: same-origin\r\n\
             {cookie}"
        );
        Self { line: Line::new(to), head }
    }

    /// Opens a page.
    pub async fn get(&mut self, path: &str) -> io::Result<Reply> {
        self.line.send(Call { method: "GET", path, headers: &self.head, body: None }).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> io::Result<Reply> {
        let body = form(fields);
        let kind = "application/x-www-form-urlencoded";
        self.line.send(Call { method: "POST", path, headers: &self.head, body: Some((kind, &body)) }).await
    }

    /// Opens the form and sends it.
    pub async fn ask(&mut self, identifier: &str) -> io::Result<Asked> {
        let page = self.get("/recover").await?;
        let nonce = value(&page.body, "name=\"nonce\" value=\"").unwrap_or_default();
        let reply = self.post("/recover", &[("nonce", &nonce), ("identifier", identifier)]).await?;
        Ok(read_sent(&reply))
    }

    /// Sends what the solver script found.
    pub async fn prove(&mut self, id: &str, identifier: &str, solution: &str) -> io::Result<Asked> {
        let fields = [("id", id), ("identifier", identifier), ("altcha", solution)];
        let reply = self.post("/recover/proof", &fields).await?;
        Ok(read_sent(&reply))
    }

    /// Presses "ask again" on the page that answers a request, as often as `times`; how many presses were answered.
    pub async fn press_resend(&mut self, identifier: &str, times: u32) -> io::Result<u32> {
        let page = self.get("/recover").await?;
        let nonce = value(&page.body, "name=\"nonce\" value=\"").unwrap_or_default();
        let mut sent = self.post("/recover", &[("nonce", &nonce), ("identifier", identifier)]).await?;
        let mut answered = 1;
        for _ in 0..times {
            let nonce = value(&sent.body, "name=\"nonce\" value=\"").unwrap_or_default();
            let id = value(&sent.body, "name=\"id\" value=\"").unwrap_or_default();
            // The page of a request that waits has no such button; a bot sends the form all the same.
            let fields = [("nonce", nonce.as_str()), ("id", &id), ("identifier", identifier)];
            let reply = self.post("/recover/resend", &fields).await?;
            answered += 1;
            if reply.status == 200 {
                sent = reply;
            }
        }
        Ok(answered)
    }

    /// Opens the link and sets a new password; whether that completed the recovery, or the status.
    pub async fn redeem(&mut self, token: &str, password: &str) -> io::Result<Result<(), u16>> {
        let path = format!("/r/{token}");
        let page = self.get(&path).await?;
        if page.status != 200 {
            return Ok(Err(page.status));
        }
        let reply = self.post(&path, &[("password", password)]).await?;
        Ok(if reply.status == 200 { Ok(()) } else { Err(reply.status) })
    }
}

fn read_sent(reply: &Reply) -> Asked {
    match reply.status {
        200 => {
            let challenge = challenge_of(&reply.body);
            let id = value(&reply.body, "name=\"id\" value=\"").unwrap_or_default();
            Asked::Accepted { id, waits: challenge.is_some(), challenge }
        }
        429 => Asked::Limited,
        status => Asked::Refused(status),
    }
}

fn challenge_of(page: &str) -> Option<Challenge> {
    let data = |name: &str| value(page, &format!("data-{name}=\""));
    Some(Challenge {
        algorithm: data("algorithm")?,
        challenge: data("challenge")?,
        maxnumber: data("maxnumber")?.parse().ok()?,
        salt: data("salt")?,
        signature: data("signature")?,
    })
}

/// The text from behind `start` to the next quotation mark, as HTML has it.
fn value(page: &str, start: &str) -> Option<String> {
    let (_, rest) = page.split_once(start)?;
    rest.split_once('"').map(|(text, _)| text.replace("&#38;", "&").replace("&amp;", "&"))
}
