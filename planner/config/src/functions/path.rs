//! Functions of paths that look at their text only.

use std::path::{Path, PathBuf};

use cplan_model::{Type, Value};

use super::{Failure, Function, Table, fixed, str_of, text};

pub(super) fn table() -> Table {
    let path = |call| Function::new([text("path")], fixed(Type::String), call);
    vec![
        ("basename", path(|_, a| Ok(Value::string(basename(str_of(&a[0])))))),
        ("dirname", path(|_, a| Ok(Value::string(dirname(str_of(&a[0])))))),
        ("abspath", path(|c, a| Ok(Value::string(clean(&c.dir.join(str_of(&a[0])).to_string_lossy()))))),
        ("pathexpand", path(|_, a| Ok(Value::string(expand(str_of(&a[0]))?)))),
    ]
}

/// The home folder of the user stands for `~`; that of another user is not looked for.
pub(super) fn expand(path: &str) -> Result<String, Failure> {
    let Some(rest) = path.strip_prefix('~') else { return Ok(path.to_owned()) };
    if !rest.is_empty() && !rest.starts_with(['/', '\\']) {
        return Err("cannot expand user-specific home dir".into());
    }
    let Some(home) = std::env::home_dir() else { return Ok(path.to_owned()) };
    if rest.is_empty() {
        return Ok(home.to_string_lossy().into_owned());
    }
    Ok(clean(&format!("{}/{rest}", home.display())))
}

/// Where a path of an argument leads: from the folder, unless it begins at the root or at home.
pub(super) fn locate(dir: &Path, path: &str) -> Result<PathBuf, Failure> {
    Ok(PathBuf::from(clean(&dir.join(expand(path)?).to_string_lossy())))
}

fn basename(path: &str) -> String {
    if path.is_empty() {
        return ".".into();
    }
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { "/".into() } else { trimmed.rsplit('/').next().unwrap_or(trimmed).into() }
}

fn dirname(path: &str) -> String {
    match path.rfind('/') {
        Some(at) => clean(&path[..=at]),
        None => ".".into(),
    }
}

/// Without `.`, `..` and double slashes where they can be left out.
pub(super) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    let out = if path.starts_with('/') { format!("/{joined}") } else { joined };
    if out.is_empty() { ".".into() } else { out }
}
