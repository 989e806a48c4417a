//! A provider assembled from resource types of several crates.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use cplan_model::{Diagnostics, Schema, Value};
use futures::future::join_all;

use crate::{
    Access, Context, DataSource, ErrorKind, Locality, Observed, ProbeOutput, Provider, ProviderError, ReadRequest,
    Resource, Shell,
};

type Configure = dyn Fn(&Value) -> Result<Diagnostics, ProviderError> + Send + Sync;

/// A provider made of parts; reads are grouped by [`Locality`].
pub struct Assembly {
    name: String,
    schema: Schema,
    shell: Arc<dyn Shell>,
    configure: Box<Configure>,
    resources: BTreeMap<&'static str, Box<dyn Resource>>,
    data_sources: BTreeMap<&'static str, Box<dyn DataSource>>,
}

impl Assembly {
    /// An empty provider; `configure` takes the values of the `provider` block.
    pub fn new(
        name: &str,
        schema: Schema,
        shell: Arc<dyn Shell>,
        configure: impl Fn(&Value) -> Result<Diagnostics, ProviderError> + Send + Sync + 'static,
    ) -> Self {
        Assembly {
            name: name.to_owned(),
            schema,
            shell,
            configure: Box::new(configure),
            resources: BTreeMap::new(),
            data_sources: BTreeMap::new(),
        }
    }

    /// With a resource type.
    #[must_use]
    pub fn resource(mut self, resource: impl Resource + 'static) -> Self {
        self.resources.insert(resource.ty(), Box::new(resource));
        self
    }

    /// With a data source.
    #[must_use]
    pub fn data_source(mut self, source: impl DataSource + 'static) -> Self {
        self.data_sources.insert(source.ty(), Box::new(source));
        self
    }

    async fn read_batch(
        &self,
        ctx: &Context,
        ty: &str,
        requests: Vec<(usize, ReadRequest)>,
    ) -> Vec<(usize, Result<Observed, ProviderError>)> {
        let (positions, requests): (Vec<_>, Vec<_>) = requests.into_iter().unzip();
        let Some(resource) = self.resources.get(ty) else {
            let error = || Err(ProviderError::failed(format!("provider `{}` has no resource type `{ty}`", self.name)));
            return positions.into_iter().map(|p| (p, error())).collect();
        };
        positions.into_iter().zip(resource.read(ctx, requests).await).collect()
    }

    async fn read_machine(
        &self,
        ctx: &Context,
        access: &Access,
        requests: Vec<(usize, String, ReadRequest)>,
    ) -> Vec<(usize, Result<Observed, ProviderError>)> {
        let fragments: Vec<String> = requests
            .iter()
            .map(|(_, ty, request)| self.resources.get(ty.as_str()).map(|r| r.probe(request)).unwrap_or_default())
            .collect();
        let outputs = match self.shell.look(ctx, access, &compose(&fragments)).await {
            Ok(output) => split(&output.stdout, fragments.len()),
            // Who is not let in cannot tell either; what lets us in may stand in the configuration by now.
            Err(error) if matches!(error.kind, ErrorKind::Transient | ErrorKind::Denied) => {
                let reason = match error.kind {
                    ErrorKind::Denied => error.message,
                    _ => format!("machine `{}` does not answer: {}", access.name, error.message),
                };
                return requests
                    .into_iter()
                    .map(|(p, ..)| (p, Ok(Observed::Unreachable { reason: reason.clone() })))
                    .collect();
            }
            Err(error) => {
                let again = || {
                    let mut e = ProviderError::new(error.kind, error.message.clone());
                    e.remedy.clone_from(&error.remedy);
                    e.details.clone_from(&error.details);
                    e
                };
                return requests.into_iter().map(|(p, ..)| (p, Err(again()))).collect();
            }
        };
        let mut results = Vec::with_capacity(requests.len());
        for (i, (position, ty, request)) in requests.into_iter().enumerate() {
            let result = match (self.resources.get(ty.as_str()), outputs.get(i).and_then(Option::as_ref)) {
                (Some(resource), Some(output)) => resource.observe(&request, output),
                (None, _) => Err(ProviderError::failed(format!("there is no resource type `{ty}`"))),
                (_, None) => Err(ProviderError::new(
                    ErrorKind::Transient,
                    format!("machine `{}` broke off while it was read", access.name),
                )),
            };
            results.push((position, result));
        }
        results
    }
}

/// One script of all fragments: each in a subshell, framed by its status and its length in bytes. The shell does it
/// alone: a program more costs tens of milliseconds on an emulated machine. A NUL byte in an output is dropped.
fn compose(fragments: &[String]) -> String {
    let mut script = String::from("LC_ALL=C; read -r boot </proc/sys/kernel/random/boot_id\n");
    for (i, fragment) in fragments.iter().enumerate() {
        // The `x` keeps line ends at the end, which the shell would cut off.
        let _ = writeln!(script, "o=$( (\n:\n{fragment}\n) </dev/null 2>/dev/null; s=$?; printf x; exit $s); s=$?");
        let _ = writeln!(script, "echo \"cplan-probe {i} $s $boot $((${{#o}} - 1))\"; printf '%s\\n' \"$o\"");
    }
    script
}

fn split(stdout: &[u8], count: usize) -> Vec<Option<ProbeOutput>> {
    let mut outputs = vec![None; count];
    let mut rest = stdout;
    while let Some(end) = rest.iter().position(|b| *b == b'\n') {
        let header = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = &rest[end + 1..];
        let words: Vec<&str> = header.split_whitespace().collect();
        let ["cplan-probe", index, status, boot_id, length] = words[..] else { continue };
        let (Ok(index), Ok(status), Ok(length)) =
            (index.parse::<usize>(), status.parse::<i32>(), length.parse::<usize>())
        else {
            continue;
        };
        if index >= count || rest.len() < length {
            break;
        }
        outputs[index] = Some(ProbeOutput { stdout: rest[..length].to_vec(), status, boot_id: boot_id.to_owned() });
        rest = &rest[length..];
    }
    outputs
}

#[async_trait]
impl Provider for Assembly {
    fn name(&self) -> &str {
        &self.name
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    async fn configure(&self, _ctx: &Context, config: &Value) -> Result<Diagnostics, ProviderError> {
        (self.configure)(config)
    }

    fn resource(&self, ty: &str) -> Option<&dyn Resource> {
        self.resources.get(ty).map(|r| &**r)
    }

    fn data_source(&self, ty: &str) -> Option<&dyn DataSource> {
        self.data_sources.get(ty).map(|d| &**d)
    }

    fn resource_types(&self) -> Vec<&'static str> {
        self.resources.keys().copied().collect()
    }

    fn data_source_types(&self) -> Vec<&'static str> {
        self.data_sources.keys().copied().collect()
    }

    async fn read(&self, ctx: &Context, requests: Vec<(String, ReadRequest)>) -> Vec<Result<Observed, ProviderError>> {
        let count = requests.len();
        let mut batches: BTreeMap<(String, String), Vec<(usize, ReadRequest)>> = BTreeMap::new();
        let mut machines: BTreeMap<String, (Access, Vec<(usize, String, ReadRequest)>)> = BTreeMap::new();
        for (position, (ty, request)) in requests.into_iter().enumerate() {
            let locality = self.resources.get(ty.as_str()).map_or(Locality::Anywhere, |r| r.locality(&request.prior));
            match locality {
                Locality::Anywhere => batches.entry((ty, String::new())).or_default().push((position, request)),
                Locality::Host(host) => batches.entry((ty, host)).or_default().push((position, request)),
                Locality::Machine(access) => machines
                    .entry(format!("{}@{}:{}", access.id, access.address, access.port))
                    .or_insert_with(|| (access, Vec::new()))
                    .1
                    .push((position, ty, request)),
            }
        }
        let batch_reads = join_all(
            batches.into_iter().map(|((ty, _), requests)| async move { self.read_batch(ctx, &ty, requests).await }),
        );
        let machine_reads = join_all(
            machines
                .into_values()
                .map(|(access, requests)| async move { self.read_machine(ctx, &access, requests).await }),
        );
        let (by_batch, by_machine) = futures::join!(batch_reads, machine_reads);
        let mut results: Vec<_> =
            (0..count).map(|_| Err(ProviderError::failed("the provider gave no answer to a read"))).collect();
        for (position, result) in by_batch.into_iter().chain(by_machine).flatten() {
            results[position] = result;
        }
        results
    }

    async fn close(&self) {
        self.shell.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_any_output() {
        let fragments = vec![
            "printf 'a\\ncplan-probe 1 0 x 3\\n'".to_owned(),
            "printf b; exit 3".to_owned(),
            String::new(),
            "case x in x) cat <<END\nßé\nEND\n;; esac # a comment".to_owned(),
        ];
        for shell in ["dash", "bash"] {
            let output = std::process::Command::new(shell).arg("-c").arg(compose(&fragments)).output().unwrap();
            let outputs = split(&output.stdout, 4);
            let outputs: Vec<&ProbeOutput> = outputs.iter().map(|o| o.as_ref().unwrap()).collect();
            assert_eq!(outputs[0].stdout, b"a\ncplan-probe 1 0 x 3\n", "{shell}");
            assert_eq!((outputs[1].status, &outputs[1].stdout[..]), (3, &b"b"[..]));
            assert!(outputs[2].stdout.is_empty());
            assert_eq!(String::from_utf8_lossy(&outputs[3].stdout), "ßé\n", "{shell}");
            assert!(outputs.iter().all(|o| o.boot_id.len() == 36));
        }
    }
}
