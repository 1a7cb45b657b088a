//! Policies as the specification writes them, and what is refused.

use super::{BadLine, Policy};
use crate::cosignature::cosign;
use crate::note::{Algorithm, Note, SigningKey};
use proptest::prelude::*;

fn witness(seed: u8) -> SigningKey {
    SigningKey::from_seed("witness.example.org", Algorithm::CosignatureV1, &[seed; 32]).unwrap()
}

fn log() -> SigningKey {
    SigningKey::from_seed("log.example.org/evidence", Algorithm::Ed25519, &[100; 32]).unwrap()
}

/// The example of the specification, with keys.
fn example() -> String {
    let w = |name: &str, seed| format!("witness {name} {}\n", witness(seed).verifier());
    format!(
        "log {} https://log.example.org/evidence\n\n{}{}{}group X-witnesses 2 X1 X2 X3\n# more\n{}{}\t{}group \
         Y-witnesses  any Y1 Y2 Y3\n group X-and-Y all X-witnesses Y-witnesses \nquorum X-and-Y\n",
        log().verifier(),
        w("X1", 1),
        w("X2", 2),
        w("X3", 3),
        w("Y1", 4),
        w("Y2", 5),
        w("Y3", 6),
    )
}

fn noted(seeds: &[u8]) -> Note {
    let text = "log.example.org/evidence\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n".to_owned();
    let signatures = seeds.iter().map(|seed| cosign(&witness(*seed), &text, 1_768_123_800 + u64::from(*seed)));
    Note { signatures: signatures.collect(), text }
}

#[test]
fn the_example_of_the_specification_decides() {
    let policy = Policy::parse(&example()).unwrap();
    assert_eq!((policy.logs().len(), policy.witnesses().len(), policy.needs_witnesses()), (1, 6, true));
    assert_eq!(policy.logs()[0].url.as_deref(), Some("https://log.example.org/evidence"));
    for (seeds, reached) in [
        (&[][..], false),
        (&[1, 2], false),
        (&[1, 4], false),
        (&[4, 5, 6], false),
        (&[1, 3, 5], true),
        (&[1, 1, 4], false),
        (&[1, 2, 3, 4, 5, 6], true),
        (&[1, 2, 77], false),
    ] {
        assert_eq!(policy.judge(&noted(seeds)).unwrap().reached, reached, "{seeds:?}");
    }
    let judged = policy.judge(&noted(&[6, 2])).unwrap();
    assert_eq!(judged.cosigned, [("X2".to_owned(), 1_768_123_802), ("Y3".to_owned(), 1_768_123_806)]);
}

#[test]
fn a_forged_cosignature_spoils_the_note_and_an_unknown_one_does_not_count() {
    let policy = Policy::parse(&example()).unwrap();
    let mut note = noted(&[1, 2, 4]);
    note.signatures[0].bytes[20] ^= 1;
    assert!(policy.judge(&note).is_err());
    let unknown = policy.judge(&noted(&[9])).unwrap();
    assert!(unknown.cosigned.is_empty() && !unknown.reached);
}

#[test]
fn without_witnesses_nothing_is_needed() {
    for policy in [Policy::none(), Policy::parse("quorum none").unwrap()] {
        let judged = policy.judge(&noted(&[])).unwrap();
        assert!(judged.reached && !judged.needs_witnesses);
    }
    assert_eq!(Policy::none().to_string(), "quorum none\n");
}

#[test]
fn it_reads_back() {
    let policy = Policy::parse(&example()).unwrap();
    assert_eq!(Policy::parse(&policy.to_string()).unwrap(), policy);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let (a, b) = (witness(1).verifier().to_string(), witness(2).verifier().to_string());
    let log = log().verifier().to_string();
    let two = format!("witness a {a}\nwitness b {b}\n");
    let name = |name: &str| name.to_owned();
    for (text, line, what) in [
        (String::new(), 1, BadLine::NoQuorum),
        (format!("{two}# no quorum\n"), 4, BadLine::NoQuorum),
        (name("quorum none\nquorum none"), 2, BadLine::QuorumTwice),
        (name("quorum a"), 1, BadLine::Unknown(name("a"))),
        (format!("quorum a\n{two}"), 1, BadLine::Unknown(name("a"))),
        (format!("{two}group g any a none"), 3, BadLine::Unknown(name("none"))),
        (format!("{two}group g any g"), 3, BadLine::Unknown(name("g"))),
        (format!("{two}group g 0 a b"), 3, BadLine::Threshold),
        (format!("{two}group g 3 a b"), 3, BadLine::Threshold),
        (format!("{two}group g 01 a b"), 3, BadLine::Threshold),
        (format!("{two}group g some a b"), 3, BadLine::Threshold),
        (format!("{two}group g all"), 3, BadLine::Threshold),
        (format!("{two}group g any a a"), 3, BadLine::MemberTwice(name("a"))),
        (format!("{two}group g any a\ngroup h any a"), 4, BadLine::MemberTwice(name("a"))),
        (format!("{two}group a any b"), 3, BadLine::NameTwice(name("a"))),
        (format!("{two}witness a {a}"), 3, BadLine::NameTwice(name("a"))),
        (format!("{two}witness c {a}"), 3, BadLine::KeyTwice),
        (format!("log {log}\nlog {log}"), 2, BadLine::KeyTwice),
        (format!("witness none {a}"), 1, BadLine::NameTwice(name("none"))),
        (format!("witness a {log}"), 1, BadLine::KeyType),
        (format!("log {a}"), 1, BadLine::KeyType),
        (name("log x"), 1, BadLine::Key(crate::note::BadKey::Form)),
        (name("log"), 1, BadLine::Form("log <vkey> [<url>]")),
        (name("Quorum none"), 1, BadLine::Word),
        (name("quorum none\r\n"), 1, BadLine::Control),
        (" ".repeat(super::MOST_BYTES + 1), 1, BadLine::TooLong),
    ] {
        let bad = Policy::parse(&text).unwrap_err();
        assert_eq!((bad.line, bad.what), (line, what), "{text}");
    }
}

#[test]
fn there_is_an_end_to_it() {
    let witnesses: String = (0..=64).map(|seed| format!("witness w{seed} {}\n", witness(seed).verifier())).collect();
    let bad = Policy::parse(&witnesses).unwrap_err();
    assert_eq!((bad.line, bad.what), (65, BadLine::TooMany));
}

proptest! {
    #[test]
    fn the_quorum_is_what_its_words_say(there: [bool; 5], k in 1_usize..=3) {
        let lines: String = (0..5).map(|w| format!("witness w{w} {}\n", witness(w + 1).verifier())).collect();
        let text = format!("{lines}group g {k} w0 w1 w2\ngroup h all g w3\nquorum h\n");
        let policy = Policy::parse(&text).unwrap();
        let seeds: Vec<u8> = (0..5).filter(|w| there[usize::from(*w)]).map(|w| w + 1).collect();
        let expected = there[..3].iter().filter(|t| **t).count() >= k && there[3];
        prop_assert_eq!(policy.judge(&noted(&seeds)).unwrap().reached, expected);
    }

    #[test]
    fn no_text_makes_it_panic(
        text in "\\PC{0,60}|((log|witness|group|quorum|all|any|none|2|a|b) ?|\n|\t|#){0,40}"
    ) {
        if let Ok(policy) = Policy::parse(&text) {
            prop_assert_eq!(Policy::parse(&policy.to_string()).unwrap(), policy);
        }
    }
}
