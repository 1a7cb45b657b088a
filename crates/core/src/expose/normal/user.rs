//! User names: without case and in Unicode's compatibility form, one `@` in front left out.

use super::{Text, trimmed};
use crate::identifier::UserName;

/// Reads a user name into `out`; `false` for what is none.
pub fn user_name(raw: &[u8], out: &mut Text) -> bool {
    let raw = trimmed(raw);
    let raw = raw.strip_prefix(b"@").filter(|rest| !rest.contains(&b'@')).unwrap_or(raw);
    match plain(raw, out) {
        Some(read) => read,
        None => whole(raw, out),
    }
}

fn whole(raw: &[u8], out: &mut Text) -> bool {
    out.clear();
    let read = std::str::from_utf8(raw).ok().and_then(|text| UserName::parse(text).ok());
    read.is_some_and(|name| out.extend(name.lookup().as_bytes()))
}

/// Letters, digits and the signs that names have; `None` leaves the rest to the long way.
fn plain(raw: &[u8], out: &mut Text) -> Option<bool> {
    if raw.is_empty() || raw.len() > 64 {
        return None;
    }
    out.clear();
    for byte in raw.iter().copied() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' => out.push(byte),
            b'A'..=b'Z' => out.push(byte | 0x20),
            _ => return None,
        };
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(raw: &str) -> Option<String> {
        let mut out = Text::new();
        user_name(raw.as_bytes(), &mut out).then(|| String::from_utf8(out.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn names_are_compared_without_case() {
        for (raw, name) in
            [(" @Jane_Doe ", "jane_doe"), ("STRASSE", "strasse"), ("Straße", "strasse"), ("ｊａｎｅ", "jane")]
        {
            assert_eq!(of(raw).as_deref(), Some(name), "{raw}");
        }
        assert_eq!(of(""), None);
        assert_eq!(of("jane@example.org"), None);
    }

    proptest! {
        #[test]
        fn the_short_way_gives_what_the_long_way_gives(raw in "@?[a-zA-Z0-9._äß +-]{0,30}") {
            let (mut short, mut long) = (Text::new(), Text::new());
            let bare = raw.trim_ascii();
            let bare = bare.strip_prefix('@').unwrap_or(bare);
            let read = (user_name(raw.as_bytes(), &mut short), whole(bare.as_bytes(), &mut long));
            prop_assert_eq!(read.0, read.1);
            if read.0 {
                prop_assert_eq!(short.as_bytes(), long.as_bytes());
            }
        }
    }
}
