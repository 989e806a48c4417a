//! Long flags with one dash, as Terraform's users type them.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};
use clap::{ArgAction, Command, Error};

/// The same command line with two dashes before every long flag, known or not: only letters that are all short flags
/// may share one dash. What stands behind `ssh MACHINE` or `--` belongs to somebody else and stays as it is.
pub(super) fn normalise(typed: &[OsString], command: &Command) -> Vec<OsString> {
    let mut long = BTreeSet::from(["help".to_owned(), "version".to_owned()]);
    let mut short = BTreeSet::from(['h', 'V']);
    let mut switches = BTreeSet::new();
    collect(command, &mut long, &mut short, &mut switches);
    // A flag of one name may be a switch of one command and take a value of another.
    let own = typed.iter().skip(1).find_map(|word| command.find_subcommand(word));
    let valued = |name: &str| {
        let flag = own.and_then(|own| own.get_arguments().find(|a| a.get_long() == Some(name)));
        flag.is_some_and(|flag| !matches!(flag.get_action(), ArgAction::SetTrue))
    };
    let mut out = Vec::new();
    let mut plain = Vec::new();
    let mut foreign = false;
    for (i, word) in typed.iter().cloned().enumerate() {
        let text = word.to_string_lossy().into_owned();
        foreign |= text == "--" || plain.first().is_some_and(|w| w == "ssh") && plain.len() >= 2;
        if i == 0 || foreign {
            out.push(word);
            continue;
        }
        let name = text.trim_start_matches('-').split('=').next().unwrap_or("");
        if let Some((_, given)) = text.split_once('=')
            && text.starts_with('-')
            && switches.contains(name)
            && !valued(name)
        {
            // Go's way with flags that are on or off, which clap does not know.
            match truth(given) {
                Some(true) => out.push(OsString::from(format!("--{name}"))),
                Some(false) => {}
                None => out.push(OsString::from(format!("--{}", text.trim_start_matches('-')))),
            }
            continue;
        }
        let single = text.starts_with('-') && !text.starts_with("--") && name.len() > 1;
        if single && (long.contains(name) || !name.chars().all(|c| short.contains(&c) || c.is_ascii_digit())) {
            out.push(OsString::from(format!("-{text}")));
        } else {
            out.push(word);
        }
        if !text.starts_with('-') {
            plain.push(text);
        }
    }
    out
}

fn collect(
    command: &Command,
    long: &mut BTreeSet<String>,
    short: &mut BTreeSet<char>,
    switches: &mut BTreeSet<String>,
) {
    long.extend(command.get_arguments().filter_map(|a| a.get_long()).map(str::to_owned));
    short.extend(command.get_arguments().filter_map(|a| a.get_short()));
    let on_or_off = command.get_arguments().filter(|a| matches!(a.get_action(), ArgAction::SetTrue));
    switches.extend(on_or_off.filter_map(|a| a.get_long()).map(str::to_owned));
    command.get_subcommands().for_each(|c| collect(c, long, short, switches));
}

/// As Go's `strconv.ParseBool` reads it.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// A complaint about a flag, with as many dashes as were typed.
pub(super) fn as_typed(mut error: Error, typed: &[OsString]) -> Error {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return error };
    let Some(single) = flag.strip_prefix('-').filter(|f| f.starts_with('-')).map(str::to_owned) else { return error };
    let name = |word: &OsString| word.to_string_lossy().split('=').next().map(str::to_owned);
    if typed.iter().any(|word| name(word).as_ref() == Some(&single)) {
        if let Some(ContextValue::String(near)) = error.get(ContextKind::SuggestedArg) {
            let near = near.strip_prefix('-').filter(|n| n.starts_with('-')).unwrap_or(near).to_owned();
            error.insert(ContextKind::SuggestedArg, ContextValue::String(near));
        }
        error.insert(ContextKind::InvalidArg, ContextValue::String(single));
    }
    error
}
