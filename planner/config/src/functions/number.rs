//! Functions of numbers.

use cplan_model::{Kind, Number, Type, Value, convert};

use super::{Context, Failure, Function, Outcome, Table, any, fixed, num, param};

pub(super) fn table() -> Table {
    let one = |call| Function::new([num("num")], fixed(Type::Number), call);
    vec![
        ("abs", one(|_, a| Ok(Value::number(of(&a[0]).abs())))),
        ("ceil", one(|_, a| Ok(Value::number(of(&a[0]).ceil())))),
        ("floor", one(|_, a| Ok(Value::number(of(&a[0]).floor())))),
        ("signum", one(signum)),
        ("log", Function::new([num("num"), num("base")], fixed(Type::Number), log)),
        ("pow", Function::new([num("num"), num("power")], fixed(Type::Number), pow)),
        ("max", Function::new([], fixed(Type::Number), |_, a| extreme(a, false)).variadic(num("numbers"))),
        ("min", Function::new([], fixed(Type::Number), |_, a| extreme(a, true)).variadic(num("numbers"))),
        ("parseint", Function::new([any("number"), num("base")], fixed(Type::Number), parseint)),
        ("sum", Function::new([any("list")], fixed(Type::Number), sum)),
        ("range", Function::new([], fixed(Type::list(Type::Number)), range).variadic(num("params"))),
        ("length", Function::new([any("value").marked().unknown()], fixed(Type::Number), length)),
        (
            "tonumber",
            Function::new([any("v").null().marked().unknown()], fixed(Type::Number), |_, a| {
                super::convert::to(&a[0], &Type::Number)
            }),
        ),
        ("index", Function::new([any("list"), any("value")], fixed(Type::Number), index)),
        ("one", Function::new([param("list", Type::Dynamic).marked()], super::Returns::Computed, one_of)),
    ]
}

/// The number of an argument that was converted already.
pub(super) fn of(value: &Value) -> Number {
    value.as_number().cloned().unwrap_or_else(|| 0.into())
}

const NOT_WHOLE: &str = "value must be a whole number, between -9223372036854775808 and 9223372036854775807";

/// A whole number of an argument.
pub(super) fn whole(value: &Value) -> Result<i64, Failure> {
    of(value).as_i64().ok_or_else(|| NOT_WHOLE.into())
}

fn signum(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let n = of(&a[0]);
    if !n.is_integer() {
        return Err(NOT_WHOLE.into());
    }
    Ok(Value::number(n.cmp(&0.into()) as i32))
}

fn log(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let (n, base) = (of(&a[0]).as_f64(), of(&a[1]).as_f64());
    double(n.ln() / base.ln())
}

fn pow(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    double(of(&a[0]).as_f64().powf(of(&a[1]).as_f64()))
}

fn double(f: f64) -> Outcome {
    if f.is_finite() { Ok(Value::number(f)) } else { Err("the result is not a finite number".into()) }
}

fn extreme(a: &[Value], least: bool) -> Outcome {
    let all = a.iter().map(of);
    let found = if least { all.min() } else { all.max() };
    found.map(Value::number).ok_or_else(|| "must pass at least one number".into())
}

fn parseint(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let Some(text) = a[0].as_str() else {
        return Err(Failure::Argument(0, format!("first argument must be a string, not {}", a[0].ty().friendly())));
    };
    let base = of(&a[1]).as_i64().filter(|b| (2..=62).contains(b));
    let Some(base) = base else {
        return Err(Failure::Argument(1, "base must be a whole number between 2 and 62 inclusive".into()));
    };
    let cannot = || Failure::Argument(0, format!("cannot parse {text:?} as a base {base} integer"));
    if base > 36 {
        return wide(text, base).map(Value::number).ok_or_else(cannot);
    }
    let radix = u32::try_from(base).map_err(|_| cannot())?;
    Number::parse_radix(text, radix).map(Value::number).map_err(|_| cannot())
}

/// Bases above 36 tell upper from lower case: digits, a-z, A-Z.
fn wide(text: &str, base: i64) -> Option<Number> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    if digits.is_empty() {
        return None;
    }
    let mut out = Number::from(0);
    for c in digits.chars() {
        let digit = match c {
            '0'..='9' => c as i64 - '0' as i64,
            'a'..='z' => c as i64 - 'a' as i64 + 10,
            'A'..='Z' => c as i64 - 'A' as i64 + 36,
            _ => return None,
        };
        if digit >= base {
            return None;
        }
        out = out.mul(&base.into()).add(&digit.into());
    }
    Some(if negative { -&out } else { out })
}

fn sum(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let Some(items) = a[0].as_slice() else {
        return Err(Failure::Argument(
            0,
            format!("argument must be list, set, or tuple. Received {}", a[0].ty().friendly()),
        ));
    };
    if items.is_empty() {
        return Err(Failure::Argument(0, "cannot sum an empty list".into()));
    }
    let mut total = Number::from(0);
    let mut open = false;
    for item in items {
        if item.is_null() {
            return Err(Failure::Argument(0, "argument must be list, set, or tuple of number values".into()));
        }
        let number = convert(item, &Type::Number)
            .map_err(|_| Failure::Argument(0, "argument must be list, set, or tuple of number values".into()))?;
        match number.as_number() {
            Some(n) => total = total.add(n),
            None => open = true,
        }
    }
    Ok(if open { Value::unknown(Type::Number) } else { Value::number(total) })
}

fn range(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let (zero, one) = (Number::from(0), Number::from(1));
    let (start, end, step) = match a {
        [end] => {
            let end = of(end);
            let step = if end < zero { -&one } else { one };
            (zero, end, step)
        }
        [start, end] => {
            let (start, end) = (of(start), of(end));
            let step = if end < start { -&one } else { one };
            (start, end, step)
        }
        [start, end, step] => (of(start), of(end), of(step)),
        _ => return Err("must have one, two, or three arguments".into()),
    };
    let zero = Number::from(0);
    if step == zero {
        return Err(Failure::Argument(2, "step must not be zero".into()));
    }
    let down = step < zero;
    if down && start < end {
        return Err(Failure::Argument(2, "end must be less than start when step is negative".into()));
    }
    if !down && start > end {
        return Err(Failure::Argument(2, "end must be greater than start when step is positive".into()));
    }
    let mut items = Vec::new();
    let mut at = start;
    while if down { at > end } else { at < end } {
        if items.len() >= 1024 {
            return Err("more than 1024 values were generated; either decrease the difference between start and end or use a smaller step".into());
        }
        items.push(Value::number(at.clone()));
        at = at.add(&step);
    }
    Ok(Value::list(Type::Number, items))
}

fn length(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let marks = a[0].marks();
    let n = match a[0].kind() {
        Kind::String(s) => super::text::graphemes(s).count(),
        Kind::Set(_, items) => {
            if !a[0].is_wholly_known() {
                return Ok(crate::evaluate::not_null(Type::Number).mark(marks));
            }
            items.len()
        }
        Kind::List(_, items) | Kind::Tuple(items) => items.len(),
        Kind::Map(_, items) | Kind::Object(items) => items.len(),
        Kind::Unknown(u) => match &u.ty {
            Type::Tuple(ts) => ts.len(),
            Type::Object(o) => o.attributes.len(),
            Type::Bool | Type::Number => return Err(not_countable()),
            _ => return Ok(crate::evaluate::not_null(Type::Number).mark(marks)),
        },
        _ => return Err(not_countable()),
    };
    Ok(Value::number(n).mark(marks))
}

fn not_countable() -> Failure {
    "argument must be a string, a collection type, or a structural type".into()
}

fn index(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if !matches!(a[0].kind(), Kind::List(..) | Kind::Tuple(_)) {
        return Err("argument must be a list or tuple".into());
    }
    let items = a[0].as_slice().unwrap_or_default();
    if items.is_empty() {
        return Err("cannot search an empty list".into());
    }
    for (i, item) in items.iter().enumerate() {
        match crate::evaluate::equal(item, &a[1]) {
            Some(true) => return Ok(Value::number(i)),
            Some(false) => {}
            None => return Ok(Value::unknown(Type::Number)),
        }
    }
    Err("item not found".into())
}

fn one_of(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    const WHY: &str = "must be a list, set, or tuple value with either zero or one elements";
    let marks = a[0].marks();
    match a[0].as_slice() {
        Some([]) => Ok(Value::null(match a[0].ty() {
            Type::List(t) | Type::Set(t) => Type::clone(&t),
            _ => Type::Dynamic,
        })
        .mark(marks)),
        Some([lone]) => Ok(lone.clone().mark(marks)),
        _ => Err(Failure::Argument(0, WHY.into())),
    }
}
