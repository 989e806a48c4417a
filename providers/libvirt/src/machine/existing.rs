//! Machines that were there before: bare metal, somebody else's. Software and links work on them as on others; they are
//! never powered off, reinstalled or deleted.

use std::path::Path;

use cplan_model::{AttrPath, Diagnostic, Schema, Type, Value};
use cplan_sdk::{
    Access, ApplyRequest, ApplyResponse, Claim, Context, ErrorKind, Observed, PlanRequest, PlanResponse, ProbeOutput,
    ProviderError, ReadRequest, RecoverRequest, Shell,
};

/// The type of the attribute.
pub(super) fn ty() -> Type {
    let text = ["address", "host_key", "key_file", "user"].map(|name| (name, Type::String));
    Type::object_with_optional(text.into_iter().chain([("port", Type::Number)]), ["user", "port"])
}

/// What a machine of ours has to have, and one that was there before must not.
const OURS: [&str; 4] = ["cpus", "memory", "image", "management"];
/// What belongs to every machine.
const COMMON: [&str; 4] = ["name", "tier", "labels", "existing"];

/// Whether values are those of such a machine.
pub(super) fn is(values: &Value) -> bool {
    values.get("existing").is_some_and(|existing| !existing.is_null())
}

/// What one block says.
pub(super) fn check(schema: &Schema, config: &Value) -> Vec<Diagnostic> {
    let set =
        |name: &str| config.get(name).is_some_and(|v| !v.is_null() && v.as_slice().is_none_or(|list| !list.is_empty()));
    if !is(config) {
        let missing = OURS.iter().filter(|name| !set(name)).map(|name| {
            let kind = if *name == "management" { "block" } else { "attribute" };
            Diagnostic::error("machine-incomplete", "Incomplete machine", format!("The {kind} `{name}` is missing."))
                .remedy("Write it; only a machine that is `existing` has none.")
        });
        return missing.collect();
    }
    let mut found = Vec::new();
    for name in schema.attributes.keys().chain(schema.blocks.keys()) {
        if !COMMON.contains(&name.as_ref()) && set(name) {
            let what = format!("`{name}` belongs to a machine that cplan makes, and this one was there before.");
            let diagnostic = Diagnostic::error("machine-existing", "Not for an existing machine", what);
            found.push(
                diagnostic.remedy("Leave it out, or leave `existing` out.").attribute(AttrPath::attr(name.as_ref())),
            );
        }
    }
    let existing = config.get("existing").and_then(|existing| existing.get("host_key")).and_then(Value::as_str);
    if let Some(key) = existing.filter(|key| !is_public_key(key)) {
        let what = format!("\"{key}\" is not a public host key.");
        let remedy = "Write its type and the key, as in \"ssh-ed25519 AAAA…\"; `ssh-keyscan -t ed25519 ADDRESS` asks for \
                      it, the machine's own /etc/ssh/ssh_host_ed25519_key.pub proves it.";
        let diagnostic = Diagnostic::error("machine-host-key", "Invalid host key", what).remedy(remedy);
        found.push(diagnostic.attribute(AttrPath::attr("existing").then_attr("host_key")));
    }
    found
}

/// `TYPE BASE64 [COMMENT]` (sshd(8), "AUTHORIZED_KEYS FILE FORMAT").
fn is_public_key(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let base64 = |word: &str| word.len() > 40 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    text.lines().count() == 1 && words.len() >= 2 && !words[0].starts_with('-') && base64(words[1])
}

/// What will be; all of it is known. Another host key is another machine.
pub(super) fn plan(schema: &Schema, request: PlanRequest, data_dir: &Path) -> PlanResponse {
    let base = &request.proposed;
    let existing = base.get("existing").cloned().unwrap_or_else(|| Value::null(ty()));
    let part = |name: &str| existing.get(name).cloned().unwrap_or_else(|| Value::unknown(Type::String));
    let or = |name: &str, default: Value| existing.get(name).filter(|v| !v.is_null()).cloned().unwrap_or(default);
    // The comment of a public key says nothing.
    let host_key = match part("host_key") {
        key if key.as_str().is_some() => {
            let words: Vec<_> = key.as_str().unwrap_or_default().split_whitespace().take(2).collect();
            Value::string(words.join(" "))
        }
        key => key,
    };
    let key_file = match part("key_file") {
        path if path.as_str().is_some() => {
            // A relative path begins where the topology lies.
            let folder = data_dir.parent().unwrap_or(data_dir);
            Value::string(folder.join(path.as_str().unwrap_or_default()).to_string_lossy().as_ref())
        }
        path => path,
    };
    let access = Value::object([
        ("id", Value::string(request.identity.id.as_str())),
        ("name", base.get("name").cloned().unwrap_or_else(|| Value::unknown(Type::String))),
        ("address", part("address")),
        ("port", or("port", Value::number(22))),
        ("user", or("user", Value::string("root"))),
        ("host_key", host_key),
        ("key_file", key_file),
        ("flavor", Value::null(Type::String)),
        ("arch", Value::null(Type::String)),
    ]);
    let nothing = schema.attributes.iter().filter(|(name, _)| !COMMON.contains(&name.as_ref()));
    let planned =
        nothing.fold(base.clone(), |values, (name, attribute)| values.with(name, Value::null(attribute.ty.clone())));
    let planned = planned
        .with("id", Value::string(request.identity.id.as_str()))
        .with("running", Value::bool(true))
        .with("lab_address", part("address"))
        .with("access", access);
    let another = request.prior.as_ref().filter(|prior| {
        let key = |values: &Value| values.get("access").and_then(|a| a.get("host_key")).cloned();
        !is(prior) || key(prior) != key(&planned)
    });
    let replace = another.map(|_| AttrPath::attr("existing")).into_iter().collect();
    PlanResponse { planned: Some(planned), replace, ..PlanResponse::default() }
}

/// Looks whether it answers, with the host key that it should have, and lets us be root: on it everything needs that.
pub(super) async fn apply(
    ctx: &Context,
    shell: &dyn Shell,
    request: ApplyRequest,
) -> Result<ApplyResponse, ProviderError> {
    let values = request.planned.or(request.prior).unwrap_or_else(|| Value::null(Type::Dynamic));
    let Some(access) = super::values::access(&values) else {
        return Err(ProviderError::failed("the access to the machine is not known"));
    };
    if request.config.is_none() {
        shell.disconnect(&access).await;
        return Ok(ApplyResponse { values, private: Vec::new(), boot_id: None });
    }
    ctx.progress.status("looking whether it answers");
    let boot_id = enter(ctx, shell, &access).await?;
    Ok(ApplyResponse { values, private: Vec::new(), boot_id: Some(boot_id) })
}

async fn enter(ctx: &Context, shell: &dyn Shell, access: &Access) -> Result<String, ProviderError> {
    let output = shell.run(ctx, access, "id -u; cat /proc/sys/kernel/random/boot_id", &[]).await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let words: Vec<&str> = said.split_whitespace().collect();
    match words[..] {
        ["0", boot_id] if output.status == 0 => Ok(boot_id.to_owned()),
        _ => {
            let message = format!("the user `{}` of the machine `{}` cannot become root", access.user, access.name);
            Err(ProviderError::new(ErrorKind::Denied, message)
                .remedy("Name a user that may run everything with `sudo` and without a password, or root.")
                .details(String::from_utf8_lossy(&output.stderr).trim()))
        }
    }
}

/// Whether it was taken over is for the next plan to say; nothing of it can be half-done.
pub(super) async fn recover(
    ctx: &Context,
    shell: &dyn Shell,
    request: RecoverRequest,
) -> Result<Observed, ProviderError> {
    let Some(planned) = request.planned else { return Ok(Observed::Absent) };
    let Some(access) = super::values::access(&planned) else { return Ok(Observed::Absent) };
    match enter(ctx, shell, &access).await {
        Ok(boot_id) => Ok(Observed::Present { values: planned, private: Vec::new(), boot_id: Some(boot_id) }),
        Err(error) if request.prior.is_none() || error.kind == ErrorKind::Cancelled => match error.kind {
            ErrorKind::Cancelled => Err(error),
            _ => Ok(Observed::Absent),
        },
        Err(error) => Ok(Observed::Unreachable { reason: error.message }),
    }
}

/// It is there when it answers.
pub(super) fn observe(request: &ReadRequest, output: &ProbeOutput) -> Observed {
    Observed::Present {
        values: request.prior.clone(),
        private: request.private.clone(),
        boot_id: Some(output.boot_id.clone()),
    }
}

/// Not while somebody works on it.
pub(super) fn claims(values: &Value) -> Vec<Claim> {
    let id = values.get("id").and_then(Value::as_str);
    id.map(|id| Claim::exclusive(format!("machine:{id}"))).into_iter().collect()
}
