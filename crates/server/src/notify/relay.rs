//! The mail relay: a few connections, kept and reused, and the careful hand-over of one message.

use super::session::{Fault, Interrupted, Reason, Reply, Session, Stage};
use countersign_core::message::MailAddress;
use countersign_core::secret::SecretText;
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// A connection is given up after this many messages; some relays count, and a fresh one costs little.
const MAX_MESSAGES_PER_CONNECTION: u32 = 100;

/// How the connection is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Security {
    /// Plain at first, then STARTTLS, without which nothing is sent (RFC 3207). Usually port 587.
    StartTls,
    /// TLS from the first byte (RFC 8314). Usually port 465.
    Tls,
    /// Not at all: for a relay on the same machine.
    None,
}

/// Who we are to the relay.
#[derive(Clone, Debug)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: SecretText,
}

/// Where the relay is and how to talk to it.
#[derive(Clone, Debug)]
pub struct RelaySettings {
    /// Its name, for which its certificate must be valid, or its address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
    /// How we log in, by AUTH PLAIN or LOGIN, whichever is offered.
    pub login: Option<Login>,
    /// Whether the password may cross a network in clear; for a closed network, and only if somebody asked for it.
    pub allow_plaintext: bool,
    /// What we call ourselves in EHLO; the machine's name if not given.
    pub hello: Option<String>,
    /// PEM certificates that are trusted besides the public ones, for a relay of one's own.
    pub ca_pem: Option<Vec<u8>>,
    /// Most connections at a time; at least one.
    pub connections: usize,
    /// For connecting, the greeting and TLS together.
    pub connect_timeout: Duration,
    /// For the reply to each command. RFC 5321, 4.5.3.2, asks for five minutes at a final destination.
    pub command_timeout: Duration,
    /// For the content and the reply to it. RFC 5321, 4.5.3.2.6, asks for ten minutes: a relay that takes the message
    /// but is slow to say so must not make us unsure whether it did.
    pub content_timeout: Duration,
}

impl RelaySettings {
    /// Plain, without login, two connections: for a relay on this machine, and for tests.
    pub fn local(port: u16) -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port,
            security: Security::None,
            login: None,
            allow_plaintext: false,
            hello: None,
            ca_pem: None,
            connections: 2,
            connect_timeout: Duration::from_secs(10),
            command_timeout: Duration::from_secs(60),
            content_timeout: Duration::from_secs(600),
        }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    /// A password would cross a network in clear.
    #[error("a login needs security starttls or tls, unless the relay is on this machine")]
    LoginInClear,
    /// The extra certificates cannot be read.
    #[error("the extra CA file holds no certificate in PEM form")]
    BadCa,
    /// TLS could not be set up for this host.
    #[error("TLS could not be set up; is the host a name or an address?")]
    Tls,
    /// The EHLO name is not a host name.
    #[error("the hello name is not a host name")]
    BadHello,
}

/// Sender and recipient, as the relay is told (RFC 5321), which is not what the header says.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Bounces go here.
    pub from: MailAddress,
    /// The recipient.
    pub to: MailAddress,
}

/// How a hand-over ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The relay took the message and answers for it.
    Sent(Reply),
    /// It certainly did not take it; another try may work. Whatever is wrong with us (login, sender, TLS) is here too,
    /// even when the relay said "never": an operator mends it, and no recipient's message is given up for it.
    Retry(Reason),
    /// It will never take this message for this recipient (5xx to RCPT, DATA or the content).
    Refused(Reason),
    /// The content left and no reply came: it may have taken it. Sending again may send twice.
    Unknown(Reason),
}

/// A relay; clones share its connections.
#[derive(Clone)]
pub struct Relay {
    inner: Arc<Inner>,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relay({}:{})", self.inner.settings.host, self.inner.settings.port)
    }
}

struct Inner {
    settings: RelaySettings,
    tls: Option<TlsParameters>,
    permits: Semaphore,
    idle: Mutex<Vec<Session>>,
}

impl Relay {
    /// Checks the settings; connects when the first message comes.
    ///
    /// # Errors
    /// Settings that could never work, or that would send a password in clear.
    pub fn new(settings: RelaySettings) -> Result<Self, RelayError> {
        if sends_password_in_clear(&settings) {
            return Err(RelayError::LoginInClear);
        }
        if settings.hello.as_deref().is_some_and(|name| !is_host_name(name)) {
            return Err(RelayError::BadHello);
        }
        let tls = tls(&settings)?;
        let permits = Semaphore::new(settings.connections.clamp(1, Semaphore::MAX_PERMITS));
        Ok(Self { inner: Arc::new(Inner { settings, tls, permits, idle: Mutex::new(Vec::new()) }) })
    }

    /// Hands one message over. Waits for a free connection.
    ///
    /// `before_content` runs once the relay has accepted sender and recipient and waits for the content, and before its
    /// first byte is sent; it does not run if they were not accepted.
    ///
    /// # Errors
    /// `before_content`'s own: then no content was sent and the connection was dropped.
    pub async fn hand_over<E>(
        &self,
        envelope: &Envelope,
        bytes: &[u8],
        before_content: impl AsyncFnOnce() -> Result<(), E>,
    ) -> Result<Outcome, E> {
        if !has_clean_line_ends(bytes) {
            return Ok(Outcome::Refused(Reason { stage: Stage::Content, fault: Fault::Malformed }));
        }
        // The semaphore is never closed; a permit is held until the connection is idle or gone.
        let _permit = self.inner.permits.acquire().await;
        let mut session = match self.inner.session().await {
            Ok(session) => session,
            Err(reason) => return Ok(Outcome::Retry(reason)),
        };
        if let Err(reason) = session.announce(envelope, !bytes.is_ascii()).await {
            self.inner.keep_after(&reason, session);
            return Ok(announced_in_vain(reason));
        }
        // On an error the session is dropped here: the connection closes, and without the final dot nothing was sent.
        before_content().await?;
        let result = session.content(bytes).await;
        Ok(self.inner.conclude(session, result))
    }

    /// Connects, encrypts, logs in and says goodbye, for `doctor`.
    ///
    /// # Errors
    /// What a message would meet.
    pub async fn check(&self) -> Result<(), Reason> {
        Session::open(&self.inner.settings, self.inner.tls.as_ref()).await?.quit().await;
        Ok(())
    }

    /// Says goodbye on every idle connection, for shutdown.
    pub async fn close(&self) {
        while let Some(session) = self.inner.take_idle() {
            session.quit().await;
        }
    }
}

impl Inner {
    /// An idle connection that still lives, or a new one.
    async fn session(&self) -> Result<Session, Reason> {
        while let Some(mut session) = self.take_idle() {
            if session.reset().await.is_ok() {
                return Ok(session);
            }
        }
        Session::open(&self.settings, self.tls.as_ref()).await
    }

    fn take_idle(&self) -> Option<Session> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, session: Session) {
        if session.messages() < MAX_MESSAGES_PER_CONNECTION {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        }
    }

    /// After a "no" the connection is good for the next message, unless the relay is closing it (421).
    fn keep_after(&self, reason: &Reason, session: Session) {
        if reason.code().is_some_and(|code| code != 421) {
            self.keep(session);
        }
    }

    fn conclude(&self, session: Session, result: Result<Reply, Interrupted>) -> Outcome {
        match result {
            Ok(reply) => {
                self.keep(session);
                Outcome::Sent(reply)
            }
            Err(Interrupted { reason, ambiguous: true }) => Outcome::Unknown(reason),
            Err(Interrupted { reason, ambiguous: false }) => {
                self.keep_after(&reason, session);
                if reason.is_permanent() { Outcome::Refused(reason) } else { Outcome::Retry(reason) }
            }
        }
    }
}

/// A "never" to the recipient or to DATA is about this message; to the sender it is about us.
fn announced_in_vain(reason: Reason) -> Outcome {
    let about_message = matches!(reason.stage, Stage::Recipient | Stage::Data);
    let hopeless = reason.fault == Fault::Malformed;
    if hopeless || (about_message && reason.is_permanent()) { Outcome::Refused(reason) } else { Outcome::Retry(reason) }
}

fn tls(settings: &RelaySettings) -> Result<Option<TlsParameters>, RelayError> {
    if settings.security == Security::None {
        return Ok(None);
    }
    let mut builder = TlsParameters::builder(settings.host.clone()).certificate_store(CertificateStore::WebpkiRoots);
    if let Some(pem) = &settings.ca_pem {
        if !pem.windows(27).any(|w| w == b"-----BEGIN CERTIFICATE-----") {
            return Err(RelayError::BadCa);
        }
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(|_| RelayError::BadCa)?);
    }
    builder.build_rustls().map(Some).map_err(|_| RelayError::Tls)
}

/// The address as the mail library wants it; `MailAddress` has checked more than it does.
pub(super) fn wire(address: &MailAddress) -> Option<lettre::Address> {
    lettre::Address::new(address.local(), address.domain()).ok()
}

fn sends_password_in_clear(settings: &RelaySettings) -> bool {
    let clear = settings.security == Security::None && !settings.allow_plaintext;
    settings.login.is_some() && clear && !is_this_machine(&settings.host)
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn is_host_name(name: &str) -> bool {
    (1..=253).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.[]:".contains(&b))
}

/// No CR without LF and no LF without CR: relays disagree about them, which is how messages are smuggled (RFC 5321,
/// 2.3.8).
fn has_clean_line_ends(bytes: &[u8]) -> bool {
    let after_cr = |at: usize| bytes.get(at + 1) == Some(&b'\n');
    let before_lf = |at: usize| at > 0 && bytes[at - 1] == b'\r';
    bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'\r' => after_cr(at),
        b'\n' => before_lf(at),
        0 => false,
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_does_not_cross_a_network_in_clear() {
        let login = Some(Login { user: "countersign".to_owned(), password: SecretText::new("x") });
        let away =
            RelaySettings { host: "mail.example.org".to_owned(), login: login.clone(), ..RelaySettings::local(25) };
        assert_eq!(Relay::new(away).err(), Some(RelayError::LoginInClear));
        assert!(Relay::new(RelaySettings { login, ..RelaySettings::local(25) }).is_ok());
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let tls = RelaySettings { security: Security::Tls, ..RelaySettings::local(465) };
        assert_eq!(Relay::new(RelaySettings { ca_pem: Some(b"x".to_vec()), ..tls }).err(), Some(RelayError::BadCa));
        let hello = RelaySettings { hello: Some("a\r\nb".to_owned()), ..RelaySettings::local(25) };
        assert_eq!(Relay::new(hello).err(), Some(RelayError::BadHello));
    }

    #[test]
    fn bare_line_ends_are_seen() {
        assert!(has_clean_line_ends(b"a\r\n.\r\nb\r\n"));
        for bytes in [&b"a\nb"[..], b"a\rb", b"a\r", b"\n", b"a\r\n\nb", b"a\0"] {
            assert!(!has_clean_line_ends(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn a_no_to_us_is_no_reason_to_give_a_message_up() {
        let no = |stage, code| announced_in_vain(Reason { stage, fault: Fault::Reply(Reply { code, enhanced: None }) });
        assert!(matches!(no(Stage::Sender, 550), Outcome::Retry(_)));
        assert!(matches!(no(Stage::Recipient, 450), Outcome::Retry(_)));
        assert!(matches!(no(Stage::Recipient, 550), Outcome::Refused(_)));
        assert!(matches!(no(Stage::Data, 554), Outcome::Refused(_)));
    }
}
