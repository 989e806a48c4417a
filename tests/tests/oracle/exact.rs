//! JSON whose numbers keep their digits: `1e2` and `100` differ, and nothing is rounded.

use serde_json::Value as Json;

/// Stands before the digits of a number, which becomes a string.
const NUMBER: char = '\u{2116}';

/// A document with its numbers as written. `None` when it is no JSON.
pub(crate) fn parse(text: &str) -> Option<Json> {
    let mut out = String::with_capacity(text.len() * 2);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                out.push(c);
                while let Some(c) = chars.next() {
                    out.push(c);
                    match c {
                        '\\' => out.extend(chars.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '-' | '0'..='9' => {
                out.push('"');
                out.push(NUMBER);
                out.push(c);
                while let Some(c) = chars.next_if(|c| matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-')) {
                    out.push(c);
                }
                out.push('"');
            }
            c => out.push(c),
        }
    }
    serde_json::from_str(&out).ok()
}

#[test]
fn numbers_keep_their_digits() {
    let json = parse(r#"{"a": [1, -1.50, 1e+20, "2 \" 3"]}"#).unwrap();
    assert_eq!(json, serde_json::json!({"a": ["№1", "№-1.50", "№1e+20", "2 \" 3"]}));
    assert_eq!(parse("not json"), None);
}
