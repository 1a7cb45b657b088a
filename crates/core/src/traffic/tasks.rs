//! What is to be done next: each thing with its reason and where one goes for it.

use super::words::{UpTo, grouped, lasting};
use crate::staff::Permission;
use std::time::Duration;

/// How soon.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Urgency {
    /// Something does not work.
    Now,
    /// Something goes on that people should look at.
    Soon,
    /// Something has not been set up yet.
    Setup,
}

impl Urgency {
    /// In a word, for a badge.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Now => "Now",
            Self::Soon => "Look",
            Self::Setup => "Set up",
        }
    }

    /// The name in classes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Soon => "soon",
            Self::Setup => "setup",
        }
    }
}

/// Where one goes for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
    /// Recovery traffic of the last hour.
    Traffic,
    /// The message register.
    Register,
    /// The evidence browser.
    Evidence,
    /// Who works here.
    Staff,
    /// Leaks and what is done about them.
    Exposure,
    /// The settings in force.
    Settings,
}

impl Target {
    /// What one needs to go there.
    pub const fn needs(self) -> Permission {
        match self {
            Self::Traffic => Permission::SeeTraffic,
            Self::Register => Permission::SeeRegister,
            Self::Evidence => Permission::SeeEvidence,
            Self::Staff => Permission::SeeStaff,
            Self::Exposure => Permission::SeeExposure,
            Self::Settings => Permission::SeeSettings,
        }
    }
}

/// One thing to do. In the order in which they matter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Task {
    /// The log is in doubt; nothing is signed any more.
    LogInDoubt,
    /// Entries wait for a signature.
    LogStalled {
        /// How long the oldest.
        since: Duration,
    },
    /// Messages wait, and there is no mail server.
    NoMailServer {
        /// How many.
        waiting: UpTo,
    },
    /// Messages are due and do not leave.
    OutboxStalled {
        /// How many wait.
        waiting: UpTo,
        /// For how long the oldest is due.
        since: Duration,
    },
    /// Many messages of the last hour did not arrive.
    MailFails {
        /// Failed or unknown.
        lost: u64,
        /// Of how many.
        of: u64,
    },
    /// The clock is behind what the database has seen.
    ClockBehind {
        /// By how much.
        by: Duration,
    },
    /// Even solved challenges wait.
    GateHolds {
        /// Requests that wait.
        held: UpTo,
    },
    /// Proof is asked of everybody.
    GateAsksProof {
        /// Requests that wait.
        held: UpTo,
        /// Of the budget for requests that show nothing.
        percent: u8,
    },
    /// Far more requests arrive than completions explain.
    Flood {
        /// In the last minute.
        per_minute: u64,
    },
    /// Sending slows, because the budget shrinks.
    BudgetShrinks {
        /// What is left.
        percent: u8,
    },
    /// Unusually many people ended their links.
    Disavowals {
        /// Links that ended unused in the last hour.
        revoked: u64,
        /// Of how many messages.
        sent: u64,
    },
    /// Leaks matched accounts, and no containment was ever put on any of them.
    LeaksUncontained {
        /// How many leaks.
        leaks: usize,
        /// Accounts in the one that has the most of them.
        accounts: u64,
    },
    /// The witnesses have not cosigned lately.
    Unwitnessed {
        /// For how long.
        since: Duration,
    },
    /// Somebody of the staff cannot sign in and asks for help.
    StaffWaiting {
        /// How many.
        pleas: usize,
    },
    /// Somebody of the staff has a password only.
    StaffUnguarded {
        /// How many.
        people: usize,
    },
    /// There is no mail server, and nothing waits for one yet.
    NameMailServer,
    /// There are no accounts.
    ImportAccounts,
}

impl Task {
    /// How soon.
    pub const fn urgency(&self) -> Urgency {
        match self {
            Self::LogInDoubt
            | Self::LogStalled { .. }
            | Self::NoMailServer { .. }
            | Self::OutboxStalled { .. }
            | Self::MailFails { .. }
            | Self::ClockBehind { .. } => Urgency::Now,
            Self::NameMailServer | Self::ImportAccounts => Urgency::Setup,
            _ => Urgency::Soon,
        }
    }

    /// Where one goes for it; `None` where it is not done in the console.
    pub const fn target(&self) -> Option<Target> {
        Some(match self {
            Self::LogInDoubt | Self::LogStalled { .. } | Self::Unwitnessed { .. } => Target::Evidence,
            Self::NoMailServer { .. } | Self::NameMailServer => Target::Settings,
            Self::LeaksUncontained { .. } => Target::Exposure,
            Self::OutboxStalled { .. } | Self::MailFails { .. } => Target::Register,
            Self::StaffWaiting { .. } | Self::StaffUnguarded { .. } => Target::Staff,
            Self::ClockBehind { .. } | Self::ImportAccounts => return None,
            _ => Target::Traffic,
        })
    }

    /// What to do.
    pub const fn title(&self) -> &'static str {
        match self {
            Self::LogInDoubt => "Stop and look at the evidence log",
            Self::LogStalled { .. } => "Find out why nothing is signed",
            Self::NoMailServer { .. } => "Name a mail server",
            Self::OutboxStalled { .. } => "Find out why no mail leaves",
            Self::MailFails { .. } => "Look at the messages that failed",
            Self::ClockBehind { .. } => "Set the clock right",
            Self::GateHolds { .. } => "See what is attacking",
            Self::GateAsksProof { .. } => "See why proof is asked for",
            Self::Flood { .. } => "Watch the flood of requests",
            Self::BudgetShrinks { .. } => "Watch the budget",
            Self::Disavowals { .. } => "See who says \u{201c}this was not me\u{201d}",
            Self::LeaksUncontained { .. } => "Decide what a leak asks for",
            Self::Unwitnessed { .. } => "Look at the witnesses",
            Self::StaffWaiting { .. } => "Help a colleague to sign in",
            Self::StaffUnguarded { .. } => "Have a second factor set up",
            Self::NameMailServer => "Name a mail server before the first person needs one",
            Self::ImportAccounts => "Import the accounts",
        }
    }

    /// Why, in a sentence or two.
    pub fn reason(&self) -> String {
        match self {
            Self::LogInDoubt => "The log is not as it was left. Nothing is signed until somebody has looked: \
                                 run `countersign doctor` on the server."
                .to_owned(),
            Self::LogStalled { since } => {
                format!("Entries have waited for their signature for {}. Run `countersign doctor`.", lasting(*since))
            }
            Self::NoMailServer { waiting } => {
                format!("{} `mail.host` is not set, so nobody gets a link.", waiting.wait("message"))
            }
            Self::OutboxStalled { waiting, since } => {
                format!("{} The oldest was due {} ago.", waiting.wait("message"), lasting(*since))
            }
            Self::MailFails { lost, of } => {
                format!("In the last hour {} of {} messages failed or are unknown.", grouped(*lost), grouped(*of))
            }
            Self::ClockBehind { by } => {
                format!("The server's clock is {} behind the database; time stands still until then.", lasting(*by))
            }
            _ => self.watching(),
        }
    }

    fn watching(&self) -> String {
        match self {
            Self::GateHolds { held } => format!(
                "Both budgets are spent; known devices and saved codes are still served. {}",
                held.wait("request")
            ),
            Self::GateAsksProof { held, percent } => format!(
                "The budget for requests that show nothing is at {percent} %, so proof is asked for. {}",
                held.wait("request")
            ),
            Self::Flood { per_minute } => format!(
                "In the last minute {} requests came, far more than completed recoveries explain.",
                grouped(*per_minute)
            ),
            Self::BudgetShrinks { percent } => {
                format!("Messages go out more slowly: the budget for requests that show nothing is at {percent} %.")
            }
            Self::Disavowals { revoked, sent } => format!(
                "In the last hour {} links were ended unused, and {} messages were sent.",
                grouped(*revoked),
                grouped(*sent)
            ),
            Self::LeaksUncontained { leaks: 1, accounts } => {
                let (who, are) = if *accounts == 1 { ("account", "is") } else { ("accounts", "are") };
                format!("{} {who} {are} in a leak, and no containment was put on a cohort of it.", grouped(*accounts))
            }
            Self::LeaksUncontained { leaks, accounts } => format!(
                "{leaks} leaks have accounts of yours, one of them {}, and no containment was put on a cohort of them.",
                grouped(*accounts)
            ),
            Self::Unwitnessed { since } => {
                format!("No checkpoint has had its witnesses' signatures for {}.", lasting(*since))
            }
            _ => self.at_home(),
        }
    }

    fn at_home(&self) -> String {
        let of_them = |number: usize| if number == 1 { "One person".to_owned() } else { format!("{number} people") };
        match self {
            Self::StaffWaiting { pleas: 1 } => "One person cannot sign in and asks for help.".to_owned(),
            Self::StaffWaiting { pleas } => format!("{} cannot sign in and ask for help.", of_them(*pleas)),
            Self::StaffUnguarded { people: 1 } => "One person signs in with a password alone.".to_owned(),
            Self::StaffUnguarded { people } => format!("{} sign in with a password alone.", of_them(*people)),
            Self::NameMailServer => "`mail.host` is not set: messages would wait.".to_owned(),
            _ => "No account is known, so nobody can recover one: `countersign accounts import`.".to_owned(),
        }
    }
}
