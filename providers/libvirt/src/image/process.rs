//! Programs of the host.

use std::process::{Command, Stdio};

use super::ImageError;

/// Which package has a program, for the remedy.
fn package_of(program: &str) -> &'static str {
    match program {
        "mke2fs" => "e2fsprogs",
        "qemu-img" => "qemu-utils",
        "dpkg-deb" => "dpkg",
        _ => "apt",
    }
}

/// Runs a program to its end and gives its standard output; `shown` is how to call it in messages.
pub(crate) fn run(command: &mut Command, shown: &str) -> Result<String, ImageError> {
    run_bytes(command, shown).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The same, for output that is not text.
pub(crate) fn run_bytes(command: &mut Command, shown: &str) -> Result<Vec<u8>, ImageError> {
    let output = command.stdin(Stdio::null()).output().map_err(|source| {
        let program = command.get_program().to_string_lossy().into_owned();
        if source.kind() == std::io::ErrorKind::NotFound {
            ImageError::MissingProgram { package: package_of(&program), program }
        } else {
            ImageError::Io { action: "run", path: program.into(), source }
        }
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let tail: Vec<_> = said.lines().rev().take(20).collect();
    Err(ImageError::Command {
        command: shown.to_owned(),
        outcome: output.status.code().map_or("was killed".to_owned(), |code| format!("exited with {code}")),
        said: tail.into_iter().rev().collect::<Vec<_>>().join("\n"),
    })
}
