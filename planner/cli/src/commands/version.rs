//! `cplan version`: the same as `-version`, as a word.

use std::env::consts::{ARCH, OS};

use serde_json::json;

use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::render;
use crate::session::Session;

/// Prints it; as JSON under Terraform's names. No provider was chosen: all are part of the program.
pub(crate) fn run(session: &Session) -> Result<ExitCode, CommandError> {
    let version = env!("CARGO_PKG_VERSION");
    session.print(&if session.settings.json {
        // As Go's tools write it, which those of Terraform expect.
        let arch = match ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        render::json::text(&json!({
            "terraform_version": version,
            "platform": format!("{OS}_{arch}"),
            "provider_selections": {},
            "terraform_outdated": false,
        }))
    } else {
        format!("cplan {version}\n")
    })?;
    Ok(ExitCode::Ok)
}
