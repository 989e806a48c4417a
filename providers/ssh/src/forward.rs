//! `lab_forward`: a port of this host that leads to a machine or to a service behind it.

mod process;
mod tunnel;

use std::net::IpAddr;

use async_trait::async_trait;
use cplan_model::{Action, AttrPath, Attribute, Diagnostic, Diagnostics, InstanceAddr, Schema, Type, Value};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Claim, Context, ImportRequest, Locality, Observed, PlanRequest, PlanResponse,
    ProviderError, ReadRequest, RecoverRequest, Resource,
};
use futures::{StreamExt, stream};

use crate::machine::{self, text};
use process::Process;
use tunnel::{Route, Tunnel};

const LOOPBACK: &str = "127.0.0.1";
/// sshd begins to refuse connections that are not through with it yet from ten on (sshd_config(5), `MaxStartups`).
const OPENED_AT_ONCE: usize = 8;

/// A forward is an ssh process of its own on this host, which lives on when cplan ends. It is known by the identity of
/// the object, which stands in its arguments; an imported one by its pid and start time. It outlives nothing: destroy
/// ends it, and it ends by itself when its machine does.
#[derive(Debug)]
pub struct ForwardResource {
    schema: Schema,
}

impl Default for ForwardResource {
    fn default() -> Self {
        let address = |doc| Attribute::optional_computed(Type::String, doc);
        let schema = Schema::new(
            "A port of this host that leads over ssh to a machine, or to a service that the machine reaches.",
            [
                ("machine", machine::attribute()),
                ("local_address", address("Where this host listens; \"127.0.0.1\" by default, so for this host only.")),
                (
                    "local_port",
                    Attribute::optional_computed(Type::Number, "The port of this host; a free one by default."),
                ),
                ("remote_address", address("Where the machine goes on to; itself by default.")),
                ("remote_port", Attribute::required(Type::Number, "The port there.")),
                ("open", Attribute::computed(Type::Bool, "Whether the forward is alive.")),
                ("endpoint", Attribute::computed(Type::String, "Where this host listens: `ADDRESS:PORT`.")),
            ],
        );
        ForwardResource { schema }
    }
}

fn port(values: &Value, name: &str) -> Option<u16> {
    values.get(name).and_then(Value::as_u64).and_then(|n| u16::try_from(n).ok())
}

fn route(values: &Value) -> Result<Route, ProviderError> {
    let unknown = || ProviderError::failed("where the forward leads is not known");
    Ok(Route {
        local_address: text(values, "local_address").unwrap_or(LOOPBACK).to_owned(),
        local_port: port(values, "local_port"),
        remote_address: text(values, "remote_address").unwrap_or(LOOPBACK).to_owned(),
        remote_port: port(values, "remote_port").ok_or_else(unknown)?,
    })
}

/// The values of a forward that listens on a port.
fn at_port(values: &Value, port: u16) -> Value {
    values.with("local_port", Value::number(u32::from(port))).with("endpoint", endpoint(values, port))
}

fn endpoint(values: &Value, port: u16) -> Value {
    let address = text(values, "local_address").unwrap_or(LOOPBACK);
    Value::string(if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") })
}

/// What a read finds: a process that leads where the values say, or none.
fn look(values: &Value, id: &str, private: &[u8], ctx: &Context, all: &[Process]) -> bool {
    let imported = std::str::from_utf8(private).ok().and_then(Process::named);
    let tunnel = Tunnel::new(ctx.data_dir(), id);
    let own = tunnel.among(all);
    let wanted = route(values).ok();
    own.into_iter().chain(&imported).any(|p| Route::of(p) == wanted)
}

/// Whether the port of a planned forward is held by an ssh process that leads just there, or by one of this folder's: which makes
/// way, as all of them are ended before the next is begun on its port.
fn held_by_a_forward(ctx: &Context, values: &Value) -> bool {
    let (own, wanted) = (ctx.data_dir().join("forwards").display().to_string(), route(values).ok());
    let of_folder = |p: &Process| p.arguments.iter().any(|argument| argument.contains(&own));
    let at = |r: &Route| wanted.as_ref().is_some_and(|wanted| wanted.local_port == r.local_port);
    let mut held = Process::all().into_iter().filter_map(|p| Some((Route::of(&p).filter(at)?, p)));
    held.any(|(route, p)| of_folder(&p) || Some(&route) == wanted.as_ref())
}

/// Ends every process of a forward.
fn end(id: &str, private: &[u8], ctx: &Context) -> Result<(), ProviderError> {
    let all = Process::all();
    let imported = std::str::from_utf8(private).ok().and_then(Process::named);
    for process in Tunnel::new(ctx.data_dir(), id).among(&all).into_iter().chain(&imported) {
        ctx.progress.log(&format!("ending ssh process {}\n", process.name()));
        process.end().map_err(|e| ProviderError::failed("the ssh process of the forward cannot be ended").source(e))?;
    }
    Ok(())
}

/// Ends the forward that another one takes the place of, if it listens where that one is to.
fn make_way(twin: &str, route: &Route, ctx: &Context) -> Result<(), ProviderError> {
    let all = Process::all();
    let holds = Tunnel::new(ctx.data_dir(), twin)
        .among(&all)
        .into_iter()
        .filter_map(Route::of)
        .any(|held| route.local_port.is_some() && held.local_port == route.local_port);
    if holds { end(twin, &[], ctx) } else { Ok(()) }
}

/// Runs what may wait for the network or for a process.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProviderError> + Send + 'static,
) -> Result<T, ProviderError> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|e| ProviderError::failed("the work on the forward broke off").source(e))?
}

#[async_trait]
impl Resource for ForwardResource {
    fn ty(&self) -> &'static str {
        "lab_forward"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let mut found = Diagnostics::new();
        for name in ["local_port", "remote_port"] {
            let value = config.get(name).filter(|v| v.is_known() && !v.is_null());
            if value.is_some_and(|v| !matches!(v.as_u64(), Some(1..=65535))) {
                let what = format!("{:?} is not a port.", value.unwrap_or(config));
                let problem = Diagnostic::error("forward-port", "Invalid port", what)
                    .remedy("Write a whole number from 1 to 65535; leave `local_port` out for a free one.");
                found.push(problem.attribute(AttrPath::attr(name)));
            }
        }
        if let Some(address) = text(config, "local_address").filter(|a| a.parse::<IpAddr>().is_err()) {
            let what = format!("`{}` is not an address of this host.", address.escape_debug());
            let problem = Diagnostic::error("forward-local-address", "Invalid local address", what)
                .remedy("Write an IP address such as \"127.0.0.1\", or \"0.0.0.0\" for all.");
            found.push(problem.attribute(AttrPath::attr("local_address")));
        }
        let plain = |a: &str| {
            let name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
            a.parse::<IpAddr>().is_ok() || (!a.is_empty() && !a.starts_with('-') && a.chars().all(name))
        };
        if let Some(address) = text(config, "remote_address").filter(|a| !plain(a)) {
            let what = format!("`{}` is neither an IP address nor a host name.", address.escape_debug());
            let problem = Diagnostic::error("forward-remote-address", "Invalid remote address", what)
                .remedy("Write what the machine calls it, such as \"10.0.0.5\"; leave it out for the machine itself.");
            found.push(problem.attribute(AttrPath::attr("remote_address")));
        }
        found
    }

    async fn check(&self, ctx: &Context, planned: &[(InstanceAddr, Value)]) -> Result<Diagnostics, ProviderError> {
        let mut seen: Vec<(&str, u16, &InstanceAddr)> = Vec::new();
        let mut found = Diagnostics::new();
        for (address, values) in planned {
            let (Some(at), Some(port)) = (text(values, "local_address"), port(values, "local_port")) else { continue };
            let everywhere = |a: &str| matches!(a, "0.0.0.0" | "::");
            let clashes = |(other, taken, _): &&(&str, u16, &InstanceAddr)| {
                *taken == port && (*other == at || everywhere(other) || everywhere(at))
            };
            if let Some((_, _, first)) = seen.iter().find(clashes) {
                let said = format!("{first} and {address} both want the local port {port}.");
                found.push(
                    Diagnostic::error("forward-port-twice", "One port for two forwards", said)
                        .remedy("Choose another `local_port` for one of them, or leave it out for a free one.")
                        .address(address.clone())
                        .attribute(AttrPath::attr("local_port")),
                );
            }
            seen.push((at, port, address));
            if !held_by_a_forward(ctx, values) && tunnel::is_taken(at, port) {
                let said = format!("{address} wants the local port {port}, where another program listens already.");
                found.push(
                    Diagnostic::error("forward-port-taken", "Local port in use", said)
                        .remedy(format!(
                            "End that program (`ss -ltnp 'sport = :{port}'` names it), choose another `local_port`, or leave \
                             it out for a free one."
                        ))
                        .address(address.clone())
                        .attribute(AttrPath::attr("local_port")),
                );
            }
        }
        Ok(found)
    }

    fn locality(&self, _values: &Value) -> Locality {
        Locality::Host("local".to_owned())
    }

    async fn read(&self, ctx: &Context, requests: Vec<ReadRequest>) -> Vec<Result<Observed, ProviderError>> {
        let all = Process::all();
        let observed = |request: ReadRequest| {
            let open = look(&request.prior, &request.identity.id, &request.private, ctx, &all);
            // A dead one is not gone: its folder is there, and it is opened again where it was.
            if !open && !Tunnel::new(ctx.data_dir(), &request.identity.id).exists() && request.private.is_empty() {
                return Ok(Observed::Absent);
            }
            let values = request.prior.with("open", Value::bool(open));
            Ok(Observed::Present { values, private: request.private, boot_id: None })
        };
        requests.into_iter().map(observed).collect()
    }

    async fn plan(&self, ctx: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let mut planned = request.proposed;
        for name in ["local_address", "remote_address"] {
            if request.config.get(name).is_none_or(Value::is_null) {
                planned = planned.with(name, Value::string(LOOPBACK));
            }
        }
        // One that was free when it was chosen need not be when the forward is found dead.
        let chosen = request.config.get("local_port").is_none_or(Value::is_null);
        let dead = request.prior.as_ref().is_some_and(|p| p.get("open").and_then(Value::as_bool) == Some(false));
        if let (true, true, Some(at), Some(port)) =
            (chosen, dead, text(&planned, "local_address"), port(&planned, "local_port"))
            && tunnel::is_taken(at, port)
            && !held_by_a_forward(ctx, &planned)
        {
            planned = planned.with("local_port", Value::unknown(Type::Number));
        }
        let known = port(&planned, "local_port").filter(|_| planned.get("local_address").is_some_and(Value::is_known));
        let endpoint = known.map_or_else(|| Value::unknown(Type::String), |port| endpoint(&planned, port));
        let planned = planned.with("open", Value::bool(true)).with("endpoint", endpoint);
        Ok(PlanResponse { planned: Some(planned), private: request.private, ..PlanResponse::default() })
    }

    async fn apply(&self, ctx: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        let tunnel = Tunnel::new(ctx.data_dir(), &request.identity.id);
        let (own, id, private) = (ctx.clone(), request.identity.id, request.private);
        let Some(planned) = request.planned else {
            blocking(move || end(&id, &private, &own).and_then(|()| tunnel.clear())).await?;
            let prior = request.prior.unwrap_or_else(|| Value::null(Type::Dynamic));
            return Ok(ApplyResponse { values: prior, private: Vec::new(), boot_id: None });
        };
        let (access, route) = (machine::access(&planned)?, route(&planned)?);
        let creates = request.prior.is_none();
        let twin = request.twin.map(|twin| twin.id);
        let opened = blocking(move || {
            end(&id, &private, &own)?;
            if let Some(twin) = twin {
                make_way(&twin, &route, &own)?;
            }
            let opened = tunnel.open(&access, &route);
            if creates && opened.is_err() {
                // What was never open leaves nothing.
                tunnel.clear()?;
            }
            opened
        });
        let values = at_port(&planned, opened.await?).with("open", Value::bool(true));
        Ok(ApplyResponse { values, private: Vec::new(), boot_id: None })
    }

    fn applied_together(&self) -> bool {
        true
    }

    /// Ports change hands among forwards: all are ended before the first is opened.
    async fn apply_together(
        &self,
        requests: Vec<(Context, ApplyRequest)>,
    ) -> Vec<Result<ApplyResponse, ProviderError>> {
        for (ctx, request) in &requests {
            let (ctx, id, private) = (ctx.clone(), request.identity.id.clone(), request.private.clone());
            // What cannot be ended is told when it is its turn.
            let _ = blocking(move || end(&id, &private, &ctx)).await;
        }
        let applied = requests.into_iter().map(|(ctx, request)| async move { self.apply(&ctx, request).await });
        stream::iter(applied).buffered(OPENED_AT_ONCE).collect().await
    }

    async fn recover(&self, ctx: &Context, request: RecoverRequest) -> Result<Observed, ProviderError> {
        let values = request.planned.as_ref().or(request.prior.as_ref());
        let values = values.ok_or_else(|| ProviderError::failed("nothing is known of the forward to recover"))?;
        let tunnel = Tunnel::new(ctx.data_dir(), &request.identity.id);
        let all = Process::all();
        let own = tunnel.among(&all);
        let Some(is) = own.first().and_then(|p| Route::of(p)) else {
            if request.prior.is_some() && tunnel.exists() {
                let values = values.with("open", Value::bool(false));
                return Ok(Observed::Present { values, private: request.private, boot_id: None });
            }
            tunnel.clear()?;
            return Ok(Observed::Absent);
        };
        // A port that was to be chosen has been.
        let values = match is.local_port.filter(|_| port(values, "local_port").is_none()) {
            Some(port) => at_port(values, port),
            None => values.clone(),
        };
        let open = route(&values).ok() == Some(is);
        let values = values.with("open", Value::bool(open));
        Ok(Observed::Present { values, private: Vec::new(), boot_id: None })
    }

    async fn import(&self, _ctx: &Context, request: ImportRequest) -> Result<Observed, ProviderError> {
        let (address, wanted) = request.id.rsplit_once(':').unwrap_or((LOOPBACK, &request.id));
        let wanted: u16 = wanted.parse().map_err(|_| {
            ProviderError::failed(format!("`{}` is not a port of this host", request.id))
                .remedy("Import a running `ssh -L` by its local port, such as \"8080\" or \"0.0.0.0:8080\".")
        })?;
        let listens = |route: &Route| route.local_port == Some(wanted) && route.local_address == address;
        let found = Process::all().into_iter().find_map(|p| Some((Route::of(&p).filter(listens)?, p)));
        let Some((route, process)) = found else { return Ok(Observed::Absent) };
        let values = machine::imported(&self.schema, &request, "local_address")?
            .with("local_address", Value::string(address))
            .with("remote_address", Value::string(route.remote_address))
            .with("remote_port", Value::number(u32::from(route.remote_port)))
            .with("open", Value::bool(true));
        Ok(Observed::Present { values: at_port(&values, wanted), private: process.name().into_bytes(), boot_id: None })
    }

    fn claims(&self, _action: Action, values: &Value) -> Vec<Claim> {
        machine::claims(values)
    }

    fn survives_restart(&self, _values: &Value) -> bool {
        false
    }

    fn goes_with_container(&self) -> bool {
        false
    }
}
