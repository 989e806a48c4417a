//! `lab_command`: something done on a machine by scripts that check, apply and remove it.

mod script;

use std::sync::Arc;

use async_trait::async_trait;
use cplan_model::{Action, Attribute, Format, Schema, Type, Value, parse_quantity};
use cplan_sdk::{
    Access, ApplyRequest, ApplyResponse, Claim, Context, ErrorKind, ImportRequest, Locality, Observed, Output,
    PlanRequest, PlanResponse, ProbeOutput, ProviderError, ReadRequest, RecoverRequest, Resource, Shell,
};

use crate::machine::{self, IMPORTED, sha256, text};

/// How many lines of a failed script an error shows; the log has all.
const TAIL: usize = 20;

/// What a set of POSIX shell scripts keeps in place. The machine remembers what was applied in `/var/lib/cplan/owned`,
/// in a file named by the identity; where there is no `check`, that record is the check.
pub struct CommandResource {
    shell: Arc<dyn Shell>,
    schema: Schema,
}

impl CommandResource {
    /// Commands run over `shell`.
    pub fn new(shell: Arc<dyn Shell>) -> Self {
        let script = |doc| Attribute::optional(Type::String, doc);
        let schema = Schema::new(
            "Something that scripts keep in place on a machine.",
            [
                ("machine", machine::attribute()),
                ("check", script("A script that changes nothing and exits with 0 when all is in place.")),
                ("apply", Attribute::required(Type::String, "The script that puts it in place; it may run again.")),
                ("remove", script("The script that undoes it.")),
                (
                    "triggers",
                    Attribute::optional(Type::map(Type::String), "A change of any of these runs `apply` again."),
                ),
                (
                    "survives_restart",
                    Attribute::optional(Type::Bool, "Whether it outlives a restart of the machine; true by default."),
                ),
                (
                    "timeout",
                    Attribute::optional(Type::String, "How long `apply` and `remove` may take; any time by default.")
                        .format(Format::Duration),
                ),
                ("in_place", Attribute::computed(Type::Bool, "Whether the check succeeds.")),
            ],
        );
        CommandResource { shell, schema }
    }
}

/// The parts of the values that scripts are made of.
struct Parts<'a> {
    apply: &'a str,
    check: Option<&'a str>,
    remove: Option<&'a str>,
    survives: bool,
    /// Seconds.
    limit: Option<u64>,
    /// Of all that makes `apply` run again when it changes.
    digest: String,
}

impl<'a> Parts<'a> {
    fn of(values: &'a Value) -> Parts<'a> {
        let apply = text(values, "apply").unwrap_or_default();
        let mut whole = apply.to_owned();
        for (name, value) in values.get("triggers").and_then(Value::as_map).into_iter().flatten() {
            whole.push_str(&format!("\0{name}\0{}", value.as_str().unwrap_or_default()));
        }
        Parts {
            apply,
            check: text(values, "check"),
            remove: text(values, "remove"),
            survives: survives(values),
            limit: text(values, "timeout")
                .and_then(|t| parse_quantity(Format::Duration, t).ok())
                .map(|ns| ns.div_ceil(1_000_000_000)),
            digest: sha256(whole.as_bytes()),
        }
    }
}

fn survives(values: &Value) -> bool {
    values.get("survives_restart").and_then(Value::as_bool).unwrap_or(true)
}

#[async_trait]
impl Resource for CommandResource {
    fn ty(&self) -> &'static str {
        "lab_command"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn locality(&self, values: &Value) -> Locality {
        machine::locality(values)
    }

    fn probe(&self, request: &ReadRequest) -> String {
        script::probe(&Parts::of(&request.prior), &request.identity.id, request.private == IMPORTED)
    }

    fn observe(&self, request: &ReadRequest, output: &ProbeOutput) -> Result<Observed, ProviderError> {
        let in_place = match String::from_utf8_lossy(&output.stdout).trim() {
            "absent" => return Ok(Observed::Absent),
            "in-place" => true,
            "not-in-place" => false,
            said => {
                let what = format!("a command's probe ended with status {} and said `{said}`", output.status);
                return Err(ProviderError::failed(what));
            }
        };
        let values = request.prior.with("in_place", Value::bool(in_place));
        Ok(Observed::Present { values, private: request.private.clone(), boot_id: Some(output.boot_id.clone()) })
    }

    async fn plan(&self, _ctx: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let planned = request.proposed.with("in_place", Value::bool(true));
        Ok(PlanResponse { planned: Some(planned), private: request.private, ..PlanResponse::default() })
    }

    async fn apply(&self, ctx: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        let id = &request.identity.id;
        let Some(planned) = request.planned else {
            let prior = request.prior.ok_or_else(|| ProviderError::failed("a delete of nothing was asked for"))?;
            let access = machine::access(&prior)?;
            let twin = request.twin.as_ref().map(|twin| &*twin.id);
            let script = script::delete(&Parts::of(&prior), id, request.private == IMPORTED, twin);
            let output = self.shell.run(ctx, &access, &script, b"").await?;
            judge(ctx, &access, "remove", &output)?;
            return Ok(ApplyResponse { values: prior, private: Vec::new(), boot_id: None });
        };
        let access = machine::access(&planned)?;
        let parts = Parts::of(&planned);
        let output = self.shell.run(ctx, &access, &script::apply(&parts, id), b"").await?;
        let boot_id = judge(ctx, &access, "apply", &output)
            .map_err(|e| e.partial(planned.with("in_place", Value::bool(false))))?;
        let values = planned.with("in_place", Value::bool(true));
        Ok(ApplyResponse { values, private: Vec::new(), boot_id: Some(boot_id) })
    }

    async fn recover(&self, ctx: &Context, request: RecoverRequest) -> Result<Observed, ProviderError> {
        let values = request.planned.as_ref().or(request.prior.as_ref());
        let values = values.ok_or_else(|| ProviderError::failed("nothing is known of the command to recover"))?;
        let script = script::recover(&Parts::of(values), &request.identity.id);
        let (output, boot_id) = machine::probe(ctx, &*self.shell, values, &script).await?;
        let in_place = match String::from_utf8_lossy(&output.stdout).trim() {
            "absent" => return Ok(Observed::Absent),
            "in-place" => true,
            // It was begun, and how far it came nobody knows.
            _ => false,
        };
        let values = values.with("in_place", Value::bool(in_place));
        Ok(Observed::Present { values, private: Vec::new(), boot_id: Some(boot_id) })
    }

    async fn import(&self, ctx: &Context, request: ImportRequest) -> Result<Observed, ProviderError> {
        let mut values = machine::imported(&self.schema, &request, "apply")?;
        for name in ["check", "apply", "remove", "triggers", "survives_restart", "timeout"] {
            let set = request.config.get(name).cloned().unwrap_or_else(|| Value::null(Type::String));
            if !set.is_wholly_known() {
                return Err(ProviderError::failed(format!("`{name}` is not known yet, so nothing can be imported"))
                    .remedy("Apply first what it hangs on."));
            }
            values = values.with(name, set);
        }
        let parts = Parts::of(&values);
        if parts.check.is_none() {
            return Err(ProviderError::failed(
                "only its `check` can tell whether a command has done its work, and there is none",
            )
            .remedy("Write a `check`; the id of the import says nothing and may be anything."));
        }
        let script = script::probe(&parts, &request.identity.id, true);
        let (output, boot_id) = machine::probe(ctx, &*self.shell, &values, &script).await?;
        if String::from_utf8_lossy(&output.stdout).trim() != "in-place" {
            return Ok(Observed::Absent);
        }
        let values = values.with("in_place", Value::bool(true));
        Ok(Observed::Present { values, private: IMPORTED.to_vec(), boot_id: Some(boot_id) })
    }

    fn claims(&self, _action: Action, values: &Value) -> Vec<Claim> {
        machine::claims(values)
    }

    fn survives_restart(&self, values: &Value) -> bool {
        survives(values)
    }
}

/// Logs all output; takes the boot id from the last line of a success and makes an error of anything else.
fn judge(ctx: &Context, access: &Access, what: &str, output: &Output) -> Result<String, ProviderError> {
    let said = String::from_utf8_lossy(&output.stdout);
    let (body, last) = said.rsplit_once(script::RESULT).unwrap_or((&said, ""));
    let body = body.strip_suffix('\n').unwrap_or(body);
    let errors = String::from_utf8_lossy(&output.stderr);
    ctx.progress.log(body);
    ctx.progress.log_errors(&errors);
    let words: Vec<&str> = last.split_whitespace().collect();
    let lines: Vec<&str> = body.lines().chain(errors.lines()).collect();
    let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
    let name = &access.name;
    match words[..] {
        ["done", boot_id] => Ok(boot_id.to_owned()),
        ["unremoved", status, boot_id] => {
            ctx.progress.note(&format!(
                "`remove` ended with status {status}, where there may have been nothing to remove: look whether anything is \
                 left on machine `{name}`"
            ));
            Ok(boot_id.to_owned())
        }
        ["failed", script::TIMED_OUT] => Err(ProviderError::new(
            ErrorKind::TimedOut,
            format!("the `{what}` script on machine `{name}` did not end in time"),
        )
        .remedy("Mend what it waits for, or raise `timeout`; the run log has its whole output.")
        .details(tail)),
        ["failed", status] => {
            Err(ProviderError::failed(format!("the `{what}` script on machine `{name}` ended with status {status}"))
                .remedy("Mend the script or what it needs; the run log has its whole output.")
                .details(tail))
        }
        ["unchecked", script::TIMED_OUT] => Err(ProviderError::new(
            ErrorKind::TimedOut,
            format!(
                "the `apply` script on machine `{name}` succeeded, but `check` did not end within {} s",
                script::CHECK_LIMIT
            ),
        )
        .remedy("Let `check` only look, and not wait: every plan runs it.")
        .details(tail)),
        ["unchecked", status] => Err(ProviderError::failed(format!(
            "the `apply` script on machine `{name}` succeeded, but `check` still ends with status {status}"
        ))
        .remedy("Make `check` succeed exactly when `apply` has done its work.")
        .details(tail)),
        _ => Err(ProviderError::failed(format!(
            "the `{what}` script on machine `{name}` broke off with status {}",
            output.status
        ))
        .details(tail)),
    }
}

#[cfg(test)]
mod tests {
    use cplan_sdk::Silent;
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[test]
    fn a_check_that_hangs_is_told_from_one_that_fails() {
        let ctx = Context::new("/nowhere", Arc::new(Silent), CancellationToken::new());
        let access = Access {
            id: "a".into(),
            name: "edge0".into(),
            address: "192.0.2.1".into(),
            port: 22,
            user: "root".into(),
            host_key: String::new(),
            key_file: "/nowhere".into(),
            flavor: String::new(),
            arch: String::new(),
        };
        let judged = |last: &str| {
            let stdout = format!("said\n\n{}{last}\n", script::RESULT).into_bytes();
            judge(&ctx, &access, "apply", &Output { stdout, stderr: Vec::new(), status: 0 })
        };
        assert_eq!(judged("done b").unwrap(), "b");
        let hangs = judged("unchecked 124").unwrap_err();
        assert_eq!((hangs.kind, hangs.details.as_str()), (ErrorKind::TimedOut, "said"));
        assert!(hangs.message.ends_with("did not end within 30 s"), "{hangs}");
        assert!(judged("unchecked 1").unwrap_err().message.ends_with("ends with status 1"));
    }
}
