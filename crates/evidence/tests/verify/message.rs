//! A saved mail.

use crate::support::mail::{RECIPIENT, SENT, sealed};
use crate::support::{Log, opening, vkey, write};
use crate::{run, said, unnoticed};
use insta::assert_snapshot;
use std::path::Path;
use tempfile::TempDir;

fn saved() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let openings = (0..9).map(opening).chain([sealed()]).chain((10..20).map(opening));
    let log = Log::of(openings.collect());
    write(dir.path(), "mail.eml", SENT.as_bytes());
    write(dir.path(), "proof", log.proof(9, 20, &[]).to_string().as_bytes());
    write(dir.path(), "other", log.proof(8, 20, &[]).to_string().as_bytes());
    dir
}

fn check(dir: &Path, eml: &str, more: &[&str]) -> String {
    said(dir, &[&["message", eml, "--proof", "proof", "--key", &vkey(1)], more].concat())
}

#[test]
fn a_mail_is_what_was_put_on_record_for_this_reader() {
    let dir = saved();
    assert_snapshot!(check(dir.path(), "mail.eml", &["--to", " Mara@XN--bcher-kva.example"]), @"0 Proven: this mail, word for word, was put on record as sent by accounts@example.org to this address, as entry 9 of the log log.example.org/evidence at 20 entries; not proven: that nobody was shown another version of the log (unwitnessed), and that what the log records is true.");
    assert_snapshot!(check(dir.path(), "mail.eml", &["--to", RECIPIENT, "--json"]), @r#"0 {"at_micros":1768123800000000,"cosigned":[],"exit_code":0,"from":"accounts@example.org","index":9,"locale":"de","message":"msg_01kx4v9fjfr7gfqx0wzkkd6k3s","not_proven":["that nobody was shown another version of the log (unwitnessed)","that what the log records is true"],"origin":"log.example.org/evidence","result":"proven","root":"dG2JZd1z5y5LC9UAb9I6N6ofid8dgKECWAIE/BYxayc=","sentence":"Proven: this mail, word for word, was put on record as sent by accounts@example.org to this address, as entry 9 of the log log.example.org/evidence at 20 entries; not proven: that nobody was shown another version of the log (unwitnessed), and that what the log records is true.","size":20,"template":"recovery","witnessed":false}"#);
    assert_snapshot!(check(dir.path(), "mail.eml", &["--to", "noa@example.org"]), @"1 DISPROVEN: genuine text, issued to another address: treat it as phishing.");
    assert_snapshot!(check(dir.path(), "mail.eml", &["--to", "mara@bücher.example"]), @"2 Unreadable: --to: write the domain in its ASCII form (xn--…), as mail carries it.");
    assert_snapshot!(check(dir.path(), "mail.eml", &[]), @"3 Not enough: genuine text, issued to the address on its To line; name the address to which it came to you with --to, for a forger can write there what he likes.");
}

#[test]
fn a_forgers_mail_is_told_apart() {
    let dir = saved();
    let check_changed = |from: &str, to: &str| {
        assert!(SENT.contains(from));
        write(dir.path(), "forged.eml", SENT.replacen(from, to, 1).as_bytes());
        check(dir.path(), "forged.eml", &["--to", RECIPIENT])
    };
    assert_snapshot!(check_changed("R3LDvMOfZQ0KLg0K", "R3LDvMOfZQ0KLi4K"), @"1 DISPROVEN: the mail is not the one that was put on record: its subject, its sender's name, where answers go, or its text was changed.");
    assert_snapshot!(check_changed("accounts@example.org", "accounts@example.com"), @"1 DISPROVEN: the mail comes from another address than the one that was put on record (accounts@example.org).");
    assert_snapshot!(check_changed("Subject:", "Reply-To: m@example.com\r\nSubject:"), @"1 DISPROVEN: the mail is not the one that was put on record: its subject, its sender's name, where answers go, or its text was changed.");
    assert_snapshot!(check_changed("Subject:", "From: m@example.com\r\nSubject:"), @"1 DISPROVEN: the mail is not as it was sent: it has two From lines.");
    write(dir.path(), "forged.eml", SENT.replacen("To: mara@xn--bcher-kva", "To: noa@xn--bcher-kva", 1).as_bytes());
    assert_snapshot!(check(dir.path(), "forged.eml", &[]), @"3 Not enough: genuine text, but not issued to the address on its To line; unless --to, with the address to which it came to you, says otherwise, treat it as phishing.");
    assert_snapshot!(
        said(dir.path(), &["message", "mail.eml", "--proof", "other", "--key", &vkey(1), "--to", RECIPIENT]),
        @"1 DISPROVEN: it is no proof of a message: the entry seals no message; it is of another kind."
    );
}

#[test]
fn one_changed_bit_is_found() {
    let dir = saved();
    let key = vkey(1);
    let args = ["message", "mail.eml", "--proof", "proof", "--key", &key, "--to", RECIPIENT];
    assert_eq!(unnoticed(dir.path(), "proof", 3, &args), Vec::<usize>::new());
    let left = unnoticed(dir.path(), "mail.eml", 1, &args);
    // Lines that nobody is shown, and the case of letters in names.
    let bytes = SENT.as_bytes();
    let harmless = |at: usize| {
        let start = SENT[..at].rfind('\n').map_or(0, |line| line + 1);
        let line = &SENT[start..];
        let is_unseen = ["To:", "Date:", "Message-ID:", "MIME-Version:"].iter().any(|name| line.starts_with(name));
        let flipped = bytes[at] ^ (1 << (at % 8));
        is_unseen || flipped.eq_ignore_ascii_case(&bytes[at]) || bytes[at].is_ascii_whitespace()
    };
    let seen: Vec<(usize, &str)> = left.iter().filter(|at| !harmless(**at)).map(|at| (*at, &SENT[*at..])).collect();
    assert_eq!(seen, [], "changed, and still said to be as it was sent");
    assert_eq!(run(dir.path(), &args).0, 0);
}
