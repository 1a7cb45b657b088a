//! Sign-in by a provider: the whole story with a real one (npm's oidc-provider) in a browser, and what a false one could say
//! with one of our own.

mod real;
mod strange;

use super::office::Office;
use countersign::clock::Clock;

/// A console that takes the word of a provider.
async fn open(issuer: &str, clock: Clock, more: &[(&str, &str)]) -> Office {
    let settings = [
        ("COUNTERSIGN_CONSOLE__OIDC__ISSUER", issuer),
        ("COUNTERSIGN_CONSOLE__OIDC__CLIENT_ID", "countersign"),
        ("COUNTERSIGN_CONSOLE__OIDC__CLIENT_SECRET", "a secret between two programs"),
        ("COUNTERSIGN_CONSOLE__OIDC__SCOPES", r#"["openid", "profile", "groups"]"#),
        ("COUNTERSIGN_CONSOLE__OIDC__ROLES", r#"["soc=responder", "soc=viewer", "it=admin"]"#),
        ("COUNTERSIGN_CONSOLE__OIDC__LABEL", "Sign in with Example ID"),
    ];
    let settings: Vec<_> = settings.iter().chain(more).copied().collect();
    Office::open_named(&settings, clock).await
}

/// What a query has under a name.
fn of_query(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    found.unwrap_or_else(|| panic!("no {name} in {url}"))
}
