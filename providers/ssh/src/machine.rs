//! What all resources on machines have in common: the machine, and the mark of what is ours on it.

use std::collections::BTreeMap;

use cplan_model::{AttrPath, Attribute, Diagnostic, Diagnostics, InstanceAddr, Schema, Value};
use cplan_sdk::{Access, Claim, Context, ImportRequest, Locality, MICRO, Output, ProviderError, Shell};
use sha2::{Digest, Sha256};

/// The folder of ownership marks on a machine: one file per object, named by the identity. A file's content can hold no
/// mark of ours, and a command leaves none at all.
pub(crate) const MARKS: &str = "/var/lib/cplan/owned";

/// Begins scripts that change something: `boot`, the folders `D` and `M`, and how marks are written. `record ID LINE…`
/// writes a mark; `hold_marks` waits until nobody else holds them; `sweep` takes away the folders once they are empty,
/// so that nothing of ours is left, and they may go at any moment.
pub(crate) const PRELUDE: &str = r#"set -u
D=/var/lib/cplan M=/var/lib/cplan/owned
read -r boot </proc/sys/kernel/random/boot_id
record() {
    r_id=$1; shift
    for r_try in 1 2 3 4 5; do
        if { mkdir -p "$M" && printf '%s
' "$@" >"$M/$r_id.new" && mv -f "$M/$r_id.new" "$M/$r_id"; } 2>/dev/null; then return 0; fi
    done
    echo "cannot write the mark $M/$r_id" >&2
    return 1
}
hold_marks() {
    for h_try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        # `command`, because a shell ends when `exec` alone finds the folder taken away.
        { mkdir -p "$M" && command exec 9<"$M"; } 2>/dev/null || continue
        command -v flock >/dev/null 2>&1 || return 0
        flock 9 || return 1
        # Who held them before may have taken the folder away.
        [ "$(stat -c %i "$M" 2>/dev/null)" != "$(stat -L -c %i /proc/self/fd/9)" ] || return 0
    done
    echo "cannot hold the marks in $M" >&2
    return 1
}
sweep() { rmdir "$M" "$D" 2>/dev/null || true; }
"#;

/// Defines `keepers KIND THING`: the marks, but for our own `m`, of those that keep the same thing: the object that ours takes
/// the place of or that takes its place, or one of another lab. They share what was there before, and who goes last brings
/// it back.
pub(crate) const KEEPERS: &str = r#"
keepers() {
    grep -lxF -e "$2" "$M"/* 2>/dev/null | while IFS= read -r k_mark; do
        case $k_mark in "$m" | *.kept | *.new) continue ;; esac
        if [ "$(sed -n 1,2p "$k_mark" 2>/dev/null)" = "$1
$2" ]; then echo "$k_mark"; fi
    done
    :
}
"#;

/// The private bytes of an object that was imported and not applied since: it has no mark and is ours all the same.
pub(crate) const IMPORTED: &[u8] = b"imported";

/// The attribute that names the machine.
pub(crate) fn attribute() -> Attribute {
    Attribute::required(Access::ty(), "The machine: `lab_machine.NAME.access`.").container()
}

/// The machine of an object's values.
pub(crate) fn access(values: &Value) -> Result<Access, ProviderError> {
    values
        .get("machine")
        .and_then(Access::from_value)
        .ok_or_else(|| ProviderError::failed("the access to the machine is not known"))
}

/// Where an object with these values is read.
pub(crate) fn locality(values: &Value) -> Locality {
    access(values).map_or(Locality::Anywhere, Locality::Machine)
}

/// Beside others on the machine, and not while somebody measures there.
pub(crate) fn claims(values: &Value) -> Vec<Claim> {
    let id = values.get("machine").and_then(|m| m.get("id")).and_then(Value::as_str);
    id.map(|id| Claim::shared(format!("machine:{id}"))).into_iter().collect()
}

/// The sha256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// A known string attribute.
pub(crate) fn text<'a>(values: &'a Value, name: &str) -> Option<&'a str> {
    values.get(name).and_then(Value::as_str)
}

/// Refuses what cannot be on a machine of the flavor `micro`, if its flavor is known.
pub(crate) fn not_on_micro(config: &Value, why: &str, remedy: &str) -> Diagnostics {
    let flavor = config.get("machine").and_then(|m| m.get("flavor")).and_then(Value::as_str);
    let mut found = Diagnostics::new();
    if flavor == Some(MICRO) {
        let name = config.get("machine").and_then(|m| m.get("name")).and_then(Value::as_str).unwrap_or("it");
        let what = format!("Machine `{name}` has an image of the flavor `micro`: {why}.");
        found.push(
            Diagnostic::error("machine-is-micro", "Not on a micro machine", what)
                .remedy(remedy)
                .attribute(AttrPath::attr("machine")),
        );
    }
    found
}

/// Refuses two objects that would keep the same thing on one machine: each would undo what the other does. `name` is the
/// attribute that says what it is, `what` is it in words, and `same` how it is compared.
pub(crate) fn twice(
    planned: &[(InstanceAddr, Value)],
    name: &str,
    what: &str,
    same: impl Fn(&Value) -> Option<String>,
) -> Diagnostics {
    let mut seen: BTreeMap<(String, String), &InstanceAddr> = BTreeMap::new();
    let mut found = Diagnostics::new();
    for (address, values) in planned {
        let machine = values.get("machine").and_then(|m| m.get("id")).and_then(Value::as_str);
        let (Some(machine), Some(thing)) = (machine, same(values)) else { continue };
        if let Some(first) = seen.get(&(machine.to_owned(), thing.clone())) {
            let said = format!("{first} and {address} both keep the {what} `{thing}` on one machine.");
            found.push(
                Diagnostic::error("kept-twice", "Kept twice", said)
                    .remedy("Keep one of them; who needs what it brings can depend on it.")
                    .address(address.clone())
                    .attribute(AttrPath::attr(name)),
            );
        } else {
            seen.insert((machine.to_owned(), thing), address);
        }
    }
    found
}

/// Runs a probe by itself; gives its output and the boot id.
pub(crate) async fn probe(
    ctx: &Context,
    shell: &dyn Shell,
    values: &Value,
    probe: &str,
) -> Result<(Output, String), ProviderError> {
    let script = format!("LC_ALL=C; read -r b </proc/sys/kernel/random/boot_id; echo \"$b\"\n{probe}");
    let mut output = shell.run(ctx, &access(values)?, &script, b"").await?;
    let end = output.stdout.iter().position(|b| *b == b'\n').map_or(output.stdout.len(), |end| end + 1);
    let boot_id = String::from_utf8_lossy(&output.stdout[..end]).trim().to_owned();
    output.stdout.drain(..end);
    Ok((output, boot_id))
}

/// The values of an object that is imported, before it is looked at: the configuration with the imported id as the
/// attribute that it stands for.
pub(crate) fn imported(schema: &Schema, request: &ImportRequest, id: &str) -> Result<Value, ProviderError> {
    let machine = request.config.get("machine").filter(|m| Access::from_value(m).is_some()).ok_or_else(|| {
        ProviderError::failed("the machine is not known yet, so nothing on it can be imported")
            .remedy("Apply the machine first, then import.")
    })?;
    let null = |(name, a): (&std::sync::Arc<str>, &Attribute)| (name.clone(), Value::null(a.ty.clone()));
    let values = Value::object(schema.attributes.iter().map(null));
    Ok(values.with("machine", machine.clone()).with(id, Value::string(request.id.as_str())))
}

/// The same error for another request.
pub(crate) fn again(error: &ProviderError) -> ProviderError {
    let same = ProviderError::new(error.kind, error.message.clone());
    let same = same.remedy(error.remedy.clone()).details(error.details.clone());
    ProviderError { unsettled: error.unsettled, ..same }
}
