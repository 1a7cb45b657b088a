//! Reads what staff type or paste into the one box that finds everything.
//!
//! Never: looks anything up; decides between two readings of one text: whoever looks them up does, by what is there.
//! In: text of at most `MAX_TYPED_BYTES`.   Out: `Wanted`, every reading of it, the likeliest first.
//! I/O for this room: server/src/flows/find.rs.   Tests: beside the code.

use crate::expose::cohort::CohortDigest;
use crate::identifier::{self, Identifier};
use crate::ids::{
    AccountId, ChangeId, ContainmentId, DeviceId, EntryId, LeakId, MessageId, RequestId, SessionId, TicketId,
};
use crate::message::CountersignCode;

/// The longest text that is looked at, in bytes: an identifier, or the link to check a message by.
pub const MAX_TYPED_BYTES: usize = 400;
/// What comes before the code in the link of a message.
const VERIFY: &str = "/verify/";
/// Digits of the highest number that an entry can have.
const NUMBER_DIGITS: usize = 19;

/// One reading of a text. `Debug` of an identifier shows nothing personal; of the others there is none to show but in
/// `External`, which has a `Debug` of its own.
#[derive(Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A message by its countersign code.
    Code(CountersignCode),
    /// A message.
    Message(MessageId),
    /// An account.
    Account(AccountId),
    /// The account that a request led to.
    Request(RequestId),
    /// The account of a link.
    Ticket(TicketId),
    /// The account of a change or of its undo.
    Change(ChangeId),
    /// The account of a session.
    Session(SessionId),
    /// The account of a device.
    Device(DeviceId),
    /// An entry of the evidence log.
    Entry(EntryId),
    /// An entry by its number.
    Number(u64),
    /// A leak that was matched.
    Leak(LeakId),
    /// A cohort.
    Cohort(CohortDigest),
    /// A containment.
    Containment(ContainmentId),
    /// Messages to addresses that look like this when they are masked: `m•••@e•••.org`.
    Masked(String),
    /// An account by what a person types.
    Identifier(Identifier),
    /// An account by what another system calls it.
    External(String),
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Wanted {
    /// What it is, in words: "a countersign code".
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Code(_) => "a countersign code",
            Self::Message(_) => "a message",
            Self::Account(_) => "an account",
            Self::Request(_) => "a recovery request",
            Self::Ticket(_) => "a recovery link",
            Self::Change(_) => "a password change",
            Self::Session(_) => "a session",
            Self::Device(_) => "a device",
            Self::Entry(_) => "an entry of the evidence log",
            Self::Number(_) => "the number of an entry",
            Self::Leak(_) => "a leak",
            Self::Cohort(_) => "a cohort",
            Self::Containment(_) => "a containment",
            Self::Masked(_) => "a masked address",
            Self::Identifier(Identifier::Email(_)) => "an e-mail address",
            Self::Identifier(Identifier::Phone(_)) => "a phone number",
            Self::Identifier(Identifier::UserName(_)) => "a user name",
            Self::External(_) => "an id of another system",
        }
    }
}

/// Every reading of what was typed, the likeliest first; none of an empty or overlong text.
pub fn read(typed: &str) -> Vec<Wanted> {
    let text = typed.trim();
    if text.is_empty() || text.len() > MAX_TYPED_BYTES {
        return Vec::new();
    }
    if let Some(only) = by_id(text).or_else(|| by_link(text)).or_else(|| by_number_sign(text)).or_else(|| masked(text))
    {
        return vec![only];
    }
    let readings = [
        CountersignCode::parse(text).ok().map(Wanted::Code),
        identifier::parse(text).ok().map(Wanted::Identifier),
        external(text),
        number(text).map(Wanted::Number),
    ];
    readings.into_iter().flatten().collect()
}

/// Ids are lower case; some programs capitalise what is pasted.
fn by_id(text: &str) -> Option<Wanted> {
    let id = text.to_ascii_lowercase();
    let readings = [
        AccountId::parse(&id).ok().map(Wanted::Account),
        MessageId::parse(&id).ok().map(Wanted::Message),
        EntryId::parse(&id).ok().map(Wanted::Entry),
        RequestId::parse(&id).ok().map(Wanted::Request),
        TicketId::parse(&id).ok().map(Wanted::Ticket),
        ChangeId::parse(&id).ok().map(Wanted::Change),
        SessionId::parse(&id).ok().map(Wanted::Session),
        DeviceId::parse(&id).ok().map(Wanted::Device),
        LeakId::parse(&id).ok().map(Wanted::Leak),
        CohortDigest::parse(&id).map(Wanted::Cohort),
        ContainmentId::parse(&id).ok().map(Wanted::Containment),
    ];
    readings.into_iter().flatten().next()
}

/// The link by which a message is checked, as it is copied from a mail.
fn by_link(text: &str) -> Option<Wanted> {
    let (_, rest) = text.split_once(VERIFY)?;
    let code = rest.split(['?', '#', '/']).next()?;
    CountersignCode::parse(code).ok().map(Wanted::Code)
}

/// `#1203`.
fn by_number_sign(text: &str) -> Option<Wanted> {
    number(text.strip_prefix('#')?.trim_start()).map(Wanted::Number)
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.len() <= NUMBER_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok().filter(|number| *number > 0) } else { None }
}

/// A masked address as it is shown, or with `***` or `...` for the dots that no keyboard has.
fn masked(text: &str) -> Option<Wanted> {
    let dotted = text.replace("***", "•••").replace("...", "•••").replace('…', "•••");
    let (local, domain) = dotted.split_once('@')?;
    let shape = |part: &str, label: bool| {
        let (first, rest) = part.split_once("•••")?;
        let last = rest.strip_prefix('.').is_some_and(|last| !last.is_empty() && !last.contains(['.', '•']));
        (first.chars().count() <= 1 && if label { last } else { rest.is_empty() }).then_some(())
    };
    shape(local, false).and(shape(domain, true))?;
    Some(Wanted::Masked(dotted))
}

fn external(text: &str) -> Option<Wanted> {
    let printable = !text.chars().any(char::is_control);
    printable.then(|| Wanted::External(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(typed: &str) -> String {
        read(typed).iter().map(Wanted::as_str).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_can_only_be_one_thing_is_read_as_that() {
        let id = |prefix: &str| format!("{prefix}01k9xy3v8e4m7q2r5t6w8z0abc");
        assert_eq!(names(&id("acc_")), "an account");
        assert_eq!(names(&id("msg_").to_uppercase()), "a message");
        assert_eq!(names(&format!(" {}\n", id("evi_"))), "an entry of the evidence log");
        assert_eq!(names(&id("tkt_")), "a recovery link");
        assert_eq!(names(&id("lek_")), "a leak");
        assert_eq!(names(&id("con_")), "a containment");
        assert_eq!(names(&format!("coh_{}", "0A".repeat(32))), "a cohort");
        assert_eq!(names("#1203"), "the number of an entry");
        assert_eq!(names("https://login.example.org/verify/7K3M-9QXA-T2WZ?lang=de"), "a countersign code");
        for masked in ["m•••@e•••.org", "m***@e***.org", "m...@e....org", "m…@e….org"] {
            assert_eq!(read(masked), [Wanted::Masked("m•••@e•••.org".to_owned())], "{masked}");
        }
        assert_eq!(read("***@e***.org"), [Wanted::Masked("•••@e•••.org".to_owned())]);
        assert_ne!(names("mara***@example***.org"), "a masked address");
    }

    #[test]
    fn what_can_be_several_things_is_read_as_all_of_them() {
        assert_eq!(names("7k3m 9qxa t2wz"), "a countersign code, a user name, an id of another system");
        assert_eq!(names("johnathan123"), "a countersign code, a user name, an id of another system");
        assert_eq!(names("4711"), "a user name, an id of another system, the number of an entry");
        assert_eq!(names("Jane.Doe@example.org"), "an e-mail address, an id of another system");
        assert_eq!(names("+1 555 010-0123"), "a phone number, an id of another system");
        assert_eq!(names("mara"), "a user name, an id of another system");
    }

    #[test]
    fn what_is_nothing_has_no_reading() {
        assert_eq!(names("  "), "");
        assert_eq!(names(&"a".repeat(401)), "");
        assert_eq!(names("a\0b"), "");
        assert_eq!(names("0"), "a user name, an id of another system");
    }

    #[test]
    fn debug_shows_nothing_personal() {
        let shown = format!("{:?}{:?}", read("jane@example.org"), read("m•••@e•••.org"));
        assert!(!shown.contains("jane") && !shown.contains('•'), "{shown}");
    }

    proptest! {
        #[test]
        fn reading_never_panics(typed in ".{0,60}") {
            let _ = read(&typed);
        }
    }
}
