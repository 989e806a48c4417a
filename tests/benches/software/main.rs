//! What a plan costs that finds nothing: machines with ten pieces of software each, read with one ssh session and one
//! command per machine. `MACHINES` is how many, 20 by default. Ends with 1 where a session or a command is too many; the
//! time beside the slowest machine's alone is a figure, because all of these machines share this host's cores.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it measures and prints")]

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use cplan_tests::debian::{Debian, Repository, possible};
use cplan_tests::folder::{Finished, Folder, finish};

/// Ten pieces of software on one machine.
const MODULE: &str = r#"
variable "machine" {}

resource "lab_package" "p" {
  count   = 5
  machine = var.machine
  name    = "part${count.index}"
}

resource "lab_file" "f" {
  count   = 2
  machine = var.machine
  path    = "/etc/parts/${count.index}"
  content = "part ${count.index}\n"
}

resource "lab_file" "folder" {
  machine   = var.machine
  path      = "/srv/parts"
  directory = true
}

resource "lab_service" "ssh" {
  machine = var.machine
  name    = "ssh"
}

resource "lab_command" "c" {
  machine = var.machine
  check   = "test -e /run/part"
  apply   = "touch /run/part"
}
"#;

struct Bench {
    cplan: PathBuf,
    folder: Folder,
}

impl Bench {
    fn run(&self, arguments: &[&str]) -> (Finished, Duration) {
        let begun = Instant::now();
        let mut command = Command::new(&self.cplan);
        command.args(arguments).current_dir(self.folder.path()).env("NO_COLOR", "1");
        let finished = finish(command).expect(0);
        (finished, begun.elapsed())
    }
}

fn main() -> ExitCode {
    if let Err(why) = possible() {
        println!("skipped: {why}");
        return ExitCode::SUCCESS;
    }
    let Some(cplan) = std::env::args().nth(1).filter(|a| !a.starts_with('-')) else {
        println!("skipped: the path of cplan is wanted as the first argument");
        return ExitCode::SUCCESS;
    };
    let count: usize = std::env::var("MACHINES").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let repository = Repository::new();
    for n in 0..5 {
        repository.add(&format!("part{n}"), "1.0", "", &[(&format!("/usr/share/part{n}"), "x")]);
    }
    repository.index();
    let machines: Vec<Debian> = (0..count).map(|n| Debian::start(&format!("m{n}"), &repository)).collect();
    let lines: String = machines.iter().map(|m| format!("    {} = {}\n", m.access.name, m.hcl())).collect();
    let topology =
        format!("module \"m\" {{\n  source   = \"./m\"\n  machine  = each.value\n  for_each = {{\n{lines}  }}\n}}\n");
    let bench = Bench { cplan: cplan.into(), folder: Folder::with(&topology) };
    bench.folder.write("m/main.hcl", MODULE);

    let (applied, first) = bench.run(&["apply", "-auto-approve", "-v"]);
    println!(
        "apply: {count} machines, {} objects: {:.1} s, {} ssh sessions",
        count * 10,
        first.as_secs_f64(),
        sessions(&applied)
    );
    let transactions = machines.iter().map(Debian::transactions).max().unwrap_or(0);
    println!("apt transactions on a machine, at most: {transactions}");

    let before: Vec<usize> = machines.iter().map(Debian::commands).collect();
    let (_, whole) = bench.run(&["plan", "-detailed-exitcode"]);
    let commands = machines.iter().zip(before).map(|(m, before)| m.commands() - before).max().unwrap_or(0);
    let alone = |m: &Debian| bench.run(&["plan", &format!("-target=module.m[\"{}\"]", m.access.name)]).1;
    let slowest = machines.iter().map(alone).max().unwrap_or_default();
    let ratio = whole.as_secs_f64() / slowest.as_secs_f64();
    println!(
        "plan without changes: {:.2} s; of the slowest machine alone: {:.2} s; ratio {ratio:.1}",
        whole.as_secs_f64(),
        slowest.as_secs_f64()
    );
    // The session's own, which says which boot this is, and the read.
    println!("commands on a machine, at most: {commands} of 2");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if ratio > 2.0 {
        println!("the ratio is over 2: {count} machines share {cores} cores here");
    }
    let fits = sessions(&applied) <= count && commands <= 2 && transactions <= 1;
    if fits { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn sessions(finished: &Finished) -> usize {
    let text = finished.text();
    let line = text.lines().find_map(|l| l.strip_prefix("ssh sessions opened: "));
    line.and_then(|n| n.trim().parse().ok()).unwrap_or(usize::MAX)
}
