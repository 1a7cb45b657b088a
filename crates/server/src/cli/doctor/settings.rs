//! Settings that are allowed but deserve a look before people depend on them.

use super::check::Check;
use crate::config::{Config, Security, is_loopback};

/// Looks at the settings themselves.
pub fn look(config: &Config) -> Vec<Check> {
    let mut checks = vec![origin(config)];
    checks.extend(clear_mail(config));
    checks.extend(proxy(config));
    checks
}

fn origin(config: &Config) -> Check {
    let origin = &config.server.origin;
    if origin.is_loopback() {
        let advice = "set server.origin to the https address that people use, or their links lead nowhere";
        return Check::warn("origin", format!("{origin} is this machine only"), advice);
    }
    Check::ok("origin", format!("links start with {origin}"))
}

fn clear_mail(config: &Config) -> Option<Check> {
    let host = config.mail.host.as_deref()?;
    let clear = config.mail.security == Security::None && !is_loopback(host);
    let advice = "set mail.security to \"starttls\" or \"tls\"";
    clear.then(|| Check::warn("mail security", format!("messages to {host} travel in clear"), advice))
}

fn proxy(config: &Config) -> Option<Check> {
    let alone = config.server.listen.ip().is_loopback() && config.server.trusted_proxies.is_empty();
    let advice = "set server.trusted_proxies to the proxy's network, or all people share one source limit";
    let found = "listens on loopback, so a proxy stands before it, but no proxy's X-Forwarded-For is believed";
    (alone && !config.server.origin.is_loopback()).then(|| Check::warn("proxy", found, advice))
}
