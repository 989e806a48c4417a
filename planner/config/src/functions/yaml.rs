//! YAML, both ways, laid out as Terraform does.

use cplan_model::{Kind, Number, Type, Value};
use yaml_rust2::{Yaml, YamlLoader};

use super::json::to_json;
use super::{Context, Failure, Outcome, str_of};

pub(super) fn yamlencode(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if !a[0].is_wholly_known() {
        return Ok(crate::evaluate::not_null(Type::String));
    }
    let mut out = String::new();
    match a[0].kind() {
        Kind::Null(_) => out.push_str("null\n...\n"),
        Kind::Bool(_) => out.push_str(&format!("{}\n...\n", to_json(&a[0])?)),
        Kind::Number(n) => out.push_str(&format!("{n}\n...\n")),
        _ => node(&a[0], 0, false, &mut out)?,
    }
    Ok(Value::string(out))
}

/// Writes a node; `inline`: something of its line stands there already.
fn node(value: &Value, indent: usize, inline: bool, out: &mut String) -> Result<(), Failure> {
    let pad = "  ".repeat(indent);
    match value.kind() {
        Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) if !items.is_empty() => {
            for (i, item) in items.iter().enumerate() {
                if i > 0 || !inline {
                    out.push_str(&pad);
                }
                out.push('-');
                nested(item, indent, true, out)?;
            }
        }
        Kind::Map(_, items) | Kind::Object(items) if !items.is_empty() => {
            for (i, (key, item)) in items.iter().enumerate() {
                if i > 0 || !inline {
                    out.push_str(&pad);
                }
                out.push_str(&to_json(&Value::string(key.clone()))?);
                out.push(':');
                nested(item, indent, false, out)?;
            }
        }
        _ => {
            out.push_str(&scalar(value, indent)?);
            out.push('\n');
        }
    }
    Ok(())
}

/// What follows `-` or `key:`.
fn nested(item: &Value, indent: usize, in_list: bool, out: &mut String) -> Result<(), Failure> {
    let collection = item.children().next().is_some();
    let is_list = item.as_slice().is_some();
    if !collection {
        out.push(' ');
        out.push_str(&scalar(item, indent + 1)?);
        out.push('\n');
        return Ok(());
    }
    if in_list {
        out.push(' ');
        return node(item, indent + 1, true, out);
    }
    out.push('\n');
    // Lists stand at their key's depth.
    node(item, if is_list { indent } else { indent + 1 }, false, out)
}

fn scalar(value: &Value, indent: usize) -> Result<String, Failure> {
    Ok(match value.kind() {
        Kind::String(text) if text.contains('\n') => block(text, indent),
        Kind::List(..) | Kind::Set(..) | Kind::Tuple(_) => "[]".into(),
        Kind::Map(..) | Kind::Object(_) => "{}".into(),
        _ => to_json(value)?,
    })
}

/// A literal block; how many line ends follow the text is said by `-`, nothing or `+`.
fn block(text: &str, indent: usize) -> String {
    let chomp = if !text.ends_with('\n') {
        "-"
    } else if text.ends_with("\n\n") || text == "\n" {
        "+"
    } else {
        ""
    };
    let pad = "  ".repeat(indent.max(1));
    let hint = if text.starts_with([' ', '\n']) { (pad.len()).to_string() } else { String::new() };
    let body = text.strip_suffix('\n').unwrap_or(text);
    let lines: Vec<String> =
        body.split('\n').map(|l| if l.is_empty() { String::new() } else { format!("{pad}{l}") }).collect();
    format!("|{hint}{chomp}\n{}", lines.join("\n"))
}

pub(super) fn yamldecode(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let documents = YamlLoader::load_from_str(str_of(&a[0])).map_err(|error| {
        Failure::Argument(
            0,
            format!("on line {}, column {}: {}", error.marker().line(), error.marker().col() + 1, error.info()),
        )
    })?;
    match documents.as_slice() {
        [] => Ok(Value::null(Type::Dynamic)),
        [one] => value(one, 0),
        _ => Err(Failure::Argument(0, "unexpected extra content after value".into())),
    }
}

fn value(yaml: &Yaml, depth: usize) -> Outcome {
    if depth > 128 {
        return Err(Failure::Argument(0, "the document nests too deeply".into()));
    }
    Ok(match yaml {
        Yaml::Null => Value::null(Type::Dynamic),
        Yaml::Boolean(b) => Value::bool(*b),
        Yaml::Integer(n) => Value::number(*n),
        Yaml::Real(text) => Value::number(
            Number::parse(text).map_err(|_| Failure::Argument(0, format!("cannot parse {text:?} as a number")))?,
        ),
        Yaml::String(text) => Value::string(text.as_str()),
        Yaml::Array(items) => {
            let items: Result<Vec<_>, Failure> = items.iter().map(|i| value(i, depth + 1)).collect();
            Value::tuple(items?)
        }
        Yaml::Hash(items) => {
            let mut out = Vec::new();
            for (key, item) in items {
                let key = value(key, depth + 1)?;
                let key = cplan_model::convert(&key, &Type::String)
                    .ok()
                    .and_then(|k| k.as_str().map(str::to_owned))
                    .ok_or_else(|| Failure::Argument(0, "only string keys are allowed in a mapping".into()))?;
                out.push((key, value(item, depth + 1)?));
            }
            Value::object(out)
        }
        Yaml::Alias(_) | Yaml::BadValue => {
            return Err(Failure::Argument(0, "the document uses what is not supported".into()));
        }
    })
}
