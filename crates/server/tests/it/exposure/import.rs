//! A leak through the command, in every form and packing; what is refused; and that nothing of it is kept (X1).

use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const ACCOUNTS: &str = "external_id,user_names,emails,phones,region\n\
    1,mara,mara@example.org,+33612345678,FR\n\
    2,tomo,tomo.k@gmail.com,,US\n\
    3,una,una@example.net,+15550100123,US\n\
    4,ida,ida@example.com,,\n";

/// Two of ours, a stranger, a row that mixes two of ours, and a broken line. The odd words stand nowhere else.
const ROWS: [[&str; 5]; 4] = [
    ["MARA", " Mara@Example.ORG ", "06 12 34 56 78", "Quetzalburg", "FR"],
    ["zzyzx", "To.mo.K+leak@googlemail.com", "", "Xanthippeville", "US"],
    ["wobbegong", "wobbegong@stranger.example", "+33699999999", "Ouagadoubourg", "FR"],
    ["una", "ida@example.com", "", "", "US"],
];
const PLANTED: [&str; 6] = ["wobbegong", "zzyzx", "quetzalburg", "xanthippeville", "ouagadoubourg", "33699999999"];

fn call(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(dir).env_clear().stdin(Stdio::null());
    command.args(["--data", "data"]).args(arguments).output().unwrap()
}

fn told(dir: &Path, arguments: &[&str]) -> Value {
    let output = call(dir, &[&["--json", "expose"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(dir: &Path, arguments: &[&str]) -> String {
    let output = call(dir, &[&["expose"], arguments].concat());
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

fn directory() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("accounts.csv"), ACCOUNTS).unwrap();
    assert!(call(dir.path(), &["accounts", "import", "accounts.csv"]).status.success());
    dir
}

fn csv(separator: &str) -> String {
    let line = |cells: &[&str]| cells.join(separator) + "\n";
    let mut text = line(&["username", "email", "phone", "city", "country"]);
    ROWS.iter().for_each(|row| text += &line(row));
    text + "wobbegong\n"
}

fn ndjson() -> String {
    let row = |row: &[&str; 5]| {
        json!({ "username": row[0], "email": row[1], "phone": row[2], "city": row[3], "country": row[4] }).to_string()
    };
    ROWS.iter().map(|cells| row(cells) + "\n").collect::<String>() + "{\"username\": wobbegong\n"
}

fn sql() -> String {
    let row = |row: &[&str; 5]| format!("({})", row.map(|cell| format!("'{cell}'")).join(","));
    let rows = ROWS.iter().map(row).collect::<Vec<_>>().join(",\n");
    format!("INSERT INTO `users` (`username`,`email`,`phone`,`city`,`country`) VALUES\n{rows},\n('wobbegong');\n")
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// Every byte of every file under a directory, in small letters.
fn everything(dir: &Path) -> Vec<u8> {
    let mut all = vec![];
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(everything(&path));
        } else {
            all.extend(std::fs::read(&path).unwrap().to_ascii_lowercase());
        }
    }
    all
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn every_form_and_packing_finds_the_same_accounts_and_nothing_of_it_is_kept() {
    let dir = directory();
    let dir = dir.path();
    let mut checksums = vec![];
    for (name, bytes) in [
        ("a.csv", csv(",").into_bytes()),
        ("a.tsv", csv("\t").into_bytes()),
        ("a.txt", csv(";").into_bytes()),
        ("a.csv.gz", gz(csv(",").as_bytes())),
        ("a.csv.zst", zstd::encode_all(csv(",").as_bytes(), 1).unwrap()),
        ("a.ndjson", ndjson().into_bytes()),
        ("a.sql", sql().into_bytes()),
        ("utf16.csv", {
            let units = csv(",").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
            [&[0xff, 0xfe][..], &units].concat()
        }),
    ] {
        std::fs::write(dir.join(name), bytes).unwrap();
        let said = told(dir, &["import", name, "--name", name, "--again"]);
        let counts = [&said["rows"], &said["bad_rows"], &said["matched_accounts"], &said["strong_accounts"]];
        // Mara by all, Tomo by his mailbox (and so weakly), Una and Ida by a row that mixes them.
        assert_eq!(counts, [4, 1, 4, 3].map(Value::from).each_ref(), "{name}: {said}");
        assert_eq!(said["fields"]["email"], 4, "{name}: {said}");
        assert_eq!(said["keys"], json!({ "email": 2, "mailbox": 3, "phone": 1, "user_name": 2 }), "{name}");
        assert!(said["peak_rss_bytes"].as_u64().unwrap() > 0 && said["seconds"].is_f64());
        checksums.push(said["checksum"].as_str().unwrap().to_owned());
    }
    checksums.dedup();
    assert_eq!(checksums.len(), 1, "{checksums:?}");
    let kept = everything(&dir.join("data"));
    for word in PLANTED {
        assert!(!holds(&kept, word), "{word} is kept");
    }
    // The test can fail: what the directory has is found there.
    assert!(holds(&kept, "mara@example.org"));
    let leaks = told(dir, &["leak", "list"]);
    let leak = leaks[0]["leak"].as_str().unwrap();
    let report = &told(dir, &["leak", "show", leak])["report"];
    assert_eq!(report["contradicted"], 2);
    let of_una = told(dir, &["account", "una"]);
    assert_eq!(of_una["leaks"][0]["contradicted"], true);
    let of_tomo = told(dir, &["account", "tomo"]);
    assert_eq!((&of_tomo["leaks"][0]["strong"], &of_tomo["leaks"][0]["by"]), (&json!(false), &json!(["mailbox"])));
    let samples = report["samples"].to_string();
    assert!(!samples.contains("wobbegong") && samples.contains("aaaaaaaaa"), "{samples}");
}

#[test]
fn a_combo_is_matched_and_its_passwords_are_seen_by_nobody() {
    let dir = directory();
    let dir = dir.path();
    let lines = "mara@example.org:Tr0ub4dor&3\nstranger@elsewhere.example:hunter2hunter2\nida@example.com:\n\
                 una@example.net:with:colons:in:it\nstranger2@elsewhere.example:hunter2hunter2\n";
    std::fs::write(dir.join("combo.txt"), lines).unwrap();
    let said = told(dir, &["import", "combo.txt"]);
    assert_eq!((&said["rows"], &said["matched_accounts"]), (&json!(5), &json!(3)), "{said}");
    assert_eq!(said["fields"]["password"], 2, "{said}");
    let kept = everything(&dir.join("data"));
    assert!(["tr0ub4dor", "hunter2", "with:colons"].iter().all(|word| !holds(&kept, word)));
}

#[test]
fn columns_are_shown_and_corrected_before_anything_is_read() {
    let dir = directory();
    let dir = dir.path();
    std::fs::write(dir.join("odd.csv"), "a,b\nmara@example.org,x\nida@example.com,y\n").unwrap();
    let looked = told(dir, &["import", "odd.csv", "--look"]);
    assert_eq!(looked["columns"][0]["field"], "email", "{looked}");
    assert!(told(dir, &["leak", "list"]).as_array().unwrap().is_empty());
    let wrong = refused(dir, &["import", "odd.csv", "--map", "c=email"]);
    assert!(wrong.contains("there is no column `c`"), "{wrong}");
    let wrong = refused(dir, &["import", "odd.csv", "--map", "a=-"]);
    assert!(wrong.contains("No column names an account"), "{wrong}");
    let said = told(dir, &["import", "odd.csv", "--map", "#1=email", "--map", "b=other"]);
    assert_eq!((&said["matched_accounts"], &said["fields"]["other"]), (&json!(2), &json!(2)));
    let again = refused(dir, &["import", "odd.csv", "--map", "#1=email"]);
    assert!(again.contains("were matched before"), "{again}");
}

#[test]
fn what_cannot_be_read_to_its_end_leaves_nothing() {
    let dir = directory();
    let dir = dir.path();
    let whole = gz(csv(",").repeat(2000).as_bytes());
    for (name, bytes, says) in [
        ("cut.csv.gz", whole[..whole.len() / 2].to_vec(), "cut"),
        ("empty.csv", vec![], "empty"),
        ("header.csv", b"email,phone\n".to_vec(), "header"),
        ("nul.csv", vec![0; 5000], "no text"),
    ] {
        std::fs::write(dir.join(name), bytes).unwrap();
        let said = refused(dir, &["import", name]);
        assert!(said.contains(name), "{name}: {said}");
        assert!(said.to_lowercase().contains(says), "{name}: {said}");
        assert!(told(dir, &["leak", "list"]).as_array().unwrap().is_empty(), "{name}");
    }
    let missing = refused(dir, &["import", "nowhere.csv"]);
    assert!(missing.contains("nowhere.csv"), "{missing}");
}

#[test]
fn how_old_a_leak_is_shows_in_what_changed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let account = |n: u32, domain: &str| format!("{n},user{n},user{n}@{domain},2020-01-01T00:00:00Z\n");
    let header = "external_id,user_names,emails,created_at\n";
    let all = (0..60).map(|n| account(n, "new.example.org")).collect::<String>();
    std::fs::write(dir.join("accounts.csv"), format!("{header}{all}")).unwrap();
    assert!(call(dir, &["accounts", "import", "accounts.csv"]).status.success());
    // Each changed their address on another day of 2024; the leak is of the 10th of February.
    let day = |n: u32| format!("2024-{:02}-{:02}", n / 28 + 1, n % 28 + 1);
    let former = |n: u32| format!("{n},email,user{n}@old.example.org,{}T00:00:00Z\n", day(n));
    let former = (0..60).map(former).collect::<String>();
    std::fs::write(dir.join("former.csv"), format!("external_id,kind,value,until\n{former}")).unwrap();
    let recorded = told(dir, &["former", "former.csv", "--reason", "history"]);
    assert_eq!(recorded, json!({ "recorded": 60, "bad": 0 }));
    let domain = |n: u32| if n < 37 { "new" } else { "old" };
    let leak = (0..60).map(|n| format!("user{n}@{}.example.org\n", domain(n))).collect::<String>();
    std::fs::write(dir.join("leak.csv"), format!("email\n{leak}")).unwrap();
    let said = told(dir, &["import", "leak.csv"]);
    assert_eq!(said["matched_accounts"], 60, "{said}");
    let sentence = "It looks like data of February 2024: 100 % of the values that changed later have the old value.";
    assert_eq!(said["freshness"], sentence);
    let of_one = told(dir, &["account", "user50"]);
    assert_eq!(of_one["leaks"][0]["former"], true, "{of_one}");
    let kept = everything(&dir.join("data"));
    assert!(!holds(&kept, "old.example.org"), "former values are sealed");
}

#[test]
fn from_a_leak_to_a_containment_and_back_by_command() {
    let dir = directory();
    let dir = dir.path();
    std::fs::write(dir.join("a.csv"), csv(",")).unwrap();
    let leak = told(dir, &["import", "a.csv"])["leak"].as_str().unwrap().to_owned();
    let query = format!("leak:{leak}:strong and not region:FR");
    let counted = told(dir, &["cohort", "count", &query]);
    assert_eq!((&counted["accounts"], &counted["of"]), (&json!(2), &json!(4)));
    let cohort = counted["cohort"].as_str().unwrap();
    let made = told(dir, &["cohort", "make", &query, "--name", "abroad", "--reason", "incident 7", "--expect", cohort]);
    assert_eq!(made["cohort"], cohort);
    let preview = told(dir, &["contain", "preview", cohort, "must_reset"]);
    assert_eq!((&preview["accounts"], &preview["leaked_mailbox"]), (&json!(2), &json!(2)));
    let put = told(dir, &["contain", "put", cohort, "must_reset", "--reason", "incident 7"]);
    let containment = put["containment"].as_str().unwrap();
    assert_eq!(told(dir, &["contain", "check", "3"])["decision"], "must_reset");
    assert_eq!(told(dir, &["contain", "check", "1"])["decision"], "allow");
    told(dir, &["contain", "release", containment, "una", "--reason", "known by phone"]);
    assert_eq!(told(dir, &["contain", "check", "3"])["decision"], "allow");
    assert_eq!(told(dir, &["contain", "list"])[0]["released"], 1);
    told(dir, &["contain", "lift", containment, "--reason", "over"]);
    assert_eq!(told(dir, &["contain", "check", "4"])["decision"], "allow");
    let out = told(dir, &["cohort", "export", cohort, "--out", "out.csv", "--reason", "incident 7"]);
    assert_eq!(out["accounts"], 2);
    let written = std::fs::read_to_string(dir.join("out.csv")).unwrap();
    assert_eq!(written.lines().count(), 3, "{written}");
    assert!(
        written.lines().skip(1).all(|line| line.starts_with("acc_") && line.contains(",3,") || line.contains(",4,"))
    );
    told(dir, &["leak", "withdraw", &leak, "--reason", "a test"]);
    assert_eq!(told(dir, &["account", "una"])["leaks"], json!([]));
    assert_eq!(told(dir, &["index", "rotate-key"])["key_generation"], 2);
    let wrong = refused(dir, &["cohort", "count", "leaks"]);
    assert!(wrong.contains("At character 1"), "{wrong}");
}
