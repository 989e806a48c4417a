//! `relevant_attributes`: which attributes of which resources what changes hangs on, through locals, inputs and outputs.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use cplan_config::{Config, Expr, ForEach, Module, ResourceBlock, Spelled, Subject, Written, spelled, written};
use cplan_engine::Plan;
use cplan_model::{Action, InstanceAddr, InstanceKey, ModuleInstance, Step};
use cplan_store::State;
use serde_json::{Value as Json, json};

use super::plan::step as step_json;

/// The elements, in order of address; empty where nothing hangs on a resource.
pub(crate) fn relevant_attributes(plan: &Plan, state: Option<&State>) -> Vec<Json> {
    let config = &*plan.config;
    let recorded = state.into_iter().flat_map(|s| s.records.keys()).map(|key| &key.address);
    let instances = plan.changes.iter().map(|c| &c.address).chain(recorded).map(|a| a.module.clone()).collect();
    let mut walk = Walk { config, instances, each: false, seen: HashSet::new(), found: BTreeSet::new() };
    let mut blocks: HashSet<(ModuleInstance, String)> = HashSet::new();
    for change in plan.changes.iter().filter(|c| c.action != Action::NoOp) {
        let module = &change.address.module;
        // The instances of a block say the same.
        if !blocks.insert((module.clone(), change.address.resource.to_string())) {
            continue;
        }
        let Some(block) = walk.module(module).and_then(|m| m.resources.get(&change.address.resource)) else { continue };
        walk.block(module, block);
    }
    // As Terraform does: outputs count whether or not they change, and theirs are the instances of modules one by one.
    walk.each = true;
    walk.seen.clear();
    for output in &plan.outputs {
        if let Some(declared) = config.root.outputs.get(&output.name) {
            walk.expression(&ModuleInstance::root(), &declared.value);
        }
    }
    walk.found
        .into_iter()
        .map(|(resource, path)| {
            let attribute: Vec<Json> = path.iter().map(step_json).collect();
            json!({"resource": resource.to_string(), "attribute": attribute})
        })
        .collect()
}

struct Walk<'a> {
    config: &'a Config,
    /// The module instances that the plan speaks of.
    instances: BTreeSet<ModuleInstance>,
    /// Whether a module that repeats stands for its instances.
    each: bool,
    seen: HashSet<(ModuleInstance, Subject, Option<Arc<str>>)>,
    found: BTreeSet<(InstanceAddr, Vec<Step>)>,
}

impl<'a> Walk<'a> {
    fn module(&self, instance: &ModuleInstance) -> Option<&'a Module> {
        let mut module: &Module = &self.config.root;
        for (call, _) in instance.0.iter() {
            module = &module.calls.get(call)?.module;
        }
        Some(module)
    }

    fn block(&mut self, module: &ModuleInstance, block: &ResourceBlock) {
        self.written(module, &written(&block.body));
        self.repeat(module, block.repeat.as_ref());
    }

    fn written(&mut self, module: &ModuleInstance, written: &Written) {
        for (_, expr) in &written.arguments {
            self.expression(module, expr);
        }
        for (_, inner) in &written.blocks {
            self.written(module, inner);
        }
    }

    fn repeat(&mut self, module: &ModuleInstance, repeat: Option<&ForEach>) {
        if let Some(ForEach::Count(expr) | ForEach::Each(expr)) = repeat {
            self.expression(module, expr);
        }
    }

    fn expression(&mut self, module: &ModuleInstance, expr: &Expr) {
        for reference in spelled(expr) {
            self.follow(module, reference);
        }
    }

    fn children(&self, module: &ModuleInstance, name: &Arc<str>, key: Option<InstanceKey>) -> Vec<ModuleInstance> {
        let one = module.child(name, key.clone());
        if !self.each || key.is_some() {
            return vec![one];
        }
        let depth = module.0.len();
        let below = |m: &&ModuleInstance| module.contains(m) && m.0.get(depth).is_some_and(|(n, _)| n == name);
        let found: BTreeSet<ModuleInstance> =
            self.instances.iter().filter(below).map(|m| ModuleInstance(m.0[..=depth].into())).collect();
        if found.is_empty() { vec![one] } else { found.into_iter().collect() }
    }

    fn follow(&mut self, module: &ModuleInstance, reference: Spelled) {
        if let Subject::Resource(resource) = reference.subject {
            let address = InstanceAddr { module: module.clone(), resource, key: reference.key };
            self.found.insert((address, reference.steps));
            return;
        }
        if !self.seen.insert((module.clone(), reference.subject.clone(), reference.output.clone())) {
            return;
        }
        let Some(here) = self.module(module) else { return };
        match &reference.subject {
            Subject::Local(name) => {
                if let Some(local) = here.locals.get(name) {
                    self.expression(module, &local.value);
                }
            }
            Subject::Variable(name) => {
                let Some(((call, _), above)) = module.0.split_last() else { return };
                let above = ModuleInstance(above.into());
                let Some(call) = self.module(&above).and_then(|m| m.calls.get(call)) else { return };
                self.repeat(&above, call.repeat.as_ref());
                if let Some((input, _)) = call.inputs.get(name) {
                    self.expression(&above, input);
                }
            }
            Subject::Module(name) => {
                let Some(call) = here.calls.get(name) else { return };
                let (outputs, only) = (&call.module.outputs, reference.reference());
                let only = call.output_of(&only);
                for inner in self.children(module, name, reference.key.clone()) {
                    let named = outputs.iter().filter(|(n, _)| only.is_none_or(|o| o == *n));
                    for (_, output) in named {
                        self.expression(&inner, &output.value);
                    }
                }
            }
            _ => {}
        }
    }
}
