//! Where to go after sign-in: a page of the console and nothing else, so that nobody is led away (CWE-601).

/// Longest path that is carried along.
const MAX_CHARS: usize = 512;
/// Where everybody can go.
pub const HOME: &str = "/console";

/// The path, if it is a page of the console; otherwise the overview.
pub fn safe(asked: Option<&str>) -> String {
    asked.filter(|path| is_ours(path)).unwrap_or(HOME).to_owned()
}

/// Browsers read `\` as `/` and drop control characters, so a path with either is none of ours. Pages of the way in are
/// no place to come back to.
fn is_ours(path: &str) -> bool {
    let plain = path.len() <= MAX_CHARS && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let rest = path.strip_prefix(HOME);
    let below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let way_in = ["/sign-in", "/sign-out", "/welcome", "/confirm", "/help", "/live", "/oidc", "/passkey"];
    let loops = rest.is_some_and(|rest| way_in.iter().any(|page| rest.starts_with(page)));
    let climbs = path.contains("..") || path.contains("//") || path.to_ascii_lowercase().contains("%2e");
    plain && below && !loops && !climbs
}

/// `/console/confirm?next=…` and the like.
pub fn with_next(page: &str, next: &str) -> String {
    if next == HOME { page.to_owned() } else { format!("{page}?next={}", encoded(next)) }
}

/// A value for a query (application/x-www-form-urlencoded).
pub fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pages_of_the_console_are_kept() {
        for path in ["/console", "/console/messages?q=abc&state=sent", "/console/accounts/acc_1", "/console?span=day"] {
            assert_eq!(safe(Some(path)), path);
        }
        assert_eq!(safe(None), HOME);
    }

    #[test]
    fn everything_else_leads_home() {
        let away = [
            "https://example.net/console",
            "//example.net/console",
            "/console/../recover",
            "/console/..%2f",
            "/console/%2e%2e/",
            "/console//example.net",
            "/consoles",
            "/recover",
            "\\console",
            "/console\\@example.net",
            "/console/\t/x",
            "/console/sign-in?next=/console",
            "/console/sign-out",
            "javascript:alert(1)",
            "",
        ];
        for path in away {
            assert_eq!(safe(Some(path)), HOME, "{path}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_asked_the_answer_stays_on_this_origin(path in ".{0,60}", tail in "[/\\\\.:@?#%a-z\\t\\n]{0,30}") {
            let origin = url::Url::parse("https://login.example.org/console").unwrap();
            for asked in [path, format!("/console{tail}"), tail] {
                let joined = origin.join(&safe(Some(&asked))).unwrap();
                prop_assert_eq!(joined.host_str(), Some("login.example.org"));
                prop_assert!(joined.path() == "/console" || joined.path().starts_with("/console/"));
            }
        }
    }
}
