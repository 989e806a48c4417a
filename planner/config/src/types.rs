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
            other => invalid(span, &unknown(other), &near(other)),
        },
        Expression::Parenthesis(inner) => type_constraint(inner.inner(), source),
        Expression::String(name) if NAMES.contains(&name.as_str()) => invalid(
            span,
            "Terraform 0.11 and earlier required type constraints to be given in quotes; here they are without.",
            &format!("Write `{}` without the quotes.", name.as_str()),
        ),
        Expression::FuncCall(call) => constructor(call, source, span),
        _ => invalid(
            span,
            "A type constraint is a keyword such as `string` or a constructor such as `list(string)`.",
            "Write a type there.",
        ),
    }
}

fn constructor(call: &FuncCall, source: SourceId, span: Span) -> Found {
    let name = call.name.name.as_str();
    let lone = || match call.args.get(0) {
        Some(arg) if call.args.len() == 1 => Ok(arg),
        _ => Err(Box::new(diagnostic(
            span,
            &format!("The {name:?} type constructor needs exactly one argument."),
            &format!("Write `{name}(TYPE)`."),
        ))),
    };
    match name {
        "list" | "set" | "map" => {
            let (element, defaults) = type_constraint(lone()?, source)?;
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
                    let (ty, defaults) = type_constraint(item, source)?;
                    types.push(ty);
                    if defaults != TypeDefaults::default() {
                        all.children.insert(i.to_string().into(), defaults);
                    }
                }
                Ok((Type::tuple(types), all))
            }
            _ => invalid(span, "The argument of tuple() must be a list of types.", "Write `tuple([TYPE, TYPE])`."),
        },
        "object" => match lone()? {
            Expression::Object(items) => object(items, source, span),
            _ => invalid(
                span,
                "The argument of object() must be an object of types.",
                "Write `object({ NAME = TYPE })`.",
            ),
        },
        "optional" => invalid(
            span,
            "optional() stands only around the type of an object's attribute.",
            "Write `object({ NAME = optional(TYPE) })`.",
        ),
        other => invalid(span, &unknown(other), &near(other)),
    }
}

fn object(items: &hcl_edit::expr::Object, source: SourceId, span: Span) -> Found {
    let (mut attributes, mut optional, mut all) = (BTreeMap::new(), BTreeSet::new(), TypeDefaults::default());
    for (key, value) in items {
        let name: Arc<str> = match key {
            ObjectKey::Ident(name) => name.as_str().into(),
            ObjectKey::Expression(Expression::Variable(name)) => name.as_str().into(),
            ObjectKey::Expression(Expression::String(name)) => name.as_str().into(),
            ObjectKey::Expression(_) => {
                return invalid(span, "An attribute's name must be a plain name.", "Write `NAME = TYPE`.");
            }
        };
        let mut expr = value.expr();
        let mut default = None;
        if let Expression::FuncCall(call) = expr
            && call.name.name.as_str() == "optional"
        {
            let Some(inner) = call.args.get(0).filter(|_| call.args.len() <= 2) else {
                return invalid(
                    span,
                    "optional() takes a type and perhaps a default.",
                    "Write `optional(TYPE, DEFAULT)`.",
                );
            };
            expr = inner;
            default = call.args.get(1);
            optional.insert(name.clone());
        }
        let (ty, inner) = type_constraint(expr, source)?;
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
