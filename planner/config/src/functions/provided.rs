//! The functions of the built-in provider: `provider::terraform::NAME`.

use std::collections::HashMap;
use std::sync::LazyLock;

use cplan_model::{Diagnostic, SourceId, SourceMap, Type, Value};

use super::{Context, Failure, Function, Outcome, Returns, any, fixed, str_of, text};
use crate::{Expr, constant, encode, parse};

/// What a text is called that values are read from.
const ARGUMENT: &str = "<decode_tfvars argument>";

static TABLE: LazyLock<HashMap<&'static str, Function>> = LazyLock::new(|| {
    [
        ("encode_expr", Function::new([any("value")], fixed(Type::String), encode_expr)),
        ("encode_tfvars", Function::new([any("value")], fixed(Type::String), encode_tfvars)),
        ("decode_tfvars", Function::new([text("src")], Returns::Computed, decode_tfvars)),
    ]
    .into()
});

/// The function of a name.
pub(crate) fn provided(name: &str) -> Option<&'static Function> {
    TABLE.get(name)
}

/// All names with what stands before them, for messages.
pub(crate) fn full_name(name: &str) -> Option<&'static str> {
    const NAMES: [&str; 3] = [
        "provider::terraform::encode_expr",
        "provider::terraform::encode_tfvars",
        "provider::terraform::decode_tfvars",
    ];
    NAMES.into_iter().find(|full| full.rsplit("::").next() == Some(name))
}

fn encode_expr(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    Ok(if a[0].is_wholly_known() { Value::string(encode(&a[0])) } else { Value::unknown(Type::String) })
}

fn encode_tfvars(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let Some(members) = a[0].as_map() else {
        let why =
            "invalid value to encode: must be an object whose attribute names will become the encoded variable names";
        return Err(Failure::Rule(Some(0), why.into()));
    };
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let named = |name: &str| name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(word);
    if let Some(name) = members.keys().find(|name| !named(name)) {
        let why = format!(
            "invalid variable name {name:?}: must be a valid identifier, per Terraform's rules for input variable declarations"
        );
        return Err(Failure::Argument(0, why));
    }
    if !a[0].is_wholly_known() {
        return Ok(Value::unknown(Type::String));
    }
    let lines: String = members.iter().map(|(name, value)| format!("{name} = {}\n", encode(value))).collect();
    Ok(Value::string(lines))
}

fn decode_tfvars(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let mut sources = SourceMap::default();
    let source: SourceId = sources.add(ARGUMENT, str_of(&a[0]));
    let told = |what: &str, found: &Diagnostic| {
        let place = found.primary.as_ref().and_then(|l| {
            let (_, line, column) = sources.locate(l.span)?;
            Some(format!("{ARGUMENT}:{line},{column}-{}", column + (l.span.end - l.span.start) as usize))
        });
        let place = place.unwrap_or_else(|| ARGUMENT.to_owned());
        Failure::Call(format!("{what}: {place}: {}; {}", found.summary, found.what))
    };
    let (body, found) = parse::body(str_of(&a[0]), source);
    if let Some(first) = found.iter().next() {
        return Err(told("invalid tfvars syntax", first));
    }
    if let Some(block) = body.blocks().next() {
        let name = block.ident.as_str();
        return Err(format!(
            "invalid tfvars content: {ARGUMENT}: Unexpected {name:?} block; Blocks are not allowed here."
        )
        .into());
    }
    let mut members = Vec::new();
    for attribute in body.attributes() {
        let name = attribute.key.as_str();
        let value = constant(&Expr::new(&attribute.value, source))
            .map_err(|found| told(&format!("invalid expression for variable {name:?}"), &found))?;
        members.push((name.to_owned(), value));
    }
    Ok(Value::object(members))
}
