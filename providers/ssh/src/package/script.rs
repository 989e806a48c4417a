//! The script of a transaction, and the probe.
//!
//! A mark has three lines: `package`, the name, and what was there before: `absent`, `manual` or `auto`, as apt-mark(8)
//! calls them. What of the packages that were there ours changed is a line in `changed-packages`: the name, the version from
//! before, the one that we brought, and `named` where somebody asked for it, `along` where it only came with that.

use std::fmt::Write as _;

use cplan_sdk::quote;

use crate::machine::{MARKS, PRELUDE};

/// Status of the transaction: there is no apt.
pub(super) const NO_APT: i32 = 83;
/// Begins the lines that tell what became of a package.
pub(super) const RESULT: &str = "cplan-package ";
/// Begins the lines that tell why a package is not as it should be: the identity, and what apt said.
pub(super) const WHY: &str = "cplan-why ";
/// Begins the lines of what is to be told though all went well: the identity, and the text.
pub(super) const NOTE: &str = "cplan-note ";

/// One package of a transaction.
pub(super) struct Want<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    /// The version, its beginning followed by `*`, or nothing for any; `None` removes it.
    pub(super) version: Option<&'a str>,
    /// It was there before we knew of it, and is ours to remove all the same.
    pub(super) imported: bool,
    /// The identity of the object that it takes the place of.
    pub(super) twin: Option<&'a str>,
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
    let twins: Vec<&str> = wants.iter().filter_map(|want| want.twin).collect();
    format!("{PRELUDE}W={} twins={}\n{TRANSACTION}", quote(list.trim_end()), quote(&twins.join(" ")))
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
B=$D/brought-packages G=$D/displaced-packages V=$D/changed-packages
hold_marks || exit 84
T=$(mktemp -d) || exit 84
trap 'rm -rf "$T"' EXIT
printf '%s\n' "$W" >"$T/wants"
cat "$V" >"$T/lines" 2>/dev/null
: >"$T/madison" >"$T/policy"
state() { dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" 2>/dev/null; }
all() { dpkg-query -W -f '${db:Status-Abbrev}${Package} ${Version}\n' | sed -n 's/^.i *//p' | sort -u; }
fits() { case $1 in $2) return 0 ;; esac; return 1; }
apt() { apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 -o APT::Keep-Downloaded-Packages=false \
    -o Acquire::Retries=3 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    --no-install-recommends --allow-downgrades $change "$@" </dev/null 9<&-; }
going() { sed -n 's/^\(Purg\|Remv\) \([^ ]*\) .*/\2/p' "$@"; }
names() { echo "$*" | sed 's/[:=][^ ]*//g'; }
holders() { # NAME: the marks of those that keep it
    for holder in "$M"/*; do
        [ "$(sed -n 1,2p "$holder" 2>/dev/null | tr '\n' ' ')" != "package $1 " ] || echo "$holder"
    done
}
line() { # NAME: what its line in `changed-packages` says of it
    while read -r l_name l_rest; do [ "$l_name" != "${1%%:*}" ] || echo "$l_rest"; done <"$T/lines"
}
among() { for w in $2; do [ "$w" != "$1" ] || return 0; done; return 1; }
# apt reads all that it knows at every start, so it is asked for all packages at once.
ask() { # NAME…: what there is of them
    apt-cache policy "$@" 2>/dev/null | sed -n '/^[^ ]/{s/:$//;h;d;};s/^  Candidate: //;T;G;s/\n/ /;p' >"$T/policy"
    apt-cache madison "$@" 2>/dev/null | while IFS=' |' read -r n v _; do echo "$v $n"; done >"$T/madison"
}
candidate() { # NAME PATTERN: what to ask apt for, once `ask` has asked
    # One of a named architecture is listed without it, if it is the machine's.
    c_name=$1
    grep -q " $1\$" "$T/policy" || c_name=${1%%:*}
    if [ "$2" = '*' ]; then c_list=$T/policy; else c_list=$T/madison; fi
    while read -r v n; do
        [ "$n" = "$c_name" ] && fits "$v" "$2" || continue
        [ "$v" != '(none)' ] || return 1
        if [ "$2" = '*' ]; then echo "$1"; else echo "$1=$v"; fi
        return
    done <"$c_list"
    return 1
}
look() { # what is to be installed, and what nobody has
    install= lacking= asked=
    while read -r id verb name pattern known; do
        set -- $(state "$name")
        case $verb,${1-} in
            +,installed) fits "$2" "$pattern" || asked="$asked $name" ;;
            +,*) asked="$asked $name" ;;
        esac
    done <"$T/wants"
    [ -n "$asked" ] || return 0
    ask $asked
    while read -r id verb name pattern known; do
        [ "$verb" = + ] && among "$name" "$asked" || continue
        if c=$(candidate "$name" "$pattern"); then install="$install $c"; else lacking="$lacking $id"; fi
    done <"$T/wants"
}
updated=
update() {
    apt update >"$T/update" 2>&1
    cat "$T/update" >>"$T/said"
    updated=y
}
keeps() { # COMMAND LINE of apt: whether it takes nothing away but what is to go
    apt -s --purge "$@" >"$T/keeps" 2>&1 || return 1
    for gone in $(going "$T/keeps"); do among "$gone-" "$minus" || return 1; done
}
spares() { # PLAN of apt: whether nothing that ours go on keeping has to give way
    for s_gone in $(going "$1"); do
        ! among "$s_gone-" "$minus" || continue
        for s_mark in $(holders "${s_gone%%:*}"); do
            ! among "${s_mark##*/}" "$leaving $twins" || continue
            echo "E: $s_gone would have to give way, which another lab_package keeps on this machine" >>"$1"
            return 1
        done
    done
}
# What somebody holds is changed only where just that is wanted, and is held again.
change= held=$(dpkg-query -W -f '${db:Status-Want} ${Package}\n' | sed -n 's/^hold //p')
[ -z "$(dpkg --audit 2>/dev/null)" ] || dpkg --configure -a --force-confdef --force-confold >"$T/said" 2>&1 </dev/null 9<&-
look
if [ -n "$lacking" ]; then
    update
    look
fi
leaving=$(sed -n 's/ - .*//p' "$T/wants" | tr '\n' ' ')
# What is to go: only what was not there before, and nothing that others need.
remove= release= revert=
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
        *)
            [ "$was" != auto ] || release="$release $name"
            # Only what is as we left it.
            set -- "${2-}" $(line "$name")
            [ "${4-}" != named ] || [ "$1" != "$3" ] || [ "$1" = "$2" ] || revert="$revert $name"
            ;;
    esac
done <<END
$W
END
brought=$(cat "$B" 2>/dev/null | tr '\n' ' ')
ours="$remove $brought"
kept= one=$remove
# Mostly nobody else needs any of them, which is asked once for all.
if [ -n "$remove" ] && others=$(apt -s purge $remove 2>/dev/null); then
    one=
    for other in $(echo "$others" | going); do
        among "${other%%:*}" "$ours" || among "$other" "$ours" || one=$remove
    done
fi
for name in $one; do
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
    ! among "$name" "$(names $install $revert)" && ! among "$name-" "$minus" || change=--allow-change-held-packages
done
# A package that nobody can install must not stop the others.
if [ -n "$install" ] && ! { apt -s install $install $minus >"$T/plan" 2>&1 && spares "$T/plan"; }; then
    cat "$T/plan" >>"$T/said"
    some=$install install=
    for one in $some; do
        if apt -s install $install $one $minus >"$T/plan" 2>&1 && spares "$T/plan"; then install="$install $one"; else mv "$T/plan" "$T/why-${one%%=*}"; fi
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
        ! keeps install $install $minus $back "$name" || back="$back $name"
    done <"$G"
fi
# What ours changed becomes the version that it was, and what came with that only where it must.
before= along=
if [ -n "$revert" ]; then
    sed -n 's/ along$//p' "$T/lines" | while read -r name was is; do
        [ "$(state "$name")" != "installed $is" ] || echo "$name $was"
    done >"$T/along"
    ask $revert $(sed 's/ .*//' "$T/along")
    for name in $revert; do
        set -- $(line "$name")
        was=$1
        if ! candidate "$name" "$was" >/dev/null && [ -z "$updated" ]; then
            update
            ask $revert $(sed 's/ .*//' "$T/along")
        fi
        if ! c=$(candidate "$name" "$was"); then
            echo "no package source has it" >"$T/stays-$name"
        elif keeps install $install $minus $back $before $along "$c"; then
            before="$before $c"
        else
            more=
            while read -r other version; do
                among "$other=$version" "$along" || ! o=$(candidate "$other" "$version") || more="$more $o"
            done <"$T/along"
            if [ -n "$more" ] && keeps install $install $minus $back $before $along $more "$c"; then
                before="$before $c" along="$along $more"
            else
                { grep -v '^\(Reading\|Building\|NOTE\) ' "$T/keeps" | tail -n 4 | tr -s '\n ' ' '; } >"$T/stays-$name"
                cat "$T/keeps" >>"$T/said"
            fi
        fi
    done
    for name in $(names $along); do
        [ -z "$(apt-mark showauto "$name" 2>/dev/null)" ] || release="$release $name"
    done
fi
back="$back $before $along"
back=${back%"${back##*[! ]}"}
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
all >"$T/was"
if [ -n "$install$minus$back" ]; then
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
all >"$T/is"
sed 's/ .*//' "$T/was" >"$T/before"
sed 's/ .*//' "$T/is" >"$T/after"
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
# What was there before and is of another version now.
join "$T/was" "$T/is" | while read -r name was is; do
    [ "$was" != "$is" ] && ! among "$name" "$brought $(names $back)" || continue
    for mark in $(holders "$name"); do [ "$(sed -n 3p "$mark")" != absent ] || continue 2; done
    kind=along
    ! among "$name" "$(names $install)" || kind=named
    set -- $(line "$name")
    echo "$name ${1-$was} $is ${3-$kind}"
    [ $kind,${1-} != named, ] || echo "$name $was" >>"$T/first"
done >"$T/changed"
while read -r name rest; do grep -q "^$name " "$T/changed" || echo "$name $rest"; done <"$T/lines" >>"$T/changed"
[ ! -e "$T/first" ] || ask $(sed 's/ .*//' "$T/first")
# What came along is ours to take away with the last that needs it; so is what others need still.
{
    comm -13 "$T/before" "$T/after" | while read -r one; do
        among "$one" "$(names $install $back)" || echo "$one"
    done
    for one in $brought $kept; do echo "$one"; done
} | sort -u | comm -12 - "$T/after" >"$T/brought"
if [ -s "$T/brought" ]; then cp "$T/brought" "$B"; else rm -f "$B"; fi
cat "$T/said" 2>/dev/null
manual=
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
            manual="$manual $name"
            first=; [ ! -e "$T/first" ] || first=$(sed -n "s/^${name%%:*} //p" "$T/first")
            [ -z "$first" ] || candidate "${name%%:*}" "$first" >/dev/null ||
                echo "cplan-note $id no package source has $name $first, which was there before: destroy cannot bring it back"
        fi
    elif [ "$version" != - ] && among "$name" "$remove" && ! among "$name" "$kept"; then
        result=failed
        tail -n 20 "$T/why-$name" 2>/dev/null | while IFS= read -r line; do echo "cplan-why $id $line"; done
    else
        rm -f "$M/$id"
        if among "$name" "$revert"; then
            set -- "$version" $(line "$name")
            if [ "$1" = "$2" ]; then
                echo "$name is $1 again"
            else
                why=$(cat "$T/stays-$name" 2>/dev/null || tail -n 1 "$T/why-$name" 2>/dev/null)
                echo "cplan-note $id $name stays $1: $2, which was there before, cannot be brought back ($why)"
            fi
        fi
    fi
    marked=unmarked; [ ! -e "$M/$id" ] || marked=marked
    echo "cplan-package $id $result $marked $version $boot $versions"
done <<END
$W
END
[ -z "$manual" ] || apt-mark manual $manual >/dev/null 2>&1
while read -r name rest; do
    case $rest in *' named') [ -n "$(holders "$name")" ] || continue ;; esac
    echo "$name $rest"
done <"$T/changed" >"$T/lines"
if grep -q ' named$' "$T/lines"; then cp "$T/lines" "$V"; else rm -f "$V"; fi
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
