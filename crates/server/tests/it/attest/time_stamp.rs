//! Time stamps by OpenSSL's own authority (`openssl ts -reply`), checked by OpenSSL (`openssl ts -verify`).

use super::http;
use super::log::TestLog;
use crate::log::{append, grow};
use crate::support::db::Db;
use crate::support::house::House;
use crate::support::{not_run, program};
use axum::extract::State;
use countersign::attest::time_stamp::{BadReply, Question};
use countersign::attest::{Authority, Fault, NotStamped};
use countersign::flows::log::start;
use countersign::jobs::time_stamps::{stamp_if_due, stamp_now};
use countersign::store::log as rows;
use countersign_core::time::Timestamp;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use tokio::net::TcpListener;

const CONFIG: &str = "
[tsa]
default_tsa = us
[us]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
certs = ca.pem
[strict]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha512
";

/// An authority of our own: a CA, a certificate that may time-stamp, and openssl.
struct Tsa {
    dir: tempfile::TempDir,
}

impl Tsa {
    fn new() -> Option<Self> {
        if program("openssl").is_none() {
            not_run("time stamps by OpenSSL", "install openssl");
            return None;
        }
        let tsa = Self { dir: tempfile::tempdir().unwrap() };
        tsa.write("tsa.cnf", CONFIG.as_bytes());
        tsa.write("serial", b"01\n");
        tsa.write("ext", b"extendedKeyUsage = critical,timeStamping\n");
        tsa.run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=CA");
        tsa.run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tsa.key -out tsa.csr -subj /CN=TSA");
        tsa.run("x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out tsa.pem");
        Some(tsa)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn run(&self, arguments: &str) -> Output {
        let output = openssl(self.dir.path(), arguments);
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn reply(&self, request: &[u8], section: &str) -> Vec<u8> {
        self.write("request.tsq", request);
        let keys = "-signer tsa.pem -inkey tsa.key -queryfile request.tsq -out reply.tsr";
        self.run(&format!("ts -reply -config tsa.cnf -section {section} {keys}"));
        std::fs::read(self.path("reply.tsr")).unwrap()
    }

    /// Whether OpenSSL takes the stamp for one of these bytes.
    fn verifies(&self, reply: &[u8], data: &[u8]) -> bool {
        self.write("kept.tsr", reply);
        self.write("kept", data);
        let output = openssl(self.dir.path(), "ts -verify -in kept.tsr -data kept -CAfile ca.pem");
        output.status.success()
    }

    /// The time that OpenSSL reads out of a stamp.
    fn time(&self, reply: &[u8]) -> Timestamp {
        self.write("kept.tsr", reply);
        let text = String::from_utf8(self.run("ts -reply -in kept.tsr -text").stdout).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("Time stamp: ")).unwrap();
        let time = jiff::fmt::strtime::parse("%b %d %H:%M:%S %Y GMT", line).unwrap().to_datetime().unwrap();
        Timestamp::from_secs(time.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_second())
    }

    /// Answers by HTTP.
    async fn serve(self: &Arc<Self>) -> Authority {
        let answer = async |State(tsa): State<Arc<Self>>, body: axum::body::Bytes| {
            ([("content-type", "application/timestamp-reply")], tsa.reply(&body, "us"))
        };
        listening(axum::Router::new().route("/tsa", axum::routing::post(answer)).with_state(Arc::clone(self))).await
    }
}

fn openssl(dir: &Path, arguments: &str) -> Output {
    Command::new("openssl").args(arguments.split(' ')).current_dir(dir).output().unwrap()
}

async fn listening(router: axum::Router) -> Authority {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/tsa", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router).into_future());
    Authority::new(&url, &http()).unwrap()
}

#[tokio::test]
async fn openssl_stamps_a_checkpoint_and_verifies_it() {
    let Some(tsa) = Tsa::new().map(Arc::new) else { return };
    let checkpoint = TestLog::new(1).grown(5, "a").checkpoint().to_string();
    let authority = tsa.serve().await;
    // Nonces that are short, that begin with a set bit, that end with zeros.
    for nonce in [1, 0x80, u64::MAX, 1 << 63, 0x0123_4567_89ab_cd00] {
        let stamp = authority.stamp(checkpoint.as_bytes(), nonce).await.unwrap();
        assert!(tsa.verifies(&stamp.reply, checkpoint.as_bytes()));
        assert_eq!(stamp.at, tsa.time(&stamp.reply));
        assert!(!tsa.verifies(&stamp.reply, checkpoint.replace("\n5\n", "\n6\n").as_bytes()), "an altered checkpoint");
    }
    tsa.write("request.tsq", &Question::about(checkpoint.as_bytes(), 7).request());
    let text = String::from_utf8(tsa.run("ts -query -in request.tsq -text").stdout).unwrap();
    insta::assert_snapshot!(text.lines().filter(|line| !line.starts_with("    ")).collect::<Vec<_>>().join("\n"), @r"
    Version: 1
    Hash Algorithm: sha256
    Message data:
    Policy OID: unspecified
    Nonce: 0x07
    Certificate required: yes
    Extensions:
    ");
}

#[tokio::test]
async fn answers_to_other_questions_are_refused() {
    let Some(tsa) = Tsa::new() else { return };
    let ours = Question::about(b"ours", 7);
    let good = tsa.reply(&ours.request(), "us");
    assert_eq!(ours.answered(&good).map(|stamp| stamp.at), Ok(tsa.time(&good)));
    assert_eq!(Question { nonce: 8, ..ours }.answered(&good), Err(BadReply::OtherNonce));
    assert_eq!(Question::about(b"others", 7).answered(&good), Err(BadReply::OtherDigest));

    tsa.write("ours", b"ours");
    tsa.run("ts -query -data ours -sha256 -no_nonce -cert -out plain.tsq");
    let without_nonce = tsa.reply(&std::fs::read(tsa.path("plain.tsq")).unwrap(), "us");
    assert_eq!(ours.answered(&without_nonce), Err(BadReply::OtherNonce));
    let asked = ours.request();
    // The same, but without `certReq`.
    let mut silent = asked[..asked.len() - 3].to_vec();
    silent[1] -= 3;
    assert_eq!(ours.answered(&tsa.reply(&silent, "us")), Err(BadReply::NoCertificate));
    let rejected = Err(BadReply::Rejected { status: 2, reason: "badAlg" });
    assert_eq!(ours.answered(&tsa.reply(&asked, "strict")), rejected);
}

#[tokio::test]
async fn bytes_that_are_cut_or_changed_are_refused_or_fail_openssl() {
    let Some(tsa) = Tsa::new() else { return };
    let ours = Question::about(b"ours", 7);
    let good = tsa.reply(&ours.request(), "us");
    for length in 0..good.len() {
        assert!(ours.answered(&good[..length]).is_err(), "cut off at {length}");
    }
    assert!(ours.answered(&[&good[..], &[0]].concat()).is_err(), "something behind it");
    // A changed byte is either seen here, or in a part that the signature covers: then OpenSSL sees it.
    let unseen: Vec<usize> = (0..good.len()).filter(|at| ours.answered(&changed(&good, *at)).is_ok()).collect();
    assert!(unseen.len() < good.len());
    let step = (unseen.len() / 40).max(1);
    for at in unseen.into_iter().step_by(step) {
        // Status 0 and 1 are both "granted"; the status is not signed.
        let verified = tsa.verifies(&changed(&good, at), b"ours");
        assert!(!verified || openssl_reads_alike(&tsa, &good, at), "byte {at}");
    }
}

fn changed(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

/// Some bytes carry nothing: OpenSSL reads the same token out of them, time and digest included.
fn openssl_reads_alike(tsa: &Tsa, good: &[u8], at: usize) -> bool {
    tsa.time(good) == tsa.time(&changed(good, at))
}

#[tokio::test]
async fn what_is_no_time_stamp_is_refused() {
    let html = axum::Router::new().route("/tsa", axum::routing::post(async || "<html>"));
    let stamped = listening(html).await.stamp(b"x", 1).await;
    assert_eq!(stamped, Err(Fault::Garbled("its type is not application/timestamp-reply").into()));
    let junk = axum::routing::post(async || ([("content-type", "application/timestamp-reply")], "junk"));
    let stamped = listening(axum::Router::new().route("/tsa", junk)).await.stamp(b"x", 1).await;
    assert!(matches!(stamped, Err(NotStamped::Reply(BadReply::Form(_)))));
    let stamped = listening(axum::Router::new()).await.stamp(b"x", 1).await;
    assert_eq!(stamped, Err(NotStamped::Fault(Fault::Status(404))));
    assert!(Authority::new("ftp://tsa.example.org", &http()).is_err());
}

#[tokio::test]
async fn a_running_log_is_stamped_when_it_is_time_and_the_stamp_is_kept() {
    let Some(tsa) = Tsa::new().map(Arc::new) else { return };
    let authority = tsa.serve().await;
    let house = House::new(Db::sqlite()).await;
    start::start(&house.app, None).await.unwrap();
    assert!(!stamp_if_due(&house.app, &authority).await.unwrap(), "there is nothing in the log");
    append(&house.app, 3).await;
    grow(&house.app).await;
    assert!(stamp_if_due(&house.app, &authority).await.unwrap());
    let stamps = rows::stamps(&mut house.db.conn().await).await.unwrap();
    assert_eq!((stamps.len(), stamps[0].size), (1, 4));
    assert!(tsa.verifies(&stamps[0].token, stamps[0].checkpoint.as_bytes()));
    // The house's clock stands in January 2026: the authority's time is later, and the stamp is young for a while.
    append(&house.app, 1).await;
    grow(&house.app).await;
    assert!(!stamp_if_due(&house.app, &authority).await.unwrap());
    assert_eq!(stamp_now(&house.app, &authority).await.unwrap().size, 6);
    assert_eq!(house.kinds().await.iter().filter(|kind| *kind == "log.time_stamped").count(), 2);
}
