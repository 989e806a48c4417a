//! `count` and `for_each`: the only place that makes instances.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_config::{ForEach, evaluate, suggest};
use cplan_model::{Diagnostic, Kind, ModuleInstance, Span, Type, Value};

use super::Planner;
use crate::graph::repeat_expr;
use crate::values::{Instances, Repeat};

/// More than any memory would hold the plans of.
const MAX_INSTANCES: u64 = 1_000_000;

impl Planner<'_> {
    /// The instances of a block; unknown ones are an error where no apply can tell more.
    pub(super) fn expansion(
        &mut self,
        module: &ModuleInstance,
        repeat: Option<&ForEach>,
        node: usize,
    ) -> Instances<Repeat> {
        let Some(repeat) = repeat else { return Instances::Single(Repeat::None) };
        let expr = repeat_expr(repeat);
        let (value, found) = evaluate(expr, &self.values.view(module, &Repeat::None, None));
        let failed = found.has_errors();
        self.diagnostics.extend(found);
        if failed {
            return Instances::Unknown;
        }
        let result = match repeat {
            ForEach::Count(_) => count(&value, expr.span),
            ForEach::Each(_) => each(&value, expr.span),
        };
        match result {
            Ok(Instances::Unknown) if self.never_known(node) => {
                let (id, what) = match repeat {
                    ForEach::Count(_) => ("count-unknown", "The `count` value"),
                    ForEach::Each(_) => ("for-each-unknown", "The set of `for_each` keys"),
                };
                self.diagnostics.push(
                    Diagnostic::error(
                        id,
                        "Number of instances not known",
                        format!("{what} hangs on something that cannot be determined until apply, so the plan cannot name the instances."),
                    )
                    .remedy("Use keys that are known in the configuration, and unknown things only as values.")
                    .at(expr.span),
                );
                Instances::Unknown
            }
            Ok(instances) => instances,
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                Instances::Unknown
            }
        }
    }

    /// Whether no apply will tell more: nothing before this node is a resource.
    fn never_known(&self, node: usize) -> bool {
        !self.graph.nodes[node].behind_resource && self.all_variables_known()
    }

    fn all_variables_known(&self) -> bool {
        self.config.root.variables.keys().all(|n| self.variables.contains_key(n))
    }
}

fn count(value: &Value, span: Span) -> Result<Instances<Repeat>, Diagnostic> {
    let wrong = |what: String| {
        Err(Diagnostic::error("invalid-count", "Invalid count argument", what)
            .remedy("Give a whole number that is zero or more.")
            .at(span))
    };
    if value.marks().is_ephemeral() {
        return Err(ephemeral("invalid-count", "count", span));
    }
    let value = match cplan_model::convert(value, &Type::Number) {
        Ok(value) => value,
        Err(error) => {
            let what = format!("The `count` value is unsuitable: {}.", error.message);
            let told = Diagnostic::error("invalid-count", "Incorrect value type", what);
            return Err(told.remedy("Give a whole number that is zero or more.").at(span));
        }
    };
    match value.kind() {
        Kind::Unknown(_) => Ok(Instances::Unknown),
        Kind::Null(_) => wrong("The `count` value is null.".into()),
        _ => match value.as_u64() {
            Some(n) if n > MAX_INSTANCES => {
                let what = format!("The `count` value is {n}, and a block has {MAX_INSTANCES} instances at most.");
                let told = Diagnostic::error("invalid-count", "Invalid count argument", what);
                Err(told.remedy("Give a smaller number.").at(span))
            }
            Some(n) => Ok(Instances::Count((0..n).map(Repeat::Count).collect())),
            None => wrong("The `count` value is not a whole number, or is negative.".into()),
        },
    }
}

fn each(value: &Value, span: Span) -> Result<Instances<Repeat>, Diagnostic> {
    let wrong = |what: &str| {
        Err(Diagnostic::error("invalid-for-each", "Invalid for_each argument", what)
            .remedy("Give a map, an object, or a set of strings (`toset([...])`).")
            .at(span))
    };
    if value.marks().is_ephemeral() {
        return Err(ephemeral("invalid-for-each", "for_each", span));
    }
    if value.marks().is_sensitive() {
        return wrong("The `for_each` value is sensitive, and instance keys are shown.");
    }
    let pairs: BTreeMap<Arc<str>, Repeat> = match value.kind() {
        // The type may be wrong whatever the value will be.
        Kind::Unknown(_) => match value.ty() {
            Type::Dynamic | Type::Map(_) | Type::Object(_) | Type::Set(_) => return Ok(Instances::Unknown),
            ty => return wrong(&format!("The `for_each` value is a {}.", ty.friendly())),
        },
        Kind::Null(_) => return wrong("The `for_each` value is null."),
        Kind::Map(_, items) | Kind::Object(items) => {
            items.iter().map(|(k, v)| (k.clone(), Repeat::Each(k.clone(), v.clone()))).collect()
        }
        Kind::Set(_, items) => {
            let mut pairs = BTreeMap::new();
            for item in items.iter() {
                match item.kind() {
                    Kind::String(s) => pairs.insert(s.clone(), Repeat::Each(s.clone(), item.clone())),
                    Kind::Unknown(_) => return Ok(Instances::Unknown),
                    _ => {
                        let what = "The `for_each` value is a set with members that are not strings.";
                        return Err(Diagnostic::error("invalid-for-each", "Invalid for_each set argument", what)
                            .remedy("Give a map, an object, or a set of strings (`toset([...])`).")
                            .at(span));
                    }
                };
            }
            pairs
        }
        _ => return wrong(&format!("The `for_each` value is a {}.", value.ty().friendly())),
    };
    Ok(Instances::Each(pairs))
}

fn ephemeral(id: &'static str, argument: &str, span: Span) -> Diagnostic {
    let what = format!(
        "The given `{argument}` value is derived from an ephemeral value, which is not kept between plan and apply."
    );
    Diagnostic::error(id, format!("Invalid {argument} argument"), what)
        .remedy("Let the instances hang on nothing that is ephemeral.")
        .at(span)
}

/// The remedy for a name that nothing has.
pub(crate) fn near(name: &str, known: &[&str], otherwise: &str) -> String {
    match suggest(name, known.iter().copied()) {
        Some(near) => format!("Did you mean `{near}`?"),
        None if known.is_empty() => "It has none at all; check the provider.".into(),
        None => format!("{otherwise} {}.", known.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")),
    }
}
