//! Escapes in the parts of directives (`%{ if }`, `%{ for }`) within quoted strings, which hcl-edit leaves as they are.

use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;
use hcl_edit::template::{Directive, Element, StringTemplate, Template};
use hcl_edit::visit_mut::{VisitMut, visit_string_template_mut};

/// Reads the escapes of a file.
pub(super) fn body(body: &mut Body, text: &str) {
    if text.contains("%{") {
        Escapes.visit_body_mut(body);
    }
}

/// Reads the escapes of an expression.
pub(super) fn expression(expr: &mut Expression, text: &str) {
    if text.contains("%{") {
        Escapes.visit_expr_mut(expr);
    }
}

struct Escapes;

impl VisitMut for Escapes {
    fn visit_string_template_mut(&mut self, template: &mut StringTemplate) {
        template.iter_mut().for_each(parts);
        visit_string_template_mut(self, template);
    }
}

fn parts(element: &mut Element) {
    let Element::Directive(directive) = element else { return };
    match &mut **directive {
        Directive::If(d) => {
            inner(&mut d.if_expr.template);
            d.else_expr.iter_mut().for_each(|e| inner(&mut e.template));
        }
        Directive::For(d) => inner(&mut d.for_expr.template),
    }
}

fn inner(template: &mut Template) {
    for element in template.iter_mut() {
        match element {
            Element::Literal(text) if text.contains('\\') => *text.value_mut() = unescaped(text),
            other => parts(other),
        }
    }
}

/// A text without its escapes; what is none stays.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let code = |digits: usize| {
            let hex = after.get(1..=digits).filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()))?;
            Some((char::from_u32(u32::from_str_radix(hex, 16).ok()?)?, digits + 1))
        };
        let found = match after.chars().next() {
            Some('n') => Some(('\n', 1)),
            Some('r') => Some(('\r', 1)),
            Some('t') => Some(('\t', 1)),
            Some(c @ ('"' | '\\')) => Some((c, 1)),
            Some('u') => code(4),
            Some('U') => code(8),
            _ => None,
        };
        let (c, taken) = found.unwrap_or(('\\', 0));
        out.push(c);
        rest = &after[taken..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn reads_escapes_and_leaves_the_rest() {
        assert_eq!(unescaped(r#"a\"b\n\\n\t\u00e9\U0001F600"#), "a\"b\n\\n\té😀");
        assert_eq!(unescaped(r"\q \u12 \"), r"\q \u12 \");
    }
}
