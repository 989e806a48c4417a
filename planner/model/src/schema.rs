//! Schemas: what a block may contain and what its attributes mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Format, Type};

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttributeMode {
    /// The user must.
    Required,
    /// The user may; otherwise it is null.
    Optional,
    /// The user may; otherwise the provider does.
    OptionalComputed,
    /// Only the provider does.
    Computed,
}

/// One attribute of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its type; unit-carrying quantities are strings with a [`Format`].
    pub ty: Type,
    /// Who sets it.
    pub mode: AttributeMode,
    /// The quantity's kind, where it is one.
    pub format: Option<Format>,
    /// A change cannot be made in place.
    pub replace_on_change: bool,
    /// Never shown.
    pub sensitive: bool,
    /// Names the machine (or other container) that holds this object: an object value whose `id`
    /// is the [`crate::Identity::id`] of another instance. A changed `id` forces replacement.
    pub container: bool,
    /// One sentence for the manual.
    pub doc: &'static str,
}

impl Attribute {
    fn new(ty: Type, mode: AttributeMode, doc: &'static str) -> Self {
        Attribute { ty, mode, format: None, replace_on_change: false, sensitive: false, container: false, doc }
    }

    /// The user must set it.
    pub fn required(ty: Type, doc: &'static str) -> Self {
        Self::new(ty, AttributeMode::Required, doc)
    }

    /// The user may set it.
    pub fn optional(ty: Type, doc: &'static str) -> Self {
        Self::new(ty, AttributeMode::Optional, doc)
    }

    /// The user may set it, otherwise the provider does.
    pub fn optional_computed(ty: Type, doc: &'static str) -> Self {
        Self::new(ty, AttributeMode::OptionalComputed, doc)
    }

    /// The provider sets it.
    pub fn computed(ty: Type, doc: &'static str) -> Self {
        Self::new(ty, AttributeMode::Computed, doc)
    }

    /// A change forces replacement.
    #[must_use]
    pub fn replaces(mut self) -> Self {
        self.replace_on_change = true;
        self
    }

    /// Never shown.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// A string with a unit.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// Names the container.
    #[must_use]
    pub fn container(mut self) -> Self {
        self.container = true;
        self.replace_on_change = true;
        self
    }
}

/// How often a nested block may stand and what its value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nesting {
    /// At most once; an object or null.
    Single,
    /// Any number of times; a list of objects.
    List,
    /// Any number of times; a set of objects.
    Set,
}

/// A block within a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NestedBlock {
    /// How it nests.
    pub nesting: Nesting,
    /// The fewest allowed.
    pub min: usize,
    /// The most allowed; `None` is any number.
    pub max: Option<usize>,
    /// Its content.
    pub block: Schema,
}

/// What a block may contain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// Raised when stored values need an upgrade.
    pub version: u64,
    /// Attributes by name.
    pub attributes: BTreeMap<Arc<str>, Attribute>,
    /// Nested blocks by name.
    pub blocks: BTreeMap<Arc<str>, NestedBlock>,
    /// One sentence for the manual.
    pub doc: &'static str,
}

impl Schema {
    /// A schema with attributes only.
    pub fn new<const N: usize>(doc: &'static str, attributes: [(&str, Attribute); N]) -> Self {
        Schema {
            version: 0,
            attributes: attributes.into_iter().map(|(n, a)| (n.into(), a)).collect(),
            blocks: BTreeMap::new(),
            doc,
        }
    }

    /// With a nested block.
    #[must_use]
    pub fn block(mut self, name: &str, nesting: Nesting, min: usize, max: Option<usize>, block: Schema) -> Self {
        self.blocks.insert(name.into(), NestedBlock { nesting, min, max, block });
        self
    }

    /// The object type that values of this schema have.
    pub fn object_type(&self) -> Type {
        let attributes = self.attributes.iter().map(|(n, a)| (n.clone(), a.ty.clone()));
        let blocks = self.blocks.iter().map(|(n, b)| {
            let inner = b.block.object_type();
            let ty = match b.nesting {
                Nesting::Single => inner,
                Nesting::List => Type::list(inner),
                Nesting::Set => Type::set(inner),
            };
            (n.clone(), ty)
        });
        Type::object(attributes.chain(blocks).collect::<Vec<_>>())
    }

    /// The name of the attribute that names the container, if there is one.
    pub fn container(&self) -> Option<&Arc<str>> {
        self.attributes.iter().find(|(_, a)| a.container).map(|(n, _)| n)
    }
}
