use cplan_model::SourceId;

/// As terraform sums up each, which stands in an argument of a block.
const CASES: &[(&str, &str)] = &[
    ("{ a = 1 b = 2 }", "Missing attribute separator"),
    ("[1 2]", "Missing item separator"),
    ("{ a }", "Missing key/value separator"),
    ("{ a b = 1 }", "Missing key/value separator"),
    ("{ for = 1 }", "Invalid 'for' expression"),
    ("{ for x in [1] : x }", "Invalid 'for' expression"),
    ("[for x in [1] : x => x]", "Invalid 'for' expression"),
    ("[for x in [1]]", "Invalid 'for' expression"),
    ("[for x.y in [1] : 1]", "Invalid 'for' expression"),
    ("[for x in [1] : x...]", "Invalid 'for' expression"),
    ("upper \"a\"", "Missing newline after argument"),
    ("upper(\"a\" \"b\")", "Missing argument separator"),
    ("upper(\"a\",,)", "Invalid expression"),
    ("max(...)", "Invalid expression"),
    ("max([1]..., 2)", "Missing closing parenthesis"),
    ("1 ? 2", "Missing false expression in conditional"),
    ("1 = 2", "Missing newline after argument"),
    ("1,2", "Unexpected comma after argument"),
    ("1e", "Missing newline after argument"),
    ("1]", "Missing newline after argument"),
    ("local.a.", "Invalid attribute name"),
    ("local.a[0, 1]", "Missing close bracket on index"),
    ("1 ^ 2", "Unsupported operator"),
    ("1 @ 2", "Invalid character"),
    ("'a'", "Invalid character"),
    ("<<", "Invalid expression"),
    ("\"\\u12\"", "Invalid escape sequence"),
    ("\"${1 2}\"", "Extra characters after interpolation expression"),
    ("\"%{ for x }a%{ endfor }\"", "Invalid 'for' directive"),
    ("\"%{ if true }a%{ else }b%{ else }c%{ endif }\"", "Unexpected else directive"),
    ("\"%{ for x in [1] }a%{ else }b%{ endfor }\"", "Unexpected else directive"),
    ("\"%{ else }\"", "Unexpected else directive"),
    ("\"%{ endif }\"", "Unexpected endif directive"),
    ("\"%{ if true }a%{ endfor }\"", "Unexpected endfor directive"),
    ("\"%{ foo }\"", "Invalid template control keyword"),
    ("\"%{}\"", "Invalid template directive"),
    ("\"a", "Unterminated template string"),
];

#[test]
fn what_is_being_written_is_named() {
    for (expression, summary) in CASES {
        let text = format!("output \"o\" {{\n  value = {expression}\n}}\n");
        let (_, diagnostics) = crate::parse::body(&text, SourceId(0));
        let found: Vec<&str> = diagnostics.iter().map(|d| d.summary.as_ref()).collect();
        assert!(found.contains(summary), "{expression}: {found:?}");
    }
}

/// A file that is no configuration at all is not told mistake by mistake.
#[test]
fn of_very_many_mistakes_the_first_are_told() {
    for piece in ["\"a\n", "a = 1 b = 2\n", "\u{201c}", "resource \"a\" \"b\" {\n  x =\n}\n", "a = [for= 1]\n"] {
        let (_, found) = crate::parse::body(&piece.repeat(2_000), SourceId(0));
        assert!((1..2 * crate::parse::MAX_ERRORS).contains(&found.len()), "{piece:?}: {}", found.len());
    }
}
