//! A chart with everything around it: what it is, what its patterns mean, its axes, its numbers.

use super::escaped;
use super::plot;
use super::scale::Scale;
use countersign_core::traffic::grouped;
use std::fmt::Write;

/// A number for each step; `None` where it is unknown.
pub type Values = Vec<Option<u64>>;

/// One band of a stack.
#[derive(Clone, Debug)]
pub struct Band {
    /// What it is, in lower case.
    pub label: &'static str,
    /// Its colour and pattern: 0 to 5.
    pub look: usize,
    /// From the oldest on.
    pub values: Values,
}

/// A line over the stack.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it is, in lower case.
    pub label: &'static str,
    /// From the oldest on.
    pub values: Values,
}

/// Everything that is drawn.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Unique on the page.
    pub id: &'static str,
    /// What it shows.
    pub title: String,
    /// Unit and step: "requests each minute".
    pub unit: String,
    /// What is to be seen, in a sentence, for those who do not see it.
    pub summary: String,
    /// From the ground up.
    pub bands: Vec<Band>,
    /// Over them.
    pub line: Option<Line>,
    /// When each step begins, the oldest first.
    pub times: Vec<String>,
    /// The marks of the time axis, at equal distances, both ends included.
    pub marks: Vec<String>,
}

/// The value at a step.
pub fn value_of(values: &Values, at: usize) -> Option<u64> {
    values.get(at).copied().flatten()
}

/// The whole figure.
pub fn figure(chart: &Chart) -> String {
    let scale = Scale::to(plot::highest(chart));
    let mut out = format!(
        "<figure class=chart data-chart><figcaption><h2>{}</h2><p class=hint>{}</p></figcaption>",
        escaped(&chart.title),
        escaped(&chart.unit)
    );
    legend(chart, &mut out);
    let _ = write!(
        out,
        "<div class=plot>{}{}{}</div>",
        axis("y", &scale.marks()),
        plot::svg(chart, scale),
        axis("x", &chart.marks)
    );
    table(chart, &mut out);
    out.push_str("</figure>");
    out
}

fn axis(name: &str, marks: &[String]) -> String {
    let items: String = marks.iter().map(|mark| format!("<li><span>{}</span>", escaped(mark))).collect();
    format!("<ol class={name} aria-hidden=true>{items}</ol>")
}

/// What the patterns mean, with the sum of each.
fn legend(chart: &Chart, out: &mut String) {
    out.push_str("<ul class=legend>");
    let sum = |values: &Values| grouped(values.iter().flatten().sum());
    if let Some(line) = &chart.line {
        let swatch = "<svg viewBox=\"0 0 14 14\" aria-hidden=true><path class=l d=M0,7h14 /></svg>";
        let _ = write!(out, "<li>{swatch}{} <b>{}</b>", escaped(line.label), sum(&line.values));
    }
    for band in &chart.bands {
        let fill = plot::fill(chart, band.look);
        let swatch = format!("<svg viewBox=\"0 0 14 14\" aria-hidden=true><path {fill} d=M0,0h14v14H0z /></svg>");
        let _ = write!(out, "<li>{swatch}{} <b>{}</b>", escaped(band.label), sum(&band.values));
    }
    out.push_str("</ul>");
}

/// The same numbers. Steps in which nothing happened are left out, and it says so.
fn table(chart: &Chart, out: &mut String) {
    let line = chart.line.iter().map(|line| (line.label, &line.values));
    let columns: Vec<(&str, &Values)> = line.chain(chart.bands.iter().map(|b| (b.label, &b.values))).collect();
    let _ = write!(
        out,
        "<details><summary>These numbers as a table</summary><div class=wide tabindex=0 role=region aria-label=\"{}\">\
         <table><thead><tr><th scope=col>From (UTC)",
        escaped(&chart.title)
    );
    for (label, _) in &columns {
        let _ = write!(out, "<th scope=col>{}", escaped(label));
    }
    out.push_str("<tbody>");
    for (at, time) in chart.times.iter().enumerate() {
        let row: Vec<Option<u64>> = columns.iter().map(|(_, values)| value_of(values, at)).collect();
        if row.iter().all(|value| *value == Some(0)) {
            continue;
        }
        let _ = write!(out, "<tr><th scope=row>{}", escaped(time));
        for value in row {
            let _ = write!(out, "<td>{}", value.map_or_else(|| "?".to_owned(), |v| v.to_string()));
        }
    }
    out.push_str(
        "</table></div><p class=hint>Left out: steps in which nothing happened. ?: not counted.</p></details>",
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chart(bands: &[&[u64]], line: &[u64]) -> Chart {
        let labels = ["sent", "enough already", "nobody to write to"];
        let values = |numbers: &[u64]| std::iter::once(None).chain(numbers.iter().copied().map(Some)).collect();
        let band = |(look, numbers): (usize, &&[u64])| Band { label: labels[look], look, values: values(numbers) };
        Chart {
            id: "c",
            title: "Requests".into(),
            unit: "requests each minute".into(),
            summary: "7 requests <1>".into(),
            bands: bands.iter().enumerate().map(band).collect(),
            line: Some(Line { label: "requests", values: values(line) }),
            times: (0..=line.len()).map(|n| format!("14:{n:02}")).collect(),
            marks: vec!["14:00".into(), "14:04".into()],
        }
    }

    #[test]
    fn a_small_chart() {
        let drawn = figure(&chart(&[&[3, 0, 1], &[1, 0, 0]], &[4, 0, 3]));
        let lines = ["<svg", "<path", "<rect", "<tr", "<details"].into_iter();
        let drawn = lines.fold(drawn, |drawn, tag| drawn.replace(tag, &format!("\n{tag}")));
        insta::assert_snapshot!(drawn, @r#"
        <figure class=chart data-chart><figcaption><h2>Requests</h2><p class=hint>requests each minute</p></figcaption><ul class=legend><li>
        <svg viewBox="0 0 14 14" aria-hidden=true>
        <path class=l d=M0,7h14 /></svg>requests <b>7</b><li>
        <svg viewBox="0 0 14 14" aria-hidden=true>
        <path class=b0 d=M0,0h14v14H0z /></svg>sent <b>4</b><li>
        <svg viewBox="0 0 14 14" aria-hidden=true>
        <path fill=url(#c-1) d=M0,0h14v14H0z /></svg>enough already <b>1</b></ul><div class=plot><ol class=y aria-hidden=true><li><span>4</span><li><span>3</span><li><span>2</span><li><span>1</span><li><span>0</span></ol>
        <svg viewBox="0 0 40 160" preserveAspectRatio=none role=img aria-label="7 requests &lt;1&gt;"><defs><pattern id=c-1 width=6 height=6 patternUnits=userSpaceOnUse>
        <path class=b1 d=M0,0h6v6H0z />
        <path class=o d="M0 1h6v2H0z" /></pattern><pattern id=c-no width=8 height=8 patternUnits=userSpaceOnUse>
        <path class=n d=M0,0h8v1H0z /></pattern></defs>
        <path class=g d="M0 160H40M0 120H40M0 80H40M0 40H40M0 0H40"/>
        <path fill=url(#c-1) d="M0 160V160h10V0h10V160h10V120h10V160z"/>
        <path class=b0 d="M0 160V160h10V40h10V160h10V120h10V160z"/>
        <path class=s d="M-.5 80H40" stroke-width=160 stroke-dasharray="1 9"/>
        <rect x=0 width=10 height=160 fill=url(#c-no) />
        <path class=l d="M15 0L25 160L35 40"/><g class=h>
        <rect x=0><title>14:00: not counted</title></rect>
        <rect x=10><title>14:01: 4 requests, 3 sent, 1 enough already</title></rect>
        <rect x=20><title>14:02: nothing</title></rect>
        <rect x=30><title>14:03: 3 requests, 1 sent</title></rect></g></svg><ol class=x aria-hidden=true><li><span>14:00</span><li><span>14:04</span></ol></div>
        <details><summary>These numbers as a table</summary><div class=wide tabindex=0 role=region aria-label="Requests"><table><thead>
        <tr><th scope=col>From (UTC)<th scope=col>requests<th scope=col>sent<th scope=col>enough already<tbody>
        <tr><th scope=row>14:00<td>?<td>?<td>?
        <tr><th scope=row>14:01<td>4<td>3<td>1
        <tr><th scope=row>14:03<td>3<td>1<td>0</table></div><p class=hint>Left out: steps in which nothing happened. ?: not counted.</p></details></figure>
        "#);
    }

    #[test]
    fn nothing_that_a_page_may_not_have() {
        let drawn = figure(&chart(&[&[9; 60], &[8; 60], &[7; 60]], &[24; 60]));
        for bad in ["style", "<script", "onclick", "onload", "href", "<1>"] {
            assert!(!drawn.contains(bad), "{bad}");
        }
    }

    proptest! {
        /// The page has to stay small when a flood makes every step another number of many digits.
        #[test]
        fn an_hour_of_anything_is_small(numbers in prop::collection::vec(0_u64..1_000_000, 29)) {
            let bands = [numbers.as_slice(), &[345_678; 29], numbers.as_slice()];
            let drawn = figure(&chart(&bands, &numbers));
            prop_assert!(drawn.len() < 9_000, "{}", drawn.len());
            prop_assert_eq!(drawn.matches("<title>").count(), 30);
        }
    }
}
