//! Recovery traffic in numbers: settled minute by minute, and looked at together with all else that may be wrong.
//!
//! Never: costs a recovery anything (numbers are counted from indexes, beside the writer); counts more often than once a
//! second, however many look; shows an unknown number as zero.
//! In: `App`, a window.   Out: a `Snapshot`.
//! I/O for this room: the store.   Tests: tests/it/traffic/.
//!
//! What is kept here is derived from rows that have their evidence entries already, and can be counted again as long as
//! those are there. So settling and forgetting numbers is no change of state in the sense of invariant E1: no entry.

mod facts;
mod recent;
mod settle;
mod snapshot;
mod viewers;

pub use settle::{forget, settle};
pub use snapshot::{LogNow, Snapshot, snapshot};
pub use viewers::{Full, Viewer, Viewers};

use recent::Recent;
use snapshot::Shown;

/// What a process holds of it.
#[derive(Debug, Default)]
pub struct Traffic {
    recent: tokio::sync::Mutex<Recent>,
    shown: [tokio::sync::Mutex<Option<Shown>>; 4],
    /// Who watches.
    pub viewers: Viewers,
}
