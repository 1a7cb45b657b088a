//! Bars side by side: how many of a whole, one thing below the other. The drawing is a table with its numbers beside it.

use super::escaped;
use countersign_core::traffic::grouped;
use std::fmt::Write;

/// Units of a bar's length.
const LENGTH: u64 = 1000;

/// One bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What it is.
    pub label: String,
    /// What stands behind it, as a chip: its look and its word.
    pub chip: Option<(&'static str, &'static str)>,
    /// How many.
    pub value: u64,
}

/// All of them.
#[derive(Clone, Debug)]
pub struct Bars {
    /// What is shown, as the table's caption.
    pub title: String,
    /// What a row is: "Field".
    pub row: &'static str,
    /// What is counted: "Accounts".
    pub unit: &'static str,
    /// The whole that a full bar stands for.
    pub of: u64,
    /// From the top down.
    pub bars: Vec<Bar>,
}

/// The table.
pub fn bars(all: &Bars) -> String {
    let mut out = format!(
        "<table class=bars><caption>{}</caption><thead><tr><th scope=col>{}<th scope=col>{}<th scope=col>Share<tbody>",
        escaped(&all.title),
        escaped(all.row),
        escaped(all.unit)
    );
    for bar in &all.bars {
        let chip = bar.chip.map_or_else(String::new, |(look, word)| format!(" <b class=\"chip {look}\">{word}</b>"));
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "<tr><th scope=row>{}{chip}<td>{}<td><div><svg class=bar viewBox=\"0 0 {LENGTH} 10\" \
             preserveAspectRatio=none aria-hidden=true><path class=track d=M0,0h{LENGTH}v10H0z />\
             <path class=b0 d=M0,0h{}v10H0z /></svg><span>{}</span></div>",
            escaped(&bar.label),
            grouped(bar.value),
            length(bar.value, all.of),
            escaped(&share(bar.value, all.of))
        );
    }
    out.push_str("</table>");
    out
}

/// How long a bar is; one that is not nothing can be seen.
fn length(value: u64, of: u64) -> u64 {
    let part = u128::from(value.min(of)) * u128::from(LENGTH) / u128::from(of.max(1));
    let part = u64::try_from(part).unwrap_or(LENGTH);
    if value > 0 { part.max(8) } else { 0 }
}

/// A share in percent, with a decimal where it is small. What is something is never told as nothing, and what is not
/// everything never as everything.
pub fn share(value: u64, of: u64) -> String {
    if of == 0 {
        return "–".to_owned();
    }
    let tenths = u64::try_from(u128::from(value) * 1000 / u128::from(of)).unwrap_or(u64::MAX);
    match tenths {
        0 if value > 0 => "< 0.1 %".to_owned(),
        1..100 => format!("{}.{} %", tenths / 10, tenths % 10),
        _ => format!("{} %", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_are_told_as_people_tell_them() {
        let told = [(0, 7), (1, 5000), (1, 70), (99, 1000), (100, 1000), (999, 1000), (7, 7), (0, 0)];
        assert_eq!(
            told.map(|(value, of)| share(value, of)),
            ["0 %", "< 0.1 %", "1.4 %", "9.9 %", "10 %", "99 %", "100 %", "–"]
        );
    }

    #[test]
    fn every_bar_has_its_number() {
        let bar = |label: &str, value| Bar { label: label.to_owned(), chip: None, value };
        let chip = Some(("good", "strong"));
        let drawn = bars(&Bars {
            title: "Fields <1>".to_owned(),
            row: "Field",
            unit: "Accounts",
            of: 12_000,
            bars: vec![Bar { chip, ..bar("E-mail", 12_000) }, bar("Phone", 1)],
        });
        insta::assert_snapshot!(drawn.replace("<tr>", "\n<tr>"), @r#"
        <table class=bars><caption>Fields &lt;1&gt;</caption><thead>
        <tr><th scope=col>Field<th scope=col>Accounts<th scope=col>Share<tbody>
        <tr><th scope=row>E-mail <b class="chip good">strong</b><td>12,000<td><div><svg class=bar viewBox="0 0 1000 10" preserveAspectRatio=none aria-hidden=true><path class=track d=M0,0h1000v10H0z /><path class=b0 d=M0,0h1000v10H0z /></svg><span>100 %</span></div>
        <tr><th scope=row>Phone<td>1<td><div><svg class=bar viewBox="0 0 1000 10" preserveAspectRatio=none aria-hidden=true><path class=track d=M0,0h1000v10H0z /><path class=b0 d=M0,0h8v10H0z /></svg><span>&lt; 0.1 %</span></div></table>
        "#);
    }

    proptest! {
        #[test]
        fn a_bar_stays_within_its_track(value in any::<u64>(), of in any::<u64>()) {
            prop_assert!(length(value, of) <= LENGTH);
            prop_assert_eq!(length(value, of) == 0, value == 0);
            prop_assert!(of == 0 || (share(value, of) == "0 %") == (value == 0));
        }
    }
}
