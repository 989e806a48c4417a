//! An expression that was typed and stands in no file, as on the console.

use cplan_model::{Diagnostic, Diagnostics, SourceId, Span};
use hcl_edit::expr::{Expression, FuncCall};

use crate::{Expr, Module, Schemas, validate};

/// The expression of a text; comments and space before and behind it do not count.
///
/// # Errors
/// Where it is none, or more than one.
pub fn expression(text: &str, source: SourceId) -> Result<Expr, Box<Diagnostic>> {
    let text = text.trim_end();
    if blank(text) {
        let what = "Expected the start of an expression, but found the end of the input.";
        let diagnostic = Diagnostic::error("syntax", "Missing expression", what)
            .remedy("Write an expression, such as `1 + 1` or `local.name`.");
        return Err(Box::new(diagnostic.at(Span::new(source, 0, text.len()))));
    }
    let start = leading(text);
    if start > 0 {
        return begins_later(text, start, source);
    }
    crate::parse::expression(text, source).or_else(|error| {
        let stopped = error.primary.as_ref().map_or(0, |label| label.span.start as usize);
        match (text.get(..stopped), text.get(stopped..)) {
            (Some(head), Some(rest)) if stopped > 0 && blank(rest) => {
                crate::parse::expression(head.trim_end(), source).map_err(|_| error)
            }
            _ => Err(error),
        }
    })
}

/// The expression that begins at byte `start` of a text, after space and comments. hcl-edit takes neither at the start of a
/// text, but does within parentheses, and with those every place stays what it is.
fn begins_later(text: &str, start: usize, source: SourceId) -> Result<Expr, Box<Diagnostic>> {
    // Without them, too, it must be one expression.
    expression(&text[start..], source).map_err(|mut error| {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        for label in error.primary.iter_mut().chain(&mut error.labels) {
            label.span = Span { start: label.span.start + start, end: label.span.end + start, ..label.span };
        }
        error
    })?;
    let within = format!("({}{}\n)", " ".repeat(start - 1), &text[start..]);
    let expr = crate::parse::expression(&within, source)?;
    Ok(match &*expr.tree {
        Expression::Parenthesis(inner) => Expr::new(inner.inner(), source),
        _ => expr,
    })
}

/// Static mistakes of an expression that stands in a module outside of every block: what it names must be declared.
pub fn validate_expression(module: &Module, expr: &Expr, schemas: &dyn Schemas) -> Diagnostics {
    validate::expression(module, expr, schemas)
}

impl Expr {
    /// The only argument, if the whole expression, parentheses aside, is a call of the function with just one.
    pub fn only_argument_of(&self, function: &str) -> Option<Expr> {
        let call = self.call_of(function)?;
        match call.args.iter().collect::<Vec<_>>()[..] {
            [only] if !call.args.expand_final() => Some(Expr::new(only, self.span.source)),
            _ => None,
        }
    }

    fn call_of(&self, function: &str) -> Option<&FuncCall> {
        let mut tree = &*self.tree;
        while let Expression::Parenthesis(inner) = tree {
            tree = inner.inner();
        }
        let Expression::FuncCall(call) = tree else { return None };
        (call.name.namespace.is_empty() && call.name.name.as_str() == function).then_some(call)
    }
}

/// Nothing but space and comments.
fn blank(text: &str) -> bool {
    leading(text) == text.len()
}

/// How many bytes of space and comments a text begins with.
fn leading(text: &str) -> usize {
    let mut rest = text.trim_start();
    loop {
        let next = if rest.starts_with('#') || rest.starts_with("//") {
            rest.split_once('\n').map_or("", |(_, next)| next)
        } else if let Some((_, next)) = rest.strip_prefix("/*").and_then(|r| r.split_once("*/")) {
            next
        } else {
            return text.len() - rest.len();
        };
        rest = next.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Expr, String> {
        expression(text, SourceId(0)).map_err(|e| e.summary)
    }

    #[test]
    fn comments_behind_do_not_count() {
        for text in [
            "1 # one",
            "1 // one",
            "[1,\n2 # two\n] /* three\n */ # four",
            "upper(\"#\") ",
            "<<EOT\nx\nEOT\n",
            "<<EOT\nx\nEOT",
        ] {
            assert!(parsed(text).is_ok(), "{text}: {:?}", parsed(text).err());
        }
    }

    #[test]
    fn comments_before_do_not_count() {
        for (text, place) in [
            ("/* one */ upper(x)", "upper(x)"),
            (" \n# one\n// two\n1 + 2 # three", "1 + 2"),
            ("/* é */ /**/ <<EOT\nx\nEOT\n", "<<EOT\nx\nEOT"),
            ("/* one */ (1)", "(1)"),
        ] {
            let span = expression(text, SourceId(0)).unwrap().span;
            let found = &text[span.start as usize..span.end as usize];
            assert_eq!(found.trim_end(), place, "{text}");
        }
        let wrong = expression("/* one */ 1 + * 2", SourceId(0)).unwrap_err();
        assert_eq!(wrong.primary.unwrap().span.start, 14);
    }

    #[test]
    fn one_expression_and_no_more() {
        for text in [
            "/* x */ 1) + (2",
            "/* x */",
            "/* x */ 1 2",
            "",
            "# nothing",
            "1 2",
            "1 +",
            "(1",
            "1)",
            "a = 1",
            "1\n2",
            "1 /* open",
        ] {
            assert!(parsed(text).is_err(), "{text}");
        }
        assert_eq!(parsed("").unwrap_err(), "Missing expression");
    }

    #[test]
    fn the_argument_of_a_call() {
        let argument = |text: &str| Some(parsed(text).unwrap().only_argument_of("type")?.tree.to_string());
        assert_eq!(argument("type(1 + 2)").as_deref(), Some("1 + 2"));
        assert_eq!(argument("(type ([]))").as_deref(), Some("[]"));
        for text in ["type()", "type(1, 2)", "type(x...)", "[type(1)]", "upper(1)"] {
            assert_eq!(argument(text), None, "{text}");
        }
    }
}
