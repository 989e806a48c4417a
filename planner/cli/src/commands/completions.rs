//! `cplan completions`: what a shell needs to complete cplan's command lines.

use clap_complete::{Shell, generate};

use crate::args::{CompletionsArgs, definition};
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

/// Completes addresses and outputs from the state, which only cplan knows.
const BASH: &str = r#"
_cplan_state() {
    _cplan "$@"
    local current="${COMP_WORDS[COMP_CWORD]}"
    case " ${COMP_WORDS[*]:1:COMP_CWORD-1} " in
        *" why "* | *" taint "* | *" untaint "* | *" state show "* | *" state list "* | *" state rm "* | *" state mv "*)
            COMPREPLY+=($(compgen -W "$(cplan state list 2>/dev/null)" -- "$current")) ;;
        *" output "*)
            COMPREPLY+=($(compgen -W "$(cplan output 2>/dev/null | sed -n 's/^\([A-Za-z_][A-Za-z0-9_-]*\) = .*/\1/p')" -- "$current")) ;;
    esac
}
complete -F _cplan_state -o bashdefault -o default cplan
"#;

/// The same for fish.
const FISH: &str = r#"
complete -c cplan -n "__fish_seen_subcommand_from why taint untaint state" -f -a "(cplan state list 2>/dev/null)"
complete -c cplan -n "__fish_seen_subcommand_from output" -f -a "(cplan output 2>/dev/null | string match -rg '^([A-Za-z_][\w-]*) = ')"
"#;

/// Prints a script for a shell to read.
pub(crate) fn run(session: &Session, args: &CompletionsArgs) -> Result<ExitCode, CommandError> {
    let mut script = Vec::new();
    generate(args.shell, &mut definition(), "cplan", &mut script);
    let more = match args.shell {
        Shell::Bash => BASH,
        Shell::Fish => FISH,
        _ => "",
    };
    session.print(&(String::from_utf8_lossy(&script) + more))?;
    Ok(ExitCode::Ok)
}
