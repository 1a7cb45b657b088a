//! One SMTP session (RFC 5321) and what its replies mean.
//!
//! Never: keeps a reply's free text, in which relays like to repeat the recipient's address; only codes get out.

use super::relay::{Envelope, RelaySettings, Security};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::{self, response::Response};
use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How far a session had come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Opening the connection, the greeting, EHLO, TLS.
    Connect,
    /// AUTH.
    Login,
    /// RSET on a connection that was used before.
    Reset,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA, before any content.
    Data,
    /// The content and the reply to it.
    Content,
}

impl Stage {
    /// The stage's name in logs and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Login => "login",
            Self::Reset => "reset",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Data => "data",
            Self::Content => "content",
        }
    }
}

/// A reply's codes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// Three digits (RFC 5321, 4.2).
    pub code: u16,
    /// The enhanced status (RFC 3463), such as `5.1.1`.
    pub enhanced: Option<String>,
}

/// Why a hand-over did not end with "sent". Its text is safe to log and to store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// Where it happened.
    pub stage: Stage,
    /// What happened.
    pub fault: Fault,
}

/// What went wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The relay said no.
    Reply(Reply),
    /// No answer in time.
    Timeout,
    /// The certificate or the handshake.
    Tls,
    /// The relay does not offer what the settings ask for, such as STARTTLS or a way to log in.
    NotOffered,
    /// The connection broke or never came about.
    Broken,
    /// The bytes are not a message: bare line ends, or an address that cannot be used.
    Malformed,
}

impl Reason {
    /// The reply's code, if the relay replied.
    pub const fn code(&self) -> Option<u16> {
        match &self.fault {
            Fault::Reply(reply) => Some(reply.code),
            _ => None,
        }
    }

    /// Whether the relay said "never".
    pub(super) const fn is_permanent(&self) -> bool {
        matches!(self.code(), Some(500..=599))
    }

    fn of(stage: Stage, error: &smtp::Error) -> Self {
        let fault = match error.status() {
            Some(code) => Fault::Reply(Reply { code: code.into(), enhanced: enhanced(error) }),
            None if error.is_timeout() => Fault::Timeout,
            None if error.is_tls() => Fault::Tls,
            None if error.is_client() => Fault::NotOffered,
            None => Fault::Broken,
        };
        Self { stage, fault }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        self.enhanced.as_ref().map_or(Ok(()), |status| write!(f, " {status}"))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = self.stage.as_str();
        match &self.fault {
            Fault::Reply(reply) => write!(f, "{stage}: the relay replied {reply}"),
            Fault::Timeout => write!(f, "{stage}: no reply in time"),
            Fault::Tls => write!(f, "{stage}: TLS failed; is the certificate valid for the relay's name?"),
            Fault::NotOffered => write!(f, "{stage}: the relay does not offer what the settings ask for"),
            Fault::Broken => write!(f, "{stage}: the connection broke"),
            Fault::Malformed => write!(f, "{stage}: not a message that can be sent"),
        }
    }
}

/// `5.1.1` at the start of the reply's text; nothing else of it is kept.
fn enhanced(error: &smtp::Error) -> Option<String> {
    error.source().map(ToString::to_string).as_deref().and_then(enhanced_status)
}

fn enhanced_status(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?;
    let is_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = word.split('.').collect();
    (parts.len() == 3 && parts.iter().all(|part| is_number(part))).then(|| word.to_owned())
}

fn reply_of(response: &Response) -> Reply {
    Reply { code: response.code().into(), enhanced: response.first_line().and_then(enhanced_status) }
}

/// A connection that has greeted, and is encrypted and logged in as far as the settings ask.
pub(super) struct Session {
    connection: AsyncSmtpConnection,
    command_timeout: Duration,
    content_timeout: Duration,
    messages: u32,
}

impl Session {
    /// Connects, encrypts, logs in.
    pub(super) async fn open(settings: &RelaySettings, tls: Option<&TlsParameters>) -> Result<Self, Reason> {
        let connection = limit(Stage::Connect, settings.connect_timeout, connect(settings, tls)).await?;
        let mut session = Self {
            connection,
            command_timeout: settings.command_timeout,
            content_timeout: settings.content_timeout,
            messages: 0,
        };
        session.login(settings).await?;
        Ok(session)
    }

    async fn login(&mut self, settings: &RelaySettings) -> Result<(), Reason> {
        let Some(login) = &settings.login else {
            return Ok(());
        };
        let credentials = Credentials::new(login.user.clone(), login.password.expose().to_owned());
        let auth = self.connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials);
        limit(Stage::Login, self.command_timeout, auth).await.map(|_| ())
    }

    /// Messages handed over so far.
    pub(super) const fn messages(&self) -> u32 {
        self.messages
    }

    /// Whether an idle connection is still alive; also forgets what an earlier message may have left.
    pub(super) async fn reset(&mut self) -> Result<(), Reason> {
        limit(Stage::Reset, self.command_timeout, self.connection.command(Rset)).await.map(|_| ())
    }

    /// Says goodbye; what the relay thinks of it does not matter.
    pub(super) async fn quit(mut self) {
        let _ = tokio::time::timeout(self.command_timeout, self.connection.quit()).await;
    }

    /// MAIL, RCPT, DATA. After `Ok` the relay waits for the content.
    pub(super) async fn announce(&mut self, envelope: &Envelope, eight_bit: bool) -> Result<(), Reason> {
        let malformed = |stage| Reason { stage, fault: Fault::Malformed };
        let from = super::relay::wire(&envelope.from).ok_or(malformed(Stage::Sender))?;
        let to = super::relay::wire(&envelope.to).ok_or(malformed(Stage::Recipient))?;
        let options = self.mail_options(eight_bit)?;
        self.command(Stage::Sender, Mail::new(Some(from), options)).await?;
        self.command(Stage::Recipient, Rcpt::new(to, Vec::new())).await?;
        self.command(Stage::Data, Data).await
    }

    /// Our own messages are 7-bit; others need 8BITMIME (RFC 6152).
    fn mail_options(&self, eight_bit: bool) -> Result<Vec<MailParameter>, Reason> {
        match (eight_bit, self.connection.server_info().supports_feature(Extension::EightBitMime)) {
            (false, _) => Ok(Vec::new()),
            (true, true) => Ok(vec![MailParameter::Body(MailBodyParameter::EightBitMime)]),
            (true, false) => Err(Reason { stage: Stage::Sender, fault: Fault::NotOffered }),
        }
    }

    async fn command(&mut self, stage: Stage, command: impl fmt::Display) -> Result<(), Reason> {
        limit(stage, self.command_timeout, self.connection.command(command)).await.map(|_| ())
    }

    /// The content and the reply to it.
    pub(super) async fn content(&mut self, bytes: &[u8]) -> Result<Reply, Interrupted> {
        // The final dot is written only after the last chunk was taken and another was asked for. Until then the relay
        // must not accept what it has (RFC 5321, 4.1.1.4), so a break before that moment is a plain failure.
        let complete = AtomicBool::new(false);
        let end = std::iter::from_fn(|| {
            complete.store(true, Ordering::Relaxed);
            None
        });
        let chunks = bytes.chunks(16 * 1024).chain(end);
        let result = limit(Stage::Content, self.content_timeout, self.connection.message_iter(chunks)).await;
        self.messages += 1;
        match result {
            Ok(response) => Ok(reply_of(&response)),
            Err(reason) => {
                Err(Interrupted { ambiguous: complete.load(Ordering::Relaxed) && reason.code().is_none(), reason })
            }
        }
    }
}

/// Why the content got no "yes".
pub(super) struct Interrupted {
    /// What happened.
    pub(super) reason: Reason,
    /// Whether the relay may have taken the message all the same.
    pub(super) ambiguous: bool,
}

async fn connect(settings: &RelaySettings, tls: Option<&TlsParameters>) -> Result<AsyncSmtpConnection, smtp::Error> {
    let hello = settings.hello.clone().map_or_else(ClientId::default, ClientId::Domain);
    let server = (settings.host.as_str(), settings.port);
    let implicit = tls.filter(|_| settings.security == Security::Tls).cloned();
    let mut connection = AsyncSmtpConnection::connect_tokio1(server, None, &hello, implicit, None).await?;
    if let (Security::StartTls, Some(tls)) = (settings.security, tls) {
        connection.starttls(tls.clone(), &hello).await?;
    }
    Ok(connection)
}

/// lettre's connection has no time limits of its own beyond connecting.
async fn limit<T>(
    stage: Stage,
    time: Duration,
    work: impl Future<Output = Result<T, smtp::Error>>,
) -> Result<T, Reason> {
    match tokio::time::timeout(time, work).await {
        Ok(result) => result.map_err(|error| Reason::of(stage, &error)),
        Err(_) => Err(Reason { stage, fault: Fault::Timeout }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_enhanced_status_of_a_reply_is_kept() {
        assert_eq!(enhanced_status("5.1.1 <mara@example.org>: no such user").as_deref(), Some("5.1.1"));
        assert_eq!(enhanced_status("<mara@example.org>: no such user"), None);
        assert_eq!(enhanced_status("5.1.1.1 x"), None);
        assert_eq!(enhanced_status("192.0.2.1 x"), None);
        assert_eq!(enhanced_status(""), None);
    }

    #[test]
    fn reasons_read_as_sentences() {
        let reply = Reply { code: 550, enhanced: Some("5.1.1".to_owned()) };
        let reason = Reason { stage: Stage::Recipient, fault: Fault::Reply(reply) };
        assert_eq!(reason.to_string(), "recipient: the relay replied 550 5.1.1");
        assert!(reason.is_permanent());
        assert_eq!(Reason { stage: Stage::Content, fault: Fault::Timeout }.code(), None);
    }
}
