//! From `[mail]` to what the outbox needs.

use crate::app::App;
use crate::config::{Config, Security as Chosen};
use crate::jobs::Mailer;
use crate::notify::{Brand, Login, Relay, RelaySettings, Security, Sender, dkim};
use countersign_core::message::MailAddress;
use countersign_core::message::pace::{Pace, PaceRule};
use countersign_core::message::retry::Retry;
use countersign_core::secret::SecretText;
use std::time::Duration;

/// Recipient domains whose pace is remembered; the busiest few hundred make nearly all mail.
const PACED_DOMAINS: usize = 10_000;

/// Mail settings that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {why}")]
pub struct BadMail {
    key: &'static str,
    why: String,
}

fn bad(key: &'static str) -> impl Fn(&dyn std::fmt::Display) -> BadMail {
    move |why| BadMail { key, why: why.to_string() }
}

/// The mailer of the settings; `None` while no mail server is named.
///
/// # Errors
/// Names the key whose value cannot be used.
pub fn mailer(app: &App) -> Result<Option<Mailer>, BadMail> {
    let config = &app.config;
    let Some(host) = &config.mail.host else {
        return Ok(None);
    };
    let relay = Relay::new(relay_settings(config, host)).map_err(|error| bad("mail.host")(&error))?;
    let mail = &config.mail;
    let pace = PaceRule {
        // Per ten seconds, so that a rate below one a second is a whole number too.
        messages: ((mail.pace.per_second * 10.0).round() as u32).max(1),
        per: Duration::from_secs(10),
        burst: mail.pace.burst,
        max_domains: PACED_DOMAINS,
    };
    let retry = Retry {
        first: mail.retry.base.duration(),
        max: mail.retry.max.duration(),
        attempts: mail.retry.attempts,
        jitter: mail.retry.jitter,
    };
    let connections = usize::try_from(mail.connections).unwrap_or(1);
    let (from, signers) = (sender(config)?, signers(config)?);
    Ok(Some(Mailer::new(relay, from, signers, brand(config), retry, Pace::new(pace), connections)))
}

fn relay_settings(config: &Config, host: &str) -> RelaySettings {
    let mail = &config.mail;
    let timeout = mail.timeout.duration();
    RelaySettings {
        host: host.to_owned(),
        port: mail.port,
        security: match mail.security {
            Chosen::Starttls => Security::StartTls,
            Chosen::Tls => Security::Tls,
            Chosen::None => Security::None,
        },
        login: mail.login.as_ref().map(|l| Login { user: l.username.clone(), password: l.password.clone() }),
        // The configuration has refused plain text to other hosts unless it was asked for.
        allow_plaintext: matches!(mail.security, Chosen::None),
        hello: None,
        ca_pem: mail.ca_pem.as_ref().map(|pem| pem.clone().into_bytes()),
        connections: usize::try_from(mail.connections).unwrap_or(1),
        connect_timeout: timeout,
        command_timeout: timeout,
        content_timeout: mail.content_timeout.duration(),
    }
}

fn sender(config: &Config) -> Result<Sender, BadMail> {
    let mail = &config.mail;
    let address = MailAddress::parse(&mail.from_address).map_err(|error| bad("mail.from_address")(&error))?;
    let reply_to = mail.reply_to.as_deref().map(MailAddress::parse).transpose();
    let reply_to = reply_to.map_err(|error| bad("mail.reply_to")(&error))?;
    Ok(Sender { name: mail.from_name.clone().unwrap_or_else(|| config.site.name.clone()), address, reply_to })
}

fn signers(config: &Config) -> Result<Vec<dkim::Signer>, BadMail> {
    let Some(dkim) = &config.mail.dkim else {
        return Ok(vec![]);
    };
    let key = "mail.dkim.key_file";
    let pem = std::fs::read_to_string(&dkim.key_file).map_err(|error| bad(key)(&error))?;
    let signer = dkim::Signer::from_pem(&dkim.domain, &dkim.selector, &SecretText::new(pem));
    Ok(vec![signer.map_err(|error| bad(key)(&error))?])
}

fn brand(config: &Config) -> Brand {
    let site = &config.site;
    let help = site.contact.clone().or_else(|| site.support_url.clone());
    Brand { service: site.name.clone(), origin: config.server.origin.to_string(), help }
}
