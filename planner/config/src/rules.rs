//! Conditions with messages: `validation`, `precondition`, `postcondition` and `assert`.

use cplan_model::{Diagnostic, Diagnostics, Type, Value, convert};
use hcl_edit::expr::Expression;

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

/// What came of a condition, and what is to be said of its message.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Of the condition.
    pub verdict: Verdict,
    /// That the message cannot be shown.
    pub remark: Option<Diagnostic>,
}

/// What came of a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It hangs on something that is not known yet.
    Unknown,
    /// It does not hold: the error, with the message as its text where that may be shown.
    Fail(Box<Diagnostic>),
    /// It or its message is wrong: the mistakes.
    Broken(Diagnostics),
}

/// Evaluates conditions; a false one is an error with its message. An unknown condition gives no verdict.
pub fn check_rules(rules: &[CheckRule], kind: RuleKind, scope: &dyn Scope) -> Diagnostics {
    let mut out = Diagnostics::new();
    for rule in rules {
        let judged = check_rule(rule, kind, scope);
        match judged.verdict {
            Verdict::Pass | Verdict::Unknown => {}
            Verdict::Fail(failed) => out.push(*failed),
            Verdict::Broken(diagnostics) => out.extend(diagnostics),
        }
        out.extend(judged.remark);
    }
    out
}

/// Evaluates one condition with its message, which must be in order whether it is needed or not.
pub fn check_rule(rule: &CheckRule, kind: RuleKind, scope: &dyn Scope) -> Judged {
    let (condition, found) = evaluate(&rule.condition, scope);
    if found.has_errors() {
        return Judged { verdict: Verdict::Broken(found), remark: None };
    }
    let holds = match holds(rule, kind, &condition) {
        Ok(holds) => holds,
        Err(wrong) => return Judged { verdict: Verdict::Broken((*wrong).into()), remark: None },
    };
    // A text that is written out cannot be wrong.
    if holds != Some(false) && matches!(&*rule.error_message.tree, Expression::String(_)) {
        return Judged { verdict: if holds.is_some() { Verdict::Pass } else { Verdict::Unknown }, remark: None };
    }
    let Message { text, wrong, remark } = message(rule, kind, scope);
    let verdict = match (holds, wrong) {
        // The value is refused all the same.
        (Some(false), Some(wrong))
            if kind == RuleKind::Validation && wrong.iter().all(|d| d.id == "invalid-message") =>
        {
            let mut remark = wrong.into_iter();
            let diagnostic = failed(rule, kind, "There is no message that says why.");
            return Judged { verdict: Verdict::Fail(Box::new(diagnostic)), remark: remark.next() };
        }
        // Of a variable that is in order, nobody asks what would be said.
        (Some(true), Some(wrong))
            if kind == RuleKind::Validation && wrong.iter().all(|d| d.id == "invalid-message") =>
        {
            Verdict::Pass
        }
        (_, Some(wrong)) => Verdict::Broken(wrong),
        (Some(true), None) => Verdict::Pass,
        (Some(false), None) => Verdict::Fail(Box::new(failed(rule, kind, text.trim()))),
        (None, None) => Verdict::Unknown,
    };
    Judged { verdict, remark }
}

/// Whether a condition holds, where that is known.
fn holds(rule: &CheckRule, kind: RuleKind, condition: &Value) -> Result<Option<bool>, Box<Diagnostic>> {
    let validation = kind == RuleKind::Validation;
    let why = match convert(condition, &Type::Bool) {
        Ok(value) if value.is_null() => {
            let what = if validation { "Validation condition" } else { "Condition" };
            format!("{what} expression must return either true or false, not null.")
        }
        Ok(value) => return Ok(value.as_bool()),
        Err(error) => {
            let what = if validation { "validation condition" } else { "condition" };
            format!("Invalid {what} result value: {}.", error.message)
        }
    };
    Err(Box::new(
        Diagnostic::error("invalid-condition", kind.invalid(), why)
            .remedy("Compare the value with something.")
            .at(rule.condition.span),
    ))
}

fn failed(rule: &CheckRule, kind: RuleKind, text: &str) -> Diagnostic {
    Diagnostic::error(kind.id(), kind.failed(), text)
        .remedy(kind.remedy())
        .at(rule.condition.span)
        .label(rule.span, "checked by this rule")
}

/// What a message says.
struct Message {
    text: String,
    /// Why it is none.
    wrong: Option<Diagnostics>,
    /// Why it is not shown.
    remark: Option<Diagnostic>,
}

fn message(rule: &CheckRule, kind: RuleKind, scope: &dyn Scope) -> Message {
    let wrong = |wrong: Diagnostics| Message { text: String::new(), wrong: Some(wrong), remark: None };
    let unsuitable = |why: &str| {
        let what = format!("Unsuitable value for error message: {why}.");
        let told = Diagnostic::error("invalid-message", "Invalid error message", what);
        wrong(told.remedy("Let the message be a text.").at(rule.error_message.span).into())
    };
    let (value, found) = evaluate(&rule.error_message, scope);
    if found.has_errors() {
        return wrong(found);
    }
    let value = match convert(&value, &Type::String) {
        Ok(value) => value,
        Err(error) => return unsuitable(&error.message),
    };
    let marks = value.marks_deep();
    let remarked = kind != RuleKind::Validation;
    let hidden = |what: &str, remark: Diagnostic| {
        let text = format!("The error message included {what} value, so it will not be displayed.");
        Message { text, wrong: None, remark: remarked.then_some(remark) }
    };
    if marks.is_sensitive() {
        return hidden("a sensitive", sensitive(rule));
    }
    if marks.is_ephemeral() {
        return hidden("an ephemeral", ephemeral(rule));
    }
    match value.as_str() {
        Some(text) => Message { text: text.to_owned(), wrong: None, remark: None },
        None if value.is_null() => unsuitable("must not be null"),
        None => {
            let text = "What the error message says is known only after apply.".to_owned();
            Message { text, wrong: None, remark: None }
        }
    }
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

fn ephemeral(rule: &CheckRule) -> Diagnostic {
    Diagnostic::warning(
        "ephemeral-message",
        "Error message refers to ephemeral values",
        "The error message has ephemeral values in it, so it is not shown.",
    )
    .remedy("Take them out of the message, or use ephemeralasnull() on them.")
    .at(rule.error_message.span)
}
