//! Functions of files and paths; relative ones begin at the folder of the module.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cplan_model::{Type, Value};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::encoding::hex;
use super::{Context, Failure, Function, Outcome, Returns, Table, any, fixed, str_of, text};
use crate::evaluate::template_text;

pub(super) fn table() -> Table {
    let path = |call| Function::new([text("path")], fixed(Type::String), call);
    vec![
        ("file", path(|c, a| Ok(Value::string(read_text(c, &a[0])?)))),
        ("filebase64", path(|c, a| Ok(Value::string(BASE64_STANDARD.encode(read(c, &a[0])?))))),
        ("filemd5", path(|c, a| Ok(Value::string(hex(&Md5::digest(read(c, &a[0])?)))))),
        ("filesha1", path(|c, a| Ok(Value::string(hex(&Sha1::digest(read(c, &a[0])?)))))),
        ("filesha256", path(|c, a| Ok(Value::string(hex(&Sha256::digest(read(c, &a[0])?)))))),
        ("filesha512", path(|c, a| Ok(Value::string(hex(&Sha512::digest(read(c, &a[0])?)))))),
        ("fileexists", Function::new([text("path")], fixed(Type::Bool), exists)),
        ("templatefile", Function::new([text("path"), any("vars")], Returns::Computed, templatefile)),
        ("templatestring", Function::new([text("template"), any("vars")], Returns::Computed, templatestring)),
        ("basename", path(|_, a| Ok(Value::string(basename(str_of(&a[0])))))),
        ("dirname", path(|_, a| Ok(Value::string(dirname(str_of(&a[0])))))),
        (
            "abspath",
            path(|c, a| {
                let path = std::path::absolute(c.dir.join(str_of(&a[0]))).map_err(|e| Failure::Call(e.to_string()))?;
                Ok(Value::string(clean(&path.to_string_lossy())))
            }),
        ),
        ("pathexpand", path(|_, a| Ok(Value::string(expand(str_of(&a[0])))))),
    ]
}

/// The home folder of the user stands for `~`.
fn expand(path: &str) -> String {
    match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => match std::env::home_dir() {
            Some(home) => format!("{}{rest}", home.display()),
            None => path.to_owned(),
        },
        _ => path.to_owned(),
    }
}

fn locate(context: &Context<'_>, path: &Value) -> PathBuf {
    context.dir.join(expand(str_of(path)))
}

fn read(context: &Context<'_>, path: &Value) -> Result<Vec<u8>, Failure> {
    let full = locate(context, path);
    std::fs::read(&full).map_err(|error| {
        let shown = str_of(path);
        Failure::Argument(
            0,
            if error.kind() == std::io::ErrorKind::NotFound {
                format!("no file exists at {shown:?}; this function works only with files that are distributed as part of the configuration source code, so if this file will be created by a resource in this configuration you must instead obtain this result from an attribute of that resource")
            } else {
                format!("failed to read {shown:?}: {error}")
            },
        )
    })
}

fn read_text(context: &Context<'_>, path: &Value) -> Result<String, Failure> {
    String::from_utf8(read(context, path)?).map_err(|_| {
        Failure::Argument(0, format!("contents of {:?} are not valid UTF-8; use the filebase64 function to obtain the Base64 encoded contents or the other file functions (e.g. filemd5, filesha256) to obtain file hashing results instead", str_of(path)))
    })
}

fn exists(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let path = locate(context, &a[0]);
    match std::fs::metadata(&path) {
        Ok(meta) if meta.is_dir() => {
            Err(Failure::Argument(0, format!("{:?} is a directory, not a file", str_of(&a[0]))))
        }
        Ok(_) => Ok(Value::bool(true)),
        Err(_) => Ok(Value::bool(false)),
    }
}

fn templatefile(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let text = read_text(context, &a[0])?;
    variables(&a[1])?;
    template_text(context, &text, &a[1]).map_err(|why| Failure::Call(format!("{}: {why}", str_of(&a[0]))))
}

fn templatestring(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    variables(&a[1])?;
    template_text(context, str_of(&a[0]), &a[1]).map_err(Failure::Call)
}

fn variables(value: &Value) -> Result<(), Failure> {
    let Some(map) = value.as_map() else {
        return Err(Failure::Argument(1, "invalid vars value: must be a map".into()));
    };
    for name in map.keys() {
        let mut chars = name.chars();
        let good = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
            && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        if !good {
            return Err(Failure::Argument(
                1,
                format!(
                    "invalid template variable name {name:?}: must start with a letter, followed by zero or more letters, digits, and underscores"
                ),
            ));
        }
    }
    Ok(())
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
        Some(0) => "/".into(),
        Some(at) => clean(&path[..at]),
        None => ".".into(),
    }
}

/// Without `.`, `..` and double slashes where they can be left out.
fn clean(path: &str) -> String {
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
    let out = if Path::new(path).is_absolute() { format!("/{joined}") } else { joined };
    if out.is_empty() { ".".into() } else { out }
}
