//! The script of a transaction, and the probe.
//!
//! A mark has three lines: `package`, the name, and what was there before: `absent`, `manual` or `auto`, as apt-mark(8)
//! calls them.

use std::fmt::Write as _;

use cplan_sdk::quote;

use crate::machine::{MARKS, PRELUDE};

/// Status of the transaction: there is no apt.
pub(super) const NO_APT: i32 = 83;
/// Begins the lines that tell what became of a package.
pub(super) const RESULT: &str = "cplan-package ";
/// Begins the lines that tell why a package is not as it should be: the identity, and what apt said.
pub(super) const WHY: &str = "cplan-why ";

/// One package of a transaction.
pub(super) struct Want<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    /// The version, its beginning followed by `*`, or nothing for any; `None` removes it.
    pub(super) version: Option<&'a str>,
    /// It was there before we knew of it, and is ours to remove all the same.
    pub(super) imported: bool,
}

/// Whether a version is what is wanted.
pub(super) fn fits(version: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(stem) => version.starts_with(stem),
        None => wanted.is_empty() || version == wanted,
    }
}

/// The whole transaction: at most one run of apt that changes anything (two where a download failed and the lists are read
/// anew). The folder of marks is locked meanwhile, so that two labs on one machine take turns; a daemon that apt starts must
/// not inherit the lock. apt writes to a file: were
/// our connection its output, the loss of it would break apt off in the middle.
pub(super) fn transaction(wants: &[Want<'_>]) -> String {
    let mut list = String::new();
    for want in wants {
        let verb = if want.version.is_some() { "+" } else { "-" };
        let pattern = want.version.filter(|v| !v.is_empty()).unwrap_or("*");
        let known = if want.imported { "imported" } else { "made" };
        let _ = writeln!(list, "{} {verb} {} {pattern} {known}", want.id, want.name);
    }
    format!("{PRELUDE}W={}\n{TRANSACTION}", quote(list.trim_end()))
}

/// Prints `marked` or `unmarked`, then dpkg's status and version if it knows the package.
pub(super) fn probe(name: &str, id: &str) -> String {
    format!(
        "m=unmarked; [ ! -e {} ] || m=marked\n\
         echo \"$m $(dpkg-query -W -f '${{db:Status-Status}} ${{Version}}' {} 2>/dev/null)\"\n",
        quote(&format!("{MARKS}/{id}")),
        quote(name)
    )
}

/// As [`probe`], once no transaction is under way: one that lost its connection goes on.
pub(super) fn recover(name: &str, id: &str) -> String {
    format!("{PRELUDE}[ ! -d \"$M\" ] || hold_marks\n{}", probe(name, id))
}

const TRANSACTION: &str = r#"
LC_ALL=C DEBIAN_FRONTEND=noninteractive; export LC_ALL DEBIAN_FRONTEND
command -v apt-get >/dev/null 2>&1 && command -v dpkg-query >/dev/null 2>&1 || exit 83
B=$D/brought-packages G=$D/displaced-packages
hold_marks || exit 84
T=$(mktemp -d) || exit 84
trap 'rm -rf "$T"' EXIT
printf '%s\n' "$W" >"$T/wants"
state() { dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" 2>/dev/null; }
all() { dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' | sed -n 's/^ii *//p' | sort -u; }
fits() { case $1 in $2) return 0 ;; esac; return 1; }
apt() { apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 -o APT::Keep-Downloaded-Packages=false \
    -o Acquire::Retries=3 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    --no-install-recommends --allow-downgrades $change "$@" </dev/null 9<&-; }
going() { sed -n 's/^\(Purg\|Remv\) \([^ ]*\) .*/\2/p' "$@"; }
among() { for w in $2; do [ "$w" != "$1" ] || return 0; done; return 1; }
candidate() { # NAME PATTERN: what to ask apt for
    if [ "$2" = '*' ]; then
        c=$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | head -n1)
        case $c in ''|'(none)') return 1 ;; esac
        echo "$1"
    else
        apt-cache madison "$1" 2>/dev/null | while IFS=' |' read -r _ v _; do
            if fits "$v" "$2"; then echo "$1=$v"; break; fi
        done | grep .
    fi
}
look() { # what is to be installed, and what nobody has
    install= lacking=
    while read -r id verb name pattern known; do
        [ "$verb" = + ] || continue
        set -- $(state "$name")
        if [ "${1-}" = installed ] && fits "$2" "$pattern"; then continue; fi
        if c=$(candidate "$name" "$pattern"); then install="$install $c"; else lacking="$lacking $id"; fi
    done <<END
$W
END
}
# What somebody holds is changed only where just that is wanted, and is held again.
change= held=$(dpkg-query -W -f '${db:Status-Want} ${Package}\n' | sed -n 's/^hold //p')
[ -z "$(dpkg --audit 2>/dev/null)" ] || dpkg --configure -a --force-confdef --force-confold >"$T/said" 2>&1 </dev/null 9<&-
look
if [ -n "$lacking" ]; then
    apt update >"$T/update" 2>&1
    cat "$T/update" >>"$T/said"
    look
fi
# What is to go: only what was not there before, and nothing that others need.
remove= release= names=
while read -r id verb name pattern known; do
    [ "$verb" = - ] || continue
    if [ -e "$M/$id" ]; then was=$(sed -n 3p "$M/$id"); elif [ "$known" = imported ]; then was=absent; else continue; fi
    # Another object that keeps it inherits what was before.
    shared=
    for other in "$M"/*; do
        grep -q "^${other##*/} - " "$T/wants" && continue
        [ "$(sed -n 1,2p "$other" 2>/dev/null | tr '\n' ' ')" = "package $name " ] || continue
        shared=y
        [ "$was" = manual ] || record "${other##*/}" package "$name" "$was"
    done
    [ -z "$shared" ] || continue
    set -- $(state "$name")
    case $was,${1-not-installed} in
        *,not-installed) ;;
        absent,*) remove="$remove $name" ;;
        auto,*) release="$release $name" ;;
    esac
done <<END
$W
END
brought=$(cat "$B" 2>/dev/null | tr '\n' ' ')
ours="$remove $brought"
kept=
for name in $remove; do
    for other in $(apt -s purge "$name" 2>/dev/null | going); do
        if ! among "${other%%:*}" "$ours" && ! among "$other" "$ours"; then
            echo "$name stays, because $other, which is not ours, needs it"
            kept="$kept $name"
            break
        fi
    done
done
minus=
for name in $remove; do
    among "$name" "$kept" || minus="$minus $name-"
done
for name in $held; do
    ! among "$name" "$(echo "$install" | sed 's/=[^ ]*//g')" && ! among "$name-" "$minus" || change=--allow-change-held-packages
done
# A package that nobody can install must not stop the others.
if [ -n "$install$minus" ] && ! apt -s install $install $minus >"$T/plan" 2>&1; then
    cat "$T/plan" >>"$T/said"
    some=$install install=
    for one in $some; do
        if apt -s install $install $one $minus >"$T/plan" 2>&1; then install="$install $one"; else mv "$T/plan" "$T/why-${one%%=*}"; fi
    done
    apt -s install $install $minus >"$T/plan" 2>&1
fi
if [ -n "$minus" ]; then
    # What others only recommend was not there before, and they did without it.
    for other in $(apt -s -o APT::AutoRemove::RecommendsImportant=false -o APT::AutoRemove::SuggestsImportant=false \
        --auto-remove --purge install $install $minus 2>/dev/null | going); do
        among "$other-" "$minus" || { among "${other%%:*}" "$brought" && minus="$minus $other-"; } || true
    done
    # Of the priority `required`, apt takes none away by itself.
    for other in $brought; do
        ! among "$other-" "$minus" && [ "$(dpkg-query -W -f '${Priority}' "$other" 2>/dev/null)" = required ] || continue
        apt -s --purge install $install $minus "$other-" >"$T/without" 2>/dev/null || continue
        for gone in $(going "$T/without"); do
            among "$gone-" "$minus $other-" || continue 2
        done
        minus="$minus $other-"
    done
fi
# What has to give way to ours comes back once it can.
back=
if [ -n "$minus" ] && [ -s "$G" ]; then
    while read -r name was; do
        apt -s --purge install $install $minus $back "$name" >"$T/back" 2>&1 || continue
        for gone in $(going "$T/back"); do
            among "$gone-" "$minus" || continue 2
        done
        back="$back $name"
    done <"$G"
fi
: >"$T/displaced"
[ -z "$install" ] || for other in $(going "$T/plan" 2>/dev/null); do
    ! among "$other-" "$minus" && ! among "${other%%:*}" "$brought" || continue
    was=manual; [ -z "$(apt-mark showauto "$other" 2>/dev/null)" ] || was=auto
    echo "$other $was" >>"$T/displaced"
    echo "$other gives way, and comes back when it can" >>"$T/said"
done
mark_was() { # NAME: as it is before
    set -- "$1" $(state "$1")
    if [ "${2-}" != installed ]; then echo absent; elif [ -n "$(apt-mark showauto "$1" 2>/dev/null)" ]; then echo auto; else echo manual; fi
}
while read -r id verb name pattern known; do
    [ "$verb" = + ] && [ ! -e "$M/$id" ] || continue
    if [ "$known" = imported ]; then was=absent; else was=$(mark_was "$name"); fi
    record "$id" package "$name" "$was" || exit 84
done <<END
$W
END
all >"$T/before"
if [ -n "$install$minus" ]; then
    apt --purge install $install $back $minus >"$T/apt" 2>&1
    status=$?
    if [ $status != 0 ] && grep -q '^E: Failed to fetch' "$T/apt"; then
        cat "$T/apt" >>"$T/said"
        apt update >>"$T/said" 2>&1
        apt --purge install $install $back $minus >"$T/apt" 2>&1
        status=$?
    fi
    cat "$T/apt" >>"$T/said"
    # What is wrong with one of them must not stop the others, each of which is then tried for itself.
    set -- $install $back $minus
    if [ $status != 0 ] && [ $# -gt 1 ] && ! grep -q '^E: Failed to fetch' "$T/apt"; then
        dpkg --configure -a --force-confdef --force-confold >>"$T/said" 2>&1 </dev/null 9<&-
        for one in $install $back $minus; do
            case $one in
                *-)
                    name=${one%-}
                    set -- $(state "$name")
                    [ "${1-}" = installed ] || continue
                    ;;
                *)
                    name=${one%%=*}
                    set -- $(state "$name")
                    [ "${1-}" != installed ] || { [ "$name" != "$one" ] && [ "$2" != "${one#*=}" ]; } || continue
                    ;;
            esac
            if apt --purge install "$one" >"$T/one" 2>&1; then rm -f "$T/why-$name"; else cp "$T/one" "$T/why-$name"; fi
            cat "$T/one" >>"$T/said"
        done
    fi
fi
[ -z "$release$kept" ] || apt-mark auto $release $kept >>"$T/said" 2>&1
all >"$T/after"
for name in $held; do
    set -- $(state "$name")
    [ "${1-}" != installed ] || [ -z "$change" ] || apt-mark hold "$name" >>"$T/said" 2>&1
done
if [ -s "$T/displaced" ] || [ -s "$G" ]; then
    cat "$T/displaced" "$G" 2>/dev/null | sort -u | while read -r name was; do
        set -- "$name" "$was" $(state "$name")
        if [ "${3-}" != installed ]; then
            echo "$name $was"
        elif [ "$was" = auto ] && among "$name" "$back"; then
            apt-mark auto "$name" >>"$T/said" 2>&1
        fi
    done >"$T/gone"
    if [ -s "$T/gone" ]; then cp "$T/gone" "$G"; else rm -f "$G"; fi
fi
# What came along is ours to take away with the last that needs it; so is what others need still.
{
    comm -13 "$T/before" "$T/after" | while read -r one; do
        among "$one" "$(echo "$install $back" | sed 's/=[^ ]*//g')" || echo "$one"
    done
    for one in $brought $kept; do echo "$one"; done
} | sort -u | comm -12 - "$T/after" >"$T/brought"
if [ -s "$T/brought" ]; then cp "$T/brought" "$B"; else rm -f "$B"; fi
cat "$T/said" 2>/dev/null
while read -r id verb name pattern known; do
    set -- $(state "$name")
    version=-; [ "${1-}" != installed ] || version=$2
    result=ok versions=
    if [ "$verb" = + ]; then
        if [ "$version" = - ] || ! fits "$version" "$pattern"; then
            result=failed
            if among "$id" "$lacking"; then
                result=lacking
                versions=$(apt-cache madison "$name" 2>/dev/null | sed 's/^[^|]*| *\([^ |]*\).*/\1/' | tr '\n' ' ')
                if [ -z "$versions" ]; then
                    versions=$(apt-cache showpkg "$name" 2>/dev/null | sed '1,/^Reverse Provides:/d; s/ .*//' | sort -u | tr '\n' ' ')
                    [ -z "$versions" ] || result=virtual
                fi
            fi
            if [ "$result" != failed ]; then
                grep -E '^(E|W|Err):' "$T/update"
            else
                cat "$T/why-$name"
            fi 2>/dev/null | tail -n 20 | while IFS= read -r line; do echo "cplan-why $id $line"; done
            # What never was there leaves no mark; what is half there is ours to clear away.
            case ${1:-not-installed} in
                not-installed | config-files) [ "$(sed -n 3p "$M/$id" 2>/dev/null)" != absent ] || rm -f "$M/$id" ;;
            esac
        else
            apt-mark manual "$name" >/dev/null 2>&1
        fi
    elif [ "$version" != - ] && among "$name" "$remove" && ! among "$name" "$kept"; then
        result=failed
        tail -n 20 "$T/why-$name" 2>/dev/null | while IFS= read -r line; do echo "cplan-why $id $line"; done
    else
        rm -f "$M/$id"
    fi
    marked=unmarked; [ ! -e "$M/$id" ] || marked=marked
    echo "cplan-package $id $result $marked $version $boot $versions"
done <<END
$W
END
if [ -s "$G" ] && ! grep -qsx package "$M"/*; then
    echo "what had to give way cannot be installed again: $(cut -d' ' -f1 "$G" | tr '\n' ' ')"
    rm -f "$G"
fi
sweep
sync
exit 0
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_leaves_the_rest_open() {
        assert!(fits("1.2-3", "") && fits("1.2-3", "1.2-3") && fits("1.2-3", "1.2*"));
        assert!(!fits("1.2-3", "1.2") && !fits("1.3", "1.2*"));
    }
}
