//! What everything was evaluated to, in format 1: one table per module instance.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_model::{Marks, Type, Value};
use serde::{Deserialize, Serialize};

use super::value::{Reader, Ref, Writer};
use super::{Wrong, address};
use crate::values::{Instances, Repeat, SavedModule, Values};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModuleV1 {
    instance: String,
    repeat: RepeatV1,
    variables: BTreeMap<String, Ref>,
    locals: BTreeMap<String, Ref>,
    outputs: BTreeMap<String, Ref>,
    resources: BTreeMap<String, InstancesV1<Ref>>,
    calls: BTreeMap<String, InstancesV1<RepeatV1>>,
}

impl ModuleV1 {
    /// The variables, if this is the root module: sources of modules may hang on them.
    pub(super) fn root_variables(&self, reader: &Reader) -> Result<BTreeMap<Arc<str>, Value>, Wrong> {
        let mut variables = BTreeMap::new();
        if self.instance.is_empty() {
            for (name, value) in &self.variables {
                variables.insert(Arc::from(name.as_str()), reader.value(*value)?);
            }
        }
        Ok(variables)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RepeatV1 {
    None,
    Count(u64),
    Each(String, Ref),
    Unknown,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum InstancesV1<T> {
    Single(T),
    Count(Vec<T>),
    Each(BTreeMap<String, T>),
    Unknown,
}

impl Writer {
    pub(super) fn module(&mut self, module: SavedModule) -> ModuleV1 {
        ModuleV1 {
            instance: module.instance.to_string(),
            repeat: self.repeat(&module.repeat),
            variables: self.named(&module.variables),
            locals: self.lasting(&module.locals),
            outputs: self.named(&module.outputs),
            resources: module
                .resources
                .iter()
                .map(|(addr, instances)| (addr.to_string(), written(instances, |value| self.value(value))))
                .collect(),
            calls: module
                .calls
                .iter()
                .map(|(name, instances)| (name.to_string(), written(instances, |repeat| self.repeat(repeat))))
                .collect(),
        }
    }

    /// Values by name.
    pub(super) fn named(&mut self, values: &BTreeMap<Arc<str>, Value>) -> BTreeMap<String, Ref> {
        values.iter().map(|(name, value)| (name.to_string(), self.value(value))).collect()
    }

    /// The same; what is ephemeral is not kept, and evaluated anew.
    fn lasting(&mut self, values: &BTreeMap<Arc<str>, Value>) -> BTreeMap<String, Ref> {
        let kept = |value: &Value| match value.marks_deep() {
            marks if marks.is_ephemeral() => Value::unknown(Type::Dynamic).mark(marks.without(Marks::EPHEMERAL)),
            _ => value.clone(),
        };
        values.iter().map(|(name, value)| (name.to_string(), self.value(&kept(value)))).collect()
    }

    fn repeat(&mut self, repeat: &Repeat) -> RepeatV1 {
        match repeat {
            Repeat::None => RepeatV1::None,
            Repeat::Count(n) => RepeatV1::Count(*n),
            Repeat::Each(key, value) => RepeatV1::Each(key.to_string(), self.value(value)),
            Repeat::Unknown => RepeatV1::Unknown,
        }
    }
}

fn written<T, U>(instances: &Instances<T>, mut f: impl FnMut(&T) -> U) -> InstancesV1<U> {
    match instances {
        Instances::Single(one) => InstancesV1::Single(f(one)),
        Instances::Count(all) => InstancesV1::Count(all.iter().map(f).collect()),
        Instances::Each(all) => InstancesV1::Each(all.iter().map(|(key, one)| (key.to_string(), f(one))).collect()),
        Instances::Unknown => InstancesV1::Unknown,
    }
}

impl Reader {
    /// Adds a module instance to those above it.
    pub(super) fn module(&self, dto: ModuleV1, values: &mut Values) -> Result<(), Wrong> {
        let module = SavedModule {
            instance: address::module(&dto.instance)?,
            repeat: self.repeat(dto.repeat)?,
            variables: self.unnamed(dto.variables)?,
            locals: self.unnamed(dto.locals)?,
            outputs: self.unnamed(dto.outputs)?,
            resources: dto
                .resources
                .into_iter()
                .map(|(addr, instances)| Ok((address::resource(&addr)?, read(instances, |at| self.value(at))?)))
                .collect::<Result<_, Wrong>>()?,
            calls: dto
                .calls
                .into_iter()
                .map(|(name, instances)| Ok((Arc::from(name), read(instances, |repeat| self.repeat(repeat))?)))
                .collect::<Result<_, Wrong>>()?,
        };
        let instance = dto.instance;
        if values.restore(module) { Ok(()) } else { Err(format!("its configuration has no module `{instance}`")) }
    }

    /// What [`Writer::named`] wrote.
    pub(super) fn unnamed(&self, values: BTreeMap<String, Ref>) -> Result<BTreeMap<Arc<str>, Value>, Wrong> {
        values.into_iter().map(|(name, at)| Ok((Arc::from(name), self.value(at)?))).collect()
    }

    fn repeat(&self, dto: RepeatV1) -> Result<Repeat, Wrong> {
        Ok(match dto {
            RepeatV1::None => Repeat::None,
            RepeatV1::Count(n) => Repeat::Count(n),
            RepeatV1::Each(key, at) => Repeat::Each(Arc::from(key), self.value(at)?),
            RepeatV1::Unknown => Repeat::Unknown,
        })
    }
}

fn read<T, U>(instances: InstancesV1<T>, mut f: impl FnMut(T) -> Result<U, Wrong>) -> Result<Instances<U>, Wrong> {
    Ok(match instances {
        InstancesV1::Single(one) => Instances::Single(f(one)?),
        InstancesV1::Count(all) => Instances::Count(all.into_iter().map(f).collect::<Result<_, _>>()?),
        InstancesV1::Each(all) => Instances::Each(
            all.into_iter().map(|(key, one)| Ok((Arc::from(key), f(one)?))).collect::<Result<_, Wrong>>()?,
        ),
        InstancesV1::Unknown => Instances::Unknown,
    })
}
