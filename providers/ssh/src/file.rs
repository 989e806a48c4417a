//! `lab_file`: a file on a machine.

mod observe;
mod script;

use std::sync::Arc;

use async_trait::async_trait;
use cplan_model::{Action, AttrPath, Attribute, Diagnostic, Diagnostics, Schema, Type, Value};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Claim, Context, ErrorKind, Locality, Observed, Output, PlanRequest, PlanResponse,
    ProbeOutput, ProviderError, ReadRequest, RecoverRequest, Resource, Shell,
};

use crate::machine::{self, sha256, text};

const DEFAULT_MODE: &str = "0644";

/// A file with its content and mode. Its mark is a file in `/var/lib/cplan/owned` on the machine, named by the
/// identity, holding the path and the digest of the content; a file without a mark is never overwritten by a create
/// (unless it is the same already) and never deleted.
pub struct FileResource {
    shell: Arc<dyn Shell>,
    schema: Schema,
}

impl FileResource {
    /// Files written over `shell`.
    pub fn new(shell: Arc<dyn Shell>) -> Self {
        let schema = Schema::new(
            "A file on a machine, written atomically.",
            [
                ("machine", machine::attribute()),
                ("path", Attribute::required(Type::String, "The absolute path on the machine.").replaces()),
                ("content", Attribute::required(Type::String, "The content.")),
                ("mode", Attribute::optional_computed(Type::String, "The permissions in octal, `0644` by default.")),
                ("sha256", Attribute::computed(Type::String, "The sha256 of the content, in hexadecimal.")),
            ],
        );
        FileResource { shell, schema }
    }

    async fn run(&self, ctx: &Context, values: &Value, script: &str, stdin: &[u8]) -> Result<Output, ProviderError> {
        self.shell.run(ctx, &machine::access(values)?, script, stdin).await
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
        let mut found = Diagnostics::new();
        if let Some(path) = text(config, "path").filter(|p| !p.starts_with('/') || p.ends_with('/') || p.contains('\n'))
        {
            let what = format!("The path `{}` is not the absolute path of a file.", path.escape_debug());
            let problem = Diagnostic::error("file-path-not-absolute", "Invalid path", what)
                .remedy("Write a path that begins with `/` and ends in a file name.");
            found.push(problem.attribute(AttrPath::attr("path")));
        }
        if let Some(mode) = text(config, "mode").filter(|m| parse_mode(m).is_none()) {
            let problem =
                Diagnostic::error("file-mode-invalid", "Invalid mode", format!("`{mode}` is not a file mode."))
                    .remedy("Write three or four octal digits, such as \"0644\".");
            found.push(problem.attribute(AttrPath::attr("mode")));
        }
        found
    }

    fn locality(&self, values: &Value) -> Locality {
        machine::locality(values)
    }

    fn probe(&self, request: &ReadRequest) -> String {
        script::probe(text(&request.prior, "path").unwrap_or_default(), &digest(&request.prior))
    }

    fn observe(&self, request: &ReadRequest, output: &ProbeOutput) -> Result<Observed, ProviderError> {
        observe::observe(&request.prior, output)
    }

    async fn plan(&self, _ctx: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let unset = request.config.get("mode").is_none_or(Value::is_null);
        let mut planned = request.proposed;
        if unset {
            planned = planned.with("mode", Value::string(DEFAULT_MODE));
        }
        let digest = match text(&planned, "content") {
            Some(content) => Value::string(sha256(content.as_bytes())),
            None => Value::unknown(Type::String),
        };
        Ok(PlanResponse { planned: Some(planned.with("sha256", digest)), ..PlanResponse::default() })
    }

    async fn apply(&self, ctx: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        let Some(planned) = request.planned else {
            let prior = request.prior.ok_or_else(|| ProviderError::failed("a delete of nothing was asked for"))?;
            let path = text(&prior, "path").unwrap_or_default();
            let output = self.run(ctx, &prior, &script::delete(path, &request.identity.id), b"").await?;
            return match output.status {
                0 => Ok(ApplyResponse { values: prior, private: Vec::new(), boot_id: None }),
                status => Err(failed("delete", path, status, &output)),
            };
        };
        let (path, mode) = (text(&planned, "path").unwrap_or_default(), text(&planned, "mode").unwrap_or(DEFAULT_MODE));
        let content = text(&planned, "content").unwrap_or_default();
        ctx.progress.log(&format!("writing {path}: {} bytes, mode {mode}\n", content.len()));
        let write = script::Write {
            path,
            mode,
            digest: &sha256(content.as_bytes()),
            id: &request.identity.id,
            create: request.prior.is_none(),
        };
        let output = self.run(ctx, &planned, &write.script(), content.as_bytes()).await?;
        if output.status != 0 {
            return Err(failed("write", path, output.status, &output));
        }
        let boot_id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let values = planned.with("sha256", Value::string(write.digest));
        Ok(ApplyResponse { values, private: Vec::new(), boot_id: Some(boot_id) })
    }

    async fn recover(&self, ctx: &Context, request: RecoverRequest) -> Result<Observed, ProviderError> {
        let values = request.planned.as_ref().or(request.prior.as_ref());
        let values = values.ok_or_else(|| ProviderError::failed("nothing is known of the file to recover"))?;
        let path = text(values, "path").unwrap_or_default();
        let probe = script::recover(path, &request.identity.id, &digest(values));
        let output = self.run(ctx, values, &probe, b"").await?;
        let (boot_id, rest) = split_line(&output.stdout);
        let found = ProbeOutput { stdout: rest.to_vec(), status: output.status, boot_id };
        observe::observe(values, &found)
    }

    fn claims(&self, _action: Action, values: &Value) -> Vec<Claim> {
        machine::claims(values)
    }
}

fn digest(values: &Value) -> String {
    text(values, "content").map(|c| sha256(c.as_bytes())).unwrap_or_default()
}

fn parse_mode(mode: &str) -> Option<u32> {
    let digits = matches!(mode.len(), 3..=4) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    u32::from_str_radix(mode, 8).ok().filter(|_| digits)
}

fn split_line(bytes: &[u8]) -> (String, &[u8]) {
    let end = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
    (String::from_utf8_lossy(&bytes[..end]).into_owned(), bytes.get(end + 1..).unwrap_or_default())
}

fn failed(what: &str, path: &str, status: i32, output: &Output) -> ProviderError {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match status {
        script::FOREIGN => ProviderError::new(
            ErrorKind::Conflict,
            format!("the file `{path}` is there already, with another content, and is not ours"),
        )
        .remedy("Move it away on the machine, or choose another path."),
        script::NOT_A_FILE => {
            ProviderError::new(ErrorKind::Conflict, format!("`{path}` is there already and is not a regular file"))
                .remedy("Move it away on the machine, or choose another path.")
        }
        script::TORN => ProviderError::new(ErrorKind::Transient, format!("the content of `{path}` arrived incomplete")),
        status => {
            ProviderError::failed(format!("cannot {what} the file `{path}`: the script ended with status {status}"))
                .details(said)
        }
    }
}
