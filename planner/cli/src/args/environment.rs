//! Arguments from the environment: `TF_CLI_ARGS` for every command, `TF_CLI_ARGS_plan` for one, `CPLAN_CLI_ARGS` alike.

use std::ffi::OsString;

use clap::{Command, CommandFactory as _};

use super::Args;

/// The command line with the arguments that the environment has for its command, which come before those typed.
/// An `Err` is the name of a variable whose quotes do not close.
pub(crate) fn from_environment(
    typed: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Vec<OsString>, String> {
    let mut typed: Vec<OsString> = typed.into_iter().collect();
    let command = Args::command();
    let mut words = Vec::new();
    let mut end = 1;
    let mut at: &Command = &command;
    for (index, word) in typed.iter().enumerate().skip(1) {
        let word = word.to_string_lossy();
        if word.starts_with('-') {
            if words.is_empty() { continue } else { break }
        }
        let Some(found) = at.find_subcommand(&*word) else { break };
        at = found;
        words.push(word.into_owned());
        end = index + 1;
    }
    if words.is_empty() {
        return Ok(typed);
    }
    let mut added = Vec::new();
    for name in ["CLI_ARGS".to_owned(), format!("CLI_ARGS_{}", words.join("_").replace('-', "_"))] {
        for name in [format!("TF_{name}"), format!("CPLAN_{name}")] {
            if let Some(text) = variable(&name) {
                added.extend(split(&text).ok_or(name)?.into_iter().map(OsString::from));
            }
        }
    }
    typed.splice(end..end, added);
    Ok(typed)
}

/// Words as a shell splits them: quotes of both kinds, and a backslash before any character.
fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    // The quote that is open.
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('\\', None | Some('"')) => word.get_or_insert_default().push(chars.next()?),
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return None;
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_by_a_shell() {
        let words = |text: &str| split(text).unwrap();
        assert_eq!(words(" -a  'b c'd \"e \\\" f\" g\\ h '' "), ["-a", "b cd", "e \" f", "g h", ""]);
        assert!(split("'a").is_none() && split("\"a").is_none() && split("a\\").is_none());
    }

    #[test]
    fn arguments_stand_behind_the_command_that_they_are_for() {
        let with = |line: &str| {
            let typed = line.split_whitespace().map(OsString::from);
            let found = from_environment(typed, |name| match name {
                "TF_CLI_ARGS" => Some("-no-color".to_owned()),
                "TF_CLI_ARGS_plan" => Some("-var 'a=b c'".to_owned()),
                "TF_CLI_ARGS_state_list" => Some("-id=x".to_owned()),
                "CPLAN_CLI_ARGS_apply" => Some("'".to_owned()),
                _ => None,
            });
            found.map(|all| all.iter().map(|w| w.to_string_lossy().into_owned()).collect::<Vec<_>>().join("|"))
        };
        assert_eq!(with("cplan -chdir=x plan -json").unwrap(), "cplan|-chdir=x|plan|-no-color|-var|a=b c|-json");
        assert_eq!(with("cplan state list t.a").unwrap(), "cplan|state|list|-no-color|-id=x|t.a");
        assert_eq!(with("cplan -help").unwrap(), "cplan|-help");
        assert_eq!(with("cplan apply").unwrap_err(), "CPLAN_CLI_ARGS_apply");
    }
}
