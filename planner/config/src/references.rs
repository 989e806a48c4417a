//! References: what an expression or a body names, found without evaluating it.

use std::sync::Arc;

use cplan_model::{Diagnostic, Mode, ResourceAddr, SourceId, Span};
use hcl_edit::Decorated;
use hcl_edit::expr::TraversalOperator;

use crate::written::literal_key;
use crate::{Body, Expr, Reference, Spelled, Subject};

use self::collect::Collector;

mod collect;

/// All references of an expression in the order of the text; names that the expression itself introduces (`for`)
/// are none. What is no reference at all is left out: evaluation tells of it.
pub fn references(expr: &Expr) -> Vec<Reference> {
    let mut collector = Collector::new(expr.span.source);
    collector.expression(&expr.tree);
    collector.found
}

/// All references of a body, those in nested and dynamic blocks included, without the iterators of the latter.
pub fn body_references(body: &Body) -> Vec<Reference> {
    let mut collector = Collector::within(body.span.source, body.json);
    collector.body(&body.body);
    collector.found
}

/// What is named, each place once; the same with what stands behind the names; and what looks like a name and is none.
pub(crate) struct Checked {
    pub(crate) found: Vec<Reference>,
    pub(crate) spelled: Vec<Spelled>,
    pub(crate) wrong: Vec<Diagnostic>,
}

impl From<Collector> for Checked {
    fn from(collector: Collector) -> Self {
        let spelled = collector.spelled.unwrap_or_default();
        Checked { found: collector.found, spelled, wrong: collector.wrong }
    }
}

/// References of an expression and what looks like one and is not.
pub(crate) fn references_checked(expr: &Expr) -> Checked {
    let mut collector = Collector::within(expr.span.source, false).spelling();
    collector.expression(&expr.tree);
    collector.into()
}

/// As [`references_checked`], of a body.
pub(crate) fn body_references_checked(body: &Body) -> Checked {
    let mut collector = Collector::within(body.span.source, body.json).spelling();
    collector.body(&body.body);
    collector.into()
}

/// All references of an expression as they are spelled, in the order of the text, none left out.
pub(crate) fn spelled(expr: &Expr) -> Vec<Spelled> {
    references_checked(expr).spelled
}

pub(crate) type Operators = [Decorated<TraversalOperator>];

/// The reference that a traversal begins with, and how many of its operators belong to it.
pub(crate) fn reference(
    root: &str,
    operators: &Operators,
    source: SourceId,
    span: Span,
) -> Result<(Reference, usize), Box<Diagnostic>> {
    let name = |i: usize| match operators.get(i).map(|o| o.value()) {
        Some(TraversalOperator::GetAttr(name)) => Some(Arc::<str>::from(name.as_str())),
        _ => None,
    };
    let invalid = |what: String, remedy: String| {
        Err(Box::new(Diagnostic::error("invalid-reference", "Invalid reference", what).remedy(remedy).at(span)))
    };
    let needs = |object: &str| {
        invalid(
            format!("The {object:?} object cannot be accessed directly. Instead, access one of its attributes."),
            format!("Write `{object}.NAME`."),
        )
    };
    let one_of = |object: &str, given: &str, names: &[&str]| {
        let what = format!("The {object:?} object does not have an attribute named {given:?}.");
        let remedy = match crate::suggest(given, names.iter().copied()) {
            _ if (object, given) == ("terraform", "env") => "Write `terraform.workspace`.".into(),
            Some(near) => format!("Did you mean `{object}.{near}`?"),
            None => format!("It has {}.", names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")),
        };
        let diagnostic = Diagnostic::error("invalid-reference", format!("Invalid {object:?} attribute"), what);
        Err(Box::new(diagnostic.remedy(remedy).at(span)))
    };
    let (subject, taken) = match root {
        "self" => (Subject::SelfObject, 0),
        "template" | "lazy" | "arg" => {
            let what = format!("The name `{root}` is reserved for a later version of the language.");
            return Err(Box::new(
                Diagnostic::error("reserved", "Reserved symbol name", what)
                    .remedy(format!("For a resource of this type, write `resource.{root}.NAME`."))
                    .at(span),
            ));
        }
        "var" | "local" | "module" | "count" | "each" | "path" | "terraform" | "data" | "resource" | "ephemeral" => {
            let Some(first) = name(0) else { return needs(root) };
            let (subject, taken) = match (root, &*first) {
                ("var", _) => (Subject::Variable(first), 1),
                ("local", _) => (Subject::Local(first), 1),
                ("module", _) => (Subject::Module(first), 1),
                ("count", "index") => (Subject::CountIndex, 1),
                ("count", given) => return one_of("count", given, &["index"]),
                ("each", "key") => (Subject::EachKey, 1),
                ("each", "value") => (Subject::EachValue, 1),
                ("each", given) => return one_of("each", given, &["key", "value"]),
                ("path", "module") => (Subject::PathModule, 1),
                ("path", "root") => (Subject::PathRoot, 1),
                ("path", "cwd") => (Subject::PathCwd, 1),
                ("path", given) => return one_of("path", given, &["module", "root", "cwd"]),
                ("terraform", "workspace") => (Subject::Workspace, 1),
                ("terraform", "applying") => (Subject::Applying, 1),
                ("terraform", given) => return one_of("terraform", given, &["workspace", "applying"]),
                (kind, _) => {
                    let Some(second) = name(1) else {
                        return invalid(
                            format!(
                                "The {kind:?} object must be followed by two attribute names: the type and the name."
                            ),
                            format!("Write `{kind}.TYPE.NAME`."),
                        );
                    };
                    if kind == "ephemeral" {
                        let what = format!(
                            "There is no declaration of an ephemeral resource {first:?} {second:?} in this module."
                        );
                        return Err(Box::new(
                            Diagnostic::error("undeclared-reference", "Reference to undeclared resource", what)
                                .remedy("Ephemeral resources are not supported; use a sensitive variable.")
                                .at(span),
                        ));
                    }
                    let mode = if kind == "data" { Mode::Data } else { Mode::Managed };
                    (Subject::Resource(ResourceAddr { mode, ty: first, name: second }), 2)
                }
            };
            (subject, taken)
        }
        ty => match name(0) {
            Some(name) => (Subject::Resource(ResourceAddr { mode: Mode::Managed, ty: ty.into(), name }), 1),
            None => {
                return invalid(
                    "A reference to a resource type must be followed by at least one attribute access, specifying the resource name.".into(),
                    match crate::suggest(ty, ["var", "local", "module", "each", "count", "path", "self", "data", "true", "false", "null"]) {
                        Some(near) => format!("Did you mean `{near}`, or the text {ty:?} in quotes?"),
                        None => format!("Write `{ty}.NAME` for a resource, or {ty:?} in quotes for a text."),
                    },
                );
            }
        },
    };
    let keyed = taken > 0
        && matches!(
            operators.get(taken).map(|o| o.value()),
            Some(TraversalOperator::Index(_) | TraversalOperator::LegacyIndex(_))
        );
    let output = match &subject {
        Subject::Module(_) => name(1 + usize::from(keyed)),
        _ => None,
    };
    let end = match taken {
        0 => span.end,
        n => operators
            .get(n - 1)
            .and_then(hcl_edit::Span::span)
            .map_or(span.end, |r| Span::new(source, r.start, r.end).end),
    };
    // A caret under the subject and its first step is enough; the whole may go over several lines.
    let end = if output.is_some() { span.end } else { end };
    let key = match &subject {
        Subject::Resource(_) => operators.get(taken).and_then(|o| literal_key(o.value())),
        _ => None,
    };
    Ok((Reference { subject, span: Span { end, ..span }, keyed, output, key }, taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subjects(text: &str) -> Vec<String> {
        let expr = crate::parse::expression(text, SourceId(0)).unwrap();
        references(&expr)
            .into_iter()
            .map(|r| {
                let key = r.key.map(|k| k.to_string()).unwrap_or_default();
                format!("{:?}{key}{}", r.subject, r.output.map(|o| format!(" -> {o}")).unwrap_or_default())
            })
            .collect()
    }

    #[test]
    fn finds_what_is_named() {
        assert_eq!(subjects("var.a + local.b"), [r#"Variable("a")"#, r#"Local("b")"#]);
        assert_eq!(subjects("module.m.out"), [r#"Module("m") -> out"#]);
        assert_eq!(subjects("module.m[\"x\"].out.z"), [r#"Module("m") -> out"#]);
        assert_eq!(subjects("module.m[*].out"), [r#"Module("m")"#]);
        assert_eq!(subjects("[for x in var.l : x.y + each.key]"), [r#"Variable("l")"#, "EachKey"]);
        assert_eq!(subjects("{ a = b.c, (d.e) = 1 }").len(), 2);
        assert_eq!(subjects("\"%{ for x in var.l }${x}${var.y}%{ endfor }\"").len(), 2);
        assert_eq!(subjects("a.b[var.i].c").len(), 2);
        let keyed = subjects("[a.b[\"x\"].c, a.b[0], a.b.c[1]]");
        assert!(keyed[0].ends_with("[\"x\"]") && keyed[1].ends_with("[0]") && !keyed[2].ends_with(']'), "{keyed:?}");
    }
}
