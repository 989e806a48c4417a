//! The mark that says whose a libvirt object is, in its `<metadata>`. What has no mark of ours is never touched.

use cplan_model::Identity;
use cplan_sdk::{ErrorKind, ProviderError};

/// The XML namespace of the mark.
pub const NAMESPACE: &str = "urn:cplan:lab:1";

/// Whose an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// [`Identity::id`]
    pub id: String,
    /// [`Identity::lab`]
    pub lab: String,
    /// [`Identity::name`]
    pub name: String,
}

impl From<&Identity> for Mark {
    fn from(identity: &Identity) -> Self {
        Mark { id: identity.id.clone(), lab: identity.lab.clone(), name: identity.name.clone() }
    }
}

impl Mark {
    /// Fails unless the mark is that of `identity`; `what` is "the domain `x`".
    pub fn check(mark: Option<&Mark>, identity: &Identity, what: &str) -> Result<(), ProviderError> {
        match mark {
            Some(mark) if mark.id == identity.id => Ok(()),
            Some(mark) => Err(conflict(format!("{what} belongs to `{}` of the lab {}", mark.name, mark.lab))),
            None => Err(conflict(format!("{what} exists and was not made by cplan"))),
        }
    }
}

/// Something that is not ours stands in the way.
pub(crate) fn conflict(message: String) -> ProviderError {
    ProviderError::new(ErrorKind::Conflict, message)
        .remedy("Rename or remove it, or give ours another name; cplan did not touch it.")
}
