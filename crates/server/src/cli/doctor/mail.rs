//! The SMTP server: reachable, speaks, protects the connection, knows our user name. Nothing is sent.

use super::check::Check;
use crate::config::{Mail, Security};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

/// Looks at the SMTP server as far as it lets us.
pub async fn look(mail: &Mail, hello: &str, offline: bool) -> Vec<Check> {
    let Some(host) = &mail.host else {
        let advice = "set mail.host and mail.from_address; until then messages wait in the outbox";
        return vec![Check::fail("mail server", "mail.host is empty: nobody gets a message", advice)];
    };
    if offline {
        return vec![Check::not_checked("mail server", "--offline")];
    }
    let patience = mail.timeout.duration().saturating_mul(4);
    match tokio::time::timeout(patience, converse(mail, host, hello)).await {
        Ok(checks) => checks,
        Err(_) => vec![Check::fail(
            "mail server",
            format!("{host} was silent too long"),
            "look at its log, or raise mail.timeout",
        )],
    }
}

async fn converse(mail: &Mail, host: &str, hello: &str) -> Vec<Check> {
    let hello = ClientId::Domain(hello.to_owned());
    let mut connection = match connect(mail, host, &hello).await {
        Ok(connection) => connection,
        Err(error) => return vec![unreachable_server(mail, host, &error)],
    };
    let mut checks = vec![Check::ok("mail server", format!("{host}:{} greets and answers EHLO", mail.port))];
    let protected = protect(&mut connection, mail, host, &hello).await;
    let usable = protected.outcome != super::Outcome::Fail;
    checks.push(protected);
    // After a TLS handshake that failed lettre's connection has no stream left and panics at any further command.
    if usable {
        checks.push(sign_in(&mut connection, mail).await);
        // The server may have hung up already; nothing depends on a polite end.
        let _ = connection.quit().await;
    }
    checks
}

type SmtpError = lettre::transport::smtp::Error;

async fn connect(mail: &Mail, host: &str, hello: &ClientId) -> Result<AsyncSmtpConnection, SmtpError> {
    let tls = if mail.security == Security::Tls { Some(trust(mail, host)?) } else { None };
    AsyncSmtpConnection::connect_tokio1((host, mail.port), Some(mail.timeout.duration()), hello, tls, None).await
}

fn trust(mail: &Mail, host: &str) -> Result<TlsParameters, SmtpError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = &mail.ca_pem {
        builder = builder.add_root_certificate(Certificate::from_pem(pem.as_bytes())?);
    }
    builder.build_rustls()
}

fn unreachable_server(mail: &Mail, host: &str, error: &SmtpError) -> Check {
    let advice = "look at mail.host, mail.port and mail.security, the firewall, and the server's certificate";
    Check::fail("mail server", format!("{host}:{}: {}", mail.port, chain(error)), advice)
}

async fn protect(connection: &mut AsyncSmtpConnection, mail: &Mail, host: &str, hello: &ClientId) -> Check {
    let name = "mail security";
    match mail.security {
        Security::Tls => Check::ok(name, "TLS from the first byte, certificate good"),
        Security::None => {
            Check::warn(name, "no TLS, as configured", "use \"starttls\" or \"tls\" where the server offers it")
        }
        Security::Starttls if !connection.can_starttls() => {
            let advice = "set mail.security to \"tls\" with the right port, or let the server offer STARTTLS";
            Check::fail(name, format!("{host} does not offer STARTTLS; nothing will be sent"), advice)
        }
        Security::Starttls => match starttls(connection, mail, host, hello).await {
            Ok(()) => Check::ok(name, "STARTTLS, certificate good"),
            Err(error) => {
                let advice = "mail.host must be the name in the server's certificate, and its issuer a public one or in mail.ca_file";
                Check::fail(name, format!("STARTTLS: {}", chain(&error)), advice)
            }
        },
    }
}

async fn starttls(
    connection: &mut AsyncSmtpConnection,
    mail: &Mail,
    host: &str,
    hello: &ClientId,
) -> Result<(), SmtpError> {
    connection.starttls(trust(mail, host)?, hello).await
}

async fn sign_in(connection: &mut AsyncSmtpConnection, mail: &Mail) -> Check {
    let name = "mail sign-in";
    let Some(login) = &mail.login else {
        return Check::not_checked(
            name,
            "mail.username is empty; whether the server takes our mail is seen only by sending",
        );
    };
    let credentials = Credentials::new(login.username.clone(), login.password.expose().to_owned());
    match connection.auth(DEFAULT_MECHANISMS, &credentials).await {
        Ok(_) => Check::ok(name, "the server accepts mail.username and its password"),
        Err(error) => Check::fail(name, chain(&error), "look at mail.username and mail.password or mail.password_file"),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let sentence = cause.to_string();
        if !text.contains(&sentence) {
            text = format!("{text}: {sentence}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::check::Outcome;
    use super::*;
    use crate::config::Config;
    use std::path::Path;
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    /// A mail server that knows one user name (`login`, password `sekret`) and fails the test for any mail.
    async fn server(tls: bool) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            stream.write_all(b"220 test\r\n").await.unwrap();
            let mut line = String::new();
            while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                stream.write_all(answer(&line, tls).as_bytes()).await.unwrap();
                line.clear();
            }
        });
        port
    }

    fn answer(line: &str, tls: bool) -> &'static str {
        let good = format!("AUTH PLAIN {}", data_encoding::BASE64.encode(b"\0login\0sekret"));
        match line.trim_end() {
            // It offers STARTTLS and then does not speak TLS.
            line if line.starts_with("EHLO") && tls => "250-test\r\n250 STARTTLS\r\n",
            "STARTTLS" => "220 go on\r\nthis is no TLS at all\r\n",
            line if line.starts_with("EHLO") => "250-test\r\n250 AUTH PLAIN\r\n",
            line if line == good => "235 welcome\r\n",
            line if line.starts_with("AUTH") => "535 5.7.8 no\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "503 nothing may be sent\r\n",
        }
    }

    async fn outcomes(security: &str, password: &str) -> Vec<(&'static str, Outcome)> {
        outcomes_at(server(false).await, security, password).await
    }

    async fn outcomes_at(port: u16, security: &str, password: &str) -> Vec<(&'static str, Outcome)> {
        let text = format!(
            "[mail]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"{security}\"\nusername = \"login\"\n\
             password = \"{password}\"\nfrom_address = \"login@example.org\"\n"
        );
        let mail = Config::from_parts(Some((Path::new("c.toml"), &text)), []).unwrap().mail;
        let checks = look(&mail, "login.example.org", false).await;
        assert!(checks.iter().all(|c| !c.to_string().contains(password)));
        checks.into_iter().map(|c| (c.name, c.outcome)).collect()
    }

    #[tokio::test]
    async fn a_good_sign_in_is_seen_without_sending() {
        let seen = outcomes("none", "sekret").await;
        assert_eq!(seen[0], ("mail server", Outcome::Ok));
        assert_eq!(seen[2], ("mail sign-in", Outcome::Ok));
    }

    #[tokio::test]
    async fn a_wrong_password_fails() {
        assert_eq!(outcomes("none", "wrong").await[2], ("mail sign-in", Outcome::Fail));
    }

    #[tokio::test]
    async fn a_password_is_never_sent_where_starttls_is_missing() {
        let seen = outcomes("starttls", "sekret").await;
        assert_eq!(seen, [("mail server", Outcome::Ok), ("mail security", Outcome::Fail)]);
    }

    #[tokio::test]
    async fn a_tls_handshake_that_fails_is_told_and_nothing_follows() {
        let seen = outcomes_at(server(true).await, "starttls", "sekret").await;
        assert_eq!(seen, [("mail server", Outcome::Ok), ("mail security", Outcome::Fail)]);
    }
}
