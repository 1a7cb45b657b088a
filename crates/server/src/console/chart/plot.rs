//! The drawing itself: stacked steps, a line over them, and a place to point at for each step.

use super::escaped;
use super::figure::{Chart, value_of};
use super::scale::Scale;
use std::fmt::Write;

/// Units of a step.
const STEP: usize = 10;
/// Units of the plot's height; as many CSS pixels.
pub const HEIGHT: u64 = 160;

/// The largest height that is to be drawn.
pub fn highest(chart: &Chart) -> u64 {
    let stacks = (0..chart.times.len()).map(|at| chart.bands.iter().filter_map(|b| value_of(&b.values, at)).sum());
    let lines = chart.line.iter().flat_map(|line| line.values.iter().flatten().copied());
    stacks.chain(lines).max().unwrap_or(0)
}

/// The `<svg>`.
pub fn svg(chart: &Chart, scale: Scale) -> String {
    let width = chart.times.len() * STEP;
    let mut out = format!(
        "<svg viewBox=\"0 0 {width} {HEIGHT}\" preserveAspectRatio=none role=img aria-label=\"{}\">",
        escaped(&chart.summary)
    );
    patterns(chart, &mut out);
    grid(scale, width, &mut out);
    stack(chart, scale, &mut out);
    gaps(width, &mut out);
    unknown(chart, &mut out);
    line(chart, scale, &mut out);
    places(chart, &mut out);
    out.push_str("</svg>");
    out
}

/// What a band is filled with: each its own pattern, so that none is known by its colour alone.
fn patterns(chart: &Chart, out: &mut String) {
    const STROKES: [&str; 6] =
        ["", "M0 1h6v2H0z", "M0 0h2v6H0z", "M0 0h6v1H0zM0 3h6v1H0z", "M0 0h3v3H0zM3 3h3v3H3z", ""];
    out.push_str("<defs>");
    for band in chart.bands.iter().filter(|band| !STROKES[band.look % 6].is_empty()) {
        let (id, look) = (chart.id, band.look);
        let _ = write!(
            out,
            "<pattern id={id}-{look} width=6 height=6 patternUnits=userSpaceOnUse><path class=b{look} d=M0,0h6v6H0z />\
             <path class=o d=\"{}\" /></pattern>",
            STROKES[look % 6]
        );
    }
    let _ = write!(
        out,
        "<pattern id={}-no width=8 height=8 patternUnits=userSpaceOnUse><path class=n d=M0,0h8v1H0z /></pattern></defs>",
        chart.id
    );
}

/// How a band is filled, as an attribute.
pub fn fill(chart: &Chart, look: usize) -> String {
    match look {
        0 | 5 => format!("class=b{look}"),
        _ => format!("fill=url(#{}-{look})", chart.id),
    }
}

fn grid(scale: Scale, width: usize, out: &mut String) {
    out.push_str("<path class=g d=\"");
    for n in 0..=scale.steps {
        let _ = write!(out, "M0 {}H{width}", scale.depth(scale.step * n, HEIGHT));
    }
    out.push_str("\"/>");
}

/// Steps of which nothing is known.
fn unknown(chart: &Chart, out: &mut String) {
    let known = |at: &usize| chart.bands.iter().any(|band| value_of(&band.values, *at).is_some());
    let mut at = 0;
    while at < chart.times.len() {
        let length = (at..chart.times.len()).take_while(|at| !known(at)).count();
        if length > 0 {
            let (x, width) = (at * STEP, length * STEP);
            let _ = write!(out, "<rect x={x} width={width} height={HEIGHT} fill=url(#{}-no) />", chart.id);
        }
        at += length.max(1);
    }
}

/// Each band as one outline from its top to the ground, the highest first: what is lower lies over it.
fn stack(chart: &Chart, scale: Scale, out: &mut String) {
    for n in (0..chart.bands.len()).rev() {
        let bands = &chart.bands[..=n];
        let band = &chart.bands[n];
        if band.values.iter().all(|value| value.unwrap_or(0) == 0) {
            continue;
        }
        let tops = (0..chart.times.len()).map(|at| bands.iter().filter_map(|b| value_of(&b.values, at)).sum());
        let depths: Vec<u64> = tops.map(|top| scale.depth(top, HEIGHT)).collect();
        let _ = write!(out, "<path {} d=\"M0 {HEIGHT}{}V{HEIGHT}z\"/>", fill(chart, band.look), steps(&depths));
    }
}

/// `V40h10V80h30`: one height after the other, equal ones together.
fn steps(depths: &[u64]) -> String {
    let mut out = String::new();
    for run in depths.chunk_by(|a, b| a == b) {
        let _ = write!(out, "V{}h{}", run[0], run.len() * STEP);
    }
    out
}

/// Gaps in the colour of the ground make bars of the outlines: one line as high as the plot, dashed.
fn gaps(width: usize, out: &mut String) {
    let _ = write!(
        out,
        "<path class=s d=\"M-.5 {}H{width}\" stroke-width={HEIGHT} stroke-dasharray=\"1 {}\"/>",
        HEIGHT / 2,
        STEP - 1
    );
}

/// The line goes from middle to middle, and is broken where nothing is known.
fn line(chart: &Chart, scale: Scale, out: &mut String) {
    let Some(line) = &chart.line else { return };
    let mut path = String::new();
    let mut pen_is_down = false;
    for (at, value) in line.values.iter().enumerate() {
        if let Some(value) = value {
            let letter = if pen_is_down { 'L' } else { 'M' };
            let _ = write!(path, "{letter}{} {}", at * STEP + STEP / 2, scale.depth(*value, HEIGHT));
        }
        pen_is_down = value.is_some();
    }
    if !path.is_empty() {
        let _ = write!(out, "<path class=l d=\"{path}\"/>");
    }
}

/// A place to point at for each step; its title is what a pointer, or the arrow keys, tell.
fn places(chart: &Chart, out: &mut String) {
    out.push_str("<g class=h>");
    for (at, time) in chart.times.iter().enumerate() {
        let _ = write!(out, "<rect x={}><title>{}: {}</title></rect>", at * STEP, escaped(time), told(chart, at));
    }
    out.push_str("</g>");
}

/// What happened in a step, without what did not.
fn told(chart: &Chart, at: usize) -> String {
    let line = chart.line.iter().map(|line| (line.label, value_of(&line.values, at)));
    let bands = chart.bands.iter().map(|band| (band.label, value_of(&band.values, at)));
    let all: Vec<_> = line.chain(bands).collect();
    if all.iter().all(|(_, value)| value.is_none()) {
        return "not counted".to_owned();
    }
    let some = |(label, value): (&str, Option<u64>)| {
        value.filter(|v| *v > 0).map(|v| format!("{} {label}", countersign_core::traffic::grouped(v)))
    };
    let words: Vec<String> = all.into_iter().filter_map(some).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}
