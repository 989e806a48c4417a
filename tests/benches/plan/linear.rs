//! How cplan alone grows: every shape at 1,000, 10,000 and 100,000 instances. Judged by processor time, which other work
//! on the machine does not touch.

use std::io::Write as _;

use crate::contender::{Contender, Tool};
use crate::lines::{Bounds, Line, Recorded};
use crate::measure::{Cost, Of};
use crate::picture::{Growth, curves};
use crate::settings::Settings;
use crate::shape::{Shape, Step};
use crate::table::{median, short};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
/// Ten times the instances may take so much more than ten times; what is sorted takes a little more than linear.
const SLACK: f64 = 1.5;
/// What every shape stays within, as a multiple of `blocks`.
const OF_BLOCKS: f64 = 2.0;
/// A difference that the start of the program hides: seconds and MiB.
const FLOOR: [f64; 2] = [0.02, 10.0];

struct Point {
    shape: Shape,
    step: Step,
    size: usize,
    cost: Cost,
}

/// Measures, prints and draws; gives what does not grow as it should.
pub(crate) fn run(settings: &Settings) -> Result<Vec<String>, String> {
    let mut points = Vec::new();
    let sizes: Vec<usize> = settings.size.map_or(SIZES.to_vec(), |n| vec![n]);
    println!(
        "{:<14} {:>8} {:<6} {:>9} {:>9} {:>10} {:>12}",
        "shape", "N", "step", "wall s", "cpu s", "peak MiB", "written MiB"
    );
    for shape in settings.shapes.iter().copied() {
        for size in sizes.iter().copied() {
            for step in settings.steps.iter().copied() {
                let cost = one(settings, shape, size, step)?;
                println!(
                    "{:<14} {size:>8} {:<6} {:>9} {:>9} {:>10} {:>12}",
                    shape.name(),
                    step.name(),
                    short(cost.wall),
                    short(cost.cpu),
                    short(cost.memory),
                    short(cost.written)
                );
                points.push(Point { shape, step, size, cost });
            }
        }
    }
    let mut panels = Vec::new();
    for step in settings.steps.iter().copied() {
        let panel = |what: &str, of: Of| {
            let growth = |shape: &Shape| Growth {
                shape: *shape,
                points: points
                    .iter()
                    .filter(|p| p.shape == *shape && p.step == step)
                    .map(|p| (p.size, of(&p.cost)))
                    .collect(),
            };
            (format!("{}: {what}", step.says()), settings.shapes.iter().map(growth).collect())
        };
        panels.push(panel("cpu s", |c| c.cpu));
        panels.push(panel("peak MiB", |c| c.memory));
    }
    let picture = settings.out.join("bench-plan-linear.svg");
    std::fs::write(&picture, curves(&panels)).map_err(|e| format!("{}: {e}", picture.display()))?;
    println!("as a picture: {}", picture.display());
    Ok(judge(&points))
}

fn one(settings: &Settings, shape: Shape, size: usize, step: Step) -> Result<Cost, String> {
    let work = tempfile::Builder::new().prefix("bench-plan-").tempdir_in(&settings.work).map_err(|e| e.to_string())?;
    let line = Line { shape, size, step, bounds: Bounds::default(), recorded: Recorded::default() };
    eprint!("\r{:70}\r{line}", "");
    let _ = std::io::stderr().flush();
    let contender = Contender::new(Tool::Cplan, settings, work.path(), &line)?;
    let costs = (0..settings.runs).map(|_| contender.run()).collect::<Result<Vec<_>, _>>()?;
    eprint!("\r{:70}\r", "");
    let of = |f: Of| median(&costs, f).unwrap_or_default();
    Ok(Cost { wall: of(|c| c.wall), cpu: of(|c| c.cpu), memory: of(|c| c.memory), written: of(|c| c.written) })
}

fn judge(points: &[Point]) -> Vec<String> {
    let mut missed = Vec::new();
    let figures: [(&str, Of); 2] = [("cpu s", |c| c.cpu), ("peak MiB", |c| c.memory)];
    for point in points {
        for ((what, of), floor) in figures.into_iter().zip(FLOOR) {
            let find = |shape: Shape, size: usize| {
                points.iter().find(|p| p.shape == shape && p.size == size && p.step == point.step)
            };
            let name = format!(
                "{} {}, {}: {what} {}",
                point.shape.name(),
                point.size,
                point.step.says(),
                short(of(&point.cost))
            );
            if let Some(smaller) = find(point.shape, point.size / 10) {
                let most = of(&smaller.cost) * 10.0 * SLACK;
                if of(&point.cost) > most {
                    missed.push(format!("{name}, and linear would be at most {}", short(most)));
                }
            }
            if let Some(blocks) = find(Shape::Blocks, point.size) {
                let most = of(&blocks.cost) * OF_BLOCKS + floor;
                if of(&point.cost) > most {
                    missed.push(format!("{name}, and twice that of blocks is {}", short(most)));
                }
            }
        }
    }
    missed
}
