//! How much may come out of a source.

use super::error::Broken;

/// Limits of one source.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes that may come out of it: two million million, a leak of ten thousand million people.
    pub total_bytes: u64,
    /// How many times its packed size may come out. Text packs to a tenth, rarely to a fiftieth; deflate ends at 1032
    /// (zlib's technical notes), so a bomb is near to that, or of another kind and far above.
    pub ratio: u64,
    /// Bytes that may come out before the ratio counts: short sources of one repeated line are no bombs.
    pub free_bytes: u64,
    /// Members of an archive.
    pub members: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { total_bytes: 2 << 40, ratio: 200, free_bytes: 64 << 20, members: 1000 }
    }
}

impl Limits {
    /// Judges how much has come out of how much.
    pub(super) const fn judge(&self, out: u64, taken: u64) -> Result<(), Broken> {
        if out > self.total_bytes {
            return Err(Broken::Total { most: self.total_bytes });
        }
        if out > self.free_bytes && out / self.ratio > taken {
            return Err(Broken::Ratio { readable: out, most: self.ratio });
        }
        Ok(())
    }
}
