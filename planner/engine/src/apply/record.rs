//! From a provider's answer to the state's record.

use std::sync::PoisonError;

use cplan_model::{Action, Value, changes};
use cplan_sdk::{ApplyResponse, ProviderError};
use cplan_store::{Record, RecordKey, Status, Transaction};

use super::Run;
use crate::plan::Operation;
use crate::proposed::{nulls_for_unknowns, remark};

impl Run<'_> {
    /// Writes what a step's answer means into the transaction and the live values; gives the failure, if it is one.
    pub(super) fn take_in(
        &mut self,
        operation: &Operation,
        planned: Option<&Value>,
        result: Result<ApplyResponse, ProviderError>,
        transaction: &mut Transaction,
    ) -> Option<ProviderError> {
        let key = &operation.key;
        if operation.action == Action::Delete {
            return match result {
                Ok(_) => {
                    transaction.delete.push(key.clone());
                    self.state.records.remove(key);
                    None
                }
                Err(error) => Some(error),
            };
        }
        if operation.action == Action::Read {
            return match result {
                Ok(response) => {
                    self.values.set_instance(&key.address, response.values);
                    None
                }
                Err(error) => Some(error),
            };
        }
        let resource = self.registry.resource(&operation.provider, &key.address.resource.ty)?;
        let schema = resource.schema();
        match result {
            Ok(response) => {
                let marked = planned.map_or_else(|| response.values.clone(), |p| remark(schema, p, &response.values));
                if marked.marks_deep().is_sensitive() {
                    self.secrets.lock().unwrap_or_else(PoisonError::into_inner).learn(&marked);
                }
                let broken = planned.and_then(|planned| {
                    changes(schema, planned, &response.values)
                        .into_iter()
                        .find(|c| c.before.as_ref().is_none_or(Value::is_wholly_known) && promised(planned, c))
                        .map(|c| c.path)
                });
                let unknown = !response.values.is_wholly_known();
                let boot_id = response.boot_id.clone();
                let record =
                    self.record(operation, marked.clone(), response.private, boot_id, Status::Ready, schema.version);
                if unknown {
                    return Some(ProviderError::failed(format!(
                        "{} has values that are still unknown after apply",
                        key.address
                    )));
                }
                self.depose(operation, transaction);
                transaction.put.push((key.clone(), record.clone()));
                self.state.records.insert(key.clone(), record);
                self.values.set_instance(&key.address, marked);
                broken.map(|path| {
                    ProviderError::failed(format!("`{path}` of {} is not what was planned", key.address))
                        .remedy("Plan again; if it happens again, this is a mistake in the provider.")
                })
            }
            Err(mut error) => {
                if let Some(partial) = error.partial.take() {
                    let status = if operation.prior.is_none() { Status::Tainted } else { Status::Ready };
                    let values = planned.map_or_else(|| (*partial).clone(), |p| remark(schema, p, &partial));
                    let values = nulls_for_unknowns(&values);
                    let record =
                        self.record(operation, values, operation.private.clone(), None, status, schema.version);
                    self.depose(operation, transaction);
                    transaction.put.push((key.clone(), record.clone()));
                    self.state.records.insert(key.clone(), record);
                }
                Some(error)
            }
        }
    }

    /// Makes room for an object that is made before the one in its place is deleted.
    fn depose(&mut self, operation: &Operation, transaction: &mut Transaction) {
        let Some(deposed) = &operation.deposes else { return };
        if let Some(old) = self.state.records.remove(&operation.key) {
            let key = RecordKey { deposed: Some(deposed.clone()), ..operation.key.clone() };
            transaction.put.push((key.clone(), old.clone()));
            self.state.records.insert(key, old);
        }
    }

    fn record(
        &self,
        operation: &Operation,
        values: Value,
        private: Vec<u8>,
        boot_id: Option<String>,
        status: Status,
        schema_version: u64,
    ) -> Record {
        let boot_id = boot_id.or_else(|| self.state.records.get(&operation.key).and_then(|r| r.boot_id.clone()));
        Record {
            provider: operation.provider.clone(),
            schema_version,
            container: operation.container.clone(),
            values,
            private,
            identity: operation.identity.clone(),
            dependencies: operation.dependencies.clone(),
            host: None,
            status,
            create_before_destroy: operation.create_before_destroy,
            boot_id,
            last_run: Some(self.name.to_owned()),
        }
    }
}

/// Whether the plan had said something about the attribute at all.
fn promised(planned: &Value, change: &cplan_model::AttrChange) -> bool {
    // Below an unknown nothing was promised.
    let mut path = change.path.clone();
    loop {
        if let Some(value) = planned.at(&path) {
            return value.is_known();
        }
        if path.0.pop().is_none() {
            return true;
        }
    }
}
