//! The question before anything is changed.

use cplan_engine::{Plan, PlanMode};

use crate::failure::CommandError;
use crate::session::Session;

/// Whether the user wants it. Without somebody to ask, `-auto-approve` is needed.
pub(crate) async fn approve(session: &Session, auto_approve: bool, plan: &Plan) -> Result<bool, CommandError> {
    if auto_approve {
        // Machines read lines; an empty one is not JSON.
        return if session.settings.json { Ok(true) } else { session.print("\n").map(|()| true) };
    }
    if !session.settings.input || session.settings.json {
        return Err(nobody());
    }
    let question = match plan.mode {
        PlanMode::Normal => "\nDo you want to do this? Only `yes` is taken as consent: ",
        PlanMode::RefreshOnly => "\nDo you want the state to say what was found? Only `yes` is taken as consent: ",
        PlanMode::Destroy => {
            "\nDo you really want to destroy all of this? There is no way back. Only `yes` is taken as consent: "
        }
    };
    let terminal = session.terminal;
    // `echo yes |` is an answer, too.
    let question = if terminal.asks { question } else { "" };
    let asked = tokio::task::spawn_blocking(move || terminal.ask(question));
    let answer = tokio::select! {
        answer = asked => answer.unwrap_or_else(|e| Err(std::io::Error::other(e))).map_err(CommandError::Output)?,
        () = session.cancel.cancelled() => None,
    };
    if answer.is_none() && !terminal.asks && !session.cancel.is_cancelled() {
        return Err(nobody());
    }
    if answer.as_deref() == Some("yes") && !session.cancel.is_cancelled() {
        return session.print("\n").map(|()| true);
    }
    session.print("\nCancelled; nothing was changed.\n")?;
    Ok(false)
}

fn nobody() -> CommandError {
    CommandError::told(
        "approval-needed",
        "Approval needed",
        "This changes the world, and there is nobody to ask: standard input has no answer, or may not be used.",
        "Look at the plan, then run it again with `-auto-approve`.",
    )
}
