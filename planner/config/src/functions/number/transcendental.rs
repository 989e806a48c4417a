//! Logarithms and powers of doubles, to the last bit as Go computes them on amd64, because their digits are shown.
//!
//! The logarithm is that of FreeBSD's `e_log.c`; the exponential is Shibata's (Efficient evaluation methods of elementary
//! functions suitable for SIMD computation, ISC'10) with fused multiplications; the power squares its way through the
//! whole part of the exponent.

// The constants are given with the digits of their sources.
#![allow(clippy::excessive_precision, clippy::approx_constant, clippy::unreadable_literal)]

/// The natural logarithm.
pub(super) fn ln(x: f64) -> f64 {
    const LN2_HIGH: f64 = 6.93147180369123816490e-01;
    const LN2_LOW: f64 = 1.90821492927058770002e-10;
    const EVEN: [f64; 4] =
        [6.666666666666735130e-01, 2.857142874366239149e-01, 1.818357216161805012e-01, 1.479819860511658591e-01];
    const ODD: [f64; 3] = [3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01];
    if x.is_nan() || x == f64::INFINITY {
        return x;
    }
    if x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    let (mut fraction, mut exponent) = split(x);
    if fraction < std::f64::consts::SQRT_2 / 2.0 {
        fraction *= 2.0;
        exponent -= 1;
    }
    let (f, k) = (fraction - 1.0, f64::from(exponent));
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let t1 = s2 * (EVEN[0] + s4 * (EVEN[1] + s4 * (EVEN[2] + s4 * EVEN[3])));
    let t2 = s4 * (ODD[0] + s4 * (ODD[1] + s4 * ODD[2]));
    let rest = t1 + t2;
    let half = 0.5 * f * f;
    k * LN2_HIGH - ((half - (s * (half + rest) + k * LN2_LOW)) - f)
}

/// `e^x` of what a power needs: `x` is at most half the logarithm of the largest double.
fn exp(x: f64) -> f64 {
    const LN2_UPPER: f64 = 0.69314718055966295651160180568695068359375;
    const LN2_LOWER: f64 = 0.28235290563031577122588448175013436025525412068e-12;
    const TAYLOR: [f64; 8] = [
        2.4801587301587301587e-5,
        1.9841269841269841270e-4,
        1.3888888888888888889e-3,
        8.3333333333333333333e-3,
        4.1666666666666666667e-2,
        1.6666666666666666667e-1,
        0.5,
        1.0,
    ];
    let exponent = (x * 1.4426950408889634073599246810018920).round_ties_even();
    let x = (-LN2_UPPER).mul_add(exponent, x);
    let x = (-LN2_LOWER).mul_add(exponent, x) * 0.0625;
    let series = TAYLOR[1..].iter().fold(TAYLOR[0], |sum, term| sum.mul_add(x, *term));
    let mut y = x * series;
    for _ in 0..3 {
        y *= y + 2.0;
    }
    y = y.mul_add(y + 2.0, 1.0);
    scale(y, exponent as i64)
}

/// `x^y`
pub(super) fn power(x: f64, y: f64) -> f64 {
    let odd = |y: f64| y.abs() < 9_007_199_254_740_992.0 && y % 2.0 != 0.0 && y.trunc() == y;
    if y == 0.0 || x == 1.0 {
        return 1.0;
    }
    if y == 1.0 || x.is_nan() {
        return x;
    }
    if y.is_nan() {
        return y;
    }
    if x == 0.0 {
        let small = if y < 0.0 { f64::INFINITY } else { 0.0 };
        return if odd(y) { small.copysign(x) } else { small };
    }
    if y.is_infinite() {
        return match (x == -1.0, (x.abs() < 1.0) == (y > 0.0)) {
            (true, _) => 1.0,
            (_, true) => 0.0,
            _ => f64::INFINITY,
        };
    }
    if x == f64::NEG_INFINITY {
        return power(1.0 / x, -y);
    }
    if x == f64::INFINITY {
        return if y < 0.0 { 0.0 } else { x };
    }
    if y == 0.5 {
        return x.sqrt();
    }
    if y == -0.5 {
        return 1.0 / x.sqrt();
    }
    let (mut whole, mut fraction) = (y.abs().trunc(), y.abs().fract());
    if fraction != 0.0 && x < 0.0 {
        return f64::NAN;
    }
    if whole >= 9.223372036854775808e18 {
        return match (x == -1.0, (x.abs() < 1.0) == (y > 0.0)) {
            (true, _) => 1.0,
            (_, true) => 0.0,
            _ => f64::INFINITY,
        };
    }
    let (mut result, mut shift) = (1.0, 0i64);
    if fraction != 0.0 {
        if fraction > 0.5 {
            fraction -= 1.0;
            whole += 1.0;
        }
        result = exp(fraction * ln(x));
    }
    let (mut square, exponent) = split(x);
    let mut exponent = i64::from(exponent);
    let mut bits = whole as i64;
    while bits != 0 {
        if exponent.abs() > 1 << 12 {
            // Already beyond all doubles.
            shift += exponent;
            break;
        }
        if bits & 1 == 1 {
            result *= square;
            shift += exponent;
        }
        square *= square;
        exponent <<= 1;
        if square < 0.5 {
            square += square;
            exponent -= 1;
        }
        bits >>= 1;
    }
    if y < 0.0 {
        result = 1.0 / result;
        shift = -shift;
    }
    scale(result, shift)
}

/// A fraction from a half up to one and the exponent of two that make up the double.
fn split(x: f64) -> (f64, i32) {
    let (x, lift) = if x.abs() < f64::MIN_POSITIVE { (x * (1u64 << 52) as f64, -52) } else { (x, 0) };
    let bits = x.to_bits();
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0) - 1022;
    (f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52), exponent + lift)
}

/// `x * 2^exponent`, rounded once.
fn scale(x: f64, exponent: i64) -> f64 {
    let (fraction, e) = split(x);
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let exponent = i64::from(e) + exponent;
    let two = |e: i64| f64::from_bits(u64::try_from(e + 1023).unwrap_or(0) << 52);
    match exponent {
        1025.. => f64::INFINITY.copysign(x),
        -1021..=1024 => fraction * 2.0 * two(exponent - 1),
        -1080..-1021 => fraction * two(exponent + 120) * two(-120),
        _ => 0.0f64.copysign(x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_and_logarithms_have_the_digits_of_go() {
        assert_eq!(power(1.1, 10.0), 2.593742460100002);
        assert_eq!(power(2.0, -1074.0), f64::from_bits(1));
        assert_eq!(power(2.0, 1024.0), f64::INFINITY);
        assert_eq!(power(10.0, 308.0), 1.0000000000000006e308);
        assert_eq!(power(2.5, 3.7), 29.67413253642086);
        assert_eq!(power(7.0, -0.3), 0.5577898253032461);
        assert_eq!(power(123.456, 12.34), 6.44555870280882e25);
        assert_eq!(power(0.1, 0.7), 0.19952623149688797);
        assert_eq!(power(3.0, -650.0), 7.433347434967e-311);
        assert_eq!(power(1.000_000_1, 1e9), 2.688103843211962e43);
        assert_eq!(ln(10.0) / ln(7.0), 1.1832946624549385);
        assert_eq!(ln(1e30) / ln(10.0), 29.999999999999996);
        assert!(power(-8.0, 0.5).is_nan() && ln(-1.0).is_nan());
    }
}
