//! Reading a data source while planning, or putting it off to apply.

use cplan_config::place;
use cplan_model::{Action, Identity, InstanceAddr, Reason, Value, changes};
use cplan_store::RecordKey;

use super::resource::Site;
use super::{PlanMode, Planner, provider_failed};
use crate::plan::{Change, Operation};
use crate::proposed::{propose, remark};
use crate::steps::Draft;

impl Planner<'_> {
    pub(super) async fn data(
        &mut self,
        site: &Site<'_>,
        address: InstanceAddr,
        config: Value,
        dependencies: &[InstanceAddr],
    ) -> Option<Value> {
        let (block, schema) = (site.block, site.schema);
        let source = self.registry.data_source(&site.provider, &address.resource.ty)?;
        let known = config.is_wholly_known();
        // What only an explicit dependency names may change what is read.
        let held_back = !block.depends_on.is_empty()
            && dependencies.iter().any(|group| self.planned_of(group).any(|c| c.action != Action::NoOp));
        let mut value = propose(schema, &config, None);
        if source.is_pure() || (known && !held_back) {
            match source.read(self.ctx, config.unmarked_deep()).await {
                Ok((read, found)) => {
                    let body = block.body.clone();
                    self.diagnostics.extend(found.in_block(&address, |path| place(&body, path)));
                    value = remark(schema, &config, &read);
                }
                Err(error) => {
                    let d = provider_failed(format!("{address} cannot be read"), &error).at(block.span);
                    self.diagnostics.push(d.address(address));
                    return None;
                }
            }
        }
        // Where nothing is made, what is not known now will not be known by an apply.
        if value.is_wholly_known() || self.options.mode == PlanMode::RefreshOnly {
            return Some(value);
        }
        let empty = Value::object(Vec::<(std::sync::Arc<str>, Value)>::new());
        let reason = match (&block.check, known) {
            (_, false) => Reason::InputsUnknown,
            (Some(_), true) if !held_back => Reason::CheckNested,
            (_, true) => Reason::DependencyPending,
        };
        self.planned.insert(address.clone(), self.changes.len());
        self.changes.push(Change {
            after: Some(value.clone()),
            attributes: changes(schema, &empty, &value),
            ..Change::new(address.clone(), Action::Read, Some(reason.clone()))
        });
        let operation = Operation {
            key: RecordKey::from(address.clone()),
            action: Action::Read,
            reason,
            provider: site.provider.clone(),
            identity: Identity { id: String::new(), lab: String::new(), name: String::new() },
            prior: None,
            planned: Some(value.clone()),
            config: Some(config),
            private: Vec::new(),
            finalise: true,
            with_container: false,
            claims: Vec::new(),
            dependencies: dependencies.to_vec(),
            container: None,
            container_id: None,
            deposes: None,
            create_before_destroy: false,
        };
        self.drafts.push(Draft {
            address,
            provider: site.provider.clone(),
            desired: None,
            delete: None,
            write: Some(Box::new(operation)),
            dependencies: dependencies.to_vec(),
            recorded: Vec::new(),
            create_first: false,
            conditions: false,
        });
        Some(value)
    }
}
