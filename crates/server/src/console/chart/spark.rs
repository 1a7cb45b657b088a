//! The course of a number, as small as a word.

use super::figure::Values;
use super::scale::Scale;
use std::fmt::Write;

const HEIGHT: u64 = 24;

/// A line of one unit a step; broken where nothing is known.
pub fn spark(values: &Values) -> String {
    let scale = Scale::to(values.iter().flatten().copied().max().unwrap_or(0));
    let depths: Vec<Option<u64>> = values.iter().map(|value| value.map(|v| scale.depth(v, HEIGHT))).collect();
    let (mut path, mut at, mut pen_is_down) = (String::new(), 0, false);
    for run in depths.chunk_by(|a, b| a == b) {
        let length = run.len();
        // Writing to a String cannot fail.
        let _ = match run[0] {
            Some(depth) if pen_is_down => write!(path, "V{depth}h{length}"),
            Some(depth) => write!(path, "M{at} {depth}h{length}"),
            None => Ok(()),
        };
        pen_is_down = run[0].is_some();
        at += length;
    }
    format!(
        "<svg class=spark viewBox=\"0 -1 {at} {}\" preserveAspectRatio=none aria-hidden=true><path d=\"{path}\"/></svg>",
        HEIGHT + 2
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_with_a_hole() {
        let drawn = spark(&vec![None, Some(0), Some(0), Some(4), None, Some(2)]);
        assert!(drawn.contains("d=\"M1 24h2V0h1M5 12h1\""), "{drawn}");
        assert!(spark(&vec![None; 3]).contains("d=\"\""));
    }
}
