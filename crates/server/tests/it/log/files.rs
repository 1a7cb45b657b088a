//! The log as files, through the front door: what an outsider mirrors is enough to rebuild it.

use super::{append, grow, root_of, signed};
use crate::api::house::House;
use crate::support::site::Site;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use countersign::api;
use countersign_evidence::Hash;
use countersign_evidence::note::Note;
use countersign_evidence::tile::{self, Edge, Kind, TilePath};
use std::collections::BTreeMap;
use tower::ServiceExt;

/// The bytes of a file, which is there.
async fn fetch(site: &Site, path: &str) -> Vec<u8> {
    let request = Request::builder().uri(format!("/evidence/{path}")).body(Body::empty()).unwrap();
    let response = api::router(site.app.clone()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()
}

#[tokio::test]
async fn a_mirror_rebuilds_every_tile_and_the_signed_root() {
    let site = Site::start(&[]).await;
    for step in [3, 500, 66_000] {
        append(&site.app, step).await;
        let size = grow(&site.app).await;
        let note = String::from_utf8(fetch(&site, "checkpoint").await).unwrap();
        let head = signed(&Note::parse(&note).unwrap());
        assert_eq!(head.size, size);
        let mut entries = Vec::new();
        for bundle in tile::bundles(size) {
            let bytes = fetch(&site, &bundle.to_string()).await;
            let read = tile::decode_entries(&bytes).unwrap();
            assert_eq!(read.len(), usize::from(bundle.width), "{bundle}");
            entries.extend(read.into_iter().map(<[u8]>::to_vec));
        }
        assert_eq!(root_of(entries.iter().map(Vec::as_slice)), head.root);
        assert!(entries.iter().all(|entry| entry.len() == 33 && entry[0] == 1), "nothing but commitments");
        compare_tiles(&site, &entries, size).await;
    }
}

/// Every tile is the one that the entries give.
async fn compare_tiles(site: &Site, entries: &[Vec<u8>], size: u64) {
    let (mut edge, mut full) = (Edge::new(), BTreeMap::new());
    for entry in entries {
        edge.push(Hash::leaf(entry), |t| {
            full.insert((t.level, t.index), t.hashes);
        });
    }
    for path in tile::tiles(size) {
        let Kind::Hashes(level) = path.kind else { unreachable!() };
        let expected = match path.width {
            256 => &full[&(level, path.index)],
            _ => &edge.partial_tiles()[usize::from(level)],
        };
        assert_eq!(fetch(site, &path.to_string()).await, tile::encode(expected), "{path}");
    }
}

#[tokio::test]
async fn older_widths_stay_and_what_is_not_there_is_not_found() {
    let house = House::new().await;
    append(&house.site.app, 300).await;
    let size = grow(&house.site.app).await;
    let narrow = TilePath { kind: Kind::Hashes(0), index: 1, width: 7 };
    assert_eq!(fetch(&house.site, &narrow.to_string()).await.len(), 7 * 32);
    assert_eq!(fetch(&house.site, "tile/entries/000.p/9").await.len(), 9 * 35);
    for path in [
        format!("tile/0/001.p/{}", size - 256 + 1),
        "tile/0/001".to_owned(),
        "tile/0/000.p/0".to_owned(),
        "tile/1/000".to_owned(),
        "tile/7/000.p/1".to_owned(),
        "tile/63/000.p/1".to_owned(),
        "tile/00/000".to_owned(),
        "tile/data/000".to_owned(),
        "tile/0/x999/x999/x999/x999/x999/x999/999".to_owned(),
        "tile/".to_owned(),
        "entries".to_owned(),
    ] {
        let reply = house.get(&format!("/evidence/{path}")).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn files_say_how_long_they_keep() {
    let house = House::new().await;
    append(&house.site.app, 255).await;
    grow(&house.site.app).await;
    let head = |reply: &crate::api::house::Reply| {
        let of = |name: &str| reply.headers[name].to_str().unwrap().to_owned();
        format!("{} | {}", of("content-type"), of("cache-control"))
    };
    let checkpoint = house.get("/evidence/checkpoint").await;
    insta::assert_snapshot!(head(&checkpoint), @"text/plain; charset=utf-8 | public, max-age=1");
    let rotations = house.get("/evidence/rotations").await;
    insta::assert_snapshot!(head(&rotations), @"text/plain; charset=utf-8 | public, max-age=1");
    assert_eq!(rotations.body, "");
    let request = Request::builder().uri("/evidence/tile/0/000").body(Body::empty()).unwrap();
    let tile = api::router(house.site.app.clone()).oneshot(request).await.unwrap();
    let of = |name: &str| tile.headers()[name].to_str().unwrap();
    assert_eq!(of("content-type"), "application/octet-stream");
    assert_eq!(of("cache-control"), "public, max-age=31536000, immutable");
}

#[tokio::test]
async fn a_log_that_is_not_public_shows_no_file() {
    let site = Site::start(&[("COUNTERSIGN_EVIDENCE__PUBLIC", "false")]).await;
    append(&site.app, 255).await;
    grow(&site.app).await;
    for path in ["checkpoint", "rotations", "tile/0/000", "tile/entries/000"] {
        let request = Request::builder().uri(format!("/evidence/{path}")).body(Body::empty()).unwrap();
        let response = api::router(site.app.clone()).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
