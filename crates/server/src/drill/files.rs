//! Files of the log, fetched one after the other over one connection, as a mirror does it.

use countersign_evidence::mirror::Source;
use countersign_evidence::tile::TilePath;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest file that is read: a bundle of the longest entries has 16 MiB, ours 8 960 bytes.
const MOST_BYTES: usize = 1 << 20;
/// No answer takes a tenth of this.
const PATIENCE: Duration = Duration::from_secs(30);

/// The log's files over HTTP.
#[derive(Debug)]
pub struct Files {
    server: SocketAddr,
    line: Option<BufReader<TcpStream>>,
}

impl Files {
    /// The files that `server` serves.
    pub const fn new(server: SocketAddr) -> Self {
        Self { server, line: None }
    }

    /// A file as text, which must be there.
    ///
    /// # Errors
    /// Of the connection, and for any status but 200.
    pub fn text(&mut self, path: &str) -> io::Result<String> {
        let body = self.fetch(path)?.ok_or(io::ErrorKind::NotFound)?;
        String::from_utf8(body).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    /// The bytes at `path`; `None` for a status other than 200.
    fn fetch(&mut self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let mut line = match self.line.take() {
            Some(line) => line,
            None => connect(self.server)?,
        };
        write!(line.get_mut(), "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.server)?;
        let (status, length) = head(&mut line)?;
        let mut body = vec![0; length];
        line.read_exact(&mut body)?;
        self.line = Some(line);
        Ok((status == 200).then_some(body))
    }
}

impl Source for Files {
    type Error = io::Error;

    fn read(&mut self, path: TilePath, _: usize, into: &mut Vec<u8>) -> io::Result<bool> {
        let found = self.fetch(&format!("/evidence/{path}"))?;
        let is_there = found.is_some();
        *into = found.unwrap_or_default();
        Ok(is_there)
    }
}

fn connect(server: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
}

/// The status, and how many bytes follow.
fn head(line: &mut BufReader<TcpStream>) -> io::Result<(u16, usize)> {
    let (mut text, mut length) = (String::new(), 0);
    line.read_line(&mut text)?;
    let status = text.get(9..12).and_then(|s| s.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    loop {
        text.clear();
        if line.read_line(&mut text)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = text.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
        }
    }
    if length <= MOST_BYTES { Ok((status, length)) } else { Err(io::ErrorKind::InvalidData.into()) }
}
