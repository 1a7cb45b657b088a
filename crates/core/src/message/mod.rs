//! What a message is: which kinds there are, to whom one may go, when it may leave, what others may see of it.
//!
//! Never: sends, stores or renders anything; shows a mailbox or a phone number in full; maps an unknown kind to a known one.
//! In: stored names, addresses, `now`.   Out: kinds, codes, masked addresses, times.
//! I/O for this room: server/src/notify and server/src/jobs.   Tests: beside the code.

mod address;
mod code;
mod device;
mod mask;
pub mod pace;
pub mod retry;

pub use address::{BadAddress, MailAddress};
pub use code::{BadCode, CountersignCode};
pub use device::DeviceKind;
pub use mask::{mask_mailbox, mask_name, mask_phone};

/// Every kind of message that we send; there are no others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Template {
    /// A link and a code with which a new password can be set.
    Recovery,
    /// The password was changed; goes to every confirmed address.
    PasswordChanged,
    /// A change waits out a cool-off and can be cancelled; goes to every confirmed address.
    CoolOff,
    /// Somebody told us "this was not me", and this is what we did.
    NotMeConfirmed,
}

/// What a message is about, for the list of messages that an account holder sees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Category {
    /// About the security of the account; cannot be switched off.
    Security,
}

/// A stored kind of message that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no kind of message is called {0:?}")]
pub struct UnknownTemplate(pub String);

impl Template {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Recovery, Self::PasswordChanged, Self::CoolOff, Self::NotMeConfirmed];

    /// The name in the store and on the wire; never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recovery => "recovery",
            Self::PasswordChanged => "password_changed",
            Self::CoolOff => "cool_off",
            Self::NotMeConfirmed => "not_me_confirmed",
        }
    }

    /// Reads a stored name.
    ///
    /// # Errors
    /// For every name that `as_str` does not give: a message whose kind we do not know is not guessed at.
    pub fn parse(name: &str) -> Result<Self, UnknownTemplate> {
        Self::ALL.into_iter().find(|t| t.as_str() == name).ok_or_else(|| UnknownTemplate(name.to_owned()))
    }

    /// Whether somebody without any secret of the account can cause it. Such messages share one budget (G4).
    pub const fn unsolicited(self) -> bool {
        match self {
            Self::Recovery => true,
            Self::PasswordChanged | Self::CoolOff | Self::NotMeConfirmed => false,
        }
    }

    /// Where it is listed.
    pub const fn category(self) -> Category {
        match self {
            Self::Recovery | Self::PasswordChanged | Self::CoolOff | Self::NotMeConfirmed => Category::Security,
        }
    }
}

impl Category {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Security => "security",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_unknown_ones_are_errors() {
        for template in Template::ALL {
            assert_eq!(Template::parse(template.as_str()), Ok(template));
        }
        assert!(Template::parse("Recovery").is_err());
        assert!(Template::parse("").is_err());
    }

    #[test]
    fn only_a_recovery_message_can_be_caused_by_anybody() {
        let unsolicited: Vec<_> = Template::ALL.into_iter().filter(|t| t.unsolicited()).collect();
        assert_eq!(unsolicited, [Template::Recovery]);
    }
}
