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
            mark => Err(taken(mark, identity, what)),
        }
    }
}

/// A name that is taken; `mark` is that of what has it.
pub(crate) fn taken(mark: Option<&Mark>, identity: &Identity, what: &str) -> ProviderError {
    match mark {
        Some(mark) if mark.lab == identity.lab => {
            conflict(format!("{what} is an earlier `{}` of this same lab", mark.name)).remedy(
                "Where the state forgot it, bring that back with `cplan state push -force` and a file of .cplan/backups. Otherwise \
                 remove it, or give ours another name; cplan did not touch it.",
            )
        }
        Some(mark) => conflict(format!("{what} belongs to `{}` of the lab {}", mark.name, mark.lab)),
        None => conflict(format!("{what} exists and was not made by cplan")),
    }
}

/// Something that is not ours stands in the way.
pub(crate) fn conflict(message: String) -> ProviderError {
    ProviderError::new(ErrorKind::Conflict, message)
        .remedy("Rename or remove it, or give ours another name; cplan did not touch it.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_name_is_told_apart() {
        let identity = Identity { id: "1".into(), lab: "l".into(), name: "a".into() };
        let mark = |id: &str, lab: &str| Mark { id: id.into(), lab: lab.into(), name: "b".into() };
        let told =
            |mark: Option<&Mark>| Mark::check(mark, &identity, "the domain `x`").map_err(|e| (e.message, e.remedy));
        assert!(told(Some(&mark("1", "l"))).is_ok());
        let (message, remedy) = told(Some(&mark("2", "l"))).unwrap_err();
        assert!(message.contains("`b` of this same lab") && remedy.contains("state push"), "{message} {remedy}");
        let (message, remedy) = told(Some(&mark("2", "m"))).unwrap_err();
        assert!(message.ends_with("`b` of the lab m") && !remedy.contains("state"), "{message} {remedy}");
        assert!(told(None).unwrap_err().0.ends_with("was not made by cplan"));
    }
}
