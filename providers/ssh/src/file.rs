//! `lab_file`: a file or a folder on a machine.

mod kind;
mod observe;
mod script;

use std::sync::Arc;

use async_trait::async_trait;
use cplan_model::{Action, Attribute, Diagnostics, InstanceAddr, Schema, Type, Value};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Claim, Context, ErrorKind, ImportRequest, Locality, Observed, Output, PlanRequest,
    PlanResponse, ProbeOutput, ProviderError, ReadRequest, RecoverRequest, Resource, Shell,
};

use crate::machine::{self, IMPORTED, sha256, text};
use kind::Kind;

/// A file with its content, mode and owner, or a folder. Its mark is a file in `/var/lib/cplan/owned` on the machine,
/// named by the identity, holding the path and the digest of the content; a file without a mark is not overwritten by a
/// create (unless it is the same already, or the block says so) and never deleted. What was there before comes back.
pub struct FileResource {
    shell: Arc<dyn Shell>,
    schema: Schema,
}

impl FileResource {
    /// Files written over `shell`.
    pub fn new(shell: Arc<dyn Shell>) -> Self {
        let text = |doc| Attribute::optional(Type::String, doc);
        let schema = Schema::new(
            "A file or a folder on a machine; a file is written atomically.",
            [
                ("machine", machine::attribute()),
                ("path", Attribute::required(Type::String, "The absolute path on the machine.").replaces()),
                ("content", text("The content; `templatefile()` makes one of a template.")),
                ("source", text("Instead of `content`: a file of this host, relative to where cplan runs.")),
                (
                    "directory",
                    Attribute::optional(Type::Bool, "Whether it is a folder; what others put there stays.").replaces(),
                ),
                (
                    "mode",
                    Attribute::optional_computed(
                        Type::String,
                        "The permissions in octal; `0644` by default, `0755` for folders and for executable sources.",
                    ),
                ),
                ("owner", text("The user that owns it, by name or number; left alone by default.")),
                ("group", text("The group that owns it, by name or number; left alone by default.")),
                (
                    "overwrite",
                    Attribute::optional(
                        Type::Bool,
                        "Whether a file that is there and differs gives way; it comes back when this one goes.",
                    ),
                ),
                ("sha256", Attribute::computed(Type::String, "The sha256 of the content, in hexadecimal.")),
                ("written", Attribute::computed(Type::String, "The run that wrote it last; changes with every write.")),
            ],
        );
        FileResource { shell, schema }
    }

    async fn delete(
        &self,
        ctx: &Context,
        request: &ApplyRequest,
        prior: Value,
    ) -> Result<ApplyResponse, ProviderError> {
        let path = text(&prior, "path").unwrap_or_default();
        let script = script::delete(path, &request.identity.id, request.private == IMPORTED);
        let output = self.shell.run(ctx, &machine::access(&prior)?, &script, b"").await?;
        ctx.progress.log_errors(&String::from_utf8_lossy(&output.stderr));
        match output.status {
            0 => Ok(ApplyResponse { values: prior, private: Vec::new(), boot_id: None }),
            status => Err(failed("delete", path, status, &output)),
        }
    }
}

#[async_trait]
impl Resource for FileResource {
    fn ty(&self) -> &'static str {
        "lab_file"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        kind::validate(config)
    }

    async fn check(&self, _: &Context, planned: &[(InstanceAddr, Value)]) -> Result<Diagnostics, ProviderError> {
        // However many slashes are written.
        let parts =
            |path: &str| path.split('/').filter(|part| !part.is_empty()).map(|part| format!("/{part}")).collect();
        Ok(machine::twice(planned, "path", "path", |values| text(values, "path").map(parts)))
    }

    fn locality(&self, values: &Value) -> Locality {
        machine::locality(values)
    }

    fn probe(&self, request: &ReadRequest) -> String {
        let path = text(&request.prior, "path").unwrap_or_default();
        script::probe(path, &request.identity.id, text(&request.prior, "sha256").unwrap_or_default())
    }

    fn observe(&self, request: &ReadRequest, output: &ProbeOutput) -> Result<Observed, ProviderError> {
        observe::observe(&request.prior, &output.stdout, output.status, &request.private, &output.boot_id)
    }

    async fn plan(&self, _ctx: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let mut planned = request.proposed;
        let kind = Kind::of(&planned);
        if request.config.get("mode").is_none_or(Value::is_null) {
            let mode = kind.as_ref().map_or_else(|| Value::unknown(Type::String), |k| Value::string(k.mode()));
            planned = planned.with("mode", mode);
        }
        let digest = match &kind {
            Some(kind) => Value::string(kind.bytes()?.map(|b| sha256(&b)).unwrap_or_default()),
            None => Value::unknown(Type::String),
        };
        planned = planned.with("sha256", digest);
        // What is as it should be is not written.
        let same = |prior: &&Value| {
            let names = ["path", "mode", "owner", "group", "directory", "sha256"];
            names.iter().all(|n| planned.get(n).is_some_and(|v| v.is_wholly_known() && prior.get(n) == Some(v)))
        };
        let written = request.prior.as_ref().filter(same).map(|p| text(p, "written").unwrap_or_default());
        let written = written.map_or_else(|| Value::unknown(Type::String), Value::string);
        Ok(PlanResponse {
            planned: Some(planned.with("written", written)),
            private: request.private,
            ..PlanResponse::default()
        })
    }

    async fn apply(&self, ctx: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        let Some(planned) = &request.planned else {
            let prior =
                request.prior.clone().ok_or_else(|| ProviderError::failed("a delete of nothing was asked for"))?;
            return self.delete(ctx, &request, prior).await;
        };
        let known = || ProviderError::failed("the content of the file is not known");
        let kind = Kind::of(planned).ok_or_else(known)?;
        let (path, mode) = (text(planned, "path").unwrap_or_default(), text(planned, "mode").unwrap_or(kind.mode()));
        let content = kind.bytes()?;
        let digest = content.as_deref().map(sha256);
        if digest.as_deref().unwrap_or_default() != text(planned, "sha256").unwrap_or_default() {
            let what = format!("the source of `{path}` has changed since the plan was made");
            return Err(ProviderError::new(ErrorKind::Conflict, what).remedy("Plan again."));
        }
        let (owner, group) = (text(planned, "owner").unwrap_or_default(), text(planned, "group"));
        let owner = group.map_or_else(|| owner.to_owned(), |group| format!("{owner}:{group}"));
        ctx.progress.log(&match &content {
            Some(content) => format!("writing {path}: {} bytes, mode {mode}\n", content.len()),
            None => format!("making the folder {path}, mode {mode}\n"),
        });
        let write = script::Write {
            path,
            mode,
            owner: &owner,
            digest: digest.as_deref(),
            id: &request.identity.id,
            run: text(planned, "written").unwrap_or(&request.run),
            create: request.prior.is_none(),
            overwrite: planned.get("overwrite").and_then(Value::as_bool) == Some(true),
            twin: request.twin.as_ref().map(|twin| &*twin.id),
        };
        let access = machine::access(planned)?;
        let output = self.shell.run(ctx, &access, &write.script(), &content.unwrap_or_default()).await?;
        if output.status != 0 {
            return Err(failed("write", path, output.status, &output));
        }
        let boot_id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let values = planned.with("written", Value::string(write.run));
        Ok(ApplyResponse { values, private: Vec::new(), boot_id: Some(boot_id) })
    }

    async fn recover(&self, ctx: &Context, request: RecoverRequest) -> Result<Observed, ProviderError> {
        let values = request.planned.as_ref().or(request.prior.as_ref());
        let values = values.ok_or_else(|| ProviderError::failed("nothing is known of the file to recover"))?;
        let path = text(values, "path").unwrap_or_default();
        let script = script::recover(path, &request.identity.id, text(values, "sha256").unwrap_or_default());
        let (output, boot_id) = machine::probe(ctx, &*self.shell, values, &script).await?;
        observe::observe(values, &output.stdout, output.status, &request.private, &boot_id)
    }

    async fn import(&self, ctx: &Context, request: ImportRequest) -> Result<Observed, ProviderError> {
        let mut values = machine::imported(&self.schema, &request, "path")?;
        for name in ["content", "source", "directory", "owner", "group", "overwrite"] {
            values = values.with(
                name,
                request.config.get(name).filter(|v| v.is_known()).cloned().unwrap_or_else(|| {
                    Value::null(if matches!(name, "directory" | "overwrite") { Type::Bool } else { Type::String })
                }),
            );
        }
        // A content that is not known yet is read.
        if Kind::of(&values).is_none() {
            values = values.with("content", Value::string(""));
        }
        let values = values.with("written", Value::string("")).with("sha256", Value::string(""));
        if !kind::is_path(&request.id) {
            let what = format!("`{}` is not the absolute path of a file", request.id);
            return Err(
                ProviderError::failed(what).remedy("Import it by its path on the machine, such as `/etc/motd`.")
            );
        }
        let script = script::probe(&request.id, &request.identity.id, "");
        let (output, boot_id) = machine::probe(ctx, &*self.shell, &values, &script).await?;
        if observe::is_another_kind(&values, &output.stdout) {
            let wanted = if Kind::of(&values) == Some(Kind::Folder) { "no folder" } else { "no regular file" };
            return Err(ProviderError::failed(format!("`{}` is {wanted}", request.id))
                .remedy("Set `directory = true` for a folder, and `content` or `source` for a file."));
        }
        observe::observe(&values, &output.stdout, output.status, IMPORTED, &boot_id)
    }

    fn claims(&self, _action: Action, values: &Value) -> Vec<Claim> {
        machine::claims(values)
    }
}

fn failed(what: &str, path: &str, status: i32, output: &Output) -> ProviderError {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let conflict = |why: &str| {
        ProviderError::new(ErrorKind::Conflict, format!("`{path}` is there already{why}"))
            .remedy("Move it away on the machine, or choose another path.")
    };
    match status {
        script::FOREIGN => conflict(", with another content, and is not ours")
            .remedy("Move it away on the machine, choose another path, or set `overwrite = true`: it comes back when this file goes."),
        script::OTHER_KIND => conflict(" and is something else"),
        script::TORN => ProviderError::new(ErrorKind::Transient, format!("the content of `{path}` arrived incomplete")),
        script::NO_OWNER => ProviderError::failed(format!("`{path}` cannot be given to its owner"))
            .remedy("Let the file depend on what makes the user, such as a `lab_package`.")
            .details(said),
        status => {
            ProviderError::failed(format!("cannot {what} the file `{path}`: the script ended with status {status}"))
                .details(said)
        }
    }
}
