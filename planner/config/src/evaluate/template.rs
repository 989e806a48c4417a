//! Templates: literals, interpolations, `%{if}`, `%{for}` and the `~` that trims.

use std::sync::Arc;

use cplan_model::{Diagnostic, Diagnostics, Marks, Refinement, Type, Value, convert};
use hcl_edit::expr::Expression;
use hcl_edit::template::{Directive, Element, ForDirective, IfDirective, StringTemplate, Strip, Template};

use super::Evaluator;
use crate::functions::graphemes;

/// Text on its way.
#[derive(Default)]
struct Text {
    known: String,
    /// Something unknown came; `known` is what stood before it.
    open: bool,
    marks: Marks,
}

impl Text {
    fn push(&mut self, text: &str) {
        if !self.open {
            self.known.push_str(text);
        }
    }

    /// Of a part that is not wholly known, what is known does not count.
    fn append(&mut self, other: Text) {
        if !other.open {
            self.push(&other.known);
        }
        self.open |= other.open;
        self.marks = self.marks | other.marks;
    }

    fn value(self) -> Value {
        let value = if self.open {
            let prefix = safe_prefix(&self.known);
            Value::refined(Type::String, Refinement { not_null: true, prefix, ..Refinement::default() })
        } else {
            Value::string(self.known)
        };
        value.mark(self.marks)
    }
}

/// What `~` trims at most: HCL's parser trims the token beside the marker.
#[derive(Clone, Copy)]
enum Pieces {
    /// In quotes: all of the text between two sequences.
    Whole,
    /// In heredocs and template files: what stands on one line, with its end.
    Lines,
}

impl Pieces {
    fn trimmed(self, text: &str, left: bool, right: bool) -> String {
        let mut pieces: Vec<&str> = match self {
            Pieces::Whole => vec![text],
            Pieces::Lines => text.split_inclusive('\n').collect(),
        };
        if let Some(first) = pieces.first_mut().filter(|_| left) {
            *first = first.trim_start();
        }
        if let Some(last) = pieces.last_mut().filter(|_| right) {
            *last = last.trim_end();
        }
        pieces.concat()
    }
}

impl Evaluator<'_> {
    pub(super) fn string_template(&mut self, template: &StringTemplate) -> Value {
        self.template_value(template, Pieces::Whole)
    }

    pub(super) fn template(&mut self, template: &Template) -> Value {
        self.template_value(template, Pieces::Lines)
    }

    fn template_value(&mut self, template: &Template, pieces: Pieces) -> Value {
        // A lone interpolation is its value, whatever its type.
        if let Some(Element::Interpolation(lone)) = template.as_single_element() {
            return self.eval(&lone.expr);
        }
        self.elements(template, pieces, false, false).value()
    }

    /// `trim_start`, `trim_end`: markers around this template ask for it.
    fn elements(&mut self, template: &Template, pieces: Pieces, trim_start: bool, trim_end: bool) -> Text {
        let mut out = Text::default();
        let elements: Vec<&Element> = template.iter().collect();
        for (i, element) in elements.iter().enumerate() {
            match element {
                Element::Literal(text) => {
                    let left = if i == 0 { trim_start } else { trims_after(elements[i - 1]) };
                    let right = elements.get(i + 1).map_or(trim_end, |next| trims_before(next));
                    match (left, right) {
                        (false, false) => out.push(text),
                        _ => out.push(&pieces.trimmed(text, left, right)),
                    }
                }
                Element::Interpolation(part) => {
                    let value = self.eval(&part.expr);
                    let text = self.part(&part.expr, &value);
                    out.append(text);
                }
                Element::Directive(directive) => {
                    let text = match &**directive {
                        Directive::If(directive) => self.if_directive(directive, pieces),
                        Directive::For(directive) => self.for_directive(directive, pieces),
                    };
                    out.append(text);
                }
            }
        }
        out
    }

    /// The text of an interpolated value.
    fn part(&mut self, expr: &Expression, value: &Value) -> Text {
        let marks = value.marks();
        let open = || Text { open: true, marks, ..Text::default() };
        let what = if value.is_null() {
            "The expression result is null. Cannot include a null value in a string template.".to_owned()
        } else if !value.is_known() {
            return open();
        } else {
            match convert(value, &Type::String) {
                Ok(text) => {
                    let known = text.as_str().unwrap_or_default().to_owned();
                    return Text { known, open: false, marks };
                }
                Err(error) => format!("Cannot include the given value in a string template: {}.", error.message),
            }
        };
        let span = self.span(expr);
        self.diagnostics.push(
            Diagnostic::error("invalid-interpolation", "Invalid template interpolation value", what)
                .remedy("Make a string of it, for instance with join(), jsonencode() or coalesce().")
                .at(span),
        );
        open()
    }

    /// A conditional between two texts.
    fn if_directive(&mut self, directive: &IfDirective, pieces: Pieces) -> Text {
        let (yes, end) = (&directive.if_expr, &directive.endif_expr);
        let after_yes = directive.else_expr.as_ref().map_or(end.strip, |e| e.strip);
        let outer = std::mem::take(&mut self.diagnostics);
        let text = self.elements(&yes.template, pieces, yes.strip.strip_end(), after_yes.strip_start());
        let wrong = std::mem::take(&mut self.diagnostics);
        let other = directive.else_expr.as_ref().map_or_else(Text::default, |no| {
            self.elements(&no.template, pieces, no.strip.strip_end(), end.strip.strip_start())
        });
        let other_wrong = std::mem::replace(&mut self.diagnostics, outer);
        let value = self.eval(&yes.cond_expr);
        let marks = value.marks() | text.marks | other.marks;
        let (mut text, wrong) = match self.verdict(&yes.cond_expr, &value) {
            Some(true) => (text, wrong),
            Some(false) => (other, other_wrong),
            None => (Text { open: true, ..Text::default() }, Diagnostics::new()),
        };
        self.diagnostics.extend(wrong);
        text.marks = marks;
        text
    }

    /// Whether a condition holds; `None` where it is unknown or wrong.
    fn verdict(&mut self, expr: &Expression, value: &Value) -> Option<bool> {
        let (id, summary, what) = if value.is_null() {
            let what = "The condition value is null. Conditions must either be true or false.";
            ("null-condition", "Null condition", what)
        } else if !value.is_known() {
            return None;
        } else {
            match convert(value, &Type::Bool) {
                Ok(value) => return value.as_bool(),
                Err(_) => {
                    let what = "The condition expression must be of type bool.";
                    ("incorrect-condition", "Incorrect condition type", what)
                }
            }
        };
        let span = self.span(expr);
        self.diagnostics.push(
            Diagnostic::error(id, summary, what)
                .remedy("Compare the value with something, so that the condition is true or false.")
                .at(span),
        );
        None
    }

    fn for_directive(&mut self, directive: &ForDirective, pieces: Pieces) -> Text {
        let (intro, end) = (&directive.for_expr, &directive.endfor_expr);
        let collection = self.eval(&intro.collection_expr);
        let mut text = Text { marks: collection.marks(), ..Text::default() };
        let Some(pairs) = self.pairs(&intro.collection_expr, &collection) else {
            text.open = true;
            return text;
        };
        let height = self.locals.len();
        let (before, mut failed) = (self.diagnostics.told(), 0);
        for (key, value) in pairs {
            if let Some(name) = &intro.key_var {
                self.locals.push((name.as_str().into(), key));
            }
            self.locals.push((intro.value_var.as_str().into(), value));
            let item = self.elements(&intro.template, pieces, intro.strip.strip_end(), end.strip.strip_start());
            text.append(item);
            self.locals.truncate(height);
            if text.known.len() > super::MAX_SIZE {
                self.exhausted(format!("The text is longer than {} bytes.", super::MAX_SIZE));
            }
            failed += usize::from(self.diagnostics.told() > before);
            if self.fatal || failed > super::iterate::ENOUGH {
                text.open = true;
                break;
            }
        }
        text
    }
}

/// What of a text stays as it is, whatever follows it: combining signs could change its last character, unless that is
/// one of those that delimit.
pub(crate) fn safe_prefix(text: &str) -> Option<Arc<str>> {
    let mut end = text.len().min(128);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let known = cplan_model::normalized(text[..end].into());
    let last = graphemes(&known).next_back()?;
    let delimits = last.len() == 1 && "-_:;/\\,.(){}[]|?!~ \t@#$%^&*+\"'".contains(last);
    let known = if delimits { &*known } else { &known[..known.len() - last.len()] };
    (!known.is_empty()).then(|| known.into())
}

/// Whether an element's closing marker trims what follows.
fn trims_after(element: &Element) -> bool {
    strips(element).1.strip_end()
}

/// Whether an element's opening marker trims what stands before.
fn trims_before(element: &Element) -> bool {
    strips(element).0.strip_start()
}

fn strips(element: &Element) -> (Strip, Strip) {
    match element {
        Element::Literal(_) => (Strip::None, Strip::None),
        Element::Interpolation(part) => (part.strip, part.strip),
        Element::Directive(directive) => match &**directive {
            Directive::If(d) => (d.if_expr.strip, d.endif_expr.strip),
            Directive::For(d) => (d.for_expr.strip, d.endfor_expr.strip),
        },
    }
}
