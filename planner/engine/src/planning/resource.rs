//! The two passes over a resource: every instance decoded and validated, then every instance planned.

use std::path::{Path, PathBuf};

use cplan_config::{Reference, ResourceBlock, Scope, decode, has_attribute, place};
use cplan_model::{
    AttrPath, AttributeMode, CheckOwner, Diagnostic, Diagnostics, InstanceAddr, Mode, ModuleInstance, ResourceAddr,
    Schema, Step, Type, Value,
};
use cplan_store::RecordKey;

use super::{PlanMode, Planner, expand, group, place_of, provider_key, resolve};
use crate::proposed::unknown_object;
use crate::registry::Registry;
use crate::values::{Instances, Repeat};

impl<'a> Planner<'a> {
    /// First pass: decodes and validates every instance with resources unknown.
    pub(super) fn examine(&mut self, node: usize, addr: &ResourceAddr) {
        let Some(block) = self.graph.nodes[node].block.clone() else { return };
        let schema = match self.schema_of(&block, node) {
            Ok(schema) => schema,
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                return;
            }
        };
        self.schemas.insert(node, schema);
        self.ignored(&block, schema);
        for module in self.values.instances_of(&self.graph.nodes[node].path.clone()) {
            let expansion = self.expansion(&module, block.repeat.as_ref(), node);
            if repeats(&expansion).is_empty() {
                // What stands in a block that makes nothing may hang on what is not there either, so only that is
                // told that is wrong whatever the references give.
                let nothing = Anything(self.graph.nodes[node].module.dir.clone());
                let (_, found) = decode(&block.body, schema, &nothing);
                self.note(found, &group(&module, addr));
            }
            let template = self.template(schema);
            for repeat in repeats(&expansion) {
                if self.validating {
                    self.examine_rules(&block.lifecycle.preconditions, &module, &repeat);
                    self.examine_rules(&block.lifecycle.postconditions, &module, &repeat);
                }
                let (config, mut found) = decode(&block.body, schema, &self.values.view(&module, &repeat, None));
                found.extend(ephemeral(&block, &config));
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
            // While only validating, a whole resource is left open, its type too, as Terraform leaves it.
            if !self.validating {
                let values = map(&expansion, |_| template.clone());
                self.values.set_resource(&module, addr, values);
            }
        }
    }

    /// Second pass: plans every instance.
    pub(super) async fn resource(&mut self, node: usize, addr: &ResourceAddr) {
        let Some(block) = self.graph.nodes[node].block.clone() else { return };
        let Some(schema) = self.schemas.get(&node).copied() else { return };
        let path = self.graph.nodes[node].path.clone();
        let provider = provider_key(&self.config, &path, &block.provider);
        let site = Site { node, block: &block, schema, provider };
        for module in self.values.instances_of(&path) {
            let dependencies = self.groups_before(node, &module);
            let expansion = self.expansion(&module, block.repeat.as_ref(), node);
            let unknown = matches!(expansion, Instances::Unknown);
            let waits = self.must_wait(&module, &dependencies, unknown);
            if let Some(reason) = waits.filter(|_| self.selection.has_some(node)) {
                self.defer(node, &block, &module, &dependencies, reason);
                continue;
            }
            let mut planned = Vec::new();
            for repeat in repeats(&expansion) {
                let address = instance(&module, addr, &repeat);
                if !self.selection.has(node, &address) {
                    if self.selection.has_some(node) {
                        self.leave_unjudged(&block, &address);
                    }
                    let key = RecordKey::from(address);
                    let recorded = self.state.records.get(&key);
                    self.kept.extend(recorded.map(place_of));
                    let open = || (!self.selection.counts(node)).then(|| unknown_object(schema));
                    planned.push(recorded.map(|r| r.values.clone()).or_else(open));
                    continue;
                }
                let told = self.diagnostics.len();
                let value = self.plan_instance(&site, address, &repeat, &dependencies).await;
                let nothing = addr.mode == Mode::Managed && self.stands() && !self.diagnostics.has_errors_since(told);
                if block.check.is_some() {
                    self.diagnostics.soften(told);
                }
                planned.push(value.or_else(|| (!nothing).then(|| unknown_object(schema))));
            }
            let mut planned = planned.into_iter();
            let values = if self.selection.partial || self.options.mode == PlanMode::RefreshOnly {
                let found = map(&expansion, |_| planned.next().flatten());
                self.standing(&site, &module, addr, found)
            } else {
                map(&expansion, |_| planned.next().flatten().unwrap_or_else(|| unknown_object(schema)))
            };
            self.values.set_resource(&module, addr, values);
        }
    }

    /// Decodes an instance's configuration and plans it, its conditions included.
    async fn plan_instance(
        &mut self,
        site: &Site<'_>,
        address: InstanceAddr,
        repeat: &Repeat,
        dependencies: &[InstanceAddr],
    ) -> Option<Value> {
        let block = site.block;
        if !self.resource_conditions(block, &address, repeat, None) && self.options.mode == PlanMode::Normal {
            return None;
        }
        let config = self.config_of(site, &address, repeat)?;
        let value = match address.resource.mode {
            Mode::Data => self.data(site, address.clone(), config, dependencies).await,
            Mode::Managed => self.instance(site, address.clone(), config, repeat, dependencies).await,
        }?;
        self.resource_conditions(block, &address, repeat, Some(&value));
        let pending = self.is_pending(&CheckOwner::Resource(address.clone()));
        if let Some(draft) = self.drafts.last_mut().filter(|d| pending && d.address == address) {
            draft.conditions = true;
        }
        Some(value)
    }

    /// What an instance's block says, if that is in order.
    fn config_of(&mut self, site: &Site<'_>, address: &InstanceAddr, repeat: &Repeat) -> Option<Value> {
        if let Some(config) = self.decoded.remove(&(site.node, address.module.clone(), repeat.key())) {
            return Some(config);
        }
        let block = site.block;
        let (config, mut found) = decode(&block.body, site.schema, &self.values.view(&address.module, repeat, None));
        found.extend(ephemeral(block, &config));
        if !found.has_errors() {
            let body = block.body.clone();
            found.extend(self.validated(block, &config).in_block(address, |p| place(&body, p)));
        }
        let failed = found.has_errors();
        self.note(found, address);
        (!failed).then_some(config)
    }

    /// What an object of a schema is before it is planned; blocks of one type share it.
    fn template(&mut self, schema: &'a Schema) -> Value {
        self.templates.entry(std::ptr::from_ref(schema) as usize).or_insert_with(|| unknown_object(schema)).clone()
    }

    pub(super) fn schema_of(&self, block: &ResourceBlock, node: usize) -> Result<&'a Schema, Diagnostic> {
        let registry: &'a Registry = self.registry;
        let (addr, kind) = (&block.addr, if block.addr.mode == Mode::Data { "data source" } else { "resource type" });
        let ty = resolve(&self.config, &self.graph.nodes[node].path, &block.provider).ty;
        let Some(provider) = registry.provider(&ty) else {
            let known: Vec<&str> = registry.iter().map(|(_, p)| p.name()).collect();
            return Err(Diagnostic::error(
                "unknown-provider",
                "Unknown provider",
                format!("`{addr}` belongs to a provider `{ty}`, which does not exist."),
            )
            .remedy(expand::near(&ty, &known, "The providers are"))
            .at(block.span));
        };
        let (schema, known) = match addr.mode {
            Mode::Managed => (provider.resource(&addr.ty).map(|r| r.schema()), provider.resource_types()),
            Mode::Data => (provider.data_source(&addr.ty).map(|d| d.schema()), provider.data_source_types()),
        };
        schema.ok_or_else(|| {
            Diagnostic::error(
                "unknown-resource-type",
                if addr.mode == Mode::Data { "Invalid data source" } else { "Invalid resource type" },
                format!("Provider `{ty}` has no {kind} `{}`.", block.addr.ty),
            )
            .remedy(expand::near(&addr.ty, &known, "It has"))
            .at(block.span)
        })
    }

    /// What `ignore_changes` names must be there, and be something that a configuration sets.
    fn ignored(&mut self, block: &ResourceBlock, schema: &Schema) {
        for (path, span) in block.lifecycle.ignore_changes.iter().zip(&block.lifecycle.ignore_places) {
            if let Err(diagnostic) = has_attribute(block, schema, &path.0) {
                self.diagnostics.push((*diagnostic).at(*span));
                continue;
            }
            let [Step::Attr(name)] = &path.0[..] else { continue };
            if schema.attributes.get(name).is_some_and(|a| a.mode == AttributeMode::Computed) {
                let what = format!("`{name}` is never set by a configuration, so there are no changes to ignore.");
                self.diagnostics.push(
                    Diagnostic::warning("redundant-ignore", "Redundant ignore_changes element", what)
                        .remedy(format!("Remove `{name}` from the list."))
                        .at(block.span)
                        .label(*span, "named here"),
                );
            }
        }
    }

    fn validated(&self, block: &ResourceBlock, config: &Value) -> Diagnostics {
        let plain = config.unmarked_deep();
        let ty = block.provider.name.clone();
        let said = match block.addr.mode {
            Mode::Managed => self.registry.resource(&ty, &block.addr.ty).map(|r| r.validate(&plain)),
            Mode::Data => self.registry.data_source(&ty, &block.addr.ty).map(|d| d.validate(&plain)),
        }
        .unwrap_or_default();
        if config.marks_deep().is_sensitive() { crate::secret::Secrets::of([config]).hush_all(said) } else { said }
    }

    /// Adds diagnostics of decoding an instance.
    fn note(&mut self, found: Diagnostics, address: &InstanceAddr) {
        for mut d in found {
            d.address.get_or_insert_with(|| address.clone());
            self.diagnostics.push(d);
        }
    }
}

/// What is wrong with attributes whose values are not to be kept.
fn ephemeral(block: &ResourceBlock, config: &Value) -> Vec<Diagnostic> {
    let attributes = config.as_map().into_iter().flatten().filter(|(_, value)| value.marks_deep().is_ephemeral());
    let told = |name: &str| {
        let what = format!(
            "Ephemeral values are not valid for {name:?}, because it is not a write-only attribute and must be persisted to state."
        );
        Diagnostic::error("ephemeral-value", "Invalid use of ephemeral value", what)
            .remedy("Use ephemeralasnull() on what is ephemeral, or leave it out.")
            .at(place(&block.body, &AttrPath::attr(name)))
    };
    attributes.map(|(name, _)| told(name)).collect()
}

/// A block in its module, and what is known of it before its instances are.
pub(super) struct Site<'s> {
    pub(super) node: usize,
    pub(super) block: &'s ResourceBlock,
    pub(super) schema: &'s Schema,
    /// The key of the provider's configuration.
    pub(super) provider: String,
}

/// A scope where everything is there and unknown.
struct Anything(PathBuf);

impl Scope for Anything {
    fn lookup(&self, _: &Reference) -> Result<Value, Diagnostic> {
        Ok(Value::unknown(Type::Dynamic))
    }

    fn module_dir(&self) -> &Path {
        &self.0
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

fn map<T>(expansion: &Instances<Repeat>, mut f: impl FnMut(&Repeat) -> T) -> Instances<T> {
    match expansion {
        Instances::Single(r) => Instances::Single(f(r)),
        Instances::Count(rs) => Instances::Count(rs.iter().map(f).collect()),
        Instances::Each(rs) => Instances::Each(rs.iter().map(|(k, r)| (k.clone(), f(r))).collect()),
        Instances::Unknown => Instances::Unknown,
    }
}
