//! Numbers in the verbs' notations, as Go writes them: integers in a base, fractions fixed or with an exponent.

use cplan_model::Number;

use self::decimal::Decimal;
use super::scan::Verb;

mod decimal;

/// `%b`, `%d`, `%o`, `%x` and `%X` of an integer.
pub(super) fn integer(verb: &Verb, n: &Number) -> String {
    let (radix, prefix) = match verb.mode {
        'b' => (2, "0b"),
        'o' => (8, "0"),
        'x' => (16, "0x"),
        'X' => (16, "0X"),
        _ => (10, ""),
    };
    let prefix = if verb.sharp { prefix } else { "" };
    let mut digits = n.abs().in_radix(radix);
    if verb.mode == 'X' {
        digits = digits.to_uppercase();
    }
    if verb.precision == Some(0) && n.is_zero() {
        return String::new();
    }
    let sign = sign(verb, n.is_negative());
    let mut zeros = verb.precision.unwrap_or(0).saturating_sub(digits.len());
    let length = sign.len() + prefix.len() + zeros + digits.len();
    let missing = verb.width.unwrap_or(0).saturating_sub(length);
    let (mut left, mut right) = (0, 0);
    if verb.minus {
        right = missing;
    } else if verb.zero && verb.precision.is_none() {
        zeros = missing;
    } else {
        left = missing;
    }
    format!("{}{sign}{prefix}{}{digits}{}", " ".repeat(left), "0".repeat(zeros), " ".repeat(right))
}

/// `%e`, `%E`, `%f`, `%g` and `%G`.
pub(super) fn float(verb: &Verb, n: &Number) -> String {
    let negative = n.to_string().starts_with('-');
    let sign = match sign(verb, negative) {
        "" if n.is_infinite() => "+",
        sign => sign,
    };
    let size = n.abs();
    let digits = match verb.mode {
        _ if n.is_infinite() => "Inf".to_owned(),
        'f' => Decimal::exact(&size).fixed(verb.precision.unwrap_or(6)),
        'e' | 'E' => {
            let precision = verb.precision.unwrap_or(6);
            let mut decimal = Decimal::exact(&size);
            decimal.round(i64::try_from(precision).unwrap_or(i64::MAX).saturating_add(1));
            decimal.scientific(precision, verb.mode)
        }
        _ => {
            let e = if verb.mode == 'G' { 'E' } else { 'e' };
            verb.precision.map_or_else(|| shortest_digits(&size, e), |precision| general(&size, precision.max(1), e))
        }
    };
    let missing = verb.width.unwrap_or(0).saturating_sub(sign.len() + digits.len());
    if verb.minus {
        format!("{sign}{digits}{}", " ".repeat(missing))
    } else if verb.zero && !n.is_infinite() {
        format!("{sign}{}{digits}", "0".repeat(missing))
    } else {
        format!("{}{sign}{digits}", " ".repeat(missing))
    }
}

/// The fewest digits that tell the number from its neighbours, with an exponent where it is large or small.
pub(super) fn shortest(n: &Number) -> String {
    let sign = if n.to_string().starts_with('-') { "-" } else { "" };
    match n.is_infinite() {
        true if sign.is_empty() => "+Inf".into(),
        true => "-Inf".into(),
        false => format!("{sign}{}", shortest_digits(&n.abs(), 'e')),
    }
}

fn shortest_digits(size: &Number, e: char) -> String {
    let decimal = Decimal::shortest(size);
    let exponent = decimal.point() - 1;
    // From here on, Go writes shortest digits with an exponent.
    if !(-4..6).contains(&exponent) {
        decimal.scientific(usize::try_from(decimal.digits() - 1).unwrap_or(0), e)
    } else {
        let decimals = usize::try_from(decimal.digits() - decimal.point()).unwrap_or(0);
        decimal.fixed(decimals)
    }
}

/// So many significant digits, without zeros at the end.
fn general(size: &Number, precision: usize, e: char) -> String {
    let mut decimal = Decimal::exact(size);
    let mut precision = i64::try_from(precision).unwrap_or(i64::MAX);
    decimal.round(precision);
    let (digits, exponent) = (decimal.digits(), decimal.point() - 1);
    let limit = if precision > digits && digits >= decimal.point() { digits } else { precision };
    if exponent < -4 || exponent >= limit {
        precision = precision.min(digits);
        return decimal.scientific(usize::try_from(precision - 1).unwrap_or(0), e);
    }
    if precision > decimal.point() {
        precision = digits;
    }
    let decimals = usize::try_from(precision - decimal.point()).unwrap_or(0);
    decimal.fixed(decimals)
}

fn sign(verb: &Verb, negative: bool) -> &'static str {
    match (negative, verb.plus, verb.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    }
}
