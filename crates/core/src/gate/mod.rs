//! Decides whether a recovery request may proceed, and what it must show first.
//!
//! Never: reads the clock, the network or the database; allows on missing signals; lets an answer depend on whether an
//! account exists (that is decided after the answer was given).
//! In: `Facts`, `Policy`, budgets, now.   Out: `Decision` (verdict and reasons).
//! I/O for this room: server/src/flows/recover.rs, server/src/jobs/dispatch.rs.   Tests: beside the code, tests/it.

pub mod budget;
pub mod decide;
pub mod limiter;
pub mod policy;
pub mod pressure;
pub mod proof;
pub mod risk;
pub mod slots;
pub mod source;

pub use decide::{Decision, Facts, Reason, Verdict, decide};
pub use policy::Policy;

/// What a request showed about who sends it. Later variants are stronger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// Nothing.
    Anonymous,
    /// A solved challenge: somebody paid for this request, the owner or not.
    Work,
    /// Something only the owner has: a known device, a saved recovery code.
    Strong,
}

impl Class {
    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Work => "work",
            Self::Strong => "strong",
        }
    }

    /// Reads the stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Anonymous, Self::Work, Self::Strong].into_iter().find(|c| c.as_str() == text)
    }
}

/// How the gate is disposed towards everybody (invariant G4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    /// Requests are served as they come; sending slows as the budget shrinks.
    Open,
    /// Whoever has no known device is asked for proof, whatever the identifier.
    Proof,
    /// Even solved challenges wait: their budget is spent too.
    Hold,
}

impl Mode {
    /// The name in answers and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Proof => "proof",
            Self::Hold => "hold",
        }
    }
}
