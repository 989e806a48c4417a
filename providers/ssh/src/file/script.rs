//! The scripts that write, read and delete a file; each is one round trip.

use cplan_sdk::quote;

use crate::machine::MARKS;

/// Status of a script: the file exists, is not ours and differs.
pub(super) const FOREIGN: i32 = 80;
/// Status of a script: something that is no regular file stands there.
pub(super) const NOT_A_FILE: i32 = 81;
/// Status of a script: what arrived is not what was sent.
pub(super) const TORN: i32 = 82;
/// The largest content that a read shows; larger ones are told by their digest.
pub(super) const SHOWN: usize = 64 * 1024;

/// What a write needs.
pub(super) struct Write<'a> {
    pub(super) path: &'a str,
    pub(super) mode: &'a str,
    pub(super) digest: &'a str,
    pub(super) id: &'a str,
    pub(super) create: bool,
}

impl Write<'_> {
    /// Takes the content from standard input; prints the boot id. The mark comes before the file, so that a file whose
    /// write was cut off is known as ours; the rename makes the change atomic, and `sync` lets it survive a power cut of
    /// the machine, which `virsh destroy` is.
    pub(super) fn script(&self) -> String {
        let (path, mark) = (quote(self.path), quote(&format!("{MARKS}/{}", self.id)));
        let Write { mode, digest, create, .. } = self;
        format!(
            "set -eu\np={path} m={mark}\n\
             if [ -e \"$p\" ] || [ -L \"$p\" ]; then\n\
               [ -f \"$p\" ] || exit {NOT_A_FILE}\n\
               if {create} && [ ! -e \"$m\" ]; then\n\
                 s=$(sha256sum <\"$p\"); [ \"${{s%% *}}\" = {digest} ] || exit {FOREIGN}\n\
               fi\n\
             fi\n\
             d=${{p%/*}}/; [ -d \"$d\" ] && [ -d {MARKS} ] || mkdir -p \"$d\" {MARKS}\n\
             t=$(mktemp \"$d.cplan.XXXXXX\"); trap 'rm -f \"$t\" \"$m.new\"' EXIT\n\
             cat >\"$t\"\n\
             s=$(sha256sum <\"$t\"); [ \"${{s%% *}}\" = {digest} ] || exit {TORN}\n\
             chmod {mode} \"$t\"\n\
             printf 'file\\n%s\\n%s\\n' \"$p\" {digest} >\"$m.new\"; mv -f \"$m.new\" \"$m\"\n\
             mv -f \"$t\" \"$p\"; sync\n\
             read -r b </proc/sys/kernel/random/boot_id; echo \"$b\"\n"
        )
    }
}

/// Deletes the file, if it has our mark for this very path.
pub(super) fn delete(path: &str, id: &str) -> String {
    let (path, mark) = (quote(path), quote(&format!("{MARKS}/{id}")));
    format!(
        "set -eu\np={path} m={mark}\n\
         [ -e \"$m\" ] || exit 0\n\
         if [ \"$(sed -n 2p \"$m\")\" = \"$p\" ] && [ -f \"$p\" ]; then rm -f \"$p\"; fi\n\
         rm -f \"$m\"; sync\n"
    )
}

/// Prints `absent`, `other`, or `file SHA256 MODE SIZE` and, where it differs from `digest` and is small, its content.
pub(super) fn probe(path: &str, digest: &str) -> String {
    format!(
        "p={}\n\
         if [ -f \"$p\" ]; then\n\
           s=$(sha256sum <\"$p\"); s=${{s%% *}}; n=$(wc -c <\"$p\")\n\
           echo \"file $s $(stat -L -c %a \"$p\") $n\"\n\
           if [ \"$s\" != \"{digest}\" ] && [ \"$n\" -le {SHOWN} ]; then cat \"$p\"; fi\n\
         elif [ -e \"$p\" ] || [ -L \"$p\" ]; then echo other\n\
         else echo absent; fi\n",
        quote(path)
    )
}

/// The boot id on a line of its own, then as [`probe`]; a file without our mark counts as absent.
pub(super) fn recover(path: &str, id: &str, digest: &str) -> String {
    let mark = quote(&format!("{MARKS}/{id}"));
    format!(
        "read -r b </proc/sys/kernel/random/boot_id; echo \"$b\"; if [ ! -e {mark} ]; then echo absent; exit 0; fi\n{}",
        probe(path, digest)
    )
}
