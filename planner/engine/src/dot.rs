//! The graph of resources in the DOT language.

use std::fmt::Write as _;

use cplan_config::Config;

use crate::graph::{self, Item, Node};

/// Resources and data sources with an edge from each to what it depends on, as `terraform graph` draws them.
pub fn dot(config: &Config) -> String {
    let (graph, _) = graph::build(config);
    let mut text =
        String::from("digraph G {\n  rankdir = \"RL\";\n  node [shape = rect, fontname = \"sans-serif\"];\n");
    let names: Vec<Option<String>> = graph.nodes.iter().map(name).collect();
    for name in names.iter().flatten() {
        let _ = writeln!(text, "  {name:?} [label={name:?}];");
    }
    for (node, from) in names.iter().enumerate() {
        let Some(from) = from else { continue };
        for to in graph.nearest[node].iter().filter_map(|n| names[*n].as_ref()) {
            let _ = writeln!(text, "  {from:?} -> {to:?};");
        }
    }
    text.push_str("}\n");
    text
}

fn name(node: &Node) -> Option<String> {
    let Item::Resource(addr) = &node.item else { return None };
    let module: String = node.path.iter().map(|call| format!("module.{call}.")).collect();
    Some(format!("{module}{addr}"))
}
