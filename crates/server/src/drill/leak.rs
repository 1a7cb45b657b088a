//! Act three: a leak appears. It is handed over by the front door, matched, becomes a cohort, and the cohort is contained.
//!
//! The exercise wrote the leak itself, so it knows who is in it; that nobody is missed and nobody is added is counted, not
//! believed.

use super::town::Town;
use super::wire::{Call, Line, Reply};
use super::{Stage, Trouble, progress};
use crate::app::App;
use crate::flows::exposure::cohorts;
use countersign_core::expose::cohort::CohortDigest;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fmt::Write;
use std::time::Duration;

/// Of a hundred lines: those of people who are not in the directory.
const STRANGERS: u32 = 30;
/// Of ten thousand lines: those that are broken.
const BROKEN: u32 = 5;
/// Of a hundred residents: those in the leak.
const IN_LEAK: u32 = 35;
/// Bytes that are sent at once.
const PIECE: usize = 1 << 20;
/// A containment holds within this time of its commit.
pub const HOLDS_WITHIN: Duration = Duration::from_secs(1);

/// What the act came to.
#[derive(Clone, Debug, Default)]
pub struct Matched {
    /// Lines of the leak, broken ones too.
    pub lines: u64,
    /// Accounts in it, as whoever wrote it knows.
    pub expected: u64,
    /// Of those: found.
    pub found: u64,
    /// Accounts that were found and are not in it.
    pub added: u64,
    /// Broken lines that were written, and that were counted.
    pub broken: (u64, u64),
    /// From the first byte to the cohort.
    pub took: Duration,
    /// How old the server says the data is.
    pub age: String,
    /// The cohort of them.
    pub cohort: String,
    /// From the commit of the containment to the first check that says so.
    pub held_after: Duration,
    /// Whether the check says `must_reset` of one inside and `allow` of one outside.
    pub checked: bool,
}

impl Matched {
    /// Whether everybody was found and nobody else.
    pub const fn is_exact(&self) -> bool {
        self.expected > 0 && self.found == self.expected && self.added == 0
    }

    /// Whether the containment did what it should.
    pub const fn holds(&self) -> bool {
        self.checked && self.held_after.as_millis() < HOLDS_WITHIN.as_millis()
    }
}

/// Plays it.
///
/// # Errors
/// `Trouble` where the server refuses; what it finds is in the result.
pub async fn play(app: &App, stage: &Stage, town: &Town) -> Result<Matched, Trouble> {
    let start = stage.clock.now();
    let leak = Leak::write(town, stage.seed);
    let mut door = Door { line: Line::new(stage.server), key: stage.key.clone() };
    wait_for_index(app).await?;
    let began = stage.clock.now();
    let told = door.hand_over(&leak.text).await?;
    let took = stage.clock.now().since(began);
    let known = door.get(&format!("/v1/leaks/{}", text(&told, "leak"))).await?;
    let cohort = text(&known, "cohort").to_owned();
    let found = members(app, &cohort).await?;
    let mut matched = Matched {
        lines: leak.lines,
        expected: leak.inside.len() as u64,
        found: found.iter().filter(|id| leak.inside.contains(*id)).count() as u64,
        added: found.iter().filter(|id| !leak.inside.contains(*id)).count() as u64,
        broken: (leak.broken, known["bad_rows"].as_u64().unwrap_or_default()),
        took,
        age: known["report"]["freshness"]["sentence"].as_str().unwrap_or_default().to_owned(),
        cohort: cohort.clone(),
        ..Matched::default()
    };
    contain(stage, &mut door, &leak, &cohort, &mut matched).await?;
    progress::note(&format!("{} lines of a leak matched and contained", leak.lines), stage.clock.now().since(start));
    Ok(matched)
}

/// The index is built beside everything else; an import asks for it.
async fn wait_for_index(app: &App) -> Result<(), Trouble> {
    let bar = progress::bar("index", 0);
    while app.exposure.directory.shown().is_none() {
        if let Some((done, all)) = app.exposure.directory.progress() {
            bar.set_length(u64::from(all));
            bar.set_position(u64::from(done));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bar.finish_and_clear();
    Ok(())
}

/// The platform's ids of whoever is in a cohort.
async fn members(app: &App, cohort: &str) -> Result<Vec<String>, Trouble> {
    let digest = CohortDigest::parse(cohort).ok_or_else(|| Trouble::Flow("the leak has no cohort".into()))?;
    let (mut found, mut from) = (vec![], Some(0));
    while let Some(at) = from {
        let (page, next) = cohorts::page(app, &digest, at, 5000).await?;
        found.extend(page.into_iter().filter_map(|one| one.external_id));
        from = next;
    }
    Ok(found)
}

/// Puts a containment on the cohort, and asks until it holds.
async fn contain(
    stage: &Stage,
    door: &mut Door,
    leak: &Leak,
    cohort: &str,
    matched: &mut Matched,
) -> Result<(), Trouble> {
    let put = json!({ "cohort": cohort, "kind": "must_reset", "reason": "the exercise" });
    door.post("/v1/containments", &put).await?;
    let committed = stage.clock.now();
    let inside = leak.inside.iter().next().cloned().unwrap_or_default();
    loop {
        let said = door.decision(&inside).await?;
        matched.held_after = stage.clock.now().since(committed);
        matched.checked = said == "must_reset";
        if matched.checked || matched.held_after > HOLDS_WITHIN * 2 {
            break;
        }
    }
    matched.checked &= door.decision(&leak.outside).await? == "allow";
    Ok(())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The front door of the API.
struct Door {
    line: Line,
    key: String,
}

impl Door {
    async fn hand_over(&mut self, leak: &str) -> Result<Value, Trouble> {
        let begin = json!({
            "name": "Sale of the exercise", "reason": "the exercise", "file": "sale.csv", "size": leak.len(),
        });
        let begun = self.post("/v1/leak-uploads", &begin).await?;
        let path = format!("/v1/leak-uploads/{}", text(&begun, "id"));
        let bar = progress::bar("leak", leak.len() as u64);
        let mut at = 0;
        while at < leak.len() {
            let end = leak.floor_char_boundary((at + PIECE).min(leak.len()));
            let offset = format!("Upload-Offset: {at}\r\n");
            let body = Some(("application/octet-stream", &leak[at..end]));
            self.call("PATCH", &path, &offset, body).await?;
            at = end;
            bar.set_position(at as u64);
        }
        bar.finish_and_clear();
        self.post(&format!("{path}/finish"), &json!({})).await
    }

    async fn decision(&mut self, account: &str) -> Result<String, Trouble> {
        let told = self.post(&format!("/v1/accounts/{account}/check"), &json!({})).await?;
        Ok(text(&told, "decision").to_owned())
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<Value, Trouble> {
        self.call("POST", path, "", Some(("application/json", &body.to_string()))).await
    }

    async fn get(&mut self, path: &str) -> Result<Value, Trouble> {
        self.call("GET", path, "", None).await
    }

    async fn call(
        &mut self,
        method: &str,
        path: &str,
        more: &str,
        body: Option<(&str, &str)>,
    ) -> Result<Value, Trouble> {
        let headers = format!("Authorization: Bearer {}\r\n{more}", self.key);
        let call = Call { method, path, headers: &headers, body };
        let sent = self.line.send(call).await.map_err(|error| Trouble::Io(path.to_owned(), error))?;
        let Reply { status, body } = sent;
        if !(200..300).contains(&status) {
            return Err(Trouble::Flow(format!("{method} {path}: {status} {body}")));
        }
        serde_json::from_str(&body).map_err(|error| Trouble::Flow(format!("{method} {path}: {error}")))
    }
}

/// A leak, and what whoever wrote it knows.
struct Leak {
    text: String,
    lines: u64,
    broken: u64,
    /// The platform's ids of those in it.
    inside: HashSet<String>,
    /// Of somebody who is not.
    outside: String,
}

impl Leak {
    /// Scraped data, as such files are: every spelling, strangers, a few broken lines.
    fn write(town: &Town, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed ^ 0x1eaf);
        let mut leak = Self {
            text: "username;mail;full name;city;country\n".into(),
            lines: 0,
            broken: 0,
            inside: HashSet::new(),
            outside: String::new(),
        };
        for n in 0..town.residents() {
            if rng.random_range(0..100) < IN_LEAK {
                leak.resident(town, n, &mut rng);
            } else if leak.outside.is_empty() {
                leak.outside = Town::external_id(n);
            }
            if rng.random_range(0..100) < IN_LEAK * STRANGERS / 100 {
                leak.stranger(n, &mut rng);
            }
            if rng.random_range(0..10_000) < BROKEN {
                leak.broken(&mut rng);
            }
        }
        leak
    }

    fn resident(&mut self, town: &Town, n: u32, rng: &mut StdRng) {
        let who = town.resident(n);
        let user = match rng.random_range(0..4) {
            0 => format!("@{}", who.user),
            1 => who.user.to_uppercase(),
            2 => format!(" {} ", who.user),
            _ => who.user.clone(),
        };
        let (local, domain) = who.address.split_once('@').unwrap_or((&who.address, ""));
        let mail = match rng.random_range(0..5) {
            0 => String::new(),
            1 => format!("{local}+news@{domain}"),
            2 => who.address.to_uppercase(),
            3 => format!("\"{}\"", who.address),
            _ => who.address.clone(),
        };
        self.line(&user, &mail, rng);
        self.inside.insert(Town::external_id(n));
    }

    fn stranger(&mut self, n: u32, rng: &mut StdRng) {
        self.line(&format!("stranger_{n}"), &format!("stranger.{n}@elsewhere.example.org"), rng);
    }

    fn line(&mut self, user: &str, mail: &str, rng: &mut StdRng) {
        let city = ["Lyon", "Gdańsk", "\"Aachen; West\"", ""].choose(rng).copied().unwrap_or_default();
        let country = ["FR", "PL", "DE", ""].choose(rng).copied().unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{user};{mail};Somebody;{city};{country}");
        self.lines += 1;
    }

    fn broken(&mut self, rng: &mut StdRng) {
        let line = ["too;few", "\"never closed;x@broken.example.org;a;b;c", "a;b;c;d;e;f;g"];
        let _ = writeln!(self.text, "{}", line.choose(rng).copied().unwrap_or_default());
        self.broken += 1;
        self.lines += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leak_of_a_seed_is_the_same_leak() {
        let (town, other) = (Town::new(7, 2_000), Town::new(7, 2_000));
        let (one, two) = (Leak::write(&town, 7), Leak::write(&other, 7));
        assert_eq!(one.text, two.text);
        assert_eq!(one.text.lines().count() as u64, one.lines + 1);
        assert!(one.inside.len() > 500 && !one.inside.contains(&one.outside));
    }
}
