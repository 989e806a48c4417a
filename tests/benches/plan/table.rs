//! The figures as a table, and the bounds that they miss.

use std::fmt::Write as _;

use crate::Measured;
use crate::measure::{Cost, Of};
use crate::settings::Settings;

/// One figure of a line: what both tools took, and the bound on it.
struct Figure {
    what: &'static str,
    cplan: f64,
    terraform: Option<f64>,
    bound: Option<f64>,
}

impl Figure {
    /// How many times less cplan takes.
    fn times(&self) -> Option<f64> {
        self.terraform.map(|t| t / self.cplan.max(1e-3))
    }

    fn is_missed(&self) -> bool {
        self.times().zip(self.bound).is_some_and(|(times, bound)| times < bound)
    }
}

/// All lines; medians of the runs.
pub(crate) fn text(measured: &[Measured], settings: &Settings) -> String {
    let mut out = String::new();
    let peer = if settings.peer { "terraform" } else { "recorded" };
    let _ = writeln!(
        out,
        "median of {} run{}; terraform applies a saved plan, cplan plans and applies; `times` is how many times less cplan \
         takes{}",
        settings.runs,
        if settings.runs == 1 { "" } else { "s, in turn" },
        if settings.peer { "" } else { "; terraform's figures were recorded earlier, on another machine" },
    );
    let _ = writeln!(
        out,
        "{:<38} {:<12} {:>11} {:>11} {:>8} {:>9}  verdict",
        "shape, instances, step", "figure", "cplan", peer, "times", "at least"
    );
    for one in measured {
        for (i, figure) in figures(one).into_iter().enumerate() {
            let name = if i == 0 { one.line.to_string() } else { String::new() };
            let number = |n: Option<f64>| n.map_or_else(|| "-".to_owned(), short);
            let verdict = match (figure.bound, figure.times()) {
                (None, _) => "",
                (_, None) => "not judged",
                _ if figure.is_missed() => "MISSED",
                _ => "met",
            };
            let line = format!(
                "{name:<38} {:<12} {:>11} {:>11} {:>8} {:>9}  {verdict}",
                figure.what,
                short(figure.cplan),
                number(figure.terraform),
                number(figure.times()),
                number(figure.bound),
            );
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
    out
}

/// The bounds that were exceeded, each with its line.
pub(crate) fn missed(measured: &[Measured]) -> Vec<String> {
    let name = |one: &Measured, f: &Figure| {
        let (times, bound) = (f.times().unwrap_or_default(), f.bound.unwrap_or_default());
        format!(
            "{}: {} is 1/{} of terraform's, and should be at most 1/{}",
            one.line,
            f.what,
            short(times),
            short(bound)
        )
    };
    let of = |one: &Measured| -> Vec<String> {
        figures(one).iter().filter(|f| f.is_missed()).map(|f| name(one, f)).collect()
    };
    measured.iter().flat_map(of).collect()
}

fn figures(one: &Measured) -> [Figure; 4] {
    let (bounds, recorded) = (one.line.bounds, one.line.recorded);
    let figure = |what, of: Of, bound: Option<f64>, recorded: Option<f64>| Figure {
        what,
        cplan: median(&one.cplan, of).unwrap_or_default(),
        terraform: median(&one.terraform, of).or(recorded),
        bound,
    };
    [
        figure("wall s", |c| c.wall, bounds.time, recorded.wall),
        figure("cpu s", |c| c.cpu, None, None),
        figure("peak MiB", |c| c.memory, bounds.memory, recorded.memory),
        figure("written MiB", |c| c.written, bounds.written, recorded.written),
    ]
}

/// The median of one figure of several runs.
pub(crate) fn median(costs: &[Cost], of: Of) -> Option<f64> {
    let mut all: Vec<f64> = costs.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    let middle = all.len() / 2;
    match all.len() {
        0 => None,
        n if n % 2 == 1 => Some(all[middle]),
        _ => Some((all[middle - 1] + all[middle]) / 2.0),
    }
}

/// Three digits that count.
pub(crate) fn short(n: f64) -> String {
    match n {
        n if n >= 100.0 => format!("{n:.0}"),
        n if n >= 10.0 => format!("{n:.1}"),
        n if n >= 1.0 => format!("{n:.2}"),
        n => format!("{n:.3}"),
    }
}
