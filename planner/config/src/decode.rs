//! Bodies to values in the shape of a schema.

use std::sync::Arc;

use cplan_model::{
    Attribute, AttributeMode, Diagnostic, Diagnostics, Format, Kind, Marks, NestedBlock, Nesting, Schema, SourceId,
    Span, Type, Value, convert, parse_quantity,
};
use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute as Argument, Block, Body as Tree};

use crate::load_block::{extraneous, header, unsupported_argument, unsupported_block};
use crate::place::part;
use crate::{Body, Scope, clause};

mod dynamic;

use dynamic::{Found, expand};

/// Decodes a body to an object of the type [`Schema::object_type`]: what is not set is null, absent lists and sets
/// of blocks are empty, sensitive attributes are marked. What is wrong is told at its place and decodes to unknown.
pub fn decode(body: &Body, schema: &Schema, scope: &dyn Scope) -> (Value, Diagnostics) {
    let (source, json) = (body.span.source, body.json);
    let mut decoder = Decoder { source, json, scope, diagnostics: Diagnostics::new(), locals: Vec::new() };
    let start = body.span.start as usize;
    let end =
        (body.body.span()).map_or(start, |r| r.start.saturating_sub(1)).max(start + 1).min(body.span.end as usize);
    let value = decoder.body(&body.body, schema, Span::new(body.span.source, start, end));
    if !json {
        return (value, decoder.diagnostics);
    }
    let mut found = Diagnostics::new();
    found.extend(decoder.diagnostics.into_iter().map(extraneous));
    (value, found)
}

struct Decoder<'a> {
    source: SourceId,
    /// Whether what may be an argument or a block stands as both.
    json: bool,
    scope: &'a dyn Scope,
    diagnostics: Diagnostics,
    /// Iterators of dynamic blocks.
    locals: Vec<(Arc<str>, Value)>,
}

impl Decoder<'_> {
    fn body(&mut self, body: &Tree, schema: &Schema, place: Span) -> Value {
        let arguments: Vec<&str> =
            schema.attributes.iter().filter(|(_, a)| a.mode != AttributeMode::Computed).map(|(n, _)| &**n).collect();
        let blocks: Vec<&str> = schema.blocks.keys().map(|n| &**n).collect();
        for argument in body.attributes().filter(|a| !schema.attributes.contains_key(a.key.as_str())) {
            let is_block = schema.blocks.contains_key(argument.key.as_str());
            if !(self.json && is_block) {
                self.diagnostics.push(unsupported_argument(argument, self.source, &arguments, &blocks));
            } else if !body.has_blocks(argument.key.as_str()) && !is_nothing(&argument.value) {
                let span = argument.value.span().map_or(place, |r| Span::new(self.source, r.start, r.end));
                self.diagnostics.push(
                    Diagnostic::error(
                        "invalid-json",
                        "Incorrect JSON value type",
                        format!(
                            "`{}` is a block: a JSON object or an array of objects must stand here.",
                            argument.key.as_str()
                        ),
                    )
                    .remedy("Write the block's arguments in an object.")
                    .at(span),
                );
            }
        }
        let mut values = Vec::with_capacity(schema.attributes.len() + schema.blocks.len());
        for (name, attribute) in &schema.attributes {
            let value = match body.get_attribute(name) {
                Some(argument) => self.argument(name, argument, attribute),
                None => {
                    if attribute.mode == AttributeMode::Required {
                        self.diagnostics.push(
                            Diagnostic::error(
                                "missing-argument",
                                "Missing required argument",
                                format!("The argument `{name}` is required, but no definition was found."),
                            )
                            .remedy(format!("Add `{name} = ...`: {}", attribute.doc))
                            .at(place),
                        );
                    }
                    Value::null(attribute.ty.clone())
                }
            };
            let marks = if attribute.sensitive { Marks::SENSITIVE } else { Marks::NONE };
            values.push((name.clone(), value.mark(marks)));
        }
        let found = expand(self, body, schema, &blocks, &arguments);
        for (name, nested) in &schema.blocks {
            let of_type = found.get(&**name).map_or(&[][..], Vec::as_slice);
            let value = self.blocks(name, nested, of_type, place);
            values.push((name.clone(), value));
        }
        Value::object(values)
    }

    /// An expression with the iterators of the dynamic blocks around it.
    fn eval(&mut self, tree: &Expression) -> Value {
        let (value, diagnostics) = crate::evaluate::evaluate_with(tree, self.source, self.scope, &self.locals);
        self.diagnostics.extend(diagnostics);
        self.diagnostics.extend(crate::refuse_infinite(&value, self.span(tree)));
        value
    }

    fn span(&self, tree: &Expression) -> Span {
        let range = tree.span().unwrap_or(0..0);
        Span::new(self.source, range.start, range.end)
    }

    fn argument(&mut self, name: &str, argument: &Argument, attribute: &Attribute) -> Value {
        let whole = self.span(&argument.value);
        if attribute.mode == AttributeMode::Computed {
            // Null is to say nothing.
            let before = self.diagnostics.len();
            let value = self.eval(&argument.value);
            if value.is_null() || self.diagnostics.len() > before {
                return Value::null(attribute.ty.clone());
            }
            let span = argument.key.span().map_or(whole, |r| Span::new(self.source, r.start, r.end));
            self.diagnostics.push(
                Diagnostic::error(
                    "computed-argument",
                    "Value for unconfigurable attribute",
                    format!("Can't configure a value for `{name}`: its value will be decided automatically."),
                )
                .remedy("Remove the argument.")
                .at(span),
            );
            return Value::null(attribute.ty.clone());
        }
        let before = self.diagnostics.len();
        let value = self.eval(&argument.value);
        if self.diagnostics.iter().skip(before).any(|d| d.severity == cplan_model::Severity::Error) {
            return Value::unknown(attribute.ty.clone());
        }
        if value.is_null() && attribute.mode == AttributeMode::Required {
            self.diagnostics.push(
                Diagnostic::error(
                    "missing-argument",
                    "Missing required argument",
                    format!("The argument `{name}` is required, but its value is null."),
                )
                .remedy("Give it a value other than null.")
                .at(whole),
            );
            return Value::unknown(attribute.ty.clone());
        }
        if let Some(format) = attribute.format
            && let Err(diagnostic) = quantity(format, name, &attribute.ty, &value, attribute.sensitive)
        {
            self.diagnostics.push(diagnostic.at(whole));
            return Value::unknown(attribute.ty.clone());
        }
        convert(&value, &attribute.ty).unwrap_or_else(|error| {
            let place = error
                .path
                .0
                .iter()
                .try_fold(&argument.value, |expr, step| part(expr, step))
                .and_then(hcl_edit::Span::span);
            let span = place.map_or(whole, |r| Span::new(self.source, r.start, r.end));
            self.diagnostics.push(
                Diagnostic::error(
                    "wrong-type",
                    "Incorrect attribute value type",
                    format!("Inappropriate value for attribute `{name}`: {}.", clause(&error)),
                )
                .remedy(format!("Give it a value of type `{}`.", attribute.ty))
                .at(span),
            );
            Value::unknown(attribute.ty.clone())
        })
    }

    fn blocks(&mut self, name: &str, nested: &NestedBlock, found: &[Found], place: Span) -> Value {
        let schema = &nested.block;
        let (mut items, mut open) = (Vec::new(), false);
        for one in found {
            match one {
                Found::Block { body, place, locals } => {
                    let outer = std::mem::replace(&mut self.locals, locals.clone());
                    items.push(self.body(body, schema, *place));
                    self.locals = outer;
                }
                Found::Open => open = true,
            }
        }
        let count = items.len();
        let max = if nested.nesting == Nesting::Single { Some(1) } else { nested.max };
        if let Some(max) = max.filter(|max| count > *max) {
            let extra = found.iter().filter_map(Found::place).nth(max).unwrap_or(place);
            self.diagnostics.push(
                Diagnostic::error(
                    "too-many-blocks",
                    format!("Too many {name} blocks"),
                    format!("No more than {max} `{name}` blocks are allowed."),
                )
                .remedy("Remove the others.")
                .at(extra),
            );
        }
        if count < nested.min && !open {
            self.diagnostics.push(
                Diagnostic::error(
                    "missing-block",
                    format!("Insufficient {name} blocks"),
                    format!("At least {} `{name}` blocks are required.", nested.min),
                )
                .remedy(format!("Add a block `{name} {{ ... }}`."))
                .at(place),
            );
        }
        let ty = schema.object_type();
        match nested.nesting {
            Nesting::Single if open && count == 0 => Value::unknown(ty),
            Nesting::Single => items.into_iter().next().unwrap_or_else(|| Value::null(ty)),
            Nesting::List if open => Value::unknown(Type::list(ty)),
            Nesting::List => Value::list(ty, items),
            Nesting::Set if open => Value::unknown(Type::set(ty)),
            Nesting::Set => Value::set(ty, items),
        }
    }

    fn unsupported(&mut self, block: &Block, blocks: &[&str], arguments: &[&str]) {
        self.diagnostics.push(unsupported_block(block, self.source, blocks, arguments));
    }

    fn header(&self, block: &Block) -> Span {
        header(block, self.source)
    }
}

/// What stands for no blocks in JSON.
fn is_nothing(expr: &Expression) -> bool {
    matches!(expr, Expression::Null(_)) || matches!(expr, Expression::Array(items) if items.is_empty())
}

/// Checks the strings of a value that must carry a unit.
fn quantity(format: Format, name: &str, ty: &Type, value: &Value, secret: bool) -> Result<(), Diagnostic> {
    let secret = secret || value.marks().is_sensitive();
    let wrong = |what: String, remedy: String| {
        Err(Diagnostic::error("quantity", "Invalid quantity", format!("`{name}`: {what}")).remedy(remedy))
    };
    match value.kind() {
        Kind::String(text) => match parse_quantity(format, text) {
            Ok(_) => Ok(()),
            Err(error) if secret => wrong("the sensitive value has no fitting unit.".into(), error.remedy),
            Err(error) => wrong(error.what, error.remedy),
        },
        Kind::Number(n) => {
            let remedy = parse_quantity(format, &n.to_string()).err().map(|e| e.remedy).unwrap_or_default();
            let number = if secret { "sensitive number".to_owned() } else { format!("number {n}") };
            wrong(format!("the {number} has no unit."), remedy)
        }
        Kind::List(..) | Kind::Set(..) | Kind::Tuple(_) | Kind::Map(..) | Kind::Object(_) if !ty.is_primitive() => {
            value.children().try_for_each(|child| quantity(format, name, &Type::String, child, secret))
        }
        _ => Ok(()),
    }
}
