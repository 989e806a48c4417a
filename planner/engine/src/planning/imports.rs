//! `import` blocks: objects that exist and are taken in by this plan.

use cplan_config::{Expr, Import, evaluate};
use cplan_model::{Diagnostic, InstanceAddr, InstanceKey, Kind, ModuleInstance, Span, Value};
use cplan_sdk::{ImportRequest, Observed, Resource};

use super::{Planner, provider_failed};
use crate::event::Event;
use crate::proposed::told;
use crate::values::{Instances, Repeat};

/// An object to take in.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The provider's name for it.
    pub(crate) id: String,
    /// The block, or nothing for a command.
    pub(crate) place: Option<Span>,
    /// An instance met it.
    pub(crate) used: bool,
}

/// Whether it only says that what is to be taken in has no block.
pub(super) fn lacks_block(diagnostic: &Diagnostic) -> bool {
    diagnostic.id == "import-not-declared"
}

impl Planner<'_> {
    /// What is to be taken in, and has no block, and one could be written: in the root module, without a key.
    pub(crate) fn without_block(&self) -> Vec<InstanceAddr> {
        let lacks = |to: &&InstanceAddr| {
            to.module.0.is_empty()
                && to.key.is_none()
                && !self.config.root.resources.contains_key(&to.resource)
                && self.state.records.keys().all(|key| key.address != **to)
        };
        let each = |to: &InstanceAddr| {
            let import =
                self.config.root.imports.iter().find(|i| i.to.modules.is_empty() && i.to.resource == to.resource);
            import.is_some_and(|i| i.for_each.is_some())
        };
        self.imports.keys().filter(lacks).filter(|to| !each(to)).cloned().collect()
    }

    /// Evaluates an `import` block: which ids are wanted where.
    pub(super) fn import(&mut self, node: usize, index: usize) {
        let Some(import) = self.config.root.imports.get(index).cloned() else { return };
        // What the first pass knew of it is looked at again.
        self.imports.retain(|_, wanted| wanted.place != Some(import.span));
        let root = ModuleInstance::root();
        let each = import.for_each.clone().map(cplan_config::ForEach::Each);
        let repeats: Vec<Repeat> = match self.expansion(&root, each.as_ref(), node) {
            Instances::Single(r) => vec![r],
            Instances::Count(rs) => rs,
            Instances::Each(rs) => rs.into_values().collect(),
            Instances::Unknown => {
                if self.planning {
                    self.unknown_import(&import, import.for_each.as_ref().map_or(import.span, |e| e.span), "for_each");
                }
                return;
            }
        };
        for repeat in repeats {
            let (Some(to), Some(id)) = (self.import_to(&import, &repeat), self.import_id(&import, &repeat)) else {
                continue;
            };
            if let Some(first) = self.imports.get(&to) {
                let mut d = Diagnostic::error(
                    "import-twice",
                    "Duplicate import configuration",
                    format!("{to} is the target of two imports."),
                )
                .remedy("Keep one of them.")
                .at(import.to.span);
                if let Some(place) = first.place.filter(|p| *p != import.span) {
                    d = d.label(place, "the other one");
                }
                self.diagnostics.push(d);
                continue;
            }
            self.imports.insert(to, Wanted { id, place: Some(import.span), used: false });
        }
    }

    fn import_to(&mut self, import: &Import, repeat: &Repeat) -> Option<InstanceAddr> {
        let mut modules = Vec::new();
        for (name, key) in &import.to.modules {
            modules.push((name.clone(), self.import_key(key.as_ref(), repeat)?));
        }
        let key = self.import_key(import.to.key.as_ref(), repeat)?;
        Some(InstanceAddr { module: ModuleInstance(modules.into()), resource: import.to.resource.clone(), key })
    }

    fn import_key(&mut self, key: Option<&Expr>, repeat: &Repeat) -> Option<Option<InstanceKey>> {
        let Some(key) = key else { return Some(None) };
        let root = ModuleInstance::root();
        let (value, found) = evaluate(key, &self.values.view(&root, repeat, None));
        let failed = found.has_errors();
        self.diagnostics.extend(found);
        if failed {
            return None;
        }
        match value.kind() {
            Kind::String(text) => Some(Some(InstanceKey::Str(text.clone()))),
            Kind::Number(_) if value.as_u64().is_some() => value.as_u64().map(|n| Some(InstanceKey::Int(n))),
            Kind::Unknown(_) if !self.planning => None,
            _ => {
                self.diagnostics.push(
                    Diagnostic::error(
                        "import-key",
                        "Invalid import 'to' expression",
                        "The key of the address must be a known string or whole number.",
                    )
                    .remedy("Use literal keys, or `each.key` with `for_each`.")
                    .at(key.span),
                );
                None
            }
        }
    }

    fn import_id(&mut self, import: &Import, repeat: &Repeat) -> Option<String> {
        let root = ModuleInstance::root();
        let (value, found) = evaluate(&import.id, &self.values.view(&root, repeat, None));
        let failed = found.has_errors();
        self.diagnostics.extend(found);
        if failed {
            return None;
        }
        if !value.is_known() {
            if self.planning {
                self.unknown_import(import, import.id.span, "id");
            }
            return None;
        }
        let wrong = |what: &str| {
            Diagnostic::error("import-id", "Invalid import id argument", what)
                .remedy("Give the id that the provider knows the object by, as a string.")
                .at(import.id.span)
        };
        match cplan_model::convert(&value.unmarked_deep(), &cplan_model::Type::String) {
            Ok(text) if text.is_null() => self.diagnostics.push(wrong("The import ID is null.")),
            Ok(text) => match text.as_str() {
                Some("") => self.diagnostics.push(wrong("The import ID is an empty string.")),
                Some(text) => return Some(text.to_owned()),
                None => {}
            },
            Err(error) => self.diagnostics.push(
                Diagnostic::error(
                    "import-id",
                    "Incorrect value type",
                    format!("The import ID is unsuitable: {}.", error.message),
                )
                .remedy("Give the id that the provider knows the object by, as a string.")
                .at(import.id.span),
            ),
        }
        None
    }

    fn unknown_import(&mut self, import: &Import, place: Span, what: &str) {
        self.diagnostics.push(
            Diagnostic::error(
                "import-unknown",
                format!("Invalid import {what} argument"),
                format!(
                    "The `{what}` of the import of `{}` hangs on something that is known only after apply.",
                    import.to.resource
                ),
            )
            .remedy("Apply first what it hangs on, for instance with -target, or write the value down.")
            .at(place),
        );
    }

    /// Takes in what an import block or the command names for an instance that the state does not have: its values as
    /// they are.
    pub(crate) async fn take_in(
        &mut self,
        address: &InstanceAddr,
        resource: &dyn Resource,
        identity: &cplan_model::Identity,
        config: &Value,
    ) -> Option<(String, Value, Vec<u8>, Option<String>)> {
        let wanted = self.imports.get_mut(address)?;
        wanted.used = true;
        let (id, place) = (wanted.id.clone(), wanted.place);
        let at = |d: Diagnostic| match place {
            Some(span) => d.at(span).address(address.clone()),
            None => d.address(address.clone()),
        };
        let request = ImportRequest { id: id.clone(), identity: identity.clone(), config: told(resource, config) };
        match resource.import(self.ctx, request).await {
            Ok(Observed::Present { values, private, boot_id }) => {
                self.events.event(Event::RefreshStarted { objects: vec![(address.clone(), values.clone())] });
                self.events.event(Event::RefreshFinished);
                Some((id, values, private, boot_id))
            }
            Ok(Observed::Absent) => {
                self.diagnostics.push(at(Diagnostic::error(
                    "import-absent",
                    "Cannot import non-existent remote object",
                    format!("There is no object with the id {id:?} that could become {address}."),
                )
                .remedy("Check the id, or take the import away and let the object be made.")));
                None
            }
            Ok(Observed::Unreachable { reason }) => {
                self.diagnostics.push(at(Diagnostic::error(
                    "import-unreachable",
                    "Object cannot be read",
                    format!("The object {id:?} cannot be read: {reason}."),
                )
                .remedy("Try again when it answers.")));
                None
            }
            Err(error) => {
                self.diagnostics.push(at(provider_failed(format!("{address} cannot be imported"), &error)));
                None
            }
        }
    }

    /// Every import must have met an instance, or an object that the state has already.
    pub(super) fn unused_imports(&mut self) {
        let missing: Vec<(InstanceAddr, Wanted)> = (self.imports.iter())
            .filter(|(address, wanted)| {
                // A module that has no such instance takes what would be in it along.
                !wanted.used
                    && self.values.module(&address.module).is_some()
                    && !self.values.has_instance(address)
                    && self.selection.has_orphan(address)
            })
            .map(|(a, w)| (a.clone(), w.clone()))
            .collect();
        for (address, wanted) in missing {
            let mut d = Diagnostic::error(
                "import-without-resource",
                "Configuration for import target does not exist",
                format!(
                    "The configuration has no {address}, so the object {:?} cannot be imported into it.",
                    wanted.id
                ),
            )
            .remedy(format!("Write a block for {}, or take the import away.", address.resource));
            if let Some(place) = wanted.place {
                d = d.at(place);
            }
            self.diagnostics.push(d);
        }
    }
}
