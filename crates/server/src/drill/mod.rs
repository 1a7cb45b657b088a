//! The exercise: a town, calm days, then an attack, against the real server over real HTTP and real SMTP.
//!
//! Never: lowers a limit of the gate; looks into the server to decide what somebody does; counts as reached what was not
//! measured; sends anything but to loopback.
//! In: `Options`.   Out: `Report`, and a server that still runs.
//! I/O for this room: sockets on loopback, the data directory, progress on standard error.   Tests: beside the code,
//! tests/it/drill.rs.

mod attack;
mod doors;
mod files;
mod leak;
mod letter;
mod outsider;
mod person;
mod post;
mod progress;
pub mod report;
mod setting;
mod solver;
mod tally;
mod timing;
mod town;
mod wire;

use crate::app::App;
use crate::clock::Clock;
use crate::error::AppError;
use crate::flows::devices;
use crate::flows::log::audit;
use crate::flows::staff::people;
use crate::serve::{self, Running};
use crate::store::{StoreError, log};
use attack::Attack;
use countersign_core::secret::Key;
use countersign_core::time::Timestamp;
use outsider::{Outsider, Seen};
use person::Person;
use post::Post;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use report::{Aside, Mails, Numbers, Report};
use setting::Setting;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tally::{Kind, Tally, What};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use town::Town;

/// The smallest town in which the shares of people mean something.
pub const FEWEST_ACCOUNTS: u32 = 1_000;
/// The shortest exercise.
pub const FEWEST_SECONDS: u32 = 5;

/// People who lose a password each second, also while the attack runs: what a site with some ten million accounts sees.
const PEOPLE_PER_SECOND: f64 = 5.0;
/// Of a hundred people: those with a known device, and those whose browser solves.
const KNOWN_DEVICE: u32 = 60;
const SOLVER: u32 = 35;
/// Shares of the time: calm, attack, and what is left until everybody has their message.
const CALM: f64 = 0.10;
const ATTACK: f64 = 0.62;
const DRAIN: f64 = 0.06;
/// At least this long: a message, a look at it, a new password, on a busy machine.
const LEAST_DRAIN: Duration = Duration::from_secs(4);
/// Pairs of the timing test for each second of the exercise, up to what the benchmark does more thoroughly.
const PAIRS_PER_SECOND: u32 = 40;
const MOST_PAIRS: u32 = 2_400;

/// What is to be played.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where all dice begin.
    pub seed: u64,
    /// How many accounts the town has.
    pub accounts: u32,
    /// About how long it takes.
    pub seconds: u32,
    /// Where its data stays; `None`: in a directory that goes away with it.
    pub data: Option<PathBuf>,
}

/// Why an exercise cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The server does not start.
    #[error(transparent)]
    Start(#[from] serve::StartError),
    /// A flow failed.
    #[error("{0}")]
    Flow(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A socket or a directory.
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
    /// The town could not be built.
    #[error("{0}")]
    Town(String),
    /// The settings of the exercise are not settings.
    #[error(transparent)]
    Settings(#[from] crate::config::Problems),
}

impl From<AppError> for Trouble {
    fn from(error: AppError) -> Self {
        Self::Flow(format!("{}: {}", error.public, error.internal.unwrap_or_default()))
    }
}

/// What everybody in the exercise knows.
pub struct Stage {
    server: SocketAddr,
    key: String,
    proof_key: Key,
    clock: Clock,
    tally: Tally,
    post: Post,
    town: Town,
    seed: u64,
    began: Timestamp,
    /// Who is still solving may stop.
    last_call: watch::Receiver<bool>,
    /// Everybody may stop.
    closing: watch::Receiver<bool>,
}

/// An exercise that was played. The server runs on until `end`.
pub struct Played {
    /// What came out.
    pub report: Report,
    server: Running,
    setting: Setting,
}

impl Played {
    /// Where the server listens.
    pub const fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Stops the server and removes what was temporary.
    pub async fn end(self) {
        self.server.stop().await;
        self.setting.remove();
    }
}

async fn closed(mut closing: watch::Receiver<bool>) {
    // Nobody can close it any more: then it is over as well.
    let _ = closing.wait_for(|closed| *closed).await;
}

/// Plays it.
///
/// # Errors
/// `Trouble` where it cannot be played; targets that are not reached are in the report.
pub async fn play(options: &Options) -> Result<Played, Trouble> {
    let mut setting = Setting::prepare(options.data.clone()).await?;
    match act(options, &mut setting).await {
        Ok((report, server)) => Ok(Played { report, server, setting }),
        Err(trouble) => {
            setting.remove();
            Err(trouble)
        }
    }
}

async fn act(options: &Options, setting: &mut Setting) -> Result<(Report, Running), Trouble> {
    let (letters, scanned) = mpsc::unbounded_channel();
    let (close, closing) = watch::channel(false);
    let (call, last_call) = watch::channel(false);
    let per_core = solver::measured_rate(&Clock::system());
    let (server, post) = setting.open(letters).await?;
    let app = server.app.clone();
    let town = Town::new(options.seed, options.accounts);
    build(&app, &town, options.accounts).await?;
    let stage = Arc::new(Stage {
        server: server.address,
        key: setting::api_key(&app).await?,
        proof_key: app.keys.proof.clone(),
        clock: app.clock.clone(),
        tally: Tally::default(),
        post,
        town,
        seed: options.seed,
        began: app.clock.now(),
        last_call,
        closing,
    });
    let scanning = tokio::spawn(attack::scan(stage.clone(), scanned));
    let outsider = Outsider::arrive(server.address, app.log.key().verifier().clone()).await?;
    let mut aside = scenes(options, &app, &stage, per_core, [&call, &close]).await?;
    scanning.abort();
    aside.leak = leak::play(&app, &stage, &stage.town).await?;
    aside.overrides = setting.overrides();
    aside.per_core = per_core;
    let report = judge(options, &app, &stage, outsider, aside).await?;
    Ok((report, server))
}

/// Writes everybody's account.
async fn build(app: &App, town: &Town, accounts: u32) -> Result<(), Trouble> {
    let (start, bar) = (app.clock.now(), progress::bar("accounts", u64::from(accounts)));
    town.build(app, |written| bar.set_position(written)).await?;
    bar.finish_and_clear();
    progress::note(&format!("{accounts} accounts made"), app.clock.now().since(start));
    Ok(())
}

/// Calm, attack, and a while for everybody to finish.
async fn scenes(
    options: &Options,
    app: &App,
    stage: &Arc<Stage>,
    per_core: f64,
    [call, close]: [&watch::Sender<bool>; 2],
) -> Result<Aside, Trouble> {
    let part = |share: f64| Duration::from_secs_f64(f64::from(options.seconds) * share);
    let (calm, attack, drain) = (part(CALM), part(ATTACK), part(DRAIN).max(LEAST_DRAIN));
    let start = stage.clock.now();
    let people = gather(app, stage, (calm + attack).as_secs_f64()).await?;
    progress::note(&format!("{} people will lose their password", people.len()), stage.clock.now().since(start));
    let (tell, act) = watch::channel("calm");
    let (done, watched) = watch::channel(false);
    let showing = tokio::spawn(progress::watch(app.clone(), stage.clone(), act, watched));
    let living = tokio::spawn(live(stage.clone(), people));
    tokio::time::sleep(calm).await;
    let _ = tell.send("attack");
    let began = stage.clock.now();
    let attacking = Attack::begin(stage, per_core);
    tokio::time::sleep(attack).await;
    attacking.end().await;
    let attack_secs = stage.clock.now().since(began).as_secs_f64();
    let _ = (tell.send("after"), call.send(true));
    tokio::time::sleep(drain).await;
    let _ = close.send(true);
    let _ = living.await;
    let _ = done.send(true);
    let _ = showing.await;
    Ok(Aside { attack_secs, ..Aside::of(&stage.tally, &stage.tally.stories()) })
}

/// Chooses the people of the exercise, and gives those their device tokens who have one.
async fn gather(app: &App, stage: &Stage, seconds: f64) -> Result<Vec<(Duration, Person)>, Trouble> {
    let mut rng = StdRng::seed_from_u64(stage.seed ^ 0x9e0b);
    let mut people = Vec::new();
    let mut taken = std::collections::HashSet::new();
    let mut at = 0.0;
    while at < seconds && taken.len() < stage.town.residents() as usize / 2 {
        let n = rng.random_range(0..stage.town.residents());
        let resident = stage.town.resident(n);
        if !taken.insert(n) || !resident.reachable {
            continue;
        }
        let share = rng.random_range(0..100_u32);
        let device = if share < KNOWN_DEVICE {
            let account = town::account(app, &resident.user).await?;
            Some(devices::issue(app, account).await?.expose().to_owned())
        } else {
            None
        };
        let person = Person {
            resident,
            device,
            solves: share < KNOWN_DEVICE + SOLVER,
            from: attack::source(&mut rng),
            rng: StdRng::seed_from_u64(rng.random()),
        };
        people.push((Duration::from_secs_f64(at), person));
        at += rng.random_range(0.0..2.0 / PEOPLE_PER_SECOND);
    }
    Ok(people)
}

/// Lets everybody begin at their time, and waits for them.
async fn live(stage: Arc<Stage>, people: Vec<(Duration, Person)>) {
    let mut lives = JoinSet::new();
    for (at, person) in people {
        let stage = stage.clone();
        lives.spawn(async move {
            tokio::time::sleep(at).await;
            person.recover(&stage).await;
        });
    }
    while lives.join_next().await.is_some() {}
}

async fn judge(
    options: &Options,
    app: &App,
    stage: &Stage,
    outsider: Outsider,
    mut aside: Aside,
) -> Result<Report, Trouble> {
    let pairs = (options.seconds * PAIRS_PER_SECOND).min(MOST_PAIRS);
    let start = stage.clock.now();
    let timing_t = timing::test(stage, pairs).await.map_err(|error| Trouble::Io("timing test".into(), error))?;
    progress::note(&format!("{pairs} pairs timed"), stage.clock.now().since(start));
    let mails = Mails::count(&stage.post, &stage.tally, &Town::bombed());
    let seen = look(app, stage, outsider).await?;
    let checked = verify(app).await?;
    aside.notices = mails.notices;
    aside.bombed.1 = mails.bombed;
    aside.broken = checked.findings.kept().iter().map(ToString::to_string).collect();
    let stories = stage.tally.stories();
    let (genuine_started, genuine_completed, waits) = report::genuine(&stories, report::with_proof);
    let (waiting_started, waiting_completed, _) = report::genuine(&stories, |s| s.kind == Kind::Waits);
    let numbers = Numbers {
        requests: stage.tally.of(What::Hostile) + stage.tally.of(What::Genuine),
        mails_sent: mails.sent,
        mails_unguarded: stage.tally.of(What::Unguarded),
        unwanted_mails: mails.unwanted,
        genuine_started,
        genuine_completed,
        waiting_started,
        waiting_completed,
        genuine_p95_ms: report::p95(waits),
        max_mails_per_mailbox_24h: mails.most,
        timing_t,
        evidence_entries: checked.rows,
        evidence_verified: checked.is_sound() && checked.waiting == 0,
        outside_entries: seen.entries,
        outside_messages: seen.messages,
        outside_messages_proven: seen.proven,
        outside_verified: seen.holds(),
        leak_lines: aside.leak.lines,
        leak_accounts: aside.leak.expected,
        leak_accounts_found: aside.leak.found,
        leak_accounts_added: aside.leak.added,
        leak_cohort: aside.leak.cohort.clone(),
        leak_contained: aside.leak.holds(),
        console_url: console_url(app, stage).await?,
    };
    aside.seen = seen;
    Ok(Report { numbers, aside })
}

/// Where the console is looked at afterwards: the first admin's way in.
async fn console_url(app: &App, stage: &Stage) -> Result<String, Trouble> {
    let first = people::first_link(app).await.map_err(|error| Trouble::Flow(error.to_string()))?;
    Ok(first.map_or_else(|| format!("http://{}/console", stage.server), |issued| issued.url.expose().to_owned()))
}

/// Checks the whole log from inside: every row, every tile, everything that is signed.
async fn verify(app: &App) -> Result<audit::Report, Trouble> {
    let start = app.clock.now();
    let bar = progress::bar("evidence", 0);
    let (shown, policy, now) = (bar.clone(), app.log.policy().clone(), start);
    let report = app.store.snapshot(move |conn| {
        Box::pin(async move {
            let ask = audit::Ask { kept: &[], policy: &policy, now };
            let show = |done, of| {
                shown.set_length(of);
                shown.set_position(done);
            };
            audit::audit(conn, &ask, show).await
        })
    });
    let report = report.await.map_err(|error| Trouble::Flow(error.to_string()))?;
    bar.finish_and_clear();
    progress::note(&format!("{} evidence entries checked from inside", report.rows), app.clock.now().since(start));
    Ok(report)
}

/// Checks what can be checked from outside.
async fn look(app: &App, stage: &Stage, outsider: Outsider) -> Result<Seen, Trouble> {
    let start = app.clock.now();
    let expected = log::highest(&mut app.store.read().await?).await?;
    let seen = outsider.look(expected, stage.post.samples()).await?;
    let what =
        format!("{} entries, {} tiles and {} messages checked from outside", seen.entries, seen.tiles, seen.messages);
    progress::note(&what, app.clock.now().since(start));
    Ok(seen)
}
