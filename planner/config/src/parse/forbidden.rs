//! What hcl-edit takes and Terraform's parser refuses.

use cplan_model::{Diagnostic, Diagnostics, SourceId, Span};
use hcl_edit::Span as _;
use hcl_edit::expr::{Array, Expression, Object, ObjectKey};
use hcl_edit::structure::Body;
use hcl_edit::template::{Element, StringTemplate};
use hcl_edit::visit::{Visit, visit_array, visit_expr, visit_object, visit_string_template};

/// Of a whole file.
pub(super) fn body(body: &Body, text: &str, source: SourceId) -> Diagnostics {
    let mut check = Check { text, source, found: Diagnostics::new() };
    if suspicious(text) {
        check.visit_body(body);
    }
    check.found
}

/// Of one expression.
pub(super) fn expression(expr: &Expression, text: &str, source: SourceId) -> Diagnostics {
    let mut check = Check { text, source, found: Diagnostics::new() };
    if suspicious(text) {
        check.visit_expr(expr);
    }
    check.found
}

/// Whether a closer look is needed at all: lines with a quote too many, or `for` behind a bracket without a name.
fn suspicious(text: &str) -> bool {
    let odd = |line: &str| {
        let bytes = line.as_bytes();
        let open = |i: &usize| bytes[*i] == b'"' && (*i == 0 || bytes[*i - 1] != b'\\');
        (0..bytes.len()).filter(open).count() % 2 == 1
    };
    let keyword = |(at, _): (usize, &str)| {
        text[..at].trim_end().ends_with(['{', '['])
            && text[at + 3..].trim_start().starts_with(['=', ':', '.', ',', ']'])
    };
    text.contains("for") && text.match_indices("for").any(keyword) || text.lines().any(odd)
}

struct Check<'t> {
    text: &'t str,
    source: SourceId,
    found: Diagnostics,
}

impl Check<'_> {
    fn line_end(&mut self, range: Option<std::ops::Range<usize>>) {
        let Some(range) = range else { return };
        if let Some(at) = self.text.get(range.clone()).and_then(|text| text.find('\n')) {
            let span = Span::new(self.source, range.start, range.start + at);
            self.found.push(
                Diagnostic::error(
                    "multi-line-string",
                    "Invalid multi-line string",
                    "Quoted strings may not be split over multiple lines.",
                )
                .remedy("Write `\\n` for the line end, or use a heredoc (`<<EOT`).")
                .at(span),
            );
        }
    }

    fn keyword(&mut self, range: Option<std::ops::Range<usize>>) {
        let range = range.unwrap_or(0..0);
        self.found.push(
            Diagnostic::error(
                "for-without-name",
                "Invalid 'for' expression",
                "Behind a bracket, `for` begins a 'for' expression, but no variable name follows.",
            )
            .remedy("Put a key of that name in quotes, or write `for NAME in COLLECTION :`.")
            .at(Span::new(self.source, range.start, range.start + 3)),
        );
    }
}

impl Visit for Check<'_> {
    fn visit_expr(&mut self, node: &Expression) {
        if let Expression::String(text) = node {
            self.line_end(text.span());
        }
        visit_expr(self, node);
    }

    fn visit_string_template(&mut self, node: &StringTemplate) {
        for element in node {
            if let Element::Literal(text) = element {
                self.line_end(text.span());
            }
        }
        visit_string_template(self, node);
    }

    fn visit_object(&mut self, node: &Object) {
        if let Some((ObjectKey::Ident(name), _)) = node.iter().next()
            && name.as_str() == "for"
        {
            self.keyword(name.span());
        }
        visit_object(self, node);
    }

    fn visit_array(&mut self, node: &Array) {
        let first = match node.get(0) {
            Some(Expression::Variable(name)) => Some(name),
            Some(Expression::Traversal(traversal)) => match &traversal.expr {
                Expression::Variable(name) => Some(name),
                _ => None,
            },
            _ => None,
        };
        if let Some(name) = first.filter(|name| name.as_str() == "for") {
            self.keyword(name.span());
        }
        visit_array(self, node);
    }
}

#[cfg(test)]
mod tests {
    use crate::parse;
    use cplan_model::SourceId;

    #[test]
    fn refuses_what_terraform_refuses() {
        for (text, id) in [
            ("\"a\nb\"", "multi-line-string"),
            ("[\"a${1}\nb\"]", "multi-line-string"),
            ("{ for= 1 }", "for-without-name"),
            ("[for.x]", "for-without-name"),
        ] {
            assert_eq!(parse::expression(text, SourceId(0)).unwrap_err().id, id, "{text}");
        }
        for text in
            ["\"a${\n1}b\"", "<<E\n\"\na\nE", "{ a = 1, for = 2 }", "{ \"for\" = 1 }", "[for x in [] : x]", "\"\\\"\""]
        {
            assert!(parse::expression(text, SourceId(0)).is_ok(), "{text}");
        }
    }
}
