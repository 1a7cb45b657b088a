//! kill −9 while entries come in and the log is grown: whatever was answered is in the log after the next start, and every
//! checkpoint that anybody was shown is the beginning of what comes later.

use super::signed_by_chain;
use crate::support::db::{Db, rows};
use countersign::flows::log::read;
use countersign::store::log;
use countersign_evidence::tree::{Head, verify_consistency};
use reqwest::{Client, StatusCode};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// After so many answers the server is killed, start after start.
const KILLS: [usize; 6] = [3, 40, 150, 1, 300, 77];
/// People who ask at the same time.
const AT_ONCE: u32 = 8;
/// No condition below takes a tenth of this.
const PATIENCE: Duration = Duration::from_secs(60);

fn settings(command: &mut Command) -> &mut Command {
    let of = |key: &str, value: &str| (format!("COUNTERSIGN_{key}"), value.to_owned());
    command.env_clear().envs([
        of("SERVER__LISTEN", "127.0.0.1:0"),
        of("SERVER__ORIGIN", "http://127.0.0.1:8080"),
        of("GATE__SOURCE__TABLE_ENTRIES", "4096"),
        // Often, so that kills fall into the steps of the sequencer as well.
        of("EVIDENCE__CHECKPOINT_EVERY", "50ms"),
    ])
}

fn program(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(["--data", dir.to_str().unwrap()]).current_dir(dir);
    command
}

/// A key for the platform, made by the command line.
fn api_key(dir: &Path) -> String {
    let mut command = program(dir);
    command.args(["--json", "admin", "api-key", "create", "--name", "test", "--scope", "recovery:request"]);
    let output = settings(&mut command).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    made["key"].as_str().unwrap().to_owned()
}

struct Server {
    child: Child,
    origin: String,
}

impl Server {
    async fn start(dir: &Path) -> Self {
        let log = dir.join("log.txt");
        let mut command = program(dir);
        command.arg("serve").stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap());
        let child = settings(&mut command).spawn().unwrap();
        let address = || {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let line = text.lines().find(|line| line.contains("listening"))?.to_owned();
            let address = line.split("address").nth(1)?.split("127.0.0.1:").nth(1)?;
            Some(address.chars().take_while(char::is_ascii_digit).collect::<String>())
        };
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                tick.tick().await;
                if let Some(port) = address() {
                    return port;
                }
            }
        });
        let told = || std::fs::read_to_string(&log).unwrap_or_default();
        let port = waited.await.unwrap_or_else(|_| panic!("it does not start: {}", told()));
        Self { child, origin: format!("http://127.0.0.1:{port}") }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was answered to anybody, over all starts.
#[derive(Default)]
struct Told {
    accepted: Mutex<Vec<String>>,
    checkpoints: Mutex<BTreeMap<u64, String>>,
    next: AtomicU32,
}

/// Asks, and looks at the checkpoint, until the server is gone.
async fn ask(http: Client, origin: String, key: String, told: Arc<Told>) {
    loop {
        let n = told.next.fetch_add(1, Ordering::SeqCst);
        // A /48 each: no limit has seen them.
        let ip = format!("2001:db8:{n:x}::1");
        let body = json!({ "identifier": format!("person{n}"), "client": { "ip": ip, "user_agent": "" } });
        let sent = http.post(format!("{origin}/v1/recovery/requests")).bearer_auth(&key).json(&body).send().await;
        let Ok(answer) = sent else { return };
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        let Ok(answer) = answer.json::<serde_json::Value>().await else { return };
        told.accepted.lock().unwrap().push(answer["id"].as_str().unwrap().to_owned());
        let Ok(answer) = http.get(format!("{origin}/evidence/checkpoint")).send().await else { return };
        let Ok(text) = answer.text().await else { return };
        let size = text.lines().nth(1).unwrap().parse().unwrap();
        told.checkpoints.lock().unwrap().insert(size, text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_in_the_log_after_any_kill() {
    let dir = tempfile::tempdir().unwrap();
    let key = api_key(dir.path());
    let (http, told) = (crate::support::web().build().unwrap(), Arc::new(Told::default()));
    for after in KILLS {
        let mut server = Server::start(dir.path()).await;
        let before = told.accepted.lock().unwrap().len();
        let asking: Vec<_> = (0..AT_ONCE)
            .map(|_| tokio::spawn(ask(http.clone(), server.origin.clone(), key.clone(), told.clone())))
            .collect();
        let enough = async {
            let mut tick = tokio::time::interval(Duration::from_millis(1));
            while told.accepted.lock().unwrap().len() < before + after {
                tick.tick().await;
            }
        };
        tokio::time::timeout(PATIENCE, enough).await.unwrap();
        server.kill();
        for one in asking {
            one.await.unwrap();
        }
    }
    let server = Server::start(dir.path()).await;
    let db = Db::file(dir.path().join("countersign.db"));
    let mut conn = db.conn().await;
    let head = settled(&mut conn).await;
    let ids = rows(&mut conn, "recovery_requests", &["id"]).await;
    let accepted = told.accepted.lock().unwrap().clone();
    assert!(accepted.len() >= KILLS.iter().sum());
    for id in &accepted {
        assert!(ids.contains(&format!("id={id} ")), "an answered request is lost");
    }
    let entries = log::entries(&mut conn, 0, 1_000_000).await.unwrap();
    let asked = entries.iter().filter(|e| e.kind == "recovery.requested").count();
    assert!(asked >= accepted.len() && entries.len() as u64 == head.size);
    let public: Vec<_> = entries.iter().map(|e| e.commitment.entry()).collect();
    assert_eq!(super::root_of(public.iter().map(|e| e.as_slice())), head.root);
    let keys = log::keys(&mut conn).await.unwrap();
    let shown = told.checkpoints.lock().unwrap().clone();
    assert!(!shown.is_empty());
    for text in shown.values() {
        let old = signed_by_chain(&keys, text);
        let path = read::consistency(&mut conn, old.size, head.size).await.unwrap().unwrap();
        verify_consistency(&old, &head, &path).unwrap();
    }
    drop(server);
}

/// The head once it has everything: nobody asks any more.
async fn settled(conn: &mut countersign::store::Conn) -> Head {
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let settled = tokio::time::timeout(PATIENCE, async {
        loop {
            tick.tick().await;
            let head = log::head(conn).await.unwrap().unwrap();
            if head.published_size == log::highest(conn).await.unwrap() {
                return head.head;
            }
        }
    });
    settled.await.unwrap()
}
