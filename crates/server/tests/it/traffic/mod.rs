//! Recovery traffic in numbers, from requests to what is seen of them.
//!
//! Never: goes through a page; those are in console/.
//! In: a house with people in it, and a clock.   Out: series that say what happened, and nothing else.
//! I/O for this room: the database.   Tests: these.

mod live;
mod settling;

use crate::support::house::House;
use countersign::app::App;
use countersign::flows::traffic::{self, Snapshot};
use countersign_core::traffic::{Counts, Window};
use std::sync::Arc;

/// Settles all that is over; how many steps that took.
async fn settle_all(app: &App) -> usize {
    let mut steps = 0;
    while traffic::settle(app).await.unwrap() {
        steps += 1;
    }
    steps
}

/// What is seen now.
async fn seen(house: &House, window: Window) -> Arc<Snapshot> {
    traffic::snapshot(&house.app, window).await.unwrap()
}

/// Everything in every window.
async fn totals(house: &House) -> [Counts; 3] {
    let mut all = [Counts::default(); 3];
    for (at, window) in Window::ALL.into_iter().enumerate() {
        all[at] = seen(house, window).await.series.total();
    }
    all
}
