//! `format` and `formatlist`.

use cplan_model::{Kind, Refinement, Type, Value};

use super::{Context, Failure, Outcome, str_of};

mod number;
mod render;
mod scan;

pub(super) fn format(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let text = str_of(&a[0]);
    if a[1..].iter().any(|v| !v.is_wholly_known()) {
        let prefix = text.find('%').filter(|at| *at > 0).map(|at| text[..at].into());
        return Ok(Value::refined(Type::String, Refinement { not_null: true, prefix, ..Refinement::default() }));
    }
    render::line(text, &a[1..]).map(Value::string)
}

pub(super) fn formatlist(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let (text, args) = (str_of(&a[0]), &a[1..]);
    let lists: Vec<Option<List<'_>>> = args.iter().map(List::of).collect();
    let mut first: Option<(usize, usize)> = None;
    for (i, length) in lists.iter().enumerate().filter_map(|(i, list)| Some((i, list.as_ref()?.length?))) {
        match first {
            Some((chooser, n)) if n != length => {
                let (this, that) = (i + 1, chooser + 1);
                return Err(Failure::Rule(
                    Some(this),
                    format!(
                        "argument {this} has length {length}, which is inconsistent with argument {that} of length {n}"
                    ),
                ));
            }
            Some(_) => {}
            None => first = Some((i, length)),
        }
    }
    if lists.iter().flatten().any(|list| list.items.is_none() || list.length.is_none()) {
        return Ok(Value::unknown(context.returns.clone()));
    }
    let mut out = Vec::new();
    for row in 0..first.map_or(1, |(_, length)| length) {
        let of_row = |(arg, list): (&Value, &Option<List<'_>>)| match list {
            Some(list) => list.items.and_then(|items| items.get(row)).unwrap_or(arg).clone(),
            None => arg.clone(),
        };
        let row_args: Vec<Value> = args.iter().zip(&lists).map(of_row).collect();
        if row_args.iter().any(|v| !v.is_wholly_known()) {
            out.push(crate::evaluate::not_null(Type::String));
            continue;
        }
        let line = render::line(text, &row_args).map_err(|failure| {
            let why = format!("error on format iteration {row}: {}", failure.why());
            if matches!(failure, Failure::Rule(..)) { Failure::Rule(None, why) } else { Failure::Call(why) }
        })?;
        out.push(Value::string(line));
    }
    Ok(Value::list(Type::String, out))
}

/// An argument that is gone through element by element.
struct List<'a> {
    /// Where that is known.
    length: Option<usize>,
    items: Option<&'a [Value]>,
}

impl<'a> List<'a> {
    /// `None` for what is used in every line.
    fn of(value: &'a Value) -> Option<List<'a>> {
        match value.kind() {
            Kind::Set(_, items) if items.len() > 1 && !value.is_wholly_known() => {
                Some(List { length: None, items: Some(items) })
            }
            Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => {
                Some(List { length: Some(items.len()), items: Some(items) })
            }
            Kind::Unknown(u) => match &u.ty {
                Type::List(_) | Type::Set(_) => Some(List { length: None, items: None }),
                Type::Tuple(types) => Some(List { length: Some(types.len()), items: None }),
                _ => None,
            },
            _ => None,
        }
    }
}
