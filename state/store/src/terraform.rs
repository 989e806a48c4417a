//! The state in Terraform's own format (version 4): the way over from it and back.
//!
//! Terraform passes over members that it does not know, so what only cplan records stands under `cplan` in each
//! instance, and a state that went out and comes back is the same state.

mod document;
mod value;

use std::collections::BTreeMap;

use cplan_model::{Identity, InstanceAddr, Mode, ModuleInstance, ResourceAddr, Target, Type, Value};

use self::document::{Deposed, InstanceV4, OutputV4, ResourceV4, StateV4};
pub use self::value::type_json;
use crate::format::{FormatError, decode_json};
use crate::{Record, RecordKey, State, StateOutput, Status, StoreError};

/// What a state in Terraform's format does not say itself.
pub trait Types {
    /// The object type of a resource type's values; `None` where there is no such type.
    fn of(&self, provider: &str, resource: &ResourceAddr) -> Option<Type>;

    /// The name of an object that Terraform made, which has none; `id` is its attribute of that name.
    fn identity(&self, state: &State, address: &InstanceAddr, id: Option<&str>) -> Identity;
}

/// The state as indented JSON in version 4; sensitive values are in it. `version` is the program's.
pub fn export_terraform(state: &State, types: &dyn Types, version: &str) -> Result<String, StoreError> {
    let mut document = StateV4::new(state, version);
    for (name, output) in &state.outputs {
        let ty = output.value.ty();
        let value = value::encode(&output.value, &ty).map_err(not_a_state)?;
        document
            .outputs
            .insert(name.clone(), OutputV4 { value, ty: value::type_json(&ty), sensitive: output.sensitive });
    }
    for (key, record) in &state.records {
        let address = &key.address;
        let resource = ResourceV4::new(address, &record.provider);
        if document.resources.last().is_none_or(|last| !last.holds(&resource)) {
            document.resources.push(resource);
        }
        let ty = types.of(&record.provider, &address.resource).unwrap_or_else(|| record.values.ty());
        let attributes = value::encode(&record.values, &ty).map_err(not_a_state)?;
        let sensitive = value::sensitive_paths(&record.values).map_err(not_a_state)?;
        if let Some(last) = document.resources.last_mut() {
            last.instances.push(InstanceV4::new(key, record, attributes, sensitive));
        }
    }
    // Structs of strings, numbers and values have no way to fail.
    Ok(serde_json::to_string_pretty(&document).unwrap_or_default() + "\n")
}

/// The state from JSON in version 4.
pub fn import_terraform(text: &str, types: &dyn Types) -> Result<State, StoreError> {
    let document: StateV4 = decode_json(text.as_bytes()).map_err(not_a_state)?;
    document.state(types).map_err(not_a_state)
}

/// Only the outputs of a state in JSON in version 4, whatever its resources are.
pub fn terraform_outputs(text: &str) -> Result<BTreeMap<String, StateOutput>, StoreError> {
    let mut document: StateV4 = decode_json(text.as_bytes()).map_err(not_a_state)?;
    document.resources.clear();
    struct NoTypes;
    impl Types for NoTypes {
        fn of(&self, _: &str, _: &ResourceAddr) -> Option<Type> {
            None
        }

        fn identity(&self, _: &State, _: &InstanceAddr, _: Option<&str>) -> Identity {
            Identity { id: String::new(), lab: String::new(), name: String::new() }
        }
    }
    Ok(document.state(&NoTypes).map_err(not_a_state)?.outputs)
}

/// The version that a document claims to have, if it is a state of Terraform.
pub fn terraform_version(text: &str) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Claim {
        version: u64,
    }
    decode_json::<Claim>(text.as_bytes()).ok().map(|claim| claim.version)
}

fn not_a_state(source: FormatError) -> StoreError {
    StoreError::NotAState { source }
}

impl StateV4 {
    fn state(self, types: &dyn Types) -> Result<State, FormatError> {
        if self.version != 4 {
            return Err(format!("its version is {}, and only 4 is known", self.version).into());
        }
        let mut state = State { lineage: self.lineage, serial: self.serial, ..State::default() };
        for (name, output) in self.outputs {
            let value = value::decode(&output.value, &value::parse_type(&output.ty)?)?;
            state.outputs.insert(name, StateOutput { value, sensitive: output.sensitive });
        }
        for check in self.check_results.into_iter().flatten() {
            let (block, found) = check.result()?;
            state.checks.insert(block, found);
        }
        for resource in self.resources {
            // What was read is read again, and not kept.
            if resource.mode == "data" {
                continue;
            }
            let provider = resource.provider_name()?;
            let module = match resource.module.as_deref() {
                None | Some("") => ModuleInstance::root(),
                Some(text) => match text.parse::<Target>()? {
                    Target { module, resource: None, .. } => module,
                    _ => return Err(format!("`{text}` is not a module").into()),
                },
            };
            let addr = ResourceAddr {
                mode: Mode::Managed,
                ty: resource.ty.as_str().into(),
                name: resource.name.as_str().into(),
            };
            let ty = types.of(&provider, &addr);
            for instance in resource.instances {
                let address = InstanceAddr { module: module.clone(), resource: addr.clone(), key: instance.key()? };
                let ty = ty.as_ref().ok_or_else(|| format!("there is no resource type `{}` here", addr.ty))?;
                let values = value::decode(&instance.attributes, ty)?;
                let values = value::mark(values, &instance.sensitive_attributes)?;
                let key = RecordKey { address, deposed: instance.deposed.clone().map(|Deposed(key)| key) };
                let record = instance.record(&state, &key, &provider, values, types)?;
                if state.records.insert(key, record).is_some() {
                    return Err(format!("{addr} stands twice in it").into());
                }
            }
        }
        Ok(state)
    }
}

impl InstanceV4 {
    fn record(
        self,
        state: &State,
        key: &RecordKey,
        provider: &str,
        values: Value,
        types: &dyn Types,
    ) -> Result<Record, FormatError> {
        let private = self.private_bytes()?;
        let ours = self.cplan.unwrap_or_default();
        let id = values.get("id").and_then(Value::as_str);
        let identity = match ours.identity {
            Some(identity) => identity.into(),
            None => types.identity(state, &key.address, id),
        };
        let dependencies = self.dependencies.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        let status = match self.status.as_deref() {
            None | Some("") if ours.outcome_unknown => Status::OutcomeUnknown,
            None | Some("") => Status::Ready,
            Some("tainted") => Status::Tainted,
            Some(other) => return Err(format!("`{other}` is not a status").into()),
        };
        Ok(Record {
            provider: provider.to_owned(),
            schema_version: self.schema_version,
            values,
            private,
            identity,
            dependencies,
            container: ours.container.map(|text| text.parse()).transpose()?,
            host: ours.host,
            status,
            create_before_destroy: self.create_before_destroy,
            boot_id: ours.boot_id,
            last_run: ours.last_run,
        })
    }
}
