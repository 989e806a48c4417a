//! Planning: evaluate in the order of the graph, read back, ask the providers what will be.
//!
//! Two passes over one graph. The first evaluates everything with resources unknown: it finds the user's mistakes and
//! the provider settings before anything is asked of the world. Then the state's objects are read in one batch, and the
//! second pass evaluates what hangs on resources, with each instance planned as it is reached.

mod checked;
mod conditions;
mod console;
mod create_first;
mod data;
mod deferred;
mod evaluate;
mod expand;
mod failures;
mod groups;
mod imports;
mod input;
mod instance;
mod moves;
mod orphan;
mod outputs;
mod owners;
mod providers;
mod resource;
mod selection;
mod standing;
mod triggers;
mod verdict;

pub use console::Console;
use hashbrown::{HashMap, HashSet};
use imports::Wanted;
pub use input::{PlanInput, PlanOptions};
use owners::Owners;
pub(crate) use owners::container_id;
pub(crate) use providers::{provider_key, resolve};
use selection::Selection;

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_config::{Config, ResourceBlock, place};
use cplan_model::{
    CheckOwner, CheckResult, Diagnostic, Diagnostics, InstanceAddr, InstanceKey, ModuleInstance, ResourceAddr, Schema,
    Severity, Span, Value,
};
use cplan_sdk::{Context, Observed, ProviderError};
use cplan_store::{RecordKey, State};

use crate::beside;
use crate::drift::{self, DriftEntry};
use crate::event::{Deaf, EventSink};
use crate::graph::{self, Graph, Item};
use crate::plan::{Amendment, Change, Deferred, OutputChange, Plan, PlanMode};
use crate::registry::Registry;
use crate::steps::{self, Draft};
use crate::values::Values;
use crate::{identity, refresh};

/// Plans. With errors there is a plan of what could be planned all the same, which cannot be applied, or none where the
/// configuration cannot be evaluated at all.
pub async fn plan(ctx: &Context, input: PlanInput<'_>, events: Arc<dyn EventSink>) -> (Option<Plan>, Diagnostics) {
    let mut planner = Planner::new(ctx, input);
    planner.events = events.clone();
    if !planner.prepare().await {
        // What no block is the reason of is wrong with the configuration as a whole.
        if planner.failed.is_empty() {
            return (None, planner.diagnostics);
        }
        planner.select();
        planner.fail_resources();
        planner.spread_failures();
        planner.check_blocks();
        let outputs = planner.output_changes();
        return planner.finish(outputs);
    }
    planner.select();
    let told = planner.diagnostics.len();
    planner.rename();
    planner.moves_left_out();
    if planner.diagnostics.has_errors_since(told) {
        return (None, planner.diagnostics);
    }
    if planner.options.mode == PlanMode::Destroy {
        return planner.destroy();
    }
    if planner.options.refresh {
        planner.observe(&*events).await;
        if planner.diagnostics.has_errors_since(told) {
            return (None, planner.diagnostics);
        }
    }
    planner.second_pass().await;
    let refused = planner.moves_refused();
    if !refused.is_empty() {
        // Moves that cannot be followed are likely what all the other errors come from.
        let warnings = planner.diagnostics.into_iter().filter(|d| d.severity == Severity::Warning);
        let mut diagnostics = Diagnostics::new();
        diagnostics.extend(warnings.chain(refused));
        return (None, diagnostics);
    }
    let sound = !planner.diagnostics.has_errors();
    if planner.options.mode != PlanMode::RefreshOnly {
        if sound {
            planner.unused_imports();
        }
        planner.orphans();
        planner.create_first();
        if sound {
            planner.check().await;
        }
    } else if sound {
        planner.take_over();
    }
    planner.check_blocks();
    let outputs = planner.output_changes();
    planner.finish(outputs)
}

/// Everything that planning knows on the way.
pub(crate) struct Planner<'a> {
    pub(crate) ctx: &'a Context,
    pub(crate) config: Arc<Config>,
    pub(crate) variables: BTreeMap<Arc<str>, Value>,
    given: BTreeMap<Arc<str>, Value>,
    /// Shared, so that a record can be looked at while the rest of this changes.
    pub(crate) state: Arc<State>,
    pub(crate) registry: &'a Registry,
    events: Arc<dyn EventSink>,
    pub(crate) options: PlanOptions,
    pub(crate) selection: Selection,
    pub(crate) graph: Graph,
    pub(crate) values: Values,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) observed: HashMap<RecordKey, Observed>,
    pub(crate) drift: Vec<DriftEntry>,
    provider_configs: BTreeMap<String, Value>,
    /// Decoded configurations of the first pass that do not hang on resources, so that they are not decoded twice.
    decoded: HashMap<(usize, ModuleInstance, Option<InstanceKey>), Value>,
    /// By the address of their schema, which the registry keeps.
    templates: HashMap<usize, Value>,
    /// The schemas of resource nodes, as the first pass found them.
    schemas: HashMap<usize, &'a Schema>,
    planned: HashMap<InstanceAddr, usize>,
    drafts: Vec<Draft>,
    /// Of groups that need only some instances of others: which.
    narrow: HashMap<InstanceAddr, steps::Named>,
    changes: Vec<Change>,
    owners: Owners,
    /// Identities whose objects this plan deletes.
    going: HashSet<String>,
    /// Whether this is the second pass: resources before a node are planned.
    planning: bool,
    /// The records that the configuration still has, see [`place_of`].
    kept: HashSet<usize>,
    /// New addresses of records with the ones that the state has them under.
    pub(crate) moved_from: HashMap<InstanceAddr, InstanceAddr>,
    /// The records that depended on what has another address now.
    pub(crate) followed: HashSet<RecordKey>,
    imports: BTreeMap<InstanceAddr, Wanted>,
    pub(crate) amendments: Vec<Amendment>,
    deferred: Vec<Deferred>,
    checks: BTreeMap<CheckOwner, CheckResult>,
    /// Resource nodes of which a replacement makes the new object first.
    first: HashSet<usize>,
    /// Nodes with errors, and all that hangs on them: those are not planned.
    failed: HashSet<usize>,
    /// Nothing but the configuration is looked at.
    pub(crate) validating: bool,
    /// Blocks are to be written for what `import` blocks name.
    pub(crate) writing: bool,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(ctx: &'a Context, input: PlanInput<'a>) -> Self {
        let values = Values::new(&input.config.root, input.cwd, input.now);
        let wanted = |id: &String| Wanted { id: id.clone(), place: None, used: false };
        let imports = input.options.imports.iter().map(|(to, id)| (to.clone(), wanted(id))).collect();
        Planner {
            ctx,
            config: input.config,
            variables: input.variables,
            given: input.given,
            state: Arc::new(input.state),
            registry: input.registry,
            events: Arc::new(Deaf),
            options: input.options,
            selection: Selection::default(),
            graph: Graph::default(),
            values,
            diagnostics: Diagnostics::new(),
            observed: HashMap::new(),
            drift: Vec::new(),
            provider_configs: BTreeMap::new(),
            decoded: HashMap::new(),
            templates: HashMap::new(),
            schemas: HashMap::new(),
            planned: HashMap::new(),
            drafts: Vec::new(),
            narrow: HashMap::new(),
            changes: Vec::new(),
            owners: Owners::default(),
            going: HashSet::new(),
            planning: false,
            kept: HashSet::new(),
            moved_from: HashMap::new(),
            followed: HashSet::new(),
            imports,
            amendments: Vec::new(),
            deferred: Vec::new(),
            checks: BTreeMap::new(),
            first: HashSet::new(),
            failed: HashSet::new(),
            validating: false,
            writing: false,
        }
    }

    /// Static checks, the graph, the first pass and the provider settings. False when there are errors.
    pub(crate) async fn prepare(&mut self) -> bool {
        self.first_pass();
        // That a value is not as it should be keeps nobody from seeing what else would be done.
        if self.diagnostics.has_errors()
            && (self.failed.is_empty() || !self.failed.iter().all(|n| self.is_of_values(*n)))
        {
            return false;
        }
        self.spread_failures();
        if self.failed.iter().any(|n| matches!(self.graph.nodes[*n].item, Item::Provider(_))) {
            return false;
        }
        let told = self.diagnostics.len();
        self.configure().await;
        !self.diagnostics.has_errors_since(told)
    }

    /// Static checks, the graph and everything that can be evaluated without asking the world.
    pub(crate) fn first_pass(&mut self) {
        let (config, registry) = (&*self.config, self.registry);
        let (written, (graph, diagnostics)) =
            beside::both(|| cplan_config::validate(config, registry), || graph::build(&self.config));
        let before = std::mem::replace(&mut self.diagnostics, diagnostics);
        self.graph = graph;
        let resources = self.graph.nodes.iter().filter(|n| matches!(n.item, Item::Resource(_))).count();
        self.schemas.reserve(resources);
        self.decoded.reserve(resources);
        self.selection = Selection::new(&self.graph, &self.options.targets, &self.options.excludes);
        let sound = !self.diagnostics.has_errors();
        // The node that each diagnostic is of.
        let mut by = vec![usize::MAX; self.diagnostics.len()];
        for node in self.graph.order.clone() {
            let told = self.diagnostics.len();
            self.evaluate(node);
            if let Item::Resource(addr) = self.graph.nodes[node].item.clone() {
                self.examine(node, &addr);
            }
            if sound && self.diagnostics.has_errors_since(told) {
                self.fail(node);
            }
            by.resize(self.diagnostics.len(), node);
        }
        if !self.validating {
            self.follow_refusals(&by);
        } else {
            self.examine_checks();
        }
        let found = std::mem::replace(&mut self.diagnostics, before);
        // What follows from a mistake that is told already is not worth telling.
        let refused: Vec<Span> = written.iter().filter_map(Diagnostic::refused).collect();
        let writing = self.writing;
        self.diagnostics.extend(written.into_iter().filter(|d| !(writing && imports::lacks_block(d))));
        let new = |d: &Diagnostic| d.primary.as_ref().is_none_or(|p| !refused.iter().any(|r| r.overlaps(p.span)));
        self.diagnostics.extend(found.into_iter().filter(new));
    }

    /// Reads back every object of the state.
    pub(crate) async fn observe(&mut self, events: &dyn EventSink) {
        let (observed, diagnostics) = refresh::read_all(self, events).await;
        for d in diagnostics {
            let placed = match d.address.clone().and_then(|a| Some((self.block_at(&a)?.span, a))) {
                Some((span, _)) if d.primary.is_none() => d.at(span),
                _ => d,
            };
            self.diagnostics.push(placed);
        }
        self.observed = observed;
        for (key, record) in &self.state.records {
            let Some(observed) = self.observed.get(key) else { continue };
            let Some(resource) = self.registry.resource(&record.provider, &key.address.resource.ty) else { continue };
            self.drift.extend(drift::compare(&key.address, resource, record, observed));
        }
    }

    async fn second_pass(&mut self) {
        self.planning = true;
        // About as many instances as were decoded, or as there were.
        let expected = self.decoded.len().max(self.state.records.len());
        self.changes.reserve(expected);
        self.drafts.reserve(expected);
        self.planned.reserve(expected);
        self.kept.reserve(expected);
        self.create_first_nodes();
        for node in self.graph.order.clone() {
            let told = self.diagnostics.len();
            let failed = |node: &usize| self.failed.contains(node);
            if !self.failed.is_empty()
                && (failed(&node) || self.graph.nodes[node].needs.iter().any(|(need, _)| failed(need)))
            {
                self.failed.insert(node);
                continue;
            }
            match self.graph.nodes[node].item.clone() {
                Item::Resource(addr) => self.resource(node, &addr).await,
                Item::Provider(_) => {}
                _ if self.graph.nodes[node].behind_resource => self.evaluate(node),
                _ => {}
            }
            if self.diagnostics.has_errors_since(told) && self.selection.leaves_out(&self.graph, node) {
                self.diagnostics.forgive(told);
            }
            if self.diagnostics.has_errors_since(told) {
                self.fail(node);
            }
        }
    }

    /// Lets the providers look at the plan as a whole.
    async fn check(&mut self) {
        let mut by_type = BTreeMap::<_, Vec<(InstanceAddr, Value)>>::new();
        for draft in &self.drafts {
            if let Some(value) = &draft.desired {
                let ty = draft.address.resource.ty.clone();
                by_type.entry((draft.provider.clone(), ty)).or_default().push((draft.address.clone(), value.clone()));
            }
        }
        for ((provider, ty), planned) in by_type {
            let Some(resource) = self.registry.resource(&provider, &ty) else { continue };
            match resource.check(self.ctx, &planned).await {
                Ok(found) => {
                    for d in found {
                        let placed = self.placed(d);
                        self.diagnostics.push(placed);
                    }
                }
                Err(error) => {
                    self.diagnostics.push(provider_failed(format!("The plan of `{ty}` cannot be checked"), &error))
                }
            }
        }
    }

    /// The plan of what was drafted.
    pub(crate) fn finish(mut self, outputs: Vec<OutputChange>) -> (Option<Plan>, Diagnostics) {
        let errored = self.diagnostics.has_errors();
        let checks = self.checked();
        let (lineage, serial) = (self.state.lineage.clone(), self.state.serial);
        // At scale it takes as long to take these apart as to plan a tenth of them.
        beside::forget((self.state, self.observed, self.planned, self.graph));
        let (drafts, narrow, changes) = (self.drafts, &self.narrow, &mut self.changes);
        let lower = || if errored { Vec::new() } else { steps::lower(drafts, narrow) };
        let (steps, ()) = beside::both(lower, || {
            // Keys are sorted, for a change is too large to be moved again and again.
            if !changes.is_sorted_by(|a, b| a.address <= b.address) {
                changes.sort_by_cached_key(|change| change.address.clone());
            }
        });
        let plan = Plan {
            lineage,
            serial,
            config: self.config,
            changes: self.changes,
            drift: self.drift,
            steps,
            outputs,
            mode: self.options.mode,
            amendments: self.amendments,
            deferred: self.deferred,
            checks,
            partial: self.selection.partial,
            refreshed: self.options.refresh,
            errored,
            given: self.given,
            providers: self.provider_configs,
            values: self.values,
        };
        (Some(plan), self.diagnostics)
    }

    /// The block of a resource instance in the configuration.
    pub(crate) fn block_at(&self, address: &InstanceAddr) -> Option<&ResourceBlock> {
        block_at(&self.config, address)
    }

    /// A provider's diagnostic at its place in the configuration.
    fn placed(&self, diagnostic: Diagnostic) -> Diagnostic {
        let Some(address) = diagnostic.address.clone() else { return diagnostic };
        let Some(block) = self.block_at(&address) else { return diagnostic };
        let body = block.body.clone();
        let list = Diagnostics::from(diagnostic.clone()).in_block(&address, |path| place(&body, path));
        list.into_iter().next().unwrap_or(diagnostic)
    }

    /// The identity of a new object; one that stands beside the old one for a while has a name of its own, too.
    fn new_identity(&self, address: &InstanceAddr, beside: bool) -> cplan_model::Identity {
        let identity = identity::choose(&self.state.lineage, self.state.serial, address);
        if beside { identity::beside(identity) } else { identity }
    }

    /// Whether the flags leave anything out.
    pub(crate) fn selection_is_partial(&self) -> bool {
        self.selection.partial
    }

    /// The changes of a resource's instances that are planned already.
    pub(crate) fn planned_of<'p>(&'p self, group: &InstanceAddr) -> impl Iterator<Item = &'p Change> + use<'p> {
        let group = group.clone();
        self.values.keys_of(&group.module, &group.resource).into_iter().filter_map(move |key| {
            let index = self.planned.get(&InstanceAddr { key, ..group.clone() })?;
            self.changes.get(*index)
        })
    }
}

/// Where a record of the state is kept, which tells it from all others of that state: its key takes ten times as long to
/// look up.
fn place_of(record: &cplan_store::Record) -> usize {
    std::ptr::from_ref(record) as usize
}

/// The address of a resource without a key: all its instances in a module instance.
pub(crate) fn group(module: &ModuleInstance, addr: &ResourceAddr) -> InstanceAddr {
    InstanceAddr { module: module.clone(), resource: addr.clone(), key: None }
}

/// The block of a resource instance in a configuration.
pub(crate) fn block_at<'c>(config: &'c Config, address: &InstanceAddr) -> Option<&'c ResourceBlock> {
    let mut module = &config.root;
    for (call, _) in address.module.0.iter() {
        module = &module.calls.get(call)?.module;
    }
    module.resources.get(&address.resource).map(|block| &**block)
}

/// A diagnostic of a failed provider call, its causes included.
pub(crate) fn provider_failed(what: String, error: &ProviderError) -> Diagnostic {
    let mut text = format!("{what}: {}", error.message);
    let mut cause = std::error::Error::source(error);
    let mut last = error.message.clone();
    while let Some(error) = cause {
        // An error that became another of the same words is told once.
        let words = error.to_string();
        if words != last {
            text.push_str(&format!(": {words}"));
        }
        last = words;
        cause = error.source();
    }
    if !error.details.is_empty() {
        text.push_str(&format!("\n{}", error.details));
    }
    Diagnostic::error("provider-failed", "Provider failed", text).remedy(error.remedy.clone())
}

pub(crate) fn null_object(schema: &cplan_model::Schema) -> Value {
    Value::object(schema.attributes.iter().map(|(n, a)| (n.clone(), Value::null(a.ty.clone()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_of_the_same_words_is_told_once() {
        let source = ProviderError::failed("it is silent").source(ProviderError::failed("the line is cut"));
        let error = ProviderError::failed("it is silent").source(source);
        assert_eq!(provider_failed("No plan".into(), &error).what, "No plan: it is silent: the line is cut");
    }
}
