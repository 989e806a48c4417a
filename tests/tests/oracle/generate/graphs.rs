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
    gone: bool,
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
        steps.push(up(&nodes, &moves));
    }
    steps.push(Step { command: vec!["plan".into()], ..Step::default() });
    if random.chance(30) {
        steps.push(Step { command: vec!["destroy".into()], ..Step::default() });
    }
    Case { id: format!("generated-graphs/{seed}"), steps }
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
        gone: false,
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
    let kind = random.below(9);
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

fn up(nodes: &[Node], moves: &[(String, String)]) -> Step {
    let mut files = BTreeMap::new();
    let mut main = body(nodes, &mut files);
    for (from, to) in moves {
        writeln!(main, "moved {{\n  from = {from}\n  to   = {to}\n}}").unwrap();
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
        writeln!(text, "  input = [{}, {own}, [{}]]", node.literal, named.join(", ")).unwrap();
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
            if node.create_before_destroy || node.ignore {
                text += "  lifecycle {\n";
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
        let named = reference(node, node.part);
        writeln!(text, "output \"{}\" {{\n  value = {named}\n}}", node.name).unwrap();
    }
    text
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
