//! The youngest minutes, which are not settled yet: counted in slices of a second, each a few times and no more.

use super::settle::complete;
use crate::store::{Conn, StoreError, traffic};
use countersign_core::time::Timestamp;
use countersign_core::traffic::{Counts, MINUTE, Row, What};
use std::collections::BTreeMap;

/// Seconds of a slice; a minute is a whole number of them.
const SLICE: i64 = 1;
/// Slices that are counted again: what is committed later than that is seen once its minute is settled. In a flood of six
/// thousand requests a second each of them costs about two milliseconds.
const YOUNG: i64 = 6;
/// Minutes that are counted here at most; while settling is further behind, what lies between is unknown.
const MOST: i64 = 5;

/// What was counted in the youngest minutes, by slice.
#[derive(Debug, Default)]
pub(super) struct Recent {
    slices: BTreeMap<i64, Counts>,
    /// The first slice that was counted, and the first that was not.
    counted: Option<(i64, i64)>,
}

impl Recent {
    /// Counts what is new from the minute `settled` on; the first minute that is counted here.
    pub(super) async fn refresh(&mut self, conn: &mut Conn, settled: i64, now: Timestamp) -> Result<i64, StoreError> {
        let first = settled.max(complete(now) - MOST);
        let (first_slice, end) = (first * MINUTE / SLICE, now.secs().div_euclid(SLICE) + 1);
        let from = match self.counted {
            Some((begin, done)) if begin <= first_slice && done >= first_slice => first_slice.max(done - YOUNG),
            _ => first_slice,
        };
        let time = |slice: i64| Timestamp::from_secs(slice * SLICE);
        let found = traffic::count(conn, time(from), time(end), SLICE).await?;
        self.slices.retain(|slice, _| (first_slice..from).contains(slice));
        for (slice, what, number) in found {
            self.slices.entry(slice).or_default().add(what, number);
        }
        self.counted = Some((first_slice, end));
        Ok(first)
    }

    /// What was counted, for a series.
    pub(super) fn rows(&self) -> Vec<Row> {
        let row = |minute: i64| move |(what, number)| Row { minute, what, number };
        self.slices.iter().flat_map(|(slice, counts)| counts.iter().map(row(slice * SLICE / MINUTE))).collect()
    }

    /// Requests in the last minute.
    pub(super) fn per_minute(&self, now: Timestamp) -> u64 {
        let from = now.secs().div_euclid(SLICE) + 1 - MINUTE / SLICE;
        self.slices.range(from..).map(|(_, counts)| counts.get(What::Requests)).sum()
    }
}
