//! Flags of every command that plans.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ArgAction;
use clap::builder::OsStringValueParser;
use cplan_config::VariableFlag;

/// What all of them understand.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanFlags {
    /// Set a variable: NAME=VALUE
    #[arg(long, value_name = "NAME=VALUE", action = ArgAction::Append)]
    var: Vec<String>,
    /// Read variables from a file
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    var_file: Vec<PathBuf>,
    #[arg(skip)]
    pub(crate) variables: Vec<VariableFlag>,
    /// Only this module, resource or instance, and what it needs; may be given more than once
    #[arg(long, value_name = "ADDRESS", action = ArgAction::Append)]
    pub(crate) target: Vec<String>,
    /// All but this module, resource or instance, and what needs it; may be given more than once
    #[arg(long, value_name = "ADDRESS", action = ArgAction::Append)]
    pub(crate) exclude: Vec<String>,
    /// Look at the world first (-refresh=false believes the state)
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1)]
    #[arg(require_equals = true, action = ArgAction::Set)]
    pub(crate) refresh: bool,
    /// Ask before anything is changed (-input=false refuses instead)
    #[arg(long, value_name = "BOOL", default_missing_value = "true", num_args = 0..=1)]
    #[arg(require_equals = true, action = ArgAction::Set)]
    pub(crate) input: Option<bool>,
    /// How many steps run at a time; 0 stands for 10
    #[arg(long, value_name = "N", default_value_t = 10, allow_negative_numbers = true)]
    pub(crate) parallelism: i64,
    #[command(flatten)]
    pub(crate) lock: LockFlags,
    /// Show all that moved since the last apply, also where nothing is to be done about it
    #[arg(long)]
    pub(crate) show_drift: bool,
    /// Show no more of warnings than what they are about
    #[arg(long)]
    pub(crate) compact_warnings: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a state that is held is treated.
#[derive(Debug, clap::Args)]
pub(crate) struct LockFlags {
    /// Taken for Terraform's sake: who changes a state always holds it alone
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1)]
    #[arg(require_equals = true, action = ArgAction::Set, hide = true)]
    pub(crate) lock: bool,
    /// How long a state that another process holds is waited for
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub(crate) lock_timeout: String,
}

/// What a plan is made for.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ModeFlags {
    /// Destroy everything that is in the state, as `cplan destroy` does
    #[arg(long)]
    pub(crate) destroy: bool,
    /// Make the state what the world is, and change nothing else
    #[arg(long)]
    pub(crate) refresh_only: bool,
    /// Replace this instance, whatever the plan would do with it; may be given more than once
    #[arg(long, value_name = "ADDRESS", action = ArgAction::Append)]
    pub(crate) replace: Vec<String>,
}

/// Of `plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) flags: PlanFlags,
    #[command(flatten)]
    pub(crate) mode: ModeFlags,
    /// Exit with 2 when there are changes
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Write blocks for what `import` blocks name and no block describes into this new file
    #[arg(long, value_name = "FILE")]
    pub(crate) generate_config_out: Option<PathBuf>,
    /// Save the plan, for `cplan apply FILE`
    #[arg(long, value_name = "FILE", value_parser = OsStringValueParser::new())]
    pub(crate) out: Option<OsString>,
}

impl PlanArgs {
    /// Where the plan is saved; `-out=` saves none.
    pub(crate) fn out(&self) -> Option<&Path> {
        self.out.as_deref().filter(|out| !out.is_empty()).map(Path::new)
    }
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
    #[command(flatten)]
    pub(crate) mode: ModeFlags,
    /// Do not ask
    #[arg(long)]
    pub(crate) auto_approve: bool,
    /// Go on in waves with what was deferred, until nothing is
    #[arg(long)]
    pub(crate) converge: bool,
    /// Refuse any plan file but the one with this hash, as `plan -out` printed it
    #[arg(long, value_name = "SHA256", requires = "plan")]
    pub(crate) plan_hash: Option<String>,
    /// A plan that `cplan plan -out=FILE` has saved: done as it is, without a question
    #[arg(value_name = "PLAN")]
    pub(crate) plan: Option<PathBuf>,
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

/// Of `refresh`.
#[derive(Debug, clap::Args)]
pub(crate) struct RefreshArgs {
    #[command(flatten)]
    pub(crate) flags: PlanFlags,
}

/// Of `import`.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    pub(crate) flags: PlanFlags,
    /// Where it is to stand: an instance of a `resource` block of the configuration
    pub(crate) address: String,
    /// How its provider knows it
    pub(crate) id: String,
}
