//! The API's description: fresh, and true of a running server.

use crate::support::{self, site::Site};
use countersign::api;
use countersign::app::App;
use countersign::flows::api_keys::{self, Scope};
use countersign::flows::staff::Actor;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where the description is checked in.
fn checked_in() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json")
}

#[test]
fn the_description_is_fresh() {
    if std::env::var_os("COUNTERSIGN_UPDATE_OPENAPI").is_some() {
        std::fs::write(checked_in(), api::openapi::text()).unwrap();
    }
    let found = std::fs::read_to_string(checked_in()).unwrap_or_default();
    let how =
        "docs/openapi.json is stale: COUNTERSIGN_UPDATE_OPENAPI=1 cargo test -p countersign --test it description";
    assert!(found == api::openapi::text(), "{how}");
}

/// What schemathesis may take for a right answer to a well-formed request: the description's own refusals too. A token
/// that it makes up is well-formed and opens nothing.
const SETTINGS: &str = r#"
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "410", "422", "429"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "408", "409", "410", "413", "415", "422", "429"]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_is_as_described() {
    let Some(program) = schemathesis() else {
        return support::not_run("schemathesis", "pip install schemathesis, or COUNTERSIGN_TEST_SCHEMATHESIS=PATH");
    };
    let dir = tempfile::tempdir().unwrap();
    let site = Site::start(&[]).await;
    let account = site.add_account("sam@example.org").await;
    let (origin, key) = serve(&site.app).await;
    let settings = dir.path().join("schemathesis.toml");
    let accounts = format!(
        "\n[[operations]]\ninclude-path-regex = '^/v1/accounts/'\nparameters = {{ \"path.id\" = '{account}' }}\n"
    );
    std::fs::write(&settings, format!("{SETTINGS}{accounts}")).unwrap();
    let mut run = std::process::Command::new(program);
    run.arg("--config-file").arg(&settings).args([
        "run",
        "--no-color",
        "--checks=all",
        "--max-examples=25",
        "--seed=1",
    ]);
    run.args(["--suppress-health-check=all", "--generation-database=none", "--request-timeout=20"]);
    run.arg("-H").arg(format!("Authorization: Bearer {key}")).arg(format!("{origin}/v1/openapi.json"));
    run.current_dir(dir.path());
    let output = tokio::task::spawn_blocking(move || run.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

fn schemathesis() -> Option<PathBuf> {
    let named = std::env::var_os("COUNTERSIGN_TEST_SCHEMATHESIS").map(PathBuf::from);
    named.filter(|file| file.is_file()).or_else(|| support::program("schemathesis"))
}

/// The API on a free port until the test ends, and a key to all of it.
async fn serve(app: &App) -> (String, String) {
    let (_, key) = api_keys::create(app, &Actor::Command, "schemathesis", &Scope::ALL, None).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let service = api::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(axum::serve(listener, service).into_future());
    (origin, key.expose().to_owned())
}
