//! Short ways through a document.

use roxmltree::Node;

use crate::ownership::{Mark, NAMESPACE};
use crate::xml::Element;

/// The first element down a path of names.
pub(super) fn find<'a, 'i>(node: Node<'a, 'i>, path: &[&str]) -> Option<Node<'a, 'i>> {
    path.iter().try_fold(node, |node, name| node.children().find(|c| c.has_tag_name(*name)))
}

/// The text of an element down a path.
pub(super) fn text(node: Node<'_, '_>, path: &[&str]) -> Option<String> {
    find(node, path).and_then(|n| n.text()).map(|t| t.trim().to_owned())
}

/// An attribute of an element down a path.
pub(super) fn attribute(node: Node<'_, '_>, path: &[&str], name: &str) -> Option<String> {
    find(node, path).and_then(|n| n.attribute(name)).map(str::to_owned)
}

/// All elements of a name below the element down a path.
pub(super) fn all<'a, 'i>(node: Node<'a, 'i>, path: &[&str], name: &'static str) -> Vec<Node<'a, 'i>> {
    find(node, path).map(|n| n.children().filter(|c| c.has_tag_name(name)).collect()).unwrap_or_default()
}

/// The mark in `<metadata>`.
pub(super) fn mark(root: Node<'_, '_>) -> Option<Mark> {
    let metadata = find(root, &["metadata"])?;
    let owner = metadata.children().find(|c| c.has_tag_name((NAMESPACE, "owner")))?;
    let get = |name| owner.attribute(name).map(str::to_owned);
    Some(Mark { id: get("id")?, lab: get("lab")?, name: get("name")? })
}

/// The `<metadata>` with a mark.
pub(super) fn metadata(mark: &Mark) -> Element {
    Element::new("metadata").child(
        Element::new("cplan:owner")
            .attr("xmlns:cplan", NAMESPACE)
            .attr("id", &mark.id)
            .attr("lab", &mark.lab)
            .attr("name", &mark.name),
    )
}
