//! Graphs of `terraform_data` with modules, counts and keys, and random changes between one plan and the next.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Random;
use crate::oracle::case::{Case, Step};

/// How often a block is there.
#[derive(Clone, Debug, PartialEq)]
enum Repeat {
    Once,
    Count(usize),
    Each(Vec<&'static str>),
}

/// A resource, at the root or in a module, or (with `inside`) a module call.
#[derive(Clone, Debug)]
struct Node {
    name: String,
    repeat: Repeat,
    /// A literal of its input.
    literal: usize,
    /// The nodes that it names, each before it.
    refs: Vec<usize>,
    /// Another part of the node is named: its id, its output, or all of it.
    part: usize,
    trigger: Option<usize>,
    /// Its trigger is another node's identity.
    follows: bool,
    create_before_destroy: bool,
    ignore: bool,
    depends: bool,
    /// It is replaced with what it names first.
    replaced_with: bool,
    /// Its input is sensitive.
    sensitive: bool,
    /// Which of the conditions it has: none, before, after, a check beside it.
    condition: usize,
    gone: bool,
    /// When it is gone, its object stays.
    forgotten: bool,
    /// For a module call: what is in the module.
    inside: Option<Vec<Node>>,
}

/// The case of a seed.
pub(crate) fn case(seed: u64) -> Case {
    let mut random = Random::new(seed);
    let mut nodes: Vec<Node> = Vec::new();
    for i in 0..3 + random.below(5) {
        let node = node(&mut random, i, true);
        nodes.push(node);
    }
    let mut moves = Vec::new();
    let mut steps = vec![up(&nodes, &moves)];
    for _ in 0..1 + random.below(2) {
        for _ in 0..1 + random.below(3) {
            change(&mut random, &mut nodes, &mut moves);
        }
        let mut step = up(&nodes, &moves);
        step.command.extend(flag(&mut random, &nodes));
        steps.push(step);
    }
    steps.push(Step { command: vec!["plan".into()], ..Step::default() });
    if random.chance(30) {
        steps.push(Step { command: vec!["destroy".into()], ..Step::default() });
    }
    Case { id: format!("generated-graphs/{seed}"), steps }
}

/// Now and then only a part is planned, or an object is replaced for nothing.
fn flag(random: &mut Random, nodes: &[Node]) -> Option<String> {
    let node = random.pick(nodes);
    let key = match &node.repeat {
        Repeat::Count(n) if *n > 0 => "[0]".to_owned(),
        Repeat::Each(keys) if !keys.is_empty() => format!("[{:?}]", keys[0]),
        _ => String::new(),
    };
    match random.below(12) {
        0 => Some(format!("-target={}", address(node))),
        1 => Some(format!("-target={}{key}", address(node))),
        2 if node.inside.is_none() => Some(format!("-replace={}{key}", address(node))),
        3 => Some("-refresh=false".to_owned()),
        _ => None,
    }
}

fn node(random: &mut Random, at: usize, root: bool) -> Node {
    let inside =
        (root && random.chance(25)).then(|| (0..1 + random.below(3)).map(|i| node(random, i, false)).collect());
    let mut refs: Vec<usize> = (0..at).filter(|_| random.chance(35)).collect();
    refs.truncate(3);
    Node {
        name: format!("{}{at}", if inside.is_some() { "m" } else { "r" }),
        repeat: repeat(random),
        literal: random.below(3),
        part: random.below(4),
        trigger: random.chance(30).then_some(0),
        follows: random.chance(20) && !refs.is_empty(),
        create_before_destroy: random.chance(15),
        ignore: random.chance(10),
        depends: random.chance(15) && !refs.is_empty(),
        replaced_with: random.chance(15) && !refs.is_empty(),
        sensitive: random.chance(10),
        condition: if random.chance(25) { 1 + random.below(if root { 3 } else { 2 }) } else { 0 },
        gone: false,
        forgotten: false,
        refs,
        inside,
    }
}

fn repeat(random: &mut Random) -> Repeat {
    match random.below(6) {
        0 => Repeat::Count(random.below(3)),
        1 => Repeat::Each(["a", "b", "c c"].into_iter().filter(|_| random.chance(60)).collect()),
        _ => Repeat::Once,
    }
}

/// One change of the configuration.
fn change(random: &mut Random, nodes: &mut Vec<Node>, moves: &mut Vec<(String, String)>) {
    if random.chance(15) {
        let node = node(random, nodes.len(), true);
        nodes.push(node);
        return;
    }
    let at = random.below(nodes.len());
    let kind = random.below(14);
    if kind == 9 {
        return into_module(random, nodes, moves, at);
    }
    let node = &mut nodes[at];
    match kind {
        0 | 1 => node.literal += 1,
        2 => node.trigger = node.trigger.map_or(Some(1), |t| Some(t + 1)),
        3 => node.repeat = repeat(random),
        4 => node.gone = true,
        5 if !node.gone && moves.iter().all(|(from, _)| !from.contains(&*node.name)) => {
            let prefix = if node.inside.is_some() { "module" } else { "terraform_data" };
            let old = std::mem::take(&mut node.name);
            node.name = format!("{old}x");
            moves.push((format!("{prefix}.{old}"), format!("{prefix}.{}", node.name)));
        }
        6 => node.create_before_destroy = !node.create_before_destroy,
        10 => (node.gone, node.forgotten) = (true, true),
        11 => rekey(random, node, moves),
        12 => node.sensitive = !node.sensitive,
        13 => node.condition = random.below(4),
        7 => {
            if let Some(inner) = node.inside.as_mut().and_then(|inside| inside.first_mut()) {
                inner.literal += 1;
            } else {
                node.refs.pop();
            }
        }
        _ => node.part += 1,
    }
}

/// Moves a resource of the root into a module.
fn into_module(random: &mut Random, nodes: &mut [Node], moves: &mut Vec<(String, String)>, at: usize) {
    let homes: Vec<usize> = (0..nodes.len()).filter(|i| nodes[*i].inside.is_some() && !nodes[*i].gone).collect();
    let moved = |name: &str| moves.iter().any(|(from, to)| from.contains(name) || to.contains(name));
    if homes.is_empty() || nodes[at].inside.is_some() || nodes[at].gone || moved(&nodes[at].name) {
        return;
    }
    let home = *random.pick(&homes);
    let key = match &nodes[home].repeat {
        Repeat::Once => String::new(),
        Repeat::Count(n) if *n > 0 => "[0]".to_owned(),
        Repeat::Each(keys) if !keys.is_empty() => format!("[{:?}]", keys[0]),
        _ => return,
    };
    if moved(&nodes[home].name) {
        return;
    }
    let name = format!("{}i", nodes[at].name);
    let condition = nodes[at].condition.min(2);
    let plain =
        Node { condition, refs: Vec::new(), follows: false, depends: false, replaced_with: false, ..nodes[at].clone() };
    let inner = Node { name, ..plain };
    nodes[at].gone = true;
    moves.push((address(&nodes[at]), format!("module.{}{key}.{}", nodes[home].name, address(&inner))));
    if let Some(inside) = &mut nodes[home].inside {
        inside.push(inner);
    }
}

/// Gives a block other keys, and says which object is which.
fn rekey(random: &mut Random, node: &mut Node, moves: &mut Vec<(String, String)>) {
    if node.gone || moves.iter().any(|(from, to)| from.contains(&*node.name) || to.contains(&*node.name)) {
        return;
    }
    let whole = address(node);
    let (from, to) = match (&node.repeat, random.below(2)) {
        (Repeat::Once, 0) => ("", Repeat::Count(1 + random.below(2))),
        (Repeat::Once, _) => ("", Repeat::Each(vec!["a", "c c"])),
        (Repeat::Count(n), 0) if *n > 0 => ("[0]", Repeat::Once),
        (Repeat::Count(n), _) if *n > 0 => ("[0]", Repeat::Each(vec!["a", "b"])),
        (Repeat::Each(keys), 0) if keys.contains(&"a") => ("[\"a\"]", Repeat::Once),
        (Repeat::Each(keys), _) if keys.contains(&"a") => ("[\"a\"]", Repeat::Count(1 + random.below(2))),
        _ => return,
    };
    let key = match &to {
        Repeat::Once => "",
        Repeat::Count(_) => "[0]",
        Repeat::Each(_) => "[\"a\"]",
    };
    moves.push((format!("{whole}{from}"), format!("{whole}{key}")));
    node.repeat = to;
}

fn up(nodes: &[Node], moves: &[(String, String)]) -> Step {
    let mut files = BTreeMap::new();
    let mut main = body(nodes, &mut files);
    for (from, to) in moves {
        writeln!(main, "moved {{\n  from = {from}\n  to   = {to}\n}}").unwrap();
    }
    for node in nodes.iter().filter(|n| n.gone && n.forgotten) {
        writeln!(main, "removed {{\n  from = {}\n  lifecycle {{\n    destroy = false\n  }}\n}}", address(node))
            .unwrap();
    }
    files.insert("main.tf".to_owned(), main);
    let files = files.into_iter().map(|(name, text)| (name, Some(text))).collect();
    Step { files, env: Vec::new(), command: vec!["up".into()] }
}

/// The blocks of a module; the modules that it calls are written beside it.
fn body(nodes: &[Node], files: &mut BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for node in nodes.iter().filter(|n| !n.gone) {
        let module = node.inside.is_some();
        let named: Vec<String> =
            node.refs.iter().filter(|at| !nodes[**at].gone).map(|at| reference(&nodes[*at], node.part + at)).collect();
        if module {
            writeln!(text, "module \"{}\" {{\n  source = \"./{}\"", node.name, node.name).unwrap();
        } else {
            writeln!(text, "resource \"terraform_data\" \"{}\" {{", node.name).unwrap();
        }
        let own = match &node.repeat {
            Repeat::Once => "\"-\"".to_owned(),
            Repeat::Count(n) => {
                writeln!(text, "  count = {n}").unwrap();
                "count.index".to_owned()
            }
            Repeat::Each(keys) => {
                writeln!(text, "  for_each = toset({keys:?})").unwrap();
                "each.key".to_owned()
            }
        };
        let literal =
            if node.sensitive && !module { format!("sensitive({})", node.literal) } else { node.literal.to_string() };
        writeln!(text, "  input = [{literal}, {own}, [{}]]", named.join(", ")).unwrap();
        if node.depends
            && let Some(at) = node.refs.iter().find(|at| !nodes[**at].gone)
        {
            writeln!(text, "  depends_on = [{}]", address(&nodes[*at])).unwrap();
        }
        if !module {
            if node.follows
                && let Some(first) = named.first()
            {
                writeln!(text, "  triggers_replace = [{first}]").unwrap();
            } else if let Some(trigger) = node.trigger {
                writeln!(text, "  triggers_replace = {trigger}").unwrap();
            }
            let with =
                node.refs.iter().find(|at| node.replaced_with && !nodes[**at].gone && nodes[**at].inside.is_none());
            if node.create_before_destroy || node.ignore || with.is_some() || matches!(node.condition, 1 | 2) {
                text += "  lifecycle {\n";
                if let Some(at) = with {
                    writeln!(text, "    replace_triggered_by = [{}]", address(&nodes[*at])).unwrap();
                }
                match node.condition {
                    1 => text += &named.first().map_or_else(String::new, |named| rule("precondition", named, "    ")),
                    2 => text += &rule("postcondition", "self.id", "    "),
                    _ => {}
                }
                if node.create_before_destroy {
                    text += "    create_before_destroy = true\n";
                }
                if node.ignore {
                    text += "    ignore_changes = [input]\n";
                }
                text += "  }\n";
            }
        }
        text += "}\n";
        if let Some(inside) = &node.inside {
            let mut inner = "variable \"input\" {}\n".to_owned();
            inner += &body(inside, files);
            inner += "resource \"terraform_data\" \"given\" {\n  input = var.input\n}\n";
            inner +=
                "output \"all\" {\n  value = [var.input[0], terraform_data.given.id, terraform_data.given.output]\n}\n";
            files.insert(format!("{}/main.tf", node.name), inner);
        }
        if node.condition == 3 {
            let named = reference(node, node.part);
            writeln!(text, "check \"{}\" {{\n{}}}", node.name, rule("assert", &named, "  ")).unwrap();
        }
        let named = reference(node, node.part);
        let named = if node.sensitive { format!("nonsensitive({named})") } else { named };
        writeln!(text, "output \"{}\" {{\n  value = {named}\n}}", node.name).unwrap();
    }
    text
}

/// A condition on something that is mostly true, and is said of different things.
fn rule(kind: &str, named: &str, indent: &str) -> String {
    format!(
        "{indent}{kind} {{\n{indent}  condition     = length(jsonencode({named})) != 9\n{indent}  error_message = \"It is so long.\"\n{indent}}}\n"
    )
}

fn address(node: &Node) -> String {
    format!("{}.{}", if node.inside.is_some() { "module" } else { "terraform_data" }, node.name)
}

/// A part of a node, known or not.
fn reference(node: &Node, part: usize) -> String {
    let whole = address(node);
    let part = match (node.inside.is_some(), part % 4) {
        (true, 0) => "all[0]",
        (true, 1) => "all[1]",
        (true, _) => "all",
        (false, 0) => "id",
        (false, 1) => "input[0]",
        (false, 2) => "output[0]",
        (false, _) => "output",
    };
    match &node.repeat {
        Repeat::Once => format!("{whole}.{part}"),
        Repeat::Count(_) => format!("{whole}[*].{part}"),
        Repeat::Each(_) => format!("{{ for k, v in {whole} : k => v.{part} }}"),
    }
}
