//! The mail server of the exercise: real SMTP on loopback (RFC 5321), with a mailbox for everybody.

use super::letter::Letter;
use crate::clock::Clock;
use countersign_core::identifier::EmailAddress;
use countersign_core::mailbox;
use countersign_core::time::Timestamp;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

/// Longest message that is taken, in bytes; ours have about ten thousand.
const MAX_MESSAGE: usize = 1 << 20;

/// A message that arrived.
#[derive(Clone, Debug)]
pub struct Mail {
    /// When its last byte was here.
    pub at: Timestamp,
    /// What it says.
    pub letter: Letter,
}

/// A message as it arrived, for those who want to know whether it is genuine.
#[derive(Clone, Debug)]
pub struct Sample {
    /// To whom it was delivered.
    pub to: String,
    /// All of it.
    pub bytes: String,
}

/// How many messages are kept whole.
const SAMPLES: usize = 20;

#[derive(Default)]
struct Mailbox {
    mails: Vec<Mail>,
    arrived: Arc<Notify>,
}

/// Every mailbox, by its canonical name.
#[derive(Clone)]
pub struct Post(Arc<Inner>);

struct Inner {
    boxes: Mutex<HashMap<String, Mailbox>>,
    samples: Mutex<Vec<Sample>>,
    scanners: mpsc::UnboundedSender<Letter>,
    clock: Clock,
    origin: String,
}

/// The canonical name of the mailbox behind an address.
pub fn mailbox_of(address: &str) -> String {
    match EmailAddress::parse(address) {
        Ok(parsed) => mailbox::canonical(&parsed).as_str().to_owned(),
        Err(_) => address.to_lowercase(),
    }
}

impl Post {
    /// Starts the mail server on `listener`. Every message is also handed to `scanners`: mail gateways open links.
    pub fn start(listener: TcpListener, clock: Clock, origin: String, scanners: mpsc::UnboundedSender<Letter>) -> Self {
        let post =
            Self(Arc::new(Inner { boxes: Mutex::default(), samples: Mutex::default(), scanners, clock, origin }));
        let taking = post.clone();
        tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                tokio::spawn(taking.clone().converse(stream, peer));
            }
        });
        post
    }

    fn boxes(&self) -> MutexGuard<'_, HashMap<String, Mailbox>> {
        self.0.boxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliver(&self, recipients: &[String], message: &str) {
        self.keep(recipients, message);
        let mail = Mail { at: self.0.clock.now(), letter: Letter::read(message, &self.0.origin) };
        for to in recipients {
            let mut boxes = self.boxes();
            let mailbox = boxes.entry(mailbox_of(to)).or_default();
            mailbox.mails.push(mail.clone());
            mailbox.arrived.notify_waiters();
        }
        // Nobody scans any more when the exercise is over.
        let _ = self.0.scanners.send(mail.letter);
    }

    /// Keeps the first few messages whole.
    fn keep(&self, recipients: &[String], message: &str) {
        let mut samples = self.0.samples.lock().unwrap_or_else(PoisonError::into_inner);
        if let ([to], true) = (recipients, samples.len() < SAMPLES) {
            samples.push(Sample { to: to.clone(), bytes: message.to_owned() });
        }
    }

    /// Some messages as they arrived.
    pub fn samples(&self) -> Vec<Sample> {
        self.0.samples.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The latest recovery message of a mailbox that came after `since`; waits for it.
    pub async fn recovery_mail(&self, mailbox: &str, since: Timestamp) -> Mail {
        loop {
            let arrived = self.boxes().entry(mailbox.to_owned()).or_default().arrived.clone();
            let next = arrived.notified();
            tokio::pin!(next);
            next.as_mut().enable();
            if let Some(mail) = self.latest(mailbox, since) {
                return mail;
            }
            next.await;
        }
    }

    fn latest(&self, mailbox: &str, since: Timestamp) -> Option<Mail> {
        let boxes = self.boxes();
        let mails = boxes.get(mailbox)?.mails.iter().rev();
        mails.into_iter().find(|m| m.letter.link.is_some() && m.at >= since).cloned()
    }

    /// Every mailbox with the times of its recovery messages, and of all others.
    pub fn all(&self) -> Vec<(String, Vec<Timestamp>, Vec<Timestamp>)> {
        let split = |(name, mailbox): (&String, &Mailbox)| {
            let (recovery, other): (Vec<&Mail>, Vec<&Mail>) =
                mailbox.mails.iter().partition(|m| m.letter.link.is_some());
            let times = |mails: Vec<&Mail>| mails.iter().map(|m| m.at).collect();
            (name.clone(), times(recovery), times(other))
        };
        self.boxes().iter().filter(|(_, m)| !m.mails.is_empty()).map(split).collect()
    }

    async fn converse(self, stream: TcpStream, _: SocketAddr) {
        // A client that goes away ends its conversation; the outbox knows what to do then.
        let _ = self.session(stream).await;
    }

    async fn session(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        let mut recipients = Vec::new();
        write.write_all(b"220 drill.example.org ESMTP\r\n").await?;
        let mut line = String::new();
        loop {
            line.clear();
            if read.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" => "250-drill.example.org\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
                "RCPT" => {
                    recipients.extend(path(&line));
                    "250 2.1.5 ok\r\n"
                }
                "DATA" => {
                    write.write_all(b"354 go ahead\r\n").await?;
                    let message = content(&mut read).await?;
                    self.deliver(&std::mem::take(&mut recipients), &message);
                    "250 2.0.0 taken\r\n"
                }
                "QUIT" => {
                    write.write_all(b"221 2.0.0 bye\r\n").await?;
                    return Ok(());
                }
                "RSET" => {
                    recipients.clear();
                    "250 2.0.0 ok\r\n"
                }
                "MAIL" | "NOOP" | "HELO" => "250 2.0.0 ok\r\n",
                _ => "502 5.5.1 not here\r\n",
            };
            write.write_all(answer.as_bytes()).await?;
        }
    }
}

/// The address between `<` and `>`.
fn path(line: &str) -> Option<String> {
    let (_, rest) = line.split_once('<')?;
    rest.split_once('>').map(|(address, _)| address.to_owned())
}

/// Reads up to the line that is a dot, and takes doubled dots back (RFC 5321, 4.5.2).
async fn content(read: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<String> {
    let (mut message, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        if read.read_line(&mut line).await? == 0 || message.len() > MAX_MESSAGE {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.strip_prefix('.') {
            Some("\r\n") => return Ok(message),
            Some(rest) => message.push_str(rest),
            None => message.push_str(&line),
        }
    }
}
