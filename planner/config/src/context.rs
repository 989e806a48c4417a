//! Which block a place in a file is in.

use cplan_model::SourceId;
use hcl_edit::Span as _;

use crate::parse;

/// The header of the outermost block around a byte of a file, as it would be written: `resource "lab_file" "x"`.
pub fn block_header(text: &str, at: usize) -> Option<String> {
    let (body, _) = parse::body(text, SourceId(0));
    let block = body.blocks().find(|b| b.span().is_some_and(|range| range.start <= at && at < range.end))?;
    let labels: String = block.labels.iter().map(|label| format!(" {:?}", label.as_str())).collect();
    Some(format!("{}{labels}", block.ident.as_str()))
}

#[cfg(test)]
mod tests {
    use super::block_header;

    #[test]
    fn the_outermost_block_is_named() {
        let text = "locals { a = 1 }\nresource \"a\" \"b\" {\n  lifecycle {\n    x = 1\n  }\n}\n\n";
        let at = |what: &str| block_header(text, text.find(what).unwrap());
        assert_eq!(at("a = 1").as_deref(), Some("locals"));
        assert_eq!(at("x = 1").as_deref(), Some("resource \"a\" \"b\""));
        assert_eq!(block_header(text, text.len() - 1), None);
    }
}
