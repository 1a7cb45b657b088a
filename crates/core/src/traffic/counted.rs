//! What is counted. All of it can be counted again from the rows that say what happened, as long as those are kept.

/// One thing that is counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum What {
    /// Requests that were taken up, by when they came.
    Requests,
    /// Requests that led to a message, by when they were decided; likewise the reasons below.
    Sent,
    /// Nobody has this identifier.
    NoAccount,
    /// The account has no confirmed address.
    NoAddress,
    /// The account may not recover by itself.
    Barred,
    /// A link was live already.
    LiveLink,
    /// The mailbox had its messages of the day.
    MailboxLimit,
    /// The account had its messages of the day.
    AccountLimit,
    /// The owner had said that it was not them.
    Disavowed,
    /// Recovery of the account is held.
    Held,
    /// Nobody waited for it any more.
    Expired,
    /// Links by which somebody set a new password: what the budgets call a completion.
    Completed,
    /// Links that ended before they were used: "this was not me", or another change came first.
    Revoked,
    /// Messages of every kind that the mail server took.
    MailSent,
    /// Messages that will not be tried again.
    MailFailed,
    /// Messages of which nobody knows whether they left.
    MailUnknown,
}

/// How many things are counted.
const MANY: usize = What::ALL.len();

impl What {
    /// Everything, in the order of a table's columns.
    pub const ALL: [Self; 16] = [
        Self::Requests,
        Self::Sent,
        Self::NoAccount,
        Self::NoAddress,
        Self::Barred,
        Self::LiveLink,
        Self::MailboxLimit,
        Self::AccountLimit,
        Self::Disavowed,
        Self::Held,
        Self::Expired,
        Self::Completed,
        Self::Revoked,
        Self::MailSent,
        Self::MailFailed,
        Self::MailUnknown,
    ];

    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Sent => "outcome:sent",
            Self::NoAccount => "outcome:no_account",
            Self::NoAddress => "outcome:no_address",
            Self::Barred => "outcome:barred",
            Self::LiveLink => "outcome:live_link",
            Self::MailboxLimit => "outcome:mailbox_limit",
            Self::AccountLimit => "outcome:account_limit",
            Self::Disavowed => "outcome:disavowed",
            Self::Held => "outcome:held",
            Self::Expired => "outcome:expired",
            Self::Completed => "ticket:used",
            Self::Revoked => "ticket:revoked",
            Self::MailSent => "message:sent",
            Self::MailFailed => "message:failed",
            Self::MailUnknown => "message:unknown",
        }
    }

    /// Reads the stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.as_str() == text)
    }

    /// What a row's own word counts as: `of("outcome", "live_link")`.
    pub fn of(family: &str, word: &str) -> Option<Self> {
        let is = |what: &Self| what.as_str().split_once(':') == Some((family, word));
        Self::ALL.into_iter().find(is)
    }

    /// In a few plain words, for a column or a line.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Requests => "Requests",
            Self::Sent => "Message sent",
            Self::NoAccount => "No such account",
            Self::NoAddress => "No confirmed address",
            Self::Barred => "Account may not recover by itself",
            Self::LiveLink => "A link was live already",
            Self::MailboxLimit => "Mailbox had its messages of the day",
            Self::AccountLimit => "Account had its messages of the day",
            Self::Disavowed => "Owner had said \u{201c}this was not me\u{201d}",
            Self::Held => "Recovery of the account is held",
            Self::Expired => "Expired before proof or budget",
            Self::Completed => "Recoveries completed",
            Self::Revoked => "Links ended unused",
            Self::MailSent => "Mail handed over",
            Self::MailFailed => "Mail failed",
            Self::MailUnknown => "Mail unknown",
        }
    }

    /// Which fate of a request it is, if it is one.
    pub const fn fate(self) -> Option<Fate> {
        Some(match self {
            Self::Sent => Fate::Sent,
            Self::LiveLink | Self::MailboxLimit | Self::AccountLimit => Fate::Limited,
            Self::NoAccount | Self::NoAddress | Self::Barred => Fate::Nobody,
            Self::Disavowed | Self::Held => Fate::Guarded,
            Self::Expired => Fate::Expired,
            _ => return None,
        })
    }
}

/// What became of a request, in five words: few enough for a picture.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fate {
    /// A message was put on record.
    Sent,
    /// The mailbox or account has had enough messages.
    Limited,
    /// There is nobody to write to.
    Nobody,
    /// The owner, or somebody of the staff, has asked for quiet.
    Guarded,
    /// It waited for proof or for budget, and ran out of time.
    Expired,
}

impl Fate {
    /// Every fate, in the order in which they are stacked.
    pub const ALL: [Self; 5] = [Self::Sent, Self::Limited, Self::Nobody, Self::Guarded, Self::Expired];

    /// In plain words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sent => "Message sent",
            Self::Limited => "Enough messages already",
            Self::Nobody => "Nobody to write to",
            Self::Guarded => "Guarded or held",
            Self::Expired => "Expired waiting",
        }
    }
}

/// A number for each thing that is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts([u64; MANY]);

impl Counts {
    /// How many of one thing.
    pub const fn get(&self, what: What) -> u64 {
        self.0[what as usize]
    }

    /// Adds to one thing.
    pub const fn add(&mut self, what: What, number: u64) {
        let at = &mut self.0[what as usize];
        *at = at.saturating_add(number);
    }

    /// Adds all of `other`.
    pub fn add_all(&mut self, other: &Self) {
        for what in What::ALL {
            self.add(what, other.get(what));
        }
    }

    /// Requests with this fate.
    pub fn fate(&self, fate: Fate) -> u64 {
        What::ALL.into_iter().filter(|what| what.fate() == Some(fate)).map(|what| self.get(what)).sum()
    }

    /// Requests that were decided without a message, whatever the reason.
    pub fn suppressed(&self) -> u64 {
        Fate::ALL.into_iter().filter(|fate| *fate != Fate::Sent).map(|fate| self.fate(fate)).sum()
    }

    /// Messages that were tried.
    pub const fn mails(&self) -> u64 {
        self.get(What::MailSent) + self.get(What::MailFailed) + self.get(What::MailUnknown)
    }

    /// What was counted at all.
    pub fn iter(&self) -> impl Iterator<Item = (What, u64)> {
        let counts = *self;
        What::ALL.into_iter().map(move |what| (what, counts.get(what))).filter(|(_, number)| *number > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Reason;

    #[test]
    fn every_name_is_read_back_and_places_are_those_of_the_list() {
        for (place, what) in What::ALL.into_iter().enumerate() {
            assert_eq!(What::parse(what.as_str()), Some(what));
            assert_eq!(what as usize, place, "{what:?}");
        }
        assert_eq!(What::parse("outcome:clear"), None);
        assert_eq!(What::of("message", "queued"), None);
        assert_eq!(What::of("ticket", "used"), Some(What::Completed));
    }

    /// A reason of the gate that is added, and can close a request, must be counted.
    #[test]
    fn every_reason_that_closes_a_request_is_counted() {
        let waits = [Reason::Clear, Reason::Slowed, Reason::ProofWanted, Reason::BudgetSpent];
        for reason in Reason::ALL {
            assert_eq!(What::of("outcome", reason.as_str()).is_none(), waits.contains(&reason), "{reason:?}");
        }
    }

    #[test]
    fn fates_add_up_to_what_was_decided() {
        let mut counts = Counts::default();
        for (place, what) in What::ALL.into_iter().enumerate() {
            counts.add(what, 1 << place);
        }
        let decided: u64 = What::ALL.into_iter().filter(|w| w.fate().is_some()).map(|w| counts.get(w)).sum();
        assert_eq!(counts.fate(Fate::Sent) + counts.suppressed(), decided);
        assert_eq!(counts.mails(), 0b1110_0000_0000_0000);
    }
}
