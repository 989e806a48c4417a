//! Functions of IP networks.

use cplan_model::{Number, Type, Value};

use self::network::Network;
use super::number::{of, whole, whole_at};
use super::{Context, Failure, Function, Outcome, Table, fixed, num, str_of, text};

mod network;

pub(super) fn table() -> Table {
    let strings = Type::list(Type::String);
    vec![
        ("cidrhost", Function::new([text("prefix"), num("hostnum")], fixed(Type::String), host)),
        ("cidrnetmask", Function::new([text("prefix")], fixed(Type::String), netmask)),
        ("cidrsubnet", Function::new([text("prefix"), num("newbits"), num("netnum")], fixed(Type::String), subnet)),
        ("cidrsubnets", Function::new([text("prefix")], fixed(strings), subnets).variadic(num("newbits"))),
    ]
}

fn parse(value: &Value) -> Result<Network, Failure> {
    let text = str_of(value);
    Network::parse(text).ok_or_else(|| Failure::Call(format!("invalid CIDR expression: invalid CIDR address: {text}")))
}

/// Two to a power.
fn power(exponent: u32) -> Number {
    Number::parse_radix(&format!("1{}", "0".repeat(exponent as usize)), 2).unwrap_or_else(|_| 1.into())
}

/// A whole number of any size.
fn whole_number(value: &Value) -> Result<Number, Failure> {
    let n = of(value);
    if n.is_integer() { Ok(n) } else { Err(Failure::Rule(None, "value must be a whole number".into())) }
}

/// A whole number from zero up to below two to a power.
fn within(n: &Number, bits: u32) -> Option<u128> {
    let fits = !n.is_negative() && n.compare(&power(bits)).is_lt();
    n.in_radix(10).parse().ok().filter(|_| fits)
}

/// Negative numbers count from the end.
fn host(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let wanted = whole_number(&a[1])?;
    let net = parse(&a[0])?;
    let free = net.bits - net.length;
    let at = if wanted.is_negative() { power(free).add(&wanted) } else { wanted };
    let offset = within(&at, free)
        .ok_or_else(|| Failure::Call(format!("prefix of {} does not accommodate a host numbered {at}", net.length)))?;
    Ok(Value::string(net.address(net.base | offset).to_string()))
}

fn netmask(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let net = parse(&a[0])?;
    if net.bits > 32 {
        return Err(Failure::Call(format!("IPv6 addresses cannot have a netmask: {}", str_of(&a[0]))));
    }
    Ok(Value::string(net.address(net.mask(net.length)).to_string()))
}

fn subnet(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let (newbits, netnum) = (whole(&a[1])?, whole_number(&a[2])?);
    let net = parse(&a[0])?;
    let length = i64::from(net.length).saturating_add(newbits);
    if length > i64::from(net.bits) {
        return Err(Failure::Call(format!(
            "insufficient address space to extend prefix of {} by {newbits}",
            net.length
        )));
    }
    let Ok(length) = u32::try_from(length) else {
        return Err(Failure::Call(format!("a prefix of {} has no {} bits to give up", net.length, newbits.abs())));
    };
    let number = within(&netnum, u32::try_from(newbits).unwrap_or(0)).ok_or_else(|| {
        Failure::Call(format!("prefix extension of {newbits} does not accommodate a subnet numbered {netnum}"))
    })?;
    let base = net.base | number.checked_shl(net.bits - length).unwrap_or(0);
    Ok(Value::string(net.part(base, length)))
}

/// Networks one after the other, each at the next place where one of its size can begin.
fn subnets(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let net = parse(&a[0]).map_err(|failure| Failure::Argument(0, failure.why().to_owned()))?;
    let mut out: Vec<String> = Vec::new();
    // The end of what lies before the first.
    let mut last = net.base.wrapping_sub(1) & net.mask(net.bits);
    let mut before = String::new();
    for i in 1..a.len() {
        let extension = whole_at(a, i, "")?;
        if extension < 1 {
            return Err(Failure::Rule(Some(i), "must extend prefix by at least one bit".into()));
        }
        if extension > 32 {
            return Err(Failure::Rule(Some(i), "may not extend prefix by more than 32 bits".into()));
        }
        let length = i64::from(net.length) + extension;
        let fits = u32::try_from(length).ok().filter(|length| *length <= net.bits);
        let Some(length) = fits else {
            let kind = if net.bits == 32 { "IPv4" } else { "IPv6" };
            return Err(Failure::Argument(
                i,
                format!("would extend prefix to {length} bits, which is too long for an {kind} address"),
            ));
        };
        if before.is_empty() {
            before = net.part(last & net.mask(length), length);
        }
        let end = last | !net.mask(length) & net.mask(net.bits);
        let next = end.wrapping_add(1) & net.mask(net.bits);
        if next == 0 || next & net.mask(net.length) != net.base {
            return Err(Failure::Argument(
                i,
                format!(
                    "not enough remaining address space for a subnet with a prefix of {length} bits after {before}"
                ),
            ));
        }
        before = net.part(next, length);
        out.push(before.clone());
        last = next | !net.mask(length) & net.mask(net.bits);
    }
    Ok(Value::list(Type::String, out.into_iter().map(Value::string)))
}
