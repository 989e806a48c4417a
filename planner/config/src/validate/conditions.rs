//! Conditions: they look at something, and not at what they guard by its name.

use cplan_model::{Diagnostic, ResourceAddr};
use hcl_edit::expr::Expression;

use super::{Checker, Place};
use crate::references::{Checked, references_checked};
use crate::{CheckRule, ResourceBlock, Subject};

impl Checker<'_> {
    /// Checks what stands in a `lifecycle` block.
    pub(super) fn lifecycle(&mut self, resource: &ResourceBlock, place: Place<'_>) {
        let lifecycle = &resource.lifecycle;
        for expr in lifecycle.prevent_destroy.iter().chain(&lifecycle.create_before_destroy) {
            self.expr(expr, place);
        }
        for (expr, _) in &lifecycle.replace_triggered_by {
            self.expr(expr, place);
        }
        self.rules(&lifecycle.preconditions, "precondition", place, Some(&resource.addr));
        let after = Place { own: Some(resource), ..place };
        self.rules(&lifecycle.postconditions, "postcondition", after, Some(&resource.addr));
    }

    /// Checks conditions; `own` is the resource that they belong to.
    pub(super) fn rules(&mut self, rules: &[CheckRule], kind: &str, place: Place<'_>, own: Option<&ResourceAddr>) {
        for rule in rules {
            self.expr(&rule.condition, place);
            self.message(rule, place);
            let Checked { found, wrong, .. } = references_checked(&rule.condition);
            if found.is_empty() && wrong.is_empty() {
                self.out.push(
                    Diagnostic::error(
                        "invalid-condition",
                        format!("Invalid {kind} expression"),
                        "The condition expression must refer to at least one object from elsewhere in the configuration, or else its result would not be checking anything.",
                    )
                    .remedy("Name what the condition is to look at.")
                    .at(rule.condition.span),
                );
            }
            let Some(own) = own else { continue };
            let itself = |s: &Subject| matches!(s, Subject::Resource(addr) if addr == own);
            if let Some(reference) = found.iter().find(|r| itself(&r.subject)) {
                self.out.push(
                    Diagnostic::error(
                        "invalid-condition",
                        format!("Invalid reference in {kind}"),
                        format!("Configuration for {own} may not refer to itself."),
                    )
                    .remedy("Write it as a postcondition, with `self` for the object.")
                    .at(reference.span),
                );
            }
        }
    }

    /// Checks the message of a condition, which is a text.
    pub(super) fn message(&mut self, rule: &CheckRule, place: Place<'_>) {
        self.expr(&rule.error_message, place);
        if matches!(&*rule.error_message.tree, Expression::Array(_) | Expression::Object(_)) {
            self.out.push(
                Diagnostic::error(
                    "wrong-type",
                    "Invalid error message",
                    "Unsuitable value for error message: string required.",
                )
                .remedy("Write the message in quotes.")
                .at(rule.error_message.span),
            );
        }
    }
}
