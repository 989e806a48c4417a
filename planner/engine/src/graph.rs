//! The graph of a configuration: one node per block (not per instance), edges from references, in order.

mod cycle;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cplan_config::{
    CheckRule, Config, Expr, ForEach, Module, ProviderRef, Reference, ResourceBlock, Spelled, Subject, body_references,
    references,
};
use cplan_model::{CheckOwner, Diagnostics, InstanceKey, ResourceAddr, Span};
use hashbrown::{HashMap, HashSet};

use crate::planning::resolve;

/// A module by the calls that lead to it.
pub(crate) type Path = Arc<[Arc<str>]>;

/// What a node stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Item {
    Provider(ProviderRef),
    /// An `import` block of the root module, by its position.
    Import(usize),
    Call(Arc<str>),
    Variable(Arc<str>),
    /// The validations of a variable: they may name what comes after it.
    Rules(Arc<str>),
    Local(Arc<str>),
    Resource(ResourceAddr),
    Output(Arc<str>),
    /// A `check` block, on which nothing depends.
    Check(Arc<str>),
}

/// One block.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) path: Path,
    pub(crate) item: Item,
    pub(crate) module: Arc<Module>,
    /// The block of a resource.
    pub(crate) block: Option<Arc<ResourceBlock>>,
    /// Nodes that come before, each with the place that says so.
    pub(crate) needs: Vec<(usize, Span)>,
    /// Whether any resource comes before it, directly or not.
    pub(crate) behind_resource: bool,
    /// Those of the needed resources of which only some instances are named.
    pub(crate) keys: Keys,
}

/// Resources with the instances that are meant; what is not in it is meant as a whole.
pub(crate) type Keys = BTreeMap<usize, BTreeSet<InstanceKey>>;

/// All nodes, in an order in which each comes after what it needs.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) order: Vec<usize>,
    /// Per node: the nearest resources before it, through everything that is not a resource.
    pub(crate) nearest: Vec<Arc<BTreeSet<usize>>>,
    /// Per node: those of the nearest resources of which only some instances come before it.
    pub(crate) nearest_keys: Vec<Arc<Keys>>,
    index: HashMap<(Path, Item), usize>,
}

/// Nodes, each with those of its instances that are meant; `None` for all.
pub(crate) type Start = HashMap<usize, Option<HashSet<InstanceKey>>>;

impl Graph {
    /// All that comes after nodes, however far.
    pub(crate) fn followers(&self, start: &Start) -> HashSet<usize> {
        let mut found = HashSet::new();
        for &node in &self.order {
            let Node { needs, keys, .. } = &self.nodes[node];
            let after = |need: &usize| match (start.get(need), keys.get(need)) {
                (Some(Some(meant)), Some(named)) => named.iter().any(|key| meant.contains(key)),
                (meant, _) => meant.is_some(),
            };
            if needs.iter().any(|(need, _)| after(need) || found.contains(need)) {
                found.insert(node);
            }
        }
        found
    }

    /// The node of an item in a module.
    pub(crate) fn find(&self, path: &Path, item: &Item) -> Option<usize> {
        self.index.get(&(path.clone(), item.clone())).copied()
    }

    /// The node that an owner's conditions are judged at.
    pub(crate) fn owner(&self, owner: &CheckOwner) -> Option<usize> {
        let path = owner.module().0.iter().map(|(call, _)| call.clone()).collect();
        let item = match owner {
            CheckOwner::Resource(address) => Item::Resource(address.resource.clone()),
            CheckOwner::Output(_, name) => Item::Output(name.clone()),
            CheckOwner::Check(_, name) => Item::Check(name.clone()),
            CheckOwner::Variable(_, name) => Item::Rules(name.clone()),
        };
        self.find(&path, &item)
    }
}

/// Builds the graph; each cycle is an error that shows every edge.
pub(crate) fn build(config: &Config) -> (Graph, Diagnostics) {
    let mut builder = Builder::default();
    builder.add_module(&Path::default(), &config.root);
    builder.connect(config, &Path::default(), &config.root, &[]);
    builder.imports(config);
    let mut graph = Graph { nodes: builder.nodes, index: builder.index, ..Graph::default() };
    let mut diagnostics = Diagnostics::new();
    match sort(&graph.nodes) {
        Ok(order) => graph.order = order,
        Err(stuck) => diagnostics.extend(cycle::diagnose(&graph.nodes, &stuck)),
    }
    graph.nearest = vec![Arc::default(); graph.nodes.len()];
    graph.nearest_keys = vec![Arc::default(); graph.nodes.len()];
    for &i in &graph.order {
        let mut set = BTreeSet::new();
        let mut keys = graph.nodes[i].keys.clone();
        let mut whole = HashSet::new();
        let mut behind = false;
        for (need, _) in &graph.nodes[i].needs {
            if matches!(graph.nodes[*need].item, Item::Resource(_)) {
                set.insert(*need);
                if !graph.nodes[i].keys.contains_key(need) {
                    whole.insert(*need);
                }
                behind = true;
            } else {
                let narrow = &graph.nearest_keys[*need];
                whole.extend(graph.nearest[*need].iter().filter(|n| !narrow.contains_key(n)));
                for (on, named) in narrow.iter() {
                    keys.entry(*on).or_default().extend(named.iter().cloned());
                }
                set.extend(graph.nearest[*need].iter().copied());
                behind |= graph.nodes[*need].behind_resource;
            }
        }
        keys.retain(|on, _| !whole.contains(on));
        graph.nodes[i].behind_resource = behind;
        graph.nearest[i] = Arc::new(set);
        if !keys.is_empty() {
            graph.nearest_keys[i] = Arc::new(keys);
        }
    }
    (graph, diagnostics)
}

#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    index: HashMap<(Path, Item), usize>,
}

impl Builder {
    fn add(&mut self, path: &Path, module: &Arc<Module>, item: Item) {
        self.index.insert((path.clone(), item.clone()), self.nodes.len());
        self.nodes.push(Node {
            path: path.clone(),
            item,
            module: module.clone(),
            block: None,
            needs: Vec::new(),
            behind_resource: false,
            keys: Keys::new(),
        });
    }

    fn add_module(&mut self, path: &Path, module: &Arc<Module>) {
        for provider in module.providers.keys() {
            self.add(path, module, Item::Provider(provider.clone()));
        }
        for (name, variable) in &module.variables {
            self.add(path, module, Item::Variable(name.clone()));
            if !variable.validations.is_empty() {
                self.add(path, module, Item::Rules(name.clone()));
            }
        }
        for name in module.locals.keys() {
            self.add(path, module, Item::Local(name.clone()));
        }
        for (addr, block) in &module.resources {
            let node = self.nodes.len();
            self.add(path, module, Item::Resource(addr.clone()));
            self.nodes[node].block = Some(Arc::clone(block));
        }
        for (name, call) in &module.calls {
            self.add(path, module, Item::Call(name.clone()));
            self.add_module(&child(path, name), &call.module);
        }
        for name in module.outputs.keys() {
            self.add(path, module, Item::Output(name.clone()));
        }
        for name in module.checks.keys() {
            self.add(path, module, Item::Check(name.clone()));
        }
    }

    /// Adds the edges of a module; `calls` are the call nodes that lead to it, with their places.
    fn connect(&mut self, config: &Config, path: &Path, module: &Arc<Module>, calls: &[(usize, Span)]) {
        for (provider, block) in &module.providers {
            let refs = body_references(&block.body);
            self.edges(path, module, Item::Provider(provider.clone()), &refs, calls);
        }
        for (name, variable) in &module.variables {
            let refs: Vec<Reference> = rule_references(&variable.validations).collect();
            self.edges(path, module, Item::Rules(name.clone()), &refs, calls);
        }
        for (name, local) in &module.locals {
            self.edges(path, module, Item::Local(name.clone()), &references(&local.value), calls);
        }
        for (addr, block) in &module.resources {
            let refs = resource_references(block);
            self.edges(path, module, Item::Resource(addr.clone()), &refs, calls);
            let means = resolve(config, path, &block.provider);
            if let Some(provider) = self.index.get(&(means.path, Item::Provider(means.local))).copied() {
                self.need(path, &Item::Resource(addr.clone()), provider, block.span, None);
            }
        }
        for (name, output) in &module.outputs {
            let mut refs = references(&output.value);
            refs.extend(rule_references(&output.preconditions));
            refs.extend(output.depends_on.iter().map(Spelled::reference));
            self.edges(path, module, Item::Output(name.clone()), &refs, calls);
        }
        for (name, check) in &module.checks {
            let refs: Vec<Reference> = rule_references(&check.asserts).collect();
            self.edges(path, module, Item::Check(name.clone()), &refs, calls);
        }
        for (name, call) in &module.calls {
            let mut refs: Vec<Reference> = call.depends_on.iter().map(Spelled::reference).collect();
            refs.extend(call.repeat.iter().flat_map(|r| references(repeat_expr(r))));
            self.edges(path, module, Item::Call(name.clone()), &refs, calls);
            let inner = child(path, name);
            let mut chain = calls.to_vec();
            if let Some(node) = self.index.get(&(path.clone(), Item::Call(name.clone()))) {
                chain.push((*node, call.span));
            }
            for variable in call.module.variables.keys() {
                let refs: Vec<Reference> = call.inputs.get(variable).map(|(e, _)| references(e)).unwrap_or_default();
                for reference in &refs {
                    for need in self.targets(path, module, reference) {
                        let variable = Item::Variable(variable.clone());
                        self.need(&inner, &variable, need, reference.span, reference.key.as_ref());
                    }
                }
                for (node, span) in &chain {
                    self.need(&inner, &Item::Variable(variable.clone()), *node, *span, None);
                }
            }
            self.connect(config, &inner, &call.module, &chain);
        }
    }

    /// Adds `import` blocks; what they take in is planned after they are evaluated.
    fn imports(&mut self, config: &Config) {
        let root = Path::default();
        for (i, import) in config.root.imports.iter().enumerate() {
            let node = self.nodes.len();
            self.add(&root, &config.root, Item::Import(i));
            let keys = import.to.modules.iter().filter_map(|(_, key)| key.as_ref()).chain(&import.to.key);
            let exprs = [&import.id].into_iter().chain(&import.for_each).chain(keys);
            let refs: Vec<Reference> = exprs.flat_map(references).collect();
            self.edges(&root, &config.root, Item::Import(i), &refs, &[]);
            let path: Path = import.to.modules.iter().map(|(call, _)| call.clone()).collect();
            self.need(&path, &Item::Resource(import.to.resource.clone()), node, import.span, None);
        }
    }

    fn edges(&mut self, path: &Path, module: &Arc<Module>, item: Item, refs: &[Reference], calls: &[(usize, Span)]) {
        for reference in refs {
            for need in self.targets(path, module, reference) {
                self.need(path, &item, need, reference.span, reference.key.as_ref());
            }
        }
        for (node, span) in calls {
            self.need(path, &item, *node, *span, None);
        }
    }

    /// `key` says that only this instance is needed.
    fn need(&mut self, path: &Path, item: &Item, need: usize, span: Span, key: Option<&InstanceKey>) {
        if let Some(&node) = self.index.get(&(path.clone(), item.clone())) {
            let Node { needs, keys, .. } = &mut self.nodes[node];
            match key {
                None => drop(keys.remove(&need)),
                Some(key) => match keys.get_mut(&need) {
                    Some(named) => drop(named.insert(key.clone())),
                    // Where it is not among them as a whole.
                    None if needs.iter().all(|(n, _)| *n != need) => {
                        keys.insert(need, BTreeSet::from([key.clone()]));
                    }
                    None => {}
                },
            }
            if needs.len() < 64 && needs.iter().any(|(n, _)| *n == need) {
                return;
            }
            needs.push((need, span));
        }
    }

    /// All that stands in a module, and in modules in it: what names it as a whole waits for everything, checks included.
    fn all_of(&self, path: &Path, module: &Module, out: &mut Vec<usize>) {
        let outputs = module.outputs.keys().map(|name| Item::Output(name.clone()));
        let resources = module.resources.keys().map(|addr| Item::Resource(addr.clone()));
        let variables =
            module.variables.keys().flat_map(|name| [Item::Variable(name.clone()), Item::Rules(name.clone())]);
        let locals = module.locals.keys().map(|name| Item::Local(name.clone()));
        let checks = module.checks.keys().map(|name| Item::Check(name.clone()));
        let calls = module.calls.keys().map(|name| Item::Call(name.clone()));
        let all = outputs.chain(resources).chain(variables).chain(locals).chain(checks).chain(calls);
        out.extend(all.filter_map(|item| self.index.get(&(path.clone(), item))));
        for (name, call) in &module.calls {
            self.all_of(&child(path, name), &call.module, out);
        }
    }

    /// The nodes that a reference within a module means.
    fn targets(&self, path: &Path, module: &Arc<Module>, reference: &Reference) -> Vec<usize> {
        let one = |item: Item| self.index.get(&(path.clone(), item)).copied().into_iter().collect();
        match &reference.subject {
            Subject::Variable(name) => one(Item::Variable(name.clone())),
            Subject::Local(name) => one(Item::Local(name.clone())),
            Subject::Resource(addr) => one(Item::Resource(addr.clone())),
            Subject::Module(name) => {
                let Some(call) = module.calls.get(name) else { return Vec::new() };
                let inner = child(path, name);
                let mut nodes: Vec<usize> = one(Item::Call(name.clone()));
                match call.output_of(reference) {
                    Some(output) => nodes.extend(self.index.get(&(inner, Item::Output(output.clone())))),
                    None => self.all_of(&inner, &call.module, &mut nodes),
                }
                nodes
            }
            _ => Vec::new(),
        }
    }
}

fn child(path: &Path, call: &Arc<str>) -> Path {
    path.iter().cloned().chain([call.clone()]).collect()
}

/// The expression of a `count` or `for_each`.
pub(crate) fn repeat_expr(repeat: &ForEach) -> &Expr {
    match repeat {
        ForEach::Count(expr) | ForEach::Each(expr) => expr,
    }
}

fn resource_references(block: &ResourceBlock) -> Vec<Reference> {
    let mut refs = body_references(&block.body);
    refs.extend(block.repeat.iter().flat_map(|r| references(repeat_expr(r))));
    refs.extend(block.depends_on.iter().map(Spelled::reference));
    let lifecycle = &block.lifecycle;
    refs.extend(rule_references(&lifecycle.preconditions));
    // What a postcondition says of its own instances is asked when they are there.
    let own = |r: &Reference| r.subject == Subject::Resource(block.addr.clone());
    refs.extend(rule_references(&lifecycle.postconditions).filter(|r| !own(r)));
    refs.extend(lifecycle.replace_triggered_by.iter().flat_map(|(expr, _)| references(expr)));
    refs.extend(lifecycle.create_before_destroy.iter().chain(&lifecycle.prevent_destroy).flat_map(references));
    refs
}

fn rule_references(rules: &[CheckRule]) -> impl Iterator<Item = Reference> {
    rules.iter().flat_map(|rule| [&rule.condition, &rule.error_message]).flat_map(references)
}

/// An order in which each node comes after its needs (in order of declaration where free), or the nodes that are stuck.
fn sort(nodes: &[Node]) -> Result<Vec<usize>, Vec<usize>> {
    let mut waiting: Vec<usize> = nodes.iter().map(|n| n.needs.len()).collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (i, node) in nodes.iter().enumerate() {
        for (need, _) in &node.needs {
            followers[*need].push(i);
        }
    }
    let mut ready: BTreeSet<usize> = (0..nodes.len()).filter(|i| waiting[*i] == 0).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(next) = ready.pop_first() {
        order.push(next);
        for &follower in &followers[next] {
            waiting[follower] -= 1;
            if waiting[follower] == 0 {
                ready.insert(follower);
            }
        }
    }
    if order.len() == nodes.len() { Ok(order) } else { Err((0..nodes.len()).filter(|i| waiting[*i] > 0).collect()) }
}
