//! Flush heredocs (`<<-`): the common indentation is taken from all lines, those inside of directives included.
//!
//! hcl-edit takes it from the outermost literals only, so the lines are taken from the text again.

use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;
use hcl_edit::template::{Directive, Element, HeredocTemplate, Template};
use hcl_edit::visit_mut::{VisitMut, visit_heredoc_template_mut};
use hcl_edit::{Span, Spanned};

pub(super) fn flush(body: &mut Body, text: &str) {
    if text.contains("<<-") {
        Flush { text }.visit_body_mut(body);
    }
}

pub(super) fn flush_expression(expr: &mut Expression, text: &str) {
    if text.contains("<<-") {
        Flush { text }.visit_expr_mut(expr);
    }
}

struct Flush<'t> {
    text: &'t str,
}

impl VisitMut for Flush<'_> {
    fn visit_heredoc_template_mut(&mut self, node: &mut HeredocTemplate) {
        let begins = node.span().map_or("", |r| self.text.get(r).unwrap_or(""));
        if begins.starts_with("<<-") {
            let mut lines = Lines { text: self.text, least: None };
            lines.measure(&node.template);
            let least = lines.least.unwrap_or(0);
            rewrite(&mut node.template, self.text, least);
        }
        visit_heredoc_template_mut(self, node);
    }
}

struct Lines<'t> {
    text: &'t str,
    least: Option<usize>,
}

impl Lines<'_> {
    fn see(&mut self, indent: usize) {
        self.least = Some(self.least.map_or(indent, |n| n.min(indent)));
    }

    fn measure(&mut self, template: &Template) {
        for element in template {
            match element {
                Element::Literal(literal) => {
                    let Some(range) = literal.span() else { continue };
                    let raw = self.text.get(range.clone()).unwrap_or("");
                    let mut at = range.start;
                    for line in raw.split_inclusive('\n') {
                        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
                        // Blank lines count for nothing, a sequence that follows the blanks does.
                        if starts_line(self.text, at) && !line.trim_start_matches([' ', '\t']).starts_with(['\n', '\r'])
                        {
                            self.see(indent);
                        }
                        at += line.len();
                    }
                }
                other => {
                    if let Some(range) = other.span()
                        && starts_line(self.text, range.start)
                    {
                        self.see(0);
                    }
                    if let Element::Directive(directive) = other {
                        inner(directive).into_iter().for_each(|t| self.measure(t));
                    }
                }
            }
        }
    }
}

fn starts_line(text: &str, at: usize) -> bool {
    at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n')
}

fn inner(directive: &Directive) -> Vec<&Template> {
    match directive {
        Directive::If(d) => {
            std::iter::once(&d.if_expr.template).chain(d.else_expr.as_ref().map(|e| &e.template)).collect()
        }
        Directive::For(d) => vec![&d.for_expr.template],
    }
}

fn rewrite(template: &mut Template, text: &str, indent: usize) {
    let elements: Vec<Element> = std::mem::take(template).into_iter().map(|e| element(e, text, indent)).collect();
    *template = Template::from(elements);
}

fn element(element: Element, text: &str, indent: usize) -> Element {
    match element {
        Element::Literal(literal) => {
            let Some(range) = literal.span() else { return Element::Literal(literal) };
            let mut out = String::new();
            let mut at = range.start;
            for line in text.get(range).unwrap_or("").split_inclusive('\n') {
                let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
                let cut = if starts_line(text, at) { indent.min(blanks) } else { 0 };
                out.push_str(&line[cut..]);
                at += line.len();
            }
            Element::Literal(Spanned::new(out.replace("$${", "${").replace("%%{", "%{")))
        }
        Element::Directive(mut directive) => {
            match &mut *directive {
                Directive::If(d) => {
                    rewrite(&mut d.if_expr.template, text, indent);
                    d.else_expr.iter_mut().for_each(|e| rewrite(&mut e.template, text, indent));
                }
                Directive::For(d) => rewrite(&mut d.for_expr.template, text, indent),
            }
            Element::Directive(directive)
        }
        other => other,
    }
}
