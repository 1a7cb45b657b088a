//! The same leak in one piece and in many, by one thread and by several, gives the same.

use super::*;
use countersign_core::expose::index::{Entry, FORMER, Index, Stale};
use countersign_core::expose::key::Kind;
use countersign_core::expose::layout::{Column, Format, Sure};
use countersign_core::expose::matching::Field;
use countersign_core::expose::normal::{self, Email};
use countersign_core::expose::read::Fault;
use std::fmt::Write as _;

fn layout() -> Layout {
    let column = |(name, field): (&str, Field)| Column {
        name: name.into(),
        field: Some(field),
        sure: Sure::Told,
        shapes: vec![],
    };
    let fields =
        [("email", Field::Email), ("phone", Field::Phone), ("user", Field::UserName), ("country", Field::Country)];
    Layout { format: Format::Delimited { delimiter: b',', header: true }, columns: fields.map(column).into() }
}

fn key() -> HashKey {
    HashKey::new(&[4; 16])
}

fn mail(text: &str) -> impl Iterator<Item = countersign_core::expose::key::Hashed> {
    let mut email = Email::default();
    assert!(normal::email(text.as_bytes(), &mut email), "{text}");
    key().email(&email).all()
}

/// Accounts 0 to 999 with an address, a phone number and a name each; 1000 shares 7's number.
fn index() -> Index {
    let mut entries = vec![];
    for account in 0..1000_u32 {
        entries.extend(mail(&format!("user{account}@example.org")).map(|hash| Entry { hash, account }));
        let phone = format!("+1555010{account:04}");
        entries.push(Entry { hash: key().hash(Kind::Phone, phone.as_bytes()), account });
        entries.push(Entry { hash: key().hash(Kind::UserName, format!("name{account}").as_bytes()), account });
    }
    entries.push(Entry { hash: key().hash(Kind::Phone, b"+15550100007"), account: 1000 });
    entries.extend(mail("old@example.org").map(|hash| Entry { hash, account: FORMER + 3 }));
    Index::of(entries)
}

fn matched(index: &Index, text: &[u8], threads: usize, block: Option<usize>) -> Findings {
    let (layout, key, fresh, stale) = (layout(), key(), Index::empty(), Stale::new());
    let view = View { base: index, fresh: &fresh, stale: &stale };
    let plan = Plan { layout: &layout, region: None, view, key: &key, accounts: 1001, formers: 4, threads };
    let feed = match block {
        None => Feed::Whole(text),
        Some(size) => Feed::Blocks(Box::new(text.chunks(size).map(|block| Ok(block.to_vec())))),
    };
    let watch = Watch::new();
    let findings = run(vec![feed], plan, &watch).unwrap();
    assert_eq!(watch.bytes(), text.len() as u64);
    assert_eq!(watch.rows(), findings.tally.rows);
    assert_eq!(watch.matched(), findings.marks.iter().count() as u64);
    findings
}

fn leak(rows: u32) -> Vec<u8> {
    let mut text = String::from("email,phone,user,country\n");
    for n in 0..rows {
        let n = n % 2000;
        let _ = match n % 7 {
            0 => writeln!(text, "User{n}+x@Example.org,,name{n},US"),
            1 => writeln!(text, ",555010{n:04},\"name{n}\",us"),
            2 => writeln!(text, "broken,{n}"),
            3 => writeln!(text, "\"open,{n},,"),
            4 => writeln!(text, "user{n}@example.org,+1555010{:04},,\"U\nS\"", n + 1),
            5 => writeln!(text, "nonsense,nonsense,,"),
            _ => writeln!(text, "user{n}@example.org,00 1 555 010 {n:04},@name{n},"),
        };
    }
    text.into_bytes()
}

#[test]
fn a_row_says_who_is_in_it_and_what_it_shows() {
    let text = b"email,phone,user,country\nuser1+tag@example.org,,,US\nuser2@example.org,+1 555 010 0002,,\nold@example.org,x,,\n\
        user3@example.org,+15550100007,name3,\nuser1000@example.org,+15550100007,name7,\nuser5@example.org,+15550100006,,\n,";
    let found = matched(&index(), text, 1, None);
    let marks: Vec<_> = found.marks.iter().map(|(n, mark)| (n, mark.kinds(), mark.fields())).collect();
    let (address, mailbox, phone, user) =
        (Kind::Address.bit(), Kind::Mailbox.bit(), Kind::Phone.bit(), Kind::UserName.bit());
    let (e, p, u, c) = (Field::Email.bit(), Field::Phone.bit(), Field::UserName.bit(), Field::Country.bit());
    assert_eq!(
        marks,
        [
            (1, mailbox, e | c),
            (2, address | mailbox | phone, e | p),
            (3, address | mailbox | user, e | p | u),
            (5, address | mailbox, e | p),
            (6, phone, e | p),
            (7, phone | user, e | p | u),
            (1000, phone, e | p | u),
        ]
    );
    assert_eq!(found.marks.formers().map(|(n, mark)| (n, mark.kinds())).collect::<Vec<_>>(), [(3, address | mailbox)]);
    // 3 against 7 and 1000; 5 against 6. The number that 7 and 1000 share contradicts neither of them.
    assert_eq!(found.tally.contradictions.rows, 2);
    assert_eq!(found.tally.contradictions.accounts, [3, 5, 6, 7, 1000]);
    assert_eq!((found.tally.rows, found.tally.bad_rows()), (6, 1));
    assert_eq!(found.tally.unusable[Field::Phone as usize], 1);
    assert_eq!(found.tally.shown[Field::Email as usize], 6);
    assert_eq!(found.digests, [*blake3::hash(text).as_bytes()]);
}

#[test]
fn threads_and_blocks_change_nothing() {
    let (index, text) = (index(), leak(250_000));
    assert!(text.len() > 4_000_000);
    let one = matched(&index, &text, 1, None);
    assert!(one.tally.bad_rows() > 30_000 && one.tally.contradictions.rows > 1000);
    for (threads, block) in [(2, None), (3, None), (2, Some(100_000)), (1, Some(3000)), (4, Some(1 << 20))] {
        let other = matched(&index, &text, threads, block);
        assert_eq!(other.marks.iter().collect::<Vec<_>>(), one.marks.iter().collect::<Vec<_>>(), "{threads} {block:?}");
        assert_eq!(other.marks.checksum(), one.marks.checksum());
        assert_eq!(other.digests, one.digests);
        let samples = |found: &Findings| {
            found.tally.samples.iter().map(|s| (s.line, s.fault, s.len, s.shape.clone())).collect::<Vec<_>>()
        };
        assert_eq!(samples(&other), samples(&one));
        assert_eq!(
            (other.tally.rows, other.tally.bad, other.tally.unusable),
            (one.tally.rows, one.tally.bad, one.tally.unusable)
        );
        assert_eq!(other.tally.contradictions, one.tally.contradictions);
    }
    assert_eq!(one.digests, [*blake3::hash(&text).as_bytes()]);
    let first = &one.tally.samples.iter().find(|sample| sample.fault == Fault::TooFew).unwrap();
    assert_eq!((first.line, first.shape.as_str()), (4, "aaaaaa,9"));
}

#[test]
fn nothing_comes_of_what_fails_or_is_cancelled() {
    let (index, layout, key, fresh, stale) = (index(), layout(), key(), Index::empty(), Stale::new());
    let view = View { base: &index, fresh: &fresh, stale: &stale };
    let plan = Plan { layout: &layout, region: None, view, key: &key, accounts: 1001, formers: 4, threads: 2 };
    let blocks = [Ok(leak(10)), Err("the archive is cut".into())].into_iter();
    let failed = run(vec![Feed::Blocks(Box::new(blocks))], plan, &Watch::new()).unwrap_err();
    assert_eq!(failed.to_string(), "source 1: the archive is cut");
    let watch = Watch::new();
    watch.cancel();
    assert!(matches!(run(vec![Feed::Whole(&leak(10))], plan, &watch), Err(Refused::Cancelled)));
}

#[test]
fn several_sources_each_have_a_header_and_a_digest() {
    let (index, layout, key, fresh, stale) = (index(), layout(), key(), Index::empty(), Stale::new());
    let view = View { base: &index, fresh: &fresh, stale: &stale };
    let plan = Plan { layout: &layout, region: None, view, key: &key, accounts: 1001, formers: 4, threads: 2 };
    let (a, b) = (leak(70_000), leak(3));
    let found = run(vec![Feed::Whole(&a), Feed::Whole(b""), Feed::Whole(&b)], plan, &Watch::new()).unwrap();
    let digest = |bytes: &[u8]| *blake3::hash(bytes).as_bytes();
    assert_eq!(found.digests, [digest(&a), digest(b""), digest(&b)]);
    assert_eq!(found.tally.rows + found.tally.bad_rows(), 70_003);
}
