//! Whether the time of an answer tells if somebody has an account (invariant G1): Welch's t over interleaved pairs.

use super::Stage;
use super::attack::source;
use super::doors::Api;
use super::town::Town;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::io;

/// Answers slower than this share of all are left out on both sides, as is usual (dudect, section 2.2): they show the
/// scheduler and the disk.
const KEPT: f64 = 0.99;

/// Mean and variance of one side.
struct Side {
    mean: f64,
    variance: f64,
    count: f64,
}

fn side(times: &[f64]) -> Side {
    let count = times.len() as f64;
    let mean = times.iter().sum::<f64>() / count;
    let variance = times.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    Side { mean, variance, count }
}

/// Welch's t between two samples; zero where there is nothing to compare.
pub fn welch(known: &[f64], unknown: &[f64]) -> f64 {
    let mut all: Vec<f64> = known.iter().chain(unknown).copied().collect();
    all.sort_by(f64::total_cmp);
    let Some(limit) = all.get((all.len() as f64 * KEPT) as usize).copied() else { return 0.0 };
    let crop = |times: &[f64]| side(&times.iter().copied().filter(|t| *t <= limit).collect::<Vec<_>>());
    let (a, b) = (crop(known), crop(unknown));
    let spread = (a.variance / a.count + b.variance / b.count).sqrt();
    let t = (a.mean - b.mean) / spread;
    if t.is_finite() { t } else { 0.0 }
}

/// Asks for somebody and for nobody by turns, `pairs` times, and compares the times.
///
/// # Errors
/// Whatever ends the connection.
pub async fn test(stage: &Stage, pairs: u32) -> io::Result<f64> {
    let mut rng = StdRng::seed_from_u64(stage.seed ^ 0x7173);
    let mut api = Api::new(stage.server, &stage.key);
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..pairs {
        let first = rng.random_bool(0.5);
        for exists in [first, !first] {
            let identifier = somebody(&stage.town, exists, &mut rng);
            let from = source(&mut rng);
            let start = stage.clock.now();
            let reply = api.ask_blindly(&identifier, from).await?;
            let micros = stage.clock.now().since(start).as_micros() as f64;
            if reply.status == 202 {
                if exists { known.push(micros) } else { unknown.push(micros) }
            }
        }
    }
    Ok(welch(&known, &unknown))
}

/// An address of the town, or one of the same length that nobody has: no name begins with an x.
fn somebody(town: &Town, exists: bool, rng: &mut StdRng) -> String {
    let address = town.resident(rng.random_range(0..town.residents())).address;
    if exists { address } else { format!("x{}", &address[1..]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(shift: f64, seed: u64) -> Vec<f64> {
        let mut rng = StdRng::seed_from_u64(seed);
        (0..2000).map(|_| 500.0 + shift + rng.random_range(-100.0..100.0)).collect()
    }

    #[test]
    fn equal_samples_are_equal_and_a_difference_is_seen() {
        assert!(welch(&sample(0.0, 1), &sample(0.0, 2)).abs() < 4.5);
        assert!(welch(&sample(15.0, 1), &sample(0.0, 2)) > 4.5);
        assert_eq!(welch(&[], &[]), 0.0);
    }
}
