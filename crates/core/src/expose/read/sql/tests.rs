//! Dumps of three databases, whole and broken.

use super::*;
use crate::expose::read::Reader as Any;
use crate::expose::read::tests::{Seen, all};
use proptest::prelude::*;

fn read(text: &str, block: usize) -> Seen {
    let mut reader = Any::Sql(Reader::new("users", vec!["id".into(), "email".into()]));
    let cutter = reader.cutter();
    all(&mut reader, cutter, text.as_bytes(), block)
}

fn rows(text: &str) -> Vec<String> {
    let whole = read(text, 1 << 20);
    for block in [1, 13] {
        assert_eq!(read(text, block), whole, "{block}");
    }
    assert_eq!(whole.bad, [], "{text}");
    whole.rows
}

#[test]
fn mysql() {
    let text = "-- MySQL dump 10.13\n/*!40101 SET x='y;' */;\nCREATE TABLE `logs` (`a` int);\nINSERT INTO `logs` VALUES (1),('a;),('),(3);\n\
        CREATE TABLE `users` (\n  `id` int,\n `x` text,\n `email` text, KEY `id` (`id`)) ENGINE=InnoDB;\n\
        INSERT INTO `users` VALUES (1,'a\\'),(b',\"a@example.org\"),(2,NULL,'O''Neil\\n'),(-3.5e1,0x61,_utf8mb4 'c');\n\
        INSERT INTO `users` VALUES (4,'','d');\nINSERT INTO `users` (`email`,`id`) VALUES ('e',5),('f',6);\nUNLOCK TABLES;\n";
    assert_eq!(rows(text), ["1|a@example.org", "2|O'Neil\n", "-3.5e1|c", "4|d", "5|e", "6|f"]);
    assert_eq!(read(text, 20).skipped, 3);
}

#[test]
fn postgresql() {
    let text = "CREATE FUNCTION f() AS $$ it's; $$;\nCREATE TABLE public.users (\n    id bigint,\n    email text\n);\n\
        INSERT INTO public.users VALUES (1, 'C:\\') ON CONFLICT DO NOTHING;\nINSERT INTO public.users VALUES (2, E'a\\'b') ON CONFLICT DO NOTHING;\n\
        INSERT INTO public.users (email, id) OVERRIDING SYSTEM VALUE VALUES ('d'::text, 3);\n\
        COPY public.other (id) FROM stdin;\n1\n2\n\\.\n\n\
        COPY public.users (email, id) FROM stdin;\na@example.org\t4\na\\tb\\\\\t5\n\\N\t6\n\\.\n\nSELECT 1;\n";
    assert_eq!(rows(text), ["1|C:\\", "2|a'b", "3|d", "4|a@example.org", "5|a\tb\\", "6|"]);
    assert_eq!(read(text, 1 << 20).skipped, 2);
}

#[test]
fn sqlite() {
    let text = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE users(id integer primary key, email text);\n\
        INSERT INTO users VALUES(1,'a@example.org');\nINSERT INTO users VALUES(2,'it''s');INSERT INTO users VALUES(3,X'62');\nCOMMIT;\n";
    assert_eq!(rows(text), ["1|a@example.org", "2|it's", "3|b"]);
}

#[test]
fn a_broken_row_costs_only_itself() {
    let text = "INSERT INTO users VALUES (1,'a'),(2,'open),(3,'c'),(4,'d','e'),(5),(6,'f'),\n(7,'g' 8),(9,'i'),(10,'\0');\n\
        INSERT INTO users VALUES (11,'k'),(12,'l";
    for block in [1, 17, 1 << 20] {
        let seen = read(text, block);
        assert_eq!(seen.rows, ["1|a", "3|c", "6|f", "9|i", "11|k"], "{block}");
        let faults: Vec<_> = seen.bad.iter().map(|(fault, _)| *fault).collect();
        use Fault::{Nul, Quote, TooFew, TooMany, Truncated};
        assert_eq!(faults, [Quote, TooMany, TooFew, Quote, Nul, Truncated]);
    }
}

#[test]
fn a_row_that_is_too_long_is_counted_once() {
    let long = "x),(y;".repeat(MAX_RECORD / 3);
    let text =
        format!("INSERT INTO `users` VALUES (1,'a'),(2,'{long}\\''),(3,'c');\nINSERT INTO `users` VALUES (4,'d');\n");
    for block in [999, 70_000, 1 << 20] {
        let seen = read(&text, block);
        assert_eq!(seen.rows, ["1|a", "3|c", "4|d"], "{block}");
        assert_eq!(seen.bad, [(Fault::TooLong, 0)]);
    }
    let text = format!("COPY users (id, email) FROM stdin;\n1\ta\n2\t{long}\n3\tc\n\\.\n");
    for block in [999, 70_000, 1 << 20] {
        let seen = read(&text, block);
        assert_eq!((seen.rows.len(), &*seen.bad), (2, &[(Fault::TooLong, 0)][..]), "{block}");
    }
}

proptest! {
    #[test]
    fn the_size_of_blocks_changes_nothing(
        text in "([()',;\\\\a1\n\0 ]|\nINSERT INTO users VALUES |\\(1,'a'\\)|,\\(2,'b'\\);|\nCOPY users \\(id\\) FROM stdin;\n|\n\\\\\\.\n|\n\t){0,30}",
        block in 1_usize..40,
    ) {
        prop_assert_eq!(read(&text, block), read(&text, 1 << 20));
    }
}
