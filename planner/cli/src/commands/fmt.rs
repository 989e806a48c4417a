//! `cplan fmt`: configuration files in the usual form.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use cplan_config::format;
use cplan_model::{Diagnostic, Diagnostics, SourceMap};
use similar::TextDiff;

use crate::args::FmtArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

/// Formats files and folders, or standard input.
pub(crate) fn run(session: &Session, args: &FmtArgs) -> Result<ExitCode, CommandError> {
    let done = if args.targets == [Path::new("-")] { standard_input(session, args) } else { files(session, args) };
    match done {
        Err(error @ (CommandError::Refused(..) | CommandError::Failed(..))) => {
            session.tell(&error).map_err(CommandError::Output)?;
            Ok(ExitCode::Broken)
        }
        done => done,
    }
}

fn files(session: &Session, args: &FmtArgs) -> Result<ExitCode, CommandError> {
    let mut files = Vec::new();
    let here = [PathBuf::new()];
    for target in if args.targets.is_empty() { &here[..] } else { &args.targets } {
        collect(&session.settings.dir.join(target), true, args.recursive, &mut files)?;
    }
    let mut changed = false;
    let mut broken = (Diagnostics::new(), SourceMap::default());
    for path in files {
        let text = fs::read_to_string(&path).map_err(|e| CommandError::file("read", &path, e))?;
        let shown = path.strip_prefix(&session.settings.dir).unwrap_or(&path);
        let Some(formatted) = formatted(shown, &text, &mut broken) else { continue };
        if formatted == text {
            continue;
        }
        changed = true;
        let shown = session.shown(&path);
        let name = if args.list { format!("{shown}\n") } else { String::new() };
        session.print(&(name + &diff(&shown, &text, &formatted, args)))?;
        if args.write && !args.check {
            write(&path, &formatted).map_err(|e| CommandError::file("write", &path, e))?;
        }
    }
    verdict(broken, changed && args.check)
}

fn standard_input(session: &Session, args: &FmtArgs) -> Result<ExitCode, CommandError> {
    let path = Path::new("<stdin>");
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|e| CommandError::file("read", path, e))?;
    let mut broken = (Diagnostics::new(), SourceMap::default());
    let Some(formatted) = formatted(path, &text, &mut broken) else { return verdict(broken, false) };
    let changed = formatted != text;
    match (args.diff, args.check) {
        (true, _) => session.print(&diff("<stdin>", &text, &formatted, args))?,
        (false, true) => {}
        (false, false) if formatted.ends_with('\n') => session.print(&formatted)?,
        (false, false) => session.print(&(formatted + "\n"))?,
    }
    verdict(broken, changed && args.check)
}

fn verdict(broken: (Diagnostics, SourceMap), unformatted: bool) -> Result<ExitCode, CommandError> {
    match broken {
        (found, sources) if found.has_errors() => Err(CommandError::Refused(found, sources)),
        _ if unformatted => Ok(ExitCode::Unformatted),
        _ => Ok(ExitCode::Ok),
    }
}

/// The text in its form; what is broken is kept for the end, so that one run says it of all files.
fn formatted(path: &Path, text: &str, broken: &mut (Diagnostics, SourceMap)) -> Option<String> {
    match format(text) {
        Ok(formatted) => Some(formatted),
        Err(mut diagnostic) => {
            let id = broken.1.add(path, text);
            for label in diagnostic.primary.iter_mut().chain(&mut diagnostic.labels) {
                label.span.source = id;
            }
            broken.0.push(diagnostic);
            None
        }
    }
}

/// Files of the language: those of the configuration and of variables. A file that is named is taken as it is; dot files
/// and `x.TOOL.hcl`, which belong to other tools, are not looked for.
fn collect(path: &Path, named: bool, recursive: bool, files: &mut Vec<PathBuf>) -> Result<(), CommandError> {
    let failed = |e| CommandError::file("read", path, e);
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        if ![".hcl", ".tf", ".tfvars"].iter().any(|ending| name.ends_with(ending)) {
            let summary = "Only .tf, .tfvars, and .hcl files can be processed with cplan fmt";
            let what = format!("{} is another kind of file.", path.display());
            let remedy = "Format text of any name through standard input: `cplan fmt - < FILE`.";
            let refused = Diagnostic::error("not-configuration", summary, what).remedy(remedy);
            return Err(CommandError::Refused(refused.into(), SourceMap::default()));
        }
        files.push(path.to_owned());
        return Ok(());
    }
    if !named && !recursive {
        return Ok(());
    }
    let mut entries = fs::read_dir(path).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let folder = entry.file_type().map_err(failed)?.is_dir();
        if !name.starts_with('.') && (folder || is_ours(&name)) {
            collect(&entry.path(), false, recursive, files)?;
        }
    }
    Ok(())
}

fn is_ours(name: &str) -> bool {
    name.strip_suffix(".hcl").is_some_and(|stem| !stem.contains('.'))
        || [".tf", ".tfvars"].iter().any(|e| name.ends_with(e))
}

fn diff(name: &str, old: &str, new: &str, args: &FmtArgs) -> String {
    if !args.diff {
        return String::new();
    }
    let (from, to) = (format!("old/{name}"), format!("new/{name}"));
    TextDiff::from_lines(old, new).unified_diff().header(&from, &to).to_string()
}

/// Whole or not at all, with the permissions it had.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(path)?.permissions())?;
    file.persist(path).map(drop).map_err(|e| e.error)
}
