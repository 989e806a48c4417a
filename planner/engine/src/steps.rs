//! Lowering drafts to steps with edges: the only place for order. Pure.
//!
//! A group is a resource in one module instance. Between groups, order goes through joins, so that a thousand
//! instances behind a thousand others are two thousand edges and not a million.
//!
//! * A write comes after the writes of the groups it depends on, and after its own delete; where the new object is
//!   made first, its delete comes after its own write and after the writes of all that use it. What such an object
//!   depends on is made first, too, or there would be a circle: [`spread`] sees to that.
//! * A delete comes after the deletes of what its record's dependents delete; one that is not followed by a create
//!   also after the updates of dependents, which stop using it.
//! * What goes with its container is forgotten after the container is deleted; the container waits in its stead.

use std::collections::{BTreeMap, BTreeSet};

use cplan_model::{Action, InstanceAddr, InstanceKey, Value};
use hashbrown::HashMap;

use crate::plan::{Operation, PlanStep, StepId, Work};

/// What is to be done to one instance.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) address: InstanceAddr,
    pub(crate) provider: String,
    /// The planned values, for checks of the plan as a whole.
    pub(crate) desired: Option<Value>,
    // Boxed, because most drafts of a large plan have neither.
    pub(crate) delete: Option<Box<Operation>>,
    pub(crate) write: Option<Box<Operation>>,
    /// Groups that the write comes after.
    pub(crate) dependencies: Vec<InstanceAddr>,
    /// Groups that the record depends on, so that its delete comes before theirs.
    pub(crate) recorded: Vec<InstanceAddr>,
    /// A replacement makes the new object before it deletes the old one.
    pub(crate) create_first: bool,
    /// Has conditions that only apply can judge.
    pub(crate) conditions: bool,
}

impl Draft {
    fn replaces(&self) -> bool {
        self.delete.is_some() && self.write.is_some()
    }
}

/// Gives what a replaced object that is made first depends on, however far, the same order; tells which were changed.
/// What the records say counts as well as what the configuration says.
pub(crate) fn spread(drafts: &mut [Draft]) -> Vec<usize> {
    let first = |d: &Draft| d.create_first && d.replaces();
    if !drafts.iter().any(first) {
        return Vec::new();
    }
    let mut by_group: HashMap<InstanceAddr, Vec<usize>> = HashMap::new();
    for (i, draft) in drafts.iter().enumerate() {
        by_group.entry(draft.address.without_key()).or_default().push(i);
    }
    let mut changed = Vec::new();
    let mut seen: BTreeSet<InstanceAddr> = BTreeSet::new();
    let mut queue: Vec<usize> = (0..drafts.len()).filter(|i| first(&drafts[*i])).collect();
    while let Some(i) = queue.pop() {
        for group in drafts[i].dependencies.iter().chain(&drafts[i].recorded) {
            if seen.insert(group.clone()) {
                queue.extend(by_group.get(group).into_iter().flatten());
            }
        }
    }
    for i in seen.iter().filter_map(|g| by_group.get(g)).flatten().copied() {
        if drafts[i].replaces() && !drafts[i].create_first {
            drafts[i].create_first = true;
            changed.push(i);
        }
    }
    changed
}

/// Groups of which only some instances are needed, by their keys.
pub(crate) type Named = BTreeMap<InstanceAddr, BTreeSet<InstanceKey>>;

/// Drafts come in the order of the graph; `narrow` tells of groups that wait for only some instances of others.
pub(crate) fn lower(drafts: Vec<Draft>, narrow: &HashMap<InstanceAddr, Named>) -> Vec<PlanStep> {
    let mut steps = Steps::default();
    if drafts.iter().all(|d| d.delete.is_none() && d.write.is_none() && !d.conditions) {
        return steps.list;
    }
    let mut slots: Vec<Slot> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let group = draft.address.without_key();
        let key = draft.address.key.clone();
        let replaced = draft.delete.is_some() && draft.write.is_some();
        let held = draft.delete.as_ref().is_some_and(|d| d.with_container);
        let holder = draft.delete.as_ref().and_then(|d| d.container_id.clone());
        let identity = draft.delete.as_ref().map(|d| d.identity.id.clone());
        let updates = draft.write.as_ref().is_some_and(|w| w.action == Action::Update);
        let delete = draft.delete.map(|d| steps.operation(d));
        let write = match draft.write {
            Some(write) => Some(steps.operation(write)),
            None if draft.conditions => Some(steps.push(Work::Conditions(draft.address))),
            None => None,
        };
        slots.push(Slot {
            group,
            key,
            delete,
            write,
            replaced,
            create_first: replaced && draft.create_first,
            held,
            holder,
            identity,
            updates,
            dependencies: draft.dependencies,
            recorded: draft.recorded,
        });
    }
    order_writes(&mut steps, &slots, narrow);
    order_deletes(&mut steps, &slots);
    steps.list
}

struct Slot {
    group: InstanceAddr,
    key: Option<InstanceKey>,
    delete: Option<StepId>,
    write: Option<StepId>,
    replaced: bool,
    /// The write comes before the delete.
    create_first: bool,
    /// The delete only forgets: the object goes with its container.
    held: bool,
    holder: Option<String>,
    identity: Option<String>,
    updates: bool,
    dependencies: Vec<InstanceAddr>,
    recorded: Vec<InstanceAddr>,
}

#[derive(Default)]
struct Steps {
    list: Vec<PlanStep>,
}

impl Steps {
    fn push(&mut self, work: Work) -> StepId {
        let id = StepId(self.list.len());
        self.list.push(PlanStep { id, work, after: Vec::new() });
        id
    }

    fn operation(&mut self, operation: Box<Operation>) -> StepId {
        self.push(Work::Operation(operation))
    }

    fn edge(&mut self, step: StepId, after: StepId) {
        let list = &mut self.list[step.0].after;
        if step != after && !list.contains(&after) {
            list.push(after);
        }
    }

    /// One step that stands for all of them.
    fn join(&mut self, steps: BTreeSet<StepId>) -> Option<StepId> {
        if steps.len() < 2 {
            return steps.first().copied();
        }
        let join = self.push(Work::Join);
        self.list[join.0].after = steps.into_iter().collect();
        Some(join)
    }
}

fn order_writes(steps: &mut Steps, slots: &[Slot], narrow: &HashMap<InstanceAddr, Named>) {
    let mut groups: Vec<&InstanceAddr> = Vec::new();
    let mut members: HashMap<&InstanceAddr, Vec<&Slot>> = HashMap::new();
    for slot in slots {
        members.entry(&slot.group).or_insert_with(|| {
            groups.push(&slot.group);
            Vec::new()
        });
        if let Some(list) = members.get_mut(&slot.group) {
            list.push(slot);
        }
    }
    let named: BTreeSet<&InstanceAddr> = narrow.values().flat_map(Named::keys).collect();
    let mut ready: HashMap<&InstanceAddr, StepId> = HashMap::new();
    let mut done: HashMap<(&InstanceAddr, &InstanceKey), StepId> = HashMap::new();
    let mut idle: HashMap<&InstanceAddr, BTreeSet<StepId>> = HashMap::new();
    for group in groups {
        let members = &members[group];
        // All instances of a group depend on the same groups.
        let narrow = narrow.get(group);
        let mut before: BTreeSet<StepId> = BTreeSet::new();
        for on in members.iter().flat_map(|s| &s.dependencies) {
            match narrow.and_then(|n| n.get_key_value(on)) {
                Some((on, keys)) => before.extend(keys.iter().flat_map(|key| match done.get(&(on, key)) {
                    Some(step) => BTreeSet::from([*step]),
                    // Nothing is done to it: what comes before its group comes before it.
                    None => idle.get(on).cloned().unwrap_or_default(),
                })),
                None => before.extend(ready.get(on)),
            }
        }
        let writes: BTreeSet<StepId> = members.iter().filter_map(|s| s.write).collect();
        let gate = if writes.len() > 1 { steps.join(before.clone()).into_iter().collect() } else { before.clone() };
        for slot in members {
            let Some(write) = slot.write else { continue };
            for step in &gate {
                steps.edge(write, *step);
            }
            if let Some(delete) = slot.delete.filter(|_| !slot.create_first) {
                steps.edge(write, delete);
            }
        }
        let still = members.iter().any(|s| s.write.is_none() && s.delete.is_none());
        if named.contains(group) {
            let steps = members.iter().filter_map(|s| Some(((group, s.key.as_ref()?), s.write?)));
            done.extend(steps);
            idle.insert(group, before.clone());
        }
        let all = if writes.is_empty() || still { writes.union(&before).copied().collect() } else { writes };
        if let Some(step) = steps.join(all) {
            ready.insert(group, step);
        }
    }
}

fn order_deletes(steps: &mut Steps, slots: &[Slot]) {
    if slots.iter().all(|s| s.delete.is_none()) {
        return;
    }
    let mut members: BTreeMap<&InstanceAddr, Vec<&Slot>> = BTreeMap::new();
    for slot in slots {
        members.entry(&slot.group).or_default().push(slot);
    }
    let mut users: BTreeMap<&InstanceAddr, BTreeSet<&InstanceAddr>> = BTreeMap::new();
    let mut used: BTreeMap<&InstanceAddr, BTreeSet<&InstanceAddr>> = BTreeMap::new();
    for (group, slots) in &members {
        let on: BTreeSet<&InstanceAddr> = slots.iter().flat_map(|s| &s.recorded).collect();
        for on in on.into_iter().filter(|on| on != group && members.contains_key(*on)) {
            users.entry(on).or_default().insert(group);
            used.entry(group).or_default().insert(on);
        }
    }
    let mut by_config: HashMap<&InstanceAddr, Vec<&Slot>> = HashMap::new();
    let first: BTreeSet<&InstanceAddr> = slots.iter().filter(|s| s.create_first).map(|s| &s.group).collect();
    for slot in slots.iter().filter(|s| s.write.is_some()) {
        for on in slot.dependencies.iter().filter(|on| first.contains(on) && **on != slot.group) {
            by_config.entry(on).or_default().push(slot);
        }
    }
    let mut waiting: BTreeMap<&InstanceAddr, usize> =
        members.keys().map(|g| (*g, users.get(g).map_or(0, BTreeSet::len))).collect();
    let mut free: BTreeSet<&InstanceAddr> = waiting.iter().filter(|(_, n)| **n == 0).map(|(g, _)| *g).collect();
    // Should records of different times form a circle, its groups are taken in order of address: a delete of what is
    // still in use fails, and the next apply tries it again.
    let mut order = Vec::with_capacity(members.len());
    while let Some(group) = free.pop_first().or_else(|| waiting.keys().next().copied()) {
        waiting.remove(group);
        order.push(group);
        for on in used.get(group).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(on) {
                *count -= 1;
                if *count == 0 {
                    free.insert(on);
                }
            }
        }
    }
    // Groups that stand on something that is replaced: a delete there is waited for by a create that updates wait
    // for, so it cannot wait for updates itself.
    let mut shaky: BTreeSet<&InstanceAddr> = BTreeSet::new();
    for group in order.iter().rev() {
        let replaced =
            |on: &&InstanceAddr| shaky.contains(*on) || members[*on].iter().any(|s| s.replaced && !s.create_first);
        if used.get(group).is_some_and(|below| below.iter().any(replaced)) {
            shaky.insert(group);
        }
    }
    let mut gone: BTreeMap<&InstanceAddr, StepId> = BTreeMap::new();
    for group in order {
        let users = users.get(group).into_iter().flatten();
        let before: BTreeSet<StepId> = users.clone().filter_map(|g| gone.get(g).copied()).collect();
        let changed: BTreeSet<StepId> = match shaky.contains(group) {
            true => BTreeSet::new(),
            false => users.clone().flat_map(|g| &members[g]).filter(|s| s.updates).filter_map(|s| s.write).collect(),
        };
        // Those who use it by the configuration, too: they turn to the new object.
        let turned: BTreeSet<StepId> = match members[group].iter().any(|s| s.create_first) {
            true => users
                .flat_map(|g| members[g].iter())
                .chain(by_config.get(group).into_iter().flatten())
                .filter_map(|s| s.write)
                .collect(),
            false => BTreeSet::new(),
        };
        let mut after_all = BTreeSet::new();
        let deleted = || members[group].iter().filter(|s| s.delete.is_some() && !s.held);
        let many = deleted().nth(1).is_some();
        if members[group].iter().any(|s| s.held && s.delete.is_some()) {
            after_all.extend(before.iter().copied());
        }
        let mut gate = |all: BTreeSet<StepId>, needed: bool| match (needed, many) {
            (false, _) => BTreeSet::new(),
            (true, false) => all,
            (true, true) => steps.join(all).into_iter().collect(),
        };
        let before = gate(before, true);
        let changed = gate(changed, deleted().any(|s| !s.replaced));
        let turned = gate(turned, deleted().any(|s| s.create_first));
        for slot in deleted() {
            let Some(delete) = slot.delete else { continue };
            let changed = changed.iter().filter(|_| !slot.replaced);
            let turned = turned.iter().filter(|_| slot.create_first);
            let own = slot.write.iter().filter(|_| slot.create_first);
            for step in before.iter().chain(changed).chain(turned).chain(own) {
                steps.edge(delete, *step);
            }
            after_all.insert(delete);
        }
        if let Some(step) = steps.join(after_all) {
            gone.insert(group, step);
        }
    }
    let by_identity: HashMap<&str, StepId> =
        slots.iter().filter_map(|s| Some((s.identity.as_deref()?, s.delete?))).collect();
    for slot in slots.iter().filter(|s| s.held) {
        let holder = slot.holder.as_deref().and_then(|id| by_identity.get(id));
        if let (Some(delete), Some(holder)) = (slot.delete, holder) {
            steps.edge(delete, *holder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::{Identity, Reason, Type};

    fn address(group: usize, key: usize) -> InstanceAddr {
        format!("t.g{group}[{key}]").parse().unwrap()
    }

    fn operation(address: &InstanceAddr, action: Action, holder: Option<&str>) -> Operation {
        Operation {
            key: address.clone().into(),
            action,
            reason: Reason::New,
            provider: "p".into(),
            identity: Identity { id: format!("{address}"), lab: "l".into(), name: "n".into() },
            prior: Some(Value::null(Type::Dynamic)),
            planned: None,
            config: None,
            private: Vec::new(),
            finalise: false,
            with_container: holder.is_some(),
            claims: Vec::new(),
            dependencies: Vec::new(),
            container: None,
            container_id: holder.map(str::to_owned),
            deposes: None,
            create_before_destroy: false,
        }
    }

    fn draft(group: usize, key: usize, on: &[usize], delete: bool, write: Option<Action>) -> Draft {
        let address = address(group, key);
        let groups: Vec<_> = on.iter().map(|g| super::tests::address(*g, 0).without_key()).collect();
        Draft {
            provider: "p".into(),
            desired: None,
            delete: delete.then(|| Box::new(operation(&address, Action::Delete, None))),
            write: write.map(|a| Box::new(operation(&address, a, None))),
            dependencies: groups.clone(),
            recorded: groups,
            create_first: false,
            conditions: false,
            address,
        }
    }

    /// The operations in one order that the edges allow; joins left out.
    fn run(steps: &[PlanStep]) -> Vec<(Action, String)> {
        let mut done = BTreeSet::new();
        let mut order = Vec::new();
        while done.len() < steps.len() {
            let next = steps.iter().find(|s| !done.contains(&s.id) && s.after.iter().all(|a| done.contains(a)));
            let next = next.expect("the edges have a circle");
            done.insert(next.id);
            if let Work::Operation(o) = &next.work {
                order.push((o.action, o.key.address.to_string()));
            }
        }
        order
    }

    fn before(order: &[(Action, String)], first: (Action, &InstanceAddr), second: (Action, &InstanceAddr)) {
        let at = |(action, address): (Action, &InstanceAddr)| {
            order.iter().position(|(a, t)| *a == action && *t == address.to_string())
        };
        if let (Some(first_at), Some(second_at)) = (at(first), at(second)) {
            assert!(first_at < second_at, "{first:?} must come before {second:?} in {order:?}");
        }
    }

    #[test]
    fn a_replaced_dependency_is_deleted_after_and_made_before_its_replaced_dependents() {
        let drafts = vec![draft(0, 0, &[], true, Some(Action::Create)), draft(1, 0, &[0], true, Some(Action::Create))];
        let order: Vec<_> =
            run(&lower(drafts, &HashMap::new())).into_iter().map(|(a, t)| format!("{a:?} {t}")).collect();
        assert_eq!(order, ["Delete t.g1[0]", "Delete t.g0[0]", "Create t.g0[0]", "Create t.g1[0]"]);
    }

    #[test]
    fn an_update_that_stops_using_comes_before_the_delete() {
        let mut user = draft(1, 0, &[0], false, Some(Action::Update));
        user.dependencies.clear();
        let drafts = vec![user, draft(0, 0, &[], true, None)];
        let order: Vec<_> = run(&lower(drafts, &HashMap::new())).into_iter().map(|(a, _)| a).collect();
        assert_eq!(order, [Action::Update, Action::Delete]);
    }

    #[test]
    fn contents_are_forgotten_after_their_container_and_hold_it_for_their_own_dependents() {
        let machine = draft(0, 0, &[], true, None);
        let mut content = draft(1, 0, &[0], false, None);
        content.delete = Some(Box::new(operation(&content.address, Action::Delete, Some("t.g0[0]"))));
        let user = draft(2, 0, &[1], true, None);
        let order: Vec<_> =
            run(&lower(vec![machine, content, user], &HashMap::new())).into_iter().map(|(_, t)| t).collect();
        assert_eq!(order, ["t.g2[0]", "t.g0[0]", "t.g1[0]"]);
    }

    #[test]
    fn a_wait_passes_through_what_does_not_change() {
        let drafts = vec![
            draft(0, 0, &[], false, Some(Action::Update)),
            draft(1, 0, &[0], false, None),
            draft(2, 0, &[1], false, Some(Action::Update)),
        ];
        let order: Vec<_> = run(&lower(drafts, &HashMap::new())).into_iter().map(|(_, t)| t).collect();
        assert_eq!(order, ["t.g0[0]", "t.g2[0]"]);
    }

    #[test]
    fn who_names_one_instance_waits_for_that_one() {
        let drafts = || {
            vec![
                draft(0, 0, &[], false, Some(Action::Update)),
                draft(1, 0, &[0], false, Some(Action::Create)),
                draft(1, 1, &[0], false, None),
                draft(2, 0, &[1], false, Some(Action::Create)),
                draft(3, 0, &[1], false, Some(Action::Create)),
            ]
        };
        let named = |key| Named::from([("t.g1".parse().unwrap(), BTreeSet::from([InstanceKey::Int(key)]))]);
        let narrow = HashMap::from_iter([("t.g2".parse().unwrap(), named(0)), ("t.g3".parse().unwrap(), named(1))]);
        let steps = lower(drafts(), &narrow);
        let after = |n: usize| steps[n].after.iter().map(|id| id.0).collect::<Vec<_>>();
        assert_eq!((after(1), after(2), after(3)), (vec![0], vec![1], vec![0]), "{steps:?}");
    }

    #[test]
    fn what_is_made_first_is_deleted_after_all_that_use_it_have_turned() {
        let mut first = draft(0, 0, &[], true, Some(Action::Create));
        first.create_first = true;
        let user = draft(1, 0, &[0], false, Some(Action::Update));
        let replaced = draft(2, 0, &[0], true, Some(Action::Create));
        let order: Vec<_> = run(&lower(vec![first, user, replaced], &HashMap::new()))
            .into_iter()
            .map(|(a, t)| format!("{a:?} {t}"))
            .collect();
        assert_eq!(order, ["Create t.g0[0]", "Update t.g1[0]", "Delete t.g2[0]", "Create t.g2[0]", "Delete t.g0[0]"]);
    }

    #[test]
    fn to_be_made_first_spreads_to_what_it_depends_on() {
        let mut drafts: Vec<_> = (0..3)
            .map(|g| {
                draft(g, 0, if g == 0 { &[] } else { std::slice::from_ref(&BELOW[g]) }, true, Some(Action::Create))
            })
            .collect();
        drafts[1].create_first = true;
        assert_eq!(spread(&mut drafts), [0]);
        let order: Vec<_> =
            run(&lower(drafts, &HashMap::new())).into_iter().map(|(a, t)| format!("{a:?} {t}")).collect();
        assert_eq!(
            order,
            [
                "Create t.g0[0]",
                "Create t.g1[0]",
                "Delete t.g2[0]",
                "Create t.g2[0]",
                "Delete t.g1[0]",
                "Delete t.g0[0]"
            ]
        );
    }

    const BELOW: [usize; 3] = [0, 0, 1];

    #[test]
    fn a_thousand_behind_a_thousand_are_thousands_of_edges() {
        let mut drafts: Vec<_> = (0..1000).map(|k| draft(0, k, &[], false, Some(Action::Create))).collect();
        drafts.extend((0..1000).map(|k| draft(1, k, &[0], false, Some(Action::Create))));
        let edges: usize = lower(drafts, &HashMap::new()).iter().map(|s| s.after.len()).sum();
        assert!(edges <= 4000, "{edges} edges");
    }

    #[test]
    fn a_thousand_deleted_after_a_thousand_are_thousands_of_edges() {
        for (first, users) in [(true, Action::Update), (false, Action::Update), (true, Action::Create)] {
            let write = first.then_some(Action::Create);
            let mut drafts: Vec<_> = (0..1000).map(|k| draft(0, k, &[], true, write)).collect();
            drafts.iter_mut().for_each(|d| d.create_first = first);
            drafts.extend((0..1000).map(|k| draft(1, k, &[0], users == Action::Create, Some(users))));
            let edges: usize = lower(drafts, &HashMap::new()).iter().map(|s| s.after.len()).sum();
            assert!(edges <= 10_000, "{edges} edges");
        }
    }

    #[test]
    fn random_plans_keep_every_order_and_have_no_circle() {
        let mut seed = 42u64;
        let mut random = move |n: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % n
        };
        for round in 0..600 {
            let groups = 2 + random(6) as usize;
            let mut drafts = Vec::new();
            let mut edges = Vec::new();
            let mut recorded = Vec::new();
            for group in 0..groups {
                let on: Vec<usize> = (0..group).filter(|_| random(3) == 0).collect();
                // In every other round the records know other dependencies than the configuration.
                let was: Vec<usize> =
                    if round % 2 == 0 { on.clone() } else { (0..group).filter(|_| random(3) == 0).collect() };
                edges.extend(on.iter().map(|o| (group, *o)));
                recorded.extend(was.iter().map(|o| (group, *o)));
                for key in 0..1 + random(3) as usize {
                    let kind = random(5);
                    let write = match kind {
                        0 | 1 => Some(Action::Create),
                        2 => Some(Action::Update),
                        _ => None,
                    };
                    let mut draft = draft(group, key, &on, matches!(kind, 1 | 3), write);
                    draft.recorded = was.iter().map(|g| address(*g, 0).without_key()).collect();
                    draft.create_first = random(4) == 0;
                    drafts.push(draft);
                }
            }
            spread(&mut drafts);
            let all: Vec<(InstanceAddr, bool)> = drafts.iter().map(|d| (d.address.clone(), d.create_first)).collect();
            let order = run(&lower(drafts, &HashMap::new()));
            let of = |group: usize| all.iter().filter(move |(a, _)| a.without_key() == address(group, 0).without_key());
            for (user, on) in edges {
                for (u, _) in of(user) {
                    for (o, o_first) in of(on) {
                        for first in [Action::Create, Action::Update] {
                            for second in [Action::Create, Action::Update] {
                                before(&order, (first, o), (second, u));
                            }
                            if *o_first && replaced(&order, o) {
                                before(&order, (first, u), (Action::Delete, o));
                            }
                        }
                    }
                }
            }
            for (user, on) in recorded {
                for (u, _) in of(user) {
                    for (o, _) in of(on) {
                        before(&order, (Action::Delete, u), (Action::Delete, o));
                    }
                }
            }
            for (a, first) in &all {
                match first {
                    true => before(&order, (Action::Create, a), (Action::Delete, a)),
                    false => before(&order, (Action::Delete, a), (Action::Create, a)),
                }
            }
        }
    }

    fn replaced(order: &[(Action, String)], address: &InstanceAddr) -> bool {
        let has = |action: Action| order.iter().any(|(a, t)| *a == action && *t == address.to_string());
        has(Action::Create) && has(Action::Delete)
    }
}
