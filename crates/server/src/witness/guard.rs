//! A listener that bounds how many connections there are, and how long one may be silent.

use axum::serve::Listener;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

/// Most connections at a time; a log needs one. Further ones wait until one ends.
const MOST_CONNECTIONS: usize = 256;
/// A connection on which no answer left for so long is closed: a log submits every second, or every few minutes and
/// then connects anew. It bounds a client that sends its head or its body byte by byte, too.
const SILENCE: Duration = Duration::from_secs(60);

/// The listener.
#[derive(Debug)]
pub struct Guarded {
    inner: TcpListener,
    permits: Arc<Semaphore>,
    silence: Duration,
}

impl Guarded {
    /// Guards `inner`.
    pub fn new(inner: TcpListener) -> Self {
        Self::with(inner, MOST_CONNECTIONS, SILENCE)
    }

    fn with(inner: TcpListener, connections: usize, silence: Duration) -> Self {
        Self { inner, permits: Arc::new(Semaphore::new(connections)), silence }
    }
}

impl Listener for Guarded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.inner).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let end = Box::pin(tokio::time::sleep(self.silence));
        (Connection { stream, end, silence: self.silence, _permit: permit }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// A connection that ends by itself.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    silence: Duration,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Connection {
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        self.end.as_mut().poll(context).is_ready()
    }
}

fn over() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.is_over(context) {
            return Poll::Ready(Err(over()));
        }
        Pin::new(&mut self.stream).poll_read(context, to)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_over(context) {
            return Poll::Ready(Err(over()));
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.end = Box::pin(tokio::time::sleep(self.silence));
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn guarded(connections: usize, silence: Duration) -> (Guarded, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (Guarded::with(listener, connections, silence), address)
    }

    #[tokio::test]
    async fn a_silent_connection_ends_although_bytes_trickle_in() {
        let (mut listener, address) = guarded(1, Duration::from_millis(50)).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        let (mut connection, _) = listener.accept().await;
        let trickle = tokio::spawn(async move { while client.write_all(b"x").await.is_ok() {} });
        let mut buffer = [0; 16];
        let error = loop {
            match connection.read(&mut buffer).await {
                Ok(_) => (),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(connection);
        trickle.await.unwrap();
    }

    #[tokio::test]
    async fn one_connection_too_many_waits_until_another_ends() {
        let (mut listener, address) = guarded(1, Duration::from_secs(60)).await;
        let _clients = (TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap());
        let (first, _) = listener.accept().await;
        {
            let mut second = std::pin::pin!(listener.accept());
            let polled = std::future::poll_fn(|context| Poll::Ready(second.as_mut().poll(context).is_pending()));
            assert!(polled.await);
        }
        drop(first);
        listener.accept().await;
    }
}
