//! From the outbox over a real relay to a saved mail, and back: the mail is the one that was sealed, a forged one is not.

use crate::mail::sink::Sink;
use crate::support::site::Site;
use crate::support::verifier;
use countersign::flows::client::Client;
use countersign::flows::recover::{self, Ask, Door};
use countersign::flows::{dispatch, seal};
use countersign::jobs::Jobs;
use countersign::serve;
use countersign_core::message::CountersignCode;
use countersign_evidence::Opening;
use countersign_evidence::message::Eml;
use countersign_evidence::proof::ProofFile;
use countersign_evidence::sealed::Sealed;
use std::path::{Path, PathBuf};
use std::process::Command;

const SAM: &str = "sam@example.org";

/// The code that a mail says it has.
fn code_in(text: &str) -> CountersignCode {
    let is_code = |word: &&str| word.len() == 14 && word.bytes().filter(|b| *b == b'-').count() == 2;
    CountersignCode::parse(text.split_whitespace().find(is_code).unwrap()).unwrap()
}

#[tokio::test]
async fn a_saved_mail_is_recognised_and_a_forged_one_with_its_code_is_not() {
    let Some(sink) = Sink::start(&[]) else { return };
    let port = sink.port.to_string();
    let site = Site::start(&[
        ("COUNTERSIGN_MAIL__HOST", "127.0.0.1"),
        ("COUNTERSIGN_MAIL__PORT", &port),
        ("COUNTERSIGN_MAIL__SECURITY", "none"),
        ("COUNTERSIGN_MAIL__FROM_ADDRESS", "Accounts@example.org"),
        (
            "COUNTERSIGN_MAIL__FROM_NAME",
            "Grüße  vom Dienst, der einen Namen hat, welcher viel zu lang für einen Absender ist",
        ),
        ("COUNTERSIGN_MAIL__REPLY_TO", "help@example.org"),
    ])
    .await;
    site.add_account(SAM).await;
    let client = Client { ip: [192, 0, 2, 7].into(), user_agent: String::new(), device: None, locale: None };
    let ask = Ask { identifier: SAM.into(), client, proof: None, door: Door::Api };
    recover::request(&site.app, ask).await.unwrap();
    dispatch::decide_batch(&site.app).await.unwrap();
    // Jobs that are told to stop finish what they find.
    Jobs::start(&site.app, serve::outside(&site.app).unwrap()).stop().await;
    site.grow().await;

    let saved = sink.kept()[0].bytes();
    let mail = Eml::read(&saved).unwrap();
    let code = code_in(mail.mail().text);
    let path = format!("/evidence/message/{}", seal::code_digest(&code).to_hex());
    let web = crate::support::web().build().unwrap();
    let proof = web.get(format!("{}{path}", site.origin)).send().await.unwrap().text().await.unwrap();
    let proof = ProofFile::parse(&proof).unwrap();
    let opening = Opening::decode(proof.extra.as_ref().unwrap()).unwrap();
    assert!(proof.verify(&opening.commitment().leaf(), &[site.app.log.key().verifier().clone()]).is_ok());
    let sealed = Sealed::read(&opening).unwrap();
    assert!(sealed.is_of(&mail.mail()), "what arrived is what was sealed");
    assert!(sealed.has_code(&code.to_string()) && sealed.is_for(SAM) && !sealed.is_for("mara@example.org"));

    let forged = forgeries(&saved);
    for forged in &forged {
        assert!(!Eml::read(forged).is_ok_and(|mail| sealed.is_of(&mail.mail())), "{}", String::from_utf8_lossy(forged));
    }

    let Some(program) = verifier("a saved mail against countersign-verify") else { return };
    let dir = tempfile::tempdir().unwrap();
    let proof = write(dir.path(), "message.tlog-proof", proof.to_string().as_bytes());
    let key = site.app.log.key().verifier().to_string();
    let judge = |mail: &[u8], to: &str| {
        let mail = write(dir.path(), "mail.eml", mail);
        let run = Command::new(&program)
            .arg("message")
            .arg(mail)
            .arg("--proof")
            .arg(&proof)
            .args(["--to", to, "--key", &key])
            .output();
        let output = run.unwrap();
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (code, said) = judge(&saved, "Sam@Example.org");
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = judge(&saved, "mara@example.org");
    assert!(code == Some(1) && said.contains("issued to another address"), "{code:?} {said}");
    for forged in &forged {
        assert_eq!(judge(forged, SAM).0, Some(1));
    }
}

/// The phisher keeps the code, and puts in a link, a subject, a sender or an answer address of their own.
fn forgeries(saved: &[u8]) -> Vec<Vec<u8>> {
    let text = std::str::from_utf8(saved).unwrap();
    let changes = [
        ("Subject: ", "Subject: Urgent: "),
        ("<Accounts@example.org>", "<accounts@example.net>"),
        ("Reply-To: help@example.org", "Reply-To: help@example.net"),
        ("/r/", "/x/"),
        ("</body>", "<p>Call +1 555 0100</p></body>"),
    ];
    let change = |(ours, theirs): (&str, &str)| {
        assert!(text.contains(ours), "{ours}: {text}");
        text.replacen(ours, theirs, 1).into_bytes()
    };
    changes.map(change).into()
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}
