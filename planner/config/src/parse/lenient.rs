//! What Terraform's parser takes and hcl-edit refuses: an object's key given twice, and numbers beyond those of doubles.
//!
//! Where hcl-edit stops at one of these, the text is changed there to something of the same length that it takes, and
//! the tree is changed back, so that all places stay true.

use std::collections::BTreeMap;
use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::{BinaryOp, BinaryOperator, Conditional, Expression, Object, ObjectKey};
use hcl_edit::parser::Error;
use hcl_edit::structure::Body;
use hcl_edit::visit_mut::{VisitMut, visit_expr_mut, visit_object_mut};

/// How many places of a text are changed at most; each costs one more reading of the text.
const MAX_PATCHES: usize = 256;

/// Parses with `parse`, changing the text where that helps.
pub(super) fn parse<T>(
    text: &str,
    parse: impl Fn(&str) -> Result<T, Error>,
    restore: impl FnOnce(&mut T, &mut dyn Restoring),
) -> Result<T, Error> {
    let error = match parse(text) {
        Ok(tree) => return Ok(tree),
        Err(error) => error,
    };
    let mut patches = Patches { text: text.to_owned(), keys: BTreeMap::new(), numbers: Vec::new() };
    if !patches.add(text, &error) {
        return Err(error);
    }
    for _ in 0..MAX_PATCHES {
        match parse(&patches.text) {
            Ok(mut tree) => {
                restore(&mut tree, &mut Restore { text, patches: &patches, keys: 0 });
                return Ok(tree);
            }
            Err(next) => {
                if !patches.add(text, &next) {
                    return Err(next);
                }
            }
        }
    }
    Err(error)
}

/// A visitor that is given to whoever knows what kind of tree it is.
pub(super) trait Restoring {
    fn body(&mut self, body: &mut Body);
    fn expression(&mut self, expr: &mut Expression);
    fn template(&mut self, template: &mut hcl_edit::template::Template);
}

struct Patches {
    /// The changed text.
    text: String,
    /// Where keys begin that have another name, with the end of what stood there and how often it was renamed.
    keys: BTreeMap<usize, (usize, usize)>,
    /// Numbers that were made zero.
    numbers: Vec<Range<usize>>,
}

impl Patches {
    /// Whether the error is one that a change avoids.
    fn add(&mut self, original: &str, error: &Error) -> bool {
        let at = super::offset(original, error);
        if error.message().contains("redefined object key") {
            return self.key(original, at).is_some();
        }
        let Some(range) = number_at(original, at) else { return false };
        if unreadable_number(original, at).is_some() {
            return false;
        }
        if self.numbers.contains(&range) || original[range.clone()].parse::<f64>().is_ok_and(f64::is_finite) {
            return false;
        }
        let zeros: String = original[range.clone()].chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        self.text.replace_range(range.clone(), &zeros);
        self.numbers.push(range);
        true
    }

    /// Gives the key at an offset a name that no other has.
    fn key(&mut self, original: &str, at: usize) -> Option<()> {
        let (end, tries) = match self.keys.get(&at) {
            Some((end, tries)) => (*end, tries + 1),
            None => (key_end(original, at)?, self.keys.len()),
        };
        let length = end - at;
        let name = other_name(length, tries)?;
        self.text.replace_range(at..end, &format!("{name:length$}"));
        self.keys.insert(at, (end, tries));
        Some(())
    }
}

/// The `n`th name that fits into so many bytes.
fn other_name(length: usize, mut n: usize) -> Option<String> {
    let letters = b"QWXYZJKVUGABCDEFHILMNOPRSTqwxyzjkvugabcdefhilmnoprst_";
    let mut name = String::new();
    for _ in 0..length.min(4) {
        name.push(char::from(letters[n % letters.len()]));
        n /= letters.len();
    }
    (n == 0).then_some(name)
}

/// The end of an object's key that begins at an offset: before `=` or `:`, without the white space before that.
fn key_end(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open: Vec<u8> = Vec::new();
    let mut i = at;
    while i < bytes.len() {
        let quoted = open.last() == Some(&b'"');
        match bytes[i] {
            b'\\' if quoted => i += 1,
            b'"' if quoted => {
                open.pop();
            }
            b'$' | b'%' if quoted && bytes.get(i + 1) == Some(&b'{') => {
                open.push(b'{');
                i += 1;
            }
            _ if quoted => {}
            b @ (b'"' | b'(' | b'[' | b'{') => open.push(b),
            b')' | b']' | b'}' => {
                open.pop()?;
            }
            b'=' | b':' if open.is_empty() => {
                let end = at + text[at..i].trim_end().len();
                return (end > at).then_some(end);
            }
            _ => {}
        }
        i += 1;
    }
    None
}

/// The number literal at an offset, where no number can be made of it.
pub(super) fn unreadable_number(text: &str, at: usize) -> Option<Range<usize>> {
    number_at(text, at).filter(|range| cplan_model::Number::parse(&text[range.clone()]).is_err())
}

/// The number literal that an offset lies in or at the end of.
fn number_at(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let digits = |mut i: usize| {
        while bytes.get(i).is_some_and(u8::is_ascii_digit) {
            i += 1;
        }
        i
    };
    let mut start = at.min(bytes.len());
    while start > 0 && (bytes[start - 1].is_ascii_digit() || bytes[start - 1] == b'.') {
        start -= 1;
    }
    let mut end = digits(start);
    if end == start {
        return None;
    }
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > end + 1 {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = end + 1 + sign;
        if digits(exponent) > exponent {
            end = digits(exponent);
        }
    }
    Some(start..end)
}

struct Restore<'t> {
    text: &'t str,
    patches: &'t Patches,
    /// Counts the keys, so that each differs from the others.
    keys: u64,
}

impl Restoring for Restore<'_> {
    fn body(&mut self, body: &mut Body) {
        self.visit_body_mut(body);
    }

    fn expression(&mut self, expr: &mut Expression) {
        self.visit_expr_mut(expr);
    }

    fn template(&mut self, template: &mut hcl_edit::template::Template) {
        self.visit_template_mut(template);
    }
}

impl Restore<'_> {
    /// The key as it was, in a form that differs from all others: hcl-edit's objects hold a key once only.
    fn key(&mut self, at: usize, end: usize) -> Option<ObjectKey> {
        let padded = format!("{}k={}\n", " ".repeat(at.checked_sub(2)?), &self.text[at..end]);
        let body = hcl_edit::parser::parse_body(&padded).ok()?;
        let key = match body.into_attributes().next()?.value {
            Expression::Variable(name) => Expression::from(name.as_str()),
            key => key,
        };
        self.keys += 1;
        Some(ObjectKey::Expression(Conditional::new(true, key, self.keys).into()))
    }
}

impl VisitMut for Restore<'_> {
    fn visit_object_mut(&mut self, node: &mut Object) {
        let patched = |key: &ObjectKey| Some(key.span()?.start).filter(|at| self.patches.keys.contains_key(at));
        if node.iter().any(|(key, _)| patched(key).is_some()) {
            let items: Vec<_> = node.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
            node.clear();
            for (key, value) in items {
                let at = key.span().map(|range| range.start);
                let range = at.and_then(|at| Some((at, self.patches.keys.get(&at)?.0)));
                let key = range.and_then(|(at, end)| self.key(at, end)).unwrap_or(key);
                node.insert(key, value);
            }
        }
        visit_object_mut(self, node);
    }

    fn visit_expr_mut(&mut self, node: &mut Expression) {
        if let Expression::Number(number) = node
            && let Some(range) = number.span()
            && self.patches.numbers.iter().any(|n| n.start < range.end && range.start < n.end)
        {
            // A number node cannot have the text back, but a text is a number to an operator.
            let text: String = self.text[range].chars().filter(|c| !c.is_whitespace()).collect();
            *node = BinaryOp::new(text, BinaryOperator::Mul, 1).into();
        }
        visit_expr_mut(self, node);
    }
}

#[cfg(test)]
mod tests {
    use crate::parse;
    use cplan_model::SourceId;
    use hcl_edit::Span as _;
    use hcl_edit::expr::Expression;

    #[test]
    fn keys_given_twice_stay_with_their_places() {
        let text = "{ a = 1, b = { a = 2, a = 3 }, a = 4, (\"a\") = 5, \"a\" = 6, \"a\" = 7, é = 8, é = 9 }";
        let expr = parse::expression(text, SourceId(0)).unwrap();
        let Expression::Object(object) = &*expr.tree else { panic!("no object") };
        assert_eq!(object.len(), 8);
        let spans: Vec<_> = object.iter().map(|(_, value)| &text[value.expr().span().unwrap()]).collect();
        assert_eq!(spans, ["1", "{ a = 2, a = 3 }", "4", "5", "6", "7", "8", "9"]);
    }

    #[test]
    fn many_keys_given_twice_are_read() {
        let text = format!("{{ {} }}", "a = 1, ".repeat(40));
        assert!(parse::expression(&text, SourceId(0)).is_ok());
        let text = format!("{{ {} }}", "ab = 1, ".repeat(100));
        assert!(parse::expression(&text, SourceId(0)).is_ok());
    }

    #[test]
    fn numbers_beyond_doubles_are_read() {
        for text in ["1e400", "-1e400", "[1, 1.5e999]", "\"a${2e400}\"", "9e+999 + 1", &"9".repeat(400)] {
            assert!(parse::expression(text, SourceId(0)).is_ok(), "{text}");
        }
    }
}
