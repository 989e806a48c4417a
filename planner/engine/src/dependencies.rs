//! What resources depend on by the configuration, whichever instances there are.

use std::collections::BTreeMap;

use cplan_config::Config;
use cplan_model::{InstanceAddr, ModuleInstance};

use crate::graph::{self, Graph, Item};
use crate::planning::group;

/// The nearest resources that each resource of a configuration depends on; all of them without keys, those of their
/// modules included.
pub fn dependencies(config: &Config) -> BTreeMap<InstanceAddr, Vec<InstanceAddr>> {
    let (graph, _) = graph::build(config);
    let nodes = 0..graph.nodes.len();
    nodes
        .filter_map(|node| {
            let nearest = graph.nearest[node].iter().filter_map(|need| address(&graph, *need));
            Some((address(&graph, node)?, nearest.collect()))
        })
        .collect()
}

fn address(graph: &Graph, node: usize) -> Option<InstanceAddr> {
    let node = &graph.nodes[node];
    let Item::Resource(resource) = &node.item else { return None };
    let module = ModuleInstance(node.path.iter().map(|call| (call.clone(), None)).collect());
    Some(group(&module, resource))
}
