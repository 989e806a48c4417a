//! `cplan man`: the manual pages, from the same source as `-help`.

use clap_mangen::Man;

use crate::args::{ManArgs, definition};
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

/// Prints a page in the notation of roff, for `man -l -`.
pub(crate) fn run(session: &Session, args: &ManArgs) -> Result<ExitCode, CommandError> {
    let mut command = definition();
    command.build();
    let mut title = "cplan".to_owned();
    for word in &args.command {
        let known: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
        let Some(found) = command.find_subcommand(word) else {
            let remedy = match cplan_config::suggest(word, known.iter().map(String::as_str)) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => "`cplan -help` lists the commands.".to_owned(),
            };
            let what = format!("`{title}` has no command `{word}`.");
            return Err(CommandError::told("unknown-command", "No such command", what, remedy));
        };
        title = format!("{title} {word}");
        command = found.clone();
    }
    let mut page = Vec::new();
    // Commands have no version of their own, which would leave the foot of their pages to their bare names.
    let source = concat!("cplan ", env!("CARGO_PKG_VERSION"));
    let rendered = Man::new(command).title(title.replace(' ', "-").to_uppercase()).source(source).render(&mut page);
    rendered.map_err(CommandError::Output)?;
    session.print(&String::from_utf8_lossy(&page))?;
    Ok(ExitCode::Ok)
}
