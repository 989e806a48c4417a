//! A cycle, told with every edge of it.

use std::collections::HashSet;

use cplan_model::Diagnostic;

use super::{Item, Node};

/// The diagnostic of one cycle among the nodes that the sort could not place.
pub(super) fn diagnose(nodes: &[Node], stuck: &[usize]) -> Diagnostic {
    let stuck: HashSet<usize> = stuck.iter().copied().collect();
    // Every stuck node needs a stuck node or hangs behind one; walking needs must come round.
    let mut walk = Vec::new();
    let mut seen = HashSet::new();
    let mut current = stuck.iter().copied().min().unwrap_or_default();
    while seen.insert(current) {
        walk.push(current);
        match nodes[current].needs.iter().find(|(n, _)| stuck.contains(n)) {
            Some((next, _)) => current = *next,
            None => break,
        }
    }
    let start = walk.iter().position(|n| *n == current).unwrap_or(0);
    let circle = &walk[start..];
    let names: Vec<String> = circle.iter().chain(circle.first()).map(|n| format!("`{}`", name(&nodes[*n]))).collect();
    let mut diagnostic =
        Diagnostic::error("cycle", "Cycle", format!("These need each other in a circle: {}.", names.join(" -> ")))
            .remedy("Break the circle: let one of them not refer to the next.");
    for (i, node) in circle.iter().enumerate() {
        let next = circle[(i + 1) % circle.len()];
        let Some((_, span)) = nodes[*node].needs.iter().find(|(n, _)| *n == next) else { continue };
        let text = format!("`{}` needs `{}`", name(&nodes[*node]), name(&nodes[next]));
        if i == 0 {
            diagnostic.primary = Some(cplan_model::Label { span: *span, text });
        } else {
            diagnostic = diagnostic.label(*span, text);
        }
    }
    diagnostic
}

fn name(node: &Node) -> String {
    let module: String = node.path.iter().map(|call| format!("module.{call}.")).collect();
    match &node.item {
        Item::Provider(name) => format!("{module}provider.{name}"),
        Item::Call(name) => format!("{module}module.{name}"),
        Item::Variable(name) => format!("{module}var.{name}"),
        Item::Local(name) => format!("{module}local.{name}"),
        Item::Resource(addr) => format!("{module}{addr}"),
        Item::Output(name) => format!("{module}output.{name}"),
    }
}
