//! The headers that every page carries.

use axum::http::header::{self, HeaderName, HeaderValue};
use axum::response::Response;

/// Nothing inline, nothing from elsewhere, in no frame (CSP Level 3).
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; worker-src 'self'; img-src 'self' data:; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
);

/// The same for a page whose script fetches something of ours.
const POLICY_WITH_FETCH: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; worker-src 'self'; img-src 'self' data:; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'; connect-src 'self'",
);

/// Marks an answer whose script may fetch.
#[derive(Clone, Copy)]
struct MayFetch;

/// Lets the script of this one page fetch from us.
pub fn may_fetch(mut response: Response) -> Response {
    response.extensions_mut().insert(MayFetch);
    response
}

/// The path of a page can be a secret: it goes nowhere (Referrer Policy, 3.1).
const REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");

/// Two years, as the preload list asks (RFC 6797); only where people reach us over TLS.
const TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// Adds the security headers; what may be cached says so itself, everything else is not stored.
pub fn secure(mut response: Response, https: bool) -> Response {
    let policy = if response.extensions().get::<MayFetch>().is_some() { POLICY_WITH_FETCH } else { POLICY };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::REFERRER_POLICY, REFERRER);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    // For browsers from before `frame-ancestors`.
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TRANSPORT);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    #[test]
    fn pages_are_not_stored_and_assets_are() {
        let page = secure("page".into_response(), false);
        assert_eq!(page.headers()[header::CACHE_CONTROL], "no-store");
        assert!(!page.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
        let asset = secure(super::super::assets::kept("text/css", "a"), true);
        assert!(asset.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        assert!(asset.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn nothing_inline_is_allowed() {
        let page = secure("page".into_response(), false);
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
        assert!(!policy.contains("connect-src"));
        let fetching = secure(may_fetch("page".into_response()), false);
        let wider = fetching.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert_eq!(wider, format!("{policy}; connect-src 'self'"));
    }
}
