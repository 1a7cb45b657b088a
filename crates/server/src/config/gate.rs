//! `[gate]`: the limits of the recovery gate.

use super::reader::Reader;

/// The limits of the recovery gate.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {}

impl Gate {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        r.section("gate")
    }
}
