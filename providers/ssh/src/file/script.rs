//! The scripts that write, read and delete a file or a folder; each is one round trip.
//!
//! A mark has at least five lines: `file`, the path, the digest of the content, the run that wrote it, and what was there
//! before: `-` for nothing, `kept` for a file whose copy lies beside the mark, or `MODE OWNER GROUP` of a folder. The
//! folders that were made for it follow, the deepest first. Where several marks have one path, each says what was there
//! before the first of them.

use cplan_sdk::quote;

use crate::machine::{KEEPERS, MARKS, PRELUDE};

/// Status of a script: the file exists, is not ours and differs.
pub(super) const FOREIGN: i32 = 80;
/// Status of a script: something of another kind stands there.
pub(super) const OTHER_KIND: i32 = 81;
/// Status of a script: what arrived is not what was sent.
pub(super) const TORN: i32 = 82;
/// Status of a script: there is no such user or group.
pub(super) const NO_OWNER: i32 = 85;
/// The largest content that a read shows; larger ones are told by their digest.
pub(super) const SHOWN: usize = 64 * 1024;

/// What a write needs.
pub(super) struct Write<'a> {
    pub(super) path: &'a str,
    pub(super) mode: &'a str,
    /// `user`, `user:group`, `:group` or nothing, for chown.
    pub(super) owner: &'a str,
    /// `None` makes a folder.
    pub(super) digest: Option<&'a str>,
    pub(super) id: &'a str,
    /// The run, which the mark remembers.
    pub(super) run: &'a str,
    pub(super) create: bool,
    /// Whether a file that is not ours gives way; it comes back when ours goes.
    pub(super) overwrite: bool,
    /// The identity of the object that this one takes the place of.
    pub(super) twin: Option<&'a str>,
}

impl Write<'_> {
    /// Takes the content from standard input; prints the boot id. The mark comes before the file, so that a file whose
    /// write was cut off is known as ours; the rename makes the change atomic, and `sync` lets it survive a power cut of
    /// the machine, which `virsh destroy` is.
    pub(super) fn script(&self) -> String {
        let Write { mode, create, overwrite, .. } = self;
        let begin = format!(
            "{PRELUDE}{KEEPERS}set -e\np={} id={} run={} mode={mode} owner={} digest={} create={create} overwrite={overwrite} twin={}\n\
             m=$M/$id d=${{p%/*}}\n{BEGIN}",
            quote(self.path),
            quote(self.id),
            quote(self.run),
            quote(self.owner),
            quote(self.digest.unwrap_or("-")),
            quote(self.twin.unwrap_or_default()),
        );
        begin + if self.digest.is_some() { FILE } else { FOLDER }
    }
}

/// What was there, and which folders above are missing.
const BEGIN: &str = r#"
hold_marks || exit 84
was=- made= t= of= fresh=true
if [ -e "$m" ]; then
    was=$(sed -n 5p "$m") made=$(sed -n '6,$p' "$m") fresh=false
fi
$create || fresh=false
# Of a first write that fails nothing is left.
undo() {
    u_status=$?
    [ -z "$t" ] || rm -f "$t"
    if [ $u_status != 0 ] && $fresh; then
        hold_marks || true
        rm -f "$m" "$m.kept"
        [ "$digest$was$of" != -- ] || rmdir "$p" 2>/dev/null || true
        IFS='
'
        for x in $made; do rmdir "$x" 2>/dev/null || true; done
        sweep
    fi
    exit $u_status
}
trap undo EXIT
x=$d
while [ -n "$x" ] && [ ! -d "$x" ]; do
    made="${made:+$made
}$x"
    x=${x%/*}
done
note() {
    IFS='
'
    set -f
    record "$id" file "$p" "$digest" "$run" "$was" $made
    set +f
    unset IFS
}
# What another of ours keeps is no stranger's: what was there before it was there before us.
if $create && [ ! -e "$m" ]; then
    if [ -n "$twin" ] && [ "$(sed -n 1,2p "$M/$twin" 2>/dev/null)" = "file
$p" ]; then of=$M/$twin; fi
fi
inherit() {
    was=$(sed -n 5p "$of") made="${made:+$made
}$(sed -n '6,$p' "$of")"
    [ "$was" != kept ] || cp -pP "$of.kept" "$m.kept"
}
[ -z "$of" ] || inherit
give() { [ -z "$owner" ] || chown "$owner" "$1" || exit 85; }
"#;

const FILE: &str = r#"
if [ -e "$p" ] || [ -L "$p" ]; then
    if [ -e "$p" ] && [ ! -f "$p" ]; then
        # An empty folder in the place of what was ours gives way, and a link to any.
        { [ -e "$m" ] || [ -n "$of" ]; } && { rmdir "$p" || { [ -L "$p" ] && rm -f "$p"; }; } 2>/dev/null || exit 81
    elif $create && [ ! -e "$m" ] && [ -z "$of" ]; then
        # A link that leads nowhere has no content.
        s=$(sha256sum <"$p" 2>/dev/null) || s=
        $overwrite || [ "${s%% *}" = "$digest" ] || exit 80
        [ "${s%% *}" != "$digest" ] || of=$(keepers file "$p" | head -n 1)
        if [ -n "$of" ]; then
            inherit
        else
            mkdir -p "$M"
            cp -pP "$p" "$m.kept"
            was=kept
        fi
    fi
fi
mkdir -p "$d/"
t=$(mktemp "$d/.cplan.XXXXXX")
[ -e "$m" ] || note
# Others may go on meanwhile.
exec 9<&-
cat >"$t"
s=$(sha256sum <"$t")
[ "${s%% *}" = "$digest" ] || exit 82
[ ! -f "$p" ] || [ -L "$p" ] || chown "$(stat -c '%u:%g' "$p")" "$t"
give "$t"
chmod "$mode" "$t"
note
mv -f "$t" "$p"
fresh=false
sync
echo "$boot"
"#;

const FOLDER: &str = r#"
if [ -e "$p" ] || [ -L "$p" ]; then
    [ -d "$p" ] || { [ -n "$of" ] && rm -f "$p"; } || exit 81
    if $create && [ ! -e "$m" ] && [ -z "$of" ] && [ -d "$p" ]; then
        of=$(keepers file "$p" | head -n 1)
        if [ -n "$of" ]; then inherit; else was=$(stat -c '%a %u %g' "$p"); fi
    fi
fi
note
mkdir -p "$p"
exec 9<&-
give "$p"
chmod "$mode" "$p"
fresh=false
sync
echo "$boot"
"#;

/// Takes away what has our mark for this very path, or what was imported; what was there before comes back, and of
/// folders only empty ones go. What another of ours keeps as well is left to it.
pub(super) fn delete(path: &str, id: &str, imported: bool) -> String {
    format!("{PRELUDE}{KEEPERS}p={} m=$M/{} imported={imported}\n{DELETE}", quote(path), quote(id))
}

const DELETE: &str = r#"
[ ! -d "$M" ] || hold_marks || exit 84
was=- made=
if [ -e "$m" ]; then
    [ "$(sed -n 2p "$m")" = "$p" ] || { rm -f "$m"; exit 0; }
    was=$(sed -n 5p "$m") made=$(sed -n '6,$p' "$m" | sort -r)
elif ! $imported; then
    exit 0
fi
# One that was put away for ours comes back from where ours put it.
k=$(keepers file "$p" | head -n 1)
if [ -n "$k" ] && { [ "$was" != kept ] || [ "$(sed -n 5p "$k")" = kept ]; }; then
    rm -f "$m" "$m.kept"
    sync
    exit 0
fi
case $was in
    kept)
        # Into a folder that stands there now it would be moved.
        if [ -L "$p" ]; then rm -f "$p"; elif [ -d "$p" ]; then rmdir "$p" || exit 1; fi
        # The folder may be gone with what was ours in it.
        mkdir -p "${p%/*}/" && mv -f "$m.kept" "$p" || exit 1
        ;;
    [0-7]*)
        set -- $was
        if [ -d "$p" ]; then chmod "$1" "$p"; chown "$2:$3" "$p"; fi
        ;;
    *)
        if [ -f "$p" ] || [ -L "$p" ]; then rm -f "$p" || exit 1; elif [ -d "$p" ]; then
            rmdir "$p" 2>/dev/null || made="$p
$made"
        fi
        ;;
esac
IFS='
'
set -f
for x in $made; do
    rmdir "$x" 2>/dev/null && continue
    [ -d "$x" ] || continue
    # Another of ours that is in it inherits it.
    heir=
    for other in $(ls "$M"); do
        other=$M/$other
        case $other in "$m" | *.kept | *.new) continue ;; esac
        [ "$(sed -n 1p "$other" 2>/dev/null)" = file ] || continue
        case $(sed -n 2p "$other") in "$x"/*) ;; *) continue ;; esac
        heir=y
        sed -n '6,$p' "$other" | grep -qxF -e "$x" || printf '%s\n' "$x" >>"$other"
        break
    done
    [ -n "$heir" ] || echo "$x stays, because there are files in it that are not ours" >&2
done
rm -f "$m"
sweep
sync
"#;

/// Prints `absent`, `other`, `dir WRITTEN MODE UID USER GID GROUP`, or `file WRITTEN MODE UID USER GID GROUP SHA256 SIZE`
/// and, where it differs from `digest` and is small, its content. WRITTEN is `-` where the mark does not tell. What we wrote is
/// no link, so one in its place is something else, whatever it leads to.
pub(super) fn probe(path: &str, id: &str, digest: &str) -> String {
    format!(
        "p={} m={}; w=-\n\
         if [ -e \"$m\" ]; then {{ read -r x; read -r x; read -r x; read -r w; }} <\"$m\"; fi\n\
         if [ -f \"$p\" ] && ! {{ [ -L \"$p\" ] && [ -e \"$m\" ]; }}; then\n\
           s=$(sha256sum <\"$p\"); s=${{s%% *}}; t=$(stat -L -c '%a %u %U %g %G '\"$s\"' %s' \"$p\")\n\
           echo \"file ${{w:--}} $t\"\n\
           if [ \"$s\" != \"{digest}\" ] && [ \"${{t##* }}\" -le {SHOWN} ]; then cat \"$p\"; fi\n\
         elif [ -d \"$p\" ]; then echo \"dir ${{w:--}} $(stat -L -c '%a %u %U %g %G' \"$p\")\"\n\
         elif [ -e \"$p\" ] || [ -L \"$p\" ]; then echo other\n\
         else echo absent; fi\n",
        quote(path),
        quote(&format!("{MARKS}/{id}")),
    )
}

/// As [`probe`]; a file without our mark counts as absent.
pub(super) fn recover(path: &str, id: &str, digest: &str) -> String {
    let mark = quote(&format!("{MARKS}/{id}"));
    format!("if [ ! -e {mark} ]; then echo absent; exit 0; fi\n{}", probe(path, id, digest))
}
