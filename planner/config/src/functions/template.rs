//! Functions that render templates.

use cplan_model::Value;

use super::file::read_text;
use super::{Context, Failure, Function, Outcome, Returns, Table, any, quoted, str_of, text};
use crate::evaluate::template_text;

pub(super) fn table() -> Table {
    vec![
        ("templatefile", Function::new([text("path"), any("vars")], Returns::Computed, templatefile)),
        ("templatestring", Function::new([text("template"), any("vars")], Returns::Computed, templatestring)),
    ]
}

fn templatefile(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let text = read_text(context, str_of(&a[0]))?;
    variables(&a[1])?;
    template_text(context, &text, &a[1]).map_err(|why| Failure::Call(format!("{}: {why}", str_of(&a[0]))))
}

fn templatestring(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    variables(&a[1])?;
    template_text(context, str_of(&a[0]), &a[1]).map_err(Failure::Call)
}

fn variables(value: &Value) -> Result<(), Failure> {
    let Some(map) = value.as_map() else {
        return Err(Failure::Argument(1, "invalid vars value: must be a map".into()));
    };
    for name in map.keys() {
        let mut chars = name.chars();
        let good = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
            && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        if !good {
            return Err(Failure::Argument(
                1,
                format!(
                    "invalid template variable name {}: must start with a letter, followed by zero or more letters, digits, and underscores",
                    quoted(name)
                ),
            ));
        }
    }
    Ok(())
}
