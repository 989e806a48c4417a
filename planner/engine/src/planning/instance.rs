//! Planning one instance of a managed resource.

use std::borrow::Cow;
use std::sync::Arc;

use cplan_config::ResourceBlock;
use cplan_model::{
    Action, AttrChange, AttrPath, AttributeMode, Diagnostic, InstanceAddr, Reason, Schema, Value, changes,
};
use cplan_sdk::{PlanRequest, PlanResponse, Resource};
use cplan_store::{Record, RecordKey, Status};

use super::resource::Site;
use super::verdict::Before;
use super::{PlanMode, Planner, container_id, place_of, provider_failed};
use crate::plan::{Amendment, Change, Operation};
use crate::proposed::{ignore, propose, remark, told};
use crate::steps::Draft;
use crate::values::Repeat;

impl Planner<'_> {
    pub(super) async fn instance(
        &mut self,
        site: &Site<'_>,
        address: InstanceAddr,
        config: Value,
        repeat: &Repeat,
        dependencies: &[InstanceAddr],
    ) -> Option<Value> {
        let (block, schema) = (site.block, site.schema);
        let resource = self.registry.resource(&site.provider, &address.resource.ty)?;
        let key = RecordKey::from(address.clone());
        let state = Arc::clone(&self.state);
        let mut before = self.before(&state, &key, resource);
        if let Some(Cow::Borrowed(record)) = before.record {
            self.kept.insert(place_of(record));
        }
        if self.options.mode == PlanMode::RefreshOnly {
            return before.values;
        }
        let importing = match &before.record {
            Some(_) => None,
            None => self.adopt(site, &key, resource, &config, dependencies, &mut before).await?,
        };
        let written = config.clone();
        let mut config = match &before.values {
            Some(prior) if block.lifecycle.ignore_all => prior.clone(),
            Some(prior) => ignore(&config, prior, &block.lifecycle.ignore_changes),
            None => config,
        };
        let container = self.container_of(schema, &config);
        let old = before.record.as_ref().map(|r| r.identity.clone());

        // In place first: what exists, changed to what is wanted.
        let mut update = None;
        if let (Some(identity), Some(prior)) = (&old, &before.values) {
            let request = PlanRequest {
                identity: identity.clone(),
                config: told(resource, &config),
                prior: Some(told(resource, prior)),
                proposed: told(resource, &propose(schema, &config, Some(prior))),
                private: before.private.clone(),
            };
            update = Some(self.ask(resource, block, &address, &config, request).await?);
        }
        let (mut action, mut reason, mut attributes) = (Action::Create, Reason::New, Vec::new());
        if let (Some((planned, response)), Some(prior)) = (&update, &before.values) {
            attributes = changes(schema, prior, planned);
            mark_forced(&mut attributes, &response.replace);
            (action, reason) =
                self.judge(schema, &before, &attributes, response, container.as_ref(), resource, planned);
        } else if before.missing {
            reason = Reason::Missing;
        }
        if before.record.is_some() && action != Action::Create && reason != Reason::ContainerReplaced {
            // Of several reasons the first tells: a trigger, a taint, a wish, what cannot change in place.
            if let Some(text) = self.triggered(block, &address.module, repeat) {
                (action, reason) = (Action::Replace, Reason::Triggered(text));
            } else if reason != Reason::Tainted && self.options.replace.contains(&address) {
                (action, reason) = (Action::Replace, Reason::Requested);
            }
        }
        let create_first = self.first.contains(&site.node) && action == Action::Replace;

        let made_anew = matches!(action, Action::Create | Action::Replace);
        let ignored = match &before.values {
            Some(_) if !made_anew && (block.lifecycle.ignore_all || !block.lifecycle.ignore_changes.is_empty()) => {
                self.ignored_paths(schema, &written, &config)
            }
            _ => Vec::new(),
        };
        let (identity, planned, response, prior) = if made_anew {
            let identity = self.new_identity(&address, create_first);
            // What is made anew is made as the configuration says, ignored changes included.
            config = written.clone();
            let request = PlanRequest {
                identity: identity.clone(),
                config: told(resource, &config),
                prior: None,
                proposed: told(resource, &propose(schema, &config, None)),
                private: Vec::new(),
            };
            let (planned, response) = self.ask(resource, block, &address, &config, request).await?;
            let empty = Value::object(Vec::<(Arc<str>, Value)>::new());
            let forced = std::mem::take(&mut attributes);
            attributes = changes(schema, before.values.as_ref().unwrap_or(&empty), &planned);
            let forced: Vec<AttrPath> = forced.into_iter().filter(|c| c.forces_replace).map(|c| c.path).collect();
            // What is tainted is replaced whatever its attributes are.
            let whole = before.record.as_ref().is_some_and(|r| r.status == Status::Ready);
            for change in &mut attributes {
                change.forces_replace = action == Action::Replace && whole && forced.contains(&change.path);
            }
            (identity, planned, response, None)
        } else {
            let (planned, response) = update?;
            // What was lost is made again under its own name: there is nothing to start from.
            let anew = matches!(reason, Reason::ContainerRestarted | Reason::LostByRestart);
            let prior = before.values.clone().filter(|_| !anew);
            (old.clone()?, planned, response, prior)
        };
        if made_anew || importing.is_some() {
            self.owners.planned.insert(identity.id.clone(), address.clone());
        }

        let replaced = made_anew && before.record.is_some();
        if replaced && !before.missing && self.prevents(block, &address) {
            self.prevented(block, &address, "replace");
        }
        let delete = before.record.as_ref().filter(|_| replaced).map(|record| {
            if self.takes_contents(&key, record) {
                self.going.insert(record.identity.id.clone());
            }
            self.deletion(&key, record, schema, before.values.clone(), reason.clone())
        });
        let write = (action != Action::NoOp).then(|| Operation {
            key: key.clone(),
            action: if action == Action::Update { Action::Update } else { Action::Create },
            reason: reason.clone(),
            provider: site.provider.clone(),
            claims: resource.claims(action, &planned),
            identity,
            prior,
            finalise: !config.is_wholly_known(),
            planned: Some(planned.clone()),
            container_id: container_id(schema, &config),
            config: Some(config),
            private: response.private,
            with_container: false,
            dependencies: dependencies.to_vec(),
            container: container.clone(),
            deposes: None,
            create_before_destroy: self.first.contains(&site.node),
        });
        if action == Action::NoOp
            && importing.is_none()
            && let Some(record) = &before.record
            && (before.values.as_ref() != Some(&record.values) || record.dependencies != dependencies)
        {
            let record = Record { dependencies: dependencies.to_vec(), ..Record::clone(record) };
            self.take_over_one(&key, &record);
        }
        self.planned.insert(address.clone(), self.changes.len());
        self.changes.push(Change {
            address: address.clone(),
            action,
            reason: (action != Action::NoOp).then_some(reason),
            before: before.values.clone(),
            after: Some(planned.clone()),
            attributes,
            disruption: response.disruption.filter(|_| action == Action::Update),
            disrupted_by: if action == Action::Update { response.disrupted_by } else { Vec::new() },
            container,
            deposed: None,
            create_first,
            moved_from: self.moved_from.get(&address).cloned(),
            importing,
            ignored,
        });
        self.drafts.push(Draft {
            recorded: before.record.as_ref().map(|r| r.dependencies.clone()).unwrap_or_default(),
            address,
            provider: site.provider.clone(),
            desired: Some(planned.clone()),
            delete: delete.map(Box::new),
            write: write.map(Box::new),
            dependencies: dependencies.to_vec(),
            create_first,
            conditions: false,
        });
        Some(planned)
    }

    /// Takes in an object that an import names: from then on it is as if the state had had it. Gives the id; `None`
    /// of the outer kind when the import fails.
    async fn adopt(
        &mut self,
        site: &Site<'_>,
        key: &RecordKey,
        resource: &dyn Resource,
        config: &Value,
        dependencies: &[InstanceAddr],
        before: &mut Before<'_>,
    ) -> Option<Option<String>> {
        if !self.imports.contains_key(&key.address) {
            return Some(None);
        }
        let identity = self.new_identity(&key.address, false);
        let (id, values, private, boot_id) = self.take_in(&key.address, resource, &identity, config).await?;
        let record = Record {
            provider: site.provider.clone(),
            schema_version: site.schema.version,
            values: values.clone(),
            private: private.clone(),
            identity,
            dependencies: dependencies.to_vec(),
            container: self.container_of(site.schema, &values),
            host: None,
            status: Status::Ready,
            create_before_destroy: self.first.contains(&site.node),
            boot_id,
            last_run: None,
        };
        self.amendments.push(Amendment::Adopt { key: key.clone(), record: Box::new(record.clone()) });
        before.values = Some(values);
        before.private = private;
        before.record = Some(Cow::Owned(record));
        Some(Some(id))
    }

    /// The attributes that `ignore_changes` leaves as they are though the configuration says otherwise.
    fn ignored_paths(&self, schema: &Schema, written: &Value, taken: &Value) -> Vec<AttrPath> {
        let computed = |path: &AttrPath| {
            let attribute = path.root().and_then(|name| schema.attributes.get(name));
            attribute.is_some_and(|a| a.mode == AttributeMode::Computed)
        };
        // Where what is taken is not known, it is what is written.
        let kept = |change: &AttrChange| change.before.as_ref().is_none_or(Value::is_known);
        changes(schema, taken, written).into_iter().filter(kept).map(|c| c.path).filter(|p| !computed(p)).collect()
    }

    /// Whether a block forbids the deletion of its objects.
    pub(super) fn prevents(&mut self, block: &ResourceBlock, address: &InstanceAddr) -> bool {
        let path = address.module.0.iter().map(|(call, _)| call.clone()).collect();
        block.lifecycle.prevent_destroy.clone().is_some_and(|expr| self.flag(&path, &expr))
    }

    async fn ask(
        &mut self,
        resource: &dyn Resource,
        block: &ResourceBlock,
        address: &InstanceAddr,
        config: &Value,
        request: PlanRequest,
    ) -> Option<(Value, PlanResponse)> {
        let proposed = request.proposed.clone();
        match resource.plan(self.ctx, request).await {
            Ok(mut response) => {
                let planned = response.planned.take().unwrap_or(proposed);
                Some((remark(resource.schema(), config, &planned), response))
            }
            Err(error) => {
                let d = provider_failed(format!("{address} cannot be planned"), &error).at(block.span);
                self.diagnostics.push(d.address(address.clone()));
                None
            }
        }
    }

    /// The operation that deletes what a record names.
    pub(super) fn deletion(
        &self,
        key: &RecordKey,
        record: &Record,
        schema: &Schema,
        prior: Option<Value>,
        reason: Reason,
    ) -> Operation {
        let prior = prior.unwrap_or_else(|| record.values.clone());
        let resource = self.registry.resource(&record.provider, &key.address.resource.ty);
        let claims = resource.map(|r| r.claims(Action::Delete, &prior)).unwrap_or_default();
        let held_by = container_id(schema, &record.values);
        let mut delete = Operation {
            key: key.clone(),
            action: Action::Delete,
            reason,
            provider: record.provider.clone(),
            identity: record.identity.clone(),
            prior: Some(prior),
            planned: None,
            config: None,
            private: record.private.clone(),
            finalise: false,
            with_container: false,
            claims,
            dependencies: record.dependencies.clone(),
            container: record.container.clone(),
            container_id: held_by,
            deposes: None,
            create_before_destroy: false,
        };
        delete.with_container = self.goes_with_container(&delete);
        delete
    }

    /// Whether what lies in an object goes when that is deleted.
    pub(super) fn takes_contents(&self, key: &RecordKey, record: &Record) -> bool {
        let resource = self.registry.resource(&record.provider, &key.address.resource.ty);
        resource.is_none_or(|resource| !resource.contents_outlive(&record.values))
    }

    /// Whether an object goes with its container: that is deleted by this plan, or was ours and is gone already.
    pub(super) fn goes_with_container(&self, delete: &Operation) -> bool {
        let resource = self.registry.resource(&delete.provider, &delete.key.address.resource.ty);
        let gone = |id: &str| self.going.contains(id) || (delete.container.is_some() && self.owner(id).is_none());
        resource.is_some_and(|r| r.goes_with_container()) && delete.container_id.as_deref().is_some_and(gone)
    }

    pub(super) fn prevented(&mut self, block: &ResourceBlock, address: &InstanceAddr, verb: &str) {
        self.diagnostics.push(
            Diagnostic::error(
                "prevent-destroy",
                "Instance cannot be destroyed",
                format!("{address} has `prevent_destroy` set, and the plan would {verb} it."),
            )
            .remedy("Take `prevent_destroy` away, or change the configuration so that it stays.")
            .at(block.lifecycle.prevent_destroy.as_ref().map_or(block.span, |e| e.span))
            .address(address.clone()),
        );
    }
}

fn mark_forced(attributes: &mut [AttrChange], replace: &[AttrPath]) {
    for change in attributes {
        change.forces_replace |= replace.iter().any(|p| p.is_prefix_of(&change.path));
    }
}
