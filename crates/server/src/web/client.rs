//! Who is asking, as far as HTTP tells: address, languages, browser, and whether a form came from our own pages.

use crate::text::Locale;
use axum::http::{HeaderMap, Method, header};
use std::net::IpAddr;

/// Longest `User-Agent` that is kept; browsers send 100 to 250 bytes.
const MAX_USER_AGENT: usize = 512;

/// The address that the request came from: the peer, or, where the peer is a trusted proxy, the right-most hop of
/// `X-Forwarded-For` that is not one. What stands further left was written by the client and is not believed.
pub fn client_ip(peer: IpAddr, headers: &HeaderMap, trusts: impl Fn(IpAddr) -> bool) -> IpAddr {
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok());
    crate::flows::client::address(peer, lines, trusts)
}

/// The browser's name for itself, cut to a length that can be stored.
pub fn user_agent(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).map(|v| String::from_utf8_lossy(v.as_bytes())).unwrap_or_default();
    text.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect()
}

/// The language: the one that was chosen, else what the browser asks for, else the site's own.
pub fn locale(chosen: Option<Locale>, headers: &HeaderMap, otherwise: Locale) -> Locale {
    let asked = || headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    chosen.unwrap_or_else(|| asked().map_or(otherwise, Locale::negotiate))
}

/// The value of a cookie.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// Whether a POST may have come from another site's page (Fetch Metadata, 2.3; RFC 6454).
///
/// `Sec-Fetch-Site` decides where there is one. An older browser sends `Origin`; because our pages send no referrer it
/// is then `null` also for our own forms, so only an origin that is plainly somebody else's is refused.
pub fn is_foreign(method: &Method, headers: &HeaderMap, origin: &str) -> bool {
    if method != Method::POST {
        return false;
    }
    let text = |name: &str| headers.get(name).map(|v| v.to_str().unwrap_or("?"));
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(from)) => from != origin && from != "null",
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    fn ip(peer: &str, forwarded: &[&str]) -> String {
        let pairs: Vec<_> = forwarded.iter().map(|v| ("x-forwarded-for", *v)).collect();
        let trusts = |ip: IpAddr| ip.to_string().starts_with("10.");
        client_ip(peer.parse().unwrap(), &headers(&pairs), trusts).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_an_address() {
        assert_eq!(ip("192.0.2.1", &["198.51.100.9"]), "192.0.2.1");
    }

    #[test]
    fn behind_proxies_the_right_most_stranger_counts() {
        assert_eq!(ip("10.0.0.1", &["198.51.100.9"]), "198.51.100.9");
        assert_eq!(ip("10.0.0.1", &["203.0.113.7, 198.51.100.9, 10.0.0.2"]), "198.51.100.9");
        assert_eq!(ip("10.0.0.1", &["203.0.113.7", "198.51.100.9, 10.0.0.2"]), "198.51.100.9");
        assert_eq!(ip("::ffff:10.0.0.1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn ports_and_brackets_are_understood_and_rubbish_ends_the_search() {
        assert_eq!(ip("10.0.0.1", &["198.51.100.9:4711"]), "198.51.100.9");
        assert_eq!(ip("10.0.0.1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(ip("10.0.0.1", &["198.51.100.9, unknown, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(ip("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(ip("10.0.0.1", &["10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        let origin = "https://login.example.org";
        let post = |pairs: &[(&'static str, &str)]| is_foreign(&Method::POST, &headers(pairs), origin);
        assert!(post(&[("sec-fetch-site", "cross-site")]));
        assert!(post(&[("sec-fetch-site", "same-site"), ("origin", origin)]));
        assert!(post(&[("origin", "https://example.net")]));
        assert!(!post(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(!post(&[("origin", origin)]));
        assert!(!post(&[("origin", "null")]));
        assert!(!is_foreign(&Method::GET, &headers(&[("sec-fetch-site", "cross-site")]), origin));
    }

    #[test]
    fn a_chosen_language_wins() {
        let asked = headers(&[("accept-language", "fr")]);
        assert_eq!(locale(Some(Locale::Ar), &asked, Locale::En), Locale::Ar);
        assert_eq!(locale(None, &asked, Locale::En), Locale::Fr);
        assert_eq!(locale(None, &HeaderMap::new(), Locale::Nl), Locale::Nl);
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let sent = headers(&[("cookie", "xcs_device=1; cs_device=2"), ("cookie", "cs_device=3")]);
        assert_eq!(cookie(&sent, "cs_device").as_deref(), Some("2"));
        assert_eq!(cookie(&sent, "device"), None);
    }
}
