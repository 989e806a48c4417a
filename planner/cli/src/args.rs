//! What was typed. What it means is decided in [`crate::settings`].

mod dashes;
mod order;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use cplan_config::VariableFlag;

use order::in_order;

/// Infrastructure as code for edge-cloud labs.
#[derive(Debug, Parser)]
#[command(name = "cplan", version, about, max_term_width = 100)]
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
    /// Show the state
    Show(ShowArgs),
    /// Show outputs
    Output(OutputArgs),
    /// Evaluate expressions, one after the other or from standard input
    Console(ConsoleArgs),
    /// Follow a value back to where it comes from
    Why(WhyArgs),
    /// Print the graph of resources in the DOT language
    Graph,
    /// Look into the state
    #[command(subcommand)]
    State(StateCommand),
    /// Open a shell on a machine, or run a command there
    Ssh(SshArgs),
    /// Write configuration files in the usual form
    Fmt(FmtArgs),
    /// Say what this host can and cannot do, and what mends it
    Doctor(JsonArgs),
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Print the manual page of cplan, or of one of its commands
    Man(ManArgs),
    /// Print the version
    Version,
}

/// What is to be shown of the state.
#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// List the addresses of all objects
    List(StateListArgs),
    /// Show one object
    Show(StateShowArgs),
    /// Go back to the last snapshot when the database is damaged
    Restore,
}

/// Only `-json`.
#[derive(Debug, clap::Args)]
pub(crate) struct JsonArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of every command that plans.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanFlags {
    /// Set a variable: NAME=VALUE
    #[arg(long, value_name = "NAME=VALUE")]
    var: Vec<String>,
    /// Read variables from a file
    #[arg(long, value_name = "FILE")]
    var_file: Vec<PathBuf>,
    #[arg(skip)]
    pub(crate) variables: Vec<VariableFlag>,
    /// Look at the world first (-refresh=false believes the state)
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1)]
    #[arg(require_equals = true, action = ArgAction::Set)]
    pub(crate) refresh: bool,
    /// Ask before anything is changed (-input=false refuses instead)
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1)]
    #[arg(require_equals = true, action = ArgAction::Set)]
    pub(crate) input: bool,
    /// How many steps run at a time
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = parallelism)]
    pub(crate) parallelism: usize,
    /// How long a state that another process holds is waited for
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub(crate) lock_timeout: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn parallelism(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("it must be a whole number of at least 1".to_owned()),
        Ok(n) => Ok(n),
    }
}

/// Of `plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) flags: PlanFlags,
    /// Exit with 2 when there are changes
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Plan the destruction of everything
    #[arg(long)]
    pub(crate) destroy: bool,
    /// Show sensitive values in JSON
    #[arg(long)]
    pub(crate) reveal: bool,
}

/// Of `drift`.
#[derive(Debug, clap::Args)]
pub(crate) struct DriftArgs {
    #[command(flatten)]
    pub(crate) flags: PlanFlags,
}

/// Of `apply`.
#[derive(Debug, clap::Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) flags: PlanFlags,
    /// Do not ask
    #[arg(long)]
    pub(crate) auto_approve: bool,
    /// Destroy everything that is in the state, as `cplan destroy` does
    #[arg(long)]
    pub(crate) destroy: bool,
}

/// Of `destroy`.
#[derive(Debug, clap::Args)]
pub(crate) struct DestroyArgs {
    #[command(flatten)]
    pub(crate) flags: PlanFlags,
    /// Do not ask
    #[arg(long)]
    pub(crate) auto_approve: bool,
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

/// Of `state list`.
#[derive(Debug, clap::Args)]
pub(crate) struct StateListArgs {
    /// Only these addresses, and what lies below them
    pub(crate) addresses: Vec<String>,
}

/// Of `state show`.
#[derive(Debug, clap::Args)]
pub(crate) struct StateShowArgs {
    /// The object
    pub(crate) address: String,
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
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Result<Args, clap::Error> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn terraforms_flags_are_understood() {
        let args = typed("cplan -chdir=lab plan -var a=1 -var-file=x.tfvars -var b=2 -refresh=false -parallelism=3");
        let args = args.unwrap();
        assert_eq!(args.chdir, Some("lab".into()));
        let Command::Plan(plan) = args.command else { panic!("{:?}", args.command) };
        assert!(!plan.flags.refresh && plan.flags.input && plan.flags.parallelism == 3);
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
            ("cplan destroy -target=x", "'-target'", ""),
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
        for line in ["cplan plan -parallelism=0", "cplan plan -refesh=false", "cplan output -raw", "cplan"] {
            assert!(typed(line).is_err(), "{line}");
        }
    }
}
