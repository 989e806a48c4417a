//! Functions of files; relative paths begin at the folder of the module.

use std::fmt;
use std::fs::FileType;
use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cplan_model::{Type, Value};

use super::path::{clean, expand};
use super::{Context, Failure, Function, Outcome, Table, fixed, quoted, str_of, text};

mod glob;

pub(super) fn table() -> Table {
    let path = |ty, call| Function::new([text("path")], fixed(ty), call);
    vec![
        ("file", path(Type::String, |c, a| Ok(Value::string(read_text(c, str_of(&a[0]))?)))),
        (
            "filebase64",
            path(Type::String, |c, a| Ok(Value::string(BASE64_STANDARD.encode(read_argument(c, str_of(&a[0]))?)))),
        ),
        ("fileexists", path(Type::Bool, exists)),
        ("fileset", Function::new([text("path"), text("pattern")], fixed(Type::set(Type::String)), set)),
    ]
}

/// The bytes of a file that the first argument names.
fn read_argument(context: &Context<'_>, path: &str) -> Result<Vec<u8>, Failure> {
    read(context, path).map_err(|unread| {
        Failure::Argument(
            0,
            match unread {
                Unread::File { kind: ErrorKind::NotFound, .. } => format!("no file exists at {}; this function works only with files that are distributed as part of the configuration source code, so if this file will be created by a resource in this configuration you must instead obtain this result from an attribute of that resource", quoted(path)),
                Unread::File { kind: ErrorKind::IsADirectory, .. } => format!("failed to read file: {unread}"),
                _ => unread.to_string(),
            },
        )
    })
}

/// Why a file was not read; its words are those of Go.
#[derive(Debug)]
pub(super) enum Unread {
    /// The home folder of somebody else.
    Home,
    /// The file, as it is named from the folder of the module.
    File { path: String, kind: ErrorKind, words: String },
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unread::Home => f.write_str("failed to expand ~: cannot expand user-specific home dir"),
            Unread::File { path, kind: ErrorKind::NotFound, .. } => {
                write!(f, "open {path}: no such file or directory")
            }
            Unread::File { path, kind: ErrorKind::IsADirectory, .. } => write!(f, "read {path}: is a directory"),
            Unread::File { path, kind: ErrorKind::NotADirectory, .. } => write!(f, "open {path}: not a directory"),
            Unread::File { path, kind: ErrorKind::PermissionDenied, .. } => {
                write!(f, "open {path}: permission denied")
            }
            Unread::File { path, words, .. } => write!(f, "open {path}: {words}"),
        }
    }
}

/// The bytes of a file.
pub(super) fn read(context: &Context<'_>, path: &str) -> Result<Vec<u8>, Unread> {
    let path = clean(&expand(path).ok_or(Unread::Home)?);
    std::fs::read(context.dir.join(&path)).map_err(|error| Unread::File {
        path,
        kind: error.kind(),
        words: error.to_string(),
    })
}

/// The text of a file that the first argument names.
pub(super) fn read_text(context: &Context<'_>, path: &str) -> Result<String, Failure> {
    String::from_utf8(read_argument(context, path)?).map_err(|_| {
        Failure::Call(format!("contents of {} are not valid UTF-8; use the filebase64 function to obtain the Base64 encoded contents or the other file functions (e.g. filemd5, filesha256) to obtain file hashing results instead", quoted(path)))
    })
}

fn exists(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let path = clean(&expand(str_of(&a[0])).ok_or_else(|| Failure::Call(Unread::Home.to_string()))?);
    match std::fs::metadata(context.dir.join(&path)) {
        Ok(meta) if meta.is_file() => Ok(Value::bool(true)),
        Ok(meta) => Err(format!("{} is {}", quoted(&path), kind(meta.file_type())).into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Value::bool(false)),
        Err(_) => Err(format!("failed to stat {}", quoted(&path)).into()),
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
    let (path, pattern) = (str_of(&a[0]), str_of(&a[1]));
    let found = glob::files(context.dir, path, pattern).map_err(|fault| match fault {
        glob::Fault::Malformed => {
            let whole = quoted(&clean(&format!("{path}/{pattern}")));
            Failure::Call(format!("failed to glob pattern {whole}: syntax error in pattern"))
        }
        glob::Fault::Endless => {
            Failure::Call(format!("failed to glob pattern {}: it takes too many steps", quoted(pattern)))
        }
        glob::Fault::Dangling(path) => {
            Failure::Call(format!("failed to stat {}: stat {path}: no such file or directory", quoted(&path)))
        }
    })?;
    Ok(Value::set(Type::String, found.into_iter().map(Value::string)))
}
