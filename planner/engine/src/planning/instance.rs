//! Planning one instance of a managed resource.

use std::sync::Arc;

use cplan_config::{ResourceBlock, decode, place};
use cplan_model::{
    Action, AttrChange, AttrPath, Diagnostic, Diagnostics, InstanceAddr, Mode, ModuleInstance, Reason, ResourceAddr,
    Schema, Value, changes,
};
use cplan_sdk::{Observed, PlanRequest, PlanResponse, Resource};
use cplan_store::{Record, RecordKey, Status};

use super::{Planner, expand, group, provider_failed};
use crate::plan::{Change, Operation};
use crate::proposed::{ignore, propose, remark, unknown_object};
use crate::steps::Draft;
use crate::values::{Instances, Repeat};

/// What exists of an instance, and how it is to be taken.
struct Before {
    record: Option<Record>,
    /// Its values as observed; `None` when nothing is there.
    values: Option<Value>,
    /// It was there, and is gone; what it left is cleared away.
    missing: bool,
    /// Its container restarted, and it lived only while that ran.
    lost: bool,
    private: Vec<u8>,
}

impl Planner<'_> {
    /// First pass: decodes and validates every instance with resources unknown.
    pub(super) fn examine(&mut self, node: usize, addr: &ResourceAddr) {
        let Some(block) = self.graph.nodes[node].module.resources.get(addr).cloned() else { return };
        let schema = match self.schema_of(&block) {
            Ok(schema) => schema,
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                return;
            }
        };
        for module in self.values.instances_of(&self.graph.nodes[node].path.clone()) {
            let expansion = self.expansion(&module, block.repeat.as_ref(), node);
            let template = unknown_object(&schema);
            for repeat in repeats(&expansion) {
                let (config, found) = decode(&block.body, &schema, &self.values.view(&module, &repeat, None));
                let failed = found.has_errors();
                let address = instance(&module, addr, &repeat);
                self.note(found, &address);
                if failed {
                    continue;
                }
                let found = self.validated(&block, &config);
                let body = block.body.clone();
                self.diagnostics.extend(found.in_block(&address, |path| place(&body, path)));
                if !self.graph.nodes[node].behind_resource {
                    self.decoded.insert((node, module.clone(), repeat.key()), config);
                }
            }
            let values = map(&expansion, |_| template.clone());
            self.values.set_resource(&module, addr, values);
        }
    }

    /// Second pass: plans every instance.
    pub(super) async fn resource(&mut self, node: usize, addr: &ResourceAddr) {
        let Some(block) = self.graph.nodes[node].module.resources.get(addr).cloned() else { return };
        let Ok(schema) = self.schema_of(&block) else { return };
        for module in self.values.instances_of(&self.graph.nodes[node].path.clone()) {
            let dependencies = self.groups_before(node, &module);
            let expansion = self.expansion(&module, block.repeat.as_ref(), node);
            let mut planned = Vec::new();
            for repeat in repeats(&expansion) {
                let address = instance(&module, addr, &repeat);
                let config = match self.decoded.remove(&(node, module.clone(), repeat.key())) {
                    Some(config) => config,
                    None => {
                        let (config, found) = decode(&block.body, &schema, &self.values.view(&module, &repeat, None));
                        let failed = found.has_errors();
                        let found: Diagnostics = if failed {
                            found
                        } else {
                            let body = block.body.clone();
                            found
                                .into_iter()
                                .chain(self.validated(&block, &config).in_block(&address, |p| place(&body, p)))
                                .fold(Diagnostics::new(), |mut all, d| {
                                    all.push(d);
                                    all
                                })
                        };
                        let failed = found.has_errors();
                        self.note(found, &address);
                        if failed {
                            planned.push(unknown_object(&schema));
                            continue;
                        }
                        config
                    }
                };
                let value = match addr.mode {
                    Mode::Data => self.data(&block, &schema, address, config, &dependencies).await,
                    Mode::Managed => self.instance(&block, &schema, address, config, &dependencies).await,
                };
                planned.push(value.unwrap_or_else(|| unknown_object(&schema)));
            }
            let mut planned = planned.into_iter();
            let values = map(&expansion, |_| planned.next().unwrap_or_else(|| unknown_object(&schema)));
            self.values.set_resource(&module, addr, values);
        }
    }

    async fn instance(
        &mut self,
        block: &ResourceBlock,
        schema: &Schema,
        address: InstanceAddr,
        config: Value,
        dependencies: &[InstanceAddr],
    ) -> Option<Value> {
        let resource = self.registry.resource(&block.provider, &address.resource.ty)?;
        let key = RecordKey::from(address.clone());
        let before = self.before(&key, resource);
        self.kept.insert(key.clone());
        let config = match &before.values {
            Some(prior) if block.lifecycle.ignore_all => prior.clone(),
            Some(prior) => ignore(&config, prior, &block.lifecycle.ignore_changes),
            None => config,
        };
        let container = self.container_of(schema, &config);
        let old = before.record.as_ref().map(|r| r.identity.clone());

        // In place first: what exists, changed to what is wanted.
        let mut update = None;
        if let (Some(identity), Some(prior)) = (&old, &before.values) {
            let request = PlanRequest {
                identity: identity.clone(),
                config: config.unmarked_deep(),
                prior: Some(prior.clone()),
                proposed: propose(schema, &config, Some(prior)).unmarked_deep(),
                private: before.private.clone(),
            };
            update = Some(self.ask(resource, block, &address, &config, request).await?);
        }
        let (mut action, mut reason, mut attributes) = (Action::Create, Reason::New, Vec::new());
        if let (Some((planned, response)), Some(prior)) = (&update, &before.values) {
            attributes = changes(schema, prior, planned);
            mark_forced(&mut attributes, &response.replace);
            (action, reason) =
                self.judge(schema, &before, &attributes, response, container.as_ref(), resource, planned);
        } else if before.missing {
            reason = Reason::Missing;
        }

        let made_anew = matches!(action, Action::Create | Action::Replace);
        let (identity, planned, response, prior) = if made_anew {
            let identity = self.new_identity(&address);
            let request = PlanRequest {
                identity: identity.clone(),
                config: config.unmarked_deep(),
                prior: None,
                proposed: propose(schema, &config, None).unmarked_deep(),
                private: Vec::new(),
            };
            let (planned, response) = self.ask(resource, block, &address, &config, request).await?;
            let empty = Value::object(Vec::<(Arc<str>, Value)>::new());
            let forced = std::mem::take(&mut attributes);
            attributes = changes(schema, before.values.as_ref().unwrap_or(&empty), &planned);
            let forced: Vec<AttrPath> = forced.into_iter().filter(|c| c.forces_replace).map(|c| c.path).collect();
            for change in &mut attributes {
                change.forces_replace = action == Action::Replace && forced.contains(&change.path);
            }
            (identity, planned, response, None)
        } else {
            let (planned, response) = update?;
            // What was lost is made again under its own name: there is nothing to start from.
            let anew = matches!(reason, Reason::ContainerRestarted);
            let prior = before.values.clone().filter(|_| !anew);
            (old.clone()?, planned, response, prior)
        };
        self.by_identity.insert(identity.id.clone(), address.clone());

        let replaced = made_anew && before.record.is_some();
        if replaced && !before.missing && block.lifecycle.prevent_destroy.is_some() {
            self.prevented(block, &address, "replace");
        }
        let delete = before.record.as_ref().filter(|_| replaced).map(|record| {
            self.going.insert(record.identity.id.clone());
            self.deletion(&key, record, schema, before.values.clone(), reason.clone())
        });
        let write = (action != Action::NoOp).then(|| Operation {
            key: key.clone(),
            action: if action == Action::Update { Action::Update } else { Action::Create },
            reason: reason.clone(),
            provider: block.provider.to_string(),
            claims: resource.claims(action, &planned),
            identity,
            prior,
            finalise: !config.is_wholly_known(),
            planned: Some(planned.clone()),
            container_id: container_id(schema, &config),
            config: Some(config),
            private: response.private,
            with_container: false,
            dependencies: dependencies.to_vec(),
            container: container.clone(),
        });
        self.planned.insert(address.clone(), self.changes.len());
        self.changes.push(Change {
            address: address.clone(),
            action,
            reason: (action != Action::NoOp).then_some(reason),
            before: before.values.clone(),
            after: Some(planned.clone()),
            attributes,
            disruption: response.disruption.filter(|_| action == Action::Update),
            container,
        });
        self.drafts.push(Draft {
            recorded: before.record.as_ref().map(|r| r.dependencies.clone()).unwrap_or_default(),
            address,
            provider: block.provider.to_string(),
            desired: Some(planned.clone()),
            delete,
            write,
            dependencies: dependencies.to_vec(),
        });
        Some(planned)
    }

    /// What the state and the world say of an instance.
    fn before(&self, key: &RecordKey, resource: &dyn Resource) -> Before {
        let Some(record) = self.state.records.get(key) else {
            return Before { record: None, values: None, missing: false, lost: false, private: Vec::new() };
        };
        let mut before = Before {
            values: Some(record.values.clone()),
            private: record.private.clone(),
            missing: false,
            lost: false,
            record: Some(record.clone()),
        };
        match self.observed.get(key) {
            Some(Observed::Present { values, private, boot_id }) => {
                before.values = Some(remark(resource.schema(), &record.values, values));
                before.private.clone_from(private);
                let restarted = matches!((&record.boot_id, boot_id), (Some(was), Some(is)) if was != is);
                before.lost =
                    restarted && resource.schema().container().is_some() && !resource.survives_restart(&record.values);
            }
            Some(Observed::Absent) => {
                before.values = None;
                before.missing = true;
            }
            Some(Observed::Unreachable { .. }) | None => {}
        }
        before
    }

    /// What an in-place plan amounts to.
    #[expect(clippy::too_many_arguments, reason = "each is one thing the verdict hangs on")]
    fn judge(
        &self,
        schema: &Schema,
        before: &Before,
        attributes: &[AttrChange],
        response: &PlanResponse,
        container: Option<&InstanceAddr>,
        resource: &dyn Resource,
        planned: &Value,
    ) -> (Action, Reason) {
        let record = before.record.as_ref();
        if record.is_some_and(|r| r.status != Status::Ready) {
            return (Action::Replace, Reason::Tainted);
        }
        let forced: Vec<AttrPath> = attributes.iter().filter(|c| c.forces_replace).map(|c| c.path.clone()).collect();
        if !forced.is_empty() {
            let of_container = |path: &AttrPath| schema.container().is_some_and(|name| path.root() == Some(name));
            let reason =
                if forced.iter().all(of_container) { Reason::ContainerReplaced } else { Reason::CannotUpdate(forced) };
            return (Action::Replace, reason);
        }
        let restarts = container
            .and_then(|c| self.planned.get(c))
            .and_then(|i| self.changes.get(*i))
            .is_some_and(|c| c.disruption.is_some());
        if before.lost || (restarts && !resource.survives_restart(planned)) {
            return (Action::Update, Reason::ContainerRestarted);
        }
        if attributes.is_empty() && response.disruption.is_none() {
            return (Action::NoOp, Reason::Configuration);
        }
        // Drift is what would not have to be done if nobody had touched the object.
        let drifted = record.is_some_and(|r| {
            let wanted = changes(schema, &r.values, planned);
            attributes.iter().all(|c| wanted.iter().all(|still| still.path != c.path))
        });
        (Action::Update, if drifted { Reason::Drift } else { Reason::Configuration })
    }

    async fn ask(
        &mut self,
        resource: &dyn Resource,
        block: &ResourceBlock,
        address: &InstanceAddr,
        config: &Value,
        request: PlanRequest,
    ) -> Option<(Value, PlanResponse)> {
        let proposed = request.proposed.clone();
        match resource.plan(self.ctx, request).await {
            Ok(mut response) => {
                let planned = response.planned.take().unwrap_or(proposed);
                Some((remark(resource.schema(), config, &planned), response))
            }
            Err(error) => {
                let d = provider_failed(format!("{address} cannot be planned"), &error).at(block.span);
                self.diagnostics.push(d.address(address.clone()));
                None
            }
        }
    }

    /// The operation that deletes what a record names.
    pub(super) fn deletion(
        &self,
        key: &RecordKey,
        record: &Record,
        schema: &Schema,
        prior: Option<Value>,
        reason: Reason,
    ) -> Operation {
        let prior = prior.unwrap_or_else(|| record.values.clone());
        let claims = self
            .registry
            .resource(&record.provider, &key.address.resource.ty)
            .map(|r| r.claims(Action::Delete, &prior))
            .unwrap_or_default();
        let held_by = container_id(schema, &record.values);
        Operation {
            key: key.clone(),
            action: Action::Delete,
            reason,
            provider: record.provider.clone(),
            identity: record.identity.clone(),
            prior: Some(prior),
            planned: None,
            config: None,
            private: record.private.clone(),
            finalise: false,
            with_container: held_by.as_ref().is_some_and(|id| self.going.contains(id)),
            claims,
            dependencies: record.dependencies.clone(),
            container: record.container.clone(),
            container_id: held_by,
        }
    }

    pub(super) fn prevented(&mut self, block: &ResourceBlock, address: &InstanceAddr, verb: &str) {
        self.diagnostics.push(
            Diagnostic::error(
                "prevent-destroy",
                "Instance cannot be destroyed",
                format!("{address} has `prevent_destroy` set, and the plan would {verb} it."),
            )
            .remedy("Take `prevent_destroy` away, or change the configuration so that it stays.")
            .at(block.lifecycle.prevent_destroy.unwrap_or(block.span))
            .address(address.clone()),
        );
    }

    /// The instance that holds an object with this configuration.
    fn container_of(&self, schema: &Schema, config: &Value) -> Option<InstanceAddr> {
        self.by_identity.get(&container_id(schema, config)?).cloned()
    }

    fn schema_of(&self, block: &ResourceBlock) -> Result<Schema, Diagnostic> {
        let (addr, kind) = (&block.addr, if block.addr.mode == Mode::Data { "data source" } else { "resource type" });
        let Some(provider) = self.registry.provider(&block.provider) else {
            let known: Vec<&str> = self.registry.iter().map(|p| p.name()).collect();
            return Err(Diagnostic::error(
                "unknown-provider",
                "Unknown provider",
                format!("`{addr}` belongs to a provider `{}`, which does not exist.", block.provider),
            )
            .remedy(expand::near(&block.provider, &known, "The providers are"))
            .at(block.span));
        };
        let (schema, known) = match addr.mode {
            Mode::Managed => (provider.resource(&addr.ty).map(|r| r.schema()), provider.resource_types()),
            Mode::Data => (provider.data_source(&addr.ty).map(|d| d.schema()), provider.data_source_types()),
        };
        schema.cloned().ok_or_else(|| {
            Diagnostic::error(
                "unknown-resource-type",
                "Unknown resource type",
                format!("Provider `{}` has no {kind} `{}`.", block.provider, addr.ty),
            )
            .remedy(expand::near(&addr.ty, &known, "It has"))
            .at(block.span)
        })
    }

    fn validated(&self, block: &ResourceBlock, config: &Value) -> Diagnostics {
        let plain = config.unmarked_deep();
        match block.addr.mode {
            Mode::Managed => self.registry.resource(&block.provider, &block.addr.ty).map(|r| r.validate(&plain)),
            Mode::Data => self.registry.data_source(&block.provider, &block.addr.ty).map(|d| d.validate(&plain)),
        }
        .unwrap_or_default()
    }

    /// Adds diagnostics of decoding an instance.
    fn note(&mut self, found: Diagnostics, address: &InstanceAddr) {
        for mut d in found {
            d.address.get_or_insert_with(|| address.clone());
            self.diagnostics.push(d);
        }
    }
}

/// The identity of the container that an object with these values is in.
pub(super) fn container_id(schema: &Schema, values: &Value) -> Option<String> {
    values.get(schema.container()?)?.get("id")?.as_str().map(str::to_owned)
}

fn mark_forced(attributes: &mut [AttrChange], replace: &[AttrPath]) {
    for change in attributes {
        change.forces_replace |= replace.iter().any(|p| p.is_prefix_of(&change.path));
    }
}

fn instance(module: &ModuleInstance, addr: &ResourceAddr, repeat: &Repeat) -> InstanceAddr {
    InstanceAddr { key: repeat.key(), ..group(module, addr) }
}

/// The `each` and `count` of every instance; one unknown one where the expansion is not known.
fn repeats(expansion: &Instances<Repeat>) -> Vec<Repeat> {
    match expansion {
        Instances::Single(r) => vec![r.clone()],
        Instances::Count(rs) => rs.clone(),
        Instances::Each(rs) => rs.values().cloned().collect(),
        Instances::Unknown => vec![Repeat::Unknown],
    }
}

fn map(expansion: &Instances<Repeat>, mut f: impl FnMut(&Repeat) -> Value) -> Instances<Value> {
    match expansion {
        Instances::Single(r) => Instances::Single(f(r)),
        Instances::Count(rs) => Instances::Count(rs.iter().map(f).collect()),
        Instances::Each(rs) => Instances::Each(rs.iter().map(|(k, r)| (k.clone(), f(r))).collect()),
        Instances::Unknown => Instances::Unknown,
    }
}
