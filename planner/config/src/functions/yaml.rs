//! YAML, both ways.

use cplan_model::{Type, Value};

use super::{Context, Failure, Function, Outcome, Returns, Table, any, fixed, str_of, text};

mod decode;
mod emitter;
mod scalar;

pub(super) fn table() -> Table {
    vec![
        ("yamlencode", Function::new([any("value").null().unknown()], fixed(Type::String), yamlencode).nullable()),
        (
            "yamldecode",
            Function::new([text("src")], Returns::Computed, |_, a| {
                decode::from_yaml(str_of(&a[0])).map_err(Failure::Call)
            }),
        ),
    ]
}

fn yamlencode(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if !a[0].is_wholly_known() {
        return Ok(Value::unknown(Type::String));
    }
    Ok(Value::string(emitter::to_yaml(&a[0])))
}
