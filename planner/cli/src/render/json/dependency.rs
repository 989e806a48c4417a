//! What objects depend on, as Terraform tells it: resources without keys, those behind others included. The state itself
//! keeps direct dependencies only; whoever asks for the document pays for the rest.

use std::collections::{BTreeMap, BTreeSet};

use cplan_model::{InstanceAddr, ModuleInstance};
use cplan_store::State;

/// The direct dependencies of resources: the union of what their instances depend on.
#[derive(Debug, Default)]
pub(crate) struct Dependencies {
    direct: BTreeMap<InstanceAddr, BTreeSet<InstanceAddr>>,
}

impl Dependencies {
    /// Those that a state has recorded.
    pub(crate) fn of(state: &State) -> Self {
        state.records.iter().map(|(key, record)| (&key.address, &record.dependencies)).collect()
    }

    /// The addresses of all resources that a resource hangs on.
    pub(crate) fn of_resource(&self, address: &InstanceAddr) -> BTreeSet<String> {
        let direct = self.direct.get(&resource(address)).into_iter().flatten().cloned();
        self.behind(&direct.collect::<Vec<_>>())
    }

    /// The addresses of all resources that an object with these direct dependencies hangs on.
    pub(crate) fn behind(&self, depends_on: &[InstanceAddr]) -> BTreeSet<String> {
        let mut open: Vec<InstanceAddr> = depends_on.iter().map(resource).collect();
        let mut found = BTreeSet::new();
        while let Some(one) = open.pop() {
            let further = self.direct.get(&one);
            if found.insert(one) {
                open.extend(further.into_iter().flatten().filter(|a| !found.contains(a)).cloned());
            }
        }
        found.iter().map(ToString::to_string).collect()
    }
}

impl<'a> FromIterator<(&'a InstanceAddr, &'a Vec<InstanceAddr>)> for Dependencies {
    fn from_iter<I: IntoIterator<Item = (&'a InstanceAddr, &'a Vec<InstanceAddr>)>>(objects: I) -> Self {
        let mut direct: BTreeMap<InstanceAddr, BTreeSet<InstanceAddr>> = BTreeMap::new();
        for (address, depends_on) in objects {
            direct.entry(resource(address)).or_default().extend(depends_on.iter().map(resource));
        }
        Dependencies { direct }
    }
}

/// The resource of an object: its address without any key.
fn resource(address: &InstanceAddr) -> InstanceAddr {
    let modules = address.module.0.iter().map(|(name, _)| (name.clone(), None)).collect();
    InstanceAddr { module: ModuleInstance(modules), key: None, ..address.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_resources_and_reach_to_the_end() {
        let address = |text: &str| text.parse::<InstanceAddr>().unwrap();
        let [a, b, c, d] = ["t.a[0]", "module.m[\"k\"].t.b", "t.c", "t.d[1]"].map(address);
        let objects =
            [(&b, vec![a.clone()]), (&c, vec![b.clone()]), (&d, vec![c.clone(), c.clone()]), (&a, Vec::new())];
        let all: Dependencies = objects.iter().map(|(of, on)| (*of, on)).collect();
        assert_eq!(all.behind(&[c]), ["module.m.t.b", "t.a", "t.c"].map(str::to_owned).into());
        assert_eq!(all.behind(&[]), BTreeSet::new());
    }
}
