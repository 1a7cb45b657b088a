//! `[console.oidc]`: who else vouches for staff.

use super::files::{certificates, secret};
use super::reader::Reader;
use super::site::one_line;
use countersign_core::secret::SecretText;
use countersign_core::span::Span;
use countersign_core::staff::{Role, Roles};
use std::str::FromStr;
use std::time::Duration;
use url::{Host, Url};

/// An OpenID Connect provider.
#[derive(Clone, Debug)]
pub struct Oidc {
    /// What it calls itself.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What we prove that by; `None`: by PKCE alone.
    pub client_secret: Option<SecretText>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The claim that has the groups.
    pub groups_claim: String,
    /// Which group makes which role.
    pub roles: Vec<GroupRole>,
    /// What the button says.
    pub label: String,
    /// Certificates that are trusted besides the public ones, in PEM.
    pub ca_pem: Option<String>,
    /// For each question.
    pub timeout: Span,
}

/// A group at the provider and the role that it makes: `group=role`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRole {
    /// As the provider says it.
    pub group: String,
    /// What its members are here for.
    pub role: Role,
}

impl FromStr for GroupRole {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "must be a group, \"=\", and one of viewer, responder, approver, admin, auditor";
        let (group, role) = text.rsplit_once('=').ok_or(form)?;
        let (group, role) = (group.trim(), Role::parse(role.trim()).ok_or(form)?);
        if group.is_empty() { Err(form) } else { Ok(Self { group: group.to_owned(), role }) }
    }
}

impl Oidc {
    /// The provider, if one is named.
    pub(super) fn read(r: &mut Reader<'_>) -> Option<Self> {
        let oidc = Self {
            issuer: r.text("console.oidc.issuer"),
            client_id: r.text("console.oidc.client_id"),
            client_secret: secret(r, "console.oidc.client_secret", "console.oidc.client_secret_file"),
            scopes: r.list("console.oidc.scopes"),
            groups_claim: r.text("console.oidc.groups_claim"),
            roles: r.list("console.oidc.roles"),
            label: r.text("console.oidc.label"),
            ca_pem: certificates(r, "console.oidc.ca_file"),
            timeout: r.span("console.oidc.timeout"),
        };
        let named = !oidc.issuer.is_empty();
        if named {
            oidc.check(r);
        }
        named.then_some(oidc)
    }

    fn check(&self, r: &mut Reader<'_>) {
        let issuer = Url::parse(&self.issuer).is_ok_and(|url| is_private(&url) && url.query().is_none());
        let message = "must be an https address without a query; http is accepted for a loopback host only";
        r.check(issuer, "console.oidc.issuer", message);
        r.check(!self.client_id.is_empty(), "console.oidc.client_id", "must be set, because an issuer is");
        r.check(!self.groups_claim.is_empty(), "console.oidc.groups_claim", "must name a claim");
        let message = "must map at least one group, such as \"soc=responder\": without one nobody comes in";
        r.check(!self.roles.is_empty(), "console.oidc.roles", message);
        let labelled = !self.label.trim().is_empty() && self.label.chars().count() <= 60;
        r.check(labelled, "console.oidc.label", "must be 1 to 60 characters long");
        one_line(r, "console.oidc.label", &self.label);
        let quick = self.timeout.duration() <= Duration::from_secs(30);
        r.check(quick, "console.oidc.timeout", "must be at most 30s: somebody waits for it");
    }

    /// The roles that these groups make; none at all where no group is mapped.
    pub fn roles_of(&self, groups: &[String]) -> Roles {
        let made = self.roles.iter().filter(|map| groups.contains(&map.group)).map(|map| map.role);
        Roles::of(&made.collect::<Vec<_>>())
    }
}

/// Whether what is said to an address stays between the two: TLS, or this machine.
pub fn is_private(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    url.has_host() && (url.scheme() == "https" || url.scheme() == "http" && here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_mapped_by_the_last_equals_sign() {
        let map: GroupRole = "cn=soc,dc=example=responder".parse().unwrap();
        assert_eq!((map.group.as_str(), map.role), ("cn=soc,dc=example", Role::Responder));
        for bad in ["soc", "soc=owner", "=admin", "soc="] {
            assert!(bad.parse::<GroupRole>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_tls_and_this_machine_are_private() {
        for (url, private) in [
            ("https://id.example.org/realms/staff", true),
            ("http://localhost:9000", true),
            ("http://[::1]:9000/", true),
            ("http://id.example.org", false),
            ("http://localhost.example.org", false),
            ("ftp://localhost", false),
        ] {
            assert_eq!(is_private(&Url::parse(url).unwrap()), private, "{url}");
        }
    }
}
