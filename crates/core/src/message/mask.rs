//! What a page may show of an address: enough for its owner to recognise, too little for anybody else to use.
//!
//! Never: shows how long a part is, or anything of a text that it does not understand.
//! In: a mailbox, a phone number or a name.   Out: `m•••@e•••.org`, `•••23`, `m•••`.
//! I/O for this room: none.   Tests: beside the code.

/// Stands for any number of characters, none included.
const HIDDEN: &str = "•••";

/// The first character of the mailbox and of its domain, and the last label: `m•••@e•••.org`.
pub fn mask_mailbox(mailbox: &str) -> String {
    let parts = mailbox.rsplit_once('@').filter(|(local, domain)| !local.is_empty() && domain.contains('.'));
    let Some((local, domain)) = parts else {
        return HIDDEN.to_owned();
    };
    let (domain, _) = idna::domain_to_unicode(domain);
    let last = domain.rsplit('.').next().unwrap_or_default();
    if last.is_empty() || !last.chars().all(|c| c.is_alphanumeric() || c == '-') {
        return HIDDEN.to_owned();
    }
    format!("{}{HIDDEN}@{}{HIDDEN}.{last}", first(local), first(&domain))
}

/// The last two digits: `•••23`. A number with fewer than six digits shows none.
pub fn mask_phone(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    match digits.as_slice() {
        [.., a, b] if digits.len() >= 6 => format!("{HIDDEN}{a}{b}"),
        _ => HIDDEN.to_owned(),
    }
}

/// The first character: `m•••`. For names, and for ids that other systems gave.
pub fn mask_name(name: &str) -> String {
    format!("{}{HIDDEN}", first(name))
}

/// The first character if it is a letter or a digit. Others could change the direction or the look of what follows.
fn first(part: &str) -> String {
    part.chars().next().filter(|c| c.is_alphanumeric()).map(String::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_show_two_characters_and_the_last_label() {
        assert_eq!(mask_mailbox("mara@example.org"), "m•••@e•••.org");
        assert_eq!(mask_mailbox("m@e.org"), "m•••@e•••.org");
        assert_eq!(mask_mailbox("mara.lindqvist@mail.example.co.uk"), "m•••@m•••.uk");
        assert_eq!(mask_mailbox("a@xn--bcher-kva.example"), "a•••@b•••.example");
        assert_eq!(mask_mailbox("ö@bücher.example"), "ö•••@b•••.example");
        assert_eq!(mask_mailbox("_@example.org"), "•••@e•••.org");
    }

    #[test]
    fn garbage_shows_nothing() {
        for text in [
            "",
            "mara",
            "@",
            "mara@",
            "@example.org",
            "mara@localhost",
            "mara@example.",
            "m@e.o\u{202e}rg",
            "m@e.\r\nx",
        ] {
            assert_eq!(mask_mailbox(text), HIDDEN, "{text:?}");
        }
        assert_eq!(mask_mailbox("\u{202e}x@example.org"), "•••@e•••.org");
    }

    #[test]
    fn phones_show_two_digits() {
        assert_eq!(mask_phone("+1 555 0123"), "•••23");
        assert_eq!(mask_phone("(555) 01-99"), "•••99");
        assert_eq!(mask_phone("12345"), HIDDEN);
        assert_eq!(mask_phone(""), HIDDEN);
    }

    #[test]
    fn names_show_their_first_character() {
        assert_eq!(mask_name("mara"), "m•••");
        assert_eq!(mask_name("ö"), "ö•••");
        assert_eq!(mask_name("\u{202e}x"), HIDDEN);
        assert_eq!(mask_name(""), HIDDEN);
    }
}
