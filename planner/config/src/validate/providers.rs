//! Provider configurations: what a resource means by an alias, and what calls pass to modules.

use cplan_model::{Diagnostic, Span};

use super::Checker;
use crate::{Module, ModuleCall, ProviderRef};

impl Checker<'_> {
    /// Every alias that a resource names must be there.
    pub(super) fn aliases(&mut self) {
        for resource in self.module.resources.values() {
            if !self.configured(&resource.provider) {
                self.out.push(missing(&resource.provider, &format!("`{}` needs it", resource.addr), resource.span));
            }
        }
        if self.root {
            let wanted =
                self.module.settings.required_providers.values().flat_map(|r| r.aliases.iter().map(move |a| (a, r)));
            for (alias, required) in
                wanted.filter(|(a, _)| a.alias.is_some() && !self.module.providers.contains_key(*a))
            {
                self.out.push(missing(alias, "`configuration_aliases` names it", required.span));
            }
        }
    }

    /// Checks what a call passes to its module.
    pub(super) fn passed(&mut self, name: &str, call: &ModuleCall) {
        let (module, inner) = (self.module, &call.module);
        for (to, (from, span)) in &call.providers {
            if !self.configured(from) {
                self.out.push(missing(from, &format!("module `{name}` is to get it"), *span));
            }
            let (outer_type, inner_type) = (module.provider_type(&from.name), inner.provider_type(&to.name));
            if outer_type != inner_type {
                self.out.push(
                    Diagnostic::error(
                        "invalid-providers",
                        "Provider type mismatch",
                        format!("`{from}` is a configuration of provider `{outer_type}`, but `{to}` in module `{name}` is one of `{inner_type}`."),
                    )
                    .remedy("Pass a configuration of the same provider.")
                    .at(*span),
                );
            }
            match inner.providers.get(to) {
                Some(block) if !block.is_empty() => self.out.push(
                    Diagnostic::error(
                        "invalid-providers",
                        "Cannot override provider configuration",
                        format!("Module `{name}` has its own configuration of provider `{to}`."),
                    )
                    .remedy("Remove it there, or pass none.")
                    .at(*span)
                    .label(block.span, "configured here"),
                ),
                None if to.alias.is_some() && !declared(inner, to) => self.out.push(
                    Diagnostic::warning(
                        "undefined-provider",
                        "Reference to undefined provider",
                        format!("Module `{name}` has no use for a provider configuration `{to}`."),
                    )
                    .remedy(format!(
                        "Declare it in the module's `required_providers`: `configuration_aliases = [{to}]`."
                    ))
                    .at(*span),
                ),
                _ => {}
            }
        }
        for alias in inner.settings.required_providers.values().flat_map(|r| &r.aliases) {
            if alias.alias.is_some() && !call.providers.contains_key(alias) {
                self.out.push(
                    Diagnostic::error(
                        "invalid-providers",
                        "Missing required provider configuration",
                        format!("Module `{name}` requires an additional provider configuration `{alias}`."),
                    )
                    .remedy(format!("Pass one: `providers = {{ {alias} = NAME.ALIAS }}`."))
                    .at(call.span),
                );
            }
        }
        let place = call.repeat_span().or_else(|| call.depends_on.first().map(|r| r.span));
        if let (Some(place), Some(own)) = (place, own_configuration(inner)) {
            self.out.push(
                Diagnostic::error(
                    "invalid-providers",
                    "Module is incompatible with count, for_each, and depends_on",
                    format!("Module `{name}` contains its own provider configurations, so its calls may not use the count, for_each, or depends_on arguments."),
                )
                .remedy("Configure the provider in the root module and pass it with `providers`.")
                .at(place)
                .label(own, "configured here"),
            );
        }
    }

    /// Whether a name means a configuration here. The default one of a provider is always there.
    fn configured(&self, provider: &ProviderRef) -> bool {
        let from_outside = !self.root && declared(self.module, provider);
        provider.alias.is_none() || self.module.providers.contains_key(provider) || from_outside
    }
}

fn declared(module: &Module, provider: &ProviderRef) -> bool {
    module.settings.required_providers.values().any(|r| r.aliases.contains(provider))
}

/// A configuration within a module or below it.
fn own_configuration(module: &Module) -> Option<Span> {
    let own = module.providers.values().find(|p| !p.is_empty()).map(|p| p.span);
    own.or_else(|| module.calls.values().find_map(|c| own_configuration(&c.module)))
}

fn missing(provider: &ProviderRef, why: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "provider-not-configured",
        "Provider configuration not present",
        format!("There is no provider configuration `{provider}`: {why}."),
    )
    .remedy(match &provider.alias {
        Some(alias) => format!("Write `provider {:?} {{ alias = {alias:?} }}`.", provider.name),
        None => format!("Write `provider {:?} {{}}`.", provider.name),
    })
    .at(span)
}
