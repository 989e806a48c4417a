//! `cplan logs`: what was said when something was done.

use std::cmp::Reverse;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::args::LogsArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::render::json;
use crate::render::style::Tone;
use crate::run_log::{ERR, FOLDER, HEADER, OUT, SHARED, file_name};
use crate::session::Session;

/// Prints the runs, or the newest log of an object, or a whole run.
pub(crate) fn run(session: &Session, args: &LogsArgs) -> Result<ExitCode, CommandError> {
    let folder = session.settings.data_dir.join(FOLDER);
    let mut runs = runs(&folder).map_err(|e| CommandError::file("read", &folder, e))?;
    if let Some(wanted) = &args.run {
        runs.retain(|run| run == wanted);
        if runs.is_empty() {
            return Err(CommandError::told(
                "no-run",
                "No such run",
                format!("There is no log of a run `{wanted}`."),
                "`cplan logs -list` shows the runs.",
            ));
        }
    }
    if runs.is_empty() {
        return Err(CommandError::told(
            "no-logs",
            "No logs",
            "Nothing was applied or destroyed in this folder yet.",
            "Every `cplan apply` and `cplan destroy` leaves a log.",
        ));
    }
    if args.list {
        let headers = runs.iter().map(|run| (run, header(&folder.join(run))));
        session.print(&match args.json {
            true => json::line(&headers.map(|(run, header)| with_run(run, header)).collect::<Vec<_>>().into()),
            false => headers.map(|(run, header)| line(run, &header)).collect(),
        })?;
        return Ok(ExitCode::Ok);
    }
    let Some(address) = &args.address else {
        let run = &runs[0];
        return print(session, args.json, run, &folder.join(run), &steps(&folder.join(run), None)?);
    };
    let name = name_of(address);
    for run in &runs {
        let found = steps(&folder.join(run), Some(&name))?;
        if !found.is_empty() {
            return print(session, args.json, run, &folder.join(run), &found);
        }
    }
    let which = if args.run.is_some() { "that run" } else { "any run" };
    Err(CommandError::told(
        "no-log-of-object",
        "No log of that object",
        format!("Nothing was done to `{address}` in {which}."),
        "Write its address as `cplan state list` does; without an address, the whole newest run is shown.",
    ))
}

/// What the files of an object are called; what is no address of an instance is the name of a module.
fn name_of(address: &str) -> String {
    address.parse().map_or_else(|_| address.replace('"', ""), |address| file_name(&address))
}

/// The runs, the newest first: their names begin with the second of their time, and within that the header of the one
/// that was later was written later.
fn runs(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut runs = Vec::new();
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if path.is_dir() {
            let written = fs::metadata(path.join(HEADER)).and_then(|meta| meta.modified()).ok();
            runs.push((entry.file_name().to_string_lossy().into_owned(), written));
        }
    }
    let second = |name: &str| name.get(..15).unwrap_or(name).to_owned();
    runs.sort_by_cached_key(|(name, written)| Reverse((second(name), *written, name.clone())));
    Ok(runs.into_iter().map(|(name, _)| name).collect())
}

/// What one step has said.
struct Step {
    name: String,
    out: String,
    err: String,
}

/// The steps of a run whose names are the given one or lie in it; in order of their beginning.
fn steps(run: &Path, wanted: Option<&str>) -> Result<Vec<Step>, CommandError> {
    let failed = |path: &Path, e| CommandError::file("read", path, e);
    let read = |path: PathBuf| match fs::read(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(e) => Err(failed(&path, e)),
        // A provider's output may be anything.
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
    };
    let within = |name: &str| {
        wanted.is_none_or(|wanted| {
            name.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']))
        })
    };
    let mut steps = Vec::new();
    for entry in fs::read_dir(run).map_err(|e| failed(run, e))? {
        let file = entry.map_err(|e| failed(run, e))?.file_name().to_string_lossy().into_owned();
        if let Some(name) = file.strip_suffix(OUT).filter(|name| within(name)) {
            let (out, err) = (read(run.join(&file))?, read(run.join(name.to_owned() + ERR))?);
            steps.push(Step { name: name.to_owned(), out, err });
        }
    }
    for line in read(run.join(SHARED))?.lines() {
        let Some((address, said)) = line.split_once(": ") else { continue };
        let name = name_of(address);
        if within(&name) {
            steps.push(Step { name, out: format!("{said}\n"), err: String::new() });
        }
    }
    // A log begins with its time.
    steps.sort_by(|a, b| (a.out.get(..30), &a.name).cmp(&(b.out.get(..30), &b.name)));
    Ok(steps)
}

/// The header of a run, which always has its name.
fn with_run(run: &str, mut header: Json) -> Json {
    if !header.is_object() {
        header = serde_json::json!({});
    }
    header["run"] = run.into();
    header
}

fn print(session: &Session, as_json: bool, run: &str, folder: &Path, steps: &[Step]) -> Result<ExitCode, CommandError> {
    if as_json {
        let mut told = with_run(run, header(folder));
        let step = |s: &Step| serde_json::json!({ "name": s.name, "out": s.out, "err": s.err });
        told["steps"] = steps.iter().map(step).collect::<Vec<_>>().into();
        session.print(&json::line(&told))?;
        return Ok(ExitCode::Ok);
    }
    let style = session.terminal.style();
    let mut text = line(run, &header(folder));
    for step in steps {
        text.push_str(&format!("\n{}\n{}", style.paint(Tone::Strong, &step.name), visible(&step.out)));
        if !step.err.is_empty() {
            text.push_str(&format!("{}\n{}", style.paint(Tone::Faint, "-- standard error:"), visible(&step.err)));
        }
    }
    session.print(&text)?;
    Ok(ExitCode::Ok)
}

/// What a log says must not steer the terminal.
fn visible(text: &str) -> String {
    text.lines().map(|line| crate::render::value::visible(line).to_string() + "\n").collect()
}

fn header(run: &Path) -> Json {
    let text = fs::read_to_string(run.join(HEADER)).ok();
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Json::Null)
}

/// `RUN  apply  2026-11-22 19:07 by ada: 3 created, 1 failed`
fn line(run: &str, header: &Json) -> String {
    let text = |name: &str| header[name].as_str().unwrap_or("?");
    let mut counts: Vec<String> = ["created", "updated", "deleted"]
        .iter()
        .filter_map(|name| Some((header[*name].as_u64().filter(|n| *n > 0)?, name)))
        .map(|(n, name)| format!("{n} {name}"))
        .collect();
    for name in ["failed", "skipped"] {
        let n = header[name].as_array().map_or(0, Vec::len);
        counts.extend((n > 0).then(|| format!("{n} {name}")));
    }
    let ended = header["ended"].is_string();
    let counts = match (counts.is_empty(), ended) {
        (false, _) => counts.join(", "),
        (true, true) => "nothing done".to_owned(),
        (true, false) => "not ended".to_owned(),
    };
    format!("{run}  {}  {} by {}: {counts}\n", text("command"), text("started"), text("user"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_run_comes_first_within_a_second_too() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["20261127-220315-ffff", "20261127-220315-0000", "20261127-220316-1111", "20261127-220315-8888"] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join(HEADER), "{}").unwrap();
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let names = runs(folder.path()).unwrap();
        let ends: Vec<_> = names.iter().map(|name| &name[11..]).collect();
        assert_eq!(ends, ["0316-1111", "0315-8888", "0315-0000", "0315-ffff"]);
    }
}
