//! What `terraform fmt` writes in another way: an argument that is nothing but one interpolation, types in quotes, labels
//! without quotes.

use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{BlockLabel, Body};
use hcl_edit::template::Element;

/// The text with these rewritten; `body` is its tree.
pub(super) fn rewrite(text: &str, body: &Body) -> String {
    let mut edits = Vec::new();
    collect(text, body, false, &mut edits);
    edits.sort_by_key(|(range, _)| range.start);
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (range, new) in edits {
        let (Some(before), true) = (text.get(at..range.start), range.start >= at) else { continue };
        out.push_str(before);
        out.push_str(&new);
        at = range.end;
    }
    out + text.get(at..).unwrap_or_default()
}

fn collect(text: &str, body: &Body, in_variable: bool, edits: &mut Vec<(Range<usize>, String)>) {
    for attribute in body.attributes() {
        let Some(range) = attribute.value.span() else { continue };
        let new = if in_variable && attribute.has_key("type") {
            full_type(&attribute.value)
        } else {
            unwrapped(text, &attribute.value)
        };
        edits.extend(new.map(|new| (range, new)));
    }
    for block in body.blocks() {
        // Of comments before a label nothing stays.
        let ends = [block.ident.span()].into_iter().chain(block.labels.iter().map(hcl_edit::Span::span));
        for (one, label) in ends.zip(&block.labels) {
            if let (Some(one), Some(label)) = (one, label.span()) {
                edits.push((one.end..label.start, " ".to_owned()));
            }
        }
        for label in &block.labels {
            if let (BlockLabel::Ident(name), Some(range)) = (label, label.span()) {
                edits.push((range, format!("\"{}\"", name.as_str())));
            }
        }
        collect(text, &block.body, block.has_ident("variable"), edits);
    }
}

/// `"string"` is `string`; a collection of what is not said is one of strings in quotes, and of anything without.
fn full_type(expr: &Expression) -> Option<String> {
    let new = match expr {
        Expression::String(name) => match name.as_str() {
            "string" => "string",
            "list" => "list(string)",
            "map" => "map(string)",
            _ => return None,
        },
        Expression::Variable(name) => match name.as_str() {
            "list" => "list(any)",
            "map" => "map(any)",
            "set" => "set(any)",
            _ => return None,
        },
        _ => return None,
    };
    Some(new.to_owned())
}

/// `"${x}"` is `x`; over several lines it needs parentheses.
fn unwrapped(text: &str, expr: &Expression) -> Option<String> {
    let Expression::StringTemplate(template) = expr else { return None };
    let mut elements = template.iter();
    let (Some(Element::Interpolation(_)), None) = (elements.next(), elements.next()) else { return None };
    let inner = text.get(template.span()?)?.strip_prefix("\"${")?.strip_suffix("}\"")?;
    let inner = inner.strip_prefix('~').unwrap_or(inner);
    let inner = inner.strip_suffix('~').unwrap_or(inner).trim();
    let whole = inner.starts_with('(') && inner.ends_with(')');
    Some(if inner.contains('\n') && !whole { format!("({inner})") } else { inner.to_owned() })
}
