//! Fronts of leaks of every shape.

use super::*;

fn said(text: &str) -> String {
    match sniff(text.as_bytes(), true, &Known::default()) {
        Ok(layout) => {
            let columns: Vec<_> = layout.columns.iter().map(ToString::to_string).collect();
            format!("{}: {}", layout.format.as_str(), columns.join("; "))
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn delimited_files_are_told_by_header_and_content() {
    let csv = "id,Username,E-mail,phone,city,note\n1,jane,jane@example.org,+1 555 010 0123,Lyon,a\n2,joe,joe@example.net,,Rome,\"b, c\"\n";
    insta::assert_snapshot!(said(csv), @"csv: id = platform_id (likely); Username = user_name (likely); E-mail = email (certain); phone = phone (certain); city = place (likely); note = - (unknown)");
    let bare = "jane_doe;jane@example.org;+15550100123\njoe.bloggs;joe@example.net;+15550100124\nkim;kim@example.com;+15550100125\n";
    insta::assert_snapshot!(said(bare), @"delimited: column1 = user_name (likely); column2 = email (certain); column3 = phone (likely)");
    insta::assert_snapshot!(said("mail\tgeburtsdatum\nx@example.org\t1990-02-03\n"), @"tsv: mail = email (certain); geburtsdatum = birth_date (certain)");
    insta::assert_snapshot!(said("x@example.org\ny@example.org\n"), @"csv: column1 = email (certain)");
    insta::assert_snapshot!(said("login,x\njane@example.org,FR\njoe@example.org,DE\n"), @"csv: login = email (certain); x = country (likely)");
    // A column is not what it is called, if nothing in it is.
    insta::assert_snapshot!(said("email,tel\nyes,+15550100123\nno,+15550100124\n"), @"csv: email = - (unknown); tel = phone (certain)");
}

#[test]
fn json_is_told_by_its_keys() {
    insta::assert_snapshot!(said("{\"username\":\"jane\",\"contact\":{\"email\":\"a@example.org\"}}\n{\"phone\":\"+15550100123\",\"username\":\"x\"}\n"), @"ndjson: username = user_name (likely); contact.email = email (certain); phone = phone (certain)");
    insta::assert_snapshot!(said("[\n {\"id\":1,\"mail\":\"a@example.org\"},\n {\"id\":2}\n]"), @"json: id = platform_id (likely); mail = email (certain)");
    insta::assert_snapshot!(said("{\"status\":\"ok\",\"data\":[{\"id\":1,\"mail\":\"a@example.org\"}]}"), @"json: id = platform_id (likely); mail = email (certain)");
    insta::assert_snapshot!(said("{\"a\": "), @"it begins like JSON, and there is no object with keys in its first MiB");
}

#[test]
fn the_most_promising_table_of_a_dump_is_taken() {
    let dump = "-- dump\nCREATE TABLE `logs` (`id` int, `user` text);\nINSERT INTO `logs` VALUES (1,'x');\n\
        CREATE TABLE `people` (`id` int, `email` text, `tel` text);\nINSERT INTO `people` VALUES (1,'a@example.org','+15550100123');\n";
    insta::assert_snapshot!(said(dump), @"sql: id = platform_id (likely); email = email (certain); tel = phone (certain)");
    insta::assert_snapshot!(said("INSERT INTO users VALUES (7,'a@example.org'),(8,'b@example.org');\n"), @"sql: column1 = - (unknown); column2 = email (certain)");
    insta::assert_snapshot!(said("CREATE TABLE `logs` (`id` int);\n"), @"it is a dump, and in its first MiB there are no rows");
    let known = Known { table: Some("logs".into()), ..Known::default() };
    let layout = sniff(dump.as_bytes(), true, &known).unwrap();
    assert_eq!(layout.format, Format::Sql { table: "logs".into() });
    let none = Known { table: Some("x".into()), ..Known::default() };
    insta::assert_snapshot!(sniff(dump.as_bytes(), true, &none).unwrap_err(), @"it is a dump, and in its first MiB there are no rows of the table `x`");
}

#[test]
fn names_and_passwords_are_told_from_columns() {
    let combo = "combo: email = email (certain); phone = phone (certain); user_name = user_name (certain); password = password (certain)";
    assert_eq!(said("jane@example.org:hunter2\njoe@example.org:a,b;c\n"), combo);
    assert_eq!(said("jane:hunter2\njoe:x:y\n"), combo);
    assert_eq!(said("jane@example.org;hunter2\njoe@example.org;x9x9\n"), combo);
    assert_eq!(
        said("https://example.org/login:jane:pw\nhttps://example.net:8443/:joe:pw2\n"),
        format!("{combo}; page = - (certain)")
    );
}

#[test]
fn what_says_nothing_is_refused_clearly() {
    insta::assert_snapshot!(said(" \n\n"), @"there is nothing in it");
    insta::assert_snapshot!(said("email,phone\n"), @"there is a header (email, phone) and no record");
    insta::assert_snapshot!(said(&"a\0".repeat(40)), @"it is no text: more than one byte in twenty is a NUL");
}

#[test]
fn shapes_show_no_letter_and_no_digit() {
    assert_eq!(shape("Jané.D7@example.org"), "aaaa.a9@aaaaaaa.aaa");
    let layout = sniff(b"email,password\nx@example.org,hunter2\n", true, &Known::default()).unwrap();
    assert_eq!(layout.columns[0].shapes, ["a@aaaaaaa.aaa"]);
    assert_eq!(layout.columns[1].shapes, [""; 0]);
}

proptest::proptest! {
    #[test]
    fn no_front_makes_it_panic(text in "([{}\\[\\]\":,;|\t'()\n a1@.+-]|INSERT INTO t VALUES |\\{\"a\":|email|\0){0,60}", whole: bool) {
        if let Ok(layout) = sniff(text.as_bytes(), whole, &Known::default()) {
            proptest::prop_assert!(!layout.columns.is_empty());
        }
    }
}
