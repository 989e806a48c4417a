//! The fake world as a process: `cplan-fake-world SOCKET LOG DATA [--until-stdin-ends]`.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let result = match &arguments[..] {
        [socket, log, data] => cplan_sdk::fake::serve(Path::new(socket), Path::new(log), Path::new(data)),
        [socket, log, data, flag] if flag == "--until-stdin-ends" => {
            std::thread::spawn(|| {
                let _ = std::io::stdin().read_to_end(&mut Vec::new());
                end();
            });
            cplan_sdk::fake::serve(Path::new(socket), Path::new(log), Path::new(data))
        }
        _ => Err(std::io::Error::other("usage: cplan-fake-world SOCKET LOG DATA [--until-stdin-ends]")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => say(&e),
    }
}

#[expect(clippy::print_stderr, reason = "a program says why it ends")]
fn say(error: &std::io::Error) -> ExitCode {
    eprintln!("cplan-fake-world: {error}");
    ExitCode::FAILURE
}

#[expect(clippy::exit, reason = "the world ends with whoever started it, in the middle of whatever it does")]
fn end() {
    std::process::exit(0)
}
