//! How full a budget is, with the marks below which something changes.

use std::fmt::Write;

/// A bar from 0 to 100; what it says stands beside it as text.
pub fn gauge(percent: u8, marks: &[u8]) -> String {
    let percent = percent.min(100);
    let look = if marks.iter().all(|mark| percent >= *mark) { "full" } else { "low" };
    let mut out = format!(
        "<svg class=gauge viewBox=\"0 0 100 10\" preserveAspectRatio=none aria-hidden=true>\
         <path class=track d=M0,0h100v10H0z /><path class={look} d=M0,0h{percent}v10H0z />"
    );
    for mark in marks {
        let _ = write!(out, "<path class=mark d=M{mark},0v10 />");
    }
    out.push_str("</svg>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_a_mark_it_is_low() {
        assert!(gauge(75, &[75, 50]).contains("class=full d=M0,0h75"));
        assert!(gauge(74, &[75, 50]).contains("class=low d=M0,0h74"));
        assert!(gauge(200, &[]).contains("h100v10H0z /></svg>"));
    }
}
