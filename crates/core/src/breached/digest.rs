//! The digest of a file's content: SHA-256 over the SHA-256 of each block, so that several cores can share the work.

use sha2::{Digest, Sha256};

/// Bytes of a block; the last one may be shorter.
pub const BLOCK_BYTES: usize = 1 << 20;

/// The digest of one block.
pub fn leaf(block: &[u8]) -> [u8; 32] {
    Sha256::digest(block).into()
}

/// The digest of a content from its blocks' digests, in order.
pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    leaves.iter().for_each(|leaf| hasher.update(leaf));
    hasher.finalize().into()
}

/// Digests a content as it is written.
#[derive(Debug, Default)]
pub struct Running {
    block: Sha256,
    filled: usize,
    leaves: Vec<[u8; 32]>,
}

impl Running {
    /// Takes more of it.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK_BYTES - self.filled));
            self.block.update(now);
            self.filled += now.len();
            if self.filled == BLOCK_BYTES {
                self.close();
            }
            bytes = later;
        }
    }

    fn close(&mut self) {
        self.leaves.push(std::mem::take(&mut self.block).finalize().into());
        self.filled = 0;
    }

    /// The digest of all of it.
    pub fn finish(mut self) -> [u8; 32] {
        if self.filled > 0 {
            self.close();
        }
        root(&self.leaves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_and_reading_come_to_the_same_digest() {
        for length in [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES] {
            let content: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let mut running = Running::default();
            content.chunks(777_777).for_each(|piece| running.update(piece));
            let leaves: Vec<_> = content.chunks(BLOCK_BYTES).map(leaf).collect();
            assert_eq!(running.finish(), root(&leaves), "{length}");
        }
    }
}
