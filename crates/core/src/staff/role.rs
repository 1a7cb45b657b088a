//! Roles and what each may do: one table, read from top to bottom.

use std::fmt;

/// What somebody of the staff is here for (NIST SP 800-53, AC-5: separation of duties).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Sees what happens, without personal data and without a log entry's content.
    Viewer,
    /// Works on incidents: looks people up, ends sessions, holds recoveries.
    Responder,
    /// Says yes or no to what responders plan; reads what they read.
    Approver,
    /// Runs the installation: staff, keys, settings. Looks nobody up.
    Admin,
    /// Reads everything, the evidence included, and changes nothing.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Responder, Self::Approver, Self::Admin, Self::Auditor];

    /// The name in the store, on the command line and in the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Responder => "responder",
            Self::Approver => "approver",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
        }
    }

    /// What it is for, in a sentence.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Viewer => "Sees what happens, without personal data.",
            Self::Responder => "Works on incidents: looks accounts up, ends sessions, holds recoveries.",
            Self::Approver => "Approves what responders plan, and reads what they read.",
            Self::Admin => "Runs the installation: staff, API keys, settings.",
            Self::Auditor => "Reads everything, the evidence included, and changes nothing.",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether it may.
    pub const fn may(self, what: Permission) -> bool {
        use Permission as P;
        match what {
            P::SeeTraffic => true,
            P::SeeRegister => !matches!(self, Self::Admin),
            P::SeeAccounts | P::SeeEvidence | P::SeeExposure => {
                matches!(self, Self::Responder | Self::Approver | Self::Auditor)
            }
            P::Unmask | P::ActOnAccounts | P::ActOnExposure => matches!(self, Self::Responder),
            P::SeeStaff | P::SeeKeys | P::SeeAudit => matches!(self, Self::Admin | Self::Auditor),
            P::SeeSettings => matches!(self, Self::Admin | Self::Auditor | Self::Responder | Self::Approver),
            P::ManageStaff | P::ManageKeys => matches!(self, Self::Admin),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What can be permitted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Permission {
    /// Overview, recovery traffic, the gate's mode: numbers without people.
    SeeTraffic,
    /// The message register, recipients masked.
    SeeRegister,
    /// Accounts, personal data masked.
    SeeAccounts,
    /// Personal data in clear, for a reason that is written down.
    Unmask,
    /// End sessions of accounts, hold and release their recovery.
    ActOnAccounts,
    /// Leaks, cohorts and containments, without who is in them.
    SeeExposure,
    /// Match leaks, make cohorts and hand them out, put containments on them and lift them.
    ActOnExposure,
    /// What entries of the evidence log say.
    SeeEvidence,
    /// Who works here, with which roles.
    SeeStaff,
    /// Invite staff, change roles, disable, help them back in.
    ManageStaff,
    /// Which API keys there are.
    SeeKeys,
    /// Make and revoke API keys.
    ManageKeys,
    /// The settings in force.
    SeeSettings,
    /// What staff did.
    SeeAudit,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 14] = [
        Self::SeeTraffic,
        Self::SeeRegister,
        Self::SeeAccounts,
        Self::Unmask,
        Self::ActOnAccounts,
        Self::SeeExposure,
        Self::ActOnExposure,
        Self::SeeEvidence,
        Self::SeeStaff,
        Self::ManageStaff,
        Self::SeeKeys,
        Self::ManageKeys,
        Self::SeeSettings,
        Self::SeeAudit,
    ];

    /// The name in tables and in what the log says.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SeeTraffic => "traffic:see",
            Self::SeeRegister => "register:see",
            Self::SeeAccounts => "accounts:see",
            Self::Unmask => "accounts:unmask",
            Self::ActOnAccounts => "accounts:act",
            Self::SeeExposure => "exposure:see",
            Self::ActOnExposure => "exposure:act",
            Self::SeeEvidence => "evidence:see",
            Self::SeeStaff => "staff:see",
            Self::ManageStaff => "staff:manage",
            Self::SeeKeys => "keys:see",
            Self::ManageKeys => "keys:manage",
            Self::SeeSettings => "settings:see",
            Self::SeeAudit => "audit:see",
        }
    }

    /// Whether it needs a fresh proof of who is at the keyboard (NIST SP 800-63B-4, 5.2: reauthentication).
    pub const fn is_privileged(self) -> bool {
        matches!(self, Self::Unmask | Self::ActOnAccounts | Self::ActOnExposure | Self::ManageStaff | Self::ManageKeys)
    }

    /// The roles that have it.
    pub fn roles(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| role.may(self))
    }
}

/// The roles of one person; none at all may do nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Roles(u8);

impl Roles {
    /// Of some roles.
    pub fn of(roles: &[Role]) -> Self {
        Self(roles.iter().fold(0, |bits, role| bits | bit(*role)))
    }

    /// Reads what the store has, names with spaces between; `None` for a name that this version does not know.
    pub fn parse(text: &str) -> Option<Self> {
        let roles: Option<Vec<Role>> = text.split_whitespace().map(Role::parse).collect();
        roles.map(|roles| Self::of(&roles))
    }

    /// Whether the role is among them.
    pub const fn contains(self, role: Role) -> bool {
        self.0 & bit(role) != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The roles, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }

    /// Whether any of them may.
    pub fn may(self, what: Permission) -> bool {
        self.iter().any(|role| role.may(what))
    }
}

const fn bit(role: Role) -> u8 {
    1 << role as u8
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Role::as_str).collect();
        f.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_permissions() {
        let mut table = String::new();
        for what in Permission::ALL {
            let roles: Vec<&str> = what.roles().map(Role::as_str).collect();
            let fresh = if what.is_privileged() { " (fresh proof)" } else { "" };
            table += &format!("{}{fresh}: {}\n", what.as_str(), roles.join(" "));
        }
        insta::assert_snapshot!(table, @r"
        traffic:see: viewer responder approver admin auditor
        register:see: viewer responder approver auditor
        accounts:see: responder approver auditor
        accounts:unmask (fresh proof): responder
        accounts:act (fresh proof): responder
        exposure:see: responder approver auditor
        exposure:act (fresh proof): responder
        evidence:see: responder approver auditor
        staff:see: admin auditor
        staff:manage (fresh proof): admin
        keys:see: admin auditor
        keys:manage (fresh proof): admin
        settings:see: responder approver admin auditor
        audit:see: admin auditor
        ");
    }

    #[test]
    fn an_auditor_changes_nothing_and_an_admin_looks_nobody_up() {
        let changes = Permission::ALL.into_iter().filter(|what| what.is_privileged());
        assert!(changes.into_iter().all(|what| !Role::Auditor.may(what)));
        let reads = Permission::ALL.into_iter().filter(|what| !what.is_privileged());
        assert!(reads.into_iter().all(|what| Role::Auditor.may(what)));
        assert!(!Role::Admin.may(Permission::SeeAccounts) && !Role::Admin.may(Permission::Unmask));
    }

    #[test]
    fn roles_add_up_and_nothing_may_do_nothing() {
        let both = Roles::parse("viewer admin").unwrap();
        assert!(both.may(Permission::ManageStaff) && both.may(Permission::SeeRegister));
        assert_eq!(both.to_string(), "viewer admin");
        assert!(Permission::ALL.into_iter().all(|what| !Roles::default().may(what)));
        assert_eq!(Roles::parse("viewer owner"), None);
    }
}
