//! UUIDs: random ones, and those that follow from a name (RFC 9562, version 5).

use cplan_model::{Type, Value};
use uuid::Uuid;

use super::{Context, Failure, Function, Outcome, Table, fixed, str_of, text};
use crate::evaluate::not_null;

pub(super) fn table() -> Table {
    vec![
        ("uuid", Function::new([], fixed(Type::String), random)),
        ("uuidv5", Function::new([text("namespace"), text("name")], fixed(Type::String), named)),
    ]
}

fn random(context: &mut Context<'_>, _: &[Value]) -> Outcome {
    if context.scope.clock().now.is_none() {
        return Ok(not_null(Type::String));
    }
    Ok(Value::string(Uuid::new_v4().to_string()))
}

fn named(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let space = match str_of(&a[0]) {
        "dns" => Uuid::NAMESPACE_DNS,
        "url" => Uuid::NAMESPACE_URL,
        "oid" => Uuid::NAMESPACE_OID,
        "x500" => Uuid::NAMESPACE_X500,
        other => {
            read(other).map_err(|why| Failure::Call(format!("uuidv5() doesn't support namespace {other} ({why})")))?
        }
    };
    Ok(Value::string(Uuid::new_v5(&space, str_of(&a[1]).as_bytes()).to_string()))
}

/// A UUID in one of the spellings that Terraform's library takes: with or without dashes, in braces, as a URN.
fn read(text: &str) -> Result<Uuid, String> {
    let plain = match text.len() {
        36 | 32 => text,
        // Whatever the two around it are.
        38 => text.get(1..37).unwrap_or(text),
        45 if text.get(..9).is_some_and(|urn| urn.eq_ignore_ascii_case("urn:uuid:")) => &text[9..],
        45 => return Err(format!("invalid urn prefix: {:?}", text.get(..9).unwrap_or(text))),
        length => return Err(format!("invalid UUID length: {length}")),
    };
    Uuid::try_parse(plain).map_err(|_| "invalid UUID format".into())
}
