//! The scripts around the user's scripts.
//!
//! The record on the machine has four lines: `command`, then `begun DIGEST` or `done DIGEST`, then the boot id of that
//! time, then the process that began it (`PID START`, see proc_pid_stat(5)). A fifth, `again`, says of what was begun that it had
//! been done once before. A process that lost its connection goes on, and whoever comes after it waits for it.

use cplan_sdk::quote;

use super::Parts;
use crate::machine::{MARKS, PRELUDE};

/// Begins the last line of [`apply`] and [`delete`]: `done BOOT_ID`, `failed STATUS`, `unchecked STATUS` or `unremoved STATUS
/// BOOT_ID`.
pub(super) const RESULT: &str = "cplan-result ";

/// The status of timeout(1) when the time ran out.
pub(super) const TIMED_OUT: &str = "124";

/// How long, in seconds, what is to end after its time may take for that; then it is killed, with all that it started and that
/// did not go into a session of its own.
const GRACE: u64 = 5;

/// The longest script that is an argument of the shell: Linux takes none of 128 KiB (execve(2), `MAX_ARG_STRLEN`).
const LONGEST_ARGUMENT: usize = 100_000;

/// A check that hangs would hold up the read of the whole machine.
pub(super) const CHECK_LIMIT: u64 = 30;

/// Defines `m`, the boot id `b` and the functions `recorded`, `in_place` and `under_way`.
fn preamble(parts: &Parts<'_>, id: &str) -> String {
    let mark = quote(&format!("{MARKS}/{id}"));
    let same_boot = if parts.survives { "" } else { " && [ \"$z\" = \"$b\" ]" };
    let check = match parts.check {
        Some(check) => format!("{{ {} }} >/dev/null 2>&1 </dev/null", looked(check)),
        None => "recorded".to_owned(),
    };
    format!(
        "m={mark}; read -r b </proc/sys/kernel/random/boot_id\n\
         y= z= p= w=\n\
         look() {{ if [ -e \"$m\" ]; then {{ read -r x; read -r y; read -r z; read -r p; read -r w; }} <\"$m\"; fi; }}\n\
         recorded() {{ look; [ \"$y\" = 'done {}' ]{same_boot}; }}\n\
         in_place() {{ {check}; }}\n\
         began() {{ s=$(cat \"/proc/$1/stat\" 2>/dev/null) || return 1; s=${{s##*) }}; set -- $s; echo \"${{20}}\"; }}\n\
         under_way() {{ look; [ \"${{y%% *}}\" = begun ] && [ \"$z\" = \"$b\" ] && [ -n \"$p\" ] && [ \"$(began \"${{p% *}}\")\" = \"${{p#* }}\" ]; }}\n",
        parts.digest
    )
}

/// Defines `bounded SECONDS COMMAND…`, which ends with status 124 when the time ran out. The command is a session, and so a group
/// of processes, of its own: timeout(1) alone leaves the children that do not listen, that of busybox all of them.
const BOUNDED: &str = r#"
seconds() { read -r b_up b_idle </proc/uptime; echo "${b_up%%.*}"; }
bounded() {
    b_limit=$1; shift
    command -v timeout >/dev/null 2>&1 || { "$@"; return; }
    b_kill=; case $(timeout --help 2>&1) in *-k*) b_kill="-k GRACE" ;; esac
    b_group=; b_from=$(seconds)
    if command -v setsid >/dev/null 2>&1 && b_group=$(mktemp); then
        setsid sh -c 'echo $$ >"$0"; exec timeout "$@"' "$b_group" $b_kill "$b_limit" "$@"
    else
        timeout $b_kill "$b_limit" "$@"
    fi
    b_status=$?
    # Who is killed with the group has another status; busybox says 143.
    case $b_status in 137 | 143) [ $(($(seconds) - b_from)) -lt "$b_limit" ] || b_status=124 ;; esac
    if [ -n "$b_group" ]; then
        read -r b_pid <"$b_group"; rm -f "$b_group"
        if [ $b_status = 124 ] && [ -n "${b_pid:-}" ]; then
            b_n=0
            while [ $b_n -lt GRACE ] && kill -0 "-$b_pid" 2>/dev/null; do sleep 1; b_n=$((b_n + 1)); done
            kill -9 "-$b_pid" 2>/dev/null
        fi
    fi
    return $b_status
}
"#;

/// A script with a time limit in seconds, where the machine knows one.
fn limited(script: &str, limit: Option<u64>) -> String {
    match limit {
        Some(limit) => {
            let bounded = BOUNDED.replace("GRACE", &GRACE.to_string());
            begun(script, &format!("{bounded}bounded {limit} "))
        }
        None => begun(script, ""),
    }
}

/// A check with its time limit. It changes nothing, so it is killed at once, with its children; every plan runs it, so no more
/// processes than needed are.
fn looked(check: &str) -> String {
    let limit =
        format!("l_kill=; ! command -v timeout >/dev/null 2>&1 || l_kill='timeout -s KILL {CHECK_LIMIT}'\n$l_kill ");
    begun(check, &limit)
}

/// A shell for a script, behind what bounds it; a list of commands whose status is the script's.
fn begun(script: &str, bound: &str) -> String {
    let quoted = quote(script);
    if script.len() <= LONGEST_ARGUMENT {
        return format!("{bound}sh -c {quoted};");
    }
    format!(
        "l=$(mktemp) && printf %s {quoted} >\"$l\" || exit 1\n\
         {bound}sh \"$l\"; l_status=$?; rm -f \"$l\"; (exit $l_status);"
    )
}

/// Prints `in-place`, `not-in-place`, or `absent` where there is no record and nothing was imported.
pub(super) fn probe(parts: &Parts<'_>, id: &str, imported: bool) -> String {
    format!(
        "{}if [ ! -e \"$m\" ] && ! {imported}; then echo absent; elif in_place; then echo in-place; else echo not-in-place; fi\n",
        preamble(parts, id)
    )
}

/// Applies, unless the record says that just this was applied and it is in place still. The record says `begun` first, so
/// that a process that dies in between leaves a trace. The user's script must not wait for input and its children must
/// not hold our output open, so a daemon that it starts is not waited for: its output goes through a file.
pub(super) fn apply(parts: &Parts<'_>, id: &str) -> String {
    format!(
        "{PRELUDE}set +u\n{}note() {{ record {} command \"$1 {}\" \"$b\" \"$$ $(began $$)\" $w; }}\n\
         while under_way; do sleep 1; done\n\
         if ! recorded || ! in_place; then\n\
           [ \"${{y%% *}}\" != done ] || w=again\n\
           note begun || exit 1\n\
           o=$(mktemp) || exit 1\n\
           {{ {} }} >\"$o\" 2>\"$o.err\" </dev/null; s=$?\n\
           cat \"$o\"; cat \"$o.err\" >&2; rm -f \"$o\" \"$o.err\"\n\
           if [ $s != 0 ]; then echo; echo \"{RESULT}failed $s\"; exit 0; fi\n\
         {}fi\n\
         w=; note done || exit 1\n\
         sync\necho; echo \"{RESULT}done $b\"\n",
        preamble(parts, id),
        quote(id),
        parts.digest,
        limited(parts.apply, parts.limit),
        // Without a check, the record that is written next is the check.
        if parts.check.is_some() {
            format!(
                "in_place; s=$?; [ $s != 137 ] || s={TIMED_OUT}\nif [ $s != 0 ]; then echo; echo \"{RESULT}unchecked $s\"; exit 0; fi\n"
            )
        } else {
            String::new()
        },
    )
}

/// Removes, if there is a record or it was imported. Where it was begun and never done, or where its check says that it is gone, there
/// may be nothing to remove, and a script that finds nothing must not hold up all that comes after it. Where `twin` has been applied
/// in its place, what is there is that one's.
pub(super) fn delete(parts: &Parts<'_>, id: &str, imported: bool, twin: Option<&str>) -> String {
    let gone = if parts.check.is_some() { "in_place || nothing=y\n" } else { "" };
    let remove = match parts.remove {
        Some(remove) => format!(
            "nothing=; case $w,$y in ,begun*) nothing=y ;; esac\n{gone}\
             o=$(mktemp) || exit 1\n{{ {} }} >\"$o\" 2>\"$o.err\" </dev/null; s=$?\n\
             cat \"$o\"; cat \"$o.err\" >&2; rm -f \"$o\" \"$o.err\"\n\
             case $s,$nothing in\n\
               0,*) ;;\n\
               {TIMED_OUT},* | *,) echo; echo \"{RESULT}failed $s\"; exit 0 ;;\n\
               *) r=\"unremoved $s\" ;;\n\
             esac\n",
            limited(remove, parts.limit)
        ),
        None => String::new(),
    };
    let remove = match twin {
        Some(twin) => format!(
            "if [ -e {} ]; then echo 'What was applied anew is in its place: `remove` is not run.'; else\n:\n{remove}fi\n",
            quote(&format!("{MARKS}/{twin}"))
        ),
        None => remove,
    };
    format!(
        "{PRELUDE}set +u\n{}r=done; while under_way; do sleep 1; done\n\
         if [ -e \"$m\" ] || {imported}; then\n{remove}rm -f \"$m\"; sweep; sync\nfi\necho; echo \"{RESULT}$r $b\"\n",
        preamble(parts, id)
    )
}

/// Prints `absent`, `in-place` or `begun`.
pub(super) fn recover(parts: &Parts<'_>, id: &str) -> String {
    format!(
        "{}while under_way; do sleep 1; done\n\
         if [ ! -e \"$m\" ]; then echo absent\n\
         elif recorded && in_place; then echo in-place\n\
         else echo begun; fi\n",
        preamble(parts, id)
    )
}
