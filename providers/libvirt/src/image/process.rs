//! Programs of the host.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use cplan_sdk::Context;

use super::ImageError;

/// Which package has a program, for the remedy.
fn package_of(program: &str) -> &'static str {
    match program {
        "mke2fs" => "e2fsprogs",
        "qemu-img" => "qemu-utils",
        "dpkg-deb" => "dpkg",
        "curl" => "curl",
        "mmdebstrap" => "mmdebstrap",
        "chroot" | "tar" => "coreutils tar",
        "ssh" | "ssh-keygen" => "openssh-client",
        "mount" | "unshare" => "util-linux mount",
        _ => "apt",
    }
}

/// Runs a program to its end and gives its standard output; `shown` is how to call it in messages.
pub(crate) fn run(command: &mut Command, shown: &str) -> Result<String, ImageError> {
    run_bytes(command, shown).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The same, for output that is not text.
pub(crate) fn run_bytes(command: &mut Command, shown: &str) -> Result<Vec<u8>, ImageError> {
    let output = command.stdin(Stdio::null()).output().map_err(|source| cannot_run(command, source))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let tail: Vec<_> = said.lines().rev().take(20).collect();
    Err(ended(shown, output.status, tail.into_iter().rev().collect::<Vec<_>>().join("\n")))
}

/// Runs a program that takes its time: what it says goes line by line into the log, the last line into the status. An
/// interruption ends it with all that it started.
pub(crate) fn stream(ctx: &Context, command: &mut Command, shown: &str) -> Result<(), ImageError> {
    follow(ctx, command, Stdio::null(), shown, &String::new)
}

/// The same for a program that reads a file.
pub(crate) fn feed(ctx: &Context, command: &mut Command, input: std::fs::File, shown: &str) -> Result<(), ImageError> {
    follow(ctx, command, input.into(), shown, &String::new)
}

/// The same for a program that says nothing of how far it is: `progress` does, whenever there is a moment.
pub(crate) fn watch(
    ctx: &Context,
    command: &mut Command,
    shown: &str,
    progress: &dyn Fn() -> String,
) -> Result<(), ImageError> {
    follow(ctx, command, Stdio::null(), shown, progress)
}

fn follow(
    ctx: &Context,
    command: &mut Command,
    input: Stdio,
    shown: &str,
    progress: &dyn Fn() -> String,
) -> Result<(), ImageError> {
    let failed = |source| ImageError::Io { action: "run", path: shown.into(), source };
    ctx.progress.log(&format!("$ {shown}\n"));
    let (reader, writer) = std::io::pipe().map_err(failed)?;
    command.stdin(input).stdout(writer.try_clone().map_err(failed)?).stderr(writer).process_group(0);
    let mut child = command.spawn().map_err(|source| cannot_run(command, source))?;
    // The command keeps the pipe's end open, and the reader below waits for the last of them to close.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (lines, said) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
            if lines.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                break;
            }
        }
    });
    let mut tail = std::collections::VecDeque::new();
    let mut asked = false;
    loop {
        match said.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => {
                ctx.progress.log(&format!("{line}\n"));
                ctx.progress.status(&line);
                if tail.len() == 20 {
                    tail.pop_front();
                }
                tail.push_back(line);
            }
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) if ctx.cancel.is_cancelled() && !asked => {
                asked = true;
                // To its whole group, so that what it mounted is taken away and nothing of it goes on.
                let _ = Command::new("kill").args(["-TERM", "--", &format!("-{}", child.id())]).status();
            }
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                let text = progress();
                if !text.is_empty() {
                    ctx.progress.status(&text);
                }
            }
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = child.wait().map_err(failed)?;
    if asked {
        return Err(ImageError::Cancelled { doing: shown.to_owned() });
    }
    if status.success() {
        return Ok(());
    }
    Err(ended(shown, status, Vec::from(tail).join("\n")))
}

fn cannot_run(command: &Command, source: std::io::Error) -> ImageError {
    let program = command.get_program().to_string_lossy().into_owned();
    if source.kind() == std::io::ErrorKind::NotFound {
        ImageError::MissingProgram { package: package_of(&program), program }
    } else {
        ImageError::Io { action: "run", path: program.into(), source }
    }
}

fn ended(shown: &str, status: std::process::ExitStatus, said: String) -> ImageError {
    let outcome = status.code().map_or("was killed".to_owned(), |code| format!("exited with {code}"));
    ImageError::Command { command: shown.to_owned(), outcome, said }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use cplan_sdk::Progress;
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<String>);

    impl Progress for Heard {
        fn status(&self, _: &str) {}
        fn log(&self, text: &str) {
            self.0.lock().unwrap().push_str(text);
        }
    }

    #[test]
    fn what_a_program_says_is_logged_and_its_failure_quotes_it() {
        let heard = Arc::new(Heard::default());
        let ctx = Context::new("/nowhere", heard.clone(), CancellationToken::new());
        stream(&ctx, Command::new("sh").args(["-c", "echo one; echo two >&2"]), "say").unwrap();
        assert_eq!(*heard.0.lock().unwrap(), "$ say\none\ntwo\n");
        let error = stream(&ctx, Command::new("sh").args(["-c", "echo why; exit 3"]), "fail").unwrap_err();
        assert!(
            matches!(&error, ImageError::Command { outcome, said, .. } if outcome == "exited with 3" && said == "why")
        );
        let error = stream(&ctx, &mut Command::new("no-such-program"), "x").unwrap_err();
        assert!(matches!(error, ImageError::MissingProgram { .. }));
    }

    #[test]
    fn an_interruption_ends_all_that_was_started() {
        let heard = Arc::new(Heard::default());
        let ctx = Context::new("/nowhere", heard.clone(), CancellationToken::new());
        ctx.cancel.cancel();
        let script = "(sleep 60; echo late) & sleep 60; echo on";
        let error = stream(&ctx, Command::new("sh").args(["-c", script]), "wait").unwrap_err();
        assert!(matches!(error, ImageError::Cancelled { .. }), "{error}");
        assert_eq!(*heard.0.lock().unwrap(), "$ wait\n");
    }
}
