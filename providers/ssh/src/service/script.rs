//! The scripts that keep a unit as it should be.
//!
//! A mark has four lines: `service`, the unit, what systemd said of it before (`UNITFILESTATE ACTIVESTATE`, and of one that was
//! masked the state of the unit file below that), and the digest of what it was restarted for last.

use cplan_sdk::quote;

use crate::machine::{KEEPERS, MARKS, PRELUDE};

/// Status of a script: there is no such unit.
pub(super) const NO_UNIT: i32 = 86;
/// Status of a script: the unit does not do what was asked; the output says why.
pub(super) const UNWILLING: i32 = 87;
/// Status of a script: there is no systemd.
pub(super) const NO_SYSTEMD: i32 = 88;

/// What a unit should be.
pub(super) struct Wish<'a> {
    pub(super) id: &'a str,
    pub(super) unit: &'a str,
    pub(super) enabled: bool,
    pub(super) running: bool,
    /// Of what it is restarted for; empty where that is nothing.
    pub(super) digest: &'a str,
}

impl Wish<'_> {
    pub(super) fn script(&self) -> String {
        let Wish { id, unit, enabled, running, digest } = self;
        format!(
            "{PRELUDE}{KEEPERS}u={} m=$M/{} id={} digest={digest} enabled={enabled} running={running}\n{SHOW}{APPLY}",
            quote(unit),
            quote(id),
            quote(id),
        )
    }
}

/// Defines `load`, `file` and `active` by `show`.
const SHOW: &str = r#"
[ -d /run/systemd/system ] || exit 88
show() {
    load= file= active= reload= restarts=
    while IFS='=' read -r key value; do
        case $key in
            LoadState) load=$value ;;
            UnitFileState) file=$value ;;
            ActiveState) active=$value ;;
            NeedDaemonReload) reload=$value ;;
            NRestarts) restarts=$value ;;
        esac
    done <<END
$(systemctl show -p LoadState,UnitFileState,ActiveState,NeedDaemonReload,NRestarts -- "$u" 2>/dev/null)
END
    # One that only says `Also=` enables others and is never enabled itself.
    if [ "$file" = indirect ] &&
        ! systemctl cat -- "$u" 2>/dev/null | grep -Eq '^(WantedBy|RequiredBy|UpheldBy|Alias)='; then
        file=static
    fi
}
"#;

const APPLY: &str = r#"
unwilling() {
    echo "$1" >&2
    systemctl status --no-pager -n 0 -- "$u" >&2 2>/dev/null
    journalctl --no-pager -n 20 -o cat -u "$u" >&2 2>/dev/null
    exit 87
}
show
if [ "$reload" = yes ] || [ "$load" = not-found ]; then
    systemctl daemon-reload
    show
fi
[ "$load" != not-found ] || exit 86
was="${file:--} $active" last= of=
if [ -e "$m" ]; then
    was=$(sed -n 3p "$m") last=$(sed -n 4p "$m")
else
    # What was before another of ours was before us.
    of=$(keepers service "$u" | head -n 1)
    [ -z "$of" ] || was=$(sed -n 3p "$of") last=$(sed -n 4p "$of")
fi
if [ "$load" = masked ]; then
    until=
    [ "$file" != masked-runtime ] || until=--runtime
    if $enabled || $running; then systemctl -q unmask $until -- "$u" || unwilling "it is masked and stays so"; fi
    show
    [ -e "$m" ] || [ -n "$of" ] || was="$was ${file:--}"
fi
record "$id" service "$u" "$was" "${last:--}" || exit 84
case $file in
    enabled | enabled-runtime) $enabled || systemctl -q disable -- "$u" || unwilling "it cannot be disabled" ;;
    disabled | indirect | bad) ! $enabled || systemctl -q enable -- "$u" || unwilling "it cannot be enabled" ;;
esac
if $running; then
    begun=
    case $active in
        active | reloading)
            if [ -n "$digest" ] && [ "$digest" != "$last" ]; then
                echo "restarting $u"
                begun=y
                systemctl restart -- "$u" || unwilling "it does not restart"
            fi
            ;;
        *)
            echo "starting $u"
            begun=y
            systemctl reset-failed -- "$u" 2>/dev/null
            systemctl start -- "$u" || unwilling "it does not start"
            ;;
    esac
    # A start is not always waited for; a unit that ends soon, or is started again and again, is not running.
    n=0 well=0 first=
    while [ -n "$begun" ] && [ $well -lt 3 ] && [ $n -lt 120 ]; do
        sleep 0.5
        show
        n=$((n + 1)) first=${first:-$restarts}
        [ "$restarts" = "$first" ] || unwilling "it ends, and is started again and again"
        case $active in
            active) well=$((well + 1)) ;;
            activating | reloading) well=0 ;;
            *) break ;;
        esac
    done
    [ -z "$begun" ] || [ "$active" = active ] || unwilling "it was started and is $active"
elif [ "$active" != inactive ] && [ "$active" != failed ]; then
    echo "stopping $u"
    systemctl stop -- "$u" || unwilling "it does not stop"
fi
record "$id" service "$u" "$was" "${digest:--}" || exit 84
sync
echo "cplan-result $boot"
"#;

/// Puts the unit back to what it was before, unless another of ours keeps it as well.
pub(super) fn delete(unit: &str, id: &str) -> String {
    format!("{PRELUDE}{KEEPERS}u={} m=$M/{}\n{SHOW}{DELETE}", quote(unit), quote(id))
}

const DELETE: &str = r#"
[ -e "$m" ] || exit 0
if [ -n "$(keepers service "$u")" ]; then
    rm -f "$m"
    sync
    exit 0
fi
set -- $(sed -n 3p "$m")
show
if [ "$load" != not-found ]; then
    case ${3:-$1}:$file in
        enabled:disabled) systemctl -q enable -- "$u" || exit 87 ;;
        disabled:enabled | -:enabled) systemctl -q disable -- "$u" || exit 87 ;;
    esac
    case $2:$active in
        active:inactive | active:failed) systemctl start -- "$u" || exit 87 ;;
        active:* | *:inactive | *:failed) ;;
        *) systemctl stop -- "$u" || exit 87 ;;
    esac
    [ "$2" = failed ] || systemctl reset-failed -- "$u" 2>/dev/null
fi
case $1:$file in
    masked:masked* | masked-runtime:masked*) ;;
    masked:*) systemctl -q mask -- "$u" || exit 87 ;;
    masked-runtime:*) systemctl -q mask --runtime -- "$u" || exit 87 ;;
esac
rm -f "$m"
sweep
sync
"#;

/// Prints `MARK LOADSTATE UNITFILESTATE ACTIVESTATE`, where MARK is `unmarked` or the digest in the mark.
pub(super) fn probe(unit: &str, id: &str) -> String {
    format!(
        "u={} m={}\n{SHOW}\
         k=unmarked; if [ -e \"$m\" ]; then {{ read -r x; read -r x; read -r x; read -r k; }} <\"$m\"; fi\n\
         show; echo \"${{k:--}} $load ${{file:--}} ${{active:--}}\"\n",
        quote(unit),
        quote(&format!("{MARKS}/{id}")),
    )
}
