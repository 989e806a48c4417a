//! `lab_service`: a unit of systemd on a machine.

mod script;

use std::sync::Arc;

use async_trait::async_trait;
use cplan_model::{Action, AttrPath, Attribute, Diagnostic, Diagnostics, InstanceAddr, Schema, Type, Value};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Claim, Context, ImportRequest, Locality, Observed, Output, PlanRequest, PlanResponse,
    ProbeOutput, ProviderError, ReadRequest, RecoverRequest, Resource, Shell,
};

use crate::machine::{self, IMPORTED, sha256, text};
use script::Wish;

/// A unit that is enabled or not and runs or not. Its mark in `/var/lib/cplan/owned` says how it was before, and so it is
/// again when the object goes.
pub struct ServiceResource {
    shell: Arc<dyn Shell>,
    schema: Schema,
}

impl ServiceResource {
    /// Units kept over `shell`.
    pub fn new(shell: Arc<dyn Shell>) -> Self {
        let flag = |doc| Attribute::optional_computed(Type::Bool, doc);
        let schema = Schema::new(
            "A systemd unit on a machine.",
            [
                ("machine", machine::attribute()),
                ("name", Attribute::required(Type::String, "The unit: `mosquitto` is `mosquitto.service`.").replaces()),
                ("enabled", flag("Whether it starts when the machine boots; true by default.")),
                ("running", flag("Whether it runs; true by default.")),
                (
                    "restart_on",
                    Attribute::optional(
                        Type::map(Type::String),
                        "What it is restarted for when any of it changes, such as `lab_file.x.written`.",
                    ),
                ),
            ],
        );
        ServiceResource { shell, schema }
    }
}

/// The unit's whole name.
fn unit(values: &Value) -> String {
    let name = text(values, "name").unwrap_or_default();
    let has_type = name.rsplit_once('.').is_some_and(|(_, suffix)| UNIT_TYPES.contains(&suffix));
    if has_type { name.to_owned() } else { format!("{name}.service") }
}

/// systemd.unit(5)
const UNIT_TYPES: [&str; 11] =
    ["service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope"];

fn flag(values: &Value, name: &str) -> bool {
    values.get(name).and_then(Value::as_bool).unwrap_or(true)
}

/// Of all that the unit is restarted for; empty where that is nothing.
fn digest(values: &Value) -> String {
    let Some(map) = values.get("restart_on").and_then(Value::as_map).filter(|m| !m.is_empty()) else {
        return String::new();
    };
    let parts = map.iter().map(|(name, value)| format!("{name}\0{}\0", value.as_str().unwrap_or_default()));
    sha256(parts.collect::<String>().as_bytes())
}

/// The observed values, from what [`script::probe`] prints.
fn observe(
    prior: &Value,
    output: &[u8],
    status: i32,
    private: &[u8],
    boot_id: &str,
) -> Result<Observed, ProviderError> {
    let said = String::from_utf8_lossy(output);
    let words: Vec<&str> = said.split_whitespace().collect();
    let [mark, load, file, active] = words[..] else {
        let what = format!("a service's probe ended with status {status} and said `{}`", said.trim());
        return match status {
            script::NO_SYSTEMD => Err(no_systemd(text(prior, "name").unwrap_or_default())),
            _ => Err(ProviderError::failed(what)),
        };
    };
    let ours = mark != "unmarked";
    if !ours && (private != IMPORTED || load == "not-found") {
        return Ok(Observed::Absent);
    }
    let enabled = match file {
        "enabled" | "enabled-runtime" => true,
        "disabled" | "masked" | "masked-runtime" | "indirect" | "-" | "bad" => false,
        // It has no say in whether it starts.
        _ => flag(prior, "enabled"),
    };
    let running = matches!(active, "active" | "reloading" | "activating");
    let mut values =
        prior.with("enabled", Value::bool(enabled && load != "not-found")).with("running", Value::bool(running));
    let wanted = digest(prior);
    if ours && mark != wanted && !(mark == "-" && wanted.is_empty()) {
        // It was not restarted for what the state says.
        values = values.with("restart_on", Value::null(Type::map(Type::String)));
    }
    Ok(Observed::Present { values, private: private.to_vec(), boot_id: Some(boot_id.to_owned()) })
}

fn no_systemd(name: &str) -> ProviderError {
    ProviderError::failed(format!("the machine of the service `{name}` has no systemd"))
        .remedy("Start the program with a `lab_command`, as modules/mqtt does on micro machines.")
}

#[async_trait]
impl Resource for ServiceResource {
    fn ty(&self) -> &'static str {
        "lab_service"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let mut found = Diagnostics::new();
        let plain = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
        if let Some(name) = text(config, "name").filter(|n| n.is_empty() || n.starts_with('-') || !n.chars().all(plain))
        {
            let what = format!("`{}` cannot be the name of a systemd unit.", name.escape_debug());
            found.push(
                Diagnostic::error("service-name", "Invalid service name", what)
                    .remedy("Write the unit's name, such as \"mosquitto\" or \"docker.socket\".")
                    .attribute(AttrPath::attr("name")),
            );
        }
        // A template alone can be enabled, where it names a default instance, and never runs.
        let runs = config.get("running").and_then(Value::as_bool) != Some(false);
        if let Some(name) =
            text(config, "name").filter(|n| runs && n.strip_suffix(".service").unwrap_or(n).ends_with('@'))
        {
            let stem = name.strip_suffix(".service").unwrap_or(name);
            found.push(
                Diagnostic::error("service-template", "A template cannot run", format!("`{name}` is a template."))
                    .remedy(format!("Name an instance of it, such as \"{stem}one\"."))
                    .attribute(AttrPath::attr("name")),
            );
        }
        let remedy = "Start the program with a `lab_command`, as modules/mqtt does, or give the image another flavor.";
        found.extend(machine::not_on_micro(config, "it has no systemd, so there are no services", remedy));
        found
    }

    async fn check(&self, _: &Context, planned: &[(InstanceAddr, Value)]) -> Result<Diagnostics, ProviderError> {
        Ok(machine::twice(planned, "name", "unit", |values| text(values, "name").map(|_| unit(values))))
    }

    fn locality(&self, values: &Value) -> Locality {
        machine::locality(values)
    }

    fn probe(&self, request: &ReadRequest) -> String {
        script::probe(&unit(&request.prior), &request.identity.id)
    }

    fn observe(&self, request: &ReadRequest, output: &ProbeOutput) -> Result<Observed, ProviderError> {
        observe(&request.prior, &output.stdout, output.status, &request.private, &output.boot_id)
    }

    async fn plan(&self, _ctx: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let mut planned = request.proposed;
        for name in ["enabled", "running"] {
            if request.config.get(name).is_none_or(Value::is_null) {
                planned = planned.with(name, Value::bool(true));
            }
        }
        Ok(PlanResponse { planned: Some(planned), private: request.private, ..PlanResponse::default() })
    }

    async fn apply(&self, ctx: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        let id = &request.identity.id;
        let Some(planned) = request.planned else {
            let prior = request.prior.ok_or_else(|| ProviderError::failed("a delete of nothing was asked for"))?;
            let output =
                self.shell.run(ctx, &machine::access(&prior)?, &script::delete(&unit(&prior), id), b"").await?;
            return match output.status {
                // Without systemd there are no services.
                0 | script::NO_SYSTEMD => Ok(ApplyResponse { values: prior, private: Vec::new(), boot_id: None }),
                status => Err(failed(&unit(&prior), status, &output)),
            };
        };
        let (unit, digest) = (unit(&planned), digest(&planned));
        let (enabled, running) = (flag(&planned, "enabled"), flag(&planned, "running"));
        let wish = Wish { id, unit: &unit, enabled, running, digest: &digest };
        let output = self.shell.run(ctx, &machine::access(&planned)?, &wish.script(), b"").await?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let (said, boot_id) = said.rsplit_once("cplan-result ").unwrap_or((&said, ""));
        ctx.progress.log(said);
        ctx.progress.log_errors(&String::from_utf8_lossy(&output.stderr));
        match output.status {
            0 => Ok(ApplyResponse { values: planned, private: Vec::new(), boot_id: Some(boot_id.trim().to_owned()) }),
            status => {
                let error = failed(&unit, status, &output);
                // Its mark is there from the first change on.
                let begun = status == script::UNWILLING && request.prior.is_none();
                Err(if begun { error.partial(planned.with("running", Value::bool(false))) } else { error })
            }
        }
    }

    async fn recover(&self, ctx: &Context, request: RecoverRequest) -> Result<Observed, ProviderError> {
        let values = request.planned.as_ref().or(request.prior.as_ref());
        let values = values.ok_or_else(|| ProviderError::failed("nothing is known of the service to recover"))?;
        let probe = script::probe(&unit(values), &request.identity.id);
        let (output, boot_id) = machine::probe(ctx, &*self.shell, values, &probe).await?;
        observe(values, &output.stdout, output.status, &[], &boot_id)
    }

    async fn import(&self, ctx: &Context, request: ImportRequest) -> Result<Observed, ProviderError> {
        let mut values = machine::imported(&self.schema, &request, "name")?;
        if let Some(wanted) = text(&request.config, "name").filter(|w| {
            let short = request.id.strip_suffix(".service").unwrap_or(&request.id);
            w.strip_suffix(".service").unwrap_or(w) == short
        }) {
            // The spelling is the user's.
            values = values.with("name", Value::string(wanted));
        }
        if let Some(wanted) = request.config.get("restart_on").filter(|v| v.is_wholly_known()) {
            values = values.with("restart_on", wanted.clone());
        }
        let probe = script::probe(&unit(&values), &request.identity.id);
        let (output, boot_id) = machine::probe(ctx, &*self.shell, &values, &probe).await?;
        observe(&values, &output.stdout, output.status, IMPORTED, &boot_id)
    }

    fn claims(&self, _action: Action, values: &Value) -> Vec<Claim> {
        machine::claims(values)
    }
}

fn failed(unit: &str, status: i32, output: &Output) -> ProviderError {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match status {
        script::NO_UNIT => ProviderError::failed(format!("there is no unit `{unit}` on the machine"))
            .remedy("Let the service depend on the `lab_package` or `lab_file` that brings the unit."),
        script::UNWILLING => ProviderError::failed(format!("systemd cannot make `{unit}` what it should be"))
            .remedy(
                "Mend what it complains of; a unit that does its work and ends is never found running: `running = false`.",
            )
            .details(said),
        script::NO_SYSTEMD => no_systemd(unit),
        status => ProviderError::failed(format!("the script for the service `{unit}` ended with status {status}"))
            .details(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(set: &[(&str, &str)]) -> Value {
        let map = Value::map(Type::String, set.iter().map(|(k, v)| (*k, Value::string(*v))));
        Value::object([("name", Value::string("x")), ("restart_on", map)])
    }

    #[test]
    fn a_name_without_a_type_is_a_service() {
        let named = |name: &str| unit(&Value::object([("name", Value::string(name))]));
        assert_eq!(named("mosquitto"), "mosquitto.service");
        assert_eq!(named("docker.socket"), "docker.socket");
        assert_eq!(named("php8.2-fpm"), "php8.2-fpm.service");
    }

    #[test]
    fn a_unit_that_was_not_restarted_for_what_the_state_says_is_to_be() {
        let prior = values(&[("config", "1")]);
        let read = |line: String| match observe(&prior, line.as_bytes(), 0, b"", "b").unwrap() {
            Observed::Present { values, .. } => Some(values),
            _ => None,
        };
        let same = read(format!("{} loaded enabled active", digest(&prior))).unwrap();
        assert_eq!(same.get("restart_on"), prior.get("restart_on"));
        assert!(read("- loaded enabled active".into()).unwrap().get("restart_on").unwrap().is_null());
        let stopped = read(format!("{} loaded static failed", digest(&prior))).unwrap();
        assert_eq!((flag(&stopped, "enabled"), flag(&stopped, "running")), (true, false));
        assert!(read("unmarked loaded enabled active".into()).is_none());
    }
}
