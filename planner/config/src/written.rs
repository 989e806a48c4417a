//! What stands in a configuration, for those who tell of it and do not evaluate it: arguments, constants, references as
//! they are spelled.

use std::sync::Arc;

use cplan_model::{InstanceKey, Span, Step, Value};
use hcl_edit::expr::{Expression, TraversalOperator};
use hcl_edit::structure::Body as Tree;

use crate::references::{Operators, spelled as collect};
use crate::{Body, Expr, Reference, Subject};

/// A body's arguments and nested blocks, in the order of the text.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Names and values.
    pub arguments: Vec<(Arc<str>, Expr)>,
    /// Types of blocks and what stands in them; a `dynamic` block counts as what it makes.
    pub blocks: Vec<(Arc<str>, Written)>,
}

/// A reference as it is spelled, with the steps behind it that are fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelled {
    /// What is named.
    pub subject: Subject,
    /// The key of an instance, of a resource or a module, where it is a literal.
    pub key: Option<InstanceKey>,
    /// The output, of a module.
    pub output: Option<Arc<str>>,
    /// Attributes and literal indexes behind that, up to the first that is none.
    pub steps: Vec<Step>,
    /// The whole traversal in the file.
    pub span: Span,
}

/// What stands in a body.
pub fn written(body: &Body) -> Written {
    of_tree(&body.body, body.span)
}

/// The value of an expression that names nothing and calls nothing, but in what a conditional does not choose.
pub fn literal_value(expr: &Expr) -> Option<Value> {
    crate::constant::value_of_constants(expr)
}

/// All references in the order of the text, one that occurs twice twice.
pub fn spelled(expr: &Expr) -> Vec<Spelled> {
    collect(expr)
}

fn of_tree(body: &Tree, span: Span) -> Written {
    let mut out = Written::default();
    for attribute in body.attributes() {
        out.arguments.push((attribute.key.as_str().into(), Expr::new(&attribute.value, span.source)));
    }
    for block in body.blocks() {
        let dynamic = block.has_ident("dynamic");
        match (dynamic, block.labels.first()) {
            (true, Some(label)) => {
                for content in block.body.get_blocks("content") {
                    out.blocks.push((label.as_str().into(), of_tree(&content.body, span)));
                }
            }
            _ => out.blocks.push((block.ident.as_str().into(), of_tree(&block.body, span))),
        }
    }
    out
}

impl Spelled {
    /// The reference that it is, whichever instance it names.
    pub fn reference(&self) -> Reference {
        let (subject, output) = (self.subject.clone(), self.output.clone());
        let key = self.key.clone().filter(|_| matches!(self.subject, Subject::Resource(_)));
        Reference { subject, span: self.span, keyed: self.key.is_some(), output, key }
    }

    /// From a subject and the operators behind it.
    pub(crate) fn new(subject: Subject, behind: &Operators, span: Span) -> Self {
        let mut fixed = behind.iter().map_while(|o| step(o.value())).peekable();
        let repeats = matches!(subject, Subject::Resource(_) | Subject::Module(_));
        let key = fixed.peek().filter(|_| repeats).and_then(instance_key);
        if key.is_some() {
            fixed.next();
        }
        let output = match (&subject, fixed.peek()) {
            (Subject::Module(_), Some(Step::Attr(name))) => Some(name.clone()),
            _ => None,
        };
        if output.is_some() {
            fixed.next();
        }
        let steps = fixed.collect();
        Spelled { subject, key, output, steps, span }
    }
}

/// The key that an operator names, where it is a literal.
pub(crate) fn literal_key(operator: &TraversalOperator) -> Option<InstanceKey> {
    instance_key(&step(operator)?)
}

fn instance_key(step: &Step) -> Option<InstanceKey> {
    match step {
        Step::Key(key) => Some(InstanceKey::Str(key.clone())),
        Step::Index(n) => u64::try_from(*n).ok().map(InstanceKey::Int),
        Step::Attr(_) | Step::Element(_) => None,
    }
}

fn step(operator: &TraversalOperator) -> Option<Step> {
    match operator {
        TraversalOperator::GetAttr(name) => Some(Step::Attr(name.as_str().into())),
        TraversalOperator::LegacyIndex(n) => usize::try_from(*n.value()).ok().map(Step::Index),
        TraversalOperator::Index(Expression::String(key)) => Some(Step::Key(key.as_str().into())),
        TraversalOperator::Index(Expression::Number(n)) => {
            n.value().as_u64().and_then(|n| usize::try_from(n).ok()).map(Step::Index)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::SourceId;

    fn texts(text: &str) -> Vec<String> {
        let expr = crate::parse::expression(text, SourceId(0)).unwrap();
        let shown = |s: Spelled| {
            let steps: String = s.steps.iter().map(|s| format!(" {s:?}")).collect();
            format!("{:?} {:?} {:?}{steps}", s.subject, s.key, s.output)
        };
        spelled(&expr).into_iter().map(shown).collect()
    }

    #[test]
    fn fixed_steps_are_kept_and_others_end_the_spelling() {
        assert_eq!(
            texts("[var.v.x[0][\"y\"], var.v.x, module.m[\"k\"].o.a, module.m.o]"),
            [
                r#"Variable("v") None None Attr("x") Index(0) Key("y")"#,
                r#"Variable("v") None None Attr("x")"#,
                r#"Module("m") Some(Str("k")) Some("o") Attr("a")"#,
                r#"Module("m") None Some("o")"#,
            ]
        );
        let resources = texts("[a.b[*].c, a.b[count.index].id, a.b[0].id, a.b[0].id]");
        assert_eq!(resources.len(), 5);
        assert!(resources[0].ends_with("None None") && resources[1].ends_with("None None"), "{resources:?}");
        assert!(resources[3].ends_with("Some(Int(0)) None Attr(\"id\")") && resources[3] == resources[4]);
    }
}
