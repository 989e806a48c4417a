//! Conditions with messages: `validation` blocks.

use cplan_model::{Diagnostic, Diagnostics, Type, convert};

use crate::{CheckRule, Scope, evaluate};

/// Evaluates conditions; a false one is an error with its message. An unknown condition gives no verdict.
pub fn check_rules(rules: &[CheckRule], scope: &dyn Scope) -> Diagnostics {
    let mut out = Diagnostics::new();
    for rule in rules {
        let (condition, diagnostics) = evaluate(&rule.condition, scope);
        if diagnostics.has_errors() {
            out.extend(diagnostics);
            continue;
        }
        let verdict = match convert(&condition, &Type::Bool) {
            Ok(value) if !value.is_null() => value,
            _ => {
                out.push(
                    Diagnostic::error(
                        "invalid-condition",
                        "Invalid validation result",
                        "The condition of a validation must be true or false.",
                    )
                    .remedy("Compare the value with something.")
                    .at(rule.condition.span),
                );
                continue;
            }
        };
        if verdict.as_bool() == Some(false) {
            out.push(failed(rule, scope));
        }
    }
    out
}

fn failed(rule: &CheckRule, scope: &dyn Scope) -> Diagnostic {
    let (message, diagnostics) = evaluate(&rule.error_message, scope);
    let text = match convert(&message, &Type::String) {
        _ if diagnostics.has_errors() => "The message itself cannot be evaluated".to_owned(),
        Ok(text) if text.marks_deep().is_sensitive() => "The message is sensitive and not shown".to_owned(),
        Ok(text) => text.as_str().unwrap_or("The message is not known yet").to_owned(),
        Err(_) => "The message is not a string".to_owned(),
    };
    Diagnostic::error("validation", "Invalid value for variable", text.trim().to_owned())
        .remedy("Give a value that satisfies the condition.")
        .at(rule.condition.span)
        .label(rule.span, "checked by this rule")
}
