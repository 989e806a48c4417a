//! A string with sequences (`${}`, `%{}`) to a quoted template.

use std::ops::Range;

use cplan_model::Span;
use hcl_edit::Span as _;
use hcl_edit::template::{Directive, Element, Template};

use super::value::Text;
use super::writer::Writer;

/// Writes a template: its literal parts with the escapes that quotes need, everything else as it is.
pub(super) fn write(writer: &mut Writer<'_>, text: &Text) {
    let parsed = match crate::parse::template(&text.text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let mut diagnostic = crate::parse::template_error(&text.text, &error, writer.source);
            if let Some(label) = &mut diagnostic.primary {
                let at = text.origin(label.span.start as usize..label.span.end as usize);
                label.span = Span::new(writer.source, at.start, at.end.max(at.start + 1));
            }
            writer.diagnostics.push(diagnostic);
            return writer.put("null", text.span.clone());
        }
    };
    let trims = text.text.contains("~}") || text.text.contains("{~");
    let mut literals = Vec::new();
    collect(&parsed, &mut literals);
    writer.put("\"", text.span.start - 1..text.span.start);
    let mut from = 0;
    for literal in literals {
        writer.part(text, from..literal.start);
        from = literal.end;
        writer.lines(text, literal, false, trims);
    }
    writer.part(text, from..text.text.len());
    writer.put("\"", text.span.end..text.span.end + 1);
}

/// The literal parts in the order of the text.
fn collect(template: &Template, into: &mut Vec<Range<usize>>) {
    for element in template {
        match element {
            Element::Literal(literal) => into.extend(literal.span()),
            Element::Interpolation(_) => {}
            Element::Directive(directive) => match &**directive {
                Directive::If(d) => {
                    collect(&d.if_expr.template, into);
                    d.else_expr.iter().for_each(|e| collect(&e.template, into));
                }
                Directive::For(d) => collect(&d.for_expr.template, into),
            },
        }
    }
}
