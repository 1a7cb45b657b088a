//! `[gate]`: the limits of the recovery gate.

use super::reader::Reader;

/// The limits of the recovery gate.
#[derive(Clone, Debug)]
pub struct Gate {}

impl Gate {
    // The limits' own types are the pure crate's; they are read with `r.section("gate")`.
    pub(super) fn read(_: &mut Reader<'_>) -> Self {
        Self {}
    }
}
