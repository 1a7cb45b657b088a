//! How stored words are told: states, kinds of messages, outcomes.

use crate::store::messages::State;
use countersign_core::expose::cohort::CohortDigest;
use countersign_core::expose::containment::Containment;
use countersign_core::expose::key::Kind;
use countersign_core::expose::matching::Field;
use countersign_core::message::Template;
use countersign_core::traffic::grouped;

/// A word with the look of its chip.
#[derive(Clone, Copy, Debug)]
pub struct Chip {
    /// The word.
    pub text: &'static str,
    /// `good`, `wait`, `bad` or nothing.
    pub class: &'static str,
}

const fn chip(text: &'static str, class: &'static str) -> Chip {
    Chip { text, class }
}

/// What became of a message.
pub const fn state(state: State) -> Chip {
    match state {
        State::Queued => chip("waiting", "wait"),
        State::Sending => chip("being handed over", "wait"),
        State::Sent => chip("sent", "good"),
        State::Failed => chip("failed", "bad"),
        State::Unknown => chip("unknown", "bad"),
    }
}

/// The same in a sentence.
pub const fn state_sentence(state: State) -> &'static str {
    match state {
        State::Queued => "It waits for its turn or its next try.",
        State::Sending => "Its content is being handed over to the mail server.",
        State::Sent => "The mail server took it. Whether it reached the mailbox is the mail server's to say.",
        State::Failed => "It was given up and never left.",
        State::Unknown => "The connection broke while it was handed over: it may have left, and it is not sent again.",
    }
}

/// What a message says.
pub const fn template(template: Template) -> &'static str {
    match template {
        Template::Recovery => "Recovery link and code",
        Template::PasswordChanged => "Password was changed",
        Template::CoolOff => "A change waits and can be cancelled",
        Template::NotMeConfirmed => "“Not me” confirmed",
    }
}

/// The state of a recovery link, a change or an undo.
pub fn step(state: &str) -> Chip {
    match state {
        "live" => chip("can be used", "wait"),
        "used" => chip("used", "good"),
        "revoked" => chip("closed", ""),
        "expired" => chip("expired", ""),
        "waiting" => chip("waits", "wait"),
        "applied" => chip("took effect", "good"),
        "cancelled" => chip("cancelled", "bad"),
        "open" => chip("can be undone", ""),
        _ => chip("unknown", ""),
    }
}

/// What a request had shown.
pub fn class(class: &str) -> &'static str {
    match class {
        "anonymous" => "nothing",
        "work" => "a solved challenge",
        "strong" => "a known device or a recovery code",
        _ => "unknown",
    }
}

/// What was decided about a request.
pub fn outcome(outcome: Option<&str>) -> String {
    match outcome {
        None => "not decided yet".to_owned(),
        Some("sent" | "clear") => "a message was sent".to_owned(),
        Some("live_link") => "nothing sent: a link was live already".to_owned(),
        Some(other) => format!("nothing sent: {}", other.replace('_', " ")),
    }
}

/// What a leak shows.
pub const fn field(field: Field) -> &'static str {
    match field {
        Field::Email => "E-mail address",
        Field::Phone => "Phone number",
        Field::UserName => "User name",
        Field::PlatformId => "Number of the account",
        Field::FullName => "Name",
        Field::Place => "Place",
        Field::Country => "Country",
        Field::BirthDate => "Date of birth",
        Field::Password => "Password or a trace of one",
        Field::Other => "Something else",
    }
}

/// By what a line of a leak was taken for an account's.
pub const fn key(kind: Kind) -> &'static str {
    match kind {
        Kind::Address => "E-mail address, letter by letter",
        Kind::Mailbox => "Mailbox behind an address",
        Kind::Phone => "Phone number",
        Kind::UserName => "User name",
        Kind::PlatformId => "Number of the account",
        Kind::AccountId => "Our id",
    }
}

/// How sure a key is.
pub const fn strength(strong: bool) -> Chip {
    if strong { chip("strong", "good") } else { chip("weak", "wait") }
}

/// Why a line could not be read.
pub fn fault(fault: &str) -> String {
    match fault {
        "too_few_cells" => "Fewer cells than columns".to_owned(),
        "too_many_cells" => "More cells than columns".to_owned(),
        "stray_quote" => "A quote that does not close, or stands where none may".to_owned(),
        "too_long" => "Too long for a line about a person".to_owned(),
        "not_a_record" => "Not what the format asks for".to_owned(),
        "nul" => "A NUL within it".to_owned(),
        "truncated" => "Ends in its middle".to_owned(),
        other => other.replace('_', " "),
    }
}

/// A containment: the stricter, the louder.
pub const fn containment(kind: Containment) -> Chip {
    match kind {
        Containment::MustReset => chip(kind.label(), "bad"),
        Containment::RecoveryHeld => chip(kind.label(), "wait"),
        Containment::Watched => chip(kind.label(), ""),
    }
}

/// `1 account`, `1,203 accounts`.
pub fn accounts(count: u64) -> String {
    if count == 1 { "1 account".to_owned() } else { format!("{} accounts", grouped(count)) }
}

/// The beginning of a cohort's name: enough to tell it from others.
pub fn short(digest: &CohortDigest) -> String {
    format!("{}…", digest.to_string().chars().take(16).collect::<String>())
}

/// What kind of identifier it is.
pub fn name_kind(kind: &str) -> &'static str {
    match kind {
        "user" => "User name",
        "email" => "E-mail address",
        "phone" => "Phone number",
        _ => "Name",
    }
}
