//! Functions that change types or marks.

use cplan_model::{Kind, Marks, Type, Value, convert};

use super::{Context, Failure, Function, Outcome, Returns, Table, any, fixed};

pub(super) fn table() -> Table {
    let one = |returns, call| Function::new([any("v").null().unknown().marked()], returns, call);
    vec![
        ("tostring", one(fixed(Type::String), |_, a| to(&a[0], &Type::String))),
        ("tobool", one(fixed(Type::Bool), |_, a| to(&a[0], &Type::Bool))),
        ("tolist", one(Returns::Computed, |_, a| to(&a[0], &Type::list(Type::Dynamic)))),
        ("toset", one(Returns::Computed, |_, a| to(&a[0], &Type::set(Type::Dynamic)))),
        ("tomap", one(Returns::Computed, |_, a| to(&a[0], &Type::map(Type::Dynamic)))),
        ("sensitive", one(Returns::SameAs(0), |_, a| Ok(a[0].clone().mark(Marks::SENSITIVE)))),
        ("nonsensitive", one(Returns::SameAs(0), nonsensitive)),
        ("issensitive", one(fixed(Type::Bool), |_, a| Ok(Value::bool(a[0].marks().is_sensitive())))),
        ("ephemeralasnull", one(Returns::SameAs(0), |_, a| Ok(without_ephemeral(&a[0])))),
    ]
}

/// The value as another type, in the words of the `to…` functions.
pub(super) fn to(value: &Value, ty: &Type) -> Outcome {
    convert(value, ty).map_err(|error| {
        let from = value.ty();
        if let (Some(text), true) = (value.as_str(), ty.is_primitive()) {
            if value.marks().is_sensitive() {
                return Failure::Argument(0, format!("cannot convert this sensitive string to {}", ty.friendly()));
            }
            let why = match error.message.as_str() {
                "a number is required" | "a bool is required" => {
                    let rule = if *ty == Type::Bool {
                        "; only the strings \"true\" or \"false\" are allowed"
                    } else {
                        "; given string must be a decimal representation of a number"
                    };
                    format!("cannot convert {text:?} to {}{rule}", ty.friendly())
                }
                why => format!("cannot convert {text:?} to {}: {why}", ty.friendly()),
            };
            return Failure::Argument(0, why);
        }
        if ty.is_primitive() {
            let why = format!("cannot convert {} to {}", from.friendly(), ty.friendly());
            return Failure::Argument(0, why);
        }
        let wanted = match ty {
            Type::List(_) => "list of any single type",
            Type::Set(_) => "set of any single type",
            _ => "map of any single type",
        };
        Failure::Argument(0, format!("cannot convert {} to {wanted}", from.friendly()))
    })
}

fn nonsensitive(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let marks = a[0].marks();
    Ok(a[0].clone().unmarked().mark(marks.without(Marks::SENSITIVE)))
}

fn without_ephemeral(value: &Value) -> Value {
    if value.marks().is_ephemeral() {
        let ty = if let Kind::Unknown(u) = value.kind() { u.ty.clone() } else { value.ty() };
        return Value::null(ty).mark(value.marks().without(Marks::EPHEMERAL));
    }
    value.map_children(without_ephemeral)
}
