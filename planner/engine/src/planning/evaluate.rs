//! Evaluating the nodes that are not resources.

use std::sync::Arc;

use cplan_config::{Output, RuleKind, evaluate, prepare_variable, refuse_infinite};
use cplan_model::{CheckOwner, CheckStatus, Diagnostic, Marks, ModuleInstance, Span, Type, Value};

use super::{PlanMode, Planner};
use crate::graph::Item;
use crate::values::{Instances, Repeat};

impl Planner<'_> {
    /// Evaluates a node in every instance of its module.
    pub(super) fn evaluate(&mut self, node: usize) {
        let (path, item) = (self.graph.nodes[node].path.clone(), self.graph.nodes[node].item.clone());
        for instance in self.values.instances_of(&path) {
            match &item {
                Item::Provider(local) => self.provider(&instance, local),
                Item::Import(index) => self.import(node, *index),
                Item::Call(name) => self.call(node, &instance, name),
                Item::Variable(name) => self.variable(&instance, name),
                Item::Rules(name) => self.rules(&instance, name),
                Item::Local(name) => self.local(&instance, name),
                Item::Output(name) => self.output(node, &instance, name),
                Item::Resource(_) | Item::Check(_) => {}
            }
        }
    }

    fn call(&mut self, node: usize, instance: &ModuleInstance, name: &Arc<str>) {
        let Some(call) = self.graph.nodes[node].module.calls.get(name).cloned() else { return };
        let expansion = self.expansion(instance, call.repeat.as_ref(), node);
        self.values.remove_children(instance, name);
        let children: Vec<Repeat> = match &expansion {
            Instances::Single(r) => vec![r.clone()],
            Instances::Count(rs) => rs.clone(),
            Instances::Each(rs) => rs.values().cloned().collect(),
            Instances::Unknown => vec![Repeat::Unknown],
        };
        for repeat in children {
            self.values.add_module(instance.child(name, repeat.key()), &call.module, repeat);
        }
        if let Some(here) = self.values.module_mut(instance) {
            here.calls.insert(name.clone(), expansion);
        }
    }

    fn variable(&mut self, instance: &ModuleInstance, name: &Arc<str>) {
        let Some(here) = self.values.module(instance) else { return };
        let Some(variable) = here.module.variables.get(name).cloned() else { return };
        let value = match instance.0.split_last() {
            None => self.variables.get(name).cloned().unwrap_or_else(|| Value::unknown(variable.ty.clone())),
            Some(((call, _), above)) => {
                let parent = ModuleInstance(above.into());
                let repeat = here.repeat.clone();
                let input = self
                    .values
                    .module(&parent)
                    .and_then(|p| p.module.calls.get(call))
                    .and_then(|c| c.inputs.get(name))
                    .cloned();
                match input {
                    Some((expr, _)) => {
                        let (value, diagnostics) = evaluate(&expr, &self.values.view(&parent, &repeat, None));
                        let failed = diagnostics.has_errors();
                        self.diagnostics.extend(diagnostics);
                        if value.marks_deep().is_ephemeral() {
                            let what = "This input variable is not declared as accepting ephemeral values, so it cannot be set to a result derived from an ephemeral value.";
                            self.diagnostics.push(lasting(what, expr.span));
                        }
                        let (value, diagnostics) = prepare_variable(&variable, name, value, Some(expr.span));
                        if !failed {
                            self.diagnostics.extend(diagnostics);
                        }
                        value
                    }
                    None => variable.default.clone().unwrap_or_else(|| Value::unknown(variable.ty.clone())),
                }
            }
        };
        let value = if variable.sensitive { value.mark(Marks::SENSITIVE) } else { value };
        if let Some(here) = self.values.module_mut(instance) {
            here.variables.insert(name.clone(), value);
        }
    }

    fn rules(&mut self, instance: &ModuleInstance, name: &Arc<str>) {
        let Some(here) = self.values.module(instance) else { return };
        let Some(variable) = here.module.variables.get(name).cloned() else { return };
        let path = instance.0.iter().map(|(call, _)| call.clone()).collect();
        let wanted = self.graph.find(&path, &Item::Variable(name.clone()));
        if wanted.is_some_and(|node| !self.selection.has_some(node)) {
            return;
        }
        let owner = CheckOwner::Variable(instance.clone(), name.clone());
        self.forget_verdict(&owner);
        let rules = &variable.validations;
        let (_, found) = self.judge_rules(owner, rules, RuleKind::Validation, instance, &Repeat::None, None);
        // Told where the value comes from: the rule stands beside.
        let given = self.given_at(instance, name).unwrap_or(variable.span);
        for mut d in found {
            if let Some(condition) = d.primary.take_if(|_| d.id == RuleKind::Validation.id()) {
                d.labels.retain(|l| !rules.iter().any(|r| r.span == l.span));
                d = d.at(given).label(condition.span, "checked by this rule");
            }
            self.diagnostics.push(d);
        }
    }

    /// Where a call gives a variable of its module a value.
    fn given_at(&self, instance: &ModuleInstance, name: &Arc<str>) -> Option<Span> {
        let ((call, _), above) = instance.0.split_last()?;
        let outer = self.values.module(&ModuleInstance(above.into()))?;
        Some(outer.module.calls.get(call)?.inputs.get(name)?.0.span)
    }

    fn local(&mut self, instance: &ModuleInstance, name: &Arc<str>) {
        let Some(local) = self.values.module(instance).and_then(|m| m.module.locals.get(name).cloned()) else { return };
        let (value, diagnostics) = evaluate(&local.value, &self.values.view(instance, &Repeat::None, None));
        self.diagnostics.extend(diagnostics);
        if let Some(here) = self.values.module_mut(instance) {
            here.locals.insert(name.clone(), value);
        }
    }

    fn output(&mut self, node: usize, instance: &ModuleInstance, name: &Arc<str>) {
        let Some(output) = self.values.module(instance).and_then(|m| m.module.outputs.get(name).cloned()) else {
            return;
        };
        if !output.preconditions.is_empty() && self.judges(node, instance) {
            let owner = CheckOwner::Output(instance.clone(), name.clone());
            self.forget_verdict(&owner);
            let rules = &output.preconditions;
            let (status, found) = self.judge_rules(owner, rules, RuleKind::Output, instance, &Repeat::None, None);
            let lenient = self.options.mode == PlanMode::RefreshOnly && status == CheckStatus::Fail;
            found.into_iter().for_each(|d| self.diagnostics.push(if lenient { d.into_warning() } else { d }));
            if status >= CheckStatus::Fail && !lenient {
                // What names it all the same is not wrong for that.
                if let Some(here) = self.values.module_mut(instance) {
                    here.outputs.insert(name.clone(), Value::unknown(Type::Dynamic));
                }
                return;
            }
        }
        let (value, diagnostics) = evaluate(&output.value, &self.values.view(instance, &Repeat::None, None));
        self.diagnostics.extend(diagnostics);
        if value.marks_deep().is_ephemeral() && self.judges(node, instance) {
            let what = "This output value is not declared as returning an ephemeral value, so it cannot be set to a result derived from an ephemeral value.";
            self.diagnostics.push(lasting(what, output.value.span));
        }
        if instance.is_root() {
            self.diagnostics.extend(refuse_infinite(&value, output.value.span));
            if !output.sensitive && value.marks_deep().is_sensitive() && self.judges(node, instance) {
                self.diagnostics.push(sensitive(name, &output));
            }
        }
        // The root's own output is masked by its declaration, not by a mark, so that an undeclared one is found.
        let value = if output.sensitive && !instance.is_root() { value.mark(Marks::SENSITIVE) } else { value };
        if let Some(here) = self.values.module_mut(instance) {
            here.outputs.insert(name.clone(), value);
        }
    }

    /// Whether an output is judged: not when everything is deleted, and not for what the flags leave out.
    fn judges(&self, node: usize, instance: &ModuleInstance) -> bool {
        let wanted = match instance.is_root() {
            true => self.selection.has_output(&self.graph, node),
            false => self.selection.has_some(node),
        };
        self.options.mode != PlanMode::Destroy && wanted
    }
}

fn lasting(what: &str, place: Span) -> Diagnostic {
    Diagnostic::error("ephemeral-value", "Ephemeral value not allowed", what)
        .remedy("Use ephemeralasnull() on what is ephemeral, or leave it out.")
        .at(place)
}

fn sensitive(name: &str, output: &Output) -> Diagnostic {
    Diagnostic::error(
        "output-sensitive",
        "Output refers to sensitive values",
        format!("Output `{name}` has a value that is sensitive, and is not declared so."),
    )
    .remedy("Add `sensitive = true` to the output, or take out of it what is sensitive.")
    .at(output.span)
    .label(output.value.span, "sensitive")
}
