//! The SMTP server: reachable, speaks, protects the connection, knows our user name. Nothing is sent.

use super::check::Check;
use crate::config::{Mail, Security};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
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
    if usable {
        checks.push(sign_in(&mut connection, mail).await);
    }
    // The server may have hung up already; nothing depends on a polite end.
    let _ = connection.quit().await;
    checks
}

type SmtpError = lettre::transport::smtp::Error;

async fn connect(mail: &Mail, host: &str, hello: &ClientId) -> Result<AsyncSmtpConnection, SmtpError> {
    let tls = if mail.security == Security::Tls { Some(TlsParameters::new(host.to_owned())?) } else { None };
    AsyncSmtpConnection::connect_tokio1((host, mail.port), Some(mail.timeout.duration()), hello, tls, None).await
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
        Security::Starttls => match starttls(connection, host, hello).await {
            Ok(()) => Check::ok(name, "STARTTLS, certificate good"),
            Err(error) => {
                let advice = "mail.host must be the name in the server's certificate, and its issuer a public one";
                Check::fail(name, format!("STARTTLS: {}", chain(&error)), advice)
            }
        },
    }
}

async fn starttls(connection: &mut AsyncSmtpConnection, host: &str, hello: &ClientId) -> Result<(), SmtpError> {
    let tls = TlsParameters::new(host.to_owned())?;
    connection.starttls(tls, hello).await
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
