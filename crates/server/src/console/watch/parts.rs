//! The parts of the pages that move. A part has one element with its name as id, and is replaced as a whole.

use super::draw;
use crate::console::chart::{figure, gauge, spark};
use crate::console::moment::Moment;
use crate::flows::exposure::numbers::ExposureNow;
use crate::flows::traffic::Snapshot;
use askama::Template;
use countersign_core::staff::Roles;
use countersign_core::traffic::{
    Completion, Counts, Level, Series, Target, Task, UpTo, What, Window, grouped, lasting,
};

/// A part, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The id of its element.
    pub id: &'static str,
    /// The element.
    pub html: String,
}

fn part(id: &'static str, template: &impl Template) -> Part {
    let html = template.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a part of a page could not be rendered");
        format!("<div id=\"{id}\"></div>")
    });
    Part { id, html }
}

/// Where one goes for a task.
const fn path(target: Target) -> &'static str {
    match target {
        Target::Traffic => "/console/traffic",
        Target::Register => "/console/messages",
        Target::Evidence => "/console/evidence",
        Target::Exposure => "/console/exposure",
        Target::Staff => "/console/staff",
        Target::Settings => "/console/settings",
    }
}

/// A task as it is shown. What stands in backquotes is to be typed.
#[derive(Debug)]
struct Shown {
    urgency: &'static str,
    label: &'static str,
    title: &'static str,
    reason: Vec<(bool, String)>,
    href: Option<&'static str>,
}

impl Shown {
    fn of(task: &Task, roles: Roles) -> Self {
        let pieces = task.reason();
        let reason = pieces.split('`').enumerate().map(|(n, piece)| (n % 2 == 1, piece.to_owned())).collect();
        let may = |target: &Target| roles.may(target.needs());
        Self {
            urgency: task.urgency().as_str(),
            label: task.urgency().label(),
            title: task.title(),
            reason,
            href: task.target().filter(may).map(path),
        }
    }
}

#[derive(Template)]
#[template(path = "console/parts/now.html")]
struct Now {
    class: &'static str,
    headline: &'static str,
    meaning: &'static str,
    tasks: Vec<Shown>,
}

/// The headline, and what to do.
pub fn now(snapshot: &Snapshot, roles: Roles) -> Part {
    let overview = &snapshot.overview;
    let template = Now {
        class: overview.headline.as_str(),
        headline: overview.headline.label(),
        meaning: overview.headline.meaning(),
        tasks: overview.tasks.iter().map(|task| Shown::of(task, roles)).collect(),
    };
    part("now", &template)
}

/// A number with its course.
#[derive(Debug)]
struct Tile {
    label: &'static str,
    number: String,
    below: String,
    spark: String,
}

#[derive(Template)]
#[template(path = "console/parts/tiles.html")]
struct Tiles {
    window: &'static str,
    tiles: Vec<Tile>,
}

fn counted(series: &Series, label: &'static str, below: String, number: impl Fn(&Counts) -> u64 + Copy) -> Tile {
    let sum = number(&series.total());
    Tile { label, number: grouped(sum), below, spark: spark(&draw::course(series, number)) }
}

/// How many of each, and the share that was completed.
pub fn tiles(snapshot: &Snapshot) -> Part {
    let (series, gate) = (&snapshot.series, &snapshot.facts.gate);
    let total = series.total();
    let completion = Completion::of(&total);
    let ratio = Tile {
        label: "Completion",
        number: completion.percent().map_or_else(|| "unknown".to_owned(), |percent| format!("{percent} %")),
        below: ratio_basis(completion),
        spark: String::new(),
    };
    let budget = Tile {
        label: "Budget left",
        number: format!("{} %", gate.anonymous.percent),
        below: format!("{} of {} messages", grouped(gate.anonymous.left), grouped(gate.anonymous.capacity)),
        spark: gauge(gate.anonymous.percent, &[gate.slow_below, gate.proof_below]),
    };
    let per_minute = format!("{} in the last minute", grouped(gate.per_minute));
    let tiles = vec![
        counted(series, "Requests", per_minute, |c| c.get(What::Requests)),
        counted(series, "Messages sent", "with a recovery link".to_owned(), |c| c.get(What::Sent)),
        counted(series, "Suppressed", waiting(gate.held), Counts::suppressed),
        counted(series, "Completed", "new passwords set".to_owned(), |c| c.get(What::Completed)),
        ratio,
        budget,
        leaked(&snapshot.exposure),
        contained(&snapshot.exposure),
    ];
    part("tiles", &Tiles { window: series.window.label(), tiles })
}

fn leaked(exposure: &ExposureNow) -> Tile {
    let below = if exposure.leaked_mailboxes == 1 { "account, in a leak" } else { "accounts, in a leak" };
    let number = grouped(exposure.leaked_mailboxes);
    Tile { label: "Leaked mailboxes", number, below: below.to_owned(), spark: String::new() }
}

fn contained(exposure: &ExposureNow) -> Tile {
    let (number, below) = match exposure.contained {
        None => ("unknown".to_owned(), "not read yet".to_owned()),
        Some((count, held)) => (grouped(held), format!("accounts, by {}", containments(count))),
    };
    Tile { label: "Contained", number, below, spark: String::new() }
}

fn containments(count: usize) -> String {
    match count {
        0 => "no containment".to_owned(),
        1 => "1 containment".to_owned(),
        more => format!("{more} containments"),
    }
}

fn waiting(held: UpTo) -> String {
    if held.any() { format!("{held} more wait") } else { "none waits".to_owned() }
}

fn ratio_basis(completion: Completion) -> String {
    match completion {
        Completion { sent: 0, .. } => "no message was sent".to_owned(),
        Completion { sent, completed } if completed > sent => "more completed than sent: older links".to_owned(),
        Completion { sent, completed } => format!("{} of {} messages", grouped(completed), grouped(sent)),
    }
}

#[derive(Template)]
#[template(path = "console/parts/chart.html")]
struct ChartPart {
    id: &'static str,
    figure: String,
    missing: Option<String>,
}

fn chart(id: &'static str, series: &Series, figure: String) -> Part {
    let missing = (series.unknown() > 0).then(|| {
        let unknown =
            std::time::Duration::from_secs(series.unknown() as u64 * series.window.step().unsigned_abs() * 60);
        format!("Of the first {} nothing was counted: they are hatched, not empty.", lasting(unknown))
    });
    part(id, &ChartPart { id, figure, missing })
}

#[derive(Template)]
#[template(path = "console/parts/empty.html")]
struct Empty {
    id: &'static str,
}

/// Requests and what became of them; on a new installation, how to begin.
pub fn requests(snapshot: &Snapshot) -> Part {
    if !snapshot.anything {
        return part("requests", &Empty { id: "requests" });
    }
    chart("requests", &snapshot.series, figure(&draw::requests(&snapshot.series)))
}

/// Messages and completed recoveries.
pub fn completions(snapshot: &Snapshot) -> Part {
    chart("completions", &snapshot.series, figure(&draw::completions(&snapshot.series)))
}

/// How mail left.
pub fn mail(snapshot: &Snapshot) -> Part {
    chart("mail", &snapshot.series, figure(&draw::mail(&snapshot.series)))
}

/// One budget.
#[derive(Debug)]
struct Budget {
    label: &'static str,
    left: String,
    capacity: String,
    percent: u8,
    gauge: String,
}

fn budget(label: &'static str, level: Level, marks: &[u8]) -> Budget {
    Budget {
        label,
        left: grouped(level.left),
        capacity: grouped(level.capacity),
        percent: level.percent,
        gauge: gauge(level.percent, marks),
    }
}

#[derive(Template)]
#[template(path = "console/parts/gate.html")]
struct Gate {
    mode: &'static str,
    meaning: &'static str,
    reasons: Vec<String>,
    budgets: Vec<Budget>,
}

/// The gate: its mode, why, and what is left.
pub fn gate(snapshot: &Snapshot) -> Part {
    let gate = &snapshot.facts.gate;
    let budgets = vec![
        budget("Requests that show nothing", gate.anonymous, &[gate.slow_below, gate.proof_below]),
        budget("Solved challenges", gate.work, &[]),
        budget("Releasing what waits", gate.release, &[]),
    ];
    part("gate", &Gate { mode: gate.mode.as_str(), meaning: gate.meaning(), reasons: gate.reasons(), budgets })
}

#[derive(Template)]
#[template(path = "console/parts/house.html")]
struct House {
    outbox: String,
    log: Option<(String, Moment, Option<bool>)>,
    in_doubt: bool,
}

/// The outbox and the evidence log.
pub fn house(snapshot: &Snapshot) -> Part {
    let log = snapshot.log.map(|log| (grouped(log.size), Moment::new(log.published_at, snapshot.at), log.witnessed));
    let outbox = snapshot.facts.outbox.waiting.wait("message");
    part("house", &House { outbox, log, in_doubt: snapshot.facts.log.in_doubt })
}

/// A reason and how often.
#[derive(Debug)]
struct Reason {
    label: &'static str,
    number: String,
    share: String,
}

#[derive(Template)]
#[template(path = "console/parts/reasons.html")]
struct Reasons {
    window: &'static str,
    rows: Vec<Reason>,
    held: String,
}

/// Why requests led to no message, by reason.
pub fn reasons(snapshot: &Snapshot) -> Part {
    let total = snapshot.series.total();
    let decided: u64 = What::ALL.into_iter().filter(|what| what.fate().is_some()).map(|what| total.get(what)).sum();
    let row = |what: What| {
        let number = total.get(what);
        let share = (number as u128 * 1000).checked_div(decided as u128);
        let share = share.map_or_else(|| "unknown".to_owned(), |tenths| format!("{}.{} %", tenths / 10, tenths % 10));
        Reason { label: what.label(), number: grouped(number), share }
    };
    let rows = What::ALL.into_iter().filter(|what| what.fate().is_some()).map(row).collect();
    let held = snapshot.facts.gate.held.wait("request");
    part("reasons", &Reasons { window: snapshot.series.window.label(), rows, held })
}

#[derive(Template)]
#[template(path = "console/parts/asof.html")]
struct AsOf {
    at: Option<Moment>,
    trouble: bool,
    here: String,
}

/// As of when; without a script, how to see it anew.
pub fn as_of(snapshot: Option<&Snapshot>, trouble: bool, here: &str) -> Part {
    let at = snapshot.map(|s| Moment::new(s.at, s.at));
    part("asof", &AsOf { at, trouble, here: here.to_owned() })
}

/// The windows to choose from.
pub fn windows(base: &'static str, current: Window) -> Vec<(String, &'static str, bool)> {
    let link = |w: Window| (format!("{base}?span={}", w.as_str()), w.label(), w == current);
    Window::ALL.into_iter().map(link).collect()
}
