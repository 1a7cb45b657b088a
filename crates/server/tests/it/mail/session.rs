//! How a hand-over ends when the relay says no, says nothing, or goes away.

use super::sink::{Sink, not_run};
use super::{bytes, envelope, recovery, send};
use countersign::notify::{Outcome, Relay, RelaySettings, Stage};
use countersign::text::Locale;
use std::process::{Command, Stdio};
use std::time::Duration;

fn relay(sink: &Sink) -> Relay {
    Relay::new(RelaySettings::local(sink.port)).unwrap()
}

#[tokio::test]
async fn a_no_for_now_is_tried_again_and_a_never_is_not() {
    let Some(sink) = Sink::start(&[]) else { return };
    let relay = relay(&sink);
    let mut seen = Vec::new();
    for to in ["later@example.org", "never@example.org", "full@example.org", "spam@example.org", "mara@example.org"] {
        let (outcome, announced) = send(&relay, to).await;
        seen.push(format!("{} announced={announced} {outcome:?}", to.split('@').next().unwrap()));
    }
    insta::assert_snapshot!(seen.join("\n"), @r#"
    later announced=false Retry(Reason { stage: Recipient, fault: Reply(Reply { code: 450, enhanced: Some("4.2.0") }) })
    never announced=false Refused(Reason { stage: Recipient, fault: Reply(Reply { code: 550, enhanced: Some("5.1.1") }) })
    full announced=true Retry(Reason { stage: Content, fault: Reply(Reply { code: 452, enhanced: Some("4.3.1") }) })
    spam announced=true Refused(Reason { stage: Content, fault: Reply(Reply { code: 554, enhanced: Some("5.7.1") }) })
    mara announced=true Sent(Reply { code: 250, enhanced: Some("2.0.0") })
    "#);
    assert!(!seen.concat().contains("example.org"), "replies repeat the address, reasons do not");
    let kept = sink.kept();
    assert_eq!((kept.len(), &kept[0].facts["connection"]), (1, &1.into()), "a no does not cost the connection");
}

#[tokio::test]
async fn a_relay_that_vanishes_after_the_content_leaves_us_unsure() {
    let Some(sink) = Sink::start(&[]) else { return };
    let relay = relay(&sink);
    let (outcome, announced) = send(&relay, "vanish@example.org").await;
    let Outcome::Unknown(reason) = outcome else { panic!("{outcome:?}") };
    assert_eq!((reason.stage, announced), (Stage::Content, true));
    assert_eq!(sink.kept().len(), 1, "this one did take it");
    assert!(matches!(send(&relay, "mara@example.org").await, (Outcome::Sent(_), true)));
}

#[tokio::test]
async fn a_connection_that_died_while_idle_is_replaced() {
    let Some(sink) = Sink::start(&[]) else { return };
    let relay = relay(&sink);
    for _ in 0..3 {
        assert!(matches!(send(&relay, "once@example.org").await, (Outcome::Sent(_), true)));
    }
    assert_eq!(sink.kept()[2].facts["connection"], 3);
}

#[tokio::test]
async fn what_the_outbox_cannot_record_is_not_sent() {
    let Some(sink) = Sink::start(&[]) else { return };
    let relay = relay(&sink);
    let content = bytes(&recovery(), "mara@example.org", Locale::En, &[]);
    let failed = relay.hand_over(&envelope("mara@example.org"), &content, async || Err("the database is away")).await;
    assert_eq!(failed, Err("the database is away"));
    assert!(matches!(send(&relay, "mara@example.org").await, (Outcome::Sent(_), true)));
    assert_eq!(sink.kept().len(), 1);
}

#[tokio::test]
async fn the_relay_gets_the_bytes_that_were_built() {
    let Some(sink) = Sink::start(&[]) else { return };
    assert!(matches!(send(&relay(&sink), "mara@example.org").await, (Outcome::Sent(_), true)));
    let built = bytes(&recovery(), "mara@example.org", Locale::En, &[]);
    // The mail library ends the content with an empty line of its own.
    assert_eq!(sink.kept()[0].bytes().trim_ascii_end(), built.trim_ascii_end());
}

#[tokio::test]
async fn many_at_once_share_few_connections() {
    let Some(sink) = Sink::start(&[]) else { return };
    let relay = relay(&sink);
    let sends = (0..20).map(|n| {
        let relay = relay.clone();
        tokio::spawn(
            async move { matches!(send(&relay, &format!("m{n}@example.org")).await, (Outcome::Sent(_), true)) },
        )
    });
    let sends: Vec<_> = sends.collect();
    for sent in sends {
        assert!(sent.await.unwrap());
    }
    let highest = sink.kept().iter().map(|mail| mail.facts["connection"].as_u64().unwrap()).max();
    assert_eq!(sink.kept().len(), 20);
    assert!(highest <= Some(2), "{highest:?}");
}

#[tokio::test]
async fn nobody_there_is_a_plain_retry() {
    // Port 9 on loopback: discard, which no machine of ours runs.
    let (outcome, announced) = send(&Relay::new(RelaySettings::local(9)).unwrap(), "mara@example.org").await;
    assert!(matches!(&outcome, Outcome::Retry(reason) if reason.stage == Stage::Connect), "{outcome:?}");
    assert!(!announced);
}

#[tokio::test]
async fn a_silent_relay_is_given_up_in_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let settings = RelaySettings { connect_timeout: Duration::from_millis(50), ..RelaySettings::local(port) };
    let (outcome, _) = send(&Relay::new(settings).unwrap(), "mara@example.org").await;
    let Outcome::Retry(reason) = outcome else { panic!("{outcome:?}") };
    assert_eq!(reason.to_string(), "connect: no reply in time");
}

#[tokio::test]
async fn postfix_takes_it_too() {
    let path = ["/usr/sbin/smtp-sink", "/usr/lib/postfix/sbin/smtp-sink"]
        .into_iter()
        .find(|p| std::path::Path::new(p).exists());
    let Some(path) = path else { return not_run("mail against Postfix's smtp-sink", "install postfix") };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let mut child = Command::new(path).args(as_root()).args([&address, "10"]).stderr(Stdio::null()).spawn().unwrap();
    while std::net::TcpStream::connect(&address).is_err() {
        assert!(child.try_wait().unwrap().is_none(), "smtp-sink ended");
        tokio::task::yield_now().await;
    }
    let relay = Relay::new(RelaySettings::local(port)).unwrap();
    for _ in 0..3 {
        assert!(matches!(send(&relay, "mara@example.org").await, (Outcome::Sent(_), true)));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// smtp-sink wants to be told whom to become if it is started by root, and only then.
fn as_root() -> &'static [&'static str] {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout == b"0\n" { &["-u", "root"] } else { &[] }
}
