//! Type constraints: `list(object({ a = string, b = optional(number, 1) }))`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cplan_model::{Diagnostic, ObjectType, SourceId, Span, Type, convert};
use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, FuncCall, ObjectKey};

use crate::{Expr, TypeDefaults, constant, suggest};

type Found = Result<(Type, TypeDefaults), Box<Diagnostic>>;

const NAMES: [&str; 10] = ["any", "bool", "number", "string", "list", "set", "map", "tuple", "object", "optional"];

/// The type that an expression spells, with the defaults of its optional attributes.
pub(crate) fn type_constraint(expr: &Expression, source: SourceId) -> Found {
    let Expression::String(name) = expr else { return nested(expr, source) };
    let span = expr.span().map_or(Span::new(source, 0, 0), |r| Span::new(source, r.start, r.end));
    let old = matches!(name.as_str(), "string" | "list" | "map");
    let summary = if old { "Invalid quoted type constraints" } else { "Invalid legacy variable type hint" };
    let what = "Terraform 0.11 and earlier required type constraints to be given in quotes; here they are without.";
    let remedy = match name.as_str() {
        "list" | "map" => format!("Write `{}(string)`, without the quotes.", name.as_str()),
        name if NAMES.contains(&name) => format!("Write `{name}` without the quotes."),
        _ => "Write the type without quotes.".into(),
    };
    Err(Box::new(Diagnostic::error("invalid-type", summary, what).remedy(remedy).at(span)))
}

fn nested(expr: &Expression, source: SourceId) -> Found {
    let span = expr.span().map_or(Span::new(source, 0, 0), |r| Span::new(source, r.start, r.end));
    let plain = |ty: Type| Ok((ty, TypeDefaults::default()));
    match expr {
        Expression::Variable(name) => match name.as_str() {
            "any" => plain(Type::Dynamic),
            "bool" => plain(Type::Bool),
            "number" => plain(Type::Number),
            "string" => plain(Type::String),
            "list" => plain(Type::list(Type::Dynamic)),
            "map" => plain(Type::map(Type::Dynamic)),
            "set" | "tuple" | "object" => invalid(span, &lone_argument(name.as_str()), &usage(name.as_str())),
            other => invalid(span, &unknown(other), &near(other)),
        },
        Expression::Null(_) => invalid(span, &unknown("null"), &near("null")),
        Expression::FuncCall(call) => constructor(call, source, span),
        _ => invalid(
            span,
            "A type specification is either a primitive type keyword (bool, number, string) or a complex type constructor call, like list(string).",
            "Write a type there.",
        ),
    }
}

fn constructor(call: &FuncCall, source: SourceId, span: Span) -> Found {
    let name = call.name.name.as_str();
    let lone = || match call.args.get(0) {
        Some(arg) if call.args.len() == 1 => Ok(arg),
        _ => Err(Box::new(diagnostic(span, &lone_argument(name), &usage(name)))),
    };
    match name {
        "list" | "set" | "map" => {
            let (element, defaults) = nested(lone()?, source)?;
            let ty = match name {
                "list" => Type::list(element),
                "set" => Type::set(element),
                _ => Type::map(element),
            };
            let mut all = TypeDefaults::default();
            if defaults != TypeDefaults::default() {
                all.children.insert("".into(), defaults);
            }
            Ok((ty, all))
        }
        "tuple" => match lone()? {
            Expression::Array(items) => {
                let mut types = Vec::new();
                let mut all = TypeDefaults::default();
                for (i, item) in items.iter().enumerate() {
                    let (ty, defaults) = nested(item, source)?;
                    types.push(ty);
                    if defaults != TypeDefaults::default() {
                        all.children.insert(i.to_string().into(), defaults);
                    }
                }
                Ok((Type::tuple(types), all))
            }
            _ => invalid(
                span,
                "Tuple type constructor requires a list of element types.",
                "Write `tuple([TYPE, TYPE])`.",
            ),
        },
        "object" => match lone()? {
            Expression::Object(items) => object(items, source, span),
            _ => invalid(
                span,
                "Object type constructor requires a map whose keys are attribute names and whose values are the corresponding attribute types.",
                "Write `object({ NAME = TYPE })`.",
            ),
        },
        "optional" => invalid(
            span,
            "Keyword \"optional\" is valid only as a modifier for object type attributes.",
            "Write `object({ NAME = optional(TYPE) })`.",
        ),
        "any" => invalid(span, "Type constraint keyword \"any\" does not expect arguments.", "Write `any`."),
        "bool" | "number" | "string" => invalid(
            span,
            &format!("Primitive type keyword {name:?} does not expect arguments."),
            &format!("Write `{name}`."),
        ),
        other => invalid(span, &format!("Keyword {other:?} is not a valid type constructor."), &near(other)),
    }
}

/// How a constructor is written.
fn usage(name: &str) -> String {
    match name {
        "tuple" => "Write `tuple([TYPE, TYPE])`.".into(),
        "object" => "Write `object({ NAME = TYPE })`.".into(),
        _ => format!("Write `{name}(TYPE)`."),
    }
}

fn lone_argument(name: &str) -> String {
    let of = match name {
        "tuple" => "the element types as a list",
        "object" => "the attribute types and values as a map",
        _ => "the element type",
    };
    format!("The {name} type constructor requires one argument specifying {of}.")
}

fn object(items: &hcl_edit::expr::Object, source: SourceId, span: Span) -> Found {
    let (mut attributes, mut optional, mut all) = (BTreeMap::new(), BTreeSet::new(), TypeDefaults::default());
    for (key, value) in items {
        let name: Arc<str> = match key {
            ObjectKey::Ident(name) => name.as_str().into(),
            ObjectKey::Expression(Expression::Variable(name)) => name.as_str().into(),
            ObjectKey::Expression(key) => {
                // Of a name given twice, the parser makes an expression.
                let (what, remedy) = if matches!(key, Expression::Conditional(_)) {
                    ("Object constructor map keys must be unique.", "Remove one of the two attributes.")
                } else {
                    (
                        "Object constructor map keys must be attribute names.",
                        "Write `NAME = TYPE`, the name without quotes.",
                    )
                };
                return invalid(span, what, remedy);
            }
        };
        let mut expr = value.expr();
        let mut default = None;
        if let Expression::FuncCall(call) = expr
            && call.name.name.as_str() == "optional"
        {
            let Some(inner) = call.args.get(0).filter(|_| call.args.len() <= 2) else {
                let what = if call.args.is_empty() {
                    "Optional attribute modifier requires the attribute type as its argument."
                } else {
                    "Optional attribute modifier expects at most two arguments: the attribute type, and a default value."
                };
                return invalid(span, what, "Write `optional(TYPE, DEFAULT)`.");
            };
            expr = inner;
            default = call.args.get(1);
            optional.insert(name.clone());
        }
        let (ty, inner) = nested(expr, source)?;
        if let Some(default) = default {
            let default = Expr::new(default, source);
            let value = constant(&default)?;
            let value = crate::variables::with_defaults(&value, &inner);
            let value = convert(&value, &ty).map_err(|error| {
                Box::new(
                    Diagnostic::error(
                        "invalid-default",
                        "Invalid default value for optional attribute",
                        format!("This default value is not compatible with the attribute's type constraint: {error}."),
                    )
                    .remedy(format!("Write a {} as the default.", ty.friendly()))
                    .at(default.span),
                )
            })?;
            all.values.insert(name.clone(), value);
        }
        if inner != TypeDefaults::default() {
            all.children.insert(name.clone(), inner);
        }
        attributes.insert(name, ty);
    }
    Ok((Type::Object(Arc::new(ObjectType { attributes, optional })), all))
}

fn diagnostic(span: Span, what: &str, remedy: &str) -> Diagnostic {
    Diagnostic::error("invalid-type", "Invalid type specification", what).remedy(remedy).at(span)
}

fn invalid(span: Span, what: &str, remedy: &str) -> Found {
    Err(Box::new(diagnostic(span, what, remedy)))
}

fn unknown(name: &str) -> String {
    format!("The keyword {name:?} is not a valid type specification.")
}

fn near(name: &str) -> String {
    match suggest(name, NAMES) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => "Use bool, number, string, list(), set(), map(), tuple(), object() or any.".into(),
    }
}
