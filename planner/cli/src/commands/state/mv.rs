//! `cplan state mv`: objects get another address, and stay as they are in the world.

use std::collections::BTreeMap;

use cplan_model::{InstanceAddr, ModuleInstance, Target};
use cplan_store::{Record, RecordKey, State, Store, Transaction};

use super::backup;
use super::select::{keys, target};
use crate::args::StateMvArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

/// Moves.
pub(super) fn run(session: &Session, args: &StateMvArgs) -> Result<ExitCode, CommandError> {
    let (from, to) = (target(&args.source)?, target(&args.destination)?);
    let (store, state) = session.settled_store()?;
    let moves = moves(&state, &from, &to)?;
    let line = |verb: &str| format!("{verb} \"{from}\" to \"{to}\"\n");
    if args.dry_run {
        session.print(&line("Would move"))?;
        return Ok(ExitCode::Ok);
    }
    let kept = backup::save(session, &state)?;
    store.commit(&transaction(&state, &moves))?;
    store.finish()?;
    session.print(&line("Move"))?;
    let kept = session.shown(&kept);
    session.print(&format!("Successfully moved 1 object(s). The state before is kept in {kept}.\n"))?;
    Ok(ExitCode::Ok)
}

/// Which address becomes which.
fn moves(state: &State, from: &Target, to: &Target) -> Result<BTreeMap<InstanceAddr, InstanceAddr>, CommandError> {
    let refuse = |id, summary: &str, what: String, remedy: &str| Err(CommandError::told(id, summary, what, remedy));
    let list = "`cplan state list` shows what there is.";
    let found = match &from.resource {
        // With a key or without, one instance is meant; without, where there is no such one, all of the resource.
        Some(resource) => {
            let exact = InstanceAddr { module: from.module.clone(), resource: resource.clone(), key: from.key.clone() };
            let all = keys(state, from).into_iter().filter(|key| key.address.module == from.module);
            let (one, rest): (Vec<_>, Vec<_>) = all.partition(|key| key.address == exact);
            if one.is_empty() { rest } else { one }
        }
        None => state.records.keys().filter(|key| from.module.contains(&key.address.module)).cloned().collect(),
    };
    // `module.m` also means its instances, where none of them is without a key.
    let found = if found.is_empty() && from.resource.is_none() { keys(state, from) } else { found };
    if found.is_empty() {
        let what = format!("Cannot move {from}: does not match anything in the current state.");
        return refuse("move-source", "Invalid source address", what, list);
    }
    match (&from.resource, &to.resource) {
        (Some(_), None) => {
            let what = format!("Cannot move {from} to {to}: the target must also be a resource or an instance of one.");
            return refuse("move-target", "Invalid target address", what, "Write TYPE.NAME behind the module.");
        }
        (None, Some(_)) => {
            let what = format!("Cannot move {from} to {to}: the target must also be a module.");
            return refuse("move-target", "Invalid target address", what, "Write module.NAME.");
        }
        (Some(a), Some(b)) if a.ty != b.ty || a.mode != b.mode => {
            let what = format!("Cannot move {from} to {to}: resource types don't match.");
            return refuse("move-types", "Invalid state move request", what, "Objects keep their type.");
        }
        _ => {}
    }
    let whole = found.iter().any(|key| key.address.key.is_some()) && from.key.is_none();
    let beside = |key: &RecordKey| {
        key.address.module == to.module && to.resource.as_ref() == Some(&key.address.resource) && !found.contains(key)
    };
    if whole && to.key.is_none() && state.records.keys().any(beside) {
        let what = format!("Cannot move to {to}: there is already a resource at that address in the current state.");
        return refuse("move-target", "Invalid target address", what, list);
    }
    let mut moves = BTreeMap::new();
    for key in &found {
        let address = &key.address;
        let new = match &to.resource {
            Some(resource) => InstanceAddr {
                module: to.module.clone(),
                resource: resource.clone(),
                key: if whole && to.key.is_none() { address.key.clone() } else { to.key.clone() },
            },
            None => InstanceAddr { module: below(from, to, &address.module), ..address.clone() },
        };
        moves.insert(address.clone(), new);
    }
    for (old, new) in &moves {
        let taken = state.records.keys().any(|key| key.address == *new && !moves.contains_key(new));
        let twice = moves.iter().any(|(other, address)| other != old && address == new);
        if taken || twice || old == new {
            let what = format!(
                "Cannot move to {new}: there is already a resource instance at that address in the current state."
            );
            return refuse("move-target", "Invalid target address", what, list);
        }
    }
    Ok(moves)
}

/// The module instance with the head that `to` names; a call without a key that stands for its instances keeps theirs.
fn below(from: &Target, to: &Target, module: &ModuleInstance) -> ModuleInstance {
    let depth = from.module.0.len();
    let mut head: Vec<_> = to.module.0.to_vec();
    if let (Some(new), Some(asked), Some(old)) = (head.last_mut(), from.module.0.last(), module.0.get(depth - 1))
        && asked.1.is_none()
        && new.1.is_none()
    {
        new.1.clone_from(&old.1);
    }
    head.extend_from_slice(&module.0[depth..]);
    ModuleInstance(head.into())
}

/// The records under their new addresses, and what names them set right.
fn transaction(state: &State, moves: &BTreeMap<InstanceAddr, InstanceAddr>) -> Transaction {
    let stays = |group: &InstanceAddr| {
        state.records.keys().any(|key| key.address.without_key() == *group && !moves.contains_key(&key.address))
    };
    // Dependencies name groups: one of which nothing stays is the new one.
    let groups: BTreeMap<InstanceAddr, InstanceAddr> =
        moves.iter().map(|(old, new)| (old.without_key(), new.without_key())).filter(|(old, _)| !stays(old)).collect();
    let renamed = |record: &Record| {
        let mut record = record.clone();
        for dependency in &mut record.dependencies {
            if let Some(new) = groups.get(dependency) {
                dependency.clone_from(new);
            }
        }
        if let Some(new) = record.container.as_ref().and_then(|container| moves.get(container)) {
            record.container = Some(new.clone());
        }
        record
    };
    let mut transaction = Transaction::default();
    for (key, record) in &state.records {
        let new = renamed(record);
        match moves.get(&key.address) {
            Some(address) => {
                transaction.delete.push(key.clone());
                transaction.put.push((RecordKey { address: address.clone(), deposed: key.deposed.clone() }, new));
            }
            None if new != *record => transaction.put.push((key.clone(), new)),
            None => {}
        }
    }
    transaction
}

#[cfg(test)]
mod tests {
    use cplan_model::{Identity, Value};
    use cplan_store::Status;

    use super::*;

    fn state(addresses: &[&str]) -> State {
        let record = |dependency: &str| Record {
            provider: "terraform".into(),
            schema_version: 0,
            values: Value::object([("id", Value::string("x"))]),
            private: Vec::new(),
            identity: Identity { id: "x".into(), lab: "l".into(), name: "n".into() },
            dependencies: vec![dependency.parse().unwrap()],
            container: Some(dependency.parse().unwrap()),
            host: None,
            status: Status::Ready,
            create_before_destroy: false,
            boot_id: None,
            last_run: None,
        };
        let key = |text: &&str| RecordKey::from(text.parse::<InstanceAddr>().unwrap());
        State { records: addresses.iter().map(|a| (key(a), record("t.a"))).collect(), ..State::default() }
    }

    fn said(addresses: &[&str], from: &str, to: &str) -> String {
        match moves(&state(addresses), &from.parse().unwrap(), &to.parse().unwrap()) {
            Ok(moves) => moves.iter().map(|(a, b)| format!("{a}>{b}")).collect::<Vec<_>>().join(" "),
            Err(CommandError::Refused(list, _)) => list.iter().map(|d| d.what.clone()).collect(),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn resources_instances_and_modules_move() {
        let all = ["t.a[0]", "t.a[1]", "t.b", "module.m.t.a", "module.n[\"x\"].t.a", "module.n[\"y\"].module.o.t.a"];
        for (from, to, expect) in [
            ("t.b", "t.c", "t.b>t.c"),
            ("t.b", "t.c[\"k\"]", "t.b>t.c[\"k\"]"),
            ("t.a[0]", "t.q", "t.a[0]>t.q"),
            ("t.a", "t.q", "t.a[0]>t.q[0] t.a[1]>t.q[1]"),
            ("t.a", "module.z.t.a", "t.a[0]>module.z.t.a[0] t.a[1]>module.z.t.a[1]"),
            ("module.m", "module.z[0]", "module.m.t.a>module.z[0].t.a"),
            ("module.n[\"x\"]", "module.z", "module.n[\"x\"].t.a>module.z.t.a"),
            (
                "module.n",
                "module.z",
                "module.n[\"x\"].t.a>module.z[\"x\"].t.a module.n[\"y\"].module.o.t.a>module.z[\"y\"].module.o.t.a",
            ),
        ] {
            assert_eq!(said(&all, from, to), expect, "{from} {to}");
        }
        for (from, to, expect) in [
            ("t.x", "t.y", "does not match anything"),
            ("t.b", "t.a[0]", "already a resource instance"),
            ("t.b", "u.b", "types don't match"),
            ("t.b", "module.m", "must also be a resource"),
            ("module.m", "t.b", "must also be a module"),
            ("t.a", "t.q[0]", "already a resource instance"),
            ("t.b", "t.b", "already a resource instance"),
        ] {
            let text = said(&all, from, to);
            assert!(text.contains(expect), "{from} {to}: {text}");
        }
    }

    #[test]
    fn what_names_a_moved_object_names_it_anew() {
        let state = state(&["t.a", "t.b"]);
        let moved = moves(&state, &"t.a".parse().unwrap(), &"t.z[0]".parse().unwrap()).unwrap();
        let made = transaction(&state, &moved);
        let put: Vec<String> =
            made.put.iter().map(|(k, r)| format!("{} {:?}", k.address, r.dependencies[0].to_string())).collect();
        assert_eq!(put, ["t.z[0] \"t.z\"", "t.b \"t.z\""]);
        assert!(made.put.iter().all(|(_, r)| r.container.as_ref().is_some_and(|c| c.to_string() == "t.z[0]")));
        assert_eq!(made.delete.len(), 1);
    }
}
