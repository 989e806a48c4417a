//! What a plan is to be about, by the flags: Terraform's rules on which go together.

use cplan_engine::{PlanMode, PlanOptions};
use cplan_model::{InstanceAddr, Mode, Target};

use crate::args::{Command, ModeFlags, PlanFlags};
use crate::failure::CommandError;

/// The options of a command; those of a plain plan where it does not plan.
pub(super) fn options(command: &Command) -> Result<PlanOptions, CommandError> {
    let normal = ModeFlags::default();
    let (flags, mode) = match command {
        Command::Plan(args) => (&args.flags, &args.mode),
        Command::Apply(args) => (&args.flags, &args.mode),
        Command::Destroy(args) => return of(&args.flags, &ModeFlags { destroy: true, ..normal }),
        Command::Refresh(args) => return of(&args.flags, &ModeFlags { refresh_only: true, ..normal }),
        Command::Drift(args) => (&args.flags, &normal),
        Command::Console(args) => (&args.flags, &normal),
        Command::Import(args) => (&args.flags, &normal),
        _ => return Ok(PlanOptions::default()),
    };
    of(flags, mode)
}

fn of(flags: &PlanFlags, mode: &ModeFlags) -> Result<PlanOptions, CommandError> {
    let refuse = |id, summary: &str, what: &str, remedy: &str| Err(CommandError::told(id, summary, what, remedy));
    if mode.destroy && mode.refresh_only {
        return refuse(
            "plan-modes",
            "Incompatible plan mode options",
            "The -destroy and -refresh-only options are mutually-exclusive.",
            "Give one of them.",
        );
    }
    if mode.refresh_only && !flags.refresh {
        return refuse(
            "refresh-nothing",
            "Incompatible refresh options",
            "It doesn't make sense to use -refresh-only at the same time as -refresh=false: there would be nothing to do.",
            "Leave -refresh=false out.",
        );
    }
    if (mode.destroy || mode.refresh_only) && !mode.replace.is_empty() {
        return refuse(
            "replace-mode",
            "Unsupported plan mode",
            "Forcing resource instance replacement (with -replace=...) is allowed only in normal planning mode.",
            "Leave -replace out, or plan without -destroy and -refresh-only.",
        );
    }
    Ok(PlanOptions {
        mode: match (mode.destroy, mode.refresh_only) {
            (true, _) => PlanMode::Destroy,
            (_, true) => PlanMode::RefreshOnly,
            _ => PlanMode::Normal,
        },
        refresh: flags.refresh,
        targets: flags.target.iter().map(|text| target("target", text)).collect::<Result<_, _>>()?,
        excludes: flags.exclude.iter().map(|text| target("exclude", text)).collect::<Result<_, _>>()?,
        replace: mode.replace.iter().map(|text| replaced(text)).collect::<Result<_, _>>()?,
        ..PlanOptions::default()
    })
}

fn target(flag: &str, text: &str) -> Result<Target, CommandError> {
    text.parse().map_err(|e: cplan_model::ParseAddressError| {
        let summary = format!("Invalid {flag} {text:?}");
        let remedy =
            format!("Write -{flag}=TYPE.NAME, with module.NAME. before it and [KEY] behind where they are needed.");
        CommandError::told("invalid-target", summary, format!("{e}."), remedy)
    })
}

fn replaced(text: &str) -> Result<InstanceAddr, CommandError> {
    let refuse = |what: String| {
        let remedy = "Write -replace=TYPE.NAME, with module.NAME. before it and [KEY] behind where they are needed.";
        CommandError::told("invalid-replace", format!("Invalid force-replace address {text:?}"), what, remedy)
    };
    let address: InstanceAddr = text.parse().map_err(|e: cplan_model::ParseAddressError| refuse(format!("{e}.")))?;
    if address.resource.mode == Mode::Managed {
        return Ok(address);
    }
    Err(refuse("Only managed resources can be used with the -replace=... option.".to_owned()))
}
