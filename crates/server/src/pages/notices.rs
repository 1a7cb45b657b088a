//! The pages that only tell something, or ask for one press of a button.

use super::view::{Confirm, Fact, Notice, Tone, Visit};
use countersign_core::time::Timestamp;

/// Where a new attempt begins.
const START: &str = "/recover";

/// The new password is set.
pub fn reset_done(visit: &Visit) -> Notice {
    let lines = vec![visit.say("reset.done"), visit.say("reset.done_notice")];
    notice(visit, "reset.done_title", START, Tone::Yes, lines)
}

/// The new password takes effect later.
pub fn reset_waiting(visit: &Visit, until: Timestamp) -> Notice {
    Notice {
        facts: vec![Fact::time(visit.say("reset.wait_until"), until)],
        after: vec![visit.say("reset.wait"), visit.say("reset.wait_why")],
        ..with_times(notice(visit, "reset.wait_title", START, Tone::Wait, Vec::new()))
    }
}

/// The link was used, is too old, or never was one; `minutes` is how long a new one works.
pub fn link_gone(visit: &Visit, minutes: u64) -> Notice {
    let line = visit.locale.say("reset.gone", &[("minutes", &minutes.to_string())]);
    Notice {
        links: vec![(START, visit.say("site.start_again"))],
        ..notice(visit, "reset.gone_title", START, Tone::No, vec![line])
    }
}

/// Before "this was not me": about a request, or about a password that was `changed`.
pub fn not_me_ask(visit: &Visit, path: &str, changed: bool) -> Confirm {
    let page = visit.page("notme.title", path);
    let (lead, effect, otherwise) = if changed {
        ("notme.change_lead", "notme.change_effect", "site.close_if_you")
    } else {
        ("notme.lead", "notme.effect", "notme.otherwise")
    };
    Confirm {
        action: page.link(path),
        page,
        lines: vec![visit.say(lead), visit.say(effect)],
        until: None,
        submit: visit.say("notme.submit"),
        otherwise: visit.say(otherwise),
    }
}

/// What "this was not me" put right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Undone {
    /// The link is closed, or was closed before.
    Link,
    /// A change that waited is stopped.
    Waiting,
    /// A change that was in force is undone.
    Change,
}

/// After "this was not me".
pub fn not_me_done(visit: &Visit, undone: Undone) -> Notice {
    let keys = match undone {
        Undone::Link => ["notme.done", "notme.done_advice"],
        Undone::Waiting => ["cancel.done", "cancel.done_advice"],
        Undone::Change => ["notme.undone", "cancel.done_advice"],
    };
    notice(visit, "notme.done_title", START, Tone::Yes, keys.map(|key| visit.say(key)).into())
}

/// Before a waiting change is stopped.
pub fn cancel_ask(visit: &Visit, path: &str, until: Timestamp) -> Confirm {
    let mut page = visit.page("cancel.title", path);
    page.scripts = &["page.js"];
    Confirm {
        action: page.link(path),
        page,
        lines: vec![visit.say("cancel.lead")],
        until: Some(Fact::time(visit.say("cancel.until"), until)),
        submit: visit.say("cancel.submit"),
        otherwise: visit.say("cancel.otherwise"),
    }
}

/// After a waiting change was stopped.
pub fn cancel_done(visit: &Visit) -> Notice {
    let lines = vec![visit.say("cancel.done"), visit.say("cancel.done_advice")];
    notice(visit, "cancel.done_title", START, Tone::Yes, lines)
}

/// "This was not me" or "cancel" for something that is over.
pub fn answer_gone(visit: &Visit) -> Notice {
    notice(visit, "reset.gone_title", START, Tone::No, vec![visit.say("notme.over"), visit.say("notme.done_advice")])
}

/// The message is not from us; there is no "perhaps".
pub fn verify_unknown(visit: &Visit, path: &str, code: &str) -> Notice {
    // Hyphens that do not break: a code in two halves is hard to compare.
    let shown = isolated(&code.replace('-', "\u{2011}"));
    let line = visit.locale.say("verify.unknown", &[("code", &shown)]);
    Notice {
        after: vec![visit.say("verify.unknown_retype")],
        links: vec![("/verify", visit.say("verify.again"))],
        ..checked(notice(visit, "verify.unknown_title", path, Tone::No, vec![line]))
    }
}

/// An error page: `name` is the pair of sentences in `[errors]`; `wait_secs` is when to try again.
pub fn problem(visit: &Visit, name: &str, wait_secs: Option<u64>) -> Notice {
    let mut lines = vec![visit.say(&format!("errors.{name}"))];
    lines.extend(wait_secs.map(|secs| try_again(visit, secs)));
    // Whoever has to wait is not sent back to the form at once.
    let links = if wait_secs.is_some() { Vec::new() } else { vec![(START, visit.say("site.start_again"))] };
    Notice { links, ..notice(visit, &format!("errors.{name}_title"), START, Tone::No, lines) }
}

/// "Try again in …": seconds up to a minute and a half, minutes beyond, rounded up.
fn try_again(visit: &Visit, secs: u64) -> String {
    if secs <= 90 {
        return visit.locale.say("errors.wait_seconds", &[("seconds", &secs.max(1).to_string())]);
    }
    visit.locale.say("errors.wait_minutes", &[("minutes", &secs.div_ceil(60).to_string())])
}

fn notice(visit: &Visit, title: &str, path: &str, tone: Tone, lines: Vec<String>) -> Notice {
    let page = visit.page(title, path);
    Notice { page, tone, lines, facts: Vec::new(), after: Vec::new(), links: Vec::new() }
}

/// Left to right whatever surrounds it (Unicode UAX 9, isolates).
pub fn isolated(text: &str) -> String {
    format!("\u{2066}{text}\u{2069}")
}

fn with_times(mut notice: Notice) -> Notice {
    notice.page.scripts = &["page.js"];
    notice
}

/// The page about a message does not offer to check a message.
fn checked(mut notice: Notice) -> Notice {
    notice.page.offers_check = false;
    notice
}
