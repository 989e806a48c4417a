//! What a plan costs that finds nothing: machines with ten pieces of software each, read with one ssh session and one
//! command per machine. `MACHINES` is how many, 20 by default. Ends with 1 where a session or a command is too many, or where
//! the whole plan takes more than twice as long as the slowest of its sessions, as `-v` tells it. What the slowest machine
//! takes alone is a figure beside it: where all of these machines share a few cores, each waits for the others.
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

    let plans: Vec<Plan> = (0..3).map(|_| Plan::measure(&bench, &machines)).collect();
    println!("plan without changes, three times:");
    for plan in &plans {
        println!("{plan}");
    }
    let best = plans.iter().min_by(|a, b| a.ratio().total_cmp(&b.ratio())).unwrap();
    let alone = |m: &Debian| bench.run(&["plan", &format!("-target=module.m[\"{}\"]", m.access.name)]).1;
    let slowest = machines.iter().map(alone).max().unwrap_or_default().as_secs_f64();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "the slowest machine's plan alone: {slowest:.2} s, {:.1} times less: {count} machines share {cores} cores here",
        best.whole / slowest
    );
    let fits = sessions(&applied) <= count && transactions <= 1;
    let fits = fits && plans.iter().all(|p| p.times.len() <= count && p.commands <= 1) && best.ratio() <= 2.0;
    if fits { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What one plan took.
struct Plan {
    /// Seconds.
    whole: f64,
    /// Of each session, in seconds.
    times: Vec<f64>,
    /// On a machine, at most.
    commands: usize,
    /// Processor time of cplan and its ssh clients, in seconds.
    here: f64,
    /// Of the machines.
    there: f64,
}

impl Plan {
    fn measure(bench: &Bench, machines: &[Debian]) -> Plan {
        let commands = || -> Vec<usize> { machines.iter().map(Debian::commands).collect() };
        let there = || -> f64 { machines.iter().map(Debian::served).sum() };
        let (asked, served, used) = (commands(), there(), used());
        let (finished, whole) = bench.run(&["plan", "-detailed-exitcode", "-v"]);
        let here = self::used() - used;
        let line = |l: &str| l.split_once(": ")?.1.split_once(" s, of which")?.0.parse().ok();
        Plan {
            whole: whole.as_secs_f64(),
            times: finished.text().lines().filter_map(line).collect(),
            commands: commands().iter().zip(asked).map(|(now, before)| now - before).max().unwrap_or(0),
            here,
            there: there() - served,
        }
    }

    fn slowest(&self) -> f64 {
        self.times.iter().copied().fold(0.0, f64::max)
    }

    fn ratio(&self) -> f64 {
        self.whole / self.slowest()
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Plan { whole, times, commands, here, there } = self;
        let fastest = times.iter().copied().fold(f64::INFINITY, f64::min);
        write!(
            f,
            "  {whole:.2} s; {} sessions of {fastest:.2} to {:.2} s with at most {commands} command; the whole is {:.2} times \
             the slowest; processor time: {here:.2} s here, {there:.2} s on the machines",
            times.len(),
            self.slowest(),
            self.ratio()
        )
    }
}

/// Processor time of all that this process has waited for, in seconds.
fn used() -> f64 {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN).unwrap();
    let seconds = |t: nix::sys::time::TimeVal| {
        Duration::new(t.tv_sec().cast_unsigned(), 0).as_secs_f64() + t.tv_usec() as f64 / 1e6
    };
    seconds(usage.user_time()) + seconds(usage.system_time())
}

fn sessions(finished: &Finished) -> usize {
    let text = finished.text();
    let line = text.lines().find_map(|l| l.strip_prefix("ssh sessions opened: "));
    line.and_then(|n| n.trim().parse().ok()).unwrap_or(usize::MAX)
}
