//! Somebody who lost a password: asks, shows what there is to show, waits for the message, sets a new one.

use super::Stage;
use super::doors::{Api, Asked, Browser};
use super::post::mailbox_of;
use super::solver;
use super::tally::{End, Kind, Story, What};
use super::town::Resident;
use countersign_core::gate::proof::{self, Challenge};
use countersign_core::time::Timestamp;
use rand::{RngExt, rngs::StdRng};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

/// Of a hundred people: those who mistype first, who change their mind, who enter the code instead of the link.
const MISTYPE: f64 = 0.05;
const ABANDON: f64 = 0.02;
const BY_CODE: f64 = 0.15;
/// How long people look into their mailbox before they ask once more, as the page tells them to.
const PATIENCE: Duration = Duration::from_secs(20);
/// Of a hundred: whose platform uses the API.
const BY_API: f64 = 0.5;

/// Somebody and what they have.
#[derive(Debug)]
pub struct Person {
    /// Who.
    pub resident: Resident,
    /// The token of their known device.
    pub device: Option<String>,
    /// Whether their browser runs the solver.
    pub solves: bool,
    /// Where they are.
    pub from: IpAddr,
    /// Their dice.
    pub rng: StdRng,
}

/// The door that they use.
enum Door {
    Api(Box<Api>),
    Hosted(Box<Browser>),
}

/// What they know after asking.
struct Asking {
    id: String,
    challenge: Option<Challenge>,
}

impl Person {
    /// Lives through a recovery, at most until the stage closes.
    pub async fn recover(mut self, stage: &Stage) {
        let by_api = self.rng.random_bool(BY_API);
        let door = if by_api {
            Door::Api(Box::new(Api::new(stage.server, &stage.key)))
        } else {
            Door::Hosted(Box::new(Browser::new(stage.server, self.from, self.device.as_deref())))
        };
        let mut story = Story { kind: self.kind(), end: End::NoMessage, wait: None };
        let closing = stage.closing.clone();
        let ended = tokio::select! {
            ended = self.act(stage, door, &mut story) => Some(ended),
            () = super::closed(closing) => None,
        };
        story.end = match ended {
            Some(Ok(end)) => end,
            Some(Err(error)) => {
                tracing::warn!(%error, "a connection broke");
                End::Refused
            }
            None => story.end,
        };
        stage.tally.tell(story);
    }

    const fn kind(&self) -> Kind {
        match (&self.device, self.solves) {
            (Some(_), _) => Kind::Device,
            (None, true) => Kind::NotAsked,
            (None, false) => Kind::Waits,
        }
    }

    async fn act(&mut self, stage: &Stage, mut door: Door, story: &mut Story) -> io::Result<End> {
        if self.rng.random_bool(MISTYPE) {
            let wrong = format!("{}x", self.resident.user);
            stage.tally.count(What::Genuine);
            let _ = self.ask(stage, &mut door, &wrong).await?;
            tokio::time::sleep(self.pause(1000, 3000)).await;
        }
        let mailbox = mailbox_of(&self.resident.address);
        let identifier =
            if self.rng.random_bool(0.5) { self.resident.address.clone() } else { self.resident.user.clone() };
        let mut since = stage.clock.now();
        stage.tally.owner_asked(&mailbox, since);
        if let Some(second) = &self.resident.second {
            stage.tally.owner_asked(&mailbox_of(second), since);
        }
        let mail = loop {
            match self.request(stage, &mut door, &identifier, story).await? {
                Ok(shown_at) => since = since.max(shown_at),
                Err(end) => return Ok(end),
            }
            let mail = stage.post.recovery_mail(&mailbox, stage.began);
            // Only who was told to expect a message at once asks again; who waits was told how long.
            let patience = if story.kind == Kind::NotAsked { PATIENCE } else { Duration::MAX };
            if let Ok(mail) = tokio::time::timeout(patience, mail).await {
                break mail;
            }
        };
        story.wait = Some(mail.at.since(since));
        if self.rng.random_bool(ABANDON) {
            return Ok(End::Abandoned);
        }
        story.end = End::Refused;
        tokio::time::sleep(self.pause(500, 2000)).await;
        self.redeem(stage, &mut door, &identifier, &mail.letter).await
    }

    /// Asks, and solves where that is wanted and possible; when everything was shown.
    async fn request(
        &mut self,
        stage: &Stage,
        door: &mut Door,
        identifier: &str,
        story: &mut Story,
    ) -> io::Result<Result<Timestamp, End>> {
        stage.tally.count(What::Genuine);
        let at = stage.clock.now();
        let asking = match self.ask(stage, door, identifier).await? {
            Ok(asking) => asking,
            Err(end) => return Ok(Err(end)),
        };
        stage.tally.count(What::Unguarded);
        let Some(asking) = asking.filter(|_| self.solves && self.device.is_none()) else {
            return Ok(Ok(at));
        };
        (story.kind, story.end) = (Kind::Solved, End::StillSolving);
        let solved = self.solve(stage, door, identifier, asking).await?;
        if solved.is_ok() {
            story.end = End::NoMessage;
        }
        Ok(solved)
    }

    fn pause(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.rng.random_range(least..most))
    }

    /// Asks; what is known then if the request waits.
    async fn ask(
        &mut self,
        stage: &Stage,
        door: &mut Door,
        identifier: &str,
    ) -> io::Result<Result<Option<Asking>, End>> {
        let asked = match door {
            Door::Api(api) => api.ask(identifier, self.from, self.device.as_deref()).await?,
            Door::Hosted(browser) => browser.ask(identifier).await?,
        };
        Ok(match asked {
            Asked::Accepted { id, waits, challenge } => Ok(waits.then_some(Asking { id, challenge })),
            Asked::Limited => {
                stage.tally.count(What::Limited);
                Err(End::Limited)
            }
            Asked::Refused(status) => {
                tracing::warn!(status, "a request was refused");
                stage.tally.count(What::Failed);
                Err(End::Refused)
            }
        })
    }

    /// Solves until the solution is enough; when that was shown.
    async fn solve(
        &mut self,
        stage: &Stage,
        door: &mut Door,
        identifier: &str,
        first: Asking,
    ) -> io::Result<Result<Timestamp, End>> {
        let speed = solver::device_speed(&mut self.rng);
        let (id, mut next) = (first.id, first.challenge);
        while let Some(challenge) = next {
            let effort = solver::effort(&challenge, &mut self.rng);
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs_f64(effort / speed)) => (),
                () = super::closed(stage.last_call.clone()) => return Ok(Err(End::StillSolving)),
            }
            let solution = proof::answer(&stage.proof_key, &challenge);
            let solved_at = stage.clock.now();
            let asked = match door {
                Door::Api(api) => api.prove(&id, &solution, self.from).await?,
                Door::Hosted(browser) => browser.prove(&id, identifier, &solution).await?,
            };
            next = match asked {
                Asked::Accepted { waits: false, .. } => return Ok(Ok(solved_at)),
                Asked::Accepted { challenge, .. } => challenge,
                Asked::Limited => return Ok(Err(End::Limited)),
                Asked::Refused(status) => {
                    tracing::warn!(status, "a solution was refused");
                    return Ok(Err(End::Refused));
                }
            };
        }
        Ok(Err(End::Refused))
    }

    async fn redeem(
        &mut self,
        stage: &Stage,
        door: &mut Door,
        identifier: &str,
        letter: &super::letter::Letter,
    ) -> io::Result<End> {
        let mut token = letter.link.clone().unwrap_or_default();
        if let Door::Api(api) = door
            && self.rng.random_bool(BY_CODE)
            && let Some(code) = &letter.code
        {
            match api.enter_code(identifier, code, self.from).await? {
                Some(proceed) => token = proceed,
                None => tracing::warn!("a code was not taken; the link is tried"),
            }
        }
        let password = passphrase(&mut self.rng);
        let redeemed = match door {
            Door::Api(api) => api.redeem(&token, &password, self.from).await?,
            Door::Hosted(browser) => browser.redeem(&token, &password).await?,
        };
        Ok(match redeemed {
            Ok(()) => End::Completed,
            Err(status) => {
                tracing::warn!(status, "a new password was not taken");
                stage.tally.count(What::Failed);
                End::Refused
            }
        })
    }
}

/// What a password manager makes up: 20 characters.
fn passphrase(rng: &mut StdRng) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstvwxyz2345678_-9";
    (0..20).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect()
}
