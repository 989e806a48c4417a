//! JSON, both ways.

use cplan_model::{Kind, Refinement, Type, Value};

use super::{Context, Failure, Function, Outcome, Returns, Table, any, fixed, str_of, text};

mod decode;
mod encode;

pub(crate) use decode::from_json;
pub(super) use encode::to_json;

pub(super) fn table() -> Table {
    vec![
        ("jsonencode", Function::new([any("val").null().unknown()], fixed(Type::String), jsonencode)),
        (
            "jsondecode",
            Function::new([text("str")], Returns::Computed, |_, a| from_json(str_of(&a[0])).map_err(Failure::Call)),
        ),
    ]
}

fn jsonencode(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if a[0].is_wholly_known() {
        return Ok(Value::string(to_json(&a[0])?));
    }
    // How the text begins is known with the type, unless it may be `null`.
    let (may_be_null, ty) = match a[0].kind() {
        Kind::Unknown(u) => (!u.refinement.not_null, u.ty.clone()),
        _ => (false, a[0].ty()),
    };
    let prefix = match ty {
        _ if may_be_null => None,
        Type::String => Some("\""),
        Type::Object(_) | Type::Map(_) => Some("{"),
        Type::Tuple(_) | Type::List(_) | Type::Set(_) => Some("["),
        _ => None,
    };
    let refinement = Refinement { not_null: true, prefix: prefix.map(Into::into), ..Refinement::default() };
    Ok(Value::refined(Type::String, refinement))
}
