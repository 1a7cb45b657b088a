//! assets/proof.js, the part of the page that proves, gives the same answers as the crate: of proofs, keys, policies, entries.

use crate::support::{node, not_run};
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::note::{Algorithm, Note, SigningKey, VerifierKey};
use countersign_evidence::policy::Policy;
use countersign_evidence::proof::ProofFile;
use countersign_evidence::sealed::{self, Sealed};
use countersign_evidence::tree::Head;
use countersign_evidence::{Commitment, Hash, Opening, Payload, Subject, base64, cosignature, message, tree};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::io::Write as _;
use std::process::{Command, Stdio};

const ORIGIN: &str = "login.example.org/evidence";

fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, Algorithm::Ed25519, &[6; 32]).unwrap()
}

fn witness(seed: u8) -> SigningKey {
    SigningKey::from_seed("witness.example.org", Algorithm::CosignatureV1, &[seed; 32]).unwrap()
}

/// Two of three witnesses must have cosigned.
fn policy() -> String {
    let lines: String = (1..=3).map(|seed| format!("witness w{seed} {}\n", witness(seed).verifier())).collect();
    format!("log {}\n{lines}group g 2 w1 w2 w3\nquorum g\n", log_key().verifier())
}

fn sealed() -> Sealed {
    Sealed {
        at_micros: 1_768_400_000_000_000,
        code: message::code_hash("7K3M-9QXW-2HTP").unwrap(),
        digest: Hash::of(b"text"),
        from: "accounts@example.org".into(),
        locale: "de".into(),
        message: "msg_01kx4v9fjfr7gfqx0wzkkd6k3s".into(),
        recipient: message::recipient_digest(&[7; 32], "mara@example.org"),
        recipient_salt: [7; 32],
        template: "recovery".into(),
    }
}

fn payload(kind: &str, subject: Option<Subject<'_>>, what: Value) -> String {
    let at_micros = sealed().at_micros;
    String::from_utf8(Payload { id: "evi_1", at_micros, kind, subject, what }.canonical()).unwrap()
}

fn opening() -> Opening {
    let payload = payload(sealed::KIND, Some(Subject::Hashed("acc_1")), sealed().what());
    Opening { salt: [3; 32], payload: payload.into_bytes() }
}

/// All leaves at hand.
struct Leaves(Vec<Hash>);

impl tree::Nodes for Leaves {
    type Error = Infallible;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Infallible> {
        if level == 0 {
            return Ok(self.0[usize::try_from(index).unwrap()]);
        }
        Ok(Hash::node(&self.node(level - 1, index * 2)?, &self.node(level - 1, index * 2 + 1)?))
    }
}

/// The message's entry at `index` of a log of `size`, cosigned by these witnesses.
fn proof(index: u64, size: u64, witnesses: &[u8]) -> ProofFile {
    let other = |n: u64| Commitment::new(&[1; 32], &n.to_be_bytes()).leaf();
    let leaf = |n| if n == index { opening().commitment().leaf() } else { other(n) };
    let mut leaves = Leaves((0..size).map(leaf).collect());
    let Ok(root) = tree::root(&mut leaves, size);
    let Ok(path) = tree::inclusion(&mut leaves, index, size);
    let mut checkpoint = Checkpoint::new(ORIGIN, Head { size, root }).sign(&log_key());
    for seed in witnesses {
        let line = cosignature::cosign(&witness(*seed), &checkpoint.text, 1_768_400_000 + u64::from(*seed));
        checkpoint.signatures.push(line);
    }
    ProofFile { extra: Some(opening().encode()), index, path: path.unwrap(), checkpoint }
}

/// What the crate says, in the words of js/proof_check.js.
fn verdict(bytes: &[u8], key: &str, policy: &str) -> String {
    read(bytes, key, policy).unwrap_or_else(|| "no".into())
}

fn read(bytes: &[u8], key: &str, policy: &str) -> Option<String> {
    let (key, policy) = (VerifierKey::parse(key).ok()?, Policy::parse(policy).ok()?);
    let file = ProofFile::parse(std::str::from_utf8(bytes).ok()?).ok()?;
    let opening = Opening::decode(file.extra.as_ref()?)?;
    let head = file.verify(&opening.commitment().leaf(), &[key]).ok()?.head;
    let judged = policy.judge(&file.checkpoint).ok()?;
    let recipient = Sealed::read(&opening).ok()?.recipient.to_hex();
    let (count, of) = (judged.cosigned.len(), policy.witnesses().len());
    Some(format!("{} of {}, {count} of {of}, {}, {recipient}", file.index, head.size, judged.reached))
}

/// What the script says to all of it; `None`, with a line that says why, without Node.
fn ask(asked: &Value) -> Option<Value> {
    let Some(node) = node() else {
        not_run("the page's proof script outside a browser", "apt-get install nodejs, or COUNTERSIGN_TEST_NODE");
        return None;
    };
    let home = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut run = Command::new(node);
    run.arg(home.join("tests/it/js/proof_check.js")).arg(home.join("assets/proof.js"));
    let mut child = run.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn texts(found: &Value) -> Vec<String> {
    found.as_array().unwrap().iter().map(|one| one.as_str().unwrap_or(&one.to_string()).to_owned()).collect()
}

/// The same of everything that is not asked about.
fn nothing() -> Value {
    let good = base64::encode(proof(2, 7, &[1, 2]).to_string().as_bytes());
    json!({ "proofs": [good], "bits": [], "key": log_key().verifier().to_string(), "keys": [], "policies": [policy()],
            "payloads": [], "recipients": [], "codes": [] })
}

#[test]
fn every_place_in_logs_of_many_sizes_is_proven() {
    let mut files = Vec::new();
    for size in (1..=20).chain([31, 32, 33, 255, 256, 257, 1000]) {
        for index in [0, size / 3, size / 2, size - 1] {
            files.push(proof(index, size, &[1, 3][..usize::from(size % 3 == 0) * 2]));
        }
    }
    let files: Vec<String> = files.iter().map(ToString::to_string).collect();
    let mut asked = nothing();
    asked["proofs"] = files.iter().map(|file| base64::encode(file.as_bytes())).collect();
    let Some(found) = ask(&asked) else { return };
    let key = log_key().verifier().to_string();
    let expected: Vec<String> = files.iter().map(|file| verdict(file.as_bytes(), &key, &policy())).collect();
    assert!(expected.iter().all(|answer| answer != "no"));
    assert_eq!(texts(&found["proofs"]), expected);
}

#[test]
fn not_one_bit_can_be_changed_unnoticed() {
    let file = proof(2, 7, &[1, 2]).to_string().into_bytes();
    let mut asked = nothing();
    asked["bits"] = json!([base64::encode(&file)]);
    let Some(found) = ask(&asked) else { return };
    let (key, found) = (log_key().verifier().to_string(), texts(&found["bits"][0]));
    let whole = verdict(&file, &key, &policy());
    assert_eq!(found.len(), file.len() * 8);
    for (bit, answer) in found.iter().enumerate() {
        let mut changed = file.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let line = file[..bit / 8].iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(*answer, verdict(&changed, &key, &policy()), "bit {bit}, line {line}");
        // A witness's line that names somebody else is a stranger's, and counts for nothing.
        assert_ne!(*answer, whole, "bit {bit}, line {line}");
    }
    let refused = found.iter().filter(|answer| *answer == "no").count();
    assert!(refused > file.len() * 7, "{refused} of {}", found.len());
}

/// Proof files that are wrong in form, and some that are odd and right.
fn forms() -> Vec<String> {
    let good = proof(2, 7, &[1, 2]);
    let text = good.to_string();
    let path: Vec<String> = good.path.iter().map(ToString::to_string).collect();
    let extra = text.lines().nth(1).unwrap().to_owned();
    let swap = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let opened = |opening: &str| swap(&extra, &format!("extra {}", base64::encode(opening.as_bytes())));
    let encoded = String::from_utf8(opening().encode()).unwrap();
    let stranger = SigningKey::from_seed("other.example.org", Algorithm::Ed25519, &[8; 32]).unwrap();
    let signed = |text: &str| Note { text: text.to_owned(), signatures: vec![log_key().sign(text)] };
    let with = |checkpoint: Note| ProofFile { checkpoint, ..good.clone() }.to_string();
    let many = |count: usize| {
        let mut note = good.checkpoint.clone();
        note.signatures.resize(count, stranger.sign(&note.text));
        with(note)
    };
    let root = good.checkpoint.text.lines().nth(2).unwrap();
    vec![
        String::new(),
        text.trim_end().to_owned(),
        format!("{text}\n"),
        format!("\u{feff}{text}"),
        text.replace('\n', "\r\n"),
        swap("tlog-proof@v1", "tlog-proof@v2"),
        swap("tlog-proof@v1", "tlog-proof@v1 "),
        swap("index 2", "index 02"),
        swap("index 2", "index +2"),
        swap("index 2", "index 2 "),
        swap("index 2", "index "),
        swap("index 2", "index 3"),
        swap("index 2", "index 7"),
        swap("index 2", "index 18446744073709551616"),
        swap("index 2\n", "index 2\n\n"),
        swap(&format!("{extra}\n"), ""),
        swap(&extra, "extra "),
        swap(&extra, &format!("{extra}\n{extra}")),
        swap(&extra, &format!("{extra}=")),
        swap(&path[0], &path[1]),
        swap(&format!("{}\n", path[0]), ""),
        swap(&path[2], &format!("{}\n{}", path[2], path[2])),
        swap(&path[0], path[0].trim_end_matches('=')),
        swap(&path[0], &format!("{} ", path[0])),
        swap(&path[0], &format!("{}\n{}", path[1], path[0])),
        opened(&encoded.replace('}', " }")),
        opened(&encoded.replace("\"salt\"", "\"sold\"")),
        opened("{}"),
        opened("[]"),
        swap("\u{2014} ", "- "),
        with(Note { signatures: vec![stranger.sign(&good.checkpoint.text)], ..good.checkpoint.clone() }),
        with(signed(&format!("{ORIGIN}\n07\n{root}\n"))),
        with(signed(&format!("{ORIGIN}\n7\n{root}\nmore\n"))),
        with(signed(&format!("{ORIGIN}\n7\n{root}\n\nmore\n"))),
        with(signed(&format!("{ORIGIN}\n7\n{root}"))),
        with(signed(&format!("other.example.org\n7\n{root}\n"))),
        with(signed(&format!("{ORIGIN}\n8\n{root}\n"))),
        with(signed(&format!("{ORIGIN}\n0\n{root}\n"))),
        with(signed(&format!("{ORIGIN}\n7\n{}\n", path[0]))),
        with(signed(&format!("{ORIGIN}\n7\n"))),
        with(signed(&format!("\n7\n{root}\n"))),
        many(3),
        many(128),
        many(129),
        format!("{}{}", text, "x".repeat(300 * 1024)),
    ]
}

#[test]
fn other_forms_are_refused_or_taken_alike() {
    let files = forms();
    let mut asked = nothing();
    asked["proofs"] = files.iter().map(|file| base64::encode(file.as_bytes())).collect();
    let Some(found) = ask(&asked) else { return };
    let (key, found) = (log_key().verifier().to_string(), texts(&found["proofs"]));
    for (file, answer) in files.iter().zip(&found) {
        assert_eq!(*answer, verdict(file.as_bytes(), &key, &policy()), "{}", &file[..file.len().min(2000)]);
    }
    let taken = found.iter().filter(|answer| *answer != "no").count();
    // An extension line, another size that the log has signed, and strangers' signatures do no harm.
    assert_eq!(taken, 4, "{found:#?}");
}

#[test]
fn keys_and_policies_are_read_alike() {
    let (log, other) = (log_key().verifier().to_string(), witness(1).verifier().to_string());
    let w = |name: &str, seed: u8| format!("witness {name} {}\n", witness(seed).verifier());
    let two = w("a", 1) + &w("b", 2);
    let renamed = SigningKey::from_seed("a.example.org", Algorithm::Ed25519, &[6; 32]).unwrap().verifier().to_string();
    let keys = [log.clone(), other.clone(), renamed, log.to_uppercase(), format!("{log}="), log.replacen('+', "-", 1)];
    let mut policies = vec![policy(), "quorum none".into(), "# x\n\nquorum none\n".into(), two.clone() + "quorum none"];
    let lines = [
        "quorum a",
        "quorum c",
        "quorum none\nquorum none",
        "quorum none\n\n",
        " \tquorum\t a ",
        "group g any a b\nquorum g",
        "group g all a b\nquorum g",
        "group g 2 a b\nquorum g",
        "group g 0 a b\nquorum g",
        "group g 3 a b\nquorum g",
        "group g 02 a b\nquorum g",
        "group g some a b\nquorum g",
        "group g all\nquorum g",
        "group g any a a\nquorum g",
        "group g any a\ngroup h any a\nquorum h",
        "group g any a\ngroup h all g b\nquorum h",
        "group a any b\nquorum a",
        "group none any b\nquorum b",
        "group\nquorum a",
        "quorum a b",
        "quorum",
        "Quorum a",
        "quorum a\r",
        "constructor x\nquorum a",
        "group constructor 1 a\nquorum constructor",
        "group g constructor a\nquorum g",
        "quorum constructor",
    ];
    policies.extend(lines.map(|line| two.clone() + line));
    policies.push(format!("log {log}\nlog {log}\nquorum none"));
    policies.push(format!("log {other}\nquorum none"));
    policies.push(format!("witness x {log}\nquorum none"));
    policies.push(w("a", 1) + &w("c", 1) + "quorum none");
    policies.push(two + &(3..=64).map(|seed| w(&format!("w{seed}"), seed)).collect::<String>() + "quorum none");
    policies.push((1..=65).map(|seed| w(&format!("w{seed}"), seed)).collect::<String>() + "quorum none");
    let mut asked = nothing();
    (asked["keys"], asked["policies"]) = (json!(keys), json!(policies));
    let Some(found) = ask(&asked) else { return };
    let file = proof(2, 7, &[1, 2]).to_string();
    for (key, answer) in keys.iter().zip(texts(&found["keys"])) {
        assert_eq!(answer, verdict(file.as_bytes(), key, &policy()), "{key}");
    }
    for (policy, answer) in policies.iter().zip(texts(&found["policies"])) {
        assert_eq!(answer, verdict(file.as_bytes(), &log, policy), "{policy}");
    }
}

/// Contents of entries: of a message, of something else, and of nothing that we write.
fn payloads() -> Vec<String> {
    let good = payload(sealed::KIND, Some(Subject::Hashed("acc_1")), sealed().what());
    let mut all = vec![
        good.clone(),
        payload(sealed::KIND, None, sealed().what()),
        payload(sealed::KIND, Some(Subject::Named("acc_1")), sealed().what()),
        payload("message.sent", None, sealed().what()),
        format!(" {good}"),
        format!("{good}\n"),
        good.replace("\"v\":1", "\"v\":2"),
        good.replace("\"v\":1", "\"v\":1,\"v\":1"),
        good.replace("\"v\":1", "\"w\":1"),
        good.replace("\"at\":", "\"at\":0"),
        good.replace("\"at\":1768400000000000", "\"at\":1.5"),
        good.replace("\"id\":\"evi_1\"", "\"id\":7"),
        good.replace("evi_1", "\\u0065vi_1"),
        "{}".into(),
        "[]".into(),
        "null".into(),
        "7".into(),
        String::new(),
    ];
    for name in sealed().what().as_object().unwrap().keys() {
        for value in [
            json!(1),
            json!(""),
            json!(null),
            json!([]),
            json!("A@b"),
            json!("\n"),
            json!("x".repeat(321)),
            json!("AB".repeat(32)),
        ] {
            let mut what = sealed().what();
            what[name] = value;
            all.push(payload(sealed::KIND, None, what));
        }
        let mut what = sealed().what();
        what.as_object_mut().unwrap().remove(name);
        all.push(payload(sealed::KIND, None, what.clone()));
        what["zzz"] = json!("x");
        all.push(payload(sealed::KIND, None, what));
    }
    all
}

#[test]
fn entries_of_messages_are_read_alike() {
    let payloads = payloads();
    let mut asked = nothing();
    asked["payloads"] = json!(payloads);
    let Some(found) = ask(&asked) else { return };
    for (payload, answer) in payloads.iter().zip(texts(&found["payloads"])) {
        let opening = Opening { salt: [0; 32], payload: payload.clone().into_bytes() };
        let expected = Sealed::read(&opening).map_or("no".into(), |sealed| sealed.recipient.to_hex());
        assert_eq!(answer, expected, "{payload}");
    }
}

#[test]
fn recipients_and_codes_have_the_digests_of_the_vectors() {
    let vectors: Value = serde_json::from_str(include_str!("../../../../evidence/tests/vectors/message.json")).unwrap();
    let mut asked = nothing();
    asked["recipients"] = vectors["recipients"].clone();
    let codes = vectors["codes"].as_array().unwrap();
    let bad = ["", "7K3M9QXW2HT", "7K3M9QXW2HTPX", "7K3M 9QXW2HTP", "7K3M9QXW2HTÜ"].map(|code| json!(code));
    asked["codes"] = codes.iter().map(|vector| vector["code"].clone()).chain(bad).collect();
    let Some(found) = ask(&asked) else { return };
    assert!(found["recipients"].as_array().unwrap().iter().all(|same| *same == json!(true)), "{found}");
    let hashes: Vec<Value> = codes.iter().map(|vector| vector["hash"].clone()).collect();
    assert_eq!(found["codes"].as_array().unwrap()[..hashes.len()], hashes);
    assert!(found["codes"].as_array().unwrap()[hashes.len()..].iter().all(Value::is_null));
}
