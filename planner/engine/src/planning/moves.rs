//! `moved` blocks: records that have another address from now on. Done on the state before anything is planned.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_config::{ForEach, Module, Moved};
use cplan_model::{Diagnostic, InstanceAddr, InstanceKey, Label, ModuleInstance, Span, Target};
use cplan_store::RecordKey;
use hashbrown::HashSet;

use super::Planner;
use crate::plan::Amendment;
use crate::renamed::follow;

/// A statement with the module whose addresses it speaks of (names of calls from the root).
struct Statement {
    within: Vec<Arc<str>>,
    moved: Moved,
}

impl Planner<'_> {
    /// Gives the records of the state the addresses that `moved` blocks, and a `count` that came or went, say.
    pub(super) fn rename(&mut self) {
        let mut statements = Vec::new();
        collect(&self.config.root.clone(), &mut Vec::new(), &mut statements);
        // What is wrong with them is said once the instances are known, see `moves_refused`; until then nothing moves.
        let Some(order) = in_order(&statements).filter(|_| conflicts(&statements).is_empty()) else { return };
        for i in order {
            self.perform(&statements[i]);
        }
        self.implied(&statements);
        if !self.moved_from.is_empty() {
            let moved = self.moved_from.iter().map(|(to, from)| (from.clone(), to.clone())).collect();
            self.followed = follow(&mut Arc::make_mut(&mut self.state).records, &moved).into_iter().collect();
        }
    }

    fn perform(&mut self, statement: &Statement) {
        let renamed: Vec<(RecordKey, InstanceAddr)> = (self.state.records.keys())
            .filter_map(|key| Some((key.clone(), renamed(statement, &key.address)?)))
            .collect();
        for (key, to) in renamed {
            if key.address.resource.ty != to.resource.ty {
                self.diagnostics.push(other_type(&key.address, &to).at(statement.moved.span));
                continue;
            }
            self.move_record(key, to, Some(statement.moved.span));
        }
    }

    fn move_record(&mut self, from: RecordKey, to: InstanceAddr, place: Option<Span>) {
        let key = RecordKey { address: to.clone(), deposed: from.deposed.clone() };
        if self.state.records.contains_key(&key) {
            let mut d = Diagnostic::warning(
                "move-blocked",
                "Unresolved resource instance address changes",
                format!("{} cannot become {to}, because the state has an object there already.", from.address),
            )
            .remedy("Move or delete what is there first; until then the old object counts as removed.");
            d.primary = place.map(|span| Label { span, text: String::new() });
            self.diagnostics.push(d);
            return;
        }
        let records = &mut Arc::make_mut(&mut self.state).records;
        let Some(record) = records.remove(&from) else { return };
        records.insert(key.clone(), record);
        let first = self.moved_from.remove(&from.address).unwrap_or_else(|| from.address.clone());
        // A record that comes back to where it was has not moved.
        self.amendments.push(Amendment::Move { from, to: key });
        if first != to {
            self.moved_from.insert(to, first);
        }
    }

    /// A `count` that came gives its single object the key 0; one that went takes it away.
    fn implied(&mut self, statements: &[Statement]) {
        let mut wanted = Vec::new();
        let any_counts = counts(&self.config.root);
        for key in self.state.records.keys() {
            let address = &key.address;
            if !(address.key == Some(InstanceKey::Int(0)) || (any_counts && address.key.is_none())) {
                continue;
            }
            let Some(block) = self.block_at(address) else { continue };
            if block.addr.mode != cplan_model::Mode::Managed {
                continue;
            }
            let to = match (&address.key, &block.repeat) {
                (None, Some(ForEach::Count(_))) => Some(InstanceKey::Int(0)),
                (Some(InstanceKey::Int(0)), None) => None,
                _ => continue,
            };
            let to = InstanceAddr { key: to, ..address.clone() };
            let named = |s: &Statement| [&s.moved.from, &s.moved.to].into_iter().any(|t| names(s, t, address));
            if !statements.iter().any(named) && !self.state.records.contains_key(&to.clone().into()) {
                wanted.push((key.clone(), to));
            }
        }
        for (from, to) in wanted {
            self.move_record(from, to, None);
        }
    }

    /// What is wrong with the `moved` blocks, known once the instances are: what is moved away from must not be declared
    /// any more. A circle is told only where nothing else explains it.
    pub(super) fn moves_refused(&self) -> Vec<Diagnostic> {
        let mut statements = Vec::new();
        collect(&self.config.root, &mut Vec::new(), &mut statements);
        let mut found = conflicts(&statements);
        for statement in &statements {
            if let Some(what) = self.declares(statement) {
                found.push(
                    Diagnostic::error(
                        "moved-still-declared",
                        "Moved object still exists",
                        format!("This block says that {what} was moved, and the configuration still has it."),
                    )
                    .remedy("Take the old block away, or the `moved` block.")
                    .at(statement.moved.from_span),
                );
            }
        }
        if found.is_empty() && in_order(&statements).is_none() {
            let places: Vec<Span> = statements.iter().map(|s| s.moved.span).collect();
            found.push(circle(&places));
        }
        found
    }

    /// Refuses flags that leave out what moves: both ends must be among the targets.
    pub(super) fn moves_left_out(&mut self) {
        let (targets, excludes) = (&self.options.targets, &self.options.excludes);
        let covered = |address: &InstanceAddr| targets.is_empty() || targets.iter().any(|t| t.contains(address));
        let excluded = |address: &InstanceAddr| excludes.iter().any(|t| t.contains(address));
        let left_out: Vec<String> = (self.moved_from.iter())
            .filter(|(to, from)| !covered(to) || !covered(from) || (excluded(to) && excluded(from)))
            .map(|(to, from)| format!("{from} to {to}"))
            .collect();
        if !left_out.is_empty() {
            self.diagnostics.push(
                Diagnostic::error(
                    "moved-excluded",
                    "Moved resource instances excluded by targeting",
                    format!("The flags leave out what moves: {}.", left_out.join(", ")),
                )
                .remedy("Name these addresses with -target too, or plan without it."),
            );
        }
    }

    fn declares(&self, statement: &Statement) -> Option<String> {
        let from = &statement.moved.from;
        let path: Vec<Arc<str>> = statement.within.clone();
        for parent in self.values.instances_of(&path.into()) {
            let target = from.below(&parent);
            let (keyed, inner) = match (&from.resource, &statement.moved.to.resource) {
                (Some(_), _) => (from.key.is_some() || statement.moved.to.key.is_some(), true),
                (None, _) => {
                    let last = |t: &Target| t.module.0.last().is_some_and(|(_, k)| k.is_some());
                    (last(from) || last(&statement.moved.to), false)
                }
            };
            let there = if inner {
                let resource = from.resource.as_ref()?;
                match keyed {
                    true => self.values.has_instance(&InstanceAddr {
                        module: target.module.clone(),
                        resource: resource.clone(),
                        key: from.key.clone(),
                    }),
                    false => {
                        self.values.module(&target.module).is_some_and(|m| m.module.resources.contains_key(resource))
                    }
                }
            } else {
                let (call, _) = target.module.0.last()?;
                let above = ModuleInstance(target.module.0[..target.module.0.len() - 1].into());
                match keyed {
                    true => self.values.module(&target.module).is_some(),
                    false => self.values.module(&above).is_some_and(|m| m.module.calls.contains_key(call)),
                }
            };
            if there {
                return Some(target.to_string());
            }
        }
        None
    }
}

/// Whether any resource of a module, or of those that it calls, has a `count`.
fn counts(module: &Module) -> bool {
    module.resources.values().any(|block| matches!(block.repeat, Some(ForEach::Count(_))))
        || module.calls.values().any(|call| counts(&call.module))
}

fn collect(module: &Module, path: &mut Vec<Arc<str>>, out: &mut Vec<Statement>) {
    out.extend(module.moved.iter().map(|moved| Statement { within: path.clone(), moved: moved.clone() }));
    for (name, call) in &module.calls {
        path.push(name.clone());
        collect(&call.module, path, out);
        path.pop();
    }
}

/// The new address of `address`, if the statement speaks of it.
fn renamed(statement: &Statement, address: &InstanceAddr) -> Option<InstanceAddr> {
    let depth = statement.within.len();
    let steps = &address.module.0;
    if steps.len() < depth || !steps.iter().zip(&statement.within).all(|((name, _), call)| name == call) {
        return None;
    }
    let (above, below) = steps.split_at(depth);
    let (from, to) = (&statement.moved.from, &statement.moved.to);
    let whole = |t: &Target| t.module.0.last().is_none_or(|(_, key)| key.is_none());
    let mut module: Vec<(Arc<str>, Option<InstanceKey>)> = above.to_vec();
    match (&from.resource, &to.resource) {
        (None, None) => {
            let n = from.module.0.len();
            if below.len() < n || n == 0 {
                return None;
            }
            let (mine, rest) = below.split_at(n);
            let any = whole(from) && whole(to);
            let fits = mine
                .iter()
                .zip(from.module.0.iter())
                .enumerate()
                .all(|(i, ((name, key), (want, at)))| name == want && (key == at || (any && i + 1 == n)));
            if !fits {
                return None;
            }
            module.extend(to.module.0.iter().cloned());
            if any && let (Some(last), Some((_, key))) = (module.last_mut(), mine.last()) {
                last.1.clone_from(key);
            }
            module.extend(rest.iter().cloned());
            Some(InstanceAddr { module: ModuleInstance(module.into()), ..address.clone() })
        }
        (Some(resource), Some(new)) => {
            if below != &*from.module.0 || *resource != address.resource {
                return None;
            }
            let any = from.key.is_none() && to.key.is_none();
            if !any && from.key != address.key {
                return None;
            }
            module.extend(to.module.0.iter().cloned());
            let key = if any { address.key.clone() } else { to.key.clone() };
            Some(InstanceAddr { module: ModuleInstance(module.into()), resource: new.clone(), key })
        }
        _ => None,
    }
}

/// Whether a statement's end names a resource's address, keys aside.
fn names(statement: &Statement, end: &Target, address: &InstanceAddr) -> bool {
    let plain: Vec<&Arc<str>> = address.module.0.iter().map(|(name, _)| name).collect();
    let full: Vec<&Arc<str>> = statement.within.iter().chain(end.module.0.iter().map(|(name, _)| name)).collect();
    end.resource.as_ref() == Some(&address.resource) && plain == full
}

/// Ends of statements as absolute names with the keys that they give.
fn absolute(statement: &Statement, end: &Target) -> Target {
    let above: Arc<[_]> = statement.within.iter().map(|call| (call.clone(), None)).collect();
    end.below(&ModuleInstance(above))
}

fn conflicts(statements: &[Statement]) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let (mut froms, mut tos): (BTreeMap<Target, Span>, BTreeMap<Target, Span>) = Default::default();
    let mut seen: HashSet<(Target, Target)> = HashSet::new();
    for s in statements {
        let (from, to) = (absolute(s, &s.moved.from), absolute(s, &s.moved.to));
        if from == to {
            out.push(
                Diagnostic::error("moved-redundant", "Redundant move statement", format!("{from} is moved to itself."))
                    .remedy("Take the block away.")
                    .at(s.moved.span),
            );
            continue;
        }
        if !seen.insert((from.clone(), to.clone())) {
            continue;
        }
        let twice = [
            (froms.insert(from.clone(), s.moved.span), format!("{from} is moved to two places.")),
            (tos.insert(to.clone(), s.moved.span), format!("Two objects are moved to {to}.")),
        ];
        for (first, what) in twice {
            let Some(first) = first else { continue };
            out.push(
                Diagnostic::error("moved-ambiguous", "Ambiguous move statements", what)
                    .remedy("Keep one of the two blocks.")
                    .at(s.moved.span)
                    .label(first, "the other one"),
            );
        }
    }
    out
}

/// An order in which what leads to an address comes before what leads away from it; none for a circle.
fn in_order(statements: &[Statement]) -> Option<Vec<usize>> {
    let ends: Vec<(Target, Target)> =
        statements.iter().map(|s| (absolute(s, &s.moved.from), absolute(s, &s.moved.to))).collect();
    let overlap = |a: &Target, b: &Target| {
        let (x, y) = (a.without_keys(), b.without_keys());
        let near = |p: &Target, q: &Target| {
            q.module.0.starts_with(&p.module.0)
                && (p.resource.is_none() || p.resource == q.resource && p.module == q.module)
        };
        let keys =
            a.module.0.iter().zip(b.module.0.iter()).all(|((_, k), (_, l))| k.is_none() || l.is_none() || k == l);
        let own = a.resource != b.resource || a.key.is_none() || b.key.is_none() || a.key == b.key;
        keys && own && (near(&x, &y) || near(&y, &x))
    };
    let before = |i: usize, j: usize| {
        i != j
            && overlap(&ends[i].1, &ends[j].0)
            && !(within(&statements[i], &statements[j]) || within(&statements[j], &statements[i]))
    };
    let mut waiting: Vec<usize> = (0..ends.len()).map(|i| (0..ends.len()).filter(|j| before(*j, i)).count()).collect();
    let mut order = Vec::new();
    let mut done = vec![false; ends.len()];
    while let Some(i) = (0..ends.len()).find(|i| !done[*i] && waiting[*i] == 0) {
        done[i] = true;
        order.push(i);
        for j in 0..ends.len() {
            if !done[j] && before(i, j) {
                waiting[j] -= 1;
            }
        }
    }
    (order.len() == ends.len()).then_some(order)
}

/// Whether one gives a module other keys, and the other moves something within every instance of it: in either order the
/// same comes of them.
fn within(keys: &Statement, inner: &Statement) -> bool {
    let call = |end: &Target| -> Vec<Arc<str>> {
        keys.within.iter().cloned().chain(end.module.0.iter().map(|(name, _)| name.clone())).collect()
    };
    let (from, to) = (&keys.moved.from, &keys.moved.to);
    from.resource.is_none() && to.resource.is_none() && call(from) == call(to) && inner.within.starts_with(&call(from))
}

fn other_type(from: &InstanceAddr, to: &InstanceAddr) -> Diagnostic {
    Diagnostic::error(
        "moved-other-type",
        "Unsupported `moved` across resource types",
        format!("{from} and {to} are of different types, and no provider can turn one into the other."),
    )
    .remedy("Use a `removed` and an `import` block, or let the object be replaced.")
}

fn circle(places: &[Span]) -> Diagnostic {
    let d = Diagnostic::error(
        "moved-circle",
        "Cyclic dependency in move statements",
        "These `moved` blocks lead in a circle, so that there is no order in which to follow them.",
    )
    .remedy("Take one of them away.");
    let Some((first, rest)) = places.split_first() else { return d };
    rest.iter().fold(d.at(*first), |d, span| d.label(*span, "and this one"))
}
