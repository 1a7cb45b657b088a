//! Recovery traffic in numbers: what is counted, how minutes become a picture, and what the numbers ask people to do.
//!
//! Never: names an account, a mailbox or a source; makes up a number or a share that nothing was counted for.
//! In: counts by minute, the gate's state, what else may be wrong, now.   Out: series, shares, a headline with tasks.
//! I/O for this room: server/src/flows/traffic/.   Tests: beside the code, tests/it/store/traffic.rs.

mod counted;
mod gate;
mod judge;
mod series;
mod share;
mod tasks;
mod window;
mod words;

pub use counted::{Counts, Fate, What};
pub use gate::{GateNow, Level};
pub use judge::{Facts, Headline, LogFacts, Outbox, Overview, Uncontained, judge};
pub use series::{Bucket, Row, Series};
pub use share::Completion;
pub use tasks::{Target, Task, Urgency};
pub use window::{MINUTE, Window, minute_of, time_of};
pub use words::{UpTo, grouped, lasting};
