//! Paths into values: `interface[0].address`.

use std::fmt;
use std::sync::Arc;

use crate::Value;

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// An attribute of an object.
    Attr(Arc<str>),
    /// A position in a list or tuple.
    Index(usize),
    /// A key of a map.
    Key(Arc<str>),
    /// A member of a set, which has no name of its own.
    Element(Value),
}

/// Steps from the root of a value; the empty path is the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttrPath(pub Vec<Step>);

impl AttrPath {
    /// The path of a top-level attribute.
    pub fn attr(name: &str) -> Self {
        AttrPath(vec![Step::Attr(name.into())])
    }

    /// This path and one step more.
    #[must_use]
    pub fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        AttrPath(steps)
    }

    /// This path and an attribute.
    #[must_use]
    pub fn then_attr(&self, name: &str) -> Self {
        self.then(Step::Attr(name.into()))
    }

    /// This path and a position.
    #[must_use]
    pub fn then_index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    /// The name of the top-level attribute, if the path begins with one.
    pub fn root(&self) -> Option<&str> {
        match self.0.first() {
            Some(Step::Attr(name)) => Some(name),
            _ => None,
        }
    }

    /// Whether `self` is `other` or lies above it.
    pub fn is_prefix_of(&self, other: &AttrPath) -> bool {
        other.0.starts_with(&self.0)
    }
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Attr(name) if i == 0 => f.write_str(name)?,
                Step::Attr(name) => write!(f, ".{name}")?,
                Step::Index(n) => write!(f, "[{n}]")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Element(_) => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}
