//! What was typed. What it means is decided in [`crate::settings`].

mod cache;
mod dashes;
mod elsewhere;
mod environment;
mod order;
mod planning;
mod state;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub(crate) use cache::{CacheArgs, CacheCommand, PruneArgs};
pub(crate) use dashes::truth;
pub(crate) use elsewhere::{Elsewhere, elsewhere};
pub(crate) use environment::from_environment;
use order::in_order;
pub(crate) use planning::{
    ApplyArgs, DestroyArgs, DriftArgs, ImportArgs, LockFlags, ModeFlags, PlanArgs, PlanFlags, RefreshArgs,
};
pub(crate) use state::{
    StateCommand, StateFormat, StateListArgs, StateMvArgs, StatePullArgs, StatePushArgs, StateRmArgs, TaintArgs,
};

/// Infrastructure as code for edge-cloud labs.
#[derive(Debug, Parser)]
#[command(name = "cplan", version, about, max_term_width = 100, args_override_self = true)]
#[command(after_help = "Long flags may be written with one dash or two, as in Terraform: -auto-approve.")]
pub(crate) struct Args {
    /// Work in this folder instead of the current one
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) chdir: Option<PathBuf>,
    /// No colours
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Show the output of every step, and what it cost
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check the configuration, without looking at state or world
    Validate(JsonArgs),
    /// Show what apply would do, and why
    Plan(PlanArgs),
    /// Make it so
    Apply(ApplyArgs),
    /// Destroy everything that is in the state
    Destroy(DestroyArgs),
    /// Show what moved between state and world; changes nothing, exits 2 when something did
    Drift(DriftArgs),
    /// Show the state, or a saved plan
    Show(ShowArgs),
    /// Show outputs
    Output(OutputArgs),
    /// Evaluate expressions, one after the other or from standard input
    Console(ConsoleArgs),
    /// Follow a value back to where it comes from
    Why(WhyArgs),
    /// Print the graph of resources in the DOT language
    Graph(GraphArgs),
    /// Look into the state, or change it by hand
    #[command(subcommand)]
    State(StateCommand),
    /// Look at the host's cache of images, or take away what nobody needs
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Open a shell on a machine, or run a command there
    Ssh(SshArgs),
    /// Reach a machine otherwise than over its network
    #[command(subcommand)]
    Machine(MachineCommand),
    /// Show what was said when something was done
    Logs(LogsArgs),
    /// Write configuration files in the usual form
    Fmt(FmtArgs),
    /// Say what this host can and cannot do, and what mends it
    Doctor(JsonArgs),
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Print the manual page of cplan, or of one of its commands
    Man(ManArgs),
    /// Mark an object so that the next apply replaces it
    Taint(TaintArgs),
    /// Take the mark away that `taint`, or a failed apply, has set
    Untaint(TaintArgs),
    /// Take an object into the state that exists already
    Import(ImportArgs),
    /// Make the state what the world is: apply -refresh-only -auto-approve
    Refresh(RefreshArgs),
    /// Check that everything is there; nothing has to be fetched
    Init(InitArgs),
    /// Check that all modules are there; nothing has to be fetched
    Get(InitArgs),
    /// Say who holds the state: its lock ends with the process that holds it
    ForceUnlock(ForceUnlockArgs),
    /// Print the version
    Version(JsonArgs),
}

/// Only `-json`.
#[derive(Debug, clap::Args)]
pub(crate) struct JsonArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Of `graph`.
#[derive(Debug, clap::Args)]
pub(crate) struct GraphArgs {
    /// Taken for Terraform's sake: a circle is refused, and named
    #[arg(long, hide = true)]
    pub(crate) draw_cycles: bool,
}

/// Of `console`.
#[derive(Debug, clap::Args)]
pub(crate) struct ConsoleArgs {
    #[command(flatten)]
    pub(crate) flags: PlanFlags,
    /// Evaluate against what is planned, not against what is
    #[arg(long)]
    pub(crate) plan: bool,
}

/// Of `why`.
#[derive(Debug, clap::Args)]
pub(crate) struct WhyArgs {
    #[command(flatten)]
    pub(crate) flags: PlanFlags,
    /// A resource, an attribute of one, a local value, a variable or an output: `lab_machine.edge.memory`
    #[arg(value_name = "ADDRESS")]
    pub(crate) what: String,
}

/// Of `completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// Of `man`.
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// The command; without, cplan itself
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

/// Of `show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Show sensitive values in JSON
    #[arg(long, requires = "json")]
    pub(crate) reveal: bool,
    /// A plan that `cplan plan -out=FILE` has saved; without, the state
    #[arg(value_name = "PLAN")]
    pub(crate) plan: Option<PathBuf>,
}

/// Of `output`.
#[derive(Debug, clap::Args)]
pub(crate) struct OutputArgs {
    /// The output; without, all
    pub(crate) name: Option<String>,
    /// Print JSON
    #[arg(long, conflicts_with = "raw")]
    pub(crate) json: bool,
    /// Print the bare text of one output, even of a sensitive one
    #[arg(long, requires = "name")]
    pub(crate) raw: bool,
}

/// What can be done to a machine without its network.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum MachineCommand {
    /// Open the serial console of a machine; Ctrl-] leaves it
    Console(MachineConsoleArgs),
}

/// Of `machine console`.
#[derive(Debug, clap::Args)]
pub(crate) struct MachineConsoleArgs {
    /// The machine: its name, its address in the state, or the end of one
    pub(crate) machine: String,
    /// The libvirt connection of its host, where the provider has another than the usual one
    #[arg(long, value_name = "URI")]
    pub(crate) connect: Option<String>,
    /// Take the console away from whoever has it open
    #[arg(long)]
    pub(crate) force: bool,
}

/// Of `ssh`.
#[derive(Debug, clap::Args)]
pub(crate) struct SshArgs {
    /// The machine: its name, its address in the state, or the end of one
    pub(crate) machine: String,
    /// The command; without, a shell
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) command: Vec<OsString>,
}

/// Of `logs`.
#[derive(Debug, clap::Args)]
pub(crate) struct LogsArgs {
    /// An object, a resource or a module: its newest log; without, the whole newest run
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: Option<String>,
    /// Only this run
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// List the runs, the newest first
    #[arg(long, conflicts_with = "address")]
    pub(crate) list: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Of `fmt`.
#[derive(Debug, clap::Args)]
pub(crate) struct FmtArgs {
    /// Files and folders; `-` is standard input
    pub(crate) targets: Vec<PathBuf>,
    /// Change nothing, exit with 3 when something would change
    #[arg(long)]
    pub(crate) check: bool,
    /// Show what changes
    #[arg(long)]
    pub(crate) diff: bool,
    /// Name the files that change (-list=false does not)
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1)]
    #[arg(require_equals = true, action = ArgAction::Set)]
    pub(crate) list: bool,
    /// Folders below, too
    #[arg(long)]
    pub(crate) recursive: bool,
    /// Change the files (-write=false only says which would change)
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1)]
    #[arg(require_equals = true, action = ArgAction::Set)]
    pub(crate) write: bool,
}

/// All commands and their flags, for those who tell of them.
pub(crate) fn definition() -> clap::Command {
    Args::command()
}

/// Of `init` and `get`: Terraform's flags, of which none has anything to do here.
#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// What `terraform init` takes: -upgrade, -reconfigure, -backend=false, …
    #[arg(value_name = "FLAG", num_args = 0.., allow_hyphen_values = true, trailing_var_arg = true)]
    pub(crate) flags: Vec<String>,
}

impl InitArgs {
    /// Whether there is more than flags and their values.
    fn names_something(&self) -> bool {
        let valued = |flag: &str| {
            let taking = ["backend-config", "from-module", "lock-timeout", "lockfile", "plugin-dir", "test-directory"];
            flag.starts_with('-')
                && [&taking[..], &["var", "var-file"]].concat().contains(&flag.trim_start_matches('-'))
        };
        let before = std::iter::once("").chain(self.flags.iter().map(String::as_str));
        before.zip(&self.flags).any(|(before, word)| !word.starts_with('-') && !valued(before))
    }
}

/// Of `force-unlock`.
#[derive(Debug, clap::Args)]
pub(crate) struct ForceUnlockArgs {
    /// The lock's id; not needed
    pub(crate) id: Option<String>,
    /// Do not ask; nothing is ever asked
    #[arg(long)]
    pub(crate) force: bool,
}

/// Parses a command line, program name first. An `Err` may also be the answer to `-help` or `-version`.
pub(crate) fn parse(typed: impl IntoIterator<Item = OsString>) -> Result<Args, clap::Error> {
    let mut command = Args::command();
    command.build();
    let typed: Vec<OsString> = typed.into_iter().collect();
    let matches = command
        .clone()
        .try_get_matches_from(dashes::normalise(&typed, &command))
        .map_err(|e| dashes::as_typed(e, &typed))?;
    let mut args = Args::from_arg_matches(&matches).map_err(|e| e.format(&mut command))?;
    if let Command::Init(given) | Command::Get(given) = &args.command
        && given.names_something()
    {
        let what = "Too many command line arguments. Did you mean to use -chdir?";
        return Err(command.error(ErrorKind::UnknownArgument, what));
    }
    if let (Some((_, matches)), Some(flags)) = (matches.subcommand(), plan_flags(&mut args.command)) {
        flags.variables = in_order(matches);
    }
    Ok(args)
}

fn plan_flags(command: &mut Command) -> Option<&mut PlanFlags> {
    match command {
        Command::Plan(args) => Some(&mut args.flags),
        Command::Drift(args) => Some(&mut args.flags),
        Command::Apply(args) => Some(&mut args.flags),
        Command::Destroy(args) => Some(&mut args.flags),
        Command::Console(args) => Some(&mut args.flags),
        Command::Why(args) => Some(&mut args.flags),
        Command::Refresh(args) => Some(&mut args.flags),
        Command::Import(args) => Some(&mut args.flags),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use cplan_config::VariableFlag;

    use super::*;

    fn typed(line: &str) -> Result<Args, clap::Error> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_flag_is_what_it_is_for_its_own_command() {
        for (line, list) in
            [("cplan fmt -list=false", false), ("cplan fmt -list=true", true), ("cplan fmt -list", true)]
        {
            let Command::Fmt(fmt) = typed(line).unwrap().command else { panic!("{line}") };
            assert_eq!(fmt.list, list, "{line}");
        }
    }

    #[test]
    fn terraforms_flags_are_understood() {
        let args = typed("cplan -chdir=lab plan -var a=1 -var-file=x.tfvars -var b=2 -refresh=false -parallelism=3");
        let args = args.unwrap();
        assert_eq!(args.chdir, Some("lab".into()));
        let Command::Plan(plan) = args.command else { panic!("{:?}", args.command) };
        assert!(!plan.flags.refresh && plan.flags.input.is_none() && plan.flags.parallelism == 3);
        assert_eq!(
            plan.flags.variables,
            [
                VariableFlag::Value("a=1".into()),
                VariableFlag::File("x.tfvars".into()),
                VariableFlag::Value("b=2".into())
            ]
        );
    }

    #[test]
    fn one_dash_and_two_mean_the_same() {
        for line in ["cplan apply -auto-approve -no-color -json", "cplan --no-color apply --auto-approve --json -v"] {
            let args = typed(line).unwrap();
            assert!(args.no_color);
            assert!(matches!(args.command, Command::Apply(ref a) if a.auto_approve && a.flags.json), "{line}");
        }
    }

    #[test]
    fn what_needs_nothing_takes_terraforms_flags_and_no_words() {
        for line in ["get", "init -upgrade", "init -backend-config x.hcl -reconfigure", "init --backend-config=x"] {
            assert!(typed(&format!("cplan {line}")).is_ok(), "{line}");
        }
        for line in ["get extra", "init -upgrade extra", "init -backend-config x.hcl extra", "init backend-config x"] {
            let said = typed(&format!("cplan {line}")).unwrap_err().to_string();
            assert!(said.starts_with("error: Too many command line arguments."), "{said}");
        }
    }

    #[test]
    fn a_command_for_a_machine_is_left_alone() {
        let args = typed("cplan ssh edge0 uname -a -json").unwrap();
        let Command::Ssh(ssh) = args.command else { panic!("{:?}", args.command) };
        assert_eq!(ssh.command, ["uname", "-a", "-json"]);
    }

    #[test]
    fn an_unknown_flag_is_named_whole_with_the_near_one() {
        for (line, flag, near) in [
            ("cplan plan -refesh=false", "'-refesh'", "'-refresh'"),
            ("cplan plan --refesh=false", "'--refesh'", "'--refresh'"),
            ("cplan apply -auto-aprove", "'-auto-aprove'", "'-auto-approve'"),
            ("cplan destroy -taget=x", "'-taget'", "'-target'"),
            ("cplan plan -x", "'-x'", ""),
        ] {
            let said = typed(line).unwrap_err().to_string();
            assert!(said.starts_with(&format!("error: unexpected argument {flag} found\n")), "{said}");
            assert!(said.contains(near), "{said}");
        }
        assert!(typed("cplan plan -vh").unwrap_err().to_string().contains("Usage: cplan plan"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["cplan plan -parallelism=x", "cplan plan -refesh=false", "cplan output -raw", "cplan"] {
            assert!(typed(line).is_err(), "{line}");
        }
    }
}
