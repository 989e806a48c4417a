//! `lab_package`: a Debian package on a machine.

mod outcome;
mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use cplan_model::{Action, AttrPath, Attribute, Diagnostic, Diagnostics, InstanceAddr, Schema, Type, Value};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Claim, Context, ImportRequest, Locality, Observed, PlanRequest, PlanResponse,
    ProbeOutput, ProviderError, ReadRequest, RecoverRequest, Resource, Shell,
};

use crate::machine::{self, text};
use outcome::{Found, Outcome};
use script::Want;

/// A package that apt keeps installed. All packages of a machine that are ready at the same time are one transaction.
/// Its mark in `/var/lib/cplan/owned` says what was there before; what was, stays when the object goes, in the version that it had,
/// where a package source still has that (`/var/lib/cplan/changed-packages`). The packages
/// that came along are listed in `/var/lib/cplan/brought-packages` and go with the last that needs them; those that had to give
/// way, in `/var/lib/cplan/displaced-packages`, come back.
pub struct PackageResource {
    shell: Arc<dyn Shell>,
    schema: Schema,
}

impl PackageResource {
    /// Packages installed over `shell`.
    pub fn new(shell: Arc<dyn Shell>) -> Self {
        let schema = Schema::new(
            "A Debian package on a machine, without the packages that it only recommends.",
            [
                ("machine", machine::attribute()),
                ("name", Attribute::required(Type::String, "The package, such as `mosquitto`.").replaces()),
                (
                    "version",
                    Attribute::optional(
                        Type::String,
                        "The version, or its beginning followed by `*`; any version without it. Another version that was there before \
                         comes back when this goes, if a package source of the machine has it by then; a note tells where none does.",
                    ),
                ),
                ("installed", Attribute::computed(Type::Bool, "Whether it is installed.")),
                ("installed_version", Attribute::computed(Type::String, "The version that is installed.")),
            ],
        );
        PackageResource { shell, schema }
    }

    /// One transaction on one machine.
    async fn transact(&self, requests: &[(Context, ApplyRequest)]) -> Result<BTreeMap<String, Outcome>, ProviderError> {
        let Some((ctx, first)) = requests.first() else { return Ok(BTreeMap::new()) };
        let access = machine::access(values_of(first)?)?;
        let wants: Vec<Want<'_>> = requests.iter().map(|(_, request)| want(request)).collect::<Result<_, _>>()?;
        for (ctx, _) in requests {
            ctx.progress.status(&match requests.len() {
                1 => format!("apt on {}", access.name),
                n => format!("apt on {}, {n} packages at once", access.name),
            });
        }
        let output = self.shell.run(ctx, &access, &script::transaction(&wants), b"").await?;
        let (said, outcomes) = outcome::parse(&output);
        for (ctx, request) in requests {
            ctx.progress.log(&said);
            let notes = outcomes.get(&request.identity.id).map(|outcome| &outcome.notes[..]);
            notes.unwrap_or_default().iter().for_each(|note| ctx.progress.note(note));
        }
        match output.status {
            0 => Ok(outcomes),
            script::NO_APT => Err(no_apt(&access.name)),
            status => Err(ProviderError::failed(format!(
                "the package script on machine `{}` ended with status {status}",
                access.name
            ))
            .details(outcome::tail(&said))),
        }
    }

    /// What one request came to.
    fn conclude(request: &ApplyRequest, outcome: Option<&Outcome>) -> Result<ApplyResponse, ProviderError> {
        let name = text(values_of(request)?, "name").unwrap_or_default();
        let none = || ProviderError::failed(format!("apt said nothing of the package `{name}`"));
        let Outcome { found, boot_id, problem, .. } = outcome.ok_or_else(none)?;
        let values = match &request.planned {
            None => {
                if let Some(problem) = problem {
                    return Err(problem.error(name, ""));
                }
                request.prior.clone().unwrap_or_else(|| Value::null(Type::Dynamic))
            }
            Some(planned) => {
                let version = text(planned, "version").unwrap_or_default();
                let fits = found.version.as_deref().is_some_and(|is| script::fits(is, version));
                if !fits || problem.is_some() {
                    let problem = problem.clone().unwrap_or_default();
                    let error = problem.error(name, version);
                    return Err(if found.marked { error.partial(with_found(planned, found)) } else { error });
                }
                with_found(planned, found)
            }
        };
        Ok(ApplyResponse { values, private: Vec::new(), boot_id: Some(boot_id.clone()) })
    }
}

fn values_of(request: &ApplyRequest) -> Result<&Value, ProviderError> {
    let values = request.planned.as_ref().or(request.prior.as_ref());
    values.ok_or_else(|| ProviderError::failed("a delete of nothing was asked for"))
}

fn want(request: &ApplyRequest) -> Result<Want<'_>, ProviderError> {
    let values = values_of(request)?;
    Ok(Want {
        id: &request.identity.id,
        name: text(values, "name").unwrap_or_default(),
        version: request.planned.as_ref().map(|planned| text(planned, "version").unwrap_or_default()),
        imported: request.private == machine::IMPORTED,
        twin: request.twin.as_ref().map(|twin| &*twin.id),
    })
}

fn with_found(values: &Value, found: &Found) -> Value {
    let version = found.version.as_deref().map_or_else(|| Value::null(Type::String), Value::string);
    values.with("installed", Value::bool(found.version.is_some())).with("installed_version", version)
}

fn no_apt(machine: &str) -> ProviderError {
    ProviderError::failed(format!("machine `{machine}` has no apt"))
        .remedy("Use a machine with Debian or Ubuntu, or install the software in the image.")
}

#[async_trait]
impl Resource for PackageResource {
    fn ty(&self) -> &'static str {
        "lab_package"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let mut found = Diagnostics::new();
        if let Some(name) = text(config, "name").filter(|name| !is_package(name)) {
            let what = format!("`{}` cannot be the name of a Debian package.", name.escape_debug());
            found.push(
                Diagnostic::error("package-name", "Invalid package name", what)
                    .remedy("Write the name alone, such as `mosquitto`; a version goes into `version`.")
                    .attribute(AttrPath::attr("name")),
            );
        }
        if let Some(version) = text(config, "version").filter(|version| !is_version(version)) {
            let what = format!("`{}` cannot be the version of a Debian package.", version.escape_debug());
            found.push(
                Diagnostic::error("package-version", "Invalid package version", what)
                    .remedy("Write it whole, such as \"2.0.11-1.2+deb12u1\", or its beginning as in \"2.0.*\"; leave it out for any version.")
                    .attribute(AttrPath::attr("version")),
            );
        }
        let remedy =
            "List the package in the `packages` of the machine's `lab_image`, or give that image another flavor.";
        found.extend(machine::not_on_micro(config, "packages cannot be installed on it", remedy));
        found
    }

    async fn check(&self, _: &Context, planned: &[(InstanceAddr, Value)]) -> Result<Diagnostics, ProviderError> {
        // Several may want one package, as modules do, but not several versions of it.
        let mut versions: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        let key = |values: &'_ Value| -> Option<(String, String, String)> {
            let machine = values.get("machine")?.get("id")?.as_str()?;
            let owned = |name| text(values, name).map(str::to_owned);
            Some((machine.to_owned(), owned("name")?, owned("version")?))
        };
        let keys: Vec<_> = planned.iter().map(|(_, values)| key(values)).collect();
        for (machine, name, version) in keys.iter().flatten() {
            versions.entry((machine, name)).or_default().insert(version);
        }
        let torn = planned.iter().zip(&keys).filter(|(_, key)| {
            key.as_ref().is_some_and(|(machine, name, _)| versions[&(&**machine, &**name)].len() > 1)
        });
        let torn: Vec<(InstanceAddr, Value)> = torn.map(|(planned, _)| planned.clone()).collect();
        Ok(machine::twice(&torn, "version", "package", |values| text(values, "name").map(str::to_owned)))
    }

    fn locality(&self, values: &Value) -> Locality {
        machine::locality(values)
    }

    fn probe(&self, request: &ReadRequest) -> String {
        script::probe(text(&request.prior, "name").unwrap_or_default(), &request.identity.id)
    }

    fn observe(&self, request: &ReadRequest, output: &ProbeOutput) -> Result<Observed, ProviderError> {
        let found = outcome::found(&String::from_utf8_lossy(&output.stdout), output.status)?;
        // What was removed behind our back still has our mark: it is drift of the object, which is not gone for good.
        if found.version.is_none() && !found.marked {
            return Ok(Observed::Absent);
        }
        let values = with_found(&request.prior, &found);
        Ok(Observed::Present { values, private: request.private.clone(), boot_id: Some(output.boot_id.clone()) })
    }

    async fn plan(&self, _ctx: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let wanted = request.proposed.get("version").cloned().unwrap_or_else(|| Value::null(Type::String));
        let has = request.prior.as_ref().and_then(|p| text(p, "installed_version"));
        let version = match (wanted.is_known(), wanted.as_str(), has) {
            (true, pattern, Some(has)) if script::fits(has, pattern.unwrap_or_default()) => Value::string(has),
            (true, Some(exact), _) if !exact.ends_with('*') => Value::string(exact),
            _ => Value::unknown(Type::String),
        };
        let planned = request.proposed.with("installed", Value::bool(true)).with("installed_version", version);
        Ok(PlanResponse { planned: Some(planned), private: request.private, ..PlanResponse::default() })
    }

    async fn apply(&self, ctx: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        let none = || Err(ProviderError::failed("apt was not asked"));
        self.apply_together(vec![(ctx.clone(), request)]).await.pop().unwrap_or_else(none)
    }

    fn applied_together(&self) -> bool {
        true
    }

    async fn apply_together(
        &self,
        requests: Vec<(Context, ApplyRequest)>,
    ) -> Vec<Result<ApplyResponse, ProviderError>> {
        match self.transact(&requests).await {
            Ok(outcomes) => requests
                .iter()
                .map(|(_, request)| Self::conclude(request, outcomes.get(&request.identity.id)))
                .collect(),
            Err(error) => requests.iter().map(|_| Err(machine::again(&error))).collect(),
        }
    }

    async fn recover(&self, ctx: &Context, request: RecoverRequest) -> Result<Observed, ProviderError> {
        let values = request.planned.as_ref().or(request.prior.as_ref());
        let values = values.ok_or_else(|| ProviderError::failed("nothing is known of the package to recover"))?;
        let script = script::recover(text(values, "name").unwrap_or_default(), &request.identity.id);
        let (output, boot_id) = machine::probe(ctx, &*self.shell, values, &script).await?;
        let found = outcome::found(&String::from_utf8_lossy(&output.stdout), output.status)?;
        if !found.marked {
            return Ok(Observed::Absent);
        }
        Ok(Observed::Present { values: with_found(values, &found), private: Vec::new(), boot_id: Some(boot_id) })
    }

    async fn import(&self, ctx: &Context, request: ImportRequest) -> Result<Observed, ProviderError> {
        let name = &request.id;
        if !is_package(name) {
            return Err(ProviderError::failed(format!("`{name}` cannot be the name of a package"))
                .remedy("Import it by its name, such as `mosquitto`."));
        }
        let values = machine::imported(&self.schema, &request, "name")?;
        let (output, boot_id) =
            machine::probe(ctx, &*self.shell, &values, &script::probe(name, &request.identity.id)).await?;
        let found = outcome::found(&String::from_utf8_lossy(&output.stdout), output.status)?;
        if found.version.is_none() {
            return Ok(Observed::Absent);
        }
        let values = with_found(&values, &found);
        Ok(Observed::Present { values, private: machine::IMPORTED.to_vec(), boot_id: Some(boot_id) })
    }

    fn claims(&self, _action: Action, values: &Value) -> Vec<Claim> {
        machine::claims(values)
    }
}

/// Debian policy §5.6.1, with an architecture behind a colon where one is named.
fn is_package(name: &str) -> bool {
    let (name, architecture) = name.split_once(':').unwrap_or((name, "any"));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() >= 2
        && name.starts_with(plain)
        && name.chars().all(|c| plain(c) || "+-.".contains(c))
        && !architecture.is_empty()
        && architecture.chars().all(|c| plain(c) || c == '-')
}

/// Debian policy §5.6.12, with a `*` at the end where the rest is left open.
fn is_version(version: &str) -> bool {
    let stem = version.strip_suffix('*').unwrap_or(version);
    version != "*"
        && stem.starts_with(|c: char| c.is_ascii_digit())
        && stem.chars().all(|c| c.is_ascii_alphanumeric() || ".+~:-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_are_debians() {
        assert!(["mosquitto", "g++", "libc6:amd64", "0ad"].iter().all(|n| is_package(n)));
        assert!(
            ["", "a", "Mosquitto", "-x", "a=1", "a b", "a:", "a;b", "a-"].iter().filter(|n| is_package(n)).eq(&["a-"])
        );
        assert!(["1", "1.2-3+deb12u1", "2:1.0~rc1", "1.2*"].iter().all(|v| is_version(v)));
        assert!(!["", "*", "v1", "1 2", "1*2", "$(x)"].iter().any(|v| is_version(v)));
    }
}
