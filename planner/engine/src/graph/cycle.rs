//! A cycle, told with every edge of it.

use cplan_model::{Diagnostic, Diagnostics};
use hashbrown::HashSet;

use super::{Item, Node};

/// The cycles among the nodes that the sort could not place; of those that share nodes, one.
pub(super) fn diagnose(nodes: &[Node], stuck: &[usize]) -> Diagnostics {
    let mut stuck: HashSet<usize> = stuck.iter().copied().collect();
    let mut found = Diagnostics::new();
    loop {
        let placed = |n: &usize| !nodes[*n].needs.iter().any(|(need, _)| stuck.contains(need));
        let free: Vec<usize> = stuck.iter().copied().filter(placed).collect();
        if !free.is_empty() {
            free.iter().for_each(|n| _ = stuck.remove(n));
        } else if stuck.is_empty() {
            return found;
        } else {
            let circle = circle(nodes, &stuck);
            circle.iter().for_each(|n| _ = stuck.remove(n));
            found.push(tell(nodes, &circle));
        }
    }
}

fn circle(nodes: &[Node], stuck: &HashSet<usize>) -> Vec<usize> {
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
    walk.split_off(start)
}

fn tell(nodes: &[Node], circle: &[usize]) -> Diagnostic {
    let names: Vec<String> = circle.iter().chain(circle.first()).map(|n| format!("`{}`", name(&nodes[*n]))).collect();
    let what = format!("These need each other in a circle: {}.", names.join(" -> "));
    let summary = match circle {
        [own] => match nodes[*own].item {
            Item::Local(_) => "Self-referencing local value",
            Item::Resource(_) => "Self-referential block",
            _ => "Cycle",
        },
        _ => "Cycle",
    };
    let mut diagnostic =
        Diagnostic::error("cycle", summary, what).remedy("Break the circle: let one of them not refer to the next.");
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
        Item::Rules(name) => format!("{module}var.{name} (validation)"),
        Item::Local(name) => format!("{module}local.{name}"),
        Item::Resource(addr) => format!("{module}{addr}"),
        Item::Output(name) => format!("{module}output.{name}"),
        Item::Check(name) => format!("{module}check.{name}"),
        Item::Import(index) => format!("import block {}", index + 1),
    }
}
