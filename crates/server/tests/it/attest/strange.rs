//! Witnesses that are slow, silent, talkative, wrong or malicious: none of them can stop us or hold the others up.

use super::{PATIENCE, Running, ask, is_cosigned, log::TestLog, round, status};
use crate::support::{not_run, program};
use countersign::attest::{Asked, Fault, Http, Ours, Outcome, Round, Seen, Witness, gather};
use countersign_evidence::Hash;
use countersign_evidence::note::{Algorithm, SigningKey};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn cosigner() -> SigningKey {
    SigningKey::from_seed("strange.example.org", Algorithm::CosignatureV1, &[7; 32]).unwrap()
}

fn witness(address: &str, within: Duration) -> Witness {
    Witness::new("strange", cosigner().verifier().clone(), address, &Http::new(None, within).unwrap()).unwrap()
}

/// Somebody who reads what comes, and answers every connection with these bytes, as they are.
async fn answering(bytes: Vec<u8>) -> Witness {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            request(&mut stream).await;
            let _ = stream.write_all(&bytes).await;
        }
    });
    witness(&address, PATIENCE)
}

/// Reads a request up to the end of its note, or of its head where there is none.
async fn request(stream: &mut TcpStream) {
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&seen);
        let whole = if text.starts_with("POST") {
            text.contains("\u{2014} ") && text.ends_with('\n')
        } else {
            text.ends_with("\r\n\r\n")
        };
        if whole {
            return;
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(n) => seen.extend_from_slice(&buffer[..n]),
        }
    }
}

fn http(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n");
    format!("{head}\r\n{body}").into_bytes()
}

fn log() -> TestLog {
    TestLog::new(1).grown(5, "a")
}

#[tokio::test]
async fn garbage_is_no_answer() {
    let note = log().checkpoint().to_string();
    for (bytes, fault) in [
        (b"220 mail.example.org ESMTP\r\n".to_vec(), Fault::Broken),
        (Vec::new(), Fault::Broken),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort".to_vec(), Fault::Broken),
        (http("200 OK", "text/plain", "<html>"), Fault::Garbled("the last line has no end")),
        (http("200 OK", "text/plain", &note), Fault::Garbled("a line is not a signature")),
        (http("200 OK", "text/plain", &"x".repeat(70_000)), Fault::TooLong),
        (http("409 Conflict", "text/html", "7\n"), Fault::Garbled("409 without a size")),
    ] {
        let answer = ask(&log(), &answering(bytes.clone()).await, 0).await;
        assert_eq!(answer.outcome, Outcome::Unreachable(fault), "{}", String::from_utf8_lossy(&bytes));
    }
    let chunk = format!("1000\r\n{}\r\n", "y".repeat(0x1000)).repeat(17);
    let endless = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
    let answer = ask(&log(), &answering(endless.into_bytes()).await, 0).await;
    assert_eq!(answer.outcome, Outcome::Unreachable(Fault::TooLong));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let good = Running::start(dir.path(), &[&log().verifier()]);
    let away = format!("HTTP/1.1 307 x\r\nlocation: {}/add-checkpoint\r\ncontent-length: 0\r\n\r\n", good.url);
    assert_eq!(status(&ask(&log(), &answering(away.into_bytes()).await, 0).await), 307);
    assert_eq!(good.client().latest(log().origin()).await, Ok(None));
}

/// A size alone proves nothing, and neither does a checkpoint that our key has not signed.
#[tokio::test]
async fn a_witness_that_claims_more_cannot_stop_us() {
    let larger = log().grown(99, "a");
    let claim = http("409 Conflict", "text/x.tlog.size", "104\n");
    let answer = ask(&log(), &answering(claim).await, 0).await;
    assert_eq!((answer.outcome, answer.contradiction), (Outcome::Ahead { size: 104 }, None));
    for shown in
        [larger.clone().signed_by(9).checkpoint(), TestLog::named("other.example.org", 1).grown(104, "a").checkpoint()]
    {
        let seen = showing(shown.to_string()).await;
        assert_eq!(ask(&log(), &seen, 0).await.contradiction, None);
    }
    // With our signature it is another matter.
    let answer = ask(&log(), &showing(larger.checkpoint().to_string()).await, 0).await;
    assert_eq!(answer.contradiction, Some((larger.checkpoint(), Seen::Larger { head: larger.head() })));
}

/// Claims a larger size, and shows this checkpoint for it.
async fn showing(checkpoint: String) -> Witness {
    let claim = axum::routing::post(async || {
        (axum::http::StatusCode::CONFLICT, [("content-type", "text/x.tlog.size")], "104\n")
    });
    let show = axum::routing::get(async move || checkpoint);
    let router = axum::Router::new().route("/add-checkpoint", claim).route("/{hash}/checkpoint", show);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router).into_future());
    witness(&address, PATIENCE)
}

/// It could be led around for ever, one size after the other.
#[tokio::test]
async fn a_witness_that_changes_its_mind_is_asked_three_times() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let mut times = 0_u64;
        while times < 3 {
            let (mut stream, _) = listener.accept().await.unwrap();
            request(&mut stream).await;
            times += 1;
            let _ = stream.write_all(&http("409 Conflict", "text/x.tlog.size", &format!("{}\n", 4 - times))).await;
        }
        // Nobody comes a fourth time: the client is done.
        listener
    });
    let answer = ask(&log(), &witness(&address, PATIENCE), 0).await;
    assert_eq!((answer.outcome, answer.forgot), (Outcome::Behind { size: 1 }, true));
    asked.await.unwrap();
}

/// The only test here that waits: for time-outs of a fifth of a second.
#[tokio::test]
async fn one_that_hangs_is_given_up_and_holds_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let log = log();
    let good = Running::start(dir.path(), &[&log.verifier()]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    let short = Duration::from_millis(200);
    let answers = round(&log, &[(&witness(&silent, short), 3), (&good.client(), 5)]).await;
    assert_eq!((&answers[0].outcome, answers[0].old), (&Outcome::Unreachable(Fault::TimedOut), 3));
    assert!(is_cosigned(&answers[1]), "{answers:?}");

    // By the round's time, where the connection's is longer.
    let (keys, checkpoint, proofs) = (log.keys(), log.checkpoint(), |old| log.proof(old));
    let ours = Ours { origin: log.origin(), keys: &keys, head: log.head(), proofs: &proofs };
    let round = Round { ours, checkpoint: &checkpoint, within: short };
    let answers = gather(&[Asked { witness: &witness(&silent, PATIENCE), old: 3 }], &round).await;
    assert_eq!((&answers[0].outcome, answers[0].old), (&Outcome::Unreachable(Fault::TimedOut), 3));
}

#[tokio::test]
async fn without_a_proof_of_our_own_nobody_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let log = log();
    let good = Running::start(dir.path(), &[&log.verifier()]);
    assert!(is_cosigned(&ask(&log.clone().cut(2), &good.client(), 0).await));
    let (keys, checkpoint) = (log.keys(), log.checkpoint());
    let ours = Ours { origin: log.origin(), keys: &keys, head: log.head(), proofs: &|_| None };
    let asked = Round { ours, checkpoint: &checkpoint, within: PATIENCE };
    let answers = gather(&[Asked { witness: &good.client(), old: 0 }], &asked).await;
    assert_eq!(answers[0].outcome, Outcome::NoProof { old: 2 });
    assert!(round(&log, &[]).await.is_empty());
}

/// OpenSSL as a web server, with a certificate of a CA that nobody knows unless told: the checkpoint comes, or nothing.
#[tokio::test]
async fn a_certificate_is_checked_against_the_ca_that_was_named() {
    if program("openssl").is_none() {
        return not_run("witnesses over TLS", "install openssl");
    }
    let dir = tempfile::tempdir().unwrap();
    let hash = data_encoding::HEXLOWER.encode(Hash::of(log().origin().as_bytes()).bytes());
    std::fs::create_dir(dir.path().join(&hash)).unwrap();
    std::fs::write(dir.path().join(hash).join("checkpoint"), log().checkpoint().to_string()).unwrap();
    std::fs::write(dir.path().join("ext"), "subjectAltName = IP:127.0.0.1\n").unwrap();
    for step in [
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=CA",
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key -out own.csr -subj /CN=witness",
        "x509 -req -in own.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out own.pem",
    ] {
        assert!(openssl(dir.path(), step).output().unwrap().status.success(), "{step}");
    }
    let serve = "s_server -accept 127.0.0.1:0 -cert own.pem -key own.key -WWW";
    let mut server = Killed(openssl(dir.path(), serve).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let port = lines.find_map(|line| Some(line.strip_prefix("ACCEPT 127.0.0.1:")?.to_owned())).unwrap();
    let ca = std::fs::read(dir.path().join("ca.pem")).unwrap();
    let latest = async |ca: Option<&[u8]>, host: &str| {
        let http = Http::new(ca, PATIENCE).unwrap();
        let key = cosigner().verifier().clone();
        Witness::new("tls", key, &format!("https://{host}:{port}"), &http).unwrap().latest(log().origin()).await
    };
    assert_eq!(latest(Some(&ca), "127.0.0.1").await, Ok(Some(log().checkpoint())));
    assert_eq!(latest(None, "127.0.0.1").await, Err(Fault::NoConnection), "a CA that is not known");
    assert_eq!(latest(Some(&ca), "localhost").await, Err(Fault::NoConnection), "a name that is not in it");
}

/// A process that does not outlive its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn openssl(dir: &Path, arguments: &str) -> Command {
    let mut command = Command::new("openssl");
    command.args(arguments.split(' ')).current_dir(dir).stderr(Stdio::null());
    command
}
