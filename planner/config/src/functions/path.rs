//! Functions of paths that look at their text only.

use cplan_model::{Type, Value};

use super::{Function, Table, fixed, str_of, text};

pub(super) fn table() -> Table {
    let path = |call| Function::new([text("path")], fixed(Type::String), call);
    vec![
        ("basename", path(|_, a| Ok(Value::string(basename(str_of(&a[0])))))),
        ("dirname", path(|_, a| Ok(Value::string(dirname(str_of(&a[0])))))),
        ("abspath", path(|c, a| Ok(Value::string(clean(&c.dir.join(str_of(&a[0])).to_string_lossy()))))),
        (
            "pathexpand",
            path(|_, a| match expand(str_of(&a[0])) {
                Some(path) => Ok(Value::string(path)),
                None => Err("cannot expand user-specific home dir".into()),
            }),
        ),
    ]
}

/// The home folder of the user stands for `~`; `None` for that of another user, which is not looked for.
pub(super) fn expand(path: &str) -> Option<String> {
    let Some(rest) = path.strip_prefix('~') else { return Some(path.to_owned()) };
    if !rest.is_empty() && !rest.starts_with(['/', '\\']) {
        return None;
    }
    let Some(home) = std::env::home_dir() else { return Some(path.to_owned()) };
    if rest.is_empty() {
        return Some(home.to_string_lossy().into_owned());
    }
    Some(clean(&format!("{}/{rest}", home.display())))
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
