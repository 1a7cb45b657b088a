//! E-mail addresses: two keys each. The strong one is the address without case, its domain as A-labels; the weak one is the
//! mailbox behind it, by the providers' rules for dots and tags (`mailbox`).

use super::{Text, trimmed};
use crate::identifier::EmailAddress;
use crate::mailbox;

/// The two keys of an address.
#[derive(Clone, Copy, Debug, Default)]
pub struct Email {
    /// The address.
    pub address: Text,
    /// The mailbox behind it.
    pub mailbox: Text,
}

/// Reads an address into `out`; `false`, and nothing of use in `out`, for what is none.
pub fn email(raw: &[u8], out: &mut Email) -> bool {
    let raw = trimmed(raw);
    match plain(raw, out) {
        Some(read) => read,
        None => whole(raw, out),
    }
}

/// The long way: IDN, Unicode, every provider.
fn whole(raw: &[u8], out: &mut Email) -> bool {
    let Some(address) = std::str::from_utf8(raw).ok().and_then(|text| EmailAddress::parse(text).ok()) else {
        return false;
    };
    out.address.clear();
    out.mailbox.clear();
    out.address.extend(address.lookup().as_bytes())
        && out.mailbox.extend(mailbox::canonical(&address).as_str().as_bytes())
}

/// The longest local part and label, in bytes (RFC 5321, 4.5.3.1.1; RFC 1035, 2.3.4).
const MAX_LOCAL: usize = 64;
const MAX_LABEL: usize = 63;

/// The short way for ASCII; `None` leaves the value to the long way.
fn plain(raw: &[u8], out: &mut Email) -> Option<bool> {
    if raw.len() > 254 || !raw.is_ascii() {
        return None;
    }
    out.address.clear();
    let at = local(raw, &mut out.address)?;
    let domain = domain(&raw[at + 1..], &mut out.address)?;
    out.mailbox.clear();
    fold(out, at, domain);
    Some(true)
}

/// The local part in lower case and the `@`; where the `@` is.
fn local(raw: &[u8], address: &mut Text) -> Option<usize> {
    let mut last = b'.';
    for (n, byte) in raw.iter().copied().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'+' => address.push(byte),
            b'A'..=b'Z' => address.push(byte | 0x20),
            b'.' if last != b'.' => address.push(byte),
            b'@' if last != b'.' && n <= MAX_LOCAL => {
                address.push(byte);
                return Some(n);
            }
            _ => return None,
        };
        last = byte;
    }
    None
}

/// The domain in lower case: labels of letters, digits and inner hyphens, two or more, the last one not of digits. An
/// A-label (`xn--`) is checked the long way. Where it begins.
fn domain(raw: &[u8], address: &mut Text) -> Option<usize> {
    let start = address.len();
    let (mut label, mut labels) = (0_usize, 0_usize);
    for byte in raw.iter().copied() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => label += usize::from(address.push(byte)),
            b'A'..=b'Z' => label += usize::from(address.push(byte | 0x20)),
            b'-' if label > 0 => label += usize::from(address.push(byte)),
            b'.' if label > 0 && ends_label(address, label) => {
                address.push(byte);
                label = 0;
                labels += 1;
            }
            _ => return None,
        }
    }
    let top = &address.as_bytes()[address.len() - label..];
    let right = labels > 0 && label > 0 && ends_label(address, label) && top.iter().any(u8::is_ascii_alphabetic);
    right.then_some(start)
}

/// Whether the label that ends here may stand: no hyphen at its end, none where an A-label has two.
fn ends_label(address: &Text, label: usize) -> bool {
    let text = &address.as_bytes()[address.len() - label..];
    label <= MAX_LABEL && text.last() != Some(&b'-') && text.get(2..4) != Some(b"--")
}

/// How a provider's mailboxes fold.
#[derive(Clone, Copy)]
struct Fold {
    domain: &'static [u8],
    dots: bool,
}

/// Providers whose rules are a matter of dots and tags alone and who have most of the world's addresses. The others of
/// `mailbox` differ in more, and go the long way.
fn known(domain: &[u8]) -> Known {
    match domain {
        b"gmail.com" | b"googlemail.com" => Known::Folds(Fold { domain: b"gmail.com", dots: true }),
        b"icloud.com" | b"me.com" | b"mac.com" => Known::Folds(Fold { domain: b"icloud.com", dots: false }),
        _ if special(domain) => Known::Special,
        _ => Known::Plain,
    }
}

enum Known {
    /// Only tags go.
    Plain,
    /// Dots go too, or the domain has other names.
    Folds(Fold),
    /// The long way.
    Special,
}

/// Domains of which `mailbox` has rules of another kind: judged by how they end, rather one too many than one too few.
fn special(domain: &[u8]) -> bool {
    let names: [&[u8]; 17] = [
        b"yahoo.com",
        b"ymail.com",
        b"rocketmail.com",
        b"fastmail.com",
        b"fastmail.fm",
        b"proton.me",
        b"protonmail.com",
        b"protonmail.ch",
        b"pm.me",
        b"yandex.ru",
        b"ya.ru",
        b"yandex.com",
        b"yandex.by",
        b"yandex.kz",
        b"yandex.ua",
        b"narod.ru",
        b"gmail.com",
    ];
    // Most domains end in none of these letters' pairs; the names are compared for the rest only.
    matches!(domain.last(), Some(b'm' | b'e' | b'h' | b'u' | b'y' | b'z' | b'a'))
        && names.iter().any(|name| domain.ends_with(name))
}

/// The mailbox behind the address.
fn fold(out: &mut Email, at: usize, domain: usize) {
    let Email { address, mailbox } = out;
    let (local, host) = (&address.as_bytes()[..at], &address.as_bytes()[domain..]);
    match known(host) {
        Known::Plain => bare(local, false, host, mailbox),
        Known::Folds(fold) => bare(local, fold.dots, fold.domain, mailbox),
        Known::Special => {
            // It was read already, so it is an address; and if it were not, no key is a key that matches nothing.
            let text = std::str::from_utf8(address.as_bytes()).unwrap_or_default();
            if let Ok(address) = EmailAddress::parse(text) {
                mailbox.extend(mailbox::canonical(&address).as_str().as_bytes());
            }
        }
    }
}

/// The local part without its tag, and without dots where they do not count; as it was where nothing would be left.
fn bare(local: &[u8], dots: bool, domain: &[u8], mailbox: &mut Text) {
    let name = local.split(|byte| *byte == b'+').next().unwrap_or(local);
    for byte in name.iter().copied().filter(|byte| !(dots && *byte == b'.')) {
        mailbox.push(byte);
    }
    if mailbox.is_empty() {
        mailbox.extend(local);
    }
    mailbox.push(b'@');
    mailbox.extend(domain);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(raw: &str) -> Option<(String, String)> {
        let mut out = Email::default();
        let text = |t: &Text| String::from_utf8(t.as_bytes().to_vec()).unwrap();
        email(raw.as_bytes(), &mut out).then(|| (text(&out.address), text(&out.mailbox)))
    }

    #[test]
    fn an_address_has_a_strong_and_a_weak_key() {
        for (raw, address, mailbox) in [
            ("  Jane.Doe@Example.ORG ", "jane.doe@example.org", "jane.doe@example.org"),
            ("J.Doe+shop@Gmail.com", "j.doe+shop@gmail.com", "jdoe@gmail.com"),
            ("jdoe@googlemail.com", "jdoe@googlemail.com", "jdoe@gmail.com"),
            ("jane+x@example.org", "jane+x@example.org", "jane@example.org"),
            ("jane@BÜCHER.example", "jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example"),
            ("jane-shop@yahoo.com", "jane-shop@yahoo.com", "jane@yahoo.com"),
            ("+tag@example.org", "+tag@example.org", "+tag@example.org"),
            ("jane@mac.com", "jane@mac.com", "jane@icloud.com"),
        ] {
            assert_eq!(of(raw), Some((address.to_owned(), mailbox.to_owned())), "{raw}");
        }
    }

    #[test]
    fn what_is_no_address_has_no_key() {
        for raw in [
            "",
            "jane",
            "@example.org",
            "jane@",
            "jane@localhost",
            "jane@192.0.2.1",
            "a..b@example.org",
            "a@-x.example",
        ] {
            assert_eq!(of(raw), None, "{raw}");
        }
    }

    fn domains() -> impl Strategy<Value = String> {
        let known = proptest::sample::select(vec![
            "gmail.com",
            "GoogleMail.com",
            "example.org",
            "yahoo.com",
            "x.fastmail.com",
            "pm.me",
            "ya.ru",
            "mac.com",
            "notgmail.com",
            "a.gmail.com",
            "xn--bcher-kva.example",
            "example.o-g",
            "ex--mple.org",
            "münchen.example",
        ]);
        prop_oneof![known.prop_map(str::to_owned), "[a-zA-Z0-9.-]{1,24}"]
    }

    proptest! {
        #[test]
        fn the_short_way_gives_what_the_long_way_gives(local in "[a-zA-Z0-9._+'é-]{0,20}", domain in domains(), pad in "[ \t]{0,2}") {
            let raw = format!("{pad}{local}@{domain}{pad}");
            let (mut short, mut long) = (Email::default(), Email::default());
            let read = (email(raw.as_bytes(), &mut short), whole(raw.trim_ascii().as_bytes(), &mut long));
            prop_assert_eq!(read.0, read.1, "{}", raw);
            if read.0 {
                prop_assert_eq!(short.address.as_bytes(), long.address.as_bytes());
                prop_assert_eq!(short.mailbox.as_bytes(), long.mailbox.as_bytes());
            }
        }

        #[test]
        fn no_bytes_make_it_panic(raw in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = email(&raw, &mut Email::default());
        }
    }
}
