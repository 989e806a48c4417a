//! Functions of files; relative paths begin at the folder of the module.

use std::fs::FileType;
use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cplan_model::{Type, Value};

use super::path::locate;
use super::{Context, Failure, Function, Outcome, Table, fixed, str_of, text};

mod glob;

pub(super) fn table() -> Table {
    let path = |ty, call| Function::new([text("path")], fixed(ty), call);
    vec![
        ("file", path(Type::String, |c, a| Ok(Value::string(read_text(c, str_of(&a[0]))?)))),
        ("filebase64", path(Type::String, |c, a| Ok(Value::string(BASE64_STANDARD.encode(read(c, str_of(&a[0]))?))))),
        ("fileexists", path(Type::Bool, exists)),
        ("fileset", Function::new([text("path"), text("pattern")], fixed(Type::set(Type::String)), set)),
    ]
}

/// The bytes of a file that the first argument names.
pub(super) fn read(context: &Context<'_>, path: &str) -> Result<Vec<u8>, Failure> {
    let full = locate(context.dir, path)?;
    std::fs::read(&full).map_err(|error| {
        Failure::Argument(
            0,
            match error.kind() {
                ErrorKind::NotFound => format!("no file exists at {path:?}; this function works only with files that are distributed as part of the configuration source code, so if this file will be created by a resource in this configuration you must instead obtain this result from an attribute of that resource"),
                ErrorKind::IsADirectory => format!("failed to read {path:?}: it is a directory"),
                ErrorKind::NotADirectory => format!("open {}: not a directory", full.display()),
                ErrorKind::PermissionDenied => format!("open {}: permission denied", full.display()),
                _ => format!("failed to read {path:?}: {error}"),
            },
        )
    })
}

/// The text of a file that the first argument names.
pub(super) fn read_text(context: &Context<'_>, path: &str) -> Result<String, Failure> {
    String::from_utf8(read(context, path)?).map_err(|_| {
        Failure::Call(format!("contents of {path:?} are not valid UTF-8; use the filebase64 function to obtain the Base64 encoded contents or the other file functions (e.g. filemd5, filesha256) to obtain file hashing results instead"))
    })
}

fn exists(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let path = locate(context.dir, str_of(&a[0]))?;
    match std::fs::metadata(&path) {
        Ok(meta) if meta.is_file() => Ok(Value::bool(true)),
        Ok(meta) => Err(Failure::Argument(0, format!("{path:?} is {}", kind(meta.file_type())))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Value::bool(false)),
        Err(_) => Err(format!("failed to stat {path:?}").into()),
    }
}

/// What stands in the place of a file.
fn kind(ty: FileType) -> &'static str {
    if ty.is_dir() {
        "a directory, not a file"
    } else if ty.is_char_device() || ty.is_block_device() {
        "a device node, not a regular file"
    } else if ty.is_fifo() {
        "a named pipe, not a regular file"
    } else if ty.is_socket() {
        "a unix domain socket, not a regular file"
    } else {
        "not a regular file"
    }
}

fn set(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let (path, pattern) = (context.dir.join(str_of(&a[0])), str_of(&a[1]));
    let path = path.to_string_lossy();
    let found = glob::files(&path, pattern).map_err(|glob::Malformed| {
        Failure::Call(format!("failed to glob pattern {pattern:?}: syntax error in pattern"))
    })?;
    Ok(Value::set(Type::String, found.into_iter().map(Value::string)))
}
