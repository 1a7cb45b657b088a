//! `[mail]`: the SMTP server that takes our messages, how hard we try, and how they are signed.

use super::files::{certificates, secret};
use super::reader::Reader;
use super::site::one_line;
use countersign_core::secret::SecretText;
use countersign_core::span::Span;
use std::net::IpAddr;
use std::path::PathBuf;

/// The SMTP server that takes our messages, how hard we try, and how they are signed.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Host name of the server; `None`: messages wait in the outbox.
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Whether `Security::None` is accepted for a host that is not loopback.
    pub allow_plaintext: bool,
    /// Certificates that are trusted besides the public ones, in PEM.
    pub ca_pem: Option<String>,
    /// User name and password.
    pub login: Option<Login>,
    /// The sender's address.
    pub from_address: String,
    /// The sender's display name; `None`: the site's name.
    pub from_name: Option<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// For each step of a conversation but the last.
    pub timeout: Span,
    /// For the content and the reply to it.
    pub content_timeout: Span,
    /// Connections at the same time.
    pub connections: u32,
    /// When a message is tried again.
    pub retry: Retry,
    /// How fast one recipient domain is written to.
    pub pace: Pace,
    /// Our signature; `None`: the server signs.
    pub dkim: Option<Dkim>,
    /// The file that the password came from, for `doctor`.
    pub password_file: Option<PathBuf>,
}

/// How the connection to the SMTP server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// STARTTLS, required (RFC 3207).
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// None.
    None,
}

impl Security {
    /// The port that goes with it.
    pub const fn usual_port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// User name and password for SMTP.
#[derive(Clone, Debug)]
pub struct Login {
    /// User name.
    pub username: String,
    /// Password.
    pub password: SecretText,
}

/// When a message is tried again.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Wait before the second try; doubles.
    pub base: Span,
    /// Longest wait.
    pub max: Span,
    /// Tries before a message is put aside.
    pub attempts: u32,
    /// Random share of each wait, 0 to 1.
    pub jitter: f64,
}

/// How fast one recipient domain is written to.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Messages a second.
    pub per_second: f64,
    /// Messages at once.
    pub burst: u32,
}

/// A DKIM signature (RFC 6376).
#[derive(Clone, Debug)]
pub struct Dkim {
    /// The selector, `s=`.
    pub selector: String,
    /// The domain, `d=`.
    pub domain: String,
    /// The private key in PEM.
    pub key_file: PathBuf,
}

impl Mail {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let words = [("starttls", Security::Starttls), ("tls", Security::Tls), ("none", Security::None)];
        let security = r.choice("mail.security", &words);
        let port: u16 = r.number("mail.port", 0, u16::MAX);
        let mail = Self {
            host: r.optional("mail.host"),
            port: if port == 0 { security.usual_port() } else { port },
            security,
            allow_plaintext: r.flag("mail.allow_plaintext"),
            ca_pem: certificates(r, "mail.ca_file"),
            login: login(r),
            from_address: r.text("mail.from_address"),
            from_name: r.optional("mail.from_name"),
            reply_to: r.optional("mail.reply_to"),
            timeout: r.span("mail.timeout"),
            content_timeout: r.span("mail.content_timeout"),
            connections: r.number("mail.connections", 1, 100),
            retry: Retry::read(r),
            pace: Pace::read(r),
            dkim: Dkim::read(r),
            password_file: r.path("mail.password_file"),
        };
        mail.check_transport(r);
        mail.check_sender(r);
        mail
    }

    fn check_transport(&self, r: &mut Reader<'_>) {
        let Some(host) = self.host.as_deref() else { return };
        let message = "must be a host name or an address without a port; the port goes to mail.port";
        r.check(url::Host::parse(bracketed(host).as_str()).is_ok(), "mail.host", message);
        let clear = self.security == Security::None && !is_loopback(host) && !self.allow_plaintext;
        let message =
            "\"none\" is accepted for a loopback host only: messages carry secrets. Use \"starttls\" or \"tls\"";
        r.check(!clear, "mail.security", message);
    }

    fn check_sender(&self, r: &mut Reader<'_>) {
        if self.host.is_some() || !self.from_address.is_empty() {
            mailbox(r, "mail.from_address", &self.from_address);
        }
        if let Some(reply_to) = &self.reply_to {
            mailbox(r, "mail.reply_to", reply_to);
        }
        one_line(r, "mail.from_name", self.from_name.as_deref().unwrap_or_default());
    }
}

impl Retry {
    fn read(r: &mut Reader<'_>) -> Self {
        let retry = Self {
            base: r.span("mail.retry.base"),
            max: r.span("mail.retry.max"),
            attempts: r.number("mail.retry.attempts", 1, 1000),
            jitter: r.decimal("mail.retry.jitter", 0.0, 1.0),
        };
        r.check(retry.max >= retry.base, "mail.retry.max", "must not be shorter than mail.retry.base");
        retry
    }
}

impl Pace {
    fn read(r: &mut Reader<'_>) -> Self {
        Self {
            per_second: r.decimal("mail.pace.per_second", 0.01, 100_000.0),
            burst: r.number("mail.pace.burst", 1, 100_000),
        }
    }
}

impl Dkim {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let (selector, domain) = (r.optional("mail.dkim.selector"), r.optional("mail.dkim.domain"));
        match (selector, domain, r.path("mail.dkim.key_file")) {
            (Some(selector), Some(domain), Some(key_file)) => Some(Self { selector, domain, key_file }),
            (None, None, None) => None,
            (selector, domain, key_file) => {
                let message = "must be set, because other keys of [mail.dkim] are; or leave all three empty";
                r.check(selector.is_some(), "mail.dkim.selector", message);
                r.check(domain.is_some(), "mail.dkim.domain", message);
                r.check(key_file.is_some(), "mail.dkim.key_file", message);
                None
            }
        }
    }
}

fn login(r: &mut Reader<'_>) -> Option<Login> {
    let username = r.optional("mail.username");
    let password = secret(r, "mail.password", "mail.password_file");
    match (username, password) {
        (Some(username), Some(password)) => Some(Login { username, password }),
        (Some(_), None) if r.is_clean("mail.password_file") => {
            r.problem("mail.username", "needs mail.password or mail.password_file");
            None
        }
        (None, Some(_)) => {
            r.problem("mail.username", "must be set, because a password is");
            None
        }
        _ => None,
    }
}

fn mailbox(r: &mut Reader<'_>, key: &str, text: &str) {
    let message = "must be one mailbox, such as \"login@example.org\"";
    r.check(text.parse::<lettre::Address>().is_ok(), key, message);
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// Whether `host` is this machine by its name alone; nothing is looked up.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}
