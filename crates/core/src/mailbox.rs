//! The mailbox behind an address, so that all spellings of it share one limit (invariant G3).
//!
//! Never: says where mail is sent or who owns an account; folding too much only makes a limit stricter.
//! In: `EmailAddress`.   Out: `Mailbox`.
//! I/O for this room: none.   Tests: beside the code.

use crate::identifier::EmailAddress;
use std::fmt;

/// One mailbox, whatever it is spelled like; to be hashed with a key before it is stored.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mailbox(String);

impl Mailbox {
    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox(…)")
    }
}

/// How a provider spells its mailboxes.
struct Provider {
    /// Domains that share one name space; the first stands for all.
    domains: &'static [&'static str],
    /// Characters that do not count in a local part.
    ignored: &'static [char],
    /// Everything from this character on is a tag, beside `+`.
    tag: Option<char>,
    /// `anything@name.domain` goes to `name@domain`.
    subdomains: bool,
}

/// Sources: the providers' own help pages on aliases: Gmail "dots don't matter", Yahoo "disposable addresses",
/// Fastmail "plus addressing and subdomain addressing", Proton "short addresses and +aliases", Apple "me.com and
/// mac.com addresses", Yandex "mailbox aliases". Yahoo and Yandex use no `-` of their own in mailbox names.
const PROVIDERS: &[Provider] = &[
    Provider { domains: &["gmail.com", "googlemail.com"], ignored: &['.'], tag: None, subdomains: false },
    Provider { domains: &["yahoo.com"], ignored: &[], tag: Some('-'), subdomains: false },
    Provider { domains: &["ymail.com"], ignored: &[], tag: Some('-'), subdomains: false },
    Provider { domains: &["rocketmail.com"], ignored: &[], tag: Some('-'), subdomains: false },
    Provider { domains: &["fastmail.com"], ignored: &[], tag: None, subdomains: true },
    Provider { domains: &["fastmail.fm"], ignored: &[], tag: None, subdomains: true },
    Provider {
        domains: &["proton.me", "protonmail.com", "protonmail.ch", "pm.me"],
        ignored: &['.', '-', '_'],
        tag: None,
        subdomains: false,
    },
    Provider { domains: &["icloud.com", "me.com", "mac.com"], ignored: &[], tag: None, subdomains: false },
];

/// Yandex: one name space under all of these, with `.` and `-` the same.
const YANDEX: Provider = Provider {
    domains: &["yandex.ru", "ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "narod.ru"],
    ignored: &['.', '-'],
    tag: None,
    subdomains: false,
};

/// The mailbox behind an address: lower case, without a `+` tag anywhere, and by the known providers' own rules.
pub fn canonical(address: &EmailAddress) -> Mailbox {
    let (local, domain) = (address.local(), address.domain());
    let found = PROVIDERS.iter().chain([&YANDEX]).find_map(|provider| provider.matched(local, domain));
    let (local, domain, provider) = match found {
        Some((provider, local)) => (local, provider.domains[0], Some(provider)),
        None => (local, domain, None),
    };
    Mailbox(format!("{}@{domain}", bare(local, provider)))
}

impl Provider {
    /// Itself and the local part, if the domain is one of its own.
    fn matched<'a>(&'static self, local: &'a str, domain: &'a str) -> Option<(&'static Self, &'a str)> {
        if self.domains.contains(&domain) {
            return Some((self, local));
        }
        let name = self.domains.iter().find_map(|own| domain.strip_suffix(own)?.strip_suffix('.'))?;
        (self.subdomains && !name.contains('.')).then_some((self, name))
    }
}

/// The local part without tag and ignored characters; as it was where nothing would be left.
fn bare(local: &str, provider: Option<&Provider>) -> String {
    let ignored = provider.map_or(&[][..], |p| p.ignored);
    let strip = |text: &str| text.chars().filter(|c| !ignored.contains(c)).collect::<String>();
    let is_tag = |c: char| c == '+' || provider.is_some_and(|p| p.tag == Some(c));
    let name = strip(local.split(is_tag).next().unwrap_or(local));
    if name.is_empty() { local.to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> String {
        canonical(&EmailAddress::parse(text).unwrap()).as_str().to_owned()
    }

    #[test]
    fn all_spellings_of_a_mailbox_are_one() {
        for (spelled, mailbox) in [
            ("Jane+news@Example.org", "jane@example.org"),
            ("j.a.n.e+x@googlemail.com", "jane@gmail.com"),
            ("Jane.Doe@gmail.com", "janedoe@gmail.com"),
            ("jane-shop@yahoo.com", "jane@yahoo.com"),
            ("shop@jane.fastmail.com", "jane@fastmail.com"),
            ("jane_doe@pm.me", "janedoe@proton.me"),
            ("jane@mac.com", "jane@icloud.com"),
            ("jane-doe@ya.ru", "janedoe@yandex.ru"),
            ("jane@bücher.example", "jane@xn--bcher-kva.example"),
        ] {
            assert_eq!(of(spelled), mailbox);
        }
    }

    #[test]
    fn other_mailboxes_stay_apart() {
        assert_eq!(of("jane.doe@example.org"), "jane.doe@example.org");
        assert_eq!(of("jane-doe@example.org"), "jane-doe@example.org");
        assert_eq!(of("+tag@example.org"), "+tag@example.org");
        assert_eq!(of("jane@gmail.com.example"), "jane@gmail.com.example");
        assert_eq!(of("jane@notgmail.com"), "jane@notgmail.com");
        assert_eq!(of("a@b.c.fastmail.com"), "a@b.c.fastmail.com");
    }

    fn domain() -> impl Strategy<Value = &'static str> {
        proptest::sample::select(vec![
            "gmail.com",
            "example.org",
            "yahoo.com",
            "x.fastmail.com",
            "pm.me",
            "ya.ru",
            "mac.com",
        ])
    }

    proptest! {
        #[test]
        fn a_mailbox_is_its_own_mailbox(local in "[a-zA-Z0-9+_\\-.äß]{1,20}", domain in domain()) {
            if let Ok(address) = EmailAddress::parse(&format!("{local}@{domain}")) {
                let once = canonical(&address);
                // Without its tag a local part may end in a dot: a fine key, and no address.
                if let Ok(again) = EmailAddress::parse(once.as_str()) {
                    prop_assert_eq!(canonical(&again), once);
                }
            }
        }

        #[test]
        fn tags_and_case_never_make_a_new_mailbox(local in "[a-z][a-z0-9]{0,10}", tag in "[a-z0-9.+-]{0,10}[a-z]", domain in domain()) {
            let tagged = EmailAddress::parse(&format!("{}+{tag}@{}", local.to_uppercase(), domain.to_uppercase()));
            prop_assume!(tagged.is_ok());
            let plain = EmailAddress::parse(&format!("{local}@{domain}"));
            prop_assert_eq!(tagged.map(|a| canonical(&a)), plain.map(|a| canonical(&a)));
        }
    }
}
