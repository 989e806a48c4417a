//! What a process costs. Each is measured by a small process of its own: the peak memory that the kernel tells is the
//! largest of all children so far, and a child begins with the size of its parent.

use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde_json::{Value as Json, json};

/// The first argument of a measuring process.
pub(crate) const FLAG: &str = "--measure-one";

/// What one run of a program cost, its own children included.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// Seconds.
    pub(crate) wall: f64,
    /// Seconds of processor time, user and system.
    pub(crate) cpu: f64,
    /// MiB at the peak (`ru_maxrss`).
    pub(crate) memory: f64,
    /// MiB that it caused to be written to a disk (`write_bytes`).
    pub(crate) written: f64,
}

/// One figure of a cost.
pub(crate) type Of = fn(&Cost) -> f64;

/// Runs a program in a folder; what it says goes to a file. An exit status other than the wanted one is an error.
pub(crate) fn measure(
    dir: &Path,
    said: &Path,
    program: &Path,
    arguments: &[&str],
    wanted: i32,
) -> Result<Cost, String> {
    let this = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut command = Command::new(this);
    command.arg(FLAG).arg(said).arg(program).args(arguments).current_dir(dir).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("TF_") || text.starts_with("CPLAN_") {
            command.env_remove(&name);
        }
    }
    // Neither asks the network whether there is a newer one of it.
    command.env("CHECKPOINT_DISABLE", "1").env("HOME", dir).env("NO_COLOR", "1");
    let output = command.output().map_err(|e| e.to_string())?;
    let found: Json = serde_json::from_slice(&output.stdout)
        .map_err(|e| format!("{}: {e}: {}", program.display(), String::from_utf8_lossy(&output.stderr)))?;
    let number = |name: &str| found[name].as_f64().ok_or(format!("there is no {name} in {found}"));
    if found["status"].as_i64() != Some(i64::from(wanted)) {
        let text = std::fs::read_to_string(said).unwrap_or_default();
        let tail: Vec<&str> = text.lines().rev().take(20).collect();
        let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
        return Err(format!("{} {} ended with {}:\n{tail}", program.display(), arguments.join(" "), found["status"]));
    }
    Ok(Cost { wall: number("wall")?, cpu: number("cpu")?, memory: number("memory")?, written: number("written")? })
}

/// The measuring process: FILE PROGRAM ARGUMENT…, and the cost on standard output.
pub(crate) fn one(arguments: &[String]) -> ExitCode {
    match cost(arguments) {
        Ok(cost) => {
            println!("{cost}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn cost(arguments: &[String]) -> Result<Json, Box<dyn std::error::Error>> {
    let [said, program, rest @ ..] = arguments else { return Err("a file and a program are needed".into()) };
    let said = File::create(said)?;
    let before = written()?;
    let start = Instant::now();
    let status = Command::new(program).args(rest).stdout(said.try_clone()?).stderr(said).status()?;
    let wall = start.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = (usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e6;
    Ok(json!({
        "status": status.code(),
        "wall": wall,
        "cpu": cpu,
        "memory": usage.max_rss() as f64 / 1024.0,
        "written": (written()? - before) as f64 / f64::from(1 << 20),
    }))
}

/// `write_bytes` of this process and of its children that have ended, which the kernel adds to it.
fn written() -> Result<u64, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string("/proc/self/io")?;
    let line = text.lines().find_map(|l| l.strip_prefix("write_bytes: "));
    Ok(line.ok_or("the kernel does not count written bytes")?.trim().parse()?)
}
