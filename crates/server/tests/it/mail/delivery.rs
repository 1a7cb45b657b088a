//! What arrives: the message that a stranger's tools read, its signatures, TLS and login on the way.

use super::sink::{Sink, openssl};
use super::{bytes, envelope, not_me, recovery, send};
use countersign::notify::dkim::Signer;
use countersign::notify::{Login, Outcome, Reason, Relay, RelaySettings, Security, Stage};
use countersign::text::Locale;
use countersign_core::secret::SecretText;
use std::convert::Infallible;
use std::path::Path;

/// One key of each kind, made by OpenSSL; `None` without it.
fn signers(dir: &Path) -> Option<[Signer; 2]> {
    let file = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", &file("rsa")])?;
    openssl(&["genpkey", "-algorithm", "ED25519", "-out", &file("ed")])?;
    let read = |name: &str| SecretText::new(std::fs::read_to_string(dir.join(name)).unwrap());
    let signer = |selector, name| Signer::from_pem("example.org", selector, &read(name)).unwrap();
    Some([signer("r1", "rsa"), signer("e1", "ed")])
}

#[tokio::test]
async fn a_signed_message_arrives_and_is_read_as_it_was_meant() {
    let Some(sink) = Sink::start(&[]) else { return };
    let keys = tempfile::tempdir().unwrap();
    let Some(signers) = signers(keys.path()) else { return };
    let relay = Relay::new(RelaySettings::local(sink.port)).unwrap();
    for (values, locale) in [(recovery(), Locale::En), (recovery(), Locale::Ar), (not_me(), Locale::Ja)] {
        let content = bytes(&values, "mara@example.org", locale, &signers);
        assert_eq!(content, bytes(&values, "mara@example.org", locale, &signers), "a second try sends the same");
        let handed = relay.hand_over(&envelope("mara@example.org"), &content, async || Ok::<(), Infallible>(())).await;
        assert!(matches!(handed, Ok(Outcome::Sent(_))), "{handed:?}");
    }
    let records = signers.map(|signer| format!("{}={}", signer.dns_name(), signer.dns_record()));
    let kept = sink.kept();
    assert_eq!(kept.len(), 3);
    for mail in &kept {
        assert_eq!(mail.facts["connection"], 1, "one connection carries them all");
        let Some(read) = mail.check(&records) else { return };
        assert_eq!(read["dkim"], serde_json::json!([true, true]));
        assert_ne!(read["dkim_of_forged"][0], true, "a second From breaks the signature");
        assert_ne!(read["dkim_of_forged"][1], true);
        assert_eq!(read["defects"], serde_json::json!([]));
        assert_eq!(read["type"], "multipart/alternative");
    }
    let Some(read) = kept[0].check(&records) else { return };
    let header = ["subject", "from", "to", "date", "id", "language", "auto"].map(|name| read[name].as_str().unwrap());
    insta::assert_snapshot!(header.join("\n"), @r"
    Set a new password for Example
    Example <accounts@example.org>
    mara@example.org
    Sun, 11 Jan 2026 09:30:00 +0000
    <msg_01kx4v9fjfr7gfqx0wzkkd6k3s@example.org>
    en
    auto-generated
    ");
    assert!(read["text"].as_str().unwrap().contains("4071 8352"));
    assert!(read["html"].as_str().unwrap().contains("/r/Zm9yLXRlc3RzLW9ubHk"));
}

/// A certificate for 127.0.0.1 that signs itself.
fn certificate(dir: &Path) -> Option<(String, String)> {
    let file = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    let (cert, key) = (file("cert.pem"), file("key.pem"));
    let names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    let what = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
    let leaf = ["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", &key, "-out", &cert];
    openssl(&[&what[..], &names, &leaf].concat())?;
    Some((cert, key))
}

fn login(password: &str) -> Option<Login> {
    Some(Login { user: "countersign".to_owned(), password: SecretText::new(password) })
}

async fn over_tls(security: Security, extra: &[&str]) {
    let certs = tempfile::tempdir().unwrap();
    let Some((cert, key)) = certificate(certs.path()) else { return };
    let args = ["--cert", &cert, "--key", &key, "--user", "countersign", "--password", "correct horse"];
    let Some(sink) = Sink::start(&[&args[..], extra].concat()) else { return };
    let ca_pem = Some(std::fs::read(&cert).unwrap());
    let settings = RelaySettings { security, ca_pem, login: login("correct horse"), ..RelaySettings::local(sink.port) };

    let good = Relay::new(settings.clone()).unwrap();
    assert_eq!(good.check().await, Ok(()));
    assert!(matches!(send(&good, "mara@example.org").await, (Outcome::Sent(_), true)));
    let kept = sink.kept();
    assert_eq!((&kept[0].facts["tls"], &kept[0].facts["login"]), (&true.into(), &"countersign".into()));

    let stranger = Relay::new(RelaySettings { ca_pem: None, ..settings.clone() }).unwrap();
    let (outcome, announced) = send(&stranger, "mara@example.org").await;
    let Outcome::Retry(Reason { stage: Stage::Connect, .. }) = outcome else { panic!("{outcome:?}") };
    assert!(!announced, "an unknown certificate gets nothing");

    let wrong = Relay::new(RelaySettings { login: login("wrong"), ..settings }).unwrap();
    let (outcome, announced) = send(&wrong, "mara@example.org").await;
    let Outcome::Retry(reason) = outcome else { panic!("a wrong password is not the recipient's fault: {outcome:?}") };
    assert_eq!((reason.stage, reason.code(), announced), (Stage::Login, Some(535), false));
    assert_eq!(sink.kept().len(), 1);
}

#[tokio::test]
async fn starttls_and_login() {
    over_tls(Security::StartTls, &[]).await;
}

#[tokio::test]
async fn tls_from_the_first_byte_and_login() {
    over_tls(Security::Tls, &["--tls"]).await;
}

#[tokio::test]
async fn a_relay_without_starttls_gets_nothing() {
    let Some(sink) = Sink::start(&[]) else { return };
    let settings = RelaySettings { security: Security::StartTls, ..RelaySettings::local(sink.port) };
    let (outcome, announced) = send(&Relay::new(settings).unwrap(), "mara@example.org").await;
    let Outcome::Retry(reason) = outcome else { panic!("{outcome:?}") };
    assert_eq!(reason.to_string(), "connect: the relay does not offer what the settings ask for");
    assert!(!announced && sink.kept().is_empty());
}
