//! What staff did, in words, from what the entry about it says.

use crate::expose::containment::Containment;
use serde_json::Value;

/// Who did it, as the entry names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Somebody of the staff, by their id.
    Staff(String),
    /// A program, by the id of its key.
    Key(String),
    /// Whoever may run commands on the server's machine.
    Command,
    /// The entry does not say: a sign-in as nobody that we know.
    Nobody,
}

/// To whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// The account that the entry is about.
    Account,
    /// Somebody of the staff, by their id.
    Staff(String),
    /// Whoever did it.
    Themselves,
    /// Nobody.
    Nobody,
}

/// A deed: "Ana", "ended 3 sessions of", an account, "", "she asked for it".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Who.
    pub who: Who,
    /// Did what.
    pub did: String,
    /// To whom.
    pub whom: Whom,
    /// How, as what, until when.
    pub how: String,
    /// Why.
    pub reason: Option<String>,
}

/// Reads an entry of a kind that begins with `staff.`; a kind that is not known here is told by its name.
pub fn read(kind: &str, what: &Value) -> Deed {
    let who = who(what);
    let whom = whom(kind, what, &who);
    let (did, how) = words(kind, what);
    Deed { who, did, whom, how, reason: text(what, "reason").map(str::to_owned) }
}

fn text<'a>(what: &'a Value, name: &str) -> Option<&'a str> {
    what.get(name)?.as_str()
}

fn who(what: &Value) -> Who {
    let Some(by) = what.get("by") else {
        // Of a sign-in the person is the one who did it.
        return text(what, "staff").map_or(Who::Nobody, |staff| Who::Staff(staff.to_owned()));
    };
    match (text(by, "staff"), text(by, "key"), by.as_str()) {
        (Some(staff), _, _) => Who::Staff(staff.to_owned()),
        (_, Some(key), _) => Who::Key(key.to_owned()),
        (_, _, Some("command")) => Who::Command,
        _ => Who::Nobody,
    }
}

fn whom(kind: &str, what: &Value, who: &Who) -> Whom {
    match (kind, text(what, "staff")) {
        (
            "staff.unmasked"
            | "staff.account_sessions_ended"
            | "staff.recovery_held"
            | "staff.recovery_released"
            | "staff.containment_released",
            _,
        ) => Whom::Account,
        (_, Some(staff)) if what.get("by").is_some() => {
            if *who == Who::Staff(staff.to_owned()) {
                Whom::Themselves
            } else {
                Whom::Staff(staff.to_owned())
            }
        }
        _ => Whom::Nobody,
    }
}

/// What was done, and how.
fn words(kind: &str, what: &Value) -> (String, String) {
    let said = |name: &str, before: &str| text(what, name).map_or_else(String::new, |t| format!("{before} {t}"));
    let (did, how) = match kind {
        "staff.unmasked" => ("saw the personal data of".into(), String::new()),
        "staff.account_sessions_ended" => (ended(what), String::new()),
        "staff.recovery_held" => ("held the recovery of".into(), held(what)),
        "staff.recovery_released" => ("released the recovery of".into(), String::new()),
        "staff.signed_in" => ("signed in".into(), said("method", "by")),
        "staff.sign_in_failed" => ("could not sign in".into(), why(what)),
        "staff.confirmed" => ("confirmed who they are".into(), said("method", "by")),
        "staff.sessions_ended" => (format!("ended {} of", count(what, "sessions", "session")), String::new()),
        "staff.asked_for_help" => ("asked for help to sign in".into(), String::new()),
        "staff.changed_own" => (format!("changed their{}", said("changed", "")), String::new()),
        "staff.link_issued" => ("made a one-time link for".into(), String::new()),
        "staff.enrolled" => ("chose how they sign in".into(), String::new()),
        "staff.invited" => ("invited".into(), said("roles", "as")),
        "staff.joined" => ("came by the provider and joined".into(), said("roles", "as")),
        "staff.roles_renewed" => ("came by the provider with other roles:".into(), roles(what)),
        "staff.passkey_added" => ("added a passkey".into(), String::new()),
        "staff.passkey_renamed" => ("renamed a passkey".into(), String::new()),
        "staff.passkey_removed" => ("removed a passkey".into(), String::new()),
        "staff.roles_set" => ("set the roles of".into(), said("roles", "to")),
        "staff.disabled" => ("shut out".into(), String::new()),
        "staff.enabled" => ("let sign in again".into(), String::new()),
        "staff.key_created" => ("made the API key".into(), said("name", "").trim().to_owned()),
        "staff.leak_matched" => (matched(what), said("name", "").trim().to_owned()),
        "staff.leak_withdrawn" => ("withdrew the leak".into(), said("name", "").trim().to_owned()),
        "staff.cohort_made" => (format!("made a cohort of {}:", accounts(what)), said("name", "").trim().to_owned()),
        "staff.cohort_exported" => (format!("exported a cohort of {}", accounts(what)), cohort(what)),
        "staff.containment_put" => (contained(what, "put", "on"), cohort(what)),
        "staff.containment_lifted" => (contained(what, "took", "off"), cohort(what)),
        "staff.containment_released" => ("released".into(), format!("from {}", kind_of(what))),
        "staff.values_recorded" => (format!("recorded {}", count(what, "values", "former value")), String::new()),
        "staff.exposure_key_rotated" => ("changed the key of the directory's hashes".into(), String::new()),
        "staff.key_revoked" => ("revoked the API key".into(), said("key", "").trim().to_owned()),
        other => (other.trim_start_matches("staff.").replace('_', " "), String::new()),
    };
    (did, how)
}

/// How many accounts.
fn accounts(what: &Value) -> String {
    count(what, "accounts", "account")
}

fn matched(what: &Value) -> String {
    format!("matched a leak with {}:", accounts(what))
}

/// A containment that was put on a cohort, or taken off it.
fn contained(what: &Value, verb: &str, join: &str) -> String {
    format!("{verb} {} {join} {}", kind_of(what), accounts(what))
}

/// A kind of containment; one that is not known here is told by its name.
fn kind_of(what: &Value) -> String {
    let name = text(what, "kind").unwrap_or("a containment");
    let label = Containment::parse(name).map_or_else(|| name.replace('_', " "), |kind| kind.label().to_owned());
    format!("\u{201c}{label}\u{201d}")
}

/// The name of a cohort, as long as it takes to tell it from others.
fn cohort(what: &Value) -> String {
    let digest = text(what, "cohort").unwrap_or("an unknown one");
    digest.char_indices().nth(16).map_or_else(|| format!("({digest})"), |(at, _)| format!("({}…)", &digest[..at]))
}

/// Of a sign-in that a provider vouched for, or did not.
fn why(what: &Value) -> String {
    text(what, "why").map_or_else(String::new, |why| format!("({})", why.replace('_', " ")))
}

fn roles(what: &Value) -> String {
    text(what, "roles").filter(|roles| !roles.is_empty()).unwrap_or("none").to_owned()
}

fn ended(what: &Value) -> String {
    let sessions = count(what, "sessions", "session");
    match what.get("devices").and_then(Value::as_u64) {
        Some(_) => format!("ended {sessions} and forgot {} of", count(what, "devices", "device")),
        None => format!("ended {sessions} of"),
    }
}

fn held(what: &Value) -> String {
    let counts = [("links_closed", "link", "closed"), ("changes_cancelled", "waiting change", "cancelled")];
    let some = counts.iter().filter(|(name, ..)| what.get(*name).and_then(Value::as_u64).is_some_and(|n| n > 0));
    let told: Vec<String> = some.map(|(name, one, done)| format!("{} {done}", count(what, name, one))).collect();
    if told.is_empty() { String::new() } else { format!("({})", told.join(", ")) }
}

fn count(what: &Value, name: &str, one: &str) -> String {
    match what.get(name).and_then(Value::as_u64) {
        Some(1) => format!("1 {one}"),
        Some(many) => format!("{many} {one}s"),
        None => format!("{one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(kind: &str, what: &Value) -> String {
        let deed = read(kind, what);
        let who = match deed.who {
            Who::Staff(id) | Who::Key(id) => id,
            Who::Command => "command".to_owned(),
            Who::Nobody => "nobody".to_owned(),
        };
        let whom = match deed.whom {
            Whom::Account => "ACCOUNT".to_owned(),
            Whom::Staff(id) => id,
            Whom::Themselves => "themselves".to_owned(),
            Whom::Nobody => String::new(),
        };
        let parts = [who, deed.did, whom, deed.how, deed.reason.map(|r| format!("· {r}")).unwrap_or_default()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn deeds_are_told_in_words() {
        let by = json!({ "staff": "ana" });
        let lines = [
            told("staff.unmasked", &json!({ "by": by, "reason": "she asked" })),
            told("staff.account_sessions_ended", &json!({ "by": by, "reason": "r", "sessions": 1, "devices": null })),
            told(
                "staff.account_sessions_ended",
                &json!({ "by": "command", "reason": "r", "sessions": 3, "devices": 2 }),
            ),
            told(
                "staff.recovery_held",
                &json!({ "by": { "key": "key_1" }, "reason": "r", "links_closed": 1, "changes_cancelled": 0 }),
            ),
            told("staff.recovery_released", &json!({ "by": by, "reason": "r" })),
            told("staff.signed_in", &json!({ "staff": "ana", "method": "password" })),
            told("staff.sign_in_failed", &json!({ "staff": null })),
            told("staff.sign_in_failed", &json!({ "staff": "bo", "why": "no_role" })),
            told("staff.joined", &json!({ "staff": "bo", "roles": "viewer" })),
            told("staff.roles_renewed", &json!({ "staff": "bo", "roles": "" })),
            told("staff.passkey_removed", &json!({ "by": by, "passkey": "pky_1" })),
            told("staff.sessions_ended", &json!({ "by": by, "staff": "ana", "sessions": 2 })),
            told("staff.invited", &json!({ "by": by, "staff": "bo", "roles": "viewer" })),
            told("staff.key_created", &json!({ "by": by, "key": "key_1", "name": "portal" })),
            told("staff.changed_own", &json!({ "by": by, "changed": "password" })),
            told("staff.leak_matched", &json!({ "by": by, "reason": "r", "accounts": 3, "name": "On sale" })),
            told("staff.leak_withdrawn", &json!({ "by": by, "reason": "r", "name": "On sale" })),
            told("staff.cohort_made", &json!({ "by": by, "reason": "r", "accounts": 1, "name": "No factor" })),
            told(
                "staff.containment_put",
                &json!({ "by": by, "reason": "r", "accounts": 3, "kind": "must_reset", "cohort": "coh_0123456789abcdef" }),
            ),
            told(
                "staff.containment_lifted",
                &json!({ "by": by, "reason": "r", "accounts": 3, "kind": "recovery_held", "cohort": "coh_01" }),
            ),
            told("staff.containment_released", &json!({ "by": by, "reason": "r", "kind": "watched" })),
            told("staff.danced_at_night", &json!({ "by": by })),
        ];
        assert_eq!(
            lines,
            [
                "ana saw the personal data of ACCOUNT · she asked",
                "ana ended 1 session of ACCOUNT · r",
                "command ended 3 sessions and forgot 2 devices of ACCOUNT · r",
                "key_1 held the recovery of ACCOUNT (1 link closed) · r",
                "ana released the recovery of ACCOUNT · r",
                "ana signed in by password",
                "nobody could not sign in",
                "bo could not sign in (no role)",
                "bo came by the provider and joined as viewer",
                "bo came by the provider with other roles: none",
                "ana removed a passkey",
                "ana ended 2 sessions of themselves",
                "ana invited bo as viewer",
                "ana made the API key portal",
                "ana changed their password",
                "ana matched a leak with 3 accounts: On sale · r",
                "ana withdrew the leak On sale · r",
                "ana made a cohort of 1 account: No factor · r",
                "ana put \u{201c}new password first\u{201d} on 3 accounts (coh_0123456789ab…) · r",
                "ana took \u{201c}recovery held\u{201d} off 3 accounts (coh_01) · r",
                "ana released ACCOUNT from \u{201c}watched\u{201d} · r",
                "ana danced at night",
            ]
        );
    }
}
