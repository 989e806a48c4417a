//! Functions of IP networks.

use std::net::IpAddr;

use cplan_model::{Number, Type, Value};
use ipnet::IpNet;

use super::number::{of, whole};
use super::{Context, Failure, Function, Outcome, Table, fixed, num, str_of, text};

pub(super) fn table() -> Table {
    let strings = Type::list(Type::String);
    vec![
        ("cidrhost", Function::new([text("prefix"), num("hostnum")], fixed(Type::String), host)),
        ("cidrnetmask", Function::new([text("prefix")], fixed(Type::String), netmask)),
        ("cidrsubnet", Function::new([text("prefix"), num("newbits"), num("netnum")], fixed(Type::String), subnet)),
        ("cidrsubnets", Function::new([text("prefix")], fixed(strings), subnets).variadic(num("newbits"))),
    ]
}

fn parse(value: &Value) -> Result<IpNet, Failure> {
    let text = str_of(value);
    let bad = || Failure::Call(format!("invalid CIDR expression: invalid CIDR address: {text}"));
    let (address, length) = text.split_once('/').ok_or_else(bad)?;
    // Leading zeros are read as decimal, as Terraform does.
    let address = if address.contains(':') {
        address.to_owned()
    } else {
        let parts: Vec<&str> =
            address.split('.').map(|p| p.trim_start_matches('0')).map(|p| if p.is_empty() { "0" } else { p }).collect();
        parts.join(".")
    };
    let address: IpAddr = address.parse().map_err(|_| bad())?;
    IpNet::new(address, length.parse().map_err(|_| bad())?).map(|n| n.trunc()).map_err(|_| bad())
}

/// Width in bits and the address as a number.
fn number(address: IpAddr) -> (u32, u128) {
    match address {
        IpAddr::V4(v4) => (32, u32::from(v4).into()),
        IpAddr::V6(v6) => (128, v6.into()),
    }
}

fn address(bits: u32, n: u128) -> IpAddr {
    if bits == 32 { IpAddr::V4(u32::try_from(n).unwrap_or(u32::MAX).into()) } else { IpAddr::V6(n.into()) }
}

fn host(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let net = parse(&a[0])?;
    let wanted = of(&a[1]);
    let too_many =
        || Failure::Call(format!("prefix of {} does not accommodate a host numbered {wanted}", net.prefix_len()));
    let (bits, base) = number(net.network());
    let free = bits - u32::from(net.prefix_len());
    let size = Number::parse_radix(&format!("1{}", "0".repeat(free as usize)), 2).unwrap_or_else(|_| 0.into());
    let offset = if wanted.is_negative() { size.add(&wanted) } else { wanted.clone() };
    if !wanted.is_integer() {
        return Err(Failure::Argument(1, "value must be a whole number".into()));
    }
    if offset.is_negative() || offset >= size {
        return Err(too_many());
    }
    let offset: u128 = offset.to_string().parse().map_err(|_| too_many())?;
    Ok(Value::string(address(bits, base | offset).to_string()))
}

fn netmask(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    match parse(&a[0])? {
        IpNet::V4(net) => Ok(Value::string(net.netmask().to_string())),
        IpNet::V6(_) => Err("IPv6 addresses cannot have a netmask: ".to_owned().trim_end_matches(": ").into()),
    }
}

fn subnet(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let net = parse(&a[0])?;
    let (newbits, netnum) = (whole(&a[1])?, of(&a[2]));
    let (bits, base) = number(net.network());
    let length = i64::from(net.prefix_len()) + newbits;
    if newbits < 0 {
        return Err(Failure::Argument(1, "must not be negative".into()));
    }
    if length > i64::from(bits) {
        return Err(format!("insufficient address space to extend prefix of {} by {newbits}", net.prefix_len()).into());
    }
    let shift = bits - u32::try_from(length).unwrap_or(bits);
    let fits = netnum.is_integer() && !netnum.is_negative();
    let n: Option<u128> = netnum.to_string().parse().ok().filter(|_| fits);
    let limit = u32::try_from(newbits).unwrap_or(0);
    let n = n.filter(|n| limit >= 128 || *n >> limit == 0).ok_or_else(|| {
        Failure::Call(format!("prefix extension of {newbits} does not accommodate a subnet numbered {netnum}"))
    })?;
    let at = if shift >= 128 { base } else { base | (n << shift) };
    Ok(Value::string(format!("{}/{length}", address(bits, at))))
}

fn subnets(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let net = parse(&a[0])?;
    let (bits, base) = number(net.network());
    let size = |length: u32| if bits - length >= 128 { 0 } else { 1u128 << (bits - length) };
    let prefix = u32::from(net.prefix_len());
    let mut at = base;
    let mut out = Vec::new();
    for (i, wanted) in a.iter().enumerate().skip(1) {
        let newbits = whole(wanted)?;
        if newbits < 1 {
            return Err(Failure::Argument(i, "must extend prefix by at least one bit".into()));
        }
        if newbits > 32 {
            return Err(Failure::Argument(i, "may not extend prefix by more than 32 bits".into()));
        }
        let length = prefix + u32::try_from(newbits).unwrap_or(0);
        if length > bits {
            let kind = if bits == 32 { "IPv4" } else { "IPv6" };
            return Err(Failure::Argument(
                i,
                format!("would extend prefix to {length} bits, which is too long for an {kind} address"),
            ));
        }
        let step = size(length);
        at = at.checked_next_multiple_of(step).unwrap_or(u128::MAX);
        let offset = at.wrapping_sub(base);
        if prefix > 0 && offset.checked_add(step).is_none_or(|end| end > size(prefix)) {
            return Err(Failure::Argument(
                i,
                format!(
                    "not enough remaining address space for a subnet with a prefix of {length} bits after {}",
                    last(&out)
                ),
            ));
        }
        out.push(format!("{}/{length}", address(bits, at)));
        at = at.saturating_add(step);
    }
    Ok(Value::list(Type::String, out.into_iter().map(Value::string)))
}

fn last(out: &[String]) -> &str {
    out.last().map_or("the start", String::as_str)
}
