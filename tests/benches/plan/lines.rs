//! The lines of the table, and the bounds that cplan keeps on them.

use std::fmt;

use crate::settings::Settings;
use crate::shape::{Shape, Step};

/// One thing to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) shape: Shape,
    pub(crate) size: usize,
    pub(crate) step: Step,
    pub(crate) bounds: Bounds,
    /// What terraform 1.11.4 took on two shared cores, for runs without it.
    pub(crate) recorded: Recorded,
}

/// cplan takes at most one such part of what terraform takes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) time: Option<f64>,
    pub(crate) memory: Option<f64>,
    pub(crate) written: Option<f64>,
}

/// Seconds and MiB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) wall: Option<f64>,
    pub(crate) memory: Option<f64>,
    pub(crate) written: Option<f64>,
}

/// Shape, instances, step, the bounds on time, memory and bytes written, and what was recorded of these; 0 is none.
type Row = (Shape, usize, Step, [f64; 3], [f64; 3]);

const TABLE: [Row; 8] = [
    (Shape::Blocks, 10_000, Step::New, [50.0, 5.0, 0.0], [16.08, 673.0, 2.4]),
    (Shape::Blocks, 10_000, Step::Noop, [50.0, 5.0, 0.0], [15.49, 1002.0, 0.8]),
    (Shape::Count, 10_000, Step::Noop, [500.0, 5.0, 0.0], [201.95, 669.0, 0.9]),
    (Shape::Set, 1_000, Step::New, [300.0, 0.0, 0.0], [17.09, 95.0, 0.3]),
    (Shape::Map, 1_000, Step::New, [0.0, 0.0, 0.0], [1.88, 97.0, 0.2]),
    (Shape::Layers, 10_000, Step::Noop, [50.0, 5.0, 0.0], [33.29, 847.0, 0.8]),
    (Shape::Blocks, 1_000, Step::Apply, [50.0, 0.0, 50.0], [22.64, 121.0, 581.3]),
    (Shape::Chain, 1_000, Step::Apply, [100.0, 0.0, 250.0], [190.33, 509.0, 6081.9]),
];

/// The lines that were asked for.
pub(crate) fn chosen(settings: &Settings) -> Vec<Line> {
    let some = |n: f64| (n > 0.0).then_some(n);
    TABLE
        .into_iter()
        .filter(|(shape, _, step, ..)| settings.shapes.contains(shape) && settings.steps.contains(step))
        .map(|(shape, size, step, [time, memory, written], [wall, resident, bytes])| match settings.size {
            Some(other) if other != size => {
                Line { shape, size: other, step, bounds: Bounds::default(), recorded: Recorded::default() }
            }
            _ => Line {
                shape,
                size,
                step,
                bounds: Bounds { time: some(time), memory: some(memory), written: some(written) },
                recorded: Recorded { wall: some(wall), memory: some(resident), written: some(bytes) },
            },
        })
        .collect()
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, {}", self.shape.name(), self.size, self.step.says())
    }
}
