//! What is to be measured, from the environment.

use std::path::PathBuf;

use crate::shape::{Shape, Step};

/// What was asked for.
pub(crate) struct Settings {
    pub(crate) cplan: PathBuf,
    /// Whether terraform runs, too.
    pub(crate) peer: bool,
    pub(crate) linear: bool,
    pub(crate) runs: usize,
    /// Instead of the sizes of the table; bounds hold for those only.
    pub(crate) size: Option<usize>,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) steps: Vec<Step>,
    /// Where the pictures go.
    pub(crate) out: PathBuf,
    /// Where the folders of the runs are: on a disk, because bytes written to memory are not counted.
    pub(crate) work: PathBuf,
}

impl Settings {
    pub(crate) fn from_environment(arguments: &[String]) -> Result<Settings, String> {
        let [cplan] = arguments else { return Err("usage: plan CPLAN (see its first lines for the variables)".into()) };
        let cplan = std::fs::canonicalize(cplan).map_err(|e| format!("{cplan}: {e}"))?;
        let peer = variable("PEER").is_none_or(|v| v != "none");
        if peer && !on_path("terraform") {
            return Err("terraform is not on PATH; PEER=none measures cplan alone".into());
        }
        let number = |name: &str| {
            variable(name)
                .map(|v| v.parse::<usize>().ok().filter(|n| *n > 0).ok_or(format!("{name}={v}: not a number")))
        };
        Ok(Settings {
            cplan,
            peer,
            linear: variable("LINEAR").is_some_and(|v| v != "0"),
            runs: number("RUNS").transpose()?.unwrap_or(3),
            size: number("N").transpose()?,
            shapes: list("SHAPES", &Shape::ALL, Shape::name)?,
            steps: list("STEPS", &Step::ALL, Step::name)?,
            out: variable("OUT").map_or_else(|| PathBuf::from("."), PathBuf::from),
            work: variable("TMPDIR").map_or_else(|| PathBuf::from("/var/tmp"), PathBuf::from),
        })
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// The named ones, or all.
fn list<T: Copy>(variable_name: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<Vec<T>, String> {
    let Some(text) = variable(variable_name) else { return Ok(all.to_vec()) };
    let find = |word: &str| {
        let known = || all.iter().map(|t| name(*t)).collect::<Vec<_>>().join(", ");
        all.iter()
            .copied()
            .find(|t| name(*t) == word)
            .ok_or_else(|| format!("{variable_name}: {word} is none of {}", known()))
    };
    text.split(',').map(|word| find(word.trim())).collect()
}
