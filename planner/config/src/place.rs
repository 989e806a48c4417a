//! From an attribute's path back to its place in the text.

use cplan_model::{AttrPath, Span, Step};
use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Block, Body as Tree};

use crate::Body;

/// The place of an attribute or of one in a nested block; where it is not set, the place of the block that would hold
/// it, and at last the header of the whole.
pub fn place(body: &Body, path: &AttrPath) -> Span {
    let source = body.span.source;
    let start = body.span.start as usize;
    // hcl-edit's body begins behind the brace; without one, the whole is short.
    let end = body.body.span().map_or(body.span.end as usize, |r| r.start.saturating_sub(1));
    let whole = Span::new(source, start, end.clamp(start, body.span.end as usize));
    match find(&body.body, &path.0) {
        Some(range) => Span::new(source, range.start, range.end),
        None => whole,
    }
}

fn find(body: &Tree, path: &[Step]) -> Option<std::ops::Range<usize>> {
    let (Step::Attr(name), rest) = path.split_first()? else { return None };
    if let Some(argument) = body.get_attribute(name) {
        return deepest(&argument.value, rest).span().or_else(|| argument.span());
    }
    let mut blocks = body.blocks().filter(|b| b.has_ident(name) || generates(b, name));
    let (index, rest) = match rest.split_first() {
        Some((Step::Index(n), rest)) => (*n, rest),
        Some((Step::Element(_), rest)) => (0, rest),
        _ => (0, rest),
    };
    let all: Vec<&Block> = blocks.by_ref().collect();
    // A dynamic block stands for any number of them.
    let block = all.get(index).or(all.last())?;
    let content = if block.has_ident("dynamic") { block.body.get_blocks("content").next()? } else { block };
    find(&content.body, rest).or_else(|| {
        let start = block.ident.span()?.start;
        let end = block.labels.last().and_then(hcl_edit::Span::span).or_else(|| block.ident.span())?.end;
        Some(start..end)
    })
}

fn generates(block: &Block, name: &str) -> bool {
    block.has_ident("dynamic") && block.labels.first().is_some_and(|l| l.as_str() == name)
}

/// As far down the path as the text shows it.
fn deepest<'e>(expr: &'e Expression, path: &[Step]) -> &'e Expression {
    let Some((step, rest)) = path.split_first() else { return expr };
    part(expr, step).map_or(expr, |next| deepest(next, rest))
}

/// The part of an expression that one step of a path leads to, where the text shows it.
pub(crate) fn part<'e>(expr: &'e Expression, step: &Step) -> Option<&'e Expression> {
    match (expr, step) {
        (Expression::Array(items), Step::Index(i)) => items.get(*i),
        (Expression::Object(items), Step::Attr(name) | Step::Key(name)) => items.iter().find_map(|(key, value)| {
            let text = match key {
                ObjectKey::Ident(key) => key.as_str(),
                ObjectKey::Expression(Expression::Variable(key)) => key.as_str(),
                ObjectKey::Expression(Expression::String(key)) => key.as_str(),
                ObjectKey::Expression(_) => return None,
            };
            (*text == **name).then(|| value.expr())
        }),
        _ => None,
    }
}
