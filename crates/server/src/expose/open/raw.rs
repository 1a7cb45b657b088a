//! Bytes as they lie: counted, and from their front again.

use super::Done;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::atomic::Ordering;

/// Counts what is read.
pub(super) struct Counted<R> {
    inner: R,
    done: Done,
}

impl<R> Counted<R> {
    pub(super) const fn new(inner: R, done: Done) -> Self {
        Self { inner, done }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.done.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// Up to so many bytes; fewer only at the end.
pub(super) fn head(from: &mut dyn Read, bytes: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    from.take(bytes as u64).read_to_end(&mut head)?;
    Ok(head)
}
