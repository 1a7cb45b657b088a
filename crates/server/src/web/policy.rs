//! The witnesses' policy, as a browser is given it.

use countersign_evidence::policy::Policy;

/// A policy's text without its addresses: where we reach a witness is nobody's business.
pub fn without_urls(policy: &Policy) -> String {
    let line = |line: &str| {
        let words = match line.split(' ').next() {
            Some("log") => 2,
            Some("witness") => 3,
            _ => usize::MAX,
        };
        line.split(' ').take(words).collect::<Vec<_>>().join(" ") + "\n"
    };
    policy.to_string().lines().map(line).collect()
}
