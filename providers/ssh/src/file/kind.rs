//! What a block asks for: a file of some content, or a folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use cplan_model::{AttrPath, Diagnostic, Diagnostics, Value};
use cplan_sdk::{ErrorKind, ProviderError};

use crate::machine::text;

pub(super) use crate::machine::sha256 as digest;

/// One of the three.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The content itself.
    Content(String),
    /// A file of this host.
    Source(String),
    /// No content.
    Folder,
}

impl Kind {
    /// `None` while it is not known.
    pub(super) fn of(values: &Value) -> Option<Kind> {
        if values.get("directory").and_then(Value::as_bool) == Some(true) {
            return Some(Kind::Folder);
        }
        let content = text(values, "content").map(|c| Kind::Content(c.to_owned()));
        content.or_else(|| text(values, "source").map(|s| Kind::Source(s.to_owned())))
    }

    /// The mode where none is asked for: programs stay programs.
    pub(super) fn mode(&self) -> &'static str {
        match self {
            Kind::Content(_) => "0644",
            Kind::Source(path) => match fs::metadata(path) {
                Ok(meta) if meta.permissions().mode() & 0o111 != 0 => "0755",
                _ => "0644",
            },
            Kind::Folder => "0755",
        }
    }

    /// The bytes of a file.
    pub(super) fn bytes(&self) -> Result<Option<Vec<u8>>, ProviderError> {
        match self {
            Kind::Content(content) => Ok(Some(content.clone().into_bytes())),
            Kind::Source(path) => fs::read(path).map(Some).map_err(|e| {
                ProviderError::new(ErrorKind::NotFound, format!("the source `{path}` cannot be read"))
                    .remedy("Put the file there; a path is relative to where cplan runs, `${path.module}` names the module's folder.")
                    .source(e)
            }),
            Kind::Folder => Ok(None),
        }
    }
}

/// Three or four octal digits.
pub(super) fn parse_mode(mode: &str) -> Option<u32> {
    let digits = matches!(mode.len(), 3..=4) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    u32::from_str_radix(mode, 8).ok().filter(|_| digits)
}

/// Whether a file can be there.
pub(super) fn is_path(path: &str) -> bool {
    let turns = path.split('/').any(|part| matches!(part, "." | ".."));
    path.starts_with('/') && !path.ends_with('/') && !path.contains('\n') && !turns
}

/// What is wrong with a block, as far as it is known.
pub(super) fn validate(config: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    if let Some(path) = text(config, "path").filter(|p| !is_path(p)) {
        let what = format!("The path `{}` is not the absolute path of a file.", path.escape_debug());
        let problem = Diagnostic::error("file-path-not-absolute", "Invalid path", what)
            .remedy("Write a path that begins with `/` and ends in a file name, without `.` and `..` in it.");
        found.push(problem.attribute(AttrPath::attr("path")));
    }
    if let Some(mode) = text(config, "mode").filter(|m| parse_mode(m).is_none()) {
        let problem = Diagnostic::error("file-mode-invalid", "Invalid mode", format!("`{mode}` is not a file mode."))
            .remedy("Write three or four octal digits, such as \"0644\".");
        found.push(problem.attribute(AttrPath::attr("mode")));
    }
    for name in ["owner", "group"] {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        if let Some(who) = text(config, name).filter(|w| w.is_empty() || w.starts_with('-') || !w.chars().all(plain)) {
            let what = format!("`{}` cannot be a user or a group.", who.escape_debug());
            let problem = Diagnostic::error("file-owner-invalid", "Invalid owner", what)
                .remedy("Write a name such as \"mosquitto\", or a number.");
            found.push(problem.attribute(AttrPath::attr(name)));
        }
    }
    let set = |name: &&str| config.get(name).is_some_and(|v| !v.is_null() && v.as_bool() != Some(false));
    let given: Vec<&str> = ["content", "source", "directory"].into_iter().filter(set).collect();
    if given.len() != 1 {
        let what = match given[..] {
            [] => "It has no content: neither `content` nor `source` is set, and it is no `directory`.".to_owned(),
            _ => format!("Only one of `{}` can be set.", given.join("` and `")),
        };
        let problem = Diagnostic::error("file-content", "One content is needed", what)
            .remedy("Set `content`, or `source` to a file of this host, or `directory = true` for a folder.");
        found.push(match given.get(1) {
            Some(second) => problem.attribute(AttrPath::attr(second)),
            None => problem,
        });
    }
    if let Some(source) = text(config, "source").filter(|_| given == ["source"])
        && !fs::metadata(source).is_ok_and(|meta| meta.is_file())
    {
        let what = format!("There is no file `{source}`.");
        let problem = Diagnostic::error("file-source-missing", "No such source", what)
            .remedy("A path is relative to where cplan runs; `${path.module}/NAME` is relative to the module.");
        found.push(problem.attribute(AttrPath::attr("source")));
    }
    found
}
