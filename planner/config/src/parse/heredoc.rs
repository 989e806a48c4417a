//! Flush heredocs (`<<-`): the indentation that all lines share is taken from them.
//!
//! hcl-edit takes it from the outermost literals only, so the lines are taken from the text again. What counts as a
//! line is what HCL's parser counts: it trims (`~`) first, so a line whose predecessor lost its line end is none.

use std::collections::HashSet;
use std::ops::Range;

use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;
use hcl_edit::template::{Directive, Element, HeredocTemplate, Strip, Template};
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
            let mut lines = Lines { text: self.text, fresh: true, trims: false, least: None, starts: HashSet::new() };
            lines.measure(&node.template, Strip::None);
            lines.rewrite(&mut node.template);
        }
        visit_heredoc_template_mut(self, node);
    }
}

struct Lines<'t> {
    text: &'t str,
    /// What comes next begins a line.
    fresh: bool,
    /// What stood last trims what comes next.
    trims: bool,
    /// The least indentation, in characters.
    least: Option<usize>,
    /// Where the lines begin that the indentation is taken from.
    starts: HashSet<usize>,
}

impl Lines<'_> {
    /// `next`: the marker after this template.
    fn measure(&mut self, template: &Template, next: Strip) {
        let elements: Vec<&Element> = template.iter().collect();
        for (i, element) in elements.iter().enumerate() {
            match element {
                Element::Literal(literal) => {
                    let trimmed = elements.get(i + 1).map_or(next, |e| opening(e)).strip_start();
                    self.literal(literal.span().unwrap_or(0..0), trimmed);
                }
                Element::Interpolation(part) => self.marker(part.strip),
                Element::Directive(directive) => match &**directive {
                    Directive::If(d) => {
                        self.marker(d.if_expr.strip);
                        let end = d.endif_expr.strip;
                        self.measure(&d.if_expr.template, d.else_expr.as_ref().map_or(end, |e| e.strip));
                        if let Some(otherwise) = &d.else_expr {
                            self.marker(otherwise.strip);
                            self.measure(&otherwise.template, end);
                        }
                        self.marker(end);
                    }
                    Directive::For(d) => {
                        self.marker(d.for_expr.strip);
                        self.measure(&d.for_expr.template, d.endfor_expr.strip);
                        self.marker(d.endfor_expr.strip);
                    }
                },
            }
        }
    }

    fn see(&mut self, indent: usize) {
        self.least = Some(self.least.map_or(indent, |n| n.min(indent)));
    }

    fn marker(&mut self, strip: Strip) {
        if std::mem::take(&mut self.fresh) {
            self.see(0);
        }
        self.trims = strip.strip_end();
    }

    fn literal(&mut self, range: Range<usize>, trimmed: bool) {
        for line in lines(self.text, range.clone()) {
            let mut rest = &self.text[line.clone()];
            if std::mem::take(&mut self.trims) {
                rest = rest.trim_start();
            }
            if trimmed && line.end == range.end {
                rest = rest.trim_end();
            }
            let blank = rest.trim_start().is_empty() && rest.ends_with('\n');
            if std::mem::take(&mut self.fresh) && !blank {
                self.see(indentation(rest));
                self.starts.insert(line.start);
            }
            self.fresh = rest.ends_with('\n');
        }
    }

    fn rewrite(&self, template: &mut Template) {
        let elements: Vec<Element> = std::mem::take(template).into_iter().map(|e| self.element(e)).collect();
        *template = Template::from(elements);
    }

    fn element(&self, element: Element) -> Element {
        match element {
            Element::Literal(literal) => {
                let Some(range) = literal.span() else { return Element::Literal(literal) };
                let mut out = String::new();
                for line in lines(self.text, range) {
                    let cut = if self.starts.contains(&line.start) { self.least.unwrap_or(0) } else { 0 };
                    out.extend(self.text[line].chars().skip(cut));
                }
                Element::Literal(Spanned::new(out.replace("$${", "${").replace("%%{", "%{")))
            }
            Element::Directive(mut directive) => {
                match &mut *directive {
                    Directive::If(d) => {
                        self.rewrite(&mut d.if_expr.template);
                        d.else_expr.iter_mut().for_each(|e| self.rewrite(&mut e.template));
                    }
                    Directive::For(d) => self.rewrite(&mut d.for_expr.template),
                }
                Element::Directive(directive)
            }
            other => other,
        }
    }
}

/// The lines of a range of the text, with their ends.
fn lines(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = range.start;
    text.get(range).unwrap_or("").split_inclusive('\n').map(move |line| {
        let begin = at;
        at += line.len();
        begin..at
    })
}

fn indentation(line: &str) -> usize {
    line.chars().take_while(|c| c.is_whitespace()).count()
}

/// The marker with which an element begins.
fn opening(element: &Element) -> Strip {
    match element {
        Element::Literal(_) => Strip::None,
        Element::Interpolation(part) => part.strip,
        Element::Directive(directive) => match &**directive {
            Directive::If(d) => d.if_expr.strip,
            Directive::For(d) => d.for_expr.strip,
        },
    }
}
