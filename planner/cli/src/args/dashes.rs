//! Long flags with one dash, as Terraform's users type them.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::Command;

/// The same command line with two dashes before every long flag. What stands behind `ssh MACHINE` or `--` belongs to
/// somebody else and stays as it is.
pub(super) fn normalise(typed: impl IntoIterator<Item = OsString>, command: &Command) -> Vec<OsString> {
    let mut known = BTreeSet::from(["help".to_owned(), "version".to_owned()]);
    collect(command, &mut known);
    let mut out = Vec::new();
    let mut plain = Vec::new();
    let mut foreign = false;
    for (i, word) in typed.into_iter().enumerate() {
        let text = word.to_string_lossy().into_owned();
        foreign |= text == "--" || plain.first().is_some_and(|w| w == "ssh") && plain.len() >= 2;
        if i == 0 || foreign {
            out.push(word);
            continue;
        }
        let name = text.trim_start_matches('-').split('=').next().unwrap_or("");
        let single = text.starts_with('-') && !text.starts_with("--") && name.len() > 1;
        if single && known.contains(name) {
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

fn collect(command: &Command, known: &mut BTreeSet<String>) {
    known.extend(command.get_arguments().filter_map(|a| a.get_long()).map(str::to_owned));
    command.get_subcommands().for_each(|c| collect(c, known));
}
