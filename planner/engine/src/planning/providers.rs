//! Which configuration of a provider a block means, and setting all of them up.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_config::{Config, Module, ProviderBlock, ProviderRef, decode, place};
use cplan_model::{Diagnostic, Diagnostics, Label, ModuleInstance, Value};

use super::{Planner, expand, provider_failed};
use crate::graph::{Item, Path};
use crate::values::Repeat;

/// A configuration of a provider: the module that has its block (or the root, where there is none).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// The module.
    pub(crate) path: Path,
    /// Its name there.
    pub(crate) local: ProviderRef,
    /// The provider's own name.
    pub(crate) ty: Arc<str>,
}

impl Resolved {
    /// What records and plans call it: `lab`, `lab.west`, `module.m.lab.west`.
    pub(crate) fn key(&self) -> String {
        let mut key: String = self.path.iter().map(|call| format!("module.{call}.")).collect();
        key.push_str(&self.ty);
        if let Some(alias) = &self.local.alias {
            key.push_str(&format!(".{alias}"));
        }
        key
    }
}

/// The configuration that a name means in a module: its own, the one that the call passes in, or the caller's default.
pub(crate) fn resolve(config: &Config, path: &[Arc<str>], provider: &ProviderRef) -> Resolved {
    let mut modules: Vec<&Module> = vec![&config.root];
    for call in path {
        let Some(found) = modules.last().and_then(|m| m.calls.get(call)) else { break };
        modules.push(&found.module);
    }
    let mut wanted = provider.clone();
    loop {
        let depth = modules.len() - 1;
        let module = modules[depth];
        let ty = module.provider_type(&wanted.name);
        let found = Resolved { path: path[..depth].into(), local: wanted.clone(), ty: ty.clone() };
        if depth == 0 {
            return found;
        }
        let outer = modules[depth - 1];
        let passed = outer.calls.get(&path[depth - 1]).and_then(|c| c.providers.get(&wanted));
        // An empty block only says that the module has such a provider, where the caller passes one in.
        if module.providers.get(&wanted).is_some_and(|block| passed.is_none() || !block.is_empty()) {
            return found;
        }
        modules.pop();
        wanted = match passed {
            Some((outer, _)) => outer.clone(),
            None => {
                let named = (outer.settings.required_providers.keys()).find(|n| outer.provider_type(n) == ty).cloned();
                ProviderRef { name: named.unwrap_or(ty), alias: wanted.alias }
            }
        };
    }
}

/// The key of the configuration that a block means.
pub(crate) fn provider_key(config: &Config, path: &[Arc<str>], provider: &ProviderRef) -> String {
    resolve(config, path, provider).key()
}

impl Planner<'_> {
    /// Evaluates a `provider` block; one in a module is evaluated in that module's first instance.
    pub(super) fn provider(&mut self, instance: &ModuleInstance, local: &ProviderRef) {
        let Some(module) = self.values.module(instance).map(|m| m.module.clone()) else { return };
        let Some(block) = module.providers.get(local) else { return };
        let path: Path = instance.0.iter().map(|(call, _)| call.clone()).collect();
        let resolved = Resolved { path, local: local.clone(), ty: module.provider_type(&local.name) };
        let Some(provider) = self.registry.provider(&resolved.ty) else {
            let known: Vec<&str> = self.registry.iter().map(|(_, p)| p.name()).collect();
            self.diagnostics.push(
                Diagnostic::error(
                    "unknown-provider",
                    "Unknown provider",
                    format!("There is no provider `{}`.", resolved.ty),
                )
                .remedy(expand::near(&resolved.ty, &known, "The providers are"))
                .at(block.span),
            );
            return;
        };
        let (value, diagnostics) =
            decode(&block.body, provider.schema(), &self.values.view(instance, &Repeat::None, None));
        self.diagnostics.extend(diagnostics);
        self.provider_configs.insert(resolved.key(), value);
    }

    /// What the blocks said, with what was wrong.
    pub(crate) fn given_settings(self) -> (BTreeMap<String, Value>, Diagnostics) {
        (self.provider_configs, self.diagnostics)
    }

    /// Sets up every provider with its settings.
    pub(super) async fn configure(&mut self) {
        let declared: Vec<(String, Arc<str>, ProviderBlock)> = self.declared_providers();
        self.registry.aliases(declared.iter().map(|(key, ty, _)| (key.as_str(), &**ty)));
        let registry = self.registry;
        for (key, provider) in registry.iter() {
            let config = match self.provider_configs.get(key) {
                Some(config) => config.clone(),
                None => super::null_object(provider.schema()),
            };
            let block = declared.iter().find(|(declared, ..)| declared == key).map(|(_, _, block)| block);
            if !config.is_wholly_known() {
                let mut d = Diagnostic::error(
                    "provider-settings-unknown",
                    "Provider settings not known",
                    format!("The settings of provider `{key}` hang on something that is known only after apply."),
                )
                .remedy("Use variables and locals that do not refer to resources.");
                d.primary = block.map(|b| Label { span: b.span, text: String::new() });
                self.diagnostics.push(d);
                continue;
            }
            match provider.configure(self.ctx, &config).await {
                Ok(found) => {
                    for mut d in found {
                        if let (None, Some(block)) = (&d.primary, block) {
                            d = d.clone().at(place(&block.body, &d.attribute.clone().unwrap_or_default()));
                        }
                        self.diagnostics.push(d);
                    }
                }
                Err(error) => {
                    let mut d = provider_failed(format!("Provider `{key}` cannot be set up"), &error);
                    if let Some(block) = block {
                        d = d.at(block.span);
                    }
                    self.diagnostics.push(d);
                }
            }
        }
    }

    /// Every `provider` block with its key and the provider's name.
    fn declared_providers(&self) -> Vec<(String, Arc<str>, ProviderBlock)> {
        let blocks = self.graph.nodes.iter().filter_map(|node| {
            let Item::Provider(local) = &node.item else { return None };
            let ty = node.module.provider_type(&local.name);
            let resolved = Resolved { path: node.path.clone(), local: local.clone(), ty: ty.clone() };
            Some((resolved.key(), ty, node.module.providers.get(local)?.clone()))
        });
        blocks.collect()
    }
}
