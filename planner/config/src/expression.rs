//! An expression that was typed and stands in no file, as on the console.

use cplan_model::{Diagnostic, Diagnostics, SourceId, Span};
use hcl_edit::expr::{Expression, FuncCall};

use crate::{Expr, Module, Schemas, validate};

/// The expression of a text that begins with it (no space or comment before); comments and space behind it do not count.
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
    let rest = text.trim_start();
    if rest.is_empty() {
        return true;
    }
    if rest.starts_with('#') || rest.starts_with("//") {
        return rest.split_once('\n').is_none_or(|(_, next)| blank(next));
    }
    rest.strip_prefix("/*").and_then(|r| r.split_once("*/")).is_some_and(|(_, next)| blank(next))
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
    fn one_expression_and_no_more() {
        for text in ["", "# nothing", "1 2", "1 +", "(1", "1)", "a = 1", "1\n2", "1 /* open"] {
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
