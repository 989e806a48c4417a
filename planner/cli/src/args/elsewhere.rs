//! What Terraform has and cplan has not, by the name that it is typed by: who looks for it is told where to go.

use clap::Error;
use clap::error::{ContextKind, ContextValue};

/// A command or a flag of Terraform's that is not here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elsewhere {
    /// Its name, dashes included.
    pub(crate) name: &'static str,
    /// Why it is not here.
    pub(crate) why: &'static str,
    /// What to do in its place.
    pub(crate) remedy: &'static str,
}

const COMMANDS: [(&str, &str, &str); 9] = [
    (
        "providers",
        "All providers are part of the program: nothing has to be chosen, locked or mirrored.",
        "`cplan doctor` says what they can do on this host.",
    ),
    (
        "metadata",
        "The table of functions is not printed.",
        "They are those of Terraform, `terraform metadata functions -json`; `cplan console` tries one.",
    ),
    ("modules", "Modules are folders, and none is fetched.", "`cplan get` says whether all are there."),
    (
        "workspace",
        "A folder has one state, which `terraform.workspace` calls \"default\".",
        "Keep each topology in a folder of its own, with what they share in a module, and choose it with -chdir.",
    ),
    (
        "test",
        "Test files are not run.",
        "Write `check` blocks, preconditions and postconditions: plan and apply judge them.",
    ),
    ("login", "There is no registry to log in to.", "Nothing is to be done."),
    ("logout", "There is no registry to log out of.", "Nothing is to be done."),
    ("cloud", "There is no remote operation.", "Run cplan where the topology is."),
    ("stacks", "There are no stacks.", "Compose modules: see the `module` block."),
];

const FLAGS: [(&str, &str, &str); 7] = [
    (
        "-state",
        "The state is kept in `.cplan` beside the topology, and nowhere else.",
        "Choose the topology with -chdir; `cplan state pull` and `push` carry a state to and from a file.",
    ),
    (
        "-state-out",
        "The state is kept in `.cplan` beside the topology, and nowhere else.",
        "Take a copy with `cplan state pull`.",
    ),
    (
        "-backup",
        "What is replaced by hand is always kept, in `.cplan/backups`, and the last state in `.cplan/snapshot`.",
        "Leave it out.",
    ),
    ("-type", "There is one graph, that of the configuration.", "Leave it out."),
    (
        "-plan",
        "The graph is that of the configuration.",
        "`cplan show FILE` shows a saved plan, in order and with reasons.",
    ),
    ("-module-depth", "The graph shows all modules.", "Leave it out."),
    ("-allow-missing-config", "An object is taken in where a block describes it.", "Write the `resource` block first."),
];

/// What was looked for, where clap complains of a name that only Terraform knows.
pub(crate) fn elsewhere(error: &Error) -> Option<Elsewhere> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let command = text(ContextKind::InvalidSubcommand).and_then(|name| COMMANDS.iter().find(|c| c.0 == name));
    let flag = || {
        text(ContextKind::InvalidArg)
            .and_then(|name| FLAGS.iter().find(|f| f.0.trim_start_matches('-') == name.trim_start_matches('-')))
    };
    let (name, why, remedy) = *command.or_else(flag)?;
    Some(Elsewhere { name, why, remedy })
}
