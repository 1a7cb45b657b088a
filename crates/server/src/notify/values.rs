//! What a message says, apart from the language it says it in.
//!
//! Links and codes are `SecretText`: they exist while the message is made and are never stored. Nothing here was written
//! by the person who asked: no display name, no User-Agent, no free text.

use countersign_core::message::{CountersignCode, DeviceKind, Template};
use countersign_core::secret::SecretText;
use countersign_core::time::Timestamp;

/// Who we are, as the configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// The service's name, as people know it.
    pub service: String,
    /// The origin of the hosted pages, `https://accounts.example.org`, without a slash at the end.
    pub origin: String,
    /// Where people find help: an address of a page, shown as text.
    pub help: Option<String>,
}

impl Brand {
    /// The page on which anybody can check a message.
    pub fn verify_page(&self) -> String {
        format!("{}/verify", self.origin)
    }
}

/// The facts of one message.
#[derive(Clone, Debug)]
pub struct Values {
    /// The message's public name.
    pub countersign: CountersignCode,
    /// What it is about.
    pub body: Body,
}

/// The facts of each kind of message.
#[derive(Clone, Debug)]
pub enum Body {
    /// `Template::Recovery`.
    Recovery {
        /// Opens the page on which a new password is set.
        link: SecretText,
        /// Eight digits that do the same on another device.
        code: SecretText,
        /// "This was not me"; a secret of its own.
        not_me_link: SecretText,
        /// How long link and code live, from the request on.
        minutes_valid: u32,
        /// When somebody asked.
        requested_at: Timestamp,
        /// From what, as far as known.
        device: DeviceKind,
    },
    /// `Template::PasswordChanged`.
    PasswordChanged {
        /// "This was not me": takes the change back.
        not_me_link: SecretText,
        /// When it was changed.
        changed_at: Timestamp,
        /// From what, as far as known.
        device: DeviceKind,
    },
    /// `Template::CoolOff`.
    CoolOff {
        /// Cancels the waiting change.
        cancel_link: SecretText,
        /// When the change takes effect.
        takes_effect_at: Timestamp,
        /// When it was asked for.
        requested_at: Timestamp,
        /// From what, as far as known.
        device: DeviceKind,
    },
    /// `Template::NotMeConfirmed`.
    NotMeConfirmed {
        /// What we did, in the order in which it is told.
        done: Vec<Measure>,
    },
}

/// One thing that we did after "this was not me".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Measure {
    /// The link and the code of the message no longer work.
    LinkClosed,
    /// A change that waited was cancelled.
    ChangeCancelled,
    /// A password that was set no longer works.
    ChangeUndone,
    /// All sessions ended.
    SessionsEnded,
    /// Fewer recovery messages will be sent to this account.
    FewerMessages,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 5] =
        [Self::LinkClosed, Self::ChangeCancelled, Self::ChangeUndone, Self::SessionsEnded, Self::FewerMessages];

    /// The name in the store; never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LinkClosed => "link_closed",
            Self::ChangeCancelled => "change_cancelled",
            Self::ChangeUndone => "change_undone",
            Self::SessionsEnded => "sessions_ended",
            Self::FewerMessages => "fewer_messages",
        }
    }

    /// Reads a stored name; `None` for one that this version does not know.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.as_str() == name)
    }

    /// The key of its sentence.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::LinkClosed => "mail_notme.done_link",
            Self::ChangeCancelled => "mail_notme.done_cancelled",
            Self::ChangeUndone => "mail_notme.done_undone",
            Self::SessionsEnded => "mail_notme.done_sessions",
            Self::FewerMessages => "mail_notme.done_fewer",
        }
    }
}

impl Values {
    /// Which kind of message these facts are for.
    pub const fn template(&self) -> Template {
        match self.body {
            Body::Recovery { .. } => Template::Recovery,
            Body::PasswordChanged { .. } => Template::PasswordChanged,
            Body::CoolOff { .. } => Template::CoolOff,
            Body::NotMeConfirmed { .. } => Template::NotMeConfirmed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_measures_read_back() {
        for measure in Measure::ALL {
            assert_eq!(Measure::parse(measure.as_str()), Some(measure));
        }
        assert_eq!(Measure::parse(""), None);
    }
}
