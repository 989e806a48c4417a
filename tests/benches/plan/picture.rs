//! The figures as pictures (SVG): bars for the table, lines for growth. Both axes of size are logarithmic.

use std::fmt::Write as _;

use crate::Measured;
use crate::measure::Of;
use crate::shape::Shape;
use crate::table::{median, short};

const CPLAN: &str = "#0a7d5a";
const TERRAFORM: &str = "#8a63d2";
const INK: &str = "#24292f";
const GRID: &str = "#d8dee4";
/// One colour per shape, to be told apart without red and green.
const COLOURS: [&str; 6] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];

/// Both tools' wall time, peak memory and written bytes, line by line.
pub(crate) fn bars(measured: &[Measured]) -> String {
    let row = 46;
    let (left, panel, gap, top) = (250, 250, 40, 70);
    let height = top + measured.len() * row + 30;
    let width = left + 3 * (panel + gap);
    let mut out = page(width, height, "cplan beside terraform: less is better, and every line is ten times more");
    legend(&mut out, left, 44, &[("cplan", CPLAN), ("terraform", TERRAFORM)]);
    for (i, one) in measured.iter().enumerate() {
        text(&mut out, left - 10, top + i * row + 22, "end", 12, INK, &one.line.to_string());
    }
    let panels: [(&str, Of, f64, f64); 3] = [
        ("wall time, s", |c| c.wall, 0.01, 1000.0),
        ("peak memory, MiB", |c| c.memory, 1.0, 10_000.0),
        ("written, MiB", |c| c.written, 0.01, 10_000.0),
    ];
    for (p, (title, of, low, high)) in panels.into_iter().enumerate() {
        let x = left + p * (panel + gap);
        let at = |n: f64| (n.max(low) / low).log10() / (high / low).log10() * panel as f64;
        text(&mut out, x, top - 8, "start", 12, INK, title);
        let mut tick = low;
        while tick <= high * 1.01 {
            let here = x as f64 + at(tick);
            let _ = writeln!(out, "<path d='M{here:.1} {top}V{}' stroke='{GRID}'/>", height - 26);
            text(&mut out, here as usize, height - 12, "middle", 9, INK, &plain(tick));
            tick *= 10.0;
        }
        for (i, one) in measured.iter().enumerate() {
            let recorded = one.line.recorded;
            let peer = [recorded.wall, recorded.memory, recorded.written][p];
            let both = [(median(&one.cplan, of), CPLAN), (median(&one.terraform, of).or(peer), TERRAFORM)];
            for (j, (figure, colour)) in both.into_iter().enumerate() {
                let (Some(figure), y) = (figure, top + i * row + 6 + j * 15) else { continue };
                let long = at(figure).max(1.0);
                let _ = writeln!(out, "<rect x='{x}' y='{y}' width='{long:.1}' height='13' fill='{colour}'/>");
                text(&mut out, x + long as usize + 4, y + 11, "start", 10, INK, &short(figure));
            }
        }
    }
    out + "</svg>\n"
}

/// What a shape takes at each size.
pub(crate) struct Growth {
    pub(crate) shape: Shape,
    /// Instances and the figure.
    pub(crate) points: Vec<(usize, f64)>,
}

/// Panels of curves, each with a title.
pub(crate) fn curves(panels: &[(String, Vec<Growth>)]) -> String {
    let (left, panel, tall, gap, top) = (60, 270, 240, 60, 80);
    let width = left + panels.len() * (panel + gap);
    let mut out = page(width, top + tall + 50, "cplan alone, as the instances grow; the dashed line is linear");
    let names: Vec<_> = Shape::ALL.into_iter().zip(COLOURS).map(|(s, c)| (s.name(), c)).collect();
    legend(&mut out, left, 44, &names);
    for (p, (title, growths)) in panels.iter().enumerate() {
        let all = || growths.iter().flat_map(|g| &g.points);
        let (sizes, figures) = (bounds(all().map(|(n, _)| *n as f64)), bounds(all().map(|(_, f)| *f)));
        let x0 = left + p * (panel + gap);
        let x = |n: f64| x0 as f64 + (n / sizes.0).log10() / (sizes.1 / sizes.0).log10().max(1e-9) * panel as f64;
        let y = |f: f64| (top + tall) as f64 - (f / figures.0).log10() / (figures.1 / figures.0).log10() * tall as f64;
        text(&mut out, x0, top - 8, "start", 12, INK, title);
        let mut tick = figures.0;
        while tick <= figures.1 * 1.01 {
            let _ = writeln!(out, "<path d='M{x0} {:.1}h{panel}' stroke='{GRID}'/>", y(tick));
            text(&mut out, x0 - 6, y(tick) as usize + 4, "end", 9, INK, &plain(tick));
            tick *= 10.0;
        }
        let mut tick = sizes.0;
        while tick <= sizes.1 * 1.01 {
            text(&mut out, x(tick) as usize, top + tall + 18, "middle", 9, INK, &plain(tick));
            tick *= 10.0;
        }
        if let Some((size, figure)) = growths.first().and_then(|g| g.points.first()) {
            let reach = (sizes.1 / *size as f64).min(figures.1 / figure);
            let (from, to) = ((*size as f64, *figure), (*size as f64 * reach, figure * reach));
            let line = format!("M{:.1} {:.1}L{:.1} {:.1}", x(from.0), y(from.1), x(to.0), y(to.1));
            let _ = writeln!(out, "<path d='{line}' stroke='{INK}' stroke-dasharray='4 4' fill='none'/>");
        }
        for growth in growths {
            let colour = COLOURS[Shape::ALL.iter().position(|s| *s == growth.shape).unwrap_or(0)];
            let points: Vec<String> =
                growth.points.iter().map(|(n, f)| format!("{:.1},{:.1}", x(*n as f64), y(*f))).collect();
            let _ = writeln!(
                out,
                "<polyline points='{}' stroke='{colour}' stroke-width='2' fill='none'/>",
                points.join(" ")
            );
        }
    }
    out + "</svg>\n"
}

/// The powers of ten around some figures.
fn bounds(figures: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = figures.fold((f64::MAX, f64::MIN), |(low, high), f| (low.min(f), high.max(f)));
    let low = 10f64.powf(low.max(1e-3).log10().floor());
    (low, 10f64.powf(high.max(low).log10().ceil()).max(low * 10.0))
}

fn page(width: usize, height: usize, title: &str) -> String {
    let mut out = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' viewBox='0 0 {width} {height}' \
         font-family='sans-serif'>\n<rect width='{width}' height='{height}' fill='#ffffff'/>\n"
    );
    text(&mut out, 16, 24, "start", 15, INK, title);
    out
}

fn legend(out: &mut String, x: usize, y: usize, names: &[(&str, &str)]) {
    for (i, (name, colour)) in names.iter().enumerate() {
        let x = x + i * 105;
        let _ = writeln!(out, "<rect x='{x}' y='{}' width='10' height='10' fill='{colour}'/>", y - 9);
        text(out, x + 15, y, "start", 11, INK, name);
    }
}

fn text(out: &mut String, x: usize, y: usize, anchor: &str, size: usize, colour: &str, text: &str) {
    let _ =
        writeln!(out, "<text x='{x}' y='{y}' text-anchor='{anchor}' font-size='{size}' fill='{colour}'>{text}</text>");
}

fn plain(n: f64) -> String {
    if n >= 1.0 { format!("{n:.0}") } else { format!("{n}") }
}
