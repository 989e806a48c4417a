//! libvirt's XML, written and read by pure functions. What was read is compared, never the text.

mod build;
pub(crate) mod capabilities;
pub mod domain;
pub mod network;
mod read;

pub(crate) use build::Element;

/// XML that is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum XmlError {
    /// It is not XML.
    #[error("it is not well-formed")]
    Malformed(#[from] roxmltree::Error),
    /// Something that every such document has is missing or has a wrong form.
    #[error("{0} is missing or malformed")]
    Missing(&'static str),
}
