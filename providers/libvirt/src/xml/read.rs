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
    let owner = owned(root)?;
    let get = |name| owner.attribute(name).map(str::to_owned);
    Some(Mark { id: get("id")?, lab: get("lab")?, name: get("name")? })
}

/// What stands under a name within the mark.
pub(super) fn marked<'a, 'i>(root: Node<'a, 'i>, name: &str) -> Vec<Node<'a, 'i>> {
    let within = owned(root).into_iter().flat_map(|owner| owner.children());
    within.filter(|child| child.has_tag_name((NAMESPACE, name))).collect()
}

fn owned<'a, 'i>(root: Node<'a, 'i>) -> Option<Node<'a, 'i>> {
    find(root, &["metadata"])?.children().find(|c| c.has_tag_name((NAMESPACE, "owner")))
}

/// The `<metadata>` with a mark and what stands within it.
pub(super) fn metadata(mark: &Mark, within: Vec<Element>) -> Element {
    let owner = Element::new("cplan:owner").attr("xmlns:cplan", NAMESPACE);
    Element::new("metadata").child(signed(owner, mark).children(within))
}

/// An element with a mark's attributes.
pub(super) fn signed(owner: Element, mark: &Mark) -> Element {
    owner.attr("id", &mark.id).attr("lab", &mark.lab).attr("name", &mark.name)
}
