//! Functions of numbers.

use cplan_model::{Number, Type, Value, convert};

use self::transcendental::{ln, power};
use super::{Context, Failure, Function, Outcome, Returns, Table, any, fixed, num, quoted};

mod transcendental;

pub(super) fn table() -> Table {
    let one = |call| Function::new([num("num")], fixed(Type::Number), call);
    let two = |second, call| Function::new([num("num"), num(second)], fixed(Type::Number), call);
    vec![
        ("abs", one(|_, a| Ok(Value::number(of(&a[0]).abs())))),
        ("ceil", one(|_, a| Ok(Value::number(of(&a[0]).ceil())))),
        ("floor", one(|_, a| Ok(Value::number(of(&a[0]).floor())))),
        ("signum", one(signum)),
        ("log", two("base", |_, a| double(ln(float(&a[0])?) / ln(float(&a[1])?)))),
        ("pow", two("power", |_, a| double(power(float(&a[0])?, float(&a[1])?)))),
        ("max", Function::new([], fixed(Type::Number), |_, a| extreme(a, false)).variadic(num("numbers"))),
        ("min", Function::new([], fixed(Type::Number), |_, a| extreme(a, true)).variadic(num("numbers"))),
        ("parseint", Function::new([any("number"), num("base")], Returns::By(integer), parseint)),
        ("sum", Function::new([any("list")], fixed(Type::Number), sum)),
        ("range", Function::new([], fixed(Type::list(Type::Number)), range).variadic(num("params"))),
    ]
}

/// The number of an argument that was converted already.
pub(super) fn of(value: &Value) -> Number {
    value.as_number().cloned().unwrap_or_else(|| 0.into())
}

pub(super) const NOT_WHOLE: &str = "value must be a whole number, between -9223372036854775808 and 9223372036854775807";

/// A whole number of an argument.
pub(super) fn whole(value: &Value) -> Result<i64, Failure> {
    of(value).as_i64().ok_or_else(|| Failure::Rule(None, NOT_WHOLE.into()))
}

/// A whole number of the argument at a position, which is named where it is none.
pub(super) fn whole_at(a: &[Value], i: usize, prefix: &str) -> Result<i64, Failure> {
    of(&a[i]).as_i64().ok_or_else(|| Failure::Rule(Some(i), format!("{prefix}{NOT_WHOLE}")))
}

/// A number as a double, which it may be too large for.
fn float(value: &Value) -> Result<f64, Failure> {
    let n = of(value);
    let f = n.as_f64();
    if f.is_infinite() && !n.is_infinite() {
        let most = format!("{:.6}", f64::MAX);
        return Err(Failure::Rule(None, format!("value must be between -{most} and {most} inclusive")));
    }
    Ok(f)
}

fn double(f: f64) -> Outcome {
    if f.is_nan() {
        return Err(Failure::Rule(None, "the result is not a number".into()));
    }
    Ok(Value::number(if f.is_infinite() { Number::infinite(f < 0.0) } else { Number::from(f) }))
}

fn signum(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    Ok(Value::number(whole(&a[0])?.signum()))
}

fn extreme(a: &[Value], least: bool) -> Outcome {
    let mut found: Option<Number> = None;
    for n in a.iter().map(of) {
        let better = found.as_ref().is_none_or(|m| if least { n.compare(m).is_lt() } else { n.compare(m).is_gt() });
        if better {
            found = Some(n);
        }
    }
    found.map(Value::number).ok_or_else(|| Failure::Rule(None, "must pass at least one number".into()))
}

fn integer(a: &[Value]) -> Result<Type, Failure> {
    match a[0].ty() {
        Type::String => Ok(Type::Number),
        other => Err(Failure::Rule(Some(0), format!("first argument must be a string, not {}", other.friendly()))),
    }
}

fn parseint(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let text = a[0].as_str().unwrap_or_default();
    let base = whole_at(a, 1, "")?;
    if !(2..=62).contains(&base) {
        return Err(Failure::Rule(Some(1), "base must be a whole number between 2 and 62 inclusive".into()));
    }
    digits(text, base)
        .map(Value::number)
        .ok_or_else(|| Failure::Argument(0, format!("cannot parse {} as a base {base} integer", quoted(text))))
}

/// An integer with its sign. Bases above 36 tell upper from lower case: digits, a-z, A-Z.
fn digits(text: &str, base: i64) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let known = |c: char| {
        let digit = match c {
            '0'..='9' => c as i64 - '0' as i64,
            'a'..='z' => c as i64 - 'a' as i64 + 10,
            'A'..='Z' if base <= 36 => c as i64 - 'A' as i64 + 10,
            'A'..='Z' => c as i64 - 'A' as i64 + 36,
            _ => return None,
        };
        (digit < base).then_some(digit)
    };
    let each: Vec<i64> = digits.chars().map(known).collect::<Option<_>>()?;
    if each.is_empty() {
        return None;
    }
    let size = match u32::try_from(base) {
        Ok(radix) if radix <= 36 => Number::parse_radix(digits, radix).ok()?,
        _ => each.iter().fold(Number::parse("0").ok()?, |n, digit| n.mul(&base.into()).add(&(*digit).into())),
    };
    Some(if negative && !size.is_zero() { -&size } else { size })
}

fn sum(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    const WHAT: &str = "argument must be list, set, or tuple of number values";
    let rule = |why: String| Failure::Rule(Some(0), why);
    match (a[0].as_slice(), a[0].as_map()) {
        (None, None) => return Err(rule("cannot sum noniterable".into())),
        (Some([]), _) => return Err(rule("cannot sum an empty list".into())),
        (_, Some(items)) if items.is_empty() => return Err(rule("cannot sum an empty list".into())),
        (_, Some(_)) => {
            let got = a[0].ty().friendly();
            return Err(rule(format!("argument must be list, set, or tuple. Received {got}")));
        }
        _ if !a[0].is_wholly_known() => return Ok(Value::unknown(Type::Number)),
        _ => {}
    }
    let mut total: Option<Number> = None;
    let (mut above, mut below) = (false, false);
    for item in a[0].as_slice().unwrap_or_default() {
        let number = convert(item, &Type::Number).map_err(|_| rule(WHAT.into()))?;
        let n = number.as_number().ok_or_else(|| rule(WHAT.into()))?;
        above |= n.is_infinite() && !n.is_negative();
        below |= n.is_infinite() && n.is_negative();
        if above && below {
            return Err(Failure::Rule(None, "can't compute sum of opposing infinities".into()));
        }
        total = Some(total.map_or_else(|| n.clone(), |total| total.add(n)));
    }
    Ok(Value::number(total.unwrap_or_else(|| 0.into())))
}

fn range(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let below = |x: &Number, y: &Number| x.compare(y).is_lt();
    let (start, end) = match a {
        [end] => (0.into(), of(end)),
        [start, end, ..] if a.len() <= 3 => (of(start), of(end)),
        _ => return Err(Failure::Rule(None, "must have one, two, or three arguments".into())),
    };
    let step = a.get(2).map_or_else(|| if below(&end, &start) { (-1).into() } else { 1.into() }, of);
    let down = below(&step, &0.into());
    let last = a.len() - 1;
    if down && below(&start, &end) {
        return Err(Failure::Rule(Some(last), "end must be less than start when step is negative".into()));
    }
    if !down && below(&end, &start) {
        return Err(Failure::Rule(Some(last), "end must be greater than start when step is positive".into()));
    }
    let mut items = Vec::new();
    let mut at = start;
    while if down { below(&end, &at) } else { below(&at, &end) } {
        if items.len() >= 1024 {
            return Err(Failure::Rule(None, "more than 1024 values were generated; either decrease the difference between start and end or use a smaller step".into()));
        }
        items.push(Value::number(at.clone()));
        at = at.add(&step);
    }
    Ok(Value::list(Type::Number, items))
}
