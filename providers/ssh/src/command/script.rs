//! The scripts around the user's scripts.
//!
//! The record on the machine has three lines: `command`, then `begun DIGEST` or `done DIGEST`, then the boot id of that
//! time.

use cplan_sdk::quote;

use super::Parts;
use crate::machine::MARKS;

/// Begins the last line of [`apply`] and [`delete`]: `done BOOT_ID`, `failed STATUS` or `unchecked STATUS`.
pub(super) const RESULT: &str = "cplan-result ";

/// A check that hangs would hold up the read of the whole machine.
const CHECK_LIMIT: u32 = 30;

/// Defines `m`, the boot id `b` and the functions `recorded` and `in_place`.
fn preamble(parts: &Parts<'_>, id: &str) -> String {
    let mark = quote(&format!("{MARKS}/{id}"));
    let same_boot = if parts.survives { "" } else { " && [ \"$z\" = \"$b\" ]" };
    let check = match parts.check.map(quote) {
        Some(check) => format!(
            "if command -v timeout >/dev/null 2>&1; then timeout {CHECK_LIMIT} sh -c {check}; else sh -c {check}; fi \
             >/dev/null 2>&1 </dev/null"
        ),
        None => "recorded".to_owned(),
    };
    format!(
        "m={mark}; read -r b </proc/sys/kernel/random/boot_id\n\
         recorded() {{ [ -e \"$m\" ] && {{ read -r x; read -r y; read -r z; }} <\"$m\"; [ \"$y\" = 'done {}' ]{same_boot}; }}\nin_place() {{ {check}; }}\n",
        parts.digest
    )
}

/// Prints `in-place`, `not-in-place`, or `absent` where there is no record.
pub(super) fn probe(parts: &Parts<'_>, id: &str) -> String {
    format!(
        "{}if [ ! -e \"$m\" ]; then echo absent; elif in_place; then echo in-place; else echo not-in-place; fi\n",
        preamble(parts, id)
    )
}

/// Applies, unless the record says that just this was applied and it is in place still. The record says `begun` first, so that a process that
/// dies in between leaves a trace. The user's script must not wait for input and its children must not hold our output
/// open, so a daemon that it starts is not waited for: its output goes through a file.
pub(super) fn apply(parts: &Parts<'_>, id: &str) -> String {
    format!(
        "{}record() {{ mkdir -p {MARKS} && printf 'command\\n%s {}\\n%s\\n' \"$1\" \"$b\" >\"$m.new\" && mv -f \"$m.new\" \"$m\"; }}\n\
         if ! recorded || ! in_place; then\n\
           record begun || exit 1\n\
           o=$(mktemp) || exit 1\n\
           sh -c {} >\"$o\" 2>&1 </dev/null; s=$?\n\
           cat \"$o\"; rm -f \"$o\"\n\
           if [ $s != 0 ]; then echo; echo \"{RESULT}failed $s\"; exit 0; fi\n\
         {}fi\n\
         record done || exit 1\n\
         sync\necho; echo \"{RESULT}done $b\"\n",
        preamble(parts, id),
        parts.digest,
        quote(parts.apply),
        // Without a check, the record that is written next is the check.
        if parts.check.is_some() {
            format!("in_place; s=$?; if [ $s != 0 ]; then echo; echo \"{RESULT}unchecked $s\"; exit 0; fi\n")
        } else {
            String::new()
        },
    )
}

/// Removes, if there is a record.
pub(super) fn delete(parts: &Parts<'_>, id: &str) -> String {
    let remove = match parts.remove {
        Some(remove) => format!(
            "o=$(mktemp) || exit 1\nsh -c {} >\"$o\" 2>&1 </dev/null; s=$?\ncat \"$o\"; rm -f \"$o\"\n\
             if [ $s != 0 ]; then echo; echo \"{RESULT}failed $s\"; exit 0; fi\n",
            quote(remove)
        ),
        None => String::new(),
    };
    format!(
        "{}if [ -e \"$m\" ]; then\n{remove}rm -f \"$m\"; sync\nfi\necho; echo \"{RESULT}done $b\"\n",
        preamble(parts, id)
    )
}

/// Prints the boot id, then `absent`, `in-place` or `begun`.
pub(super) fn recover(parts: &Parts<'_>, id: &str) -> String {
    format!(
        "{}echo \"$b\"\nif [ ! -e \"$m\" ]; then echo absent\n\
         elif recorded && in_place; then echo in-place\n\
         else echo begun; fi\n",
        preamble(parts, id)
    )
}
