//! Charts: SVG from the server, with words around it that do not shrink.
//!
//! Never: tells series apart by colour alone; draws what is unknown as zero; writes a style or a script into the page.
//! In: numbers by step, labels.   Out: HTML of a figure, with its numbers in a table.
//! I/O for this room: none.   Tests: beside the code, tests/it/console/watch.rs.
//!
//! The plot has a view box of ten units a step and is stretched to the width that there is; the labels of its axes stand
//! beside it as text. So one drawing serves a phone and a wide screen, with letters of the same size on both.

mod bars;
mod figure;
mod gauge;
mod plot;
mod scale;
mod spark;

pub use bars::{Bar, Bars, bars, share};
pub use figure::{Band, Chart, Line, figure};
pub use gauge::gauge;
pub use scale::Scale;
pub use spark::spark;

/// Escapes text for HTML and for an attribute in double quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}
