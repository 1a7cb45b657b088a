//! `[server]`: where we listen, what we are called from outside, and what one request may cost.

use super::reader::Reader;
use countersign_core::span::Span;
use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use url::{Host, Url};

/// Where we listen, what we are called from outside, and what one request may cost.
#[derive(Clone, Debug)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Where people reach this server; every link is built from it.
    pub origin: Origin,
    /// Networks of the proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Largest request body.
    pub max_body_bytes: usize,
    /// Longest time for one request.
    pub request_timeout: Span,
}

impl Server {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let server = Self {
            listen: listen(r),
            origin: r.parse("server.origin"),
            trusted_proxies: r.list("server.trusted_proxies"),
            max_body_bytes: r.number("server.max_body_bytes", 1024, 16 * 1024 * 1024),
            request_timeout: r.span("server.request_timeout"),
        };
        let all = server.trusted_proxies.iter().any(|net| net.prefix_len() == 0);
        r.check(!all, "server.trusted_proxies", "must not be the whole internet: anybody could choose their address");
        server
    }

    /// Whether `peer` is a proxy whose `X-Forwarded-For` is believed.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted_proxies.iter().any(|net| net.contains(&peer))
    }
}

fn listen(r: &mut Reader<'_>) -> SocketAddr {
    struct Listen(SocketAddr);
    impl FromStr for Listen {
        type Err = &'static str;
        fn from_str(text: &str) -> Result<Self, Self::Err> {
            let wanted = "must be an address and a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"";
            text.parse().map(Self).map_err(|_| wanted)
        }
    }
    r.parse::<Listen>("server.listen").0
}

/// Scheme, host and port, and nothing else (RFC 6454); https, unless the host is this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(Url);

impl Origin {
    /// A link below this origin; `path` starts with a slash.
    pub fn link(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// Whether people reach us over TLS; then cookies are `Secure`.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether the host is this machine, so that nobody else can reach it.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
    }

    /// The host name as it stands in links.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.origin().ascii_serialization())
    }
}

impl FromStr for Origin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "must be an http or https address without a path, such as \"https://login.example.org\"";
        let url = Url::parse(text).map_err(|_| form)?;
        let bare = url.username().is_empty() && url.password().is_none() && matches!(url.path(), "" | "/");
        let ends = url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !bare || !ends {
            return Err(form);
        }
        let origin = Self(url);
        if origin.is_https() || origin.is_loopback() {
            return Ok(origin);
        }
        Err("must be https: links carry secrets; http is accepted for a loopback host only")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port_only() {
        let good = [("https://login.example.org", "https://login.example.org"), ("http://[::1]:80/", "http://[::1]")];
        for (text, shown) in good {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), shown);
        }
        let bad =
            ["login.example.org", "ftp://example.org", "https://example.org/a", "https://example.org/?q", "https://"];
        for text in
            bad.into_iter().chain(["https://u:p@example.org", "https://example.org#f", "http://example.org", ""])
        {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn links_are_built_from_the_origin() {
        let origin: Origin = "https://login.example.org:8443".parse().unwrap();
        assert_eq!(origin.link("/r/abc"), "https://login.example.org:8443/r/abc");
        assert!("http://localhost:8080".parse::<Origin>().unwrap().is_loopback());
        assert!(!origin.is_loopback());
    }
}
