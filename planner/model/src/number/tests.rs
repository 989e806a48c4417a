use super::*;

fn n(text: &str) -> Number {
    Number::parse(text).unwrap()
}

#[test]
fn prints_what_it_parses() {
    for text in ["0", "1", "-1", "0.1", "-2.5", "9223372036854775807", "9223372036854775808", "-9223372036854775808"] {
        assert_eq!(n(text).to_string(), text);
    }
    assert_eq!(n("1e30").to_string(), "1000000000000000000000000000000");
    assert_eq!(n("1.50").to_string(), "1.5");
    for f in [0.1, 2.5e-7, 123_456.789, 1.797_693_134_862_315_7e308, -1e21] {
        assert_eq!(Number::from(f).to_string(), format!("{f}"));
    }
    assert_eq!(Number::from(u64::MAX).to_string(), "18446744073709551615");
}

#[test]
fn computes_with_512_bits() {
    assert_eq!(n("0.1").add(&n("0.2")), n("0.3"));
    assert_eq!(n("1").div(&n("3")).unwrap().mul(&n("3")), n("1"));
    assert_eq!(n("10").div(&n("4")).unwrap().to_string(), "2.5");
    assert_eq!(n("-7.5").rem(&n("2")).to_string(), "-1.5");
    assert_eq!(n("7").rem(&n("0")).to_string(), "7");
    assert_eq!(n("9223372036854775807").add(&n("1")).to_string(), "9223372036854775808");
    assert!(n("0").div(&n("0")).is_none());
}

#[test]
fn what_functions_compute_has_fewer_bits() {
    let (one, three) = (Number::from(1), Number::from(3));
    assert_eq!(one.div(&three).unwrap().to_string(), "0.33333333333333333334");
    assert_eq!(one.div(&n("3")).unwrap(), n("1").div(&n("3")).unwrap());
    let tenth = Number::from(0.1);
    assert_eq!((tenth.clone(), tenth.to_string().as_str()), (n("0.1"), "0.1"));
    assert!(tenth > n("0.1") && tenth.equals(&n("0.1")));
    let shown = "0.3000000000000000166533453693773481063544750213623046875";
    assert_eq!(tenth.mul(&n("3")).to_string(), shown);
    assert_eq!(Number::from(1.0).div(&Number::from(3.0)).unwrap().to_string(), "0.3333333333333333");
    let large = Number::from(1e25);
    assert_eq!(large.to_string(), n("1e25").to_string());
    assert!(!large.equals(&n("1e25")) && large == n("1e25"));
    assert_eq!(large.add(&n("1")).to_string(), "10000000000000000905969665");
    assert_eq!(Number::from(4_052_555_153_018_976_256.0).to_string(), "4052555153018976000");
    // With 53 bits even there, where doubles have fewer.
    assert_eq!(Number::from(5e-324).to_string().trim_start_matches(['0', '.']), "4940656458412465");
}

#[test]
fn zeros_have_signs_and_infinities_their_rules() {
    for (text, printed) in [("-0", "-0"), ("-0.0", "-0"), ("0e99999999999", "0"), ("Inf", "+Inf"), ("-inf", "-Inf")] {
        assert_eq!(n(text).to_string(), printed);
    }
    assert_eq!((n("1e700000000"), n("-1e700000000")), (Number::infinite(false), Number::infinite(true)));
    assert_eq!(n("1.5p3"), n("12"));
    assert_eq!(n("1p-3"), n("0.125"));
    let (zero, negative, inf) = (n("0"), n("-0"), Number::infinite(false));
    assert!(negative != zero && negative < zero && negative.compare(&zero).is_eq());
    for (found, wanted) in [
        (zero.mul(&n("-5")), "-0"),
        (negative.add(&negative), "-0"),
        (negative.add(&zero), "0"),
        (zero.add(&negative), "0"),
        (negative.sub(&zero), "-0"),
        (n("-4").rem(&n("2")), "0"),
        (negative.rem(&n("5")), "-0"),
        (negative.add(&n("5")), "5"),
        (n("2.5").add(&negative), "2.5"),
        (n("5").div(&negative).unwrap(), "-Inf"),
        (n("-1").div(&inf).unwrap(), "-0"),
        (inf.add(&n("1")), "+Inf"),
        (-&inf, "-Inf"),
        (negative.abs(), "0"),
        (inf.floor(), "+Inf"),
    ] {
        assert_eq!(found.to_string(), wanted);
    }
    assert!(inf.div(&inf).is_none() && -&inf < n("-1e400") && inf > n("1e400"));
    assert!(n("1e19000").mul(&n("1e19000")).is_infinite());
}

#[test]
fn rounds_and_orders() {
    assert_eq!(n("-1.5").floor(), n("-2"));
    assert_eq!(n("-1.5").ceil(), n("-1"));
    assert_eq!(n("1.2").ceil(), n("2"));
    assert!(n("-1e40") < n("-1") && n("1e-40") > n("0") && n("1.5") < n("2"));
    assert_eq!(n("255").in_radix(16), "ff");
    assert_eq!(Number::parse_radix("-ff", 16).unwrap(), n("-255"));
}

#[test]
fn refuses_what_is_not_a_number() {
    for text in [
        "",
        "-",
        "a",
        "1.2.3",
        "1e",
        ".",
        "1e500000000",
        "1e9999999999",
        "1e-200000000",
        "0x10",
        "INF",
        "NaN",
        "1p",
        "1e2p3",
    ] {
        assert!(Number::parse(text).is_err(), "{text}");
    }
}
