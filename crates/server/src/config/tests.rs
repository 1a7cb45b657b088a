//! The configuration as a person meets it: files and variables in, values or sentences out.

use super::reader::Reader;
use super::settings::Settings;
use super::*;

fn file(text: &str) -> Result<Config, String> {
    Config::from_parts(Some((Path::new("c.toml"), text)), []).map_err(|p| p.to_string())
}

fn env(vars: &[(&str, &str)]) -> Result<Config, String> {
    let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Config::from_parts(None, vars).map_err(|p| p.to_string())
}

#[test]
fn the_defaults_are_good_and_every_key_of_them_is_read() {
    let defaults = Settings::defaults();
    let mut reader = Reader::new(&defaults, &defaults);
    let _ = Config::read(&mut reader);
    assert_eq!(reader.unread(), Vec::<&str>::new());
    assert_eq!(reader.finish().0, []);
    assert_eq!(Config::defaults().server.origin.to_string(), "http://127.0.0.1:8080");
}

#[test]
fn ten_lines_guard_a_real_account_by_real_mail() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("smtp-password"), "correct horse\n").unwrap();
    let text = r#"
        [server]
        listen = "0.0.0.0:8080"
        origin = "https://login.example.org"
        [site]
        name = "Example"
        [mail]
        host = "mail.example.org"
        username = "login"
        password_file = "smtp-password"
        from_address = "login@example.org"
    "#;
    let config = Config::from_parts(Some((&dir.path().join("c.toml"), text)), []).unwrap();
    assert_eq!(config.mail.port, 587);
    assert_eq!(config.mail.login.as_ref().unwrap().password.expose(), "correct horse");
    assert!(!format!("{config:?}").contains("correct horse"));
}

#[test]
fn all_problems_are_told_together_with_their_places() {
    let text = "[server]\norigin = \"http://example.org\"\nlisten = \"8080\"\n[mail]\nhots = \"a\"\nport = \"x\"\n\
                [recovery]\nticket_ttl = \"15\"\ncode_tries = 0\n[nosuch]\n";
    insta::assert_snapshot!(file(text).unwrap_err(), @r#"
    7 problems in the configuration:
      mail.hots (c.toml:5): unknown key; did you mean mail.host?
      mail.port (c.toml:6): must be a whole number, not a text in quotes
      nosuch (c.toml:10): unknown key; `countersign check-config --defaults` lists all keys
      server.listen (c.toml:3): "8080" must be an address and a port, such as "127.0.0.1:8080" or "[::]:8080"
      server.origin (c.toml:2): "http://example.org" must be https: links carry secrets; http is accepted for a loopback host only
      recovery.ticket_ttl (c.toml:8): "15" has no unit; write ms, s, m, h or d after the number, such as "15m"
      recovery.code_tries (c.toml:9): must be a whole number from 1 to 10
    "#);
}

#[test]
fn the_environment_wins_and_is_as_strict() {
    let config = env(&[
        ("COUNTERSIGN_MAIL__RETRY__BASE", "10s"),
        ("COUNTERSIGN_SERVER__TRUSTED_PROXIES", "[\"192.0.2.0/24\"]"),
        ("COUNTERSIGN_MAIL__PACE__PER_SECOND", "3"),
        ("COUNTERSIGN_SITE__NAME", "42"),
        ("COUNTERSIGN_TEST_REQUIRE", "all"),
        ("PATH", "/bin"),
    ])
    .unwrap();
    assert_eq!(config.mail.retry.base.secs(), 10);
    assert!(config.server.trusts("::ffff:192.0.2.7".parse().unwrap()));
    assert_eq!(config.site.name, "42");
    let wrong = env(&[("COUNTERSIGN_MAIL_HOST", "a"), ("COUNTERSIGN_MAIL__PORT", "many"), ("COUNTERSIGN_MAIL", "x")]);
    insta::assert_snapshot!(wrong.unwrap_err(), @r"
    3 problems in the configuration:
      mail_host (environment variable COUNTERSIGN_MAIL_HOST): unknown key; did you mean COUNTERSIGN_MAIL__HOST?
      mail.port (environment variable COUNTERSIGN_MAIL__PORT): must be a whole number, not a text in quotes
      mail (environment variable COUNTERSIGN_MAIL): is a section, not a text in quotes; its keys go below [mail]
    ");
}

#[test]
fn a_file_that_is_not_toml_is_told_by_line_without_quoting_it() {
    let error = file("[mail]\npassword = \"hunter2\n").unwrap_err();
    assert!(error.contains("c.toml:2: not TOML"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn secrets_are_masked_in_errors_and_in_what_is_in_force() {
    let error = file("[store]\nurl = \"mysql://u:hunter2@example.org\"\n[mail]\npassword = \"hunter3\"\n").unwrap_err();
    assert!(error.contains("store.url") && error.contains("mail.username"), "{error}");
    assert!(!error.contains("hunter"), "{error}");
    let config = file("[store]\nurl = \"postgres://u:hunter2@example.org/x\"\n").unwrap();
    let shown = format!("{config:?} {}", serde_json::to_string(&config.effective).unwrap());
    assert!(shown.contains("(set)") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn mail_in_clear_is_for_this_machine_only() {
    let mail = |host: &str, more: &str| {
        let from = "from_address = \"login@example.org\"";
        file(&format!("[mail]\nhost = \"{host}\"\nsecurity = \"none\"\n{from}\n{more}\n"))
    };
    assert!(mail("127.0.0.1", "").is_ok());
    assert!(mail("::1", "").is_ok());
    assert!(mail("mail.example.org", "allow_plaintext = true").is_ok());
    assert!(mail("mail.example.org", "").unwrap_err().contains("mail.security (c.toml:3)"));
    assert!(mail("localhost.example.org", "").is_err());
    assert!(mail("localhost:25", "").unwrap_err().contains("mail.host"));
}

#[test]
fn header_injection_through_the_settings_is_refused() {
    let text = "[site]\nname = \"Example\\nBcc: a@example.org\"\n[mail]\nhost = \"localhost\"\n\
                from_address = \"a@example.org\\r\\nBcc: b@example.org\"\n";
    let error = file(text).unwrap_err();
    assert!(error.contains("site.name") && error.contains("mail.from_address"), "{error}");
}

#[test]
fn a_wrong_type_is_told_with_an_example_that_nobody_set() {
    let error = file("[recovery]\nticket_ttl = 15\n[mail]\npassword = 15\n").unwrap_err();
    assert!(error.contains("must be a text in quotes such as \"15m\", not a whole number"), "{error}");
    let both = Config::from_parts(
        Some((Path::new("c.toml"), "[server]\ntrusted_proxies = [\"192.0.2.0/24\"]\n")),
        [("COUNTERSIGN_SERVER__TRUSTED_PROXIES".to_owned(), "192.0.2.0/24".to_owned())],
    );
    assert!(both.unwrap_err().to_string().contains("must be a list in brackets, not a text"));
}

#[test]
fn dkim_is_all_or_nothing() {
    let error = file("[mail.dkim]\nselector = \"s1\"\n").unwrap_err();
    assert!(error.contains("mail.dkim.domain") && error.contains("mail.dkim.key_file"), "{error}");
}

#[test]
fn argon2_is_never_weaker_than_recommended() {
    assert!(file("[password.argon2]\nmemory_kib = 19456\niterations = 1\n").unwrap_err().contains("OWASP"));
    assert!(file("[password.argon2]\nmemory_kib = 47104\niterations = 1\n").is_ok());
}

#[test]
fn the_whole_internet_is_no_proxy() {
    assert!(file("[server]\ntrusted_proxies = [\"0.0.0.0/0\"]\n").unwrap_err().contains("whole internet"));
    assert!(file("[server]\ntrusted_proxies = [\"fish\"]\n").unwrap_err().contains("server.trusted_proxies"));
}

#[test]
fn a_provider_is_all_there_or_not_at_all() {
    assert!(Config::defaults().console.oidc.is_none());
    let wrong = file("[console.oidc]\nissuer = \"http://id.example.org\"\ntimeout = \"2m\"\n");
    insta::assert_snapshot!(wrong.unwrap_err(), @r#"
    4 problems in the configuration:
      console.oidc.issuer (c.toml:2): must be an https address without a query; http is accepted for a loopback host only
      console.oidc.client_id (default): must be set, because an issuer is
      console.oidc.roles (default): must map at least one group, such as "soc=responder": without one nobody comes in
      console.oidc.timeout (c.toml:3): must be at most 30s: somebody waits for it
    "#);
    let text = "[console.oidc]\nissuer = \"https://id.example.org\"\nclient_id = \"countersign\"\n\
                client_secret = \"correct horse\"\nroles = [\"soc=responder\", \"soc=viewer\", \"it=admin\"]\n";
    let config = file(text).unwrap();
    assert!(!format!("{config:?}").contains("correct horse"));
    let oidc = config.console.oidc.unwrap();
    let roles =
        |groups: &[&str]| oidc.roles_of(&groups.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>()).to_string();
    assert_eq!((roles(&["soc"]).as_str(), roles(&["it", "x"]).as_str()), ("viewer responder", "admin"));
    assert_eq!((roles(&["SOC"]).as_str(), roles(&[]).as_str()), ("", ""));
}
