//! A lean HTTP/1.1 client: one connection that is kept (RFC 9112), because the exercise shares two cores with the server.

use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Largest answer that is read.
const MAX_ANSWER: usize = 1 << 20;

/// A connection, opened when it is first needed and again when the server closed it.
#[derive(Debug)]
pub struct Line {
    to: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Header lines, each ending in CR LF.
    pub headers: &'a str,
    /// Media type and body.
    pub body: Option<(&'a str, &'a str)>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Line {
    /// A connection to the server of the exercise.
    pub const fn new(to: SocketAddr) -> Self {
        Self { to, stream: None, buffer: Vec::new() }
    }

    /// Sends a request and reads the answer. After an error the next call opens a new connection.
    pub async fn send(&mut self, call: Call<'_>) -> io::Result<Reply> {
        let kept = self.stream.is_some();
        match self.once(call).await {
            // A kept connection may have been closed meanwhile, before it took anything.
            Err(error) if kept && is_closed(&error) => self.once(call).await,
            answered => answered,
        }
    }

    async fn once(&mut self, call: Call<'_>) -> io::Result<Reply> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.to).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        stream.write_all(self.written(call).as_bytes()).await?;
        let reply = self.read(&mut stream).await?;
        self.stream = Some(stream);
        Ok(reply)
    }

    fn written(&self, call: Call<'_>) -> String {
        let (kind, body) = call.body.unwrap_or_default();
        let start = format!("{} {} HTTP/1.1\r\nHost: {}\r\n{}", call.method, call.path, self.to, call.headers);
        match call.body {
            Some(_) => format!("{start}Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
            None => format!("{start}\r\n"),
        }
    }

    async fn read(&mut self, stream: &mut TcpStream) -> io::Result<Reply> {
        self.buffer.clear();
        let head_end = loop {
            if let Some(at) = find_end(&self.buffer) {
                break at;
            }
            more(stream, &mut self.buffer).await?;
        };
        let head = String::from_utf8_lossy(&self.buffer[..head_end]).into_owned();
        let length: usize = field(&head, "content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
        if length > MAX_ANSWER {
            return Err(io::ErrorKind::InvalidData.into());
        }
        while self.buffer.len() < head_end + 4 + length {
            more(stream, &mut self.buffer).await?;
        }
        let body = String::from_utf8_lossy(&self.buffer[head_end + 4..head_end + 4 + length]).into_owned();
        let status = head.get(9..12).and_then(|s| s.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Reply { status, body })
    }
}

fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    if stream.read_buf(buffer).await? == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

fn find_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n")
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = head.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// `application/x-www-form-urlencoded`.
pub fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
