//! The DKIM key: can it be read, and is it one that receivers accept?

use super::check::Check;
use crate::config::{Config, Dkim};
use crate::notify::dkim::Signer;
use countersign_core::secret::SecretText;

const NAME: &str = "DKIM";

/// Looks at the DKIM key.
pub fn look(config: &Config) -> Check {
    match (&config.mail.dkim, &config.mail.host) {
        (Some(dkim), _) => key(dkim),
        (None, Some(_)) => {
            let advice = "set [mail.dkim], or make sure that your mail server signs for the sender's domain";
            Check::warn(NAME, "messages leave here unsigned", advice)
        }
        (None, None) => Check::not_checked(NAME, "mail.host is empty"),
    }
}

fn key(dkim: &Dkim) -> Check {
    let file = dkim.key_file.display();
    let advice = format!("make one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out {file}`");
    let text = match std::fs::read_to_string(&dkim.key_file) {
        Ok(text) => SecretText::new(text),
        Err(error) => return Check::fail(NAME, format!("{file}: {error}"), advice),
    };
    match Signer::from_pem(&dkim.domain, &dkim.selector, &text) {
        Ok(signer) => Check::ok(NAME, published(&signer)),
        Err(error) => Check::fail(NAME, format!("{file}: {error}"), advice),
    }
}

/// What has to stand in DNS, which is not looked up here.
fn published(signer: &Signer) -> String {
    format!(
        "signs; DNS was not looked up, it must hold at {} the TXT record {}",
        signer.dns_name(),
        signer.dns_record()
    )
}
