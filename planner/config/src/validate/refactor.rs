//! `import` and `removed` blocks against what is declared.

use std::sync::Arc;

use cplan_model::{Diagnostic, InstanceKey, Span};

use super::{Checker, Place};
use crate::load::literal_key;
use crate::references::references_checked;
use crate::{Expr, ForEach, Import, Module, Subject};

impl Checker<'_> {
    /// Checks the blocks that speak of addresses.
    pub(super) fn refactoring(&mut self) {
        let module = self.module;
        for removed in &module.removed {
            let Some(holder) = below(module, removed.from.module.0.iter().map(|(name, _)| name)) else { continue };
            let (kind, first) = match &removed.from.resource {
                None => match module_span(module, &removed.from.module.0) {
                    Some(span) => ("module", span),
                    None => continue,
                },
                Some(addr) => match holder.resources.get(addr) {
                    Some(block) => ("resource", block.span),
                    None => continue,
                },
            };
            self.out.push(
                Diagnostic::error(
                    "invalid-removed",
                    format!("Removed {kind} still exists"),
                    format!("This block says that `{}` was removed, but it is still declared.", removed.from),
                )
                .remedy("Remove the block, or what it names.")
                .at(removed.from_span)
                .label(first, "declared here"),
            );
        }
        for import in &module.imports {
            self.import(import);
        }
        for (i, import) in module.imports.iter().enumerate() {
            let same = |other: &&Import| import.for_each.is_none() && other.for_each.is_none() && same(import, other);
            if let Some(first) = module.imports[..i].iter().find(same) {
                self.out.push(
                    Diagnostic::error(
                        "invalid-import",
                        format!("Duplicate import configuration for \"{}\"", import.to.resource),
                        format!(
                            "There is an import block for `{}` already, and a resource can have only one.",
                            import.to.resource
                        ),
                    )
                    .remedy("Remove one of the two.")
                    .at(import.to.span)
                    .label(first.span, "the other one"),
                );
            }
        }
    }

    fn import(&mut self, import: &Import) {
        let wrong = |summary: &str, what: String, remedy: &str, span: Span| {
            Diagnostic::error("invalid-import", summary, what).remedy(remedy).at(span)
        };
        let to = &import.to;
        if !self.root {
            self.out.push(wrong(
                "Invalid import configuration",
                "Import blocks are only allowed in the root module.".into(),
                "Move it there, with the module's address before the resource's.",
                import.span,
            ));
            return;
        }
        let found =
            below(self.module, to.modules.iter().map(|(name, _)| name)).and_then(|m| m.resources.get(&to.resource));
        match found {
            None => self.out.push(
                Diagnostic::error(
                    "import-not-declared",
                    "Configuration for import target does not exist",
                    format!("`{}` is not declared.", to.resource),
                )
                .remedy(format!(
                    "Write a `resource {:?} {:?}` block for it; in the root module, without count and for_each, `cplan plan \
                     -generate-config-out=FILE` writes it.",
                    to.resource.ty, to.resource.name
                ))
                .at(to.span),
            ),
            Some(block) => {
                let what = match (&block.repeat, &to.key) {
                    (Some(ForEach::Each(_)), None) if import.for_each.is_none() => "is using for_each",
                    (Some(ForEach::Count(_)), None) if import.for_each.is_none() => "is using count",
                    (None, Some(key)) if matches!(literal_key(key), Some(InstanceKey::Int(_))) => "does not use count",
                    (None, Some(_)) => "does not use for_each",
                    (Some(ForEach::Count(_)), Some(key)) if matches!(literal_key(key), Some(InstanceKey::Str(_))) => {
                        "does not use for_each"
                    }
                    (Some(ForEach::Each(_)), Some(key)) if matches!(literal_key(key), Some(InstanceKey::Int(_))) => {
                        "does not use count"
                    }
                    _ => "",
                };
                if !what.is_empty() {
                    self.out.push(wrong(
                        "Invalid import 'to' expression",
                        format!("The target resource {what}."),
                        "Write the address of one instance as the plan shows it.",
                        to.span,
                    ));
                }
            }
        }
        let named = references_checked(&import.id).found;
        if to.modules.is_empty() && named.iter().any(|r| r.subject == Subject::Resource(to.resource.clone())) {
            self.out.push(wrong(
                "Invalid import id argument",
                "The import ID cannot reference the resource being imported.".into(),
                "Write the id down.",
                import.id.span,
            ));
        }
        let place = Place { each: import.for_each.is_some(), ..Place::default() };
        self.expr(&import.id, place);
        if let Some(each) = &import.for_each {
            self.expr(each, Place::default());
        }
        for key in to.modules.iter().filter_map(|(_, key)| key.as_ref()).chain(&to.key) {
            self.expr(key, place);
        }
    }
}

/// The module that calls lead to.
fn below<'a, 'n>(module: &'a Module, mut names: impl Iterator<Item = &'n Arc<str>>) -> Option<&'a Module> {
    names.try_fold(module, |module, name| module.calls.get(name).map(|c| &*c.module))
}

fn module_span<K>(module: &Module, steps: &[(Arc<str>, K)]) -> Option<Span> {
    let (last, before) = steps.split_last()?;
    below(module, before.iter().map(|(name, _)| name))?.calls.get(&last.0).map(|c| c.span)
}

fn same(a: &Import, b: &Import) -> bool {
    let key = |k: &Option<Expr>| k.as_ref().map(literal_key);
    let modules = |i: &Import| i.to.modules.iter().map(|(n, k)| (n.clone(), key(k))).collect::<Vec<_>>();
    a.to.resource == b.to.resource && key(&a.to.key) == key(&b.to.key) && modules(a) == modules(b)
}
