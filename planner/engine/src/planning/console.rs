//! What expressions give when they are typed, outside of every block: the root module with the values of the state.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_config::{Config, Expr, ForEach, Module, ResourceBlock, Schemas, evaluate, validate_expression};
use cplan_model::{Diagnostics, InstanceAddr, InstanceKey, Mode, ModuleInstance, Schema, Type, Value};
use cplan_sdk::Context;
use hashbrown::HashMap;

use super::{PlanInput, Planner, group};
use crate::graph::{self, Item};
use crate::plan::Plan;
use crate::proposed::remark;
use crate::registry::Registry;
use crate::values::{Instances, Live, Repeat, Values};

/// A root module, evaluated, that answers expressions.
pub struct Console {
    config: Arc<Config>,
    values: Values,
    live: Live,
    schemas: Known,
}

/// The schemas of the resources of a root module, by provider, mode and type.
#[derive(Default)]
struct Known(HashMap<(Arc<str>, Mode, Arc<str>), Schema>);

impl Known {
    fn of(module: &Module, registry: &Registry) -> Self {
        let mut known = Known::default();
        for block in module.resources.values() {
            let Some(schema) = registry.schema(module, block) else { continue };
            known.0.entry(Self::key(module, block)).or_insert_with(|| schema.clone());
        }
        known
    }

    fn key(module: &Module, block: &ResourceBlock) -> (Arc<str>, Mode, Arc<str>) {
        (module.provider_type(&block.provider.name), block.addr.mode, block.addr.ty.clone())
    }
}

impl Schemas for Known {
    fn schema(&self, module: &Module, block: &ResourceBlock) -> Option<&Schema> {
        self.0.get(&Self::key(module, block))
    }
}

impl Console {
    /// From configuration and state, without looking at the world: a resource is what the state says of it, and unknown
    /// where the state says nothing. With mistakes in the configuration, what hangs on them is unknown.
    pub fn new(ctx: &Context, input: PlanInput<'_>) -> (Console, Diagnostics) {
        let mut planner = Planner::new(ctx, PlanInput { now: None, ..input });
        planner.remember();
        let schemas = Known::of(&planner.config.root, planner.registry);
        let console = Console { config: planner.config, values: planner.values, live: Live::default(), schemas };
        (console, planner.diagnostics)
    }

    /// From a plan: what is planned, and not what is.
    pub fn of_plan(plan: &Plan) -> Console {
        let (config, values) = (plan.config.clone(), plan.values.clone());
        Console { config, values, live: Live::planned(), schemas: Known::default() }
    }

    /// The value of an expression in the root module; unknown where there are errors.
    pub fn evaluate(&self, expr: &Expr) -> (Value, Diagnostics) {
        let found = validate_expression(&self.config.root, expr, &self.schemas);
        if found.has_errors() {
            return (Value::unknown(Type::Dynamic), found);
        }
        evaluate(expr, &self.values.view(&ModuleInstance::root(), &Repeat::None, Some(&self.live)))
    }
}

impl Console {
    /// The value of an expression as it stands in a module instance, outside of blocks that repeat: what hangs on `each`
    /// or `count` is unknown, and so is everything where there is no such instance.
    pub fn value_in(&self, module: &ModuleInstance, expr: &Expr) -> Value {
        let (value, found) = evaluate(expr, &self.values.view(module, &Repeat::Unknown, Some(&self.live)));
        if found.has_errors() { Value::unknown(Type::Dynamic) } else { value }
    }

    /// The value of a variable of a module instance.
    pub fn variable(&self, module: &ModuleInstance, name: &str) -> Option<Value> {
        self.values.module(module)?.variables.get(name).cloned()
    }
}

/// The values of a resource's instances in the state, by key.
type Remembered = BTreeMap<Option<InstanceKey>, Value>;

impl Planner<'_> {
    /// The first pass with resources as the state has them.
    fn remember(&mut self) {
        self.diagnostics.extend(cplan_config::validate(&self.config, self.registry));
        let (graph, found) = graph::build(&self.config);
        self.diagnostics.extend(found);
        self.graph = graph;
        let mut remembered: HashMap<InstanceAddr, Remembered> = HashMap::new();
        for (key, record) in self.state.records.iter().filter(|(key, _)| key.deposed.is_none()) {
            let group = remembered.entry(key.address.without_key()).or_default();
            group.insert(key.address.key.clone(), record.values.clone());
        }
        for node in self.graph.order.clone() {
            let Item::Resource(addr) = self.graph.nodes[node].item.clone() else {
                self.evaluate(node);
                continue;
            };
            let Some(block) = self.graph.nodes[node].block.clone() else { continue };
            let schema = self.registry.schema(&self.graph.nodes[node].module, &block).cloned();
            for module in self.values.instances_of(&self.graph.nodes[node].path.clone()) {
                let values = remembered.remove(&group(&module, &addr)).unwrap_or_default();
                let values = values.into_iter().map(|(key, v)| match &schema {
                    Some(schema) => (key, remark(schema, &v, &v)),
                    None => (key, v),
                });
                self.values.set_resource(&module, &addr, instances(block.repeat.as_ref(), values.collect()));
            }
        }
    }
}

/// In the shape that the block gives; unknown where the state has no instance of it.
fn instances(repeat: Option<&ForEach>, mut values: Remembered) -> Instances<Value> {
    if values.is_empty() {
        return Instances::Unknown;
    }
    match repeat {
        None => values.remove(&None).map_or(Instances::Unknown, Instances::Single),
        Some(ForEach::Count(_)) => {
            let number = |key: &Option<InstanceKey>| match key {
                Some(InstanceKey::Int(n)) => usize::try_from(*n).ok(),
                _ => None,
            };
            // Only as many places as there are records, however high a number the state has.
            let limit = values.keys().filter_map(number).max().map_or(0, |n| n + 1).min(values.len() * 2 + 16);
            let mut all = vec![Value::unknown(Type::Dynamic); limit];
            for (key, value) in values {
                if let Some(slot) = number(&key).and_then(|n| all.get_mut(n)) {
                    *slot = value;
                }
            }
            Instances::Count(all)
        }
        Some(ForEach::Each(_)) => {
            let named = values.into_iter().filter_map(|(key, value)| match key {
                Some(InstanceKey::Str(name)) => Some((name, value)),
                _ => None,
            });
            Instances::Each(named.collect())
        }
    }
}
