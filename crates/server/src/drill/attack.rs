//! The attack: other people's accounts by the hundred thousand, one bombed mailbox, bots, link scanners, solvers.

use super::Stage;
use super::doors::{Api, Browser, challenge_in};
use super::letter::Letter;
use super::solver::{self, Pool, Power, Target};
use super::tally::What;
use super::town::{ALIASES, Town};
use super::wire::Reply;
use countersign_core::gate::proof;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Connections of the flood: enough that every group commit has some to write.
const CONNECTIONS: u64 = 64;
/// Of a hundred identifiers of the attacker: those that nobody has. Leaked lists are old.
const UNKNOWN: f64 = 0.1;
/// One answer in so many is read for its challenge; far more than sixteen cores can solve.
const LOOKED_AT: u32 = 16;
/// Between two requests for the bombed mailbox.
const BOMB_EVERY: Duration = Duration::from_millis(25);
/// Presses of "ask again" on one page.
const PRESSES: u32 = 25;

/// The attack under way.
#[derive(Debug)]
pub struct Attack {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Attack {
    /// Begins it. `per_core` is the measured rate of one core.
    pub fn begin(stage: &Arc<Stage>, per_core: f64) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (pool, next) = (Arc::new(Pool::default()), Arc::new(AtomicU32::new(0)));
        let mut tasks = JoinSet::new();
        for worker in 0..CONNECTIONS {
            tasks.spawn(flood(stage.clone(), worker, pool.clone(), next.clone(), stopped.clone()));
        }
        tasks.spawn(bomb(stage.clone(), pool.clone(), stopped.clone()));
        tasks.spawn(press(stage.clone(), stopped.clone()));
        tasks.spawn(solve(stage.clone(), pool, per_core, stopped));
        Self { tasks, stop }
    }

    /// Ends it.
    pub async fn end(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// An address out of 2001:db8::/32 (RFC 3849), which an attacker with many networks has no lack of.
pub fn source(rng: &mut StdRng) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | rng.random::<u128>() >> 32))
}

/// A number that walks through the whole town in no order, each once.
fn scattered(n: u32, of: u32) -> u32 {
    // 2^31 − 1 is prime, so it shares no factor with any size of town.
    (u64::from(n) * 0x7fff_ffff % u64::from(of)) as u32
}

/// Counts an answer; whether the request was taken up. `mailable`: it names an account that has an address. What the
/// server could not answer is not counted as spared: an unguarded one might not have managed it either.
fn counted(stage: &Stage, reply: &std::io::Result<Reply>, mailable: bool) -> bool {
    stage.tally.count(What::Hostile);
    let (what, answered, taken_up) = match reply {
        Ok(Reply { status: 202, .. }) => (None, true, true),
        Ok(Reply { status: 429, .. }) => (Some(What::Limited), true, false),
        _ => (Some(What::Failed), false, false),
    };
    if answered && mailable {
        stage.tally.count(What::Unguarded);
    }
    what.into_iter().for_each(|what| stage.tally.count(what));
    taken_up
}

async fn flood(stage: Arc<Stage>, worker: u64, pool: Arc<Pool>, next: Arc<AtomicU32>, stopped: watch::Receiver<bool>) {
    let mut rng = StdRng::seed_from_u64(stage.seed ^ 0xa77a ^ worker << 32);
    let mut api = Api::new(stage.server, &stage.key);
    while !*stopped.borrow() {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let victim = stage.town.resident(scattered(n, stage.town.residents()));
        let unknown = rng.random_bool(UNKNOWN);
        let identifier = if unknown { format!("old.{}", victim.address) } else { victim.address };
        let mailable = victim.reachable && !unknown;
        let reply = api.ask_blindly(&identifier, source(&mut rng)).await;
        if counted(&stage, &reply, mailable)
            && n.is_multiple_of(LOOKED_AT)
            && let Some((id, challenge)) = reply.ok().and_then(|r| challenge_in(&r.body))
        {
            pool.offer(Target { id, challenge });
        }
    }
}

async fn bomb(stage: Arc<Stage>, pool: Arc<Pool>, stopped: watch::Receiver<bool>) {
    let mut rng = StdRng::seed_from_u64(stage.seed ^ 0xb0b0);
    let mut api = Api::new(stage.server, &stage.key);
    for n in 0.. {
        if *stopped.borrow() {
            return;
        }
        let identifier = Town::alias(n % (ALIASES * 2));
        stage.tally.count(What::Bombed);
        let reply = api.ask_blindly(&identifier, source(&mut rng)).await;
        if counted(&stage, &reply, true)
            && let Some((id, challenge)) = reply.ok().and_then(|r| challenge_in(&r.body))
        {
            pool.offer(Target { id, challenge });
        }
        tokio::time::sleep(BOMB_EVERY).await;
    }
}

async fn press(stage: Arc<Stage>, stopped: watch::Receiver<bool>) {
    let mut rng = StdRng::seed_from_u64(stage.seed ^ 0xbee5);
    while !*stopped.borrow() {
        let victim = stage.town.resident(rng.random_range(0..stage.town.residents()));
        let mut browser = Browser::new(stage.server, source(&mut rng), None);
        for _ in 0..browser.press_resend(&victim.address, PRESSES).await.unwrap_or(0) {
            stage.tally.count(What::Hostile);
            stage.tally.count(What::Pressed);
            if victim.reachable {
                stage.tally.count(What::Unguarded);
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn solve(stage: Arc<Stage>, pool: Arc<Pool>, per_core: f64, stopped: watch::Receiver<bool>) {
    let mut rng = StdRng::seed_from_u64(stage.seed ^ 0x5017);
    let mut api = Api::new(stage.server, &stage.key);
    let mut power = Power::new(per_core, &stage.clock);
    while !*stopped.borrow() {
        let Some(target) = pool.cheapest() else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let wait = power.spend(solver::effort(&target.challenge, &mut rng), &stage.clock, &stage.tally);
        let mut ended = stopped.clone();
        tokio::select! {
            () = tokio::time::sleep(wait) => (),
            _ = ended.wait_for(|stop| *stop) => return,
        }
        stage.tally.count(What::Solved);
        let solution = proof::answer(&stage.proof_key, &target.challenge);
        let asked = api.prove(&target.id, &solution, source(&mut rng)).await;
        if let Ok(super::doors::Asked::Accepted { waits: false, .. }) = asked {
            stage.tally.count(What::SolutionTaken);
        }
    }
}

/// Opens every link of every message, as mail gateways do.
pub async fn scan(stage: Arc<Stage>, mut letters: mpsc::UnboundedReceiver<Letter>) {
    let gateway = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 1));
    let mut browser = Browser::new(stage.server, gateway, None);
    while let Some(letter) = letters.recv().await {
        for path in &letter.paths {
            if browser.get(path).await.is_ok() {
                stage.tally.count(What::Scanned);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_account_is_asked_for_once() {
        for of in [1_960, 4_960, 199_960] {
            let all: HashSet<u32> = (0..of).map(|n| scattered(n, of)).collect();
            assert_eq!(all.len(), of as usize);
        }
    }
}
