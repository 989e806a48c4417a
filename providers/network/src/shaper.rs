//! `lab_shaper`: one owner of the root qdisc of a machine's lab interface.

mod program;
mod readback;
mod script;
mod state;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use async_trait::async_trait;
use cplan_model::{
    Action, AttrPath, Attribute, Diagnostic, Diagnostics, Format, Schema, Step, Type, Value, parse_quantity,
    spelling_for,
};
use cplan_sdk::{
    Access, ApplyRequest, ApplyResponse, Claim, Context, ErrorKind, Locality, Observed, Output, PlanRequest,
    PlanResponse, ProbeOutput, ProviderError, ReadRequest, RecoverRequest, Resource, Shell,
};

use crate::impairment::Impairment;
use crate::rule;
use state::{Root, Shaping};

/// The type of service byte of packets that no rule shapes: DSCP 47, of the pool for local use (RFC 2474 §6). A probe
/// with it measures the baseline of a pair of machines at any time, and Linux answers an echo request with the byte
/// that it came with.
pub const PROBE_TOS: u8 = 47 << 2;

/// The rules of one machine in its kernel: htb as root with the handle `c1:`, which is the mark of ownership; a class and
/// a netem per peer; an unshaped class for all the rest and one for marked probes; peers found by a hash over the last
/// octet of the destination. Each direction of a link is shaped where it leaves.
pub struct ShaperResource {
    shell: Arc<dyn Shell>,
    schema: Schema,
}

impl ShaperResource {
    /// Shapers programmed over `shell`.
    pub fn new(shell: Arc<dyn Shell>) -> Self {
        let machine = Attribute::required(Access::ty(), "The machine: `lab_machine.NAME.access`.").container();
        let schema = Schema::new(
            "The shaping of a machine's lab interface; one per machine.",
            [
                ("machine", machine),
                (
                    "address",
                    Attribute::required(Type::String, "The machine's own lab address; it finds the interface.")
                        .replaces(),
                ),
                (
                    "rules",
                    Attribute::required(
                        Type::map(rule::ty()),
                        "What is done to packets towards each peer: `data.lab_links.NAME.rules[MACHINE]`.",
                    ),
                ),
                (
                    "intact",
                    Attribute::computed(
                        Type::Bool,
                        "Whether what belongs to no peer is there too: the unshaped classes and the filters.",
                    ),
                ),
            ],
        );
        ShaperResource { shell, schema }
    }

    /// One round trip where the machine is as `actual` says; otherwise what came back is the next start.
    async fn converge(
        &self,
        ctx: &Context,
        values: &Value,
        id: &str,
        mut actual: Shaping,
    ) -> Result<String, ProviderError> {
        let (access, address) = (access(values)?, own_address(values)?);
        let rules = impairments(values);
        let mut last = String::new();
        for _ in 0..3 {
            let program = program::converge(&actual, &Shaping::wanted(&rules, &actual));
            ctx.progress.log(&format!("{}\n", program.join("\n")));
            let output = self.shell.run(ctx, &access, &script::apply(address, id, &program), b"").await?;
            check(&access, address, &output)?;
            let said = String::from_utf8_lossy(&output.stdout);
            let (boot_id, dump) = said.split_once('\n').unwrap_or((&said, ""));
            actual = readback::parse(dump).map_err(|e| unreadable(&access, &e))?;
            last = String::from_utf8_lossy(&output.stderr).into_owned();
            ctx.progress.log_errors(&last);
            if let Root::Foreign(root) = &actual.root {
                self.shell.run(ctx, &access, &script::unmark(id), b"").await?;
                return Err(foreign(&access, address, root));
            }
            // Done when nothing is left to do.
            if program::converge(&actual, &Shaping::wanted(&rules, &actual)).is_empty() {
                return Ok(boot_id.to_owned());
            }
        }
        Err(ProviderError::failed(format!("the kernel of machine `{}` does not take the rules", access.name))
            .remedy("Look at the machine's kernel: it needs sch_htb, sch_netem and cls_u32.")
            .details(last))
    }
}

#[async_trait]
impl Resource for ShaperResource {
    fn ty(&self) -> &'static str {
        "lab_shaper"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let mut found = Diagnostics::new();
        let mut address = |path: AttrPath, value: Option<&Value>| {
            if let Some(text) = value.and_then(Value::as_str).filter(|t| t.parse::<Ipv4Addr>().is_err()) {
                let what = format!("`{text}` is not an IPv4 address.");
                found.push(
                    Diagnostic::error("invalid-address", "Invalid address", what)
                        .remedy("Write it as `10.0.0.1`, without a prefix length.")
                        .attribute(path),
                );
            }
        };
        address(AttrPath::attr("address"), config.get("address"));
        let rules = || config.get("rules").and_then(Value::as_map).into_iter().flatten();
        let at = |peer: &Arc<str>, name: &str| AttrPath::attr("rules").then(Step::Key(peer.clone())).then_attr(name);
        for (peer, rule) in rules() {
            address(at(peer, "address"), rule.get("address"));
        }
        for (peer, rule) in rules() {
            for (name, format) in rule::QUANTITIES {
                if let Some(Err(e)) = rule.get(name).and_then(Value::as_str).map(|t| parse_quantity(format, t)) {
                    found.push(
                        Diagnostic::error("invalid-quantity", "Invalid quantity", e.what)
                            .remedy(e.remedy)
                            .attribute(at(peer, name)),
                    );
                }
            }
        }
        found
    }

    fn locality(&self, values: &Value) -> Locality {
        access(values).map_or(Locality::Anywhere, Locality::Machine)
    }

    fn probe(&self, request: &ReadRequest) -> String {
        own_address(&request.prior).map(|a| script::probe(a, &request.identity.id)).unwrap_or_default()
    }

    fn observe(&self, request: &ReadRequest, output: &ProbeOutput) -> Result<Observed, ProviderError> {
        let found = found(&access(&request.prior)?, output.status, &String::from_utf8_lossy(&output.stdout))?;
        let Some(shaping) = found else { return Ok(Observed::Absent) };
        let values = observed(&request.prior, &shaping);
        Ok(Observed::Present { values, private: Vec::new(), boot_id: Some(output.boot_id.clone()) })
    }

    async fn plan(&self, _ctx: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let planned = request.proposed.with("intact", Value::bool(true));
        Ok(PlanResponse { planned: Some(planned), ..PlanResponse::default() })
    }

    async fn apply(&self, ctx: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        let Some(planned) = request.planned else {
            let prior = request.prior.ok_or_else(|| ProviderError::failed("a delete of nothing was asked for"))?;
            let (access, address) = (access(&prior)?, own_address(&prior)?);
            let output = self.shell.run(ctx, &access, &script::delete(address, &request.identity.id), b"").await?;
            check(&access, address, &output)?;
            return Ok(ApplyResponse { values: prior, private: Vec::new(), boot_id: None });
        };
        // The rules that were read a moment ago tell what stands in the kernel, as long as nobody else wrote there.
        let expected = request.prior.as_ref().map(expected).unwrap_or_default();
        let boot_id = self.converge(ctx, &planned, &request.identity.id, expected).await?;
        Ok(ApplyResponse { values: planned, private: Vec::new(), boot_id: Some(boot_id) })
    }

    async fn recover(&self, ctx: &Context, request: RecoverRequest) -> Result<Observed, ProviderError> {
        let values = request.planned.as_ref().or(request.prior.as_ref());
        let values = values.ok_or_else(|| ProviderError::failed("nothing is known of the shaper to recover"))?;
        let (access, address) = (access(values)?, own_address(values)?);
        let probe = script::probe(address, &request.identity.id);
        let script = format!("read -r b </proc/sys/kernel/random/boot_id; echo \"$b\"\n{probe}");
        let output = self.shell.run(ctx, &access, &script, b"").await?;
        let said = String::from_utf8_lossy(&output.stdout);
        let (boot_id, rest) = said.split_once('\n').unwrap_or((&said, ""));
        let Some(shaping) = found(&access, output.status, rest)? else { return Ok(Observed::Absent) };
        let (values, boot_id) = (observed(values, &shaping), Some(boot_id.to_owned()));
        Ok(Observed::Present { values, private: Vec::new(), boot_id })
    }

    fn claims(&self, _action: Action, values: &Value) -> Vec<Claim> {
        let id = values.get("machine").and_then(|m| m.get("id")).and_then(Value::as_str);
        id.map(|id| Claim::shared(format!("machine:{id}"))).into_iter().collect()
    }

    fn survives_restart(&self, _values: &Value) -> bool {
        false
    }
}

/// What a probe found; `None` where neither the mark nor our root is there.
fn found(access: &Access, status: i32, said: &str) -> Result<Option<Shaping>, ProviderError> {
    let marked = said.lines().next() == Some(script::MARKED);
    let shaping = match status {
        script::NO_DEVICE => Shaping::default(),
        _ => readback::parse(said).map_err(|e| unreadable(access, &e))?,
    };
    Ok(Some(shaping).filter(|s| marked || s.root == Root::Ours))
}

fn access(values: &Value) -> Result<Access, ProviderError> {
    let access = values.get("machine").and_then(Access::from_value);
    access.ok_or_else(|| ProviderError::failed("the access to the machine is not known"))
}

fn own_address(values: &Value) -> Result<Ipv4Addr, ProviderError> {
    let address = values.get("address").and_then(Value::as_str).and_then(|t| t.parse().ok());
    address.ok_or_else(|| ProviderError::failed("the machine's lab address is not known"))
}

fn impairments(values: &Value) -> BTreeMap<Ipv4Addr, Impairment> {
    let rules = values.get("rules").and_then(Value::as_map).into_iter().flatten();
    rules.filter_map(|(_, rule)| Some((peer_address(rule)?, rule::impairment(rule)))).collect()
}

fn peer_address(rule: &Value) -> Option<Ipv4Addr> {
    rule.get("address").and_then(Value::as_str).and_then(|t| t.parse().ok())
}

/// What the kernel holds if it holds these rules; nothing if it was not intact, as after a loss of the root.
fn expected(values: &Value) -> Shaping {
    let rules = impairments(values);
    if values.get("intact").and_then(Value::as_bool) != Some(true) {
        Shaping::default()
    } else {
        Shaping::wanted(&rules, &Shaping::default())
    }
}

/// The rules as they are: unchanged quantities keep the prior's spelling, absent ones are null, and peers that nobody
/// asked for appear under their address.
fn observed(prior: &Value, shaping: &Shaping) -> Value {
    let rules = prior.get("rules").and_then(Value::as_map).cloned().unwrap_or_default();
    let mut found: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    for (peer, rule) in &rules {
        let is = peer_address(rule).and_then(|a| shaping.impairment(&a)).unwrap_or_default();
        let same = rule::impairment(rule).is_like(&is);
        found.insert(peer.clone(), if same { rule.clone() } else { respelled(rule, &is) });
    }
    let asked: Vec<_> = rules.values().filter_map(peer_address).collect();
    for address in shaping.filters.keys().filter(|a| !asked.contains(a)) {
        let null = Value::null(Type::String);
        let blank = Value::object(["address", "delay", "jitter", "loss", "rate", "link"].map(|n| (n, null.clone())));
        let rule = blank.with("address", Value::string(address.to_string()));
        found.insert(address.to_string().into(), respelled(&rule, &shaping.impairment(address).unwrap_or_default()));
    }
    prior.with("rules", Value::map(rule::ty(), found)).with("intact", Value::bool(shaping.is_intact()))
}

fn respelled(rule: &Value, is: &Impairment) -> Value {
    let was = rule::impairment(rule);
    let parts = [(was.delay, is.delay), (was.jitter, is.jitter), (was.loss, is.loss), (was.rate, is.rate)];
    let mut rule = rule.clone();
    for ((name, format), (was, is)) in rule::QUANTITIES.into_iter().zip(parts) {
        let least = if format == Format::Rate { 8 } else { 1000 };
        if !crate::impairment::like(was, is, least) {
            // Ticks are not shown: microseconds and thousandths of a percent say all.
            let round = |n: u64| if format == Format::Rate { n } else { (n + 500) / 1000 * 1000 };
            let value = is.map_or(Value::null(Type::String), |n| Value::string(spelling_for(format, round(n))));
            rule = rule.with(name, value);
        }
    }
    rule
}

fn unreadable(access: &Access, why: &str) -> ProviderError {
    ProviderError::failed(format!("the output of `tc` on machine `{}` cannot be read: {why}", access.name))
        .remedy("See that iproute2 is on the machine.")
}

fn foreign(access: &Access, address: Ipv4Addr, root: &str) -> ProviderError {
    let what =
        format!("the interface of machine `{}` with {address} is shaped by somebody else: `{root}`", access.name);
    ProviderError::new(ErrorKind::Conflict, what)
        .remedy("Remove it on the machine with `tc qdisc del dev DEVICE root`, or leave this machine's links out.")
}

fn check(access: &Access, address: Ipv4Addr, output: &Output) -> Result<(), ProviderError> {
    let name = &access.name;
    match output.status {
        0 => Ok(()),
        script::NO_DEVICE => {
            Err(ProviderError::failed(format!("no interface of machine `{name}` has the address {address}"))
                .remedy("Give the shaper the address of one of the machine's lab interfaces."))
        }
        status => {
            Err(ProviderError::failed(format!("the shaping script on machine `{name}` ended with status {status}"))
                .details(String::from_utf8_lossy(&output.stderr).into_owned()))
        }
    }
}
