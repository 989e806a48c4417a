//! Functions that change types or marks.

use cplan_model::{Kind, Marks, Type, Value, convert};

use super::{Context, Failure, Function, Outcome, Returns, Table, any, fixed, quoted};

pub(super) fn table() -> Table {
    let to = |decide| Function::new([any("v").null().untyped().marked()], Returns::By(decide), to).nullable();
    let same = |call| Function::new([any("value").null().unknown().marked()], Returns::SameAs(0), call).nullable();
    vec![
        ("tostring", to(|a| possible(a, Type::String))),
        ("tonumber", to(|a| possible(a, Type::Number))),
        ("tobool", to(|a| possible(a, Type::Bool))),
        ("tolist", to(|a| possible(a, Type::list(Type::Dynamic)))),
        ("toset", to(|a| possible(a, Type::set(Type::Dynamic)))),
        ("tomap", to(|a| possible(a, Type::map(Type::Dynamic)))),
        ("sensitive", same(|_, a| Ok(a[0].clone().mark(Marks::SENSITIVE)))),
        ("nonsensitive", same(nonsensitive)),
        ("issensitive", Function::new([any("value").null().unknown().marked()], fixed(Type::Bool), issensitive)),
        ("ephemeralasnull", same(|_, a| Ok(without_ephemeral(&a[0])))),
    ]
}

/// The type itself, where some value of the argument's type can become one of it.
fn possible(a: &[Value], ty: Type) -> Result<Type, Failure> {
    let from = a[0].ty();
    match convert(&Value::unknown(from.clone()), &ty) {
        Ok(_) => Ok(ty),
        Err(_) => Err(Failure::Rule(Some(0), cannot(&from.friendly(), &ty))),
    }
}

fn cannot(what: &str, ty: &Type) -> String {
    let wanted = match ty {
        Type::List(_) => "list of any single type".into(),
        Type::Set(_) => "set of any single type".into(),
        Type::Map(_) => "map of any single type".into(),
        other => other.friendly(),
    };
    format!("cannot convert {what} to {wanted}")
}

fn to(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let ty = &context.returns;
    convert(&a[0], ty).map_err(|_| {
        let from = a[0].ty().friendly();
        let marks = a[0].marks_deep();
        let rule = |what: &str| Failure::Rule(Some(0), cannot(what, ty));
        if marks.is_ephemeral() {
            return rule(&format!("this ephemeral {from}"));
        }
        if marks.is_sensitive() {
            return rule(&format!("this sensitive {from}"));
        }
        let text = a[0].as_str().map_or_else(|| from.clone(), quoted);
        match ty {
            Type::Bool => rule_of(&text, ty, "only the strings \"true\" or \"false\" are allowed"),
            Type::Number => rule_of(&text, ty, "given string must be a decimal representation of a number"),
            _ => rule(&from),
        }
    })
}

fn rule_of(what: &str, ty: &Type, rule: &str) -> Failure {
    Failure::Rule(Some(0), format!("{}; {rule}", cannot(what, ty)))
}

fn nonsensitive(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let marks = a[0].marks();
    Ok(a[0].clone().unmarked().mark(marks.without(Marks::SENSITIVE)))
}

/// Whether an unknown value will be sensitive may depend on what it will be.
fn issensitive(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    match (a[0].marks().is_sensitive(), a[0].is_known()) {
        (true, _) => Ok(Value::bool(true)),
        (false, true) => Ok(Value::bool(false)),
        (false, false) => Ok(Value::unknown(Type::Bool)),
    }
}

fn without_ephemeral(value: &Value) -> Value {
    let marks = value.marks();
    if marks.is_ephemeral() {
        let ty = if let Kind::Unknown(u) = value.kind() { u.ty.clone() } else { value.ty() };
        return Value::null(ty).mark(marks.without(Marks::EPHEMERAL));
    }
    value.map_children(without_ephemeral)
}
