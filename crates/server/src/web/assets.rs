//! Style sheets, scripts and the mark, compiled in and served under a name that changes with their content.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

/// A name is never used for other bytes, so whoever has it may keep it (RFC 8246).
const KEEP: &str = "public, max-age=31536000, immutable";

struct Asset {
    name: &'static str,
    kind: &'static str,
    body: &'static [u8],
    file: String,
}

/// A style sheet.
pub const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

const SOURCES: [(&str, &str, &[u8]); 14] = [
    ("page.css", CSS, include_bytes!("../../assets/page.css")),
    ("noscript.css", CSS, include_bytes!("../../assets/noscript.css")),
    ("page.js", JS, include_bytes!("../../assets/page.js")),
    ("solver.js", JS, include_bytes!("../../assets/solver.js")),
    ("worker.js", JS, include_bytes!("../../assets/worker.js")),
    ("proof.js", JS, include_bytes!("../../assets/proof.js")),
    ("verify.js", JS, include_bytes!("../../assets/verify.js")),
    ("entry.js", JS, include_bytes!("../../assets/entry.js")),
    ("console.css", CSS, include_bytes!("../../assets/console.css")),
    ("import.js", JS, include_bytes!("../../assets/import.js")),
    ("live.js", JS, include_bytes!("../../assets/live.js")),
    ("console.js", JS, include_bytes!("../../assets/console.js")),
    ("passkey.js", JS, include_bytes!("../../assets/passkey.js")),
    ("mark.svg", "image/svg+xml", include_bytes!("../../assets/mark.svg")),
];

fn assets() -> &'static [Asset] {
    static ASSETS: OnceLock<Vec<Asset>> = OnceLock::new();
    ASSETS.get_or_init(|| SOURCES.iter().map(|(name, kind, body)| asset(name, kind, body)).collect())
}

fn asset(name: &'static str, kind: &'static str, body: &'static [u8]) -> Asset {
    Asset { name, kind, body, file: hashed(name, body) }
}

/// `page.css` and its bytes give `page.0123456789abcdef.css`.
pub fn hashed(name: &str, body: &[u8]) -> String {
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(body)[..8]);
    match name.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}.{hash}.{ending}"),
        None => format!("{name}.{hash}"),
    }
}

/// Where the asset with this plain name is served; a name that is not ours gives a path that nothing answers.
pub fn url(name: &str) -> String {
    let file = assets().iter().find(|a| a.name == name).map_or(name, |a| &a.file);
    debug_assert!(file != name, "no asset {name}");
    format!("/assets/{file}")
}

/// `GET /assets/{file}`.
pub async fn serve(Path(file): Path<String>) -> Response {
    match assets().iter().find(|a| a.file == file) {
        Some(found) => kept(found.kind, found.body),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// An answer that may be kept for good.
pub fn kept(kind: &'static str, body: impl Into<axum::body::Body>) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, KEEP)], body.into()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_changes_with_the_content() {
        assert_eq!(hashed("a.css", b"x"), "a.2d711642b726b044.css");
        assert_ne!(hashed("a.css", b"y"), hashed("a.css", b"x"));
    }

    #[tokio::test]
    async fn what_a_page_links_to_is_served_and_may_be_kept() {
        for (name, kind, _) in SOURCES {
            let file = url(name).trim_start_matches("/assets/").to_owned();
            let answer = serve(Path(file)).await;
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.headers()[header::CONTENT_TYPE], kind);
            assert_eq!(answer.headers()[header::CACHE_CONTROL], KEEP);
        }
        assert_eq!(serve(Path("page.css".to_owned())).await.status(), StatusCode::NOT_FOUND);
    }
}
