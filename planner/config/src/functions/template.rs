//! Functions that render templates.

use cplan_model::{Kind, Type, Value, convert};

use super::file::read_text;
use super::{Context, Failure, Function, Outcome, Returns, Table, any, fixed, str_of, text};
use crate::evaluate::Rendering;

pub(super) fn table() -> Table {
    vec![
        ("templatefile", Function::new([text("path"), any("vars")], Returns::Computed, templatefile)),
        (
            "templatestring",
            Function::new([any("template").null().untyped(), any("vars")], fixed(Type::String), templatestring),
        ),
    ]
}

fn templatefile(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let path = str_of(&a[0]);
    let text = read_text(context, path)?;
    Rendering::new(path, &text)?.value(context, &a[1])
}

fn templatestring(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let Kind::String(text) = a[0].kind() else {
        return Err(Failure::Rule(Some(0), "invalid template value: a string is required".into()));
    };
    let template = Rendering::new("<templatestring argument>", text)
        .map_err(|why| Failure::Argument(0, format!("invalid template: {why}")))?;
    let value = template.value(context, &a[1])?;
    convert(&value, &Type::String).map_err(|error| Failure::Call(format!("invalid template result: {error}")))
}
