//! Conditions with messages: `validation`, `precondition`, `postcondition` and `assert`.

use cplan_model::{Diagnostic, Diagnostics, Type, convert};

use crate::{CheckRule, Scope, evaluate};

/// Whose condition it is; the summary of its diagnostics follows from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    /// `validation` of a variable.
    Validation,
    /// `precondition` of a resource or data source.
    Precondition,
    /// `postcondition` of a resource or data source.
    Postcondition,
    /// `precondition` of an output.
    Output,
    /// `assert` of a `check` block.
    Assert,
}

impl RuleKind {
    /// The id of the diagnostic of a false one.
    pub fn id(self) -> &'static str {
        match self {
            RuleKind::Validation => "validation",
            RuleKind::Precondition => "precondition",
            RuleKind::Postcondition => "postcondition",
            RuleKind::Output => "output-precondition",
            RuleKind::Assert => "assertion",
        }
    }

    fn failed(self) -> &'static str {
        match self {
            RuleKind::Validation => "Invalid value for variable",
            RuleKind::Precondition => "Resource precondition failed",
            RuleKind::Postcondition => "Resource postcondition failed",
            RuleKind::Output => "Module output value precondition failed",
            RuleKind::Assert => "Check block assertion failed",
        }
    }

    fn invalid(self) -> &'static str {
        if self == RuleKind::Validation { "Invalid variable validation result" } else { "Invalid condition result" }
    }

    fn remedy(self) -> &'static str {
        match self {
            RuleKind::Validation => "Give a value that satisfies the condition.",
            RuleKind::Precondition | RuleKind::Output => "Change what the condition looks at, or the condition.",
            RuleKind::Postcondition => "The object is as it is: change its arguments, or the condition.",
            RuleKind::Assert => "Look at what the assertion names; apply does not change it.",
        }
    }
}

/// What came of a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It hangs on something that is not known yet.
    Unknown,
    /// It does not hold.
    Fail(Box<Failed>),
    /// It cannot be judged: the mistakes in it.
    Broken(Diagnostics),
}

/// A condition that does not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    /// The error, with the message as its text where that may be shown.
    pub diagnostic: Diagnostic,
    /// What is to be said of the message itself.
    pub remark: Option<Diagnostic>,
}

/// Evaluates conditions; a false one is an error with its message. An unknown condition gives no verdict.
pub fn check_rules(rules: &[CheckRule], kind: RuleKind, scope: &dyn Scope) -> Diagnostics {
    let mut out = Diagnostics::new();
    for rule in rules {
        match check_rule(rule, kind, scope) {
            Verdict::Pass | Verdict::Unknown => {}
            Verdict::Fail(failed) => {
                out.push(failed.diagnostic);
                out.extend(failed.remark);
            }
            Verdict::Broken(diagnostics) => out.extend(diagnostics),
        }
    }
    out
}

/// Evaluates one condition.
pub fn check_rule(rule: &CheckRule, kind: RuleKind, scope: &dyn Scope) -> Verdict {
    let (condition, diagnostics) = evaluate(&rule.condition, scope);
    if diagnostics.has_errors() {
        return Verdict::Broken(diagnostics);
    }
    let validation = kind == RuleKind::Validation;
    let why = match convert(&condition, &Type::Bool) {
        Ok(value) if value.is_null() => {
            let what = if validation { "Validation condition" } else { "Condition" };
            format!("{what} expression must return either true or false, not null.")
        }
        Ok(value) => {
            return match value.as_bool() {
                Some(true) => Verdict::Pass,
                Some(false) => failed(rule, kind, scope),
                None => Verdict::Unknown,
            };
        }
        Err(error) => {
            let what = if validation { "validation condition" } else { "condition" };
            format!("Invalid {what} result value: {}.", error.message)
        }
    };
    Verdict::Broken(
        Diagnostic::error("invalid-condition", kind.invalid(), why)
            .remedy("Compare the value with something.")
            .at(rule.condition.span)
            .into(),
    )
}

fn failed(rule: &CheckRule, kind: RuleKind, scope: &dyn Scope) -> Verdict {
    let (message, diagnostics) = evaluate(&rule.error_message, scope);
    let fail = |text: &str, remark: Option<Diagnostic>| {
        let diagnostic = Diagnostic::error(kind.id(), kind.failed(), text)
            .remedy(kind.remedy())
            .at(rule.condition.span)
            .label(rule.span, "checked by this rule");
        Verdict::Fail(Box::new(Failed { diagnostic, remark }))
    };
    let unsuitable = |why: &str| {
        let what = format!("Unsuitable value for error message: {why}.");
        let diagnostic = Diagnostic::error("invalid-message", "Invalid error message", what)
            .remedy("Let the message be a text.")
            .at(rule.error_message.span);
        if kind == RuleKind::Validation {
            // The value is refused all the same.
            return fail("There is no message that says why.", Some(diagnostic));
        }
        Verdict::Broken(diagnostic.into())
    };
    if diagnostics.has_errors() {
        return Verdict::Broken(diagnostics);
    }
    let mut remark = None;
    let text = match convert(&message, &Type::String) {
        Ok(text) if text.marks_deep().is_sensitive() => {
            remark = (kind != RuleKind::Validation).then(|| sensitive(rule));
            "The error message included a sensitive value, so it will not be displayed.".to_owned()
        }
        Ok(text) => match text.as_str() {
            Some(text) => text.to_owned(),
            None if text.is_null() => return unsuitable("must not be null"),
            None => "What the error message says is known only after apply.".to_owned(),
        },
        Err(error) => return unsuitable(&error.message),
    };
    fail(text.trim(), remark)
}

fn sensitive(rule: &CheckRule) -> Diagnostic {
    Diagnostic::warning(
        "sensitive-message",
        "Error message refers to sensitive values",
        "The error message has sensitive values in it, so it is not shown.",
    )
    .remedy("Take them out of the message, or use nonsensitive() on what may be shown.")
    .at(rule.error_message.span)
}
