//! Asks others to attest to our log: witnesses for cosignatures, time-stamp authorities for times.
//!
//! Never: reads the store, a key of ours or a clock; believes what an answer says without the signature that proves it;
//! lets one that is slow, silent or talkative hold the others up; follows a redirect.
//! In: checkpoints, proofs, keys, addresses.   Out: `Outcome`, `Answer`, `Seen`, `TimeStamp`, or why there is none.
//! I/O for this room: `crate::http`.   Tests: beside the code, tests/it/attest/.
//!
//! What a witness says without a signature (that it holds a larger tree, that ours does not follow) is never a reason to
//! stop: a faulty witness could stop us. A checkpoint that our own key signed and that does not go with what we hold is
//! one: `Seen::Larger` and `Seen::Forked`.

mod gather;
mod seen;
pub mod time_stamp;
mod witness;

pub use crate::http::{BadCa, Fault, Http};
pub use gather::{Answer, Asked, LookedBack, Round, gather, look_back};
pub use seen::{Ours, Proofs, Seen};
pub use time_stamp::{Authority, NotStamped, TimeStamp};
pub use witness::{BadWitness, Outcome, Witness};
