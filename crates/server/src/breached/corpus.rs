//! One file: mapped, checked, asked.

use countersign_core::breached::{Damage, Found, Hash, HashKind, Header, Layout, Prefix, leaf};
use countersign_mapped::{MapError, Mapped};
use std::path::Path;

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be mapped, or should not be.
    #[error(transparent)]
    Map(#[from] MapError),
    /// It is not one of ours, cut or damaged.
    #[error(transparent)]
    Damage(#[from] Damage),
    /// There is a file of this hash already.
    #[error("is a second file of {} hashes; one of each kind can be asked", .0.as_str())]
    Twice(HashKind),
}

/// A file that was checked from end to end.
#[derive(Debug)]
pub struct Corpus {
    file: Mapped,
    layout: Layout,
}

impl Corpus {
    /// Maps a file and checks all of it, on every core: about a second for each gigabyte and core.
    ///
    /// # Errors
    /// `OpenError`.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let file = Mapped::open(path)?;
        let layout = Layout::read(&file)?;
        let blocks: Vec<&[u8]> = layout.blocks(&file).collect();
        layout.accept(&leaves(&blocks))?;
        file.read_at_random();
        Ok(Self { file, layout })
    }

    /// What the file says of itself.
    pub const fn header(&self) -> &Header {
        self.layout.header()
    }

    /// Looks a hash up.
    pub fn find(&self, hash: &Hash) -> Option<Found> {
        self.layout.find(&self.file, hash)
    }

    /// The lines of a range, and how many.
    pub fn range(&self, prefix: Prefix) -> Option<(String, u32)> {
        self.layout.range(&self.file, prefix)
    }

    /// Hashes in the largest range.
    pub const fn largest_range(&self) -> u32 {
        self.layout.largest_bucket()
    }
}

/// The blocks' digests, in order.
fn leaves(blocks: &[&[u8]]) -> Vec<[u8; 32]> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = blocks.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let shares: Vec<_> = blocks
            .chunks(share)
            .map(|share| scope.spawn(move || share.iter().map(|block| leaf(block)).collect::<Vec<_>>()))
            .collect();
        // A thread that panicked leaves its digests out, and the file does not pass.
        shares.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    })
}
